//! Reductions over time of stacks that lie anyhow in memory.
//!
//! ```text
//! a stack that can be viewed: one call on the view
//! otherwise: pieces for the threads, cut in blocks of all dates of some pixels; of every block
//!     copy the stack, view the mask and the results;  one call on these
//! ```
//!
//! The stack is never copied as a whole, unless it is one series. Pixels do not meet, so results do not depend on how
//! they are cut. Where few copies fit, as every series is long, blocks follow each other and the kernel has the threads.

use crate::drive::temporal::{Results, Work};
use crate::errors::Error;
use crate::exec::par::{self, Divide};
use crate::exec::simd::Path;
use crate::number::dtypes::Typed;
use crate::number::lanes::{Key, Missing};
use crate::view::raw::Raw;
use crate::view::rows::{Operand, Stack, middle, simplify};
use ndarray::Axis;

/// Bytes of a block, if that is not less than a pixel.
const BLOCK_BYTES: usize = 1 << 20;
/// Bytes that the blocks of all threads may take together.
const MOST_BYTES: usize = 1 << 25;
/// Pixels at multiples of which blocks are cut, where they are large enough.
const WHOLE: usize = 128;

/// The arrays of a call.
pub(crate) struct Arrays<'a, R> {
    /// Axis 0 is time, the others are those of `out`.
    pub x: Raw<'a>,
    /// Of the shape of `x`; True where a value is missing.
    pub mask: Option<Raw<'a>>,
    pub out: R,
}

/// What calls a reduction. A pointer, so that this is compiled once for all kernels on these types.
pub(crate) type Kernel<'k, K, R> = &'k (dyn Fn(Work<'_, K, R>, Path, usize) -> Result<(), Error> + Sync + 'k);

/// Calls `kernel` with all pixels, on that many threads.
///
/// # Errors
///
/// What `kernel` returns, or the memory for copies cannot be had.
pub(crate) fn run<K: Key + Typed, R: Results>(
    mut arrays: Arrays<'_, R>,
    missing: Missing<K>,
    path: Path,
    threads: usize,
    kernel: Kernel<'_, K, R>,
) -> Result<(), Error> {
    if arrays.x.is_regular() {
        return arrays.call(missing, &mut Vec::new(), path, threads, kernel);
    }
    arrays = arrays.simplified();
    let series = arrays.x.length(0).saturating_mul(size_of::<K>());
    let (outer, inner) =
        if series.max(BLOCK_BYTES).saturating_mul(threads) <= MOST_BYTES { (threads, 1) } else { (1, threads) };
    par::run(arrays, outer, &|piece, watch| {
        piece.by_blocks(&mut Vec::new(), &mut |block, room| {
            watch.check()?;
            block.call(missing, room, path, inner, kernel)
        })
    })
}

impl<R: Results> Arrays<'_, R> {
    /// Rearranged for long rows, as `temporal` does with views.
    fn simplified(self) -> Self {
        let (mut x, mut mask, mut out) = (Stack(self.x), self.mask.map(Stack), self.out);
        let mut operands: Vec<&mut dyn Operand> = vec![&mut x];
        operands.extend(out.operands());
        operands.extend(mask.as_mut().map(|mask| mask as &mut dyn Operand));
        simplify(&mut operands);
        Self { x: x.0, mask: mask.map(|mask| mask.0), out }
    }

    /// Calls `kernel` once; a stack that cannot be viewed is copied first.
    fn call<K: Key + Typed>(
        self,
        missing: Missing<K>,
        room: &mut Vec<K>,
        path: Path,
        threads: usize,
        kernel: Kernel<'_, K, R>,
    ) -> Result<(), Error> {
        let x = match self.x.view() {
            Some(x) => x,
            None => self.x.copied(room)?,
        };
        // A byte is never misaligned.
        let mask = self.mask.as_ref().and_then(Raw::view);
        kernel(Work { x, mask, missing, out: self.out }, path, threads)
    }

    /// Calls `each` with blocks, in halves of halves.
    fn by_blocks<K>(
        self,
        room: &mut Vec<K>,
        each: &mut impl FnMut(Self, &mut Vec<K>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.x.len() * self.x.dtype().size() <= BLOCK_BYTES {
            return each(self, room);
        }
        let (left, right) = self.halve();
        let Some(right) = right else { return each(left, room) };
        left.by_blocks(room, each)?;
        right.by_blocks(room, each)
    }

    /// Where to cut: at whole lanes if that is possible.
    fn middle(&self) -> Option<(usize, usize)> {
        let pixels = Stack(self.x.clone());
        middle(&pixels, WHOLE).or_else(|| middle(&pixels, 1))
    }
}

impl<R: Results> Divide for Arrays<'_, R> {
    fn size(&self) -> usize {
        self.x.len()
    }

    fn halve(self) -> (Self, Option<Self>) {
        let Some((axis, middle)) = self.middle() else { return (self, None) };
        let Self { x, mask, out } = self;
        let (out, out_right) = out.split_at(Axis(axis), middle);
        let (x, x_right) = x.split_at(axis + 1, middle);
        let (mask, mask_right) = mask.map(|mask| mask.split_at(axis + 1, middle)).unzip();
        (Self { x, mask, out }, Some(Self { x: x_right, mask: mask_right, out: out_right }))
    }
}
