//! scale * dn + offset, missing where a quality band says so.
//!
//! ```text
//! for each element: out = NaN if dn == nodata, or it is masked, or qa hides it; else dn * scale + offset
//!     keep:         qa hides what is not in the set of classes
//!     reject_bits:  qa hides what has one of the bits
//! ```
//!
//! `dn` is widened first; the product is rounded, then the sum. How a rule is asked without a branch is in `quality`.

use crate::elementwise::{Bands, Formula};
use crate::errors::Error;
use crate::parts::Sample;
use crate::quality::{Bits, Classes, Nothing, Rule};
use crate::real::Real;
use crate::simd::Path;
use ndarray::ArrayViewD;

/// The formula, with a rule for quality bands of dtype Q.
#[derive(Clone, Copy, Debug)]
pub struct Scaled<O, R, Q> {
    pub scale: O,
    pub offset: O,
    pub rule: R,
    pub quality: std::marker::PhantomData<Q>,
}

impl<O: Real, R: Rule<Q>, Q: Copy + Default + Send + Sync + 'static> Formula<O, 1> for Scaled<O, R, Q> {
    type Companion = Q;

    #[inline(always)]
    fn value(self, [dn]: [O; 1]) -> O {
        dn * self.scale + self.offset
    }

    #[inline(always)]
    fn hides(self, quality: Q) -> bool {
        self.rule.hides(quality)
    }
}

