//! Enhanced vegetation index, G (nir - red) / (nir + C1 red - C2 blue + L).
//!
//! ```text
//! for each element: num = G * (nir - red);  den = ((nir + C1 * red) - C2 * blue) + L
//!     out = NaN if |den| <= min_denominator else num / den
//! ```
//!
//! The constants are rounded to the dtype of the output first; the order of operations is as written, and no product is
//! fused with a sum. The fast version divides always and selects afterwards; see `elementwise` for the rest.

use crate::elementwise::{Bands, Formula};
use crate::errors::Error;
use crate::parts::Sample;
use crate::real::Real;
use crate::simd::Path;

/// The constants of the index, and what the denominator must exceed in absolute value.
#[derive(Clone, Copy, Debug)]
pub struct Evi<O> {
    /// G.
    pub gain: O,
    /// C1, of red.
    pub c1: O,
    /// C2, of blue.
    pub c2: O,
    /// L.
    pub canopy: O,
    pub min_denominator: O,
}

impl Evi<f64> {
    /// Rounds the constants.
    #[must_use]
    pub fn nearest<O: Real>(self) -> Evi<O> {
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
pub fn evi<I: Sample<O>, O: Real>(
    bands: Bands<'_, I, O, 3>,
    constants: Evi<f64>,
    path: Path,
    threads: usize,
) -> Result<(), Error> {
    bands.compute(constants.nearest(), None, path, threads)
}

#[cfg(feature = "python")]
pub mod python {
    use super::Evi;
    use crate::arguments::{AerosolBlue, AerosolRed, Canopy, Gain, MinDenominator, Threads};
    use crate::arrays::{SAMPLES, Typed, by_dtype};
    use crate::bands::{Call, Shared};
    use crate::lanes::Key;
    use crate::parts::Sample;
    use crate::real::Real;
    use pyo3::prelude::*;

    /// Enhanced vegetation index of reflectances, G (nir - red) / (nir + C1 red - C2 blue + L).
    ///
    /// Parameters
    /// ----------
    /// nir, red, blue : numpy.ndarray of float32, float64, uint8, int16 or uint16
    ///     Near infrared, red and blue, of the same dtype; at least one dimension. Reflectance, as `L` is a reflectance: of
    ///     raw counts the index has no meaning, unless the constant is scaled as they are. Their shapes broadcast. Any
    ///     strides; they are never copied as a whole and never modified.
    /// G, C1, C2, L : float, default 2.5, 6.0, 7.5, 1.0
    ///     Gain, the aerosol terms' coefficients of red and blue, and the canopy background; finite. The defaults are those
    ///     of MODIS.
    /// nodata : int, optional
    ///     The integer that marks missing data, in any band. Only for integer bands; floats mark it by NaN.
    /// mask : numpy.ndarray of bool, optional
    ///     True where data are missing; broadcasts to the shape of the result.
    /// min_denominator : float, default 0.0
    ///     Where the denominator is not larger than this in absolute value, the result is NaN. It crosses zero over bright
    ///     targets, as clouds are, where the index is far out of its range: whoever wants these hidden sets this or a mask.
    /// dtype : numpy.dtype, optional
    ///     float32 or float64, of the result and the arithmetic. By default that of float bands, and float32 for integers.
    ///     Float bands accept only their own.
    /// out : numpy.ndarray, optional
    ///     Takes the result; of its shape and dtype, any strides. It may be exactly one of the bands (in place), but must
    ///     not share memory with them in any other way.
    /// num_threads : int, default 1
    ///     Threads to use; the result has the same bits for every number.
    ///
    /// Returns
    /// -------
    /// numpy.ndarray of float32 or float64
    ///     Without unit: `out`, or a fresh array in C order (in Fortran order where all bands are). NaN where a band is NaN
    ///     or missing, and where the denominator is too small; infinities are data and follow IEEE arithmetic. No warning
    ///     is ever given.
    ///
    /// Raises
    /// ------
    /// TypeError
    ///     If an array is of a wrong kind or dtype (a masked array, foreign byte order), or a number is.
    /// ValueError
    ///     If shapes do not fit, an array is 0-dimensional or misaligned, `out` is read-only or overlaps, or a number is
    ///     out of its range.
    ///
    /// Notes
    /// -----
    /// The constants are rounded to the dtype of the result; then every operation is, in the order of the formula. The
    /// GIL is released during the computation: other threads must not write to the arrays meanwhile, or the result is
    /// undefined.
    ///
    /// References
    /// ----------
    /// Huete, A., Didan, K., Miura, T., Rodriguez, E. P., Gao, X., Ferreira, L. G. (2002). Overview of the radiometric and
    /// biophysical performance of the MODIS vegetation indices. Remote Sensing of Environment 83 (1-2), 195-213.
    ///
    /// Examples
    /// --------
    /// >>> import eokernels, numpy as np
    /// >>> eokernels.evi(np.array([0.5]), np.array([0.25]), np.array([0.125]))
    /// array([0.3030303])
    #[pyfunction]
    #[pyo3(
        signature = (nir, red, blue, *, G=Gain(2.5), C1=AerosolRed(6.0), C2=AerosolBlue(7.5), L=Canopy(1.0), nodata=None, mask=None, min_denominator=MinDenominator(0.0), dtype=None, out=None, num_threads=Threads(1)),
        text_signature = "(nir, red, blue, *, G=2.5, C1=6.0, C2=7.5, L=1.0, nodata=None, mask=None, min_denominator=0.0, dtype=None, out=None, num_threads=1)"
    )]
    #[allow(
        non_snake_case,
        clippy::missing_errors_doc,
        clippy::needless_pass_by_value,
        reason = "numpydoc, and the signature is Python's"
    )]
    pub fn evi<'py>(
        nir: &Bound<'py, PyAny>,
        red: &Bound<'py, PyAny>,
        blue: &Bound<'py, PyAny>,
        G: Gain,
        C1: AerosolRed,
        C2: AerosolBlue,
        L: Canopy,
        nodata: Option<&Bound<'py, PyAny>>,
        mask: Option<&Bound<'py, PyAny>>,
        min_denominator: MinDenominator,
        dtype: Option<&Bound<'py, PyAny>>,
        out: Option<&Bound<'py, PyAny>>,
        num_threads: Threads,
    ) -> PyResult<Bound<'py, PyAny>> {
        let shared = Shared { nodata, mask, dtype, out, num_threads };
        let call = Call::new(["nir", "red", "blue"], [nir, red, blue], SAMPLES, &shared)?;
        let constants = Evi { gain: G.0, c1: C1.0, c2: C2.0, canopy: L.0, min_denominator: min_denominator.0 };
        by_dtype!(call.dtype(), call.out.dtype, compute(&call, constants))?;
        Ok(call.into_object())
    }

    fn compute<I, O>(call: &Call<'_, 3>, constants: Evi<f64>) -> PyResult<()>
    where
        I: Key + Sample<O> + Typed,
        O: Real + Typed,
    {
        call.run::<I, O>(|bands, path, threads| super::evi(bands, constants, path, threads))
    }
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
    fn products_are_rounded_before_they_are_added() {
        let constants = Evi { gain: 1.0, c1: 1.0 + f64::EPSILON, c2: 0.0, canopy: 0.0, min_denominator: 0.0 };
        let red = 1.0 - f64::EPSILON;
        // (1 + e)(1 - e) rounds to 1; fused, the sum with -1 would be -e * e.
        assert!(constants.value([-1.0, red, 0.0]).is_nan());
    }
}
