//! Number, sum, squares, least and largest of the values of every group of a table.
//!
//! ```text
//! of every group: pivot = its first value;  s = q = n = 0
//!     for each value x: d = x - pivot;  s = s + d;  q = q + d d;  n = n + 1;  low = min(low, x);  high = max(high, x)
//! in the end: sum = n pivot + s;  squares of deviations from the mean = q - s s / n
//! of two tables: δ = the difference of their means;  squares = squares1 + squares2 + δ² n1 n2 / n
//! ```
//!
//! With a pivot that is one of the values, an offset common to all of them costs no digit. Where the first value turns out
//! to lie far from the others, which costs as many digits as q exceeds q - s s / n, their mean becomes the pivot. All is
//! float64.
//!
//! How values get to their rows is said in `label_runs.rs`.

use crate::algo::label_runs::Take;
use crate::drive::group::Tally;
use crate::exec::simd::{Path, dispatch};
use crate::number::lanes::Key;
use crate::number::real::Real;

/// Part of the squares that the distance of the mean from the pivot may make up.
const FAR_OFF: f64 = 15.0 / 16.0;

/// A pivot is no larger than this, so that nothing minus it overflows.
const LARGEST_PIVOT: f64 = 1e150;

/// What is known of the values of a group, relative to its pivot.
#[derive(Clone, Copy)]
pub(crate) struct Shifted<F> {
    pub(crate) sum: f64,
    pub(crate) squares: f64,
    pub(crate) pivot: F,
    pub(crate) low: F,
    pub(crate) high: F,
    pub(crate) count: u32,
}

/// What is known of the values of a group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole<F> {
    pub count: u64,
    pub sum: f64,
    /// The sum of squares of deviations from the mean; NaN of infinite values.
    pub squares: f64,
    /// The least and the largest value.
    pub low: F,
    pub high: F,
}

/// A float of values.
pub(crate) trait Float: Key + Real + Into<f64> {}

impl<F: Key + Real + Into<f64>> Float for F {}

/// The float that a value is subtracted as.
#[inline(always)]
pub(crate) fn pivot_of<F: Float>(x: F) -> F {
    let size = Real::abs(x).into();
    if size <= LARGEST_PIVOT { x } else { F::default() }
}

#[inline(always)]
#[allow(clippy::eq_op, reason = "NaN alone differs from itself")]
pub(crate) fn is_nan<F: Float>(x: F) -> bool {
    x != x
}

impl<F: Float> Shifted<F> {
    #[inline(always)]
    pub(crate) fn add(&mut self, x: F) {
        if self.count == 0 {
            self.pivot = pivot_of(x);
        }
        let d = x.into() - self.pivot.into();
        self.sum += d;
        self.squares += d * d;
        self.low = if x < self.low { x } else { self.low };
        self.high = if x > self.high { x } else { self.high };
        self.count = self.count.wrapping_add(1); // of what has no group there may be more
    }

    /// Makes the mean the pivot, if that lies so far from it that sums lose digits.
    #[inline(always)]
    pub(crate) fn settle(&mut self) {
        let n = f64::from(self.count);
        // Not so of infinite sums: they are no less than each other.
        if self.sum * self.sum > FAR_OFF * (self.squares * n) && self.squares < f64::MAX {
            let before = self.pivot.into();
            self.pivot = pivot_of(F::nearest(before + self.sum / n));
            let moved = self.pivot.into() - before;
            self.squares += moved * (n * moved - 2.0 * self.sum);
            self.squares = if self.squares < 0.0 { 0.0 } else { self.squares };
            self.sum -= n * moved;
        }
    }

    #[inline(always)]
    fn whole(self) -> Whole<F> {
        let n = f64::from(self.count);
        let squares = if self.count == 0 { 0.0 } else { self.squares - self.sum * (self.sum / n) };
        Whole {
            count: self.count.into(),
            sum: n * self.pivot.into() + self.sum,
            squares: if squares < 0.0 { 0.0 } else { squares },
            low: self.low,
            high: self.high,
        }
    }
}

impl<F: Float> Whole<F> {
    /// The mean, which rounding does not bring outside of the values; NaN of none.
    #[must_use]
    #[inline(always)]
    #[allow(clippy::cast_precision_loss, reason = "there are fewer than 2⁵³ values")]
    pub(crate) fn mean(&self) -> f64 {
        let (mean, low, high) = (self.sum / self.count as f64, self.low.into(), self.high.into());
        if mean < low && self.sum.is_finite() {
            low
        } else if mean > high && self.sum.is_finite() {
            high
        } else {
            mean
        }
    }

    /// With the values that follow.
    #[must_use]
    #[inline(always)]
    #[allow(clippy::cast_precision_loss, reason = "there are fewer than 2⁵³ values")]
    fn and(self, other: Self) -> Self {
        if self.count == 0 || other.count == 0 {
            return if self.count == 0 { other } else { self };
        }
        let count = self.count + other.count;
        let delta = other.mean() - self.mean();
        let weight = self.count as f64 * (other.count as f64 / count as f64);
        Self {
            count,
            sum: self.sum + other.sum,
            squares: self.squares + other.squares + delta * delta * weight,
            low: if other.low < self.low { other.low } else { self.low },
            high: if other.high > self.high { other.high } else { self.high },
        }
    }
}

impl<F: Float> Tally for Shifted<F> {
    type Value = F;
    type Whole = Whole<F>;
    const NOTHING: Whole<F> = Whole { count: 0, sum: 0.0, squares: 0.0, low: F::HIGH, high: F::LOW };
    const EMPTY: Self = Self { sum: 0.0, squares: 0.0, pivot: F::HIGH, low: F::HIGH, high: F::LOW, count: 0 };

    fn take(table: &mut [Self], values: &[F], groups: &[u32], path: Path) {
        dispatch(path, Take { table, values, groups });
    }

    #[inline(always)]
    fn add_to(self, whole: Whole<F>) -> Whole<F> {
        whole.and(self.whole())
    }
}
