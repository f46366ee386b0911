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

use crate::counts::meant;
use crate::elementwise::{Bands, Formula};
use crate::errors::Error;
use crate::parts::Sample;
use crate::real::Real;
use crate::simd::Path;

/// The constants of the index, and what the denominator must exceed in absolute value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evi<O> {
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

impl Evi<f64> {
    /// The same index of reflectances scale * count + offset, on the counts. `scale` is not 0.
    #[must_use]
    #[allow(clippy::float_cmp, reason = "exactly these say that counts are meant as they are")]
    pub fn of_counts(self, scale: f64, offset: f64) -> Self {
        if scale == 1.0 && offset == 0.0 {
            return self;
        }
        let k = (offset * (1.0 + self.c1 - self.c2) + self.canopy) / scale;
        Self { canopy: meant(k), min_denominator: self.min_denominator / scale.abs(), ..self }
    }

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
    use crate::arguments::{
        AerosolBlue, AerosolRed, Canopy, Gain, MinDenominator, Nodata, Offset, Scale, Threads, shift_held,
    };
    use crate::arrays::{SAMPLES, by_dtype, guarded};
    use crate::bands::{Call, Shared};
    use crate::dtypes::{Dtype, Typed};
    use crate::errors::Error;
    use crate::lanes::Key;
    use crate::parts::Sample;
    use crate::real::Real;
    use pyo3::prelude::*;

