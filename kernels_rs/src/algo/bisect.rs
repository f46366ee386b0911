//! The middle ranks by bisection on the values: for series too long for a network.
//!
//! ```text
//! map every value to an integer that orders like it
//! low, high = the integers of the two fillings
//! until low = high in every lane:  middle = (low + high) / 2;  n = number of values at or below the middle
//!     n = L + 1: decided, the bound is the middle;   n < L + 1: low = middle + 1;   n > L + 1: high = middle
//! lo = largest value at or below the bound;  hi = lo if more than L + 1 are there, else the smallest above
//! ```
//!
//! L = (T - 1) / 2. The work grows with T times the number of bits that tell the values apart, that of a network with
//! T log² T. A lane that is decided waits for its neighbours. Ranks are those of the filled values (`lanes.rs`), so gaps need no care in the loop.

use crate::algo::small::{keys_1, keys_8};
use crate::number::bits::Bits;
use crate::number::lanes::{Gaps, Missing};

/// Fills the gaps of the dates and leaves ranks (T - 1) / 2 and the one above of every lane in `lo` and `hi`; `keys` is
/// scratch for as many rows as there are dates, two or more.
#[inline(always)]
pub(crate) fn middle<K: Bits, const W: usize>(
    dates: &[&[K; W]],
    missing: Missing<K>,
    gaps: &mut Gaps<K, W>,
    keys: &mut [[K::Int; W]],
    [lo, hi]: [&mut [K; W]; 2],
) {
    let (eights, rest) = dates.as_chunks::<8>();
    let (key_eights, key_rest) = keys.as_chunks_mut::<8>();
    for (dates, keys) in eights.iter().zip(key_eights) {
        keys_8(dates, missing, gaps, keys);
    }
    for (date, key) in rest.iter().zip(key_rest) {
        keys_1(&[*date], missing, gaps, std::array::from_mut(key));
    }
    let bound = bounds::<K, W>(keys);
    neighbours::<K, W>(keys, &bound, lo, hi);
}

/// In every lane a bound at or below which lie L + 1 values, or the value at which it becomes more.
#[inline(always)]
fn bounds<K: Bits, const W: usize>(keys: &[[K::Int; W]]) -> [K::Int; W] {
    let dates = u32::try_from(keys.len()).expect("fewer than 2^32 dates");
    let wanted = dates.div_ceil(2); // L + 1
    let (mut low, mut high) = ([K::LOW.to_int(); W], [K::HIGH.to_int(); W]);
    while low != high {
        let (mut middle, mut next_low, mut next_high) = (low, low, high);
        for w in 0..W {
            middle[w] = K::mean(low[w], high[w]);
        }
        let beyond = count_beyond::<K, W>(keys, &middle);
        for w in 0..W {
            // Where low and high have met, this moves neither.
            let within = dates - beyond[w];
            let decided = if within == wanted { middle[w] } else { low[w] };
            next_low[w] = if within < wanted { K::successor(middle[w]) } else { decided };
            next_high[w] = if within < wanted { high[w] } else { middle[w] };
        }
        (low, high) = (next_low, next_high);
    }
    low
}

/// How many keys of each lane lie above its bound.
#[inline(always)]
fn count_beyond<K: Bits, const W: usize>(keys: &[[K::Int; W]], bound: &[K::Int; W]) -> [u32; W] {
    let mut total = [0; W];
    for chunk in keys.chunks(K::CHUNK) {
        let mut count = [K::Int::default(); W];
        let (eights, rest) = chunk.as_chunks::<8>();
        for keys in eights {
            tally::<K, W, 8>(keys, bound, &mut count);
        }
        for key in rest {
            tally::<K, W, 1>(std::array::from_ref(key), bound, &mut count);
        }
        for w in 0..W {
            total[w] += K::count(count[w]);
        }
    }
    total
}

/// Eight rows at a time, so that the loop over the lanes is the one that LLVM vectorises, not that over the rows.
#[inline(always)]
fn tally<K: Bits, const W: usize, const N: usize>(
    keys: &[[K::Int; W]; N],
    bound: &[K::Int; W],
    count: &mut [K::Int; W],
) {
    for w in 0..W {
        let mut sum = count[w];
        for key in keys {
            sum = K::tally(sum, key[w] > bound[w]);
        }
        count[w] = sum;
    }
}

/// The largest key at or below the bound, and what follows it in order.
///
/// Distances from the bound wrap around for keys on its other side and are larger then than any on this side, so their
/// minimum needs no selection. There is a key beyond the bound unless more than L + 1 are not, as
/// two or more dates are more than L + 1.
#[inline(always)]
fn neighbours<K: Bits, const W: usize>(keys: &[[K::Int; W]], bound: &[K::Int; W], lo: &mut [K; W], hi: &mut [K; W]) {
    let (mut down, mut up) = ([K::FARTHEST; W], [K::FARTHEST; W]);
    let (eights, rest) = keys.as_chunks::<8>();
    for keys in eights {
        approach::<K, W, 8>(keys, bound, &mut down, &mut up);
    }
    for key in rest {
        approach::<K, W, 1>(std::array::from_ref(key), bound, &mut down, &mut up);
    }
    let beyond = count_beyond::<K, W>(keys, bound);
    let dates = u32::try_from(keys.len()).expect("fewer than 2^32 dates");
    for w in 0..W {
        let below = K::at(bound[w], down[w], true);
        let above = K::at(K::successor(bound[w]), up[w], false);
        let tied = dates - beyond[w] > dates.div_ceil(2);
        lo[w] = K::from_int(below);
        hi[w] = K::from_int(if tied { below } else { above });
    }
}

/// Takes N rows into account for the least distances from the bound.
#[inline(always)]
fn approach<K: Bits, const W: usize, const N: usize>(
    keys: &[[K::Int; W]; N],
    bound: &[K::Int; W],
    down: &mut [K::Distance; W],
    up: &mut [K::Distance; W],
) {
    for w in 0..W {
        let (mut nearest_down, mut nearest_up) = (down[w], up[w]);
        for key in keys {
            nearest_down = nearest_down.min(K::distance(key[w], bound[w]));
            nearest_up = nearest_up.min(K::distance(K::successor(bound[w]), key[w]));
        }
        (down[w], up[w]) = (nearest_down, nearest_up);
    }
}
