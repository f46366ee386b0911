//! `zonal_moments` as Python calls it: its signature, its documentation, and the call.

use crate::drive::group::Grouped;
use crate::python::arguments::{Nodata, Threads, Zones};
use crate::python::arrays::{Dtype, by_dtype, guarded};
use crate::python::bands::Shared;
use crate::python::zones::ZoneCall;
use pyo3::prelude::*;

/// What statistics of zones can be put together from, of the values that are not missing.
///
/// The building block of statistics of images that come in parts; whoever has the whole image asks `zonal_stats`.
///
/// Parameters
/// ----------
/// values : numpy.ndarray of float32, float64, uint8, int16 or uint16
///     Of the shape of `zones`, or with more axes before those. It is never modified.
/// zones : numpy.ndarray of any integer dtype
///     The zone of every pixel; numbers that are not 0 … n_zones - 1 are none.
/// n_zones : int
///     How many zones there are.
/// nodata : number, optional
///     The value that marks missing data; floats mark it by NaN as well.
/// mask : numpy.ndarray of bool, optional
///     True where data are missing; broadcasts to the shape of `values`.
/// num_threads : int, default 1
///     Threads to use; the result has the same bits for every number.
///
/// Returns
/// -------
/// tuple of six numpy.ndarray
///     Fresh arrays in C order, as those of `zonal_stats`, with the sum of the squares of what each value differs from
///     the mean by in place of the standard deviation, and all but the number float64.
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
/// zonal_stats : The statistics of a whole image.
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
#[pyo3(signature = (values, zones, n_zones, *, nodata=None, mask=None, num_threads=1))]
pub(crate) fn zonal_moments<'py>(
    values: &Bound<'py, PyAny>,
    zones: &Bound<'py, PyAny>,
    n_zones: Zones,
    nodata: Option<Nodata>,
    mask: Option<&Bound<'py, PyAny>>,
    #[pyo3(from_py_with = Threads::number)] num_threads: usize,
) -> PyResult<Bound<'py, PyAny>> {
    guarded(|| {
        let shared = Shared { nodata, mask, dtype: None, out: None, num_threads: Threads(num_threads) };
        let call = ZoneCall::new(values, zones, &n_zones, &shared, Some(Dtype::Float64))?;
        by_dtype!(call.input(), call.input().output(None)?, compute(&call))
    })
}

/// O plays no part: the results are float64 whatever the input.
#[allow(clippy::extra_unused_type_parameters, reason = "`by_dtype` hands over both types")]
fn compute<'py, I: Grouped, O>(call: &ZoneCall<'py>) -> PyResult<Bound<'py, PyAny>> {
    call.run::<I, f64>(crate::kernels::zonal_stats::zonal_moments)
}