/// A quality band and what of it hides.
#[derive(Clone)]
pub enum Quality<'a> {
    None,
    /// Classes that stay.
    Keep(ArrayViewD<'a, u8>, Classes),
    /// Bits any of which hides.
    Reject(ArrayViewD<'a, u8>, Bits<u8>),
    /// The same of a wider band.
    RejectWide(ArrayViewD<'a, u16>, Bits<u16>),
}

/// Scales counts that neither `nodata`, a mask nor a quality band of the same shape hides, on that many threads.
///
/// # Errors
///
/// The threads cannot be started.
pub fn mask_and_scale<I: Sample<O>, O: Real>(
    dn: Bands<'_, I, O, 1>,
    quality: Quality<'_>,
    [scale, offset]: [f64; 2],
    path: Path,
    threads: usize,
) -> Result<(), Error> {
    let (scale, offset) = (O::nearest(scale), O::nearest(offset));
    match quality {
        Quality::None => dn.compute(formula(scale, offset, Nothing), None, path, threads),
        Quality::Reject(qa, bits) => dn.compute(formula(scale, offset, bits), Some(qa), path, threads),
        Quality::RejectWide(qa, bits) => dn.compute(formula(scale, offset, bits), Some(qa), path, threads),
        Quality::Keep(qa, classes) => match classes.low() {
            Some(low) => dn.compute(formula(scale, offset, low), Some(qa), path, threads),
            None => dn.compute(formula(scale, offset, classes), Some(qa), path, threads),
        },
    }
}

fn formula<O, R, Q>(scale: O, offset: O, rule: R) -> Scaled<O, R, Q> {
    Scaled { scale, offset, rule, quality: std::marker::PhantomData }
}

#[cfg(feature = "python")]
pub mod python {
    use super::Quality;
    use crate::arguments::{Keep, Offset, RejectBits, Scale, Threads};
    use crate::arrays::{COUNTS, Dtype, Typed, by_counts};
    use crate::bands::{Call, Companion, Shared};
    use crate::errors::Error;
    use crate::lanes::Key;
    use crate::parts::Sample;
    use crate::quality::{Bits, Classes};
    use crate::real::Real;
    use pyo3::prelude::*;

    /// Raw counts to a physical quantity, scale dn + offset, and to NaN where a quality band says so.
    ///
    /// Parameters
    /// ----------
    /// dn : numpy.ndarray of uint8, int16 or uint16
    ///     Counts; at least one dimension. Any strides; they are never copied as a whole and never modified.
    /// scale : float
    ///     Physical unit per count; finite, not 0.
    /// offset : float
    ///     Physical value of a count of 0; finite. For Sentinel-2 L2A -0.1 since processing baseline 04.00, 0 before; for
    ///     Landsat Collection 2 surface reflectance -0.2, at a scale of 2.75e-5.
    /// nodata : int or None
    ///     The count that marks missing data; None says that all counts are data. It has to be said.
    /// qa : numpy.ndarray of uint8 or uint16, optional
    ///     A quality band; broadcasts to the shape of `dn`, as (T, 1, Y, X) does to (T, B, Y, X). It needs exactly one of
    ///     `keep` and `reject_bits`.
    /// keep : iterable of int, optional
    ///     The classes of a uint8 `qa`, 0 … 255, that stay; all others are missing. Of the scene classification of
    ///     Sentinel-2 (SCL) 4, 5, 6, 7 and 11 are vegetation, bare soil, water, unclassified and snow.
    /// reject_bits : int, optional
    ///     0 … 65535 (255 of a uint8 `qa`): a pixel any of whose bits is set in `qa` is missing. Of Landsat's QA_PIXEL
    ///     0b11111 are fill, dilated cloud, cirrus, cloud and cloud shadow; a confidence is told by its high bit.
    /// mask : numpy.ndarray of bool, optional
    ///     True where data are missing; broadcasts to the shape of `dn`.
    /// dtype : numpy.dtype, optional
    ///     float32 (default) or float64, of the result and the arithmetic.
    /// out : numpy.ndarray, optional
    ///     Takes the result; of its shape and dtype, any strides. It must not share memory with `dn`, `qa` or `mask`.
    /// num_threads : int, default 1
    ///     Threads to use; the result has the same bits for every number.
    ///
    /// Returns
    /// -------
    /// numpy.ndarray of float32 or float64
    ///     In the physical unit: `out`, or a fresh array in C order (in Fortran order where `dn` is). NaN where a count is
    ///     missing. Nothing is clipped: dark pixels may be negative, as the products' guides say.
    ///
    /// Raises
    /// ------
    /// TypeError
    ///     If an array is of a wrong kind or dtype (floats, a masked array, foreign byte order), `keep` goes with a `qa`
    ///     that is not uint8, or a number is of a wrong kind.
    /// ValueError
    ///     If shapes do not fit, an array is 0-dimensional or misaligned, `out` is read-only or overlaps, a number is out
    ///     of its range, or `qa`, `keep` and `reject_bits` are not given as said.
    ///
    /// Notes
    /// -----
    /// `scale` and `offset` are rounded to the dtype of the result, then the product is, then the sum. The GIL is released
    /// during the computation: other threads must not write to the arrays meanwhile, or the result is undefined.
    ///
    /// References
    /// ----------
    /// U.S. Geological Survey. Landsat 8-9 Collection 2 Level 2 Science Product Guide (LSDS-1619): QA_PIXEL, scale factors.
    /// European Space Agency. Sen2Cor Configuration and User Manual: scene classification.
    ///
    /// Examples
    /// --------
    /// >>> import eokernels, numpy as np
    /// >>> dn, scl = np.array([3000, 3000, 0], dtype=np.uint16), np.array([4, 9, 4], dtype=np.uint8)
    /// >>> eokernels.mask_and_scale(dn, scale=1e-4, offset=-0.1, nodata=0, qa=scl, keep={4, 5, 6})
    /// array([0.19999999,        nan,        nan], dtype=float32)
    #[pyfunction]
    #[pyo3(
        signature = (dn, *, scale, offset, nodata, qa=None, keep=None, reject_bits=None, mask=None, dtype=None, out=None, num_threads=Threads(1)),
        text_signature = "(dn, *, scale, offset, nodata, qa=None, keep=None, reject_bits=None, mask=None, dtype=None, out=None, num_threads=1)"
    )]
    #[allow(
        clippy::missing_errors_doc,
        clippy::needless_pass_by_value,
        reason = "numpydoc, and the signature is Python's"
    )]
    pub fn mask_and_scale<'py>(
        dn: &Bound<'py, PyAny>,
        scale: Scale,
        offset: Offset,
        nodata: Option<&Bound<'py, PyAny>>,
        qa: Option<&Bound<'py, PyAny>>,
        keep: Option<Keep>,
        reject_bits: Option<RejectBits>,
        mask: Option<&Bound<'py, PyAny>>,
        dtype: Option<&Bound<'py, PyAny>>,
        out: Option<&Bound<'py, PyAny>>,
        num_threads: Threads,
    ) -> PyResult<Bound<'py, PyAny>> {
        let shared = Shared { nodata, mask, dtype, out, num_threads };
        let call = Call::new(["dn"], [dn], COUNTS, &shared)?;
        let rule = Rule::new(&call, qa, keep, reject_bits)?;
        by_counts!(call.dtype(), call.out.dtype, compute(&call, &rule, [scale.0, offset.0]))?;
        Ok(call.into_object())
    }

    /// An admitted quality band with what is asked of it.
    enum Rule<'py> {
        None,
        Keep(Companion<'py>, Classes),
        Reject(Companion<'py>, u8),
        RejectWide(Companion<'py>, u16),
    }

    impl<'py> Rule<'py> {
        fn new(
            call: &Call<'py, 1>,
            qa: Option<&Bound<'py, PyAny>>,
            keep: Option<Keep>,
            reject_bits: Option<RejectBits>,
        ) -> PyResult<Self> {
            match (qa, keep, reject_bits) {
                (None, None, None) => Ok(Self::None),
                (Some(qa), Some(keep), None) => {
                    Ok(Self::Keep(call.companion("qa", qa, &[Dtype::Uint8])?, Classes::new(&keep.0)))
                }
                (Some(qa), None, Some(RejectBits(bits))) => {
                    let qa = call.companion("qa", qa, &[Dtype::Uint8, Dtype::Uint16])?;
                    match (qa.dtype(), u8::try_from(bits)) {
                        (Dtype::Uint16, _) => Ok(Self::RejectWide(qa, bits)),
                        (_, Ok(bits)) => Ok(Self::Reject(qa, bits)),
                        _ => Err(Error::value(format!("reject_bits is {bits}; of a qa of uint8 0 … 255 are accepted"))
                            .into()),
                    }
                }
                (None, ..) => Err(Error::value("keep or reject_bits is given and qa is not; they need it").into()),
                (Some(_), None, None) => Err(Error::value("qa is given; it needs one of keep and reject_bits").into()),
                (Some(_), Some(_), Some(_)) => {
                    Err(Error::value("keep and reject_bits are both given; qa takes one of them").into())
                }
            }
        }

        fn quality(&self) -> Quality<'_> {
            match self {
                Self::None => Quality::None,
                Self::Keep(qa, classes) => Quality::Keep(qa.view(), *classes),
                Self::Reject(qa, bits) => Quality::Reject(qa.view(), Bits(*bits)),
                Self::RejectWide(qa, bits) => Quality::RejectWide(qa.view(), Bits(*bits)),
            }
        }
    }

    fn compute<I, O>(call: &Call<'_, 1>, rule: &Rule<'_>, numbers: [f64; 2]) -> PyResult<()>
    where
        I: Key + Sample<O> + Typed,
        O: Real + Typed,
    {
        let quality = rule.quality();
        call.run::<I, O>(|bands, path, threads| super::mask_and_scale(bands, quality, numbers, path, threads))
    }
}