    /// Enhanced vegetation index, G (nir - red) / (nir + C1 red - C2 blue + L).
    ///
    /// Parameters
    /// ----------
    /// nir, red, blue : numpy.ndarray of float32, float64, uint8, int16 or uint16
    ///     Near infrared, red and blue, of the same dtype: reflectance, as `L` is one, or counts with `scale` and
    ///     `offset`. Their shapes broadcast. Any strides and any address; they are never copied as a whole and never
    ///     modified.
    /// G, C1, C2, L : float, default 2.5, 6.0, 7.5, 1.0
    ///     Gain, the aerosol terms' coefficients of red and blue, and the canopy background, in reflectance; finite.
    ///     The defaults are those of MODIS.
    /// scale, offset : float, optional
    ///     How the bands become reflectance, scale x + offset: both or neither; finite, `scale` not 0. Integer bands
    ///     need them. Where the numbers are meant as they are, scale=1, offset=0 says so.
    /// nodata : int or float, optional
    ///     The value that marks missing data, in any band: of integers a whole number that they hold (0.0 is 0); of
    ///     floats any number, compared in their dtype, and NaN is missing as well, always.
    /// mask : numpy.ndarray of bool, or bool, optional
    ///     True where data are missing; broadcasts to the shape of the result. True by itself hides all, False nothing.
    /// min_denominator : float, default 0.0
    ///     Where the denominator, in reflectance, is not larger than this in absolute value, the result is NaN. It
    ///     crosses zero over bright targets, as clouds are, where the index is far out of its range: whoever wants
    ///     these hidden sets this or a mask.
    /// dtype : numpy.dtype, optional
    ///     float32 or float64, of the result and the arithmetic. By default that of float bands, and float32 for
    ///     integers. Float bands accept only their own.
    /// out : numpy.ndarray, optional
    ///     Takes the result; of its shape and dtype, any strides. It may be exactly one of the bands (in place), but
    ///     must not share memory with them in any other way.
    /// num_threads : int, default 1
    ///     Threads to use, of which no more than the usable cores are started; the result has the same bits for every
    ///     number.
    ///
    /// Returns
    /// -------
    /// numpy.ndarray of float32 or float64
    ///     Without unit: `out`, or a fresh array in C order (in Fortran order where all bands are); of bands without
    ///     dimensions a NumPy scalar. NaN where a band is NaN or missing, and where the denominator is too small;
    ///     infinities are data and follow IEEE arithmetic. No warning is ever given.
    ///
    /// Raises
    /// ------
    /// TypeError
    ///     If an array is of a wrong kind or dtype (a masked array, a subclass that gives its values a meaning of its
    ///     own, foreign byte order), or a number is of a wrong kind. The values of a subclass are passed by
    ///     numpy.asarray, and what it masks as `mask`.
    /// ValueError
    ///     If shapes do not fit, integer bands come without `scale` and `offset`, `out` is misaligned, read-only or
    ///     overlaps, or a number is out of its range.
    /// MemoryError
    ///     If memory or threads cannot be had. `out` may hold a part of the results then.
    /// KeyboardInterrupt
    ///     Or whatever a handler of signals raises, in the main thread, within 0.2 s; `out` as above.
    ///
    /// Notes
    /// -----
    /// With a scale the index is computed on the counts: `L` becomes k = (offset (1 + C1 - C2) + L) / scale, in float64
    /// and as an integer where it is within 1e-6 of one, and `min_denominator` is divided by abs(scale). The scale
    /// cancels in the rest. k must be finite in the dtype of the result.
    ///
    /// The constants are rounded to the dtype of the result; then every operation is, in the order of the formula. A
    /// constant that was a float32 before, as metadata often were, stands for the shortest decimal that this float32
    /// prints: numpy.float32(1e-4), and 9.99999974737875e-05 as well, are 1e-4, while 0.5 is 0.5. None may be infinite,
    /// or 0 without being 0, in the dtype of the result.
    ///
    /// Beside arrays and result a call takes at most 64 MiB. The GIL is released during the computation: other threads
    /// must not write to the arrays meanwhile, or the result is undefined.
    ///
    /// References
    /// ----------
    /// Huete, A., Didan, K., Miura, T., Rodriguez, E. P., Gao, X., Ferreira, L. G. (2002). Overview of the radiometric
    /// and biophysical performance of the MODIS vegetation indices. Remote Sensing of Environment 83 (1-2), 195-213.
    ///
    /// Examples
    /// --------
    /// >>> import eokernels, numpy as np
    /// >>> eokernels.evi(np.array([0.5]), np.array([0.25]), np.array([0.125]))
    /// array([0.3030303])
    /// >>> nir, red, blue = (np.array([count], dtype=np.uint16) for count in (6000, 3500, 2250))
    /// >>> eokernels.evi(nir, red, blue, scale=1e-4, offset=-0.1)
    /// array([0.3030303], dtype=float32)
    #[pyfunction]
    #[pyo3(
        signature = (nir, red, blue, *, G=Gain(2.5), C1=AerosolRed(6.0), C2=AerosolBlue(7.5), L=Canopy(1.0), scale=None, offset=None, nodata=None, mask=None, min_denominator=MinDenominator(0.0), dtype=None, out=None, num_threads=Threads(1)),
        text_signature = "(nir, red, blue, *, G=2.5, C1=6.0, C2=7.5, L=1.0, scale=None, offset=None, nodata=None, mask=None, min_denominator=0.0, dtype=None, out=None, num_threads=1)"
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
        scale: Option<Scale>,
        offset: Option<Offset>,
        nodata: Option<Nodata>,
        mask: Option<&Bound<'py, PyAny>>,
        min_denominator: MinDenominator,
        dtype: Option<&Bound<'py, PyAny>>,
        out: Option<&Bound<'py, PyAny>>,
        num_threads: Threads,
    ) -> PyResult<Bound<'py, PyAny>> {
        guarded(|| {
            let shared = Shared { nodata, mask, dtype, out, num_threads };
            let call = Call::new(["nir", "red", "blue"], [nir, red, blue], SAMPLES, &shared)?;
            let dtype = call.out.dtype;
            let constants = Evi {
                gain: G.in_dtype(dtype)?,
                c1: C1.in_dtype(dtype)?,
                c2: C2.in_dtype(dtype)?,
                canopy: L.in_dtype(dtype)?,
                min_denominator: min_denominator.0,
            };
            let constants = on_counts(constants, scale, offset, call.dtype(), dtype)?;
            by_dtype!(call.dtype(), dtype, compute(&call, constants))
        })
    }

    /// The constants for bands of that dtype, which hold counts if `scale` and `offset` are given.
    fn on_counts(
        constants: Evi<f64>,
        scale: Option<Scale>,
        offset: Option<Offset>,
        bands: Dtype,
        result: Dtype,
    ) -> Result<Evi<f64>, Error> {
        match (scale, offset) {
            (Some(scale), Some(offset)) => {
                let constants = constants.of_counts(scale.in_dtype(result)?, offset.in_dtype(result)?);
                shift_held("scale", scale.0, constants.canopy, result)?;
                Ok(constants)
            }
            (Some(_), None) => Err(Error::value("offset is None and scale is not; both or neither are accepted")),
            (None, Some(_)) => Err(Error::value("scale is None and offset is not; both or neither are accepted")),
            (None, None) if !bands.is_float() => Err(Error::value(format!(
                "scale is None and the bands are {}; L and the index are meant for reflectance, so scale and offset are \
                 needed (scale=1, offset=0 says that the counts are meant as they are)",
                bands.name()
            ))),
            (None, None) => Ok(constants),
        }
    }

    fn compute<'py, I, O>(call: &Call<'py, 3>, constants: Evi<f64>) -> PyResult<Bound<'py, PyAny>>
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
