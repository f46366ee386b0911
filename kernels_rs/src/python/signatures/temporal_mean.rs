//! `temporal_mean` as Python calls it: its signature, its documentation, and the call.

use crate::algo::sums::Summand;
use crate::drive::temporal::Output;
use crate::number::dtypes::Typed;
use crate::number::real::Real;
use crate::python::arguments::{AxisArgument, Nodata, Threads};
use crate::python::arrays::{by_dtype, guarded};
use crate::python::bands::Shared;
use crate::python::stacks::StackCall;
use pyo3::prelude::*;

/// Mean over one axis, usually time, of the values that are not missing.
///
/// Parameters
/// ----------
/// x : numpy.ndarray of float32, float64, uint8, int16 or uint16
///     The stack, at least one dimension. Any strides (time first is fastest; a view with time last is read block
///     by block) and any address; it is never copied as a whole and never modified.
/// axis : int, default 0
///     The axis that is reduced.
/// nodata : int or float, optional
///     The value that marks missing data: of integers a whole number that they hold (0.0 is 0); of floats any
///     number, compared in their dtype, and NaN is missing as well, always.
/// mask : numpy.ndarray of bool, or bool, optional
///     True where data are missing; broadcasts to the shape of `x`. True by itself hides all, False nothing.
/// dtype : numpy.dtype, optional
///     float32 or float64, of the result. By default that of a float stack, and float32 for integers. Float stacks
///     accept only their own.
/// out : numpy.ndarray, optional
///     Takes the result; of its shape and dtype, any strides. It must not share memory with `x` or `mask`.
/// num_threads : int, default 1
///     Threads to use, of which no more than the usable cores are started; the result has the same bits for every
///     number.
///
/// Returns
/// -------
/// numpy.ndarray of float32 or float64
///     In the unit of `x`, of its shape without `axis`: `out`, or a fresh array in C order. Values are added in the
///     order of `axis`, and the sum divided, in float64; the mean is rounded once. NaN where every value is missing
///     or there are none; infinities are data. No warning is ever given.
///
/// Raises
/// ------
/// TypeError
///     If an array is of a wrong kind or dtype (a masked array, a subclass that gives its values a meaning of its
///     own, foreign byte order), or a number is of a wrong kind. The values of a subclass are passed by
///     numpy.asarray, and what it masks as `mask`.
/// ValueError
///     If shapes do not fit, `x` has no dimension, `out` is misaligned, read-only or overlaps, or a number is out
///     of its range.
/// OverflowError
///     If there are more dates than 2147483647, which int32 counts.
/// MemoryError
///     If memory or threads cannot be had. `out` may hold a part of the results then.
/// KeyboardInterrupt
///     Or whatever a handler of signals raises, in the main thread, within 0.2 s; `out` as above.
///
/// See Also
/// --------
/// temporal_stats : The standard deviation and the number of values as well.
///
/// Notes
/// -----
/// The time taken does not depend on which values are missing. Beside arrays and result a call takes at most 64 MiB
/// and twice what one series takes, whatever the shape. The GIL is released during the computation: other threads
/// must not write to the arrays meanwhile, or the result is undefined.
///
/// Examples
/// --------
/// >>> import eokernels, numpy as np
/// >>> eokernels.temporal_mean(np.array([[1, 0], [5, 0], [3, 8]], dtype=np.uint16), nodata=0)
/// array([3., 8.], dtype=float32)
#[pyfunction]
#[pyo3(
    signature = (x, axis=AxisArgument(0), *, nodata=None, mask=None, dtype=None, out=None, num_threads=Threads(1)),
    text_signature = "(x, axis=0, *, nodata=None, mask=None, dtype=None, out=None, num_threads=1)"
)]
#[allow(clippy::missing_errors_doc, clippy::needless_pass_by_value, reason = "numpydoc, and the signature is Python's")]
pub fn temporal_mean<'py>(
    x: &Bound<'py, PyAny>,
    axis: AxisArgument,
    nodata: Option<Nodata>,
    mask: Option<&Bound<'py, PyAny>>,
    dtype: Option<&Bound<'py, PyAny>>,
    out: Option<&Bound<'py, PyAny>>,
    num_threads: Threads,
) -> PyResult<Bound<'py, PyAny>> {
    guarded(|| {
        let call = StackCall::new(x, axis, &Shared { nodata, mask, dtype, out, num_threads })?;
        by_dtype!(call.input(), call.dtype, compute(&call))
    })
}

fn compute<'py, K, O>(call: &StackCall<'py, 1>) -> PyResult<Bound<'py, PyAny>>
where
    K: Summand + Typed,
    O: Real + Output + Typed,
{
    call.run::<K, O>(crate::kernels::temporal_mean::temporal_mean)
}
