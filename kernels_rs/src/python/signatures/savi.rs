//! `savi` as Python calls it: its signature, its documentation, and the call.

use crate::kernels::savi::Savi;
use crate::number::dtypes::Typed;
use crate::number::lanes::Key;
use crate::number::real::Real;
use crate::python::arguments::{Canopy, MinDenominator, Nodata, Offset, Scale, Threads};
use crate::python::arrays::{SAMPLES, by_dtype, guarded};
use crate::python::bands::{BandCall, Shared};
use crate::python::counts::on_counts;
use crate::python::said::said;
use crate::view::parts::Sample;
use pyo3::prelude::*;

/// Soil-adjusted vegetation index, (1 + L) (nir - red) / (nir + red + L).
///
/// Parameters
/// ----------
#[doc = said!(bands "nir, red", "Near infrared and red")]
/// L : float, default 0.5
///     What adjusts for the brightness of soil, in reflectance; finite. 0 gives the NDVI.
#[doc = said!(scale_and_offset)]
#[doc = said!(nodata "int or float, optional", ", in either band", "")]
#[doc = said!(mask "the result")]
/// min_denominator : float, default 0.0
///     Where the denominator, in reflectance, is not larger than this in absolute value, the result is NaN.
#[doc = said!(dtype "the result and the arithmetic", "float bands", "Float bands accept only their own")]
#[doc = said!(out_of_bands)]
#[doc = said!(num_threads)]
///
/// Returns
/// -------
#[doc = said!(index)]
///
/// Raises
/// ------
#[doc = said!(index_errors)]
///
/// Notes
/// -----
#[doc = said!(index_notes "2")]
///
/// References
/// ----------
/// Huete, A. R. (1988). A soil-adjusted vegetation index (SAVI). Remote Sensing of Environment 25 (3), 295-309.
///
/// Examples
/// --------
/// >>> import eokernels, numpy as np
/// >>> eokernels.savi(np.array([0.5]), np.array([0.25]))
/// array([0.3])
/// >>> nir, red = np.array([6000], dtype=np.uint16), np.array([3500], dtype=np.uint16)
/// >>> eokernels.savi(nir, red, scale=1e-4, offset=-0.1)
/// array([0.3], dtype=float32)
#[pyfunction]
#[pyo3(signature = (nir, red, *, L=0.5, scale=None, offset=None, nodata=None, mask=None, min_denominator=0.0, dtype=None, out=None, num_threads=1))]
pub(crate) fn savi<'py>(
    nir: &Bound<'py, PyAny>,
    red: &Bound<'py, PyAny>,
    #[pyo3(from_py_with = Canopy::number)] L: f64,
    scale: Option<Scale>,
    offset: Option<Offset>,
    nodata: Option<Nodata>,
    mask: Option<&Bound<'py, PyAny>>,
    #[pyo3(from_py_with = MinDenominator::number)] min_denominator: f64,
    dtype: Option<&Bound<'py, PyAny>>,
    out: Option<&Bound<'py, PyAny>>,
    #[pyo3(from_py_with = Threads::number)] num_threads: usize,
) -> PyResult<Bound<'py, PyAny>> {
    guarded(|| {
        let shared = Shared { nodata, mask, dtype, out, num_threads: Threads(num_threads) };
        let call = BandCall::new(["nir", "red"], [nir, red], SAMPLES, &shared)?;
        let dtype = call.out.dtype;
        let soil = Canopy(L).in_dtype(dtype)?;
        let constants = Savi { factor: 1.0 + soil, soil, min_denominator };
        let constants = on_counts(constants, scale, offset, call.dtype(), dtype)?;
        by_dtype!(call.dtype(), dtype, compute(&call, constants))
    })
}

fn compute<'py, I, O>(call: &BandCall<'py, 2>, constants: Savi<f64>) -> PyResult<Bound<'py, PyAny>>
where
    I: Key + Sample<O> + Typed,
    O: Real + Typed,
{
    call.run::<I, O>(|bands, path, threads| crate::kernels::savi::savi(bands, constants, path, threads))
}
