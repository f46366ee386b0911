//! `temporal_max` as Python calls it: its signature, its documentation, and the call.

use crate::drive::temporal::Output;
use crate::number::dtypes::Typed;
use crate::number::lanes::Key;
use crate::number::real::Real;
use crate::python::arguments::{AxisArgument, Nodata, Threads};
use crate::python::arrays::{by_dtype, guarded};
use crate::python::bands::Shared;
use crate::python::said::said;
use crate::python::stacks::StackCall;
use pyo3::prelude::*;

/// Largest over one axis, usually time, of the values that are not missing.
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
///     In the unit of `x`, of its shape without `axis`: `out`, or a fresh array in C order. The value itself, and +0
///     for a zero of either sign. NaN where every value is missing or there are none; infinities are data. No warning
///     is ever given.
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
/// The time taken does not depend on which values are missing.
#[doc = said!(memory_and_gil " and twice what one series takes, whatever the shape")]
///
/// Examples
/// --------
/// >>> import eokernels, numpy as np
/// >>> eokernels.temporal_max(np.array([[1, 0], [5, 0], [3, 8]], dtype=np.uint16), nodata=0)
/// array([5., 8.], dtype=float32)
#[pyfunction]
#[pyo3(signature = (x, axis=0, *, nodata=None, mask=None, dtype=None, out=None, num_threads=1))]
pub(crate) fn temporal_max<'py>(
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
    K: Key + Typed,
    O: Real + Output + Typed + From<K>,
{
    call.run::<K, O>(crate::kernels::temporal_max::temporal_max)
}
