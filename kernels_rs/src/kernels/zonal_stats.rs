//! Number, sum, mean, least, largest and standard deviation of the values of every zone.
//!
//! ```text
//! for each zone: n, sum, squares, low, high of its values that are not missing (tallies.rs)
//!     count = n;  sum;  mean = sum / n;  min = low;  max = high;  std = sqrt(squares / n);  each rounded once
//!     of no value: 0, 0 and NaN;  of infinite ones std is NaN;  where squares overflow it is infinite
//! ```

use crate::algo::tallies::{Float, Shifted, Whole};
use crate::drive::group::{Grouped, Last, Statistics, Work, group};
use crate::errors::Error;
use crate::exec::simd::Path;
use crate::number::lanes::Missing;
use crate::number::real::Real;

/// The six statistics.
#[derive(Clone, Copy)]
pub(crate) struct Stats;

/// What statistics of parts can be put together from: the sum of squared deviations in place of the standard deviation.
#[derive(Clone, Copy)]
pub(crate) struct Moments;

impl<F: Float, O: Real> Last<Whole<F>, O> for Stats {
    #[inline(always)]
    #[allow(clippy::cast_precision_loss, reason = "there are fewer than 2⁵³ values")]
    fn of(self, zone: Whole<F>) -> Statistics<O> {
        statistics(&zone, (squares(&zone) / zone.count as f64).sqrt())
    }
}

impl<F: Float, O: Real> Last<Whole<F>, O> for Moments {
    #[inline(always)]
    fn of(self, zone: Whole<F>) -> Statistics<O> {
        statistics(&zone, squares(&zone))
    }
}

#[inline(always)]
fn statistics<F: Float, O: Real>(zone: &Whole<F>, spread: f64) -> Statistics<O> {
    if zone.count == 0 {
        return (0, [O::default(), O::NAN, O::NAN, O::NAN, O::NAN]);
    }
    let (sum, mean) = (O::nearest(zone.sum), O::nearest(zone.mean()));
    let (low, high) = (O::nearest(zone.low.into()), O::nearest(zone.high.into()));
    (zone.count.cast_signed(), [sum, mean, low, high, O::nearest(spread)])
}

/// The sum of squared deviations: NaN of infinite values, infinite where finite ones overflow.
#[inline(always)]
fn squares<F: Float>(zone: &Whole<F>) -> f64 {
    let finite = zone.low > F::LOW && zone.high < F::HIGH;
    match (finite, zone.squares.is_nan()) {
        (true, true) => f64::INFINITY,
        (true, false) => zone.squares,
        (false, _) => f64::NAN,
    }
}

/// Computes `work`, whose values are of type I, on that many threads.
///
/// # Errors
///
/// Memory or threads cannot be had, or the call was interrupted.
pub(crate) fn zonal_stats<I: Grouped, O: Real>(
    work: Work<'_, O>,
    missing: Missing<I>,
    path: Path,
    threads: usize,
) -> Result<(), Error> {
    group::<I, Shifted<I::Float>, O>(work, missing, path, threads, Stats)
}

/// The same for [`Moments`].
///
/// # Errors
///
/// As it has.
pub(crate) fn zonal_moments<I: Grouped>(
    work: Work<'_, f64>,
    missing: Missing<I>,
    path: Path,
    threads: usize,
) -> Result<(), Error> {
    group::<I, Shifted<I::Float>, f64>(work, missing, path, threads, Moments)
}
