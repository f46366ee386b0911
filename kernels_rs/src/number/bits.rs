//! Values as integers that order like them: what bisection and histograms work on.

use crate::number::lanes::Key;

/// A key with its image among the integers.
pub trait Bits: Key {
    /// Signed, because signed comparisons are what SSE2 and AVX2 have.
    type Int: Copy + Default + Ord + Send + Sync;
    /// The unsigned integer of the same width.
    type Distance: Copy + Default + Ord + Send + Sync + Into<u64>;
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

    /// Where the value stands among all of its type, from 0; a gap stands anywhere.
    fn place(self) -> Self::Distance;

    /// The value at a place.
    fn from_place(place: u64) -> Self;

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
            fn place(self) -> $unsigned {
                Self::distance(<$int>::MIN, self.to_int())
            }

            #[allow(clippy::cast_possible_truncation, reason = "a place is a distance")]
            fn from_place(place: u64) -> Self {
                Self::from_int(Self::at(<$int>::MIN, place as $unsigned, false))
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
