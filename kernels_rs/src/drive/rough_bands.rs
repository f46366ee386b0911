//! Elementwise kernels on arrays that lie anyhow in memory.
//!
//! ```text
//! every array can be viewed, and the kernel knows what is asked of the quality band: one call on views of all
//! otherwise: pieces for the threads, cut in blocks of BLOCK pixels; of every block
//!     copy the arrays that are misaligned, judge the quality band, view the rest;  one call on these
//! ```
//!
//! No array is ever copied as a whole. Pixels do not meet, so results do not depend on how they are cut.

use crate::drive::elementwise::Bands;
use crate::drive::judge::Asked;
use crate::drive::quality::Quality;
use crate::errors::Error;
use crate::exec::par::{self, Divide};
use crate::exec::simd::Path;
use crate::number::dtypes::Typed;
use crate::number::real::Real;
use crate::view::parts::Sample;
use crate::view::raw::Raw;
use crate::view::rows::{Operand, middle, simplify};
use ndarray::{ArrayViewMutD, Axis};

/// Pixels of a block: three bands of float64 and their results are 512 KiB.
const BLOCK: usize = 1 << 14;

/// The arrays of a call, all of the output's shape.
pub(crate) struct Arrays<'a, O, const N: usize> {
    /// The inputs; None is one that `out` holds.
    pub inputs: [Option<Raw<'a>>; N],
    /// True where the result shall be NaN.
    pub mask: Option<Raw<'a>>,
    /// A band that hides what `Rules::asked` says.
    pub quality: Option<Raw<'a>>,
    pub out: ArrayViewMutD<'a, O>,
}

/// What makes results NaN beside the mask.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'r, I> {
    pub nodata: Option<I>,
    pub asked: Option<&'r Asked>,
}

/// What calls an elementwise kernel. A pointer, so that this is compiled once for all kernels on these types.
pub(crate) type Kernel<'k, I, O, const N: usize> =
    &'k (dyn Fn(Bands<'_, I, O, N>, Quality<'_>, Path, usize) -> Result<(), Error> + Sync + 'k);

/// Calls `kernel` with all pixels, on that many threads.
///
/// # Errors
///
/// What `kernel` returns, or the memory for copies cannot be had.
pub(crate) fn run<I: Sample<O> + Typed, O: Real, const N: usize>(
    arrays: &mut Arrays<'_, O, N>,
    rules: Rules<'_, I>,
    path: Path,
    threads: usize,
    kernel: Kernel<'_, I, O, N>,
) -> Result<(), Error> {
    if arrays.lie_well(rules.asked) {
        return arrays.call(rules, &mut Scratch::new(), path, threads, kernel);
    }
    let mut rows = arrays.again();
    let Arrays { inputs, mask, quality, out } = &mut rows;
    let mut operands: Vec<&mut dyn Operand> = vec![out];
    let others = inputs.iter_mut().chain([mask, quality]).flatten();
    operands.extend(others.map(|raw| raw as &mut dyn Operand));
    simplify(&mut operands);
    par::run(rows, threads, &|piece, watch| {
        piece.by_blocks(&mut Scratch::new(), &mut |mut block, scratch| {
            watch.check()?;
            block.call(rules, scratch, path, 1, kernel)
        })
    })
}

/// Room for copies of a block.
struct Scratch<I, const N: usize> {
    inputs: [Vec<I>; N],
    hidden: Vec<u8>,
}

impl<I, const N: usize> Scratch<I, N> {
    fn new() -> Self {
        Self { inputs: [const { Vec::new() }; N], hidden: Vec::new() }
    }
}

impl<O: Real, const N: usize> Arrays<'_, O, N> {
    /// The same arrays, to be rearranged.
    fn again(&mut self) -> Arrays<'_, O, N> {
        let Self { inputs, mask, quality, out } = self;
        Arrays { inputs: inputs.clone(), mask: mask.clone(), quality: quality.clone(), out: out.view_mut() }
    }

    /// Whether nothing has to be copied.
    fn lie_well(&self, asked: Option<&Asked>) -> bool {
        let quality = self.quality.as_ref().zip(asked);
        self.inputs.iter().flatten().all(Raw::is_regular)
            && quality.is_none_or(|(band, asked)| asked.as_it_lies(band).is_some())
            || self.out.is_empty()
    }

    /// Calls `kernel` once; what cannot be viewed is copied first.
    fn call<I: Sample<O> + Typed>(
        &mut self,
        rules: Rules<'_, I>,
        scratch: &mut Scratch<I, N>,
        path: Path,
        threads: usize,
        kernel: Kernel<'_, I, O, N>,
    ) -> Result<(), Error> {
        if self.out.is_empty() {
            return Ok(());
        }
        let mut inputs = [const { None }; N];
        for ((view, raw), room) in inputs.iter_mut().zip(&self.inputs).zip(&mut scratch.inputs) {
            let Some(raw) = raw else { continue };
            *view = Some(match raw.view() {
                Some(view) => view,
                None => raw.copied(room)?,
            });
        }
        let quality = match (&self.quality, rules.asked) {
            (Some(band), Some(asked)) => match asked.as_it_lies(band) {
                Some(quality) => quality,
                None => asked.judged(band, path, &mut scratch.hidden)?,
            },
            _ => Quality::None,
        };
        // A byte is never misaligned.
        let mask = self.mask.as_ref().and_then(Raw::view);
        kernel(Bands { inputs, mask, out: self.out.view_mut(), nodata: rules.nodata }, quality, path, threads)
    }

    /// Calls `each` with blocks, in halves of halves.
    fn by_blocks<I>(
        self,
        scratch: &mut Scratch<I, N>,
        each: &mut impl FnMut(Self, &mut Scratch<I, N>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.size() <= BLOCK {
            return each(self, scratch);
        }
        let (left, right) = self.halve();
        left.by_blocks(scratch, each)?;
        right.map_or(Ok(()), |right| right.by_blocks(scratch, each))
    }
}

impl<O: Real, const N: usize> Divide for Arrays<'_, O, N> {
    fn size(&self) -> usize {
        self.out.len()
    }

    fn halve(self) -> (Self, Option<Self>) {
        let Some((axis, middle)) = middle(&self.out, 1) else { return (self, None) };
        let Self { mut inputs, mask, quality, out } = self;
        let (out, out_right) = out.split_at(Axis(axis), middle);
        let right = inputs.each_mut().map(|input| {
            let (left, right) = input.take().map(|input| input.split_at(axis, middle)).unzip();
            *input = left;
            right
        });
        let (mask, mask_right) = mask.map(|mask| mask.split_at(axis, middle)).unzip();
        let (quality, quality_right) = quality.map(|quality| quality.split_at(axis, middle)).unzip();
        let right = Self { inputs: right, mask: mask_right, quality: quality_right, out: out_right };
        (Self { inputs, mask, quality, out }, Some(right))
    }
}
