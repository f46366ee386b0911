//! (x - y) / (x + y) of reflectances x = scale a + offset, from the raw counts a and b.
//!
//! ```text
//! k = 2 * offset / scale, made whole if it is all but whole;  limit = min_denominator / |scale|
//! for each element: d = a - b;  s = (a + b) + k;  out = NaN if |s| <= limit else d / s
//! ```
//!
//! Why k is made whole is in `counts`. The fast version divides always and selects afterwards; see `elementwise` for the
//! rest.

use crate::drive::elementwise::{Bands, Formula};
use crate::errors::Error;
use crate::exec::simd::Path;
use crate::number::counts::meant;
use crate::number::real::Real;
use crate::view::parts::Sample;

/// The formula on counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts<O> {
    /// What is added to the sum of two counts.
    pub k: O,
    /// Sums that are not larger than this, in absolute value, make the result NaN.
    pub limit: O,
}

impl Counts<f64> {
    /// Of reflectances scale * count + offset. `scale` is not 0; `min_denominator` is a reflectance.
    #[must_use]
    pub(crate) fn new(scale: f64, offset: f64, min_denominator: f64) -> Self {
        Self { k: meant(2.0 * offset / scale), limit: min_denominator / scale.abs() }
    }

    /// Rounds both.
    #[must_use]
    pub(crate) fn nearest<O: Real>(self) -> Counts<O> {
        Counts { k: O::nearest(self.k), limit: O::nearest(self.limit) }
    }
}

impl<O: Real> Formula<O, 2> for Counts<O> {
    type Companion = u8;

    #[inline(always)]
    fn value(self, [a, b]: [O; 2]) -> O {
        let (d, s) = (a - b, (a + b) + self.k);
        let quotient = d / s;
        if s.abs() <= self.limit { O::NAN } else { quotient }
    }
}

/// Computes the normalised difference of two bands of counts on that many threads.
///
/// # Errors
///
/// The threads cannot be started.
pub(crate) fn normalized_difference_dn<I: Sample<O>, O: Real>(
    bands: Bands<'_, I, O, 2>,
    counts: Counts<f64>,
    path: Path,
    threads: usize,
) -> Result<(), Error> {
    bands.compute(counts.nearest(), None, path, threads)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::float_cmp, reason = "they are exact")]
    fn k_is_whole_where_it_is_meant_to_be() {
        assert_eq!(Counts::new(1e-4, -0.1, 0.0).k, -2000.0);
        assert_eq!(Counts::new(1e-4, 0.0, 0.0).k, 0.0);
        assert_eq!(Counts::new(2.75e-5, -0.2, 0.0).k, -0.4 / 2.75e-5);
        assert_eq!(Counts::new(-0.5, 1.0, 3.0).k, -4.0);
        assert_eq!(Counts::new(-0.5, 1.0, 3.0).limit, 6.0);
    }

    #[test]
    fn reflectances_that_sum_to_zero_are_found_exactly() {
        let counts = Counts::new(1e-4, -0.1, 0.0).nearest::<f32>();
        assert!((700..1300_u16).all(|a| counts.value([a.into(), (2000 - a).into()]).is_nan()));
        assert!((700..1300_u16).all(|a| counts.value([a.into(), (2001 - a).into()]).is_finite()));
    }
}
