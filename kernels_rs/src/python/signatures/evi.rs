//! `evi` as Python calls it: its signature, its documentation, and the call.

use crate::kernels::evi::Evi;
use crate::number::dtypes::Typed;
use crate::number::lanes::Key;
use crate::number::real::Real;
use crate::python::arguments::{AerosolBlue, AerosolRed, Canopy, Gain, MinDenominator, Nodata, Offset, Scale, Threads};
use crate::python::arrays::{SAMPLES, by_dtype, guarded};
use crate::python::bands::{BandCall, Shared};
use crate::python::counts::on_counts;
use crate::python::said::said;
use crate::view::parts::Sample;
use pyo3::prelude::*;

/// Enhanced vegetation index, G (nir - red) / (nir + C1 red - C2 blue + L).
///
/// Parameters
/// ----------
#[doc = said!(bands "nir, red, blue", "Near infrared, red and blue")]
/// G, C1, C2, L : float, default 2.5, 6.0, 7.5, 1.0
///     Gain, the aerosol terms' coefficients of red and blue, and the canopy background, in reflectance; finite.
///     The defaults are those of MODIS.
#[doc = said!(scale_and_offset)]
#[doc = said!(nodata "int or float, optional", ", in any band", "")]
#[doc = said!(mask "the result")]
/// min_denominator : float, default 0.0
///     Where the denominator, in reflectance, is not larger than this in absolute value, the result is NaN. It
///     crosses zero over bright targets, as clouds are, where the index is far out of its range: whoever wants
///     these hidden sets this or a mask.
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
#[doc = said!(index_notes "1 + C1 - C2")]
///
/// References
/// ----------
/// Huete, A., Didan, K., Miura, T., Rodriguez, E. P., Gao, X., Ferreira, L. G. (2002). Overview of the radiometric
/// and biophysical performance of the MODIS vegetation indices. Remote Sensing of Environment 83 (1-2), 195-213.
///
/// Examples
/// --------
/// >>> import eokernels, numpy as np
/// >>> eokernels.evi(np.array([0.5]), np.array([0.25]), np.array([0.125]))
/// array([0.3030303])
/// >>> nir, red, blue = (np.array([count], dtype=np.uint16) for count in (6000, 3500, 2250))
/// >>> eokernels.evi(nir, red, blue, scale=1e-4, offset=-0.1)
/// array([0.3030303], dtype=float32)
#[pyfunction]
#[pyo3(signature = (nir, red, blue, *, G=2.5, C1=6.0, C2=7.5, L=1.0, scale=None, offset=None, nodata=None, mask=None, min_denominator=0.0, dtype=None, out=None, num_threads=1))]
pub(crate) fn evi<'py>(
    nir: &Bound<'py, PyAny>,
    red: &Bound<'py, PyAny>,
    blue: &Bound<'py, PyAny>,
    #[pyo3(from_py_with = Gain::number)] G: f64,
    #[pyo3(from_py_with = AerosolRed::number)] C1: f64,
    #[pyo3(from_py_with = AerosolBlue::number)] C2: f64,
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
        let call = BandCall::new(["nir", "red", "blue"], [nir, red, blue], SAMPLES, &shared)?;
        let dtype = call.out.dtype;
        let constants = Evi {
            gain: Gain(G).in_dtype(dtype)?,
            c1: AerosolRed(C1).in_dtype(dtype)?,
            c2: AerosolBlue(C2).in_dtype(dtype)?,
            canopy: Canopy(L).in_dtype(dtype)?,
            min_denominator,
        };
        let constants = on_counts(constants, scale, offset, call.dtype(), dtype)?;
        by_dtype!(call.dtype(), dtype, compute(&call, constants))
    })
}

fn compute<'py, I, O>(call: &BandCall<'py, 3>, constants: Evi<f64>) -> PyResult<Bound<'py, PyAny>>
where
    I: Key + Sample<O> + Typed,
    O: Real + Typed,
{
    call.run::<I, O>(|bands, path, threads| crate::kernels::evi::evi(bands, constants, path, threads))
}
