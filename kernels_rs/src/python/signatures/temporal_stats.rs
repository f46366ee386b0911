//! `temporal_stats` as Python calls it: its signature, its documentation, and the call.

use crate::algo::sums::Summand;
use crate::drive::temporal::Output;
use crate::number::dtypes::Typed;
use crate::number::real::Real;
use crate::python::arguments::{AxisArgument, Ddof, Nodata, Threads};
use crate::python::arrays::{Dtype, by_dtype, guarded};
use crate::python::bands::Shared;
use crate::python::stacks::StackCall;
use pyo3::prelude::*;

/// Mean, standard deviation and number, over one axis, usually time, of the values that are not missing.
///
/// Parameters
/// ----------
/// x : numpy.ndarray of float32, float64, uint8, int16 or uint16
///     The stack, at least one dimension. Any strides (time first is fastest; a view with time last is read block
///     by block) and any address; it is never copied as a whole and never modified.
/// axis : int, default 0
///     The axis that is reduced.
/// ddof : int, default 0
///     What is taken from the number of values before the sum of squares is divided by it; 1 for a sample.
/// nodata : int or float, optional
///     The value that marks missing data: of integers a whole number that they hold (0.0 is 0); of floats any
///     number, compared in their dtype, and NaN is missing as well, always.
/// mask : numpy.ndarray of bool, or bool, optional
///     True where data are missing; broadcasts to the shape of `x`. True by itself hides all, False nothing.
/// dtype : numpy.dtype, optional
///     float32 or float64, of mean and deviation. By default that of a float stack, and float32 for integers. Float
///     stacks accept only their own.
/// out : tuple of three numpy.ndarray, optional
///     Takes the results: mean, deviation, number; of their shape and dtypes, any strides. They must not share
///     memory with each other, with `x` or with `mask`.
/// num_threads : int, default 1
///     Threads to use, of which no more than the usable cores are started; the result has the same bits for every
///     number.
///
/// Returns
/// -------
/// tuple of three numpy.ndarray
///     `out`, or fresh arrays in C order, of the shape of `x` without `axis`: the mean and the standard deviation
///     in the unit of `x`, float32 or float64, and the number of values, int32. Of no value the mean is NaN; of not
///     more than `ddof` the deviation is. Infinities are data. No warning is ever given.
///
/// Raises
/// ------
/// TypeError
///     If an array is of a wrong kind or dtype (a masked array, a subclass that gives its values a meaning of its
///     own, foreign byte order), a number is of a wrong kind, or `out` is no tuple. The values of a subclass are
///     passed by numpy.asarray, and what it masks as `mask`.
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
/// temporal_mean : The mean alone.
///
/// Notes
/// -----
/// With n values x of mean m the deviation is sqrt((S - D D / n) / (n - ddof)), where S is the sum of (x - m) (x -
/// m), and D, that of x - m, corrects it for the rounding of m; the difference is not taken below 0. Sums of
/// integers are exact, so that theirs needs no correction. All is computed in float64, in the order of `axis`, and
/// rounded once.
///
/// The stack is read from memory once. The time taken does not depend on which values are missing. Beside arrays
/// and result a call takes at most 64 MiB and twice what one series takes, whatever the shape. The GIL is released
/// during the computation: other threads must not write to the arrays meanwhile, or the result is undefined.
///
/// References
/// ----------
/// Chan, T. F., Golub, G. H., LeVeque, R. J. (1983). Algorithms for computing the sample variance: analysis and
/// recommendations. The American Statistician 37 (3), 242-247.
///
/// Examples
/// --------
/// >>> import eokernels, numpy as np
/// >>> mean, std, count = eokernels.temporal_stats(np.array([[1, 0], [5, 0], [3, 8]], dtype=np.uint16), nodata=0)
/// >>> mean, count
/// (array([3., 8.], dtype=float32), array([3, 1], dtype=int32))
#[pyfunction]
#[pyo3(
    signature = (x, axis=AxisArgument(0), ddof=Ddof(0), *, nodata=None, mask=None, dtype=None, out=None, num_threads=Threads(1)),
    text_signature = "(x, axis=0, ddof=0, *, nodata=None, mask=None, dtype=None, out=None, num_threads=1)"
)]
#[allow(clippy::missing_errors_doc, clippy::needless_pass_by_value, reason = "numpydoc, and the signature is Python's")]
pub fn temporal_stats<'py>(
    x: &Bound<'py, PyAny>,
    axis: AxisArgument,
    ddof: Ddof,
    nodata: Option<Nodata>,
    mask: Option<&Bound<'py, PyAny>>,
    dtype: Option<&Bound<'py, PyAny>>,
    out: Option<&Bound<'py, PyAny>>,
    num_threads: Threads,
) -> PyResult<Bound<'py, PyAny>> {
    guarded(|| {
        let shared = Shared { nodata, mask, dtype, out, num_threads };
        let call = StackCall::several(x, axis, &shared, [None, None, Some(Dtype::Int32)])?;
        by_dtype!(call.input(), call.dtype, compute(&call, ddof.0))
    })
}

fn compute<'py, K, O>(call: &StackCall<'py, 3>, ddof: usize) -> PyResult<Bound<'py, PyAny>>
where
    K: Summand + Typed,
    O: Real + Output + Typed,
{
    call.run::<K, O, O, i32>(|work, path, threads| {
        crate::kernels::temporal_stats::temporal_stats(work, ddof, path, threads)
    })
}
