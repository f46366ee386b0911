//! (a - b) / (a + b).
//!
//! ```text
//! for each element: d = a - b;  s = a + b;  out = NaN if |s| <= min_denominator else d / s
//! ```
//!
//! The fast version divides always and selects afterwards; see `elementwise` for the rest.

use crate::drive::elementwise::{Bands, Formula};
use crate::errors::Error;
use crate::exec::simd::Path;
use crate::number::real::Real;
use crate::view::parts::Sample;

/// The formula; sums that are not larger than `min_denominator`, in absolute value, make the result NaN.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NormalizedDifference<O> {
    pub min_denominator: O,
}

impl<O: Real> Formula<O, 2> for NormalizedDifference<O> {
    type Companion = u8;

    #[inline(always)]
    fn value(self, [a, b]: [O; 2]) -> O {
        let (d, s) = (a - b, a + b);
        let quotient = d / s;
        if s.abs() <= self.min_denominator { O::NAN } else { quotient }
    }
}

/// Computes the normalised difference of two bands on that many threads.
///
/// # Errors
///
/// The threads cannot be started.
pub(crate) fn normalized_difference<I: Sample<O>, O: Real>(
    bands: Bands<'_, I, O, 2>,
    min_denominator: f64,
    path: Path,
    threads: usize,
) -> Result<(), Error> {
    let formula = NormalizedDifference { min_denominator: O::nearest(min_denominator) };
    bands.compute(formula, None, path, threads)
}
