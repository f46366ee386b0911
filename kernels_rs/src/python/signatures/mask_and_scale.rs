//! `mask_and_scale` as Python calls it: its signature, its documentation, and the call.

use crate::number::dtypes::Typed;
use crate::number::lanes::Key;
use crate::number::real::Real;
use crate::python::arguments::{Nodata, Offset, Scale, Threads};
use crate::python::arrays::{SAMPLES, by_dtype, guarded};
use crate::python::bands::{BandCall, Shared};
use crate::python::quality_arguments::QualityArguments;
use crate::python::said::said;
use crate::view::parts::Sample;
use pyo3::prelude::*;

/// Raw counts to a physical quantity, scale dn + offset, and to NaN where a quality band says so.
///
/// Parameters
/// ----------
/// dn : numpy.ndarray of float32, float64, uint8, int16 or uint16
///     Counts; as floats, which may hold NaN, where a reader has made them so. Any strides and any address; they
///     are never copied as a whole and never modified.
/// scale : float
///     Physical unit per count; finite, not 0.
/// offset : float
///     Physical value of a count of 0; finite. For Sentinel-2 L2A -0.1 since processing baseline 04.00, 0 before;
///     for Landsat Collection 2 surface reflectance -0.2, at a scale of 2.75e-5.
#[doc = said!(nodata "int or float or None", "", " None says that all\n    counts are data. It has to be said.")]
/// qa : numpy.ndarray of any integer dtype or bool, optional
///     A quality band; broadcasts to the shape of `dn`, as (T, 1, Y, X) does to (T, B, Y, X). It needs `keep`, or
///     one or both of `reject_bits` and `reject_fields`.
/// keep : iterable of int, optional
///     The classes that stay, each a number that the dtype of `qa` holds, at most 65536 of them; all others are
///     missing. Of the scene classification of Sentinel-2 (SCL) 4, 5, 6, 7 and 11 are vegetation, bare soil, water,
///     unclassified and snow.
/// reject_bits : int, optional
///     A pixel any of whose bits is set in `qa` is missing; 0 … 255 of 8 bits, and so on, of signed numbers in
///     two's complement. Of Landsat's QA_PIXEL 0b11111 are fill, dilated cloud, cirrus, cloud and cloud shadow; of
///     HLS's Fmask 0b1110 are cloud, what is next to it, and shadow.
/// reject_fields : mapping of int to iterable of int, optional
///     For fields of several bits: from the field's mask to those of its values, counted from 0, that are missing.
///     Medium and high cloud confidence of QA_PIXEL, bits 8 and 9, are {0b11 << 8: {2, 3}}; high aerosol of Fmask
///     is {0b11 << 6: {3}}; cloudy and mixed pixels of MODIS's state_1km, and average and high cirrus, are {0b11:
///     {1, 2}, 0b11 << 8: {2, 3}}.
#[doc = said!(mask "`dn`")]
#[doc = said!(dtype "the result and the arithmetic", "a float `dn`", "A float `dn` accepts only its own")]
/// out : numpy.ndarray, optional
///     Takes the result; of its shape and dtype, any strides. It may be exactly `dn` where this holds floats (in
///     place), but must not share memory with it in any other way, nor with `qa` or `mask`.
#[doc = said!(num_threads)]
///
/// Returns
/// -------
/// numpy.ndarray of float32 or float64
///     In the physical unit: `out`, or a fresh array in C order (in Fortran order where `dn` is); of a `dn` without
///     dimensions a NumPy scalar. NaN where a count is NaN or missing. Nothing is clipped: dark pixels may be
///     negative, as the products' guides say. No warning is ever given.
///
/// Raises
/// ------
#[doc = said!(type_error)]
/// ValueError
///     If shapes do not fit, `out` is misaligned, read-only or overlaps, a number is out of its range, or `qa`,
///     `keep`, `reject_bits` and `reject_fields` are not given as said.
#[doc = said!(no_memory_or_interrupted)]
///
/// Notes
/// -----
/// `scale` and `offset` are rounded to the dtype of the result, then the product is, then the sum.
#[doc = said!(constants)]
///
#[doc = said!(memory_and_gil)]
///
/// References
/// ----------
/// U.S. Geological Survey. Landsat 8-9 Collection 2 Level 2 Science Product Guide (LSDS-1619): QA_PIXEL, scale
/// factors.
///
/// European Space Agency. Sen2Cor Configuration and User Manual: scene classification.
///
/// National Aeronautics and Space Administration. Harmonized Landsat Sentinel-2 Product User Guide, version 2.0:
/// Fmask.
///
/// Vermote, E. F., Roger, J. C., Ray, J. P. (2015). MODIS Surface Reflectance User's Guide, Collection 6:
/// state_1km.
///
/// Examples
/// --------
/// >>> import eokernels, numpy as np
/// >>> dn, scl = np.array([3000, 3000, 0], dtype=np.uint16), np.array([4, 9, 4], dtype=np.uint8)
/// >>> eokernels.mask_and_scale(dn, scale=1e-4, offset=-0.1, nodata=0, qa=scl, keep={4, 5, 6})
/// array([0.19999999,        nan,        nan], dtype=float32)
/// >>> dn, confidence = np.full(4, 20000, dtype=np.uint16), np.arange(4, dtype=np.uint16) << 8
/// >>> unsure = {0b11 << 8: {2, 3}}
/// >>> eokernels.mask_and_scale(dn, scale=2.75e-5, offset=-0.2, nodata=0, qa=confidence, reject_fields=unsure)
/// array([0.35000002, 0.35000002,        nan,        nan], dtype=float32)
#[pyfunction]
#[pyo3(signature = (dn, *, scale, offset, nodata, qa=None, keep=None, reject_bits=None, reject_fields=None, mask=None, dtype=None, out=None, num_threads=1))]
pub(crate) fn mask_and_scale<'py>(
    dn: &Bound<'py, PyAny>,
    scale: Scale,
    offset: Offset,
    nodata: Option<Nodata>,
    qa: Option<&Bound<'py, PyAny>>,
    keep: Option<&Bound<'py, PyAny>>,
    reject_bits: Option<&Bound<'py, PyAny>>,
    reject_fields: Option<&Bound<'py, PyAny>>,
    mask: Option<&Bound<'py, PyAny>>,
    dtype: Option<&Bound<'py, PyAny>>,
    out: Option<&Bound<'py, PyAny>>,
    #[pyo3(from_py_with = Threads::number)] num_threads: usize,
) -> PyResult<Bound<'py, PyAny>> {
    guarded(|| {
        let quality = QualityArguments { qa, keep, reject_bits, reject_fields };
        let shared = Shared { nodata, mask, dtype, out, num_threads: Threads(num_threads) };
        let call = BandCall::new(["dn"], [dn], SAMPLES, &shared)?.with_quality(quality.read()?);
        let dtype = call.out.dtype;
        let numbers = [scale.in_dtype(dtype)?, offset.in_dtype(dtype)?];
        by_dtype!(call.dtype(), dtype, compute(&call, numbers))
    })
}

fn compute<'py, I, O>(call: &BandCall<'py, 1>, numbers: [f64; 2]) -> PyResult<Bound<'py, PyAny>>
where
    I: Key + Sample<O> + Typed,
    O: Real + Typed,
{
    call.run_with_quality::<I, O>(|bands, quality, path, threads| {
        crate::kernels::mask_and_scale::mask_and_scale(bands, quality, numbers, path, threads)
    })
}
