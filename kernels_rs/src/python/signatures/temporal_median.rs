//! `temporal_median` as Python calls it: its signature, its documentation, and the call.

use crate::drive::temporal::Output;
use crate::kernels::temporal_median::{Method, Series};
use crate::number::dtypes::Typed;
use crate::number::real::Real;
use crate::python::arguments::{AxisArgument, Nodata, Threads};
use crate::python::arrays::{by_dtype, guarded};
use crate::python::bands::Shared;
use crate::python::said::said;
use crate::python::stacks::StackCall;
use pyo3::prelude::*;

/// Median over one axis, usually time, of the values that are not missing.
///
/// A cloud-masked stack becomes a composite: per pixel the middle of its valid observations.
///
/// Parameters
/// ----------
#[doc = said!(stack)]
#[doc = said!(nodata)]
#[doc = said!(mask "`x`")]
#[doc = said!(dtype "the result", "a float stack", "Float stacks accept only their own")]
/// out : numpy.ndarray, optional
///     Takes the result; of its shape and dtype, any strides. It must not share memory with `x` or `mask`.
#[doc = said!(num_threads)]
///
/// Returns
/// -------
/// numpy.ndarray of float32 or float64
///     In the unit of `x`, of its shape without `axis`: `out`, or a fresh array in C order. Of an even number of
///     values the median is half the one plus half the other in the middle, and the value itself where they are
///     equal. NaN where every value is missing or there are none; infinities are data. No warning is ever given.
///
/// Raises
/// ------
#[doc = said!(type_error)]
/// ValueError
///     If shapes do not fit, `x` has no dimension, `out` is misaligned, read-only or overlaps, or a number is out
///     of its range.
#[doc = said!(too_many_dates)]
#[doc = said!(no_memory_or_interrupted)]
///
/// Notes
/// -----
/// For up to a few hundred dates the time taken does not depend on which values are missing.
#[doc = said!(memory_and_gil " and twice what one series takes, whatever the shape")]
///
/// References
/// ----------
/// Batcher, K. E. (1968). Sorting networks and their applications. AFIPS Spring Joint Computer Conference, 307-314.
///
/// Examples
/// --------
/// >>> import eokernels, numpy as np
/// >>> eokernels.temporal_median(np.array([[1, 0], [5, 0], [3, 8]], dtype=np.uint16), nodata=0)
/// array([3., 8.], dtype=float32)
#[pyfunction]
#[pyo3(signature = (x, axis=0, *, nodata=None, mask=None, dtype=None, out=None, num_threads=1))]
pub(crate) fn temporal_median<'py>(
    x: &Bound<'py, PyAny>,
    #[pyo3(from_py_with = AxisArgument::number)] axis: i128,
    nodata: Option<Nodata>,
    mask: Option<&Bound<'py, PyAny>>,
    dtype: Option<&Bound<'py, PyAny>>,
    out: Option<&Bound<'py, PyAny>>,
    #[pyo3(from_py_with = Threads::number)] num_threads: usize,
) -> PyResult<Bound<'py, PyAny>> {
    guarded(|| {
        let call = StackCall::new(
            x,
            AxisArgument(axis),
            &Shared { nodata, mask, dtype, out, num_threads: Threads(num_threads) },
        )?;
        by_dtype!(call.input(), call.dtype, compute(&call))
    })
}

fn compute<'py, K, O>(call: &StackCall<'py, 1>) -> PyResult<Bound<'py, PyAny>>
where
    K: Series + Typed,
    O: Real + Output + From<K> + Typed,
{
    call.run::<K, O>(|work, path, threads| {
        let method = Method::fastest::<K>(work.x.shape()[0], work.out.len(), path, threads)?;
        crate::kernels::temporal_median::temporal_median(work, &method, path, threads)
    })
}
