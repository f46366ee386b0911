//! Values as integers that order like them: what bisection and histograms work on.

use crate::number::dtypes::of_each_dtype;
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
    ($kind:ident $key:ident $int:ident $unsigned:ident [$($results:tt)+]) => {
        impl Bits for $key {
            type Int = $int;
            type Distance = $unsigned;
            const CHUNK: usize = if $int::BITS < 32 { (1 << ($int::BITS - 1)) - 1 } else { 1 << 30 };
            const FARTHEST: $unsigned = $unsigned::MAX;

            #[inline(always)]
            fn to_int(self) -> $int {
                in_order!($kind $int self)
            }

            #[inline(always)]
            fn from_int(int: $int) -> Self {
                out_of_order!($kind $key $int int)
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
                Self::distance($int::MIN, self.to_int())
            }

            #[allow(clippy::cast_possible_truncation, reason = "a place is a distance")]
            fn from_place(place: u64) -> Self {
                Self::from_int(Self::at($int::MIN, place as $unsigned, false))
            }

            #[inline(always)]
            fn tally(count: $int, one: bool) -> $int {
                count.wrapping_add($int::from(one))
            }

            #[inline(always)]
            #[allow(clippy::cast_sign_loss, clippy::cast_possible_truncation, clippy::cast_lossless)] // in 0..=CHUNK
            fn count(int: $int) -> u32 {
                int as u32
            }
        }
    };
    ($($other:tt)*) => {};
}

/// A key as a signed integer. The bits of a positive float order like an integer, those of a negative one the other way
/// round.
macro_rules! in_order {
    (float $int:ident $key:expr) => {{
        let bits = $key.to_bits().cast_signed();
        bits ^ ((bits >> ($int::BITS - 1)) & $int::MAX)
    }};
    (unsigned $int:ident $key:expr) => {
        $key.cast_signed() ^ $int::MIN
    };
    (signed $int:ident $key:expr) => {
        $key
    };
}

/// And back.
macro_rules! out_of_order {
    (float $key:ident $int:ident $from:expr) => {
        $key::from_bits(($from ^ (($from >> ($int::BITS - 1)) & $int::MAX)).cast_unsigned())
    };
    (unsigned $key:ident $int:ident $from:expr) => {
        ($from ^ $int::MIN).cast_unsigned()
    };
    (signed $key:ident $int:ident $from:expr) => {
        $from
    };
}

of_each_dtype! { bits }
