//! Rows of lanes: the values of W neighbouring pixels on one date, and what the order statistics need of them.
//!
//! ```text
//! fill(x):  a missing value becomes -Inf, the next one of the same pixel +Inf, then -Inf again, …
//! ```
//!
//! With m of T values missing, ceil(m / 2) of the fillings lie below and floor(m / 2) above all data, so the middle
//! ranks of the *valid* values are always ranks L = (T - 1) / 2 and L + 1 of the filled ones: both if T + m is even,
//! otherwise one of them, as [`median_of`] says. So all the lanes share one network, however different their gaps.
//! For integers the fillings are the limits of the type; since these are data as well, one needs to remember whether
//! a lane holds any value at all. For floats that is not needed: with nothing valid the middle is -Inf + Inf, a NaN.

use crate::number::dtypes::of_each_dtype;
use crate::number::real::Real;

/// A number that can be ordered in lanes.
pub trait Key: Copy + PartialOrd + Default + Send + Sync + 'static {
    /// Not above any value.
    const LOW: Self;
    /// Not below any value.
    const HIGH: Self;
    /// One.
    const ONE: Self;
    /// Whether the limits are finite values, which a lane without data cannot be told from.
    const FINITE_LIMITS: bool;

    /// `LOW` for `HIGH` and the other way round, if `flip` says so.
    #[must_use]
    fn flip_if(self, flip: bool) -> Self;

    /// Itself plus `step`, if `taken`, as far as the type goes. Neither this nor `flip_if` selects between two values: LLVM
    /// makes a conditional store of a selection that replaces a value in place, and does not vectorise that.
    #[must_use]
    fn add_if(self, taken: bool, step: Self) -> Self;

    /// The larger of two values whose smaller is `smaller`.
    #[must_use]
    fn larger(a: Self, b: Self, smaller: Self) -> Self;

    /// A nodata value, which the caller knows to be a value of the type.
    fn of_nodata(value: f64) -> Self;

    /// Whether this value stands for none: an integer that is nodata, NaN.
    fn is_missing(self, missing: Missing<Self>) -> bool;

    /// Whether other values stand for none as well, which have to be [`blank`](Self::blank)ed in a copy: to compare every
    /// float with nodata would cost those who have none.
    fn needs_blanking(missing: Missing<Self>) -> bool;

    /// Makes values that stand for none such as `is_missing` knows.
    fn blank(values: &mut [Self], missing: Missing<Self>);
}

macro_rules! key {
    (float $float:ident $int:ident $bits:ident [$($results:tt)+]) => {
        impl Key for $float {
            const LOW: Self = $float::NEG_INFINITY;
            const HIGH: Self = $float::INFINITY;
            const ONE: Self = 1.0;
            const FINITE_LIMITS: bool = false;

            #[inline(always)]
            fn flip_if(self, flip: bool) -> Self {
                // An addition that flips the sign bit, as that leaves the units free that compare and select: LLVM would
                // turn an exclusive or into a select.
                Self::from_bits(self.to_bits().wrapping_add($bits::from(flip) << ($bits::BITS - 1)))
            }

            #[inline(always)]
            fn add_if(self, taken: bool, step: Self) -> Self {
                self + if taken { step } else { 0.0 }
            }

            #[inline(always)]
            fn larger(a: Self, b: Self, smaller: Self) -> Self {
                Self::from_bits(a.to_bits() ^ b.to_bits() ^ smaller.to_bits())
            }

            #[allow(clippy::cast_possible_truncation, reason = "the caller knows that it fits")]
            fn of_nodata(value: f64) -> Self {
                value as Self
            }

            #[inline(always)]
            fn is_missing(self, _: Missing<Self>) -> bool {
                self.is_nan()
            }

            fn needs_blanking(missing: Missing<Self>) -> bool {
                missing.declared && !missing.nodata.is_nan()
            }

            #[inline(always)]
            #[allow(clippy::float_cmp, reason = "nodata is a value, not a measurement")]
            fn blank(values: &mut [Self], missing: Missing<Self>) {
                if Self::needs_blanking(missing) {
                    for value in values {
                        *value = if *value == missing.nodata { Self::NAN } else { *value };
                    }
                }
            }
        }
    };
    ($kind:ident $integer:ident $int:ident $bits:ident [$($results:tt)+]) => {
        impl Key for $integer {
            const LOW: Self = $integer::MIN;
            const HIGH: Self = $integer::MAX;
            const ONE: Self = 1;
            const FINITE_LIMITS: bool = true;

            #[inline(always)]
            fn flip_if(self, flip: bool) -> Self {
                self ^ if flip { !0 } else { 0 }
            }

            #[inline(always)]
            fn add_if(self, taken: bool, step: Self) -> Self {
                self.saturating_add(if taken { step } else { 0 })
            }

            #[inline(always)]
            fn larger(a: Self, b: Self, _: Self) -> Self {
                greater(a, b)
            }

            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the caller knows that it fits")]
            fn of_nodata(value: f64) -> Self {
                value as Self
            }

            #[inline(always)]
            fn is_missing(self, missing: Missing<Self>) -> bool {
                (self == missing.nodata) & missing.declared
            }

            fn needs_blanking(_: Missing<Self>) -> bool {
                false
            }

            fn blank(_: &mut [Self], _: Missing<Self>) {}
        }
    };
    ($($other:tt)*) => {};
}

