//! `temporal_moments` as Python calls it: its signature, its documentation, and the call.

use crate::algo::sums::Summand;
use crate::number::dtypes::Typed;
use crate::python::arguments::{AxisArgument, Nodata, Threads};
use crate::python::arrays::{Dtype, by_dtype, guarded};
use crate::python::bands::Shared;
use crate::python::stacks::StackCall;
use pyo3::prelude::*;

/// Number, mean and sum of squared deviations from it, over one axis, of the values that are not missing.
///
/// The building block of statistics of stacks that come in parts; whoever has the whole stack asks `temporal_stats`.
///
/// Parameters
/// ----------
/// x : numpy.ndarray of float32, float64, uint8, int16 or uint16
///     The stack, or some dates of it; at least one dimension, any strides. It is never modified.
/// axis : int, default 0
///     The axis that is reduced.
/// nodata : number, optional
///     The value that marks missing data; floats mark it by NaN as well.
/// mask : numpy.ndarray of bool, optional
///     True where data are missing; broadcasts to the shape of `x`.
/// num_threads : int, default 1
///     Threads to use; the result has the same bits for every number.
///
/// Returns
/// -------
/// tuple of three numpy.ndarray
///     Fresh arrays in C order, of the shape of `x` without `axis`: the number of values, int32; their mean, float64;
///     and the sum of the squares of what each differs from it by, float64. Of no values 0, NaN and 0.
///
/// Raises
/// ------
/// TypeError
///     If an array is of a wrong kind or dtype, or a number is.
/// ValueError
///     If shapes do not fit, or a number is out of its range.
/// MemoryError
///     If the results or scratch memory cannot be had.
///
/// See Also
/// --------
/// temporal_stats : Mean, standard deviation and number of a whole stack.
///
/// Notes
/// -----
/// The GIL is released during the computation: other threads must not write to the arrays meanwhile, or the result is
/// undefined.
///
/// References
/// ----------
/// Chan, T. F., Golub, G. H., LeVeque, R. J. (1983). Algorithms for computing the sample variance: analysis and
/// recommendations. The American Statistician, 37(3), 242-247.
#[pyfunction]
#[pyo3(signature = (x, axis=0, *, nodata=None, mask=None, num_threads=1))]
pub(crate) fn temporal_moments<'py>(
    x: &Bound<'py, PyAny>,
    #[pyo3(from_py_with = AxisArgument::number)] axis: i128,
    nodata: Option<Nodata>,
    mask: Option<&Bound<'py, PyAny>>,
    #[pyo3(from_py_with = Threads::number)] num_threads: usize,
) -> PyResult<Bound<'py, PyAny>> {
    guarded(|| {
        let shared = Shared { nodata, mask, dtype: None, out: None, num_threads: Threads(num_threads) };
        let call = StackCall::several(
            x,
            AxisArgument(axis),
            &shared,
            [Some(Dtype::Int32), Some(Dtype::Float64), Some(Dtype::Float64)],
        )?;
        by_dtype!(call.input(), call.dtype, compute(&call))
    })
}

/// O plays no part: the results are float64 whatever the input.
#[allow(clippy::extra_unused_type_parameters, reason = "`by_dtype` hands over both types")]
fn compute<'py, K: Summand + Typed, O>(call: &StackCall<'py, 3>) -> PyResult<Bound<'py, PyAny>> {
    call.run::<K, i32, f64, f64>(crate::kernels::temporal_moments::temporal_moments)
}
