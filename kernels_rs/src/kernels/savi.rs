//! Soil-adjusted vegetation index, (1 + L) (nir - red) / (nir + red + L): `savi`.
//!
//! ```text
//! for each element: num = (1 + L) * (nir - red);  den = (nir + red) + L
//!     out = NaN if |den| <= min_denominator else num / den
//! ```
//!
//! On counts the L of the denominator becomes k, as `counts` says; 1 + L stays. The constants are rounded to the dtype of
//! the output first. The fast version divides always and selects afterwards; see `elementwise` for the rest.

use crate::drive::elementwise::{Bands, Formula};
use crate::errors::Error;
use crate::exec::simd::Path;
use crate::number::counts::Additive;
use crate::number::real::Real;
use crate::view::parts::Sample;

/// The constants of the index, and what the denominator must exceed in absolute value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Savi<O> {
    /// 1 + L.
    pub factor: O,
    /// L; of counts what it becomes there.
    pub soil: O,
    pub min_denominator: O,
}

impl Additive for Savi<f64> {
    fn added(&mut self) -> &mut f64 {
        &mut self.soil
    }

    fn guard(&mut self) -> &mut f64 {
        &mut self.min_denominator
    }

    fn weight(&self) -> f64 {
        2.0
    }
}

impl<O: Real> Formula<O, 2> for Savi<O> {
    type Companion = u8;

    #[inline(always)]
    fn value(self, [nir, red]: [O; 2]) -> O {
        let num = self.factor * (nir - red);
        let den = nir + red + self.soil;
        let quotient = num / den;
        if den.abs() <= self.min_denominator { O::NAN } else { quotient }
    }
}

/// Computes the index of near infrared and red on that many threads.
///
/// # Errors
///
/// The threads cannot be started.
pub(crate) fn savi<I: Sample<O>, O: Real>(
    bands: Bands<'_, I, O, 2>,
    constants: Savi<f64>,
    path: Path,
    threads: usize,
) -> Result<(), Error> {
    let [factor, soil, min_denominator] = [constants.factor, constants.soil, constants.min_denominator].map(O::nearest);
    bands.compute(Savi { factor, soil, min_denominator }, None, path, threads)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_by_hand_its_guard_and_counts() {
        let savi = Savi { factor: 1.5_f64, soil: 0.5, min_denominator: 0.0 };
        assert_eq!(savi.value([0.5, 0.25]).to_bits(), (0.375_f64 / 1.25).to_bits());
        assert!(Savi { min_denominator: 1.25, ..savi }.value([0.5, 0.25]).is_nan());
        // 2 * -0.1 + 0.5 = 0.3, divided by 1e-4.
        let counts = savi.of_counts(1e-4, -0.1);
        assert_eq!(counts.value([6000.0, 3500.0]).to_bits(), (3750.0_f64 / 12500.0).to_bits());
    }
}
