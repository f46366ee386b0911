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

use crate::lanes::{Gaps, Key, Missing};
use crate::small::{keys_1, keys_8};

/// A key with its image among the integers.
pub trait Bits: Key {
    /// Signed, because signed comparisons are what SSE2 and AVX2 have.
    type Int: Copy + Default + Ord + Send + Sync;
    /// The unsigned integer of the same width.
    type Distance: Copy + Ord;
    /// Rows that can be counted in `Int` without overflow.
    const CHUNK: usize;
    /// The largest distance.
    const FARTHEST: Self::Distance;

    /// An integer that orders like the value; -0 before +0.
    fn to_int(self) -> Self::Int;

    /// The value of an integer.
    fn from_int(int: Self::Int) -> Self;

    /// The next integer; of the largest the least.
    fn successor(int: Self::Int) -> Self::Int;

    /// The mean of two integers, rounded down.
    fn mean(a: Self::Int, b: Self::Int) -> Self::Int;

    /// How far it is up from one integer to another, through the largest and the least if need be.
    fn distance(from: Self::Int, to: Self::Int) -> Self::Distance;

    /// The integer that lies that far above, or, with `down`, below another.
    fn at(from: Self::Int, distance: Self::Distance, down: bool) -> Self::Int;

    /// `count` + 1 if `one`.
    fn tally(count: Self::Int, one: bool) -> Self::Int;

    /// A count as an ordinary number.
    fn count(int: Self::Int) -> u32;
}

macro_rules! bits {
    ($($key:ty, $int:ty, $unsigned:ty, $chunk:expr, $to:expr, $from:expr;)*) => {$(
        impl Bits for $key {
            type Int = $int;
            type Distance = $unsigned;
            const CHUNK: usize = $chunk;
            const FARTHEST: $unsigned = <$unsigned>::MAX;

            #[inline(always)]
            fn to_int(self) -> $int {
                let to: fn(Self) -> $int = $to;
                to(self)
            }

            #[inline(always)]
            fn from_int(int: $int) -> Self {
                let from: fn($int) -> Self = $from;
                from(int)
            }

            #[inline(always)]
            fn successor(int: $int) -> $int {
                int.wrapping_add(1)
            }

            #[inline(always)]
            fn mean(a: $int, b: $int) -> $int {
                (a & b) + ((a ^ b) >> 1)
            }

            #[inline(always)]
            fn distance(from: $int, to: $int) -> $unsigned {
                to.wrapping_sub(from).cast_unsigned()
            }

            #[inline(always)]
            fn at(from: $int, distance: $unsigned, down: bool) -> $int {
                let distance = distance.cast_signed();
                if down { from.wrapping_sub(distance) } else { from.wrapping_add(distance) }
            }

            #[inline(always)]
            fn tally(count: $int, one: bool) -> $int {
                count.wrapping_add(<$int>::from(one))
            }

            #[inline(always)]
            #[allow(clippy::cast_sign_loss, clippy::cast_possible_truncation, clippy::cast_lossless)] // in 0..=CHUNK
            fn count(int: $int) -> u32 {
                int as u32
            }
        }
    )*};
}

// Floats: the bits of a positive float order like an integer, those of a negative one the other way round.
bits! {
    f32, i32, u32, 1 << 30, |x| flip32(x.to_bits().cast_signed()), |i| f32::from_bits(flip32(i).cast_unsigned());
    f64, i64, u64, 1 << 30, |x| flip64(x.to_bits().cast_signed()), |i| f64::from_bits(flip64(i).cast_unsigned());
    u8, i8, u8, 127, |x| (x ^ 0x80).cast_signed(), |i| i.cast_unsigned() ^ 0x80;
    u16, i16, u16, 32767, |x| (x ^ 0x8000).cast_signed(), |i| i.cast_unsigned() ^ 0x8000;
    i16, i16, u16, 32767, |x| x, |i| i;
}

#[inline(always)]
fn flip32(bits: i32) -> i32 {
    bits ^ ((bits >> 31) & i32::MAX)
}

#[inline(always)]
fn flip64(bits: i64) -> i64 {
    bits ^ ((bits >> 63) & i64::MAX)
}

/// Fills the gaps of the dates and leaves ranks (T - 1) / 2 and the one above of every lane in `lo` and `hi`; `keys` is
/// scratch for as many rows as there are dates, two or more.
#[inline(always)]
pub fn middle<K: Bits, const W: usize>(
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
