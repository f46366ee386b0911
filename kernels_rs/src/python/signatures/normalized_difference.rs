//! `normalized_difference` as Python calls it: its signature, its documentation, and the call.

use crate::number::dtypes::Typed;
use crate::number::lanes::Key;
use crate::number::real::Real;
use crate::python::arguments::{MinDenominator, Nodata, Threads};
use crate::python::arrays::{SAMPLES, by_dtype, guarded};
use crate::python::bands::{BandCall, Shared};
use crate::python::said::said;
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
#[doc = said!(nodata "int or float, optional", ", in either band", "")]
#[doc = said!(mask "the result")]
/// min_denominator : float, default 0.0
///     Where abs(a + b) is not larger than this, in the unit of the bands, the result is NaN.
#[doc = said!(dtype "the result and the arithmetic", "float bands", "Float bands accept only their own")]
/// out : numpy.ndarray, optional
///     Takes the result; of its shape and dtype, any strides. It may be exactly `a` or `b` (in place), but must not
///     share memory with them in any other way.
#[doc = said!(num_threads)]
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
#[doc = said!(type_error)]
/// ValueError
///     If shapes do not fit, `out` is misaligned, read-only or overlaps, or a number is out of its range.
#[doc = said!(no_memory_or_interrupted)]
///
/// Notes
/// -----
/// Integers are widened before they are subtracted. With an offset, counts need normalized_difference_dn.
#[doc = said!(memory_and_gil)]
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
#[pyo3(signature = (a, b, *, nodata=None, mask=None, min_denominator=0.0, dtype=None, out=None, num_threads=1))]
pub(crate) fn normalized_difference<'py>(
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    nodata: Option<Nodata>,
    mask: Option<&Bound<'py, PyAny>>,
    #[pyo3(from_py_with = MinDenominator::number)] min_denominator: f64,
    dtype: Option<&Bound<'py, PyAny>>,
    out: Option<&Bound<'py, PyAny>>,
    #[pyo3(from_py_with = Threads::number)] num_threads: usize,
) -> PyResult<Bound<'py, PyAny>> {
    guarded(|| {
        let shared = Shared { nodata, mask, dtype, out, num_threads: Threads(num_threads) };
        let call = BandCall::new(["a", "b"], [a, b], SAMPLES, &shared)?;
        by_dtype!(call.dtype(), call.out.dtype, compute(&call, min_denominator))
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
