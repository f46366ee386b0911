//! Enhanced vegetation index, G (nir - red) / (nir + C1 red - C2 blue + L).
//!
//! ```text
//! for each element: num = G * (nir - red);  den = ((nir + C1 * red) - C2 * blue) + L
//!     out = NaN if |den| <= min_denominator else num / den
//! ```
//!
//! On counts, of which scale * count + offset are reflectances, L becomes k = (offset * (1 + C1 - C2) + L) / scale, made
//! whole if it is all but whole (`counts`), and min_denominator is divided by |scale|. The constants are rounded to the
//! dtype of the output first; the order of operations is as written, and no product is fused with a sum. The fast version
//! divides always and selects afterwards; see `elementwise` for the rest.
//!
//! The file is long because a kernel stands in one file, docstring and binding included.

use crate::drive::elementwise::{Bands, Formula};
use crate::errors::Error;
use crate::exec::simd::Path;
use crate::number::counts::Additive;
use crate::number::real::Real;
use crate::view::parts::Sample;

/// The constants of the index, and what the denominator must exceed in absolute value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Evi<O> {
    /// G.
    pub gain: O,
    /// C1, of red.
    pub c1: O,
    /// C2, of blue.
    pub c2: O,
    /// L; of counts what it becomes there.
    pub canopy: O,
    pub min_denominator: O,
}

impl Additive for Evi<f64> {
    fn added(&mut self) -> &mut f64 {
        &mut self.canopy
    }

    fn guard(&mut self) -> &mut f64 {
        &mut self.min_denominator
    }

    fn weight(&self) -> f64 {
        1.0 + self.c1 - self.c2
    }
}

impl Evi<f64> {
    /// Rounds the constants.
    #[must_use]
    pub(crate) fn nearest<O: Real>(self) -> Evi<O> {
        Evi {
            gain: O::nearest(self.gain),
            c1: O::nearest(self.c1),
            c2: O::nearest(self.c2),
            canopy: O::nearest(self.canopy),
            min_denominator: O::nearest(self.min_denominator),
        }
    }
}

impl<O: Real> Formula<O, 3> for Evi<O> {
    type Companion = u8;

    #[inline(always)]
    fn value(self, [nir, red, blue]: [O; 3]) -> O {
        let num = self.gain * (nir - red);
        let den = nir + self.c1 * red - self.c2 * blue + self.canopy;
        let quotient = num / den;
        if den.abs() <= self.min_denominator { O::NAN } else { quotient }
    }
}

/// Computes the index of near infrared, red and blue on that many threads.
///
/// # Errors
///
/// The threads cannot be started.
pub(crate) fn evi<I: Sample<O>, O: Real>(
    bands: Bands<'_, I, O, 3>,
    constants: Evi<f64>,
    path: Path,
    threads: usize,
) -> Result<(), Error> {
    bands.compute(constants.nearest(), None, path, threads)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modis<O: Real>(min_denominator: f64) -> Evi<O> {
        Evi { gain: 2.5, c1: 6.0, c2: 7.5, canopy: 1.0, min_denominator }.nearest()
    }

    #[test]
    fn a_pixel_by_hand_and_its_guard() {
        // 2.5 * 0.25 / (0.5 + 1.5 - 0.9375 + 1) = 0.625 / 2.0625
        assert_eq!(modis::<f64>(0.0).value([0.5, 0.25, 0.125]).to_bits(), (0.625_f64 / 2.0625).to_bits());
        assert!(modis::<f64>(2.0625).value([0.5, 0.25, 0.125]).is_nan());
        assert!(modis::<f32>(0.0).value([0.5, 0.0, 0.2]).is_nan(), "a denominator of exactly 0");
    }

    #[test]
    #[allow(clippy::float_cmp, reason = "they are exact")]
    fn on_counts_the_constant_is_divided_by_the_scale() {
        let modis = modis::<f64>(0.5);
        let sentinel = modis.of_counts(1e-4, -0.1);
        assert_eq!((sentinel.canopy, sentinel.min_denominator), (10_500.0, 0.5 / 1e-4));
        assert_eq!((sentinel.gain, sentinel.c1, sentinel.c2), (modis.gain, modis.c1, modis.c2));
        assert_eq!(modis.of_counts(-2.0, 0.0).min_denominator, 0.25);
        assert_eq!(modis.of_counts(1.0, 0.25).canopy, 0.875);
        let nearly = Evi { canopy: 1.0 + 1e-9, ..modis };
        assert_eq!(nearly.of_counts(1.0, 0.0), nearly, "counts that are meant as they are");
        assert_eq!(nearly.of_counts(2.0, 0.0).canopy, 0.5 + 0.5e-9);
        assert_eq!(nearly.of_counts(0.5, 0.0).canopy, 2.0);
    }

    #[test]
    fn products_are_rounded_before_they_are_added() {
        let constants = Evi { gain: 1.0, c1: 1.0 + f64::EPSILON, c2: 0.0, canopy: 0.0, min_denominator: 0.0 };
        let red = 1.0 - f64::EPSILON;
        // (1 + e)(1 - e) rounds to 1; fused, the sum with -1 would be -e * e.
        assert!(constants.value([-1.0, red, 0.0]).is_nan());
    }
}
