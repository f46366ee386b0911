//! The middle ranks by bisection on the values: for series too long for a network.
//!
//! ```text
//! map every value to an integer that orders like it
//! low, high = just below the least and at the largest valid value
//! until low = high in every lane:  middle = (low + high) / 2;  n = number of values at or below the middle
//!     n = L + 1: decided, the bound is the middle;   n < L + 1: low = middle + 1;   n > L + 1: high = middle
//! lo = largest value at or below the bound;  hi = lo if more than L + 1 are there, else the smallest above
//! ```
//!
//! L = (T - 1) / 2. The work grows with T times the number of bits that tell the values apart, that of a network with
//! T log² T. A lane that is decided waits for its neighbours, so the lanes are taken few at a time: as many as leave the
//! keys of most series in L1. Ranks are those of the filled values (`lanes.rs`), so gaps need no care in the loop. A
//! lane without any value is decided at once: its ranks are the two kinds of filling.

use crate::lanes::{Gaps, Key, Missing, fill};

/// A key with its image among the integers.
pub trait Bits: Key {
    /// Signed, because signed comparisons are what SSE2 and AVX2 have.
    type Int: Copy + Default + Ord + Send + Sync;
    /// Rows that can be counted in `Int` without overflow.
    const CHUNK: usize;
    /// The least integer.
    const LEAST: Self::Int;
    /// The largest integer.
    const MOST: Self::Int;

    /// An integer that orders like the value; -0 before +0.
    fn to_int(self) -> Self::Int;

    /// The value of an integer.
    fn from_int(int: Self::Int) -> Self;

    /// The integer below, except of the least.
    fn below(int: Self::Int) -> Self::Int;

    /// The integer above, of one that is not the largest.
    fn above(int: Self::Int) -> Self::Int;

    /// The mean of two integers, rounded down.
    fn mean(a: Self::Int, b: Self::Int) -> Self::Int;

    /// `count` + 1 if `one`.
    fn tally(count: Self::Int, one: bool) -> Self::Int;

    /// A count as an ordinary number.
    fn count(int: Self::Int) -> u32;
}

