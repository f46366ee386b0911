//! The loops of elementwise kernels over slices: all that the compiler has to vectorise.
//!
//! There is one loop for every set of things that make results NaN; whether a companion is among them the formula says. None has a branch: the formula is computed always and
//! its result selected afterwards.

use crate::drive::elementwise::Formula;
use crate::number::real::Real;
use crate::view::parts::Sample;

/// What makes elements of a part of a row NaN. `nodata` is compared after widening: that is exact, and all lanes are of
/// one width.
#[derive(Clone, Copy)]
pub(crate) struct Hidden<'a, O, C> {
    pub nodata: Option<O>,
    pub companion: Option<&'a [C]>,
    pub mask: Option<&'a [u8]>,
}

/// Picks the loop that looks for what there is to look for.
#[inline(always)]
pub(crate) fn apply<I: Sample<O>, O: Real, F: Formula<O, N>, const N: usize>(
    formula: F,
    inputs: [&[I]; N],
    missing: Hidden<'_, O, F::Companion>,
    out: &mut [O],
) {
    match (missing.nodata.is_some(), missing.mask.is_some()) {
        (false, false) => fused::<I, O, F, N, false, false>(formula, inputs, missing, out),
        (false, true) => fused::<I, O, F, N, false, true>(formula, inputs, missing, out),
        (true, false) => fused::<I, O, F, N, true, false>(formula, inputs, missing, out),
        (true, true) => fused::<I, O, F, N, true, true>(formula, inputs, missing, out),
    }
}

/// The loop. Operators on bool that do not branch keep it vectorisable.
#[inline(always)]
fn fused<I: Sample<O>, O: Real, F: Formula<O, N>, const N: usize, const NODATA: bool, const MASK: bool>(
    formula: F,
    inputs: [&[I]; N],
    missing: Hidden<'_, O, F::Companion>,
    out: &mut [O],
) {
    let length = out.len();
    let inputs = inputs.map(|input| &input[..length]);
    let nodata = missing.nodata.unwrap_or(O::NAN);
    let companion = if F::HAS_COMPANION { &missing.companion.unwrap_or_default()[..length] } else { &[] };
    let mask = if MASK { &missing.mask.unwrap_or_default()[..length] } else { &[] };
    for i in 0..length {
        let x = inputs.map(|input| input[i].widen());
        let mut gone = false;
        if NODATA {
            x.iter().for_each(|&x| gone |= x == nodata);
        }
        if F::HAS_COMPANION {
            gone |= formula.hides(companion[i]);
        }
        if MASK {
            gone |= mask[i] != 0;
        }
        let value = formula.value(x);
        out[i] = if gone { O::NAN } else { value };
    }
}
