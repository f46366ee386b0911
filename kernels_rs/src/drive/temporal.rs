//! What reductions over time share: a stack with its gaps, cut into pieces for threads and these into rows of pixels.
//!
//! ```text
//! move time to the front, rearrange the other axes for long rows (rows.rs)
//! cut in halves until there is a piece for every thread (par.rs)
//! each piece: for every row of pixels: the kernel
//! ```
//!
//! Pixels do not meet, so results do not depend on how they are cut. A kernel takes its rows in blocks of lanes
//! (`blocks.rs`) or in tiles (`tiles.rs`).

pub use crate::drive::results::Output;
pub(crate) use crate::drive::results::Results;
pub(crate) use crate::drive::results::store;
use crate::errors::Error;
use crate::exec::par::{self, Divide, Piece};
use crate::number::lanes::{Key, Missing};
use crate::view::rows::{Operand, Stack, middle, simplify};
use ndarray::{ArrayView2, ArrayViewD, Axis, Dimension, Ix2, IxDyn};

/// Work is cut at multiples of this many pixels, so that few blocks or tiles are cut.
const WHOLE: usize = 128;
/// Dates from which on a few pixels are a piece of work, and how many.
const LONG: usize = 4096;
const WHOLE_LONG: usize = 16;

/// Bytes of scratch that the threads of a call share; half of what a call may take.
const SCRATCH: usize = 32 << 20;

/// Bytes of scratch for one of that many threads.
#[must_use]
pub(crate) fn share(threads: usize) -> usize {
    SCRATCH / threads
}

/// A stack and where its reduction goes.
pub struct Work<'a, K, R> {
    /// Axis 0 is time, the others are those of `out`.
    pub x: ArrayViewD<'a, K>,
    /// Of the shape of `x`; not 0 where a value is missing. Bytes, as `NumPy` can hold a bool that is neither 0 nor 1.
    pub mask: Option<ArrayViewD<'a, u8>>,
    /// What else is missing.
    pub missing: Missing<K>,
    /// Where the results go.
    pub out: R,
}

/// A row of pixels through time.
pub(crate) struct PixelRow<'a, K> {
    /// (time, pixel).
    pub x: ArrayView2<'a, K>,
    /// Of the shape of `x`; not 0 where a value is missing.
    pub mask: Option<ArrayView2<'a, u8>>,
    /// What else is missing.
    pub missing: Missing<K>,
}

/// Calls `piece` with parts of `work` on that many threads.
///
/// # Errors
///
/// The threads cannot be started, or what `piece` returns.
pub(crate) fn reduce<'a, K: Key, R: Results>(
    mut work: Work<'a, K, R>,
    threads: usize,
    piece: Piece<'_, Work<'a, K, R>>,
) -> Result<(), Error> {
    if work.x.is_empty() {
        work.out.clear();
        return Ok(());
    }
    par::run(work.in_long_rows(), threads, piece)
}

impl<K: Key, R: Results> Divide for Work<'_, K, R> {
    fn size(&self) -> usize {
        self.x.len()
    }

    fn halve(self) -> (Self, Option<Self>) {
        let whole = if self.x.shape()[0] < LONG { WHOLE } else { WHOLE_LONG };
        let Some((axis, middle)) = middle(&Stack(self.x.view()), whole) else { return (self, None) };
        let Self { x, mask, missing, out } = self;
        let (out, out_right) = out.split_at(Axis(axis), middle);
        let (x, x_right) = x.split_at(Axis(axis + 1), middle);
        let (mask, mask_right) = mask.map(|mask| mask.split_at(Axis(axis + 1), middle)).unzip();
        (Self { x, mask, missing, out }, Some(Self { x: x_right, mask: mask_right, missing, out: out_right }))
    }
}

/// A stack in C order as one row of pixels; else as it is.
fn flat_stack<K>(stack: ArrayViewD<'_, K>) -> ArrayViewD<'_, K> {
    let (dates, pixels) = (stack.shape()[0], stack.shape()[1..].iter().product());
    match stack.to_slice().map(|values| ArrayView2::from_shape((dates, pixels), values)) {
        Some(Ok(rows)) => rows.into_dyn(),
        _ => stack,
    }
}

impl<'a, K: Key, R: Results> Work<'a, K, R> {
    /// Arrays that are all in C order are one row as they are, and small ones gain from it being said at once.
    fn in_long_rows(self) -> Self {
        let Self { x, mask, missing, mut out } = self;
        let in_order = |mask: &ArrayViewD<'_, u8>| mask.is_standard_layout();
        if x.is_standard_layout() && mask.as_ref().is_none_or(in_order) && out.is_in_order() {
            return Self { x: flat_stack(x), mask: mask.map(flat_stack), missing, out: out.flat() };
        }
        let (mut x, mut mask) = (Stack(x), mask.map(Stack));
        let mut operands: Vec<&mut dyn Operand> = vec![&mut x];
        operands.extend(out.operands());
        operands.extend(mask.as_mut().map(|mask| mask as &mut dyn Operand));
        simplify(&mut operands);
        Self { x: x.0, mask: mask.map(|mask| mask.0), missing, out }
    }

    /// Makes `axis` of the stack axis 0, where it has to be.
    #[cfg(test)]
    pub(crate) fn time_first(mut self, axis: usize) -> Self {
        for axis in (0..axis).rev() {
            self.x.swap_axes(axis, axis + 1);
            if let Some(mask) = &mut self.mask {
                mask.swap_axes(axis, axis + 1);
            }
        }
        self
    }

    /// The indices of all rows of pixels.
    pub(crate) fn rows(&self) -> impl Iterator<Item = IxDyn> + use<K, R> {
        let axes = &self.x.shape()[1..];
        ndarray::indices(axes[..axes.len().saturating_sub(1)].to_vec()).into_iter()
    }

    /// The row at an index, and that of its results.
    pub(crate) fn row(&mut self, index: &IxDyn) -> (PixelRow<'a, K>, R::Row<'_>) {
        let index = index.slice();
        let mask = self.mask.as_ref().map(|mask| row_of(mask, index));
        (PixelRow { x: row_of(&self.x, index), mask, missing: self.missing }, self.out.row(index))
    }
}

fn row_of<'a, T>(array: &ArrayViewD<'a, T>, index: &[usize]) -> ArrayView2<'a, T> {
    let mut array = array.clone();
    index.iter().for_each(|&i| array.index_axis_inplace(Axis(1), i));
    let array = if array.ndim() == 1 { array.insert_axis(Axis(1)) } else { array };
    array.into_dimensionality::<Ix2>().expect("time and one axis are left")
}
