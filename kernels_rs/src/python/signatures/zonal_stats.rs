//! `zonal_stats` as Python calls it: its signature, its documentation, and the call.

use crate::drive::group::Grouped;
use crate::number::dtypes::Typed;
use crate::number::real::Real;
use crate::python::arguments::{Nodata, Threads, Zones};
use crate::python::arrays::{by_dtype, guarded};
use crate::python::bands::Shared;
use crate::python::said::said;
use crate::python::zones::ZoneCall;
use pyo3::prelude::*;

/// Number, sum, mean, least, largest and standard deviation of the values of every zone that are not missing.
///
/// Parameters
/// ----------
/// values : numpy.ndarray of float32, float64, uint8, int16 or uint16
///     Of the shape of `zones`, or with more axes before those, as a stack with time first has; each index of these
///     is a map of its own. Any strides and any address; it is never copied as a whole and never modified.
/// zones : numpy.ndarray of any integer dtype
///     The zone of every pixel, 0 … n_zones - 1; a pixel with any other number belongs to none. Any strides and any
///     address.
/// n_zones : int
///     How many zones there are, at most 2147483647; no pixel needs to be in one.
#[doc = said!(nodata)]
#[doc = said!(mask "`values`")]
/// dtype : numpy.dtype, optional
///     float32 or float64, of all results but the number. By default that of float values, and float32 for integers.
///     Float values accept only their own.
/// out : tuple of six numpy.ndarray, optional
///     Takes the results: number, sum, mean, least, largest, deviation; of their shape and dtypes, any strides. They
///     must not share memory with each other, with `values`, `zones` or `mask`.
#[doc = said!(num_threads)]
///
/// Returns
/// -------
/// tuple of six numpy.ndarray
///     `out`, or fresh arrays in C order, of the shape of the axes that `values` has before those of `zones`, and
///     `n_zones`: the number of values, int64; their sum, mean, least, largest and standard deviation (ddof 0),
///     float32 or float64. Of no value the number and the sum are 0 and the others NaN. Infinities are data; the
///     deviation is NaN then. No warning is ever given.
///
/// Raises
/// ------
#[doc = said!(type_error ", a number is of a wrong kind, or `out` is no tuple")]
/// ValueError
///     If shapes do not fit, `out` is misaligned, read-only or overlaps, or a number is out of its range.
#[doc = said!(no_memory_or_interrupted)]
///
/// See Also
/// --------
/// temporal_stats : The same of every pixel over time.
///
/// Notes
/// -----
/// With n values x of a zone, and a pivot p that is one of the first of them, the sum is n p + S and the deviation
/// sqrt((Q - S S / n) / n), where S is the sum of x - p and Q that of its square: an offset that all values share
/// costs no digit. Large images are taken in slices, whose number depends on the shape and on `n_zones` alone, and
/// what is known of two slices is put together as Chan, Golub and LeVeque say. All is computed in float64 and rounded
/// once; sums of integers are exact below 2**53. The order in which pixels are added is that in which they lie in
/// memory, so that another layout of the same image may change the last digits. A deviation whose square is beyond
/// float64 is infinite.
///
/// Beside arrays and results a call takes at most 64 MiB and twice what the results of one map take. Millions of zones
/// leave room for one slice, and so for one thread. The GIL is released during the computation: other threads must
/// not write to the arrays meanwhile, or the result is undefined.
///
/// References
/// ----------
/// Chan, T. F., Golub, G. H., LeVeque, R. J. (1983). Algorithms for computing the sample variance: analysis and
/// recommendations. The American Statistician 37 (3), 242-247.
///
/// Examples
/// --------
/// >>> import eokernels, numpy as np
/// >>> values = np.array([[1, 2, 3], [np.nan, 5, np.nan]])
/// >>> count, total, mean, low, high, std = eokernels.zonal_stats(values, np.array([[0, 0, 2], [2, 2, 1]]), 3)
/// >>> count, mean
/// (array([2, 0, 2]), array([1.5, nan, 4. ]))
#[pyfunction]
#[pyo3(signature = (values, zones, n_zones, *, nodata=None, mask=None, dtype=None, out=None, num_threads=1))]
pub(crate) fn zonal_stats<'py>(
    values: &Bound<'py, PyAny>,
    zones: &Bound<'py, PyAny>,
    n_zones: Zones,
    nodata: Option<Nodata>,
    mask: Option<&Bound<'py, PyAny>>,
    dtype: Option<&Bound<'py, PyAny>>,
    out: Option<&Bound<'py, PyAny>>,
    #[pyo3(from_py_with = Threads::number)] num_threads: usize,
) -> PyResult<Bound<'py, PyAny>> {
    guarded(|| {
        let shared = Shared { nodata, mask, dtype, out, num_threads: Threads(num_threads) };
        let call = ZoneCall::new(values, zones, &n_zones, &shared, None)?;
        by_dtype!(call.input(), call.dtype, compute(&call))
    })
}

fn compute<'py, I: Grouped, O: Real + Typed>(call: &ZoneCall<'py>) -> PyResult<Bound<'py, PyAny>> {
    call.run::<I, O>(crate::kernels::zonal_stats::zonal_stats)
}
