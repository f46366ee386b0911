//! scale * dn + offset, missing where a quality band says so.
//!
//! ```text
//! for each element: out = NaN if dn == nodata, or it is masked, or qa hides it; else dn * scale + offset
//!     keep:         qa hides what is not in the set of classes
//!     reject_bits:  qa hides what has one of the bits
//! ```
//!
//! `dn` is widened first; the product is rounded, then the sum. How a rule is asked without a branch is in `quality`.

use crate::drive::elementwise::{Bands, Formula};
use crate::drive::quality::{Nothing, Quality, Rule};
use crate::errors::Error;
use crate::exec::simd::Path;
use crate::number::real::Real;
use crate::view::parts::Sample;

/// The formula, with a rule for quality bands of dtype Q.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scaled<O, R, Q> {
    pub scale: O,
    pub offset: O,
    pub rule: R,
    pub quality: std::marker::PhantomData<Q>,
}

impl<O: Real, R: Rule<Q>, Q: Copy + Default + Send + Sync + 'static> Formula<O, 1> for Scaled<O, R, Q> {
    type Companion = Q;
    const HAS_COMPANION: bool = R::ASKS;

    #[inline(always)]
    fn value(self, [dn]: [O; 1]) -> O {
        dn * self.scale + self.offset
    }

    #[inline(always)]
    fn hides(self, quality: Q) -> bool {
        self.rule.hides(quality)
    }
}

/// Scales counts that neither `nodata`, a mask nor a quality band of the same shape hides, on that many threads.
///
/// # Errors
///
/// The threads cannot be started.
pub(crate) fn mask_and_scale<I: Sample<O>, O: Real>(
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
