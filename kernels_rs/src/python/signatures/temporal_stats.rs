//! `temporal_stats` as Python calls it: its signature, its documentation, and the call.

use crate::algo::sums::Summand;
use crate::drive::temporal::Output;
use crate::number::dtypes::Typed;
use crate::number::real::Real;
use crate::python::arguments::{AxisArgument, Ddof, Nodata, Threads};
use crate::python::arrays::{Dtype, by_dtype, guarded};
use crate::python::bands::Shared;
use crate::python::said::said;
use crate::python::stacks::StackCall;
use pyo3::prelude::*;

/// Mean, standard deviation and number, over one axis, usually time, of the values that are not missing.
///
/// Parameters
/// ----------
#[doc = said!(stack)]
/// ddof : int, default 0
///     What is taken from the number of values before the sum of squares is divided by it; 1 for a sample.
#[doc = said!(nodata)]
#[doc = said!(mask "`x`")]
#[doc = said!(dtype "mean and deviation", "a float stack", "Float stacks accept only their own")]
/// out : tuple of three numpy.ndarray, optional
///     Takes the results: mean, deviation, number; of their shape and dtypes, any strides. They must not share
///     memory with each other, with `x` or with `mask`.
#[doc = said!(num_threads)]
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
#[doc = said!(type_error ", a number is of a wrong kind, or `out` is no tuple")]
/// ValueError
///     If shapes do not fit, `x` has no dimension, `out` is misaligned, read-only or overlaps, or a number is out
///     of its range.
#[doc = said!(too_many_dates)]
#[doc = said!(no_memory_or_interrupted)]
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
/// The stack is read from memory once. The time taken does not depend on which values are missing.
#[doc = said!(memory_and_gil " and twice what one series takes, whatever the shape")]
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
#[pyo3(signature = (x, axis=0, ddof=0, *, nodata=None, mask=None, dtype=None, out=None, num_threads=1))]
pub(crate) fn temporal_stats<'py>(
    x: &Bound<'py, PyAny>,
    #[pyo3(from_py_with = AxisArgument::number)] axis: i128,
    #[pyo3(from_py_with = Ddof::number)] ddof: usize,
    nodata: Option<Nodata>,
    mask: Option<&Bound<'py, PyAny>>,
    dtype: Option<&Bound<'py, PyAny>>,
    out: Option<&Bound<'py, PyAny>>,
    #[pyo3(from_py_with = Threads::number)] num_threads: usize,
) -> PyResult<Bound<'py, PyAny>> {
    guarded(|| {
        let shared = Shared { nodata, mask, dtype, out, num_threads: Threads(num_threads) };
        let call = StackCall::several(x, AxisArgument(axis), &shared, [None, None, Some(Dtype::Int32)])?;
        by_dtype!(call.input(), call.dtype, compute(&call, ddof))
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
