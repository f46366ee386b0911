//! One row of an elementwise kernel: a formula on elements of which one stride leads from each to the next.
//!
//! Where every operand's row is contiguous one loop takes the whole row; else parts of it are copied to blocks in L1.
//! Arrays that are all in C order are one row as they are.

use crate::drive::elementwise::{Bands, Companion, Formula};
use crate::drive::fused::{Hidden, apply};
use crate::errors::Error;
use crate::exec::par::Divide;
use crate::exec::simd::{Gains, Task};
use crate::number::real::Real;
use crate::view::parts::{Gathered, Sample, block_of, is_contiguous, load, scatter};
use crate::view::room::Room;
use ndarray::{ArrayBase, ArrayView1, ArrayViewD, ArrayViewMut1, Axis};

/// The operands of a row, all of one length.
pub(crate) struct Row<'a, 'c, I, O, C, const N: usize> {
    /// None is one that `out` holds.
    pub inputs: [Option<ArrayView1<'a, I>>; N],
    pub companion: Option<ArrayView1<'c, C>>,
    pub mask: Option<ArrayView1<'a, u8>>,
    pub out: ArrayViewMut1<'a, O>,
    pub nodata: Option<I>,
}

impl<'a, 'c, I: Sample<O>, O: Real, C: Companion, const N: usize> Row<'a, 'c, I, O, C, N> {
    /// Whether arrays are all in C order, and so one row.
    pub(crate) fn is_all_of(bands: &Bands<'_, I, O, N>, companion: Option<&ArrayViewD<'_, C>>) -> bool {
        bands.out.is_standard_layout()
            && bands.inputs.iter().flatten().all(ArrayBase::is_standard_layout)
            && companion.is_none_or(ArrayBase::is_standard_layout)
            && bands.mask.as_ref().is_none_or(ArrayBase::is_standard_layout)
    }

    /// Such arrays as one row.
    ///
    /// # Panics
    ///
    /// They are not.
    pub(crate) fn of(bands: Bands<'a, I, O, N>, companion: Option<&ArrayViewD<'c, C>>) -> Self {
        let out = bands.out.into_slice().unwrap_or_else(|| unreachable!("it lies in C order"));
        Self {
            inputs: bands.inputs.each_ref().map(|input| input.as_ref().map(flat)),
            companion: companion.map(flat),
            mask: bands.mask.as_ref().map(flat),
            out: out.into(),
            nodata: bands.nodata,
        }
    }

    /// Whether nothing has to be copied: then one loop takes the whole row, which is faster than blocks.
    fn is_plain(&self) -> bool {
        self.inputs.iter().all(|input| input.as_ref().is_some_and(is_contiguous))
            && self.companion.as_ref().is_none_or(is_contiguous)
            && self.mask.as_ref().is_none_or(is_contiguous)
            && self.out.as_slice().is_some()
    }
}

/// The elements of an array in C order.
fn flat<'a, T>(array: &ArrayViewD<'a, T>) -> ArrayView1<'a, T> {
    array.to_slice().unwrap_or_else(|| unreachable!("it lies in C order")).into()
}

impl<I: Sample<O>, O: Real, C: Companion, const N: usize> Divide for Row<'_, '_, I, O, C, N> {
    fn size(&self) -> usize {
        self.out.len()
    }

    fn halve(mut self) -> (Self, Option<Self>) {
        let (axis, middle) = (Axis(0), self.out.len() / 2);
        if middle == 0 {
            return (self, None);
        }
        let (out, out_right) = self.out.split_at(axis, middle);
        let right = self.inputs.each_mut().map(|input| {
            let (left, right) = input.take().map(|input| input.split_at(axis, middle)).unzip();
            *input = left;
            right
        });
        let (mask, mask_right) = self.mask.map(|mask| mask.split_at(axis, middle)).unzip();
        let (companion, companion_right) = self.companion.map(|array| array.split_at(axis, middle)).unzip();
        let right = Self { inputs: right, companion: companion_right, mask: mask_right, out: out_right, ..self };
        (Self { companion, mask, out, ..self }, Some(right))
    }
}

/// A formula on a row: all that is compiled for every path.
pub(crate) struct Apply<'r, 'a, 'c, I, O, F: Formula<O, N>, const N: usize> {
    pub formula: F,
    pub row: &'r mut Row<'a, 'c, I, O, F::Companion, N>,
}

impl<I: Sample<O>, O: Real, F: Formula<O, N>, const N: usize> Task for Apply<'_, '_, '_, I, O, F, N> {
    type Output = Result<(), Error>;
    // Integers gain as more are widened at a time. Quotients of floats gain on AMD's processors and lose on Intel's
    // (`docs/decisions/0011`).
    const AVX512: Gains = if I::IS_FLOAT { Gains::OnAmd } else { Gains::Everywhere };

    #[inline(always)]
    fn run(self) -> Result<(), Error> {
        let Self { formula, row } = self;
        let length = row.out.len();
        let block = if row.is_plain() { length } else { block_of::<O>() };
        let mut input_blocks: [Gathered<I>; N] = std::array::from_fn(|_| Gathered::new());
        let (mut companion_block, mut mask_block, mut out_block) = (Gathered::new(), Gathered::new(), Room::new());
        for start in (0..length).step_by(block) {
            let range = start..length.min(start + block);
            let mut inputs: [&[I]; N] = [&[]; N];
            for ((part, input), block) in inputs.iter_mut().zip(&row.inputs).zip(&mut input_blocks) {
                *part = load(input.as_ref(), &row.out, &range, block)?;
            }
            let missing = Hidden {
                nodata: row.nodata.map(Sample::widen),
                companion: row.companion.as_ref().map(|row| companion_block.load(row, &range)).transpose()?,
                mask: row.mask.as_ref().map(|row| mask_block.load(row, &range)).transpose()?,
            };
            // One call for both, as there are four loops in it.
            let (results, scattered) = match row.out.as_slice_mut() {
                Some(out) => (&mut out[range.clone()], false),
                None => (out_block.make(range.len())?, true),
            };
            apply(formula, inputs, missing, results);
            if scattered {
                scatter(&out_block, &mut row.out, &range);
            }
        }
        Ok(())
    }
}
