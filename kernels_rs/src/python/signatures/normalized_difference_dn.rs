//! `normalized_difference_dn` as Python calls it: its signature, its documentation, and the call.

use crate::kernels::normalized_difference_dn::Counts;
use crate::number::dtypes::Typed;
use crate::number::lanes::Key;
use crate::number::real::Real;
use crate::python::arguments::{MinDenominator, Nodata, Offset, Scale, Threads, shift_held};
use crate::python::arrays::{SAMPLES, by_dtype, guarded};
use crate::python::bands::{BandCall, Shared};
use crate::python::said::said;
use crate::view::parts::Sample;
use pyo3::prelude::*;

/// Normalised difference of the reflectances of two bands of raw counts.
///
/// With x = scale a + offset and y = scale b + offset it is (x - y) / (x + y) = (a - b) / (a + b + 2 offset /
/// scale).
///
/// Parameters
/// ----------
/// a, b : numpy.ndarray of float32, float64, uint8, int16 or uint16
///     Two bands of counts of the same dtype; as floats, which may hold NaN, where a reader has made them so. Their
///     shapes broadcast. Any strides and any address; they are never copied as a whole and never modified.
/// scale : float
///     Reflectance per count; finite, not 0. It cancels but for the unit of `offset` and `min_denominator`.
/// offset : float
///     Reflectance of a count of 0; finite. The index depends on it: Sentinel-2 has had -0.1 (at a scale of 1e-4)
///     since processing baseline 04.00, and 0 before.
#[doc = said!(nodata "int or float or None", ", in either band", " None says that all\n    counts are data. It has to be said.")]
#[doc = said!(mask "the result")]
/// min_denominator : float, default 0.0
///     Where abs(x + y) is not larger than this, in reflectance, the result is NaN.
#[doc = said!(dtype "the result and the arithmetic", "float bands", "Float bands accept only their own")]
/// out : numpy.ndarray, optional
///     Takes the result; of its shape and dtype, any strides. It may be exactly `a` or `b` where these are floats
///     (in place), but must not share memory with them in any other way.
#[doc = said!(num_threads)]
///
/// Returns
/// -------
/// numpy.ndarray of float32 or float64
///     Without unit: `out`, or a fresh array in C order (in Fortran order where both bands are); of bands without
///     dimensions a NumPy scalar. NaN where a band is NaN or missing and where the denominator is too small. No
///     warning is ever given.
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
/// Counts are widened before they are subtracted; 2 offset / scale is taken in float64, and as an integer where it
/// is within 1e-6 of one, so that reflectances that sum to 0 give NaN exactly there. It must be finite in the dtype
/// of the result.
///
#[doc = said!(constants)]
///
#[doc = said!(memory_and_gil)]
///
/// References
/// ----------
/// European Space Agency. Sentinel-2 Products Specification Document: BOA_ADD_OFFSET and BOA_QUANTIFICATION_VALUE,
/// processing baseline 04.00, in force since 25 January 2022.
///
/// Examples
/// --------
/// >>> import eokernels, numpy as np
/// >>> a, b = np.array([4000, 0], dtype=np.uint16), np.array([2000, 1500], dtype=np.uint16)
/// >>> eokernels.normalized_difference_dn(a, b, scale=1e-4, offset=-0.1, nodata=0)
/// array([0.5, nan], dtype=float32)
#[pyfunction]
#[pyo3(signature = (a, b, *, scale, offset, nodata, mask=None, min_denominator=0.0, dtype=None, out=None, num_threads=1))]
pub(crate) fn normalized_difference_dn<'py>(
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    scale: Scale,
    offset: Offset,
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
        let dtype = call.out.dtype;
        let counts = Counts::new(scale.in_dtype(dtype)?, offset.in_dtype(dtype)?, min_denominator);
        shift_held("offset", offset.0, counts.k, dtype)?;
        by_dtype!(call.dtype(), dtype, compute(&call, counts))
    })
}

fn compute<'py, I, O>(call: &BandCall<'py, 2>, counts: Counts<f64>) -> PyResult<Bound<'py, PyAny>>
where
    I: Key + Sample<O> + Typed,
    O: Real + Typed,
{
    call.run::<I, O>(|bands, path, threads| {
        crate::kernels::normalized_difference_dn::normalized_difference_dn(bands, counts, path, threads)
    })
}
