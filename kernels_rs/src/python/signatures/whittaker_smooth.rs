//! `whittaker_smooth` as Python calls it: its signature, its documentation, and the call.

use crate::algo::penalty::Penalty;
use crate::drive::temporal::Output;
use crate::number::dtypes::Typed;
use crate::number::lanes::Key;
use crate::number::real::Real;
use crate::python::arguments::{AxisArgument, Lmbda, Nodata, Order, Threads};
use crate::python::arrays::{by_dtype, guarded};
use crate::python::bands::Shared;
use crate::python::said::said;
use crate::python::series::SeriesCall;
use pyo3::prelude::*;

/// Series over one axis, usually time, smoothed and their gaps filled: Whittaker's smoother.
///
/// Parameters
/// ----------
/// y : numpy.ndarray of float32, float64, uint8, int16 or uint16
///     The stack, at least one dimension and 5 dates. Any strides (time first is fastest; a view with time last is read
///     tile by tile) and any address; it is never copied as a whole and never modified.
/// weights : numpy.ndarray of float32 or float64, optional
///     Of the values; broadcasts to the shape of `y`. A weight that is not above 0, or NaN, leaves its value out. By
///     default all are 1.
/// times : numpy.ndarray of real numbers, optional
///     Of the dates, one dimension, each later than the one before, in any unit. By default dates are one apart.
/// axis : int, default 0
///     The axis along which is smoothed.
/// lmbda : float
///     How much smoothness counts beside nearness to the values; above 0. Its unit depends on that of `times`.
/// d : int, default 2
///     The order of the differences that are penalised: 1, 2 or 3. Where nothing is known, gaps are filled by constants
///     (1), straight lines (2) or parabolas (3).
#[doc = said!(nodata)]
#[doc = said!(mask "`y`")]
#[doc = said!(dtype "the result", "a float stack", "Float stacks accept only their own")]
/// out : numpy.ndarray, optional
///     Takes the result; of its shape and dtype, any strides. It must not share memory with another array of the call.
#[doc = said!(num_threads)]
///
/// Returns
/// -------
/// numpy.ndarray of float32 or float64
///     In the unit of `y` and of its shape: `out`, or a fresh array. Missing values are filled. NaN in a whole series
///     that has fewer than `d` values, or an infinite value or weight that is not left out. No warning is ever given.
///
/// Raises
/// ------
#[doc = said!(type_error)]
/// ValueError
///     If shapes do not fit, `y` has no dimension or fewer than 5 dates, times do not increase, `out` is misaligned,
///     read-only or overlaps, or a number is out of its range.
#[doc = said!(no_memory_or_interrupted)]
///
/// Notes
/// -----
/// The result z minimises Σ w (y - z)² + lmbda Σ (Δ^d z)², w being 0 where a value is missing. All is computed in
/// float64 and rounded once. With `times`, Δ^d are divided differences that are not scaled: of second order
/// ((z[2] - z[1]) / (t[2] - t[1]) - (z[1] - z[0]) / (t[1] - t[0])) / (t[2] - t[0]); so times of 0, 1, 2, … give what
/// `lmbda` divided by the square of d! gives without.
///
/// Where a long series has only d values, next to each other, and all else is extrapolated, the result of third order is
/// right to four digits of its largest value, that of second order to nine. Times that lie very unevenly cost third order
/// digits too: with days 0.25 to 12 apart and an lmbda of 0.5 it was right to seven.
///
/// Beside arrays and result a call takes at most 64 MiB and twice what one series takes, whatever the shape. A tile of
/// series without gaps and weights takes less time. The GIL is released during the computation: other threads must not
/// write to the arrays meanwhile, or the result is undefined.
///
/// References
/// ----------
/// Eilers, P. H. C. (2003). A perfect smoother. Analytical Chemistry, 75(14), 3631-3636.
///
/// Examples
/// --------
/// >>> import eokernels, numpy as np
/// >>> eokernels.whittaker_smooth(np.array([1, 2, 0, 4, 0, 6.0]), nodata=0, lmbda=10)
/// array([1., 2., 3., 4., 5., 6.])
#[pyfunction]
#[pyo3(signature = (
    y, weights=None, times=None, axis=0, *, lmbda, d=2, nodata=None, mask=None, dtype=None, out=None, num_threads=1
))]
pub(crate) fn whittaker_smooth<'py>(
    y: &Bound<'py, PyAny>,
    weights: Option<&Bound<'py, PyAny>>,
    times: Option<&Bound<'py, PyAny>>,
    #[pyo3(from_py_with = AxisArgument::number)] axis: i128,
    lmbda: Lmbda,
    #[pyo3(from_py_with = Order::number)] d: usize,
    nodata: Option<Nodata>,
    mask: Option<&Bound<'py, PyAny>>,
    dtype: Option<&Bound<'py, PyAny>>,
    out: Option<&Bound<'py, PyAny>>,
    #[pyo3(from_py_with = Threads::number)] num_threads: usize,
) -> PyResult<Bound<'py, PyAny>> {
    guarded(|| {
        let shared = Shared { nodata, mask, dtype, out, num_threads: Threads(num_threads) };
        let call = SeriesCall::new(y, weights, times, AxisArgument(axis), &shared)?;
        by_dtype!(call.input(), call.dtype, compute(&call, lmbda.0, d))
    })
}

fn compute<'py, K, O>(call: &SeriesCall<'py>, lmbda: f64, order: usize) -> PyResult<Bound<'py, PyAny>>
where
    K: Key + Into<f64> + Typed,
    O: Real + Output + Typed,
{
    call.run::<K, O>(|work, times, path, threads| {
        let penalty = Penalty { lmbda, times };
        crate::kernels::whittaker_smooth::whittaker_smooth(work, penalty, order, path, threads)
    })
}
