//! `normalized_difference_dn` as Python calls it: its signature, its documentation, and the call.

use crate::kernels::normalized_difference_dn::Counts;
use crate::number::dtypes::Typed;
use crate::number::lanes::Key;
use crate::number::real::Real;
use crate::python::arguments::{MinDenominator, Nodata, Offset, Scale, Threads, shift_held};
use crate::python::arrays::{SAMPLES, by_dtype, guarded};
use crate::python::bands::{BandCall, Shared};
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
/// nodata : int or float or None
///     The value that marks missing data, in either band: of integers a whole number that they hold (0.0 is 0); of
///     floats any number, compared in their dtype, and NaN is missing as well, always. None says that all counts
///     are data. It has to be said.
/// mask : numpy.ndarray of bool, or bool, optional
///     True where data are missing; broadcasts to the shape of the result. True by itself hides all, False nothing.
/// min_denominator : float, default 0.0
///     Where abs(x + y) is not larger than this, in reflectance, the result is NaN.
/// dtype : numpy.dtype, optional
///     float32 or float64, of the result and the arithmetic. By default that of float bands, and float32 for
///     integers. Float bands accept only their own.
/// out : numpy.ndarray, optional
///     Takes the result; of its shape and dtype, any strides. It may be exactly `a` or `b` where these are floats
///     (in place), but must not share memory with them in any other way.
/// num_threads : int, default 1
///     Threads to use, of which no more than the usable cores are started; the result has the same bits for every
///     number.
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
/// Counts are widened before they are subtracted; 2 offset / scale is taken in float64, and as an integer where it
/// is within 1e-6 of one, so that reflectances that sum to 0 give NaN exactly there. It must be finite in the dtype
/// of the result.
///
/// A constant that was a float32 before, as metadata often were, stands for the shortest decimal that this float32
/// prints: numpy.float32(1e-4), and 9.99999974737875e-05 as well, are 1e-4, while 0.5 is 0.5. None may be infinite,
/// or 0 without being 0, in the dtype of the result.
///
/// Beside arrays and result a call takes at most 64 MiB. The GIL is released during the computation: other threads
/// must not write to the arrays meanwhile, or the result is undefined.
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
#[pyo3(
    signature = (a, b, *, scale, offset, nodata, mask=None, min_denominator=MinDenominator(0.0), dtype=None, out=None, num_threads=Threads(1)),
    text_signature = "(a, b, *, scale, offset, nodata, mask=None, min_denominator=0.0, dtype=None, out=None, num_threads=1)"
)]
#[allow(clippy::missing_errors_doc, clippy::needless_pass_by_value, reason = "numpydoc, and the signature is Python's")]
pub fn normalized_difference_dn<'py>(
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    scale: Scale,
    offset: Offset,
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
        let dtype = call.out.dtype;
        let counts = Counts::new(scale.in_dtype(dtype)?, offset.in_dtype(dtype)?, min_denominator.0);
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