macro_rules! bits {
    ($($key:ty, $int:ty, $chunk:expr, $to:expr, $from:expr;)*) => {$(
        impl Bits for $key {
            type Int = $int;
            const CHUNK: usize = $chunk;
            const LEAST: $int = <$int>::MIN;
            const MOST: $int = <$int>::MAX;

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
            fn below(int: $int) -> $int {
                int.saturating_sub(1)
            }

            #[inline(always)]
            fn above(int: $int) -> $int {
                int.wrapping_add(1)
            }

            #[inline(always)]
            fn mean(a: $int, b: $int) -> $int {
                (a & b) + ((a ^ b) >> 1)
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
    f32, i32, 1 << 30, |x| flip32(x.to_bits().cast_signed()), |i| f32::from_bits(flip32(i).cast_unsigned());
    f64, i64, 1 << 30, |x| flip64(x.to_bits().cast_signed()), |i| f64::from_bits(flip64(i).cast_unsigned());
    u8, i8, 127, |x| (x ^ 0x80).cast_signed(), |i| i.cast_unsigned() ^ 0x80;
    u16, i16, 32767, |x| (x ^ 0x8000).cast_signed(), |i| i.cast_unsigned() ^ 0x8000;
    i16, i16, 32767, |x| x, |i| i;
}

#[inline(always)]
fn flip32(bits: i32) -> i32 {
    bits ^ ((bits >> 31) & i32::MAX)
}

#[inline(always)]
fn flip64(bits: i64) -> i64 {
    bits ^ ((bits >> 63) & i64::MAX)
}

/// Fills the gaps of the dates and leaves ranks (T - 1) / 2 and the one above of every lane in `lo` and `hi`. C lanes,
/// of which W is a multiple, are taken at a time; `keys` is scratch for as many rows as there are dates.
#[inline(always)]
pub fn middle<K: Bits, const W: usize, const C: usize>(
    dates: &[&[K; W]],
    missing: Missing<K>,
    gaps: &mut Gaps<K, W>,
    keys: &mut [[K::Int; C]],
    [lo, hi]: [&mut [K; W]; 2],
) {
    for first in (0..W).step_by(C) {
        let (pad, seen) = (part_mut(&mut gaps.pad, first), part_mut(&mut gaps.seen, first));
        let (mut low, mut high) = ([K::MOST; C], [K::LEAST; C]);
        for (date, key) in dates.iter().zip(keys.iter_mut()) {
            filled_keys(part(*date, first), missing, [pad, seen], key, [&mut low, &mut high]);
        }
        let bound = bounds::<K, C>(keys, low, high);
        neighbours::<K, C>(keys, &bound, part_mut(lo, first), part_mut(hi, first));
    }
}

#[inline(always)]
fn part<T, const W: usize, const C: usize>(row: &[T; W], first: usize) -> &[T; C] {
    row[first..].first_chunk().expect("W is a multiple of C")
}

#[inline(always)]
fn part_mut<T, const W: usize, const C: usize>(row: &mut [T; W], first: usize) -> &mut [T; C] {
    row[first..].first_chunk_mut().expect("W is a multiple of C")
}

/// Fills the gaps of a date, maps what results to integers and keeps the least and the largest valid one.
#[inline(always)]
fn filled_keys<K: Bits, const C: usize>(
    date: &[K; C],
    missing: Missing<K>,
    [pad, seen]: [&mut [K; C]; 2],
    key: &mut [K::Int; C],
    [low, high]: [&mut [K::Int; C]; 2],
) {
    for w in 0..C {
        let gap = date[w].is_missing(missing);
        let value;
        (value, pad[w], seen[w]) = fill(date[w], missing, pad[w], seen[w]);
        key[w] = value.to_int();
        low[w] = low[w].min(if gap { K::MOST } else { key[w] });
        high[w] = high[w].max(if gap { K::LEAST } else { key[w] });
    }
}

/// In every lane a bound at or below which lie L + 1 values, or the value at which it becomes more.
#[inline(always)]
fn bounds<K: Bits, const C: usize>(keys: &[[K::Int; C]], mut low: [K::Int; C], mut high: [K::Int; C]) -> [K::Int; C] {
    let dates = u32::try_from(keys.len()).expect("fewer than 2^32 dates");
    let wanted = dates.div_ceil(2); // L + 1
    for w in 0..C {
        // What decides a lane is that low and high meet; without any value they have crossed.
        let empty = low[w] > high[w];
        low[w] = if empty { K::LOW.to_int() } else { K::below(low[w]) };
        high[w] = if empty { low[w] } else { high[w] };
    }
    while low != high {
        let mut middle = low;
        for w in 0..C {
            middle[w] = K::mean(low[w], high[w]);
        }
        let above = count_above::<K, C>(keys, &middle);
        for w in 0..C {
            let within = dates - above[w];
            let next = if within < wanted { K::above(middle[w]) } else { low[w] };
            let open = low[w] != high[w];
            low[w] = if within == wanted && open {
                middle[w]
            } else if open {
                next
            } else {
                low[w]
            };
            high[w] = if within >= wanted && open { middle[w] } else { high[w] };
        }
    }
    low
}

/// How many keys of each lane lie above its bound.
#[inline(always)]
fn count_above<K: Bits, const C: usize>(keys: &[[K::Int; C]], bound: &[K::Int; C]) -> [u32; C] {
    let mut total = [0; C];
    for chunk in keys.chunks(K::CHUNK) {
        let mut count = [K::Int::default(); C];
        for key in chunk {
            for w in 0..C {
                count[w] = K::tally(count[w], key[w] > bound[w]);
            }
        }
        for w in 0..C {
            total[w] += K::count(count[w]);
        }
    }
    total
}

/// The largest key at or below the bound, and what follows it in order.
#[inline(always)]
fn neighbours<K: Bits, const C: usize>(keys: &[[K::Int; C]], bound: &[K::Int; C], lo: &mut [K; C], hi: &mut [K; C]) {
    let (mut below, mut above) = ([K::LEAST; C], [K::MOST; C]);
    for key in keys {
        for w in 0..C {
            let beyond = key[w] > bound[w];
            below[w] = below[w].max(if beyond { K::LEAST } else { key[w] });
            above[w] = above[w].min(if beyond { key[w] } else { K::MOST });
        }
    }
    let beyond = count_above::<K, C>(keys, bound);
    let dates = u32::try_from(keys.len()).expect("fewer than 2^32 dates");
    for w in 0..C {
        let tied = dates - beyond[w] > dates.div_ceil(2);
        lo[w] = K::from_int(below[w]);
        hi[w] = K::from_int(if tied { below[w] } else { above[w] });
    }
}
