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
        let call = BandCall::new(["nir", "red", "blue"], [nir, red, blue], SAMPLES, &shared)?;
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

fn compute<'py, I, O>(call: &BandCall<'py, 3>, constants: Evi<f64>) -> PyResult<Bound<'py, PyAny>>
where
    I: Key + Sample<O> + Typed,
    O: Real + Typed,
{
    call.run::<I, O>(|bands, path, threads| crate::kernels::evi::evi(bands, constants, path, threads))
}
