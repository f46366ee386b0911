//! `evi` as Python calls it: its signature, its documentation, and the call.

use crate::errors::Error;
use crate::kernels::evi::Evi;
use crate::number::dtypes::{Dtype, Typed};
use crate::number::lanes::Key;
use crate::number::real::Real;
use crate::python::arguments::{
    AerosolBlue, AerosolRed, Canopy, Gain, MinDenominator, Nodata, Offset, Scale, Threads, shift_held,
};
use crate::python::arrays::{SAMPLES, by_dtype, guarded};
use crate::python::bands::{BandCall, Shared};
use crate::python::said::said;
use crate::view::parts::Sample;
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
#[doc = said!(nodata "int or float, optional", ", in any band", "")]
#[doc = said!(mask "the result")]
/// min_denominator : float, default 0.0
///     Where the denominator, in reflectance, is not larger than this in absolute value, the result is NaN. It
///     crosses zero over bright targets, as clouds are, where the index is far out of its range: whoever wants
///     these hidden sets this or a mask.
#[doc = said!(dtype "the result and the arithmetic", "float bands", "Float bands accept only their own")]
/// out : numpy.ndarray, optional
///     Takes the result; of its shape and dtype, any strides. It may be exactly one of the bands (in place), but
///     must not share memory with them in any other way.
#[doc = said!(num_threads)]
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
#[doc = said!(type_error)]
/// ValueError
///     If shapes do not fit, integer bands come without `scale` and `offset`, `out` is misaligned, read-only or
///     overlaps, or a number is out of its range.
#[doc = said!(no_memory_or_interrupted)]
///
/// Notes
/// -----
/// With a scale the index is computed on the counts: `L` becomes k = (offset (1 + C1 - C2) + L) / scale, in float64
/// and as an integer where it is within 1e-6 of one, and `min_denominator` is divided by abs(scale). The scale
/// cancels in the rest. k must be finite in the dtype of the result.
///
/// The constants are rounded to the dtype of the result; then every operation is, in the order of the formula.
#[doc = said!(constants)]
///
#[doc = said!(memory_and_gil)]
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
#[pyo3(signature = (nir, red, blue, *, G=2.5, C1=6.0, C2=7.5, L=1.0, scale=None, offset=None, nodata=None, mask=None, min_denominator=0.0, dtype=None, out=None, num_threads=1))]
#[allow(
    non_snake_case,
    clippy::missing_errors_doc,
    clippy::needless_pass_by_value,
    reason = "numpydoc, and the signature is Python's"
)]
pub(crate) fn evi<'py>(
    nir: &Bound<'py, PyAny>,
    red: &Bound<'py, PyAny>,
    blue: &Bound<'py, PyAny>,
    #[pyo3(from_py_with = Gain::number)] G: f64,
    #[pyo3(from_py_with = AerosolRed::number)] C1: f64,
    #[pyo3(from_py_with = AerosolBlue::number)] C2: f64,
    #[pyo3(from_py_with = Canopy::number)] L: f64,
    scale: Option<Scale>,
    offset: Option<Offset>,
    nodata: Option<Nodata>,
    mask: Option<&Bound<'py, PyAny>>,
    #[pyo3(from_py_with = MinDenominator::number)] min_denominator: f64,
    dtype: Option<&Bound<'py, PyAny>>,
    out: Option<&Bound<'py, PyAny>>,
    #[pyo3(from_py_with = Threads::number)] num_threads: usize,
) -> PyResult<Bound<'py, PyAny>> {
    guarded(|| {
        let shared = Shared { nodata, mask, dtype, out, num_threads: Threads(num_threads) };
        let call = BandCall::new(["nir", "red", "blue"], [nir, red, blue], SAMPLES, &shared)?;
        let dtype = call.out.dtype;
        let constants = Evi {
            gain: Gain(G).in_dtype(dtype)?,
            c1: AerosolRed(C1).in_dtype(dtype)?,
            c2: AerosolBlue(C2).in_dtype(dtype)?,
            canopy: Canopy(L).in_dtype(dtype)?,
            min_denominator,
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

fn compute<'py, I, O>(call: &BandCall<'py, 3>, constants: Evi<f64>) -> PyResult<Bound<'py, PyAny>>
where
    I: Key + Sample<O> + Typed,
    O: Real + Typed,
{
    call.run::<I, O>(|bands, path, threads| crate::kernels::evi::evi(bands, constants, path, threads))
}