of_each_dtype! { key }

/// Which value stands for a missing one. Of floats NaN does as well, whatever this says.
#[derive(Clone, Copy, Debug)]
pub struct Missing<K> {
    nodata: K,
    declared: bool,
    /// What a value that is there adds to the number of those seen.
    seen: K,
}

impl<K: Key> Missing<K> {
    /// `None` says that every number is data.
    pub fn new(nodata: Option<K>) -> Self {
        Self { nodata: nodata.unwrap_or_default(), declared: nodata.is_some(), seen: K::ONE }
    }

    /// Gaps have been filled before: what is there now is no gap, and may be no value either, so it is not counted.
    #[must_use]
    pub(crate) fn filled() -> Self {
        Self { nodata: K::default(), declared: false, seen: K::default() }
    }
}

impl<K: Key> Default for Missing<K> {
    fn default() -> Self {
        Self::new(None)
    }
}

/// What is known of the missing values of each lane so far.
#[derive(Clone)]
#[repr(align(64))]
pub(crate) struct Gaps<K, const W: usize> {
    /// What the next missing value is replaced by.
    pub pad: [K; W],
    /// How many values were seen, as far as the type can count; kept up only where the limits are finite.
    pub seen: [K; W],
}

impl<K: Key, const W: usize> Gaps<K, W> {
    /// Nothing was missing and nothing was seen.
    #[allow(clippy::new_without_default, reason = "the start of a count, and no default of anything")]
    #[must_use]
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self { pad: [K::LOW; W], seen: [K::default(); W] }
    }

    /// The medians of T dates from ranks (T - 1) / 2 and the one above.
    #[inline(always)]
    pub(crate) fn medians<O: Real + From<K>>(&self, dates: usize, lo: &[K; W], hi: &[K; W], out: &mut [O; W]) {
        for w in 0..W {
            out[w] = median_of(dates, self.pad[w], self.seen[w], lo[w], hi[w]);
        }
    }
}

/// The median of the valid values of T from ranks (T - 1) / 2 and the one above: one of the two or their mean.
#[inline(always)]
pub(crate) fn median_of<K: Key, O: Real + From<K>>(dates: usize, pad: K, seen: K, lo: K, hi: K) -> O {
    let (even, odd_gaps) = (dates.is_multiple_of(2), pad == K::HIGH);
    let (lo, hi) = (O::from(lo), O::from(hi));
    let single = if even { hi } else { lo };
    // Halves of equal subnormal numbers may add up to another one.
    let middle = if lo == hi { lo } else { O::HALF * lo + O::HALF * hi };
    let median = if odd_gaps == even { single } else { middle };
    let empty = K::FINITE_LIMITS & (seen == K::default());
    if empty { O::NAN } else { median }
}

/// The smaller of two values that can be ordered, in the form that compiles to one `min` instruction.
#[inline(always)]
pub(crate) fn lesser<K: Key>(a: K, b: K) -> K {
    if a < b { a } else { b }
}

/// The larger of two values that can be ordered; with [`lesser`] a permutation of both, zeros of either sign included.
#[inline(always)]
pub(crate) fn greater<K: Key>(a: K, b: K) -> K {
    if a < b { b } else { a }
}

/// `value` or, where it is missing, the filling; and what `pad` and `seen` are afterwards.
#[inline(always)]
pub(crate) fn fill<K: Key>(value: K, missing: Missing<K>, pad: K, seen: K) -> (K, K, K) {
    fill_where(value, value.is_missing(missing), missing, pad, seen)
}

/// [`fill`] with the answer to whether the value is missing.
#[inline(always)]
pub(crate) fn fill_where<K: Key>(value: K, gap: bool, missing: Missing<K>, pad: K, seen: K) -> (K, K, K) {
    let filled = if gap { pad } else { value };
    let next = pad.flip_if(gap);
    let seen = if K::FINITE_LIMITS { seen.add_if(!gap, missing.seen) } else { seen };
    (filled, next, seen)
}
