//! The middle ranks by bisection on the bits of the values: for series too long for a network.
//!
//! ```text
//! map every value to an integer that orders like it
//! bound = least integer;  for bit = highest … lowest:
//!     count, in every lane, the values above bound + bit - 1
//!     if fewer than L + 1 are at or below it: bound += bit
//!     if exactly L + 1 are: the lane is decided, whatever its lower bits
//! lo = largest value at or below the bound;  hi = lo if more than L + 1 are there, else the smallest above
//! ```
//!
//! L = (T - 1) / 2. The work grows with T times the number of bits, that of a network with T log² T. A lane that is
//! decided keeps its bound while its neighbours go on; all stop when the last one is decided, which for floats is long
//! before the last bit. Ranks are those of the filled rows (`lanes.rs`), so gaps need no care here.

use crate::lanes::{Gaps, Key, Missing, fill};

/// A key with its image among the integers.
pub trait Bits: Key {
    /// Signed, because signed comparisons are what SSE2 and AVX2 have.
    type Int: Copy + Default + Ord + Send + Sync;
    /// How many bits the integer has.
    const BITS: u32;
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

    /// `bound` + 2^`bit` - 1, or + 2^`bit`, which the caller knows to fit.
    fn raise(bound: Self::Int, bit: u32, less_one: bool) -> Self::Int;

    /// `count` + 1 where `above`.
    fn tally(count: Self::Int, above: bool) -> Self::Int;

    /// A count as an ordinary number.
    fn count(int: Self::Int) -> u32;
}

macro_rules! bits {
    ($($key:ty, $int:ty, $unsigned:ty, $chunk:expr, $to:expr, $from:expr;)*) => {$(
        impl Bits for $key {
            type Int = $int;
            const BITS: u32 = <$int>::BITS;
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
            fn raise(bound: $int, bit: u32, less_one: bool) -> $int {
                let step = (1 as $unsigned) << bit;
                bound.wrapping_add_unsigned(if less_one { step - 1 } else { step })
            }

            #[inline(always)]
            fn tally(count: $int, above: bool) -> $int {
                count.wrapping_add(<$int>::from(above))
            }

            #[inline(always)]
            #[allow(clippy::cast_sign_loss, clippy::cast_possible_truncation, clippy::cast_lossless, reason = "counts lie in 0..=CHUNK")]
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
/// scratch for as many rows.
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
        filled_keys(dates, missing, gaps, keys);
    }
    for (date, key) in rest.iter().zip(key_rest) {
        filled_keys(&[*date], missing, gaps, std::array::from_mut(key));
    }
    let dates = u32::try_from(dates.len()).expect("fewer than 2^32 dates");
    let wanted = dates.div_ceil(2); // L + 1
    let mut bound = [K::LEAST; W];
    let mut decided = [false; W];
    for bit in (0..K::BITS).rev() {
        let mut trial = bound;
        for w in 0..W {
            trial[w] = if decided[w] { bound[w] } else { K::raise(bound[w], bit, true) };
        }
        let above = count_above::<K, W>(keys, &trial);
        for w in 0..W {
            let within = dates - above[w];
            let raised = K::raise(bound[w], bit, false);
            let next = if within < wanted { raised } else { bound[w] };
            bound[w] = if within == wanted || decided[w] { trial[w] } else { next };
            decided[w] |= within == wanted;
        }
        if decided.iter().all(|&lane| lane) {
            break;
        }
    }
    neighbours::<K, W>(keys, &bound, wanted, lo, hi);
}

/// Fills the gaps of N dates and maps what results to integers.
#[inline(always)]
fn filled_keys<K: Bits, const W: usize, const N: usize>(
    dates: &[&[K; W]; N],
    missing: Missing<K>,
    gaps: &mut Gaps<K, W>,
    keys: &mut [[K::Int; W]; N],
) {
    for w in 0..W {
        let (mut pad, mut seen) = (gaps.pad[w], gaps.seen[w]);
        for (date, key) in dates.iter().zip(keys.iter_mut()) {
            let value;
            (value, pad, seen) = fill(date[w], missing, pad, seen);
            key[w] = value.to_int();
        }
        (gaps.pad[w], gaps.seen[w]) = (pad, seen);
    }
}

/// How many keys of each lane lie above its bound.
#[inline(always)]
fn count_above<K: Bits, const W: usize>(keys: &[[K::Int; W]], bound: &[K::Int; W]) -> [u32; W] {
    let mut total = [0; W];
    for chunk in keys.chunks(K::CHUNK) {
        let mut count = [K::Int::default(); W];
        for key in chunk {
            for w in 0..W {
                count[w] = K::tally(count[w], key[w] > bound[w]);
            }
        }
        for w in 0..W {
            total[w] += K::count(count[w]);
        }
    }
    total
}

/// The largest key at or below the bound, and what follows it in order.
#[inline(always)]
fn neighbours<K: Bits, const W: usize>(
    keys: &[[K::Int; W]],
    bound: &[K::Int; W],
    wanted: u32,
    lo: &mut [K; W],
    hi: &mut [K; W],
) {
    let (mut below, mut above) = ([K::LEAST; W], [K::MOST; W]);
    for key in keys {
        for w in 0..W {
            let beyond = key[w] > bound[w];
            let (down, up) = if beyond { (K::LEAST, key[w]) } else { (key[w], K::MOST) };
            below[w] = if down > below[w] { down } else { below[w] };
            above[w] = if up < above[w] { up } else { above[w] };
        }
    }
    let beyond = count_above::<K, W>(keys, bound);
    let dates = u32::try_from(keys.len()).expect("fewer than 2^32 dates");
    for w in 0..W {
        let tied = dates - beyond[w] > wanted;
        lo[w] = K::from_int(below[w]);
        hi[w] = K::from_int(if tied { below[w] } else { above[w] });
    }
}
