//! `normalized_difference` as Python calls it: its signature, its documentation, and the call.

use crate::number::dtypes::Typed;
use crate::number::lanes::Key;
use crate::number::real::Real;
use crate::python::arguments::{MinDenominator, Nodata, Threads};
use crate::python::arrays::{SAMPLES, by_dtype, guarded};
use crate::python::bands::{BandCall, Shared};
use crate::view::parts::Sample;
use pyo3::prelude::*;

/// Normalised difference of two bands, (a - b) / (a + b).
///
/// With near infrared and red it is the NDVI, with green and near infrared or short-wave infrared an NDWI, and so
/// on.
///
/// Parameters
/// ----------
/// a, b : numpy.ndarray of float32, float64, uint8, int16 or uint16
///     Two bands of the same dtype, reflectance or raw counts, in the same unit. Their shapes broadcast. Any
///     strides and any address; they are never copied as a whole and never modified.
/// nodata : int or float, optional
///     The value that marks missing data, in either band: of integers a whole number that they hold (0.0 is 0); of
///     floats any number, compared in their dtype, and NaN is missing as well, always.
/// mask : numpy.ndarray of bool, or bool, optional
///     True where data are missing; broadcasts to the shape of the result. True by itself hides all, False nothing.
/// min_denominator : float, default 0.0
///     Where abs(a + b) is not larger than this, in the unit of the bands, the result is NaN.
/// dtype : numpy.dtype, optional
///     float32 or float64, of the result and the arithmetic. By default that of float bands, and float32 for
///     integers. Float bands accept only their own.
/// out : numpy.ndarray, optional
///     Takes the result; of its shape and dtype, any strides. It may be exactly `a` or `b` (in place), but must not
///     share memory with them in any other way.
/// num_threads : int, default 1
///     Threads to use, of which no more than the usable cores are started; the result has the same bits for every
///     number.
///
/// Returns
/// -------
/// numpy.ndarray of float32 or float64
///     Without unit, within -1 … 1 where both bands are positive: `out`, or a fresh array in C order (in Fortran
///     order where both bands are); of bands without dimensions a NumPy scalar. NaN where a band is NaN or missing,
///     and where the denominator is too small; infinities are data and follow IEEE arithmetic. No warning is ever
///     given.
///
/// Raises
/// ------
/// TypeError
///     If an array is of a wrong kind or dtype (a masked array, a subclass that gives its values a meaning of its
///     own, foreign byte order), or a number is of a wrong kind. The values of a subclass are passed by
///     numpy.asarray, and what it masks as `mask`.
/// ValueError
///     If shapes do not fit, `out` is misaligned, read-only or overlaps, or a number is out of its range.
/// MemoryError
///     If memory or threads cannot be had. `out` may hold a part of the results then.
/// KeyboardInterrupt
///     Or whatever a handler of signals raises, in the main thread, within 0.2 s; `out` as above.
///
/// Notes
/// -----
/// Integers are widened before they are subtracted. With an offset, counts need normalized_difference_dn. Beside
/// arrays and result a call takes at most 64 MiB. The GIL is released during the computation: other threads must
/// not write to the arrays meanwhile, or the result is undefined.
///
/// References
/// ----------
/// Tucker, C. J. (1979). Red and photographic infrared linear combinations for monitoring vegetation. Remote
/// Sensing of Environment 8 (2), 127-150.
///
/// Examples
/// --------
/// >>> import eokernels, numpy as np
/// >>> eokernels.normalized_difference(np.array([0.5, 0.0]), np.array([0.25, 0.0]))
/// array([0.33333333,        nan])
#[pyfunction]
#[pyo3(
    signature = (a, b, *, nodata=None, mask=None, min_denominator=MinDenominator(0.0), dtype=None, out=None, num_threads=Threads(1)),
    text_signature = "(a, b, *, nodata=None, mask=None, min_denominator=0.0, dtype=None, out=None, num_threads=1)"
)]
#[allow(clippy::missing_errors_doc, clippy::needless_pass_by_value, reason = "numpydoc, and the signature is Python's")]
pub fn normalized_difference<'py>(
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    nodata: Option<Nodata>,
    mask: Option<&Bound<'py, PyAny>>,
    min_denominator: MinDenominator,
    dtype: Option<&Bound<'py, PyAny>>,
    out: Option<&Bound<'py, PyAny>>,
    num_threads: Threads,
) -> PyResult<Bound<'py, PyAny>> {
    guarded(|| {
        let shared = Shared { nodata, mask, dtype, out, num_threads };
        let call = BandCall::new(["a", "b"], [a, b], SAMPLES, &shared)?;
        by_dtype!(call.dtype(), call.out.dtype, compute(&call, min_denominator.0))
    })
}

fn compute<'py, I, O>(call: &BandCall<'py, 2>, min_denominator: f64) -> PyResult<Bound<'py, PyAny>>
where
    I: Key + Sample<O> + Typed,
    O: Real + Typed,
{
    call.run::<I, O>(|bands, path, threads| {
        crate::kernels::normalized_difference::normalized_difference(bands, min_denominator, path, threads)
    })
}
