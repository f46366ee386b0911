//! The driver of elementwise kernels: a formula on one element, applied to arrays.
//!
//! ```text
//! for each element: x = inputs as O
//!     out = NaN if any x == nodata, or the companion hides it, or it is masked; else formula(x)
//! ```
//!
//! Axes are simplified and the work is cut for threads; what is left is a few long rows. Where every operand's row is
//! contiguous one loop takes the whole row, and that loop is all the compiler has to vectorise: it has no branch, as the
//! formula is computed always and its result selected afterwards, which is sound as floating-point arithmetic does not
//! trap. Operands that are not contiguous, are broadcast or are the output itself are first copied to blocks in L1, so
//! that the same loop takes them too. Integers are widened as they are loaded, before anything is computed or compared.
//!
//! What is missing is found in the loop itself, which is faster than to hide it in a second pass over a block in L1.

use crate::drive::row::{Apply, Row};
use crate::errors::Error;
use crate::exec::par::{self, Divide};
use crate::exec::simd::{self, Path};
use crate::number::real::Real;
use crate::view::parts::{Sample, plane_of, plane_of_mut};
use crate::view::rows::{Operand, middle, simplify};
use ndarray::{ArrayViewD, ArrayViewMutD, Axis, Dimension};

/// A dtype of companions.
pub(crate) trait Companion: Copy + Default + Send + Sync + 'static {}

impl<T: Copy + Default + Send + Sync + 'static> Companion for T {}

/// What an elementwise kernel computes: one element of the output in O from one element of each of N inputs.
pub(crate) trait Formula<O, const N: usize>: Copy + Send + Sync {
    /// The dtype of an array beside the inputs that says which results are hidden; any where there is none.
    type Companion: Companion;
    /// Whether there is one, always; so no loop without it is compiled for a formula that has one.
    const HAS_COMPANION: bool = false;

    /// The result for one element; what every path must give bit for bit.
    fn value(self, inputs: [O; N]) -> O;

    /// Whether an element of the companion hides the result.
    #[inline(always)]
    fn hides(self, companion: Self::Companion) -> bool {
        let _ = companion;
        unreachable!("a formula that has a companion says what hides")
    }
}

/// N inputs and the output of a kernel. All arrays have the output's shape, broadcast where need be.
pub(crate) struct Bands<'a, I, O, const N: usize> {
    /// The inputs; None is one that `out` holds.
    pub inputs: [Option<ArrayViewD<'a, I>>; N],
    /// Not 0 where the result shall be NaN. Bytes, as `NumPy` can hold a bool that is neither 0 nor 1.
    pub mask: Option<ArrayViewD<'a, u8>>,
    /// Where the results go.
    pub out: ArrayViewMutD<'a, O>,
    /// A value of any input that makes the result NaN.
    pub nodata: Option<I>,
}

impl<I: Sample<O>, O: Real, const N: usize> Bands<'_, I, O, N> {
    /// Applies a formula to every element, on that many threads.
    ///
    /// # Errors
    ///
    /// Memory or threads cannot be had, or the call was interrupted.
    pub(crate) fn compute<F: Formula<O, N>>(
        self,
        formula: F,
        companion: Option<ArrayViewD<'_, F::Companion>>,
        path: Path,
        threads: usize,
    ) -> Result<(), Error> {
        self.each_row(companion, threads, &|row| simd::dispatch(path, Apply { formula, row }))
    }

    /// Calls `each` with every row, on that many threads. It is compiled once for all formulas on these types: a formula
    /// is all that differs in the loops, and that they are called through a pointer costs nothing a row.
    #[inline(never)]
    fn each_row<C: Companion>(
        self,
        companion: Option<ArrayViewD<'_, C>>,
        threads: usize,
        each: Each<'_, I, O, C, N>,
    ) -> Result<(), Error> {
        if self.out.is_empty() {
            return Ok(());
        }
        if Row::is_all_of(&self, companion.as_ref()) {
            return par::run(Row::of(self, companion.as_ref()), threads, &|mut row, _| each(&mut row));
        }
        let work = Work { bands: self, companion }.in_long_rows();
        par::run(work, threads, &|mut piece, _| piece.each_row(each))
    }
}

/// What is done with a row.
type Each<'e, I, O, C, const N: usize> = &'e (dyn Fn(&mut Row<'_, '_, I, O, C, N>) -> Result<(), Error> + Sync);

struct Work<'a, 'c, I, O, C, const N: usize> {
    bands: Bands<'a, I, O, N>,
    companion: Option<ArrayViewD<'c, C>>,
}

impl<I: Sample<O>, O: Real, C: Companion, const N: usize> Work<'_, '_, I, O, C, N> {
    fn in_long_rows(mut self) -> Self {
        let bands = &mut self.bands;
        let mut operands: Vec<&mut dyn Operand> = vec![&mut bands.out];
        operands.extend(bands.inputs.iter_mut().flatten().map(|input| input as &mut dyn Operand));
        operands.extend(self.companion.as_mut().map(|companion| companion as &mut dyn Operand));
        operands.extend(bands.mask.as_mut().map(|mask| mask as &mut dyn Operand));
        simplify(&mut operands);
        self
    }

    /// Walks the outer axes down to planes, and those down to rows.
    fn each_row(&mut self, each: Each<'_, I, O, C, N>) -> Result<(), Error> {
        let bands = &mut self.bands;
        let outer = bands.out.shape()[..bands.out.ndim().saturating_sub(2)].to_vec();
        for index in ndarray::indices(outer) {
            let index = index.slice();
            let inputs = bands.inputs.each_ref().map(|input| input.as_ref().map(|input| plane_of(input, index)));
            let companion = self.companion.as_ref().map(|companion| plane_of(companion, index));
            let mask = bands.mask.as_ref().map(|mask| plane_of(mask, index));
            for (y, out) in plane_of_mut(&mut bands.out, index).rows_mut().into_iter().enumerate() {
                let mut row = Row {
                    inputs: inputs.each_ref().map(|input| input.as_ref().map(|input| input.row(y))),
                    companion: companion.as_ref().map(|companion| companion.row(y)),
                    mask: mask.as_ref().map(|mask| mask.row(y)),
                    out,
                    nodata: bands.nodata,
                };
                each(&mut row)?;
            }
        }
        Ok(())
    }
}

impl<I: Sample<O>, O: Real, C: Companion, const N: usize> Divide for Work<'_, '_, I, O, C, N> {
    fn size(&self) -> usize {
        self.bands.out.len()
    }

    fn halve(self) -> (Self, Option<Self>) {
        let Some((axis, middle)) = middle(&self.bands.out, 1) else { return (self, None) };
        let (axis, Self { bands: Bands { mut inputs, mask, out, nodata }, companion }) = (Axis(axis), self);
        let (out, out_right) = out.split_at(axis, middle);
        let right = inputs.each_mut().map(|input| {
            let (left, right) = input.take().map(|input| input.split_at(axis, middle)).unzip();
            *input = left;
            right
        });
        let (mask, mask_right) = mask.map(|mask| mask.split_at(axis, middle)).unzip();
        let (companion, companion_right) = companion.map(|array| array.split_at(axis, middle)).unzip();
        let right = Bands { inputs: right, mask: mask_right, out: out_right, nodata };
        let right = Self { bands: right, companion: companion_right };
        (Self { bands: Bands { inputs, mask, out, nodata }, companion }, Some(right))
    }
}
