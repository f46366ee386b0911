//! What reductions over time write: one array over the pixels, or several.

use crate::number::dtypes::of_each_dtype;
use crate::view::parts::flat_mut;
use crate::view::rows::Operand;
use ndarray::{ArrayViewMut1, ArrayViewMutD, Axis, Ix1, s};
use std::ops::Range;

/// What a kernel writes: one array over the pixels, or several as a tuple.
pub trait Results: Sized + Send {
    /// The same for a row of pixels.
    type Row<'r>
    where
        Self: 'r;

    /// Its arrays, to be rearranged.
    fn operands(&mut self) -> Vec<&mut dyn Operand>;

    /// Whether each of its arrays lies in C order.
    fn is_in_order(&self) -> bool;

    /// The same as one row, if it lies in C order.
    #[must_use]
    fn flat(self) -> Self;

    /// Both parts.
    fn split_at(self, axis: Axis, at: usize) -> (Self, Self);

    /// The row at an index of all axes but the last.
    fn row(&mut self, index: &[usize]) -> Self::Row<'_>;

    /// Writes what a pixel without any date has.
    fn clear(&mut self);
}

/// A number of a result.
pub trait Output: Copy + Send + Sync + 'static {
    /// That of a pixel without any date.
    const EMPTY: Self;
}

macro_rules! output {
    (flag $($rest:tt)*) => {};
    (float $float:ident $($rest:tt)*) => {
        impl Output for $float {
            const EMPTY: Self = Self::NAN;
        }
    };
    ($kind:ident $count:ident $($rest:tt)*) => {
        impl Output for $count {
            const EMPTY: Self = 0;
        }
    };
}

of_each_dtype! { output }

impl<T: Output> Results for ArrayViewMutD<'_, T> {
    type Row<'r>
        = ArrayViewMut1<'r, T>
    where
        Self: 'r;

    fn operands(&mut self) -> Vec<&mut dyn Operand> {
        vec![self]
    }

    fn is_in_order(&self) -> bool {
        self.is_standard_layout()
    }

    fn flat(self) -> Self {
        flat_mut(self)
    }

    fn split_at(self, axis: Axis, at: usize) -> (Self, Self) {
        self.split_at(axis, at)
    }

    fn row(&mut self, index: &[usize]) -> ArrayViewMut1<'_, T> {
        let mut array = self.view_mut();
        index.iter().for_each(|&i| array.index_axis_inplace(Axis(0), i));
        let array = if array.ndim() == 0 { array.insert_axis(Axis(0)) } else { array };
        array.into_dimensionality::<Ix1>().expect("one axis is left")
    }

    fn clear(&mut self) {
        self.fill(T::EMPTY);
    }
}

impl<A: Results, B: Results, C: Results> Results for (A, B, C) {
    type Row<'r>
        = (A::Row<'r>, B::Row<'r>, C::Row<'r>)
    where
        Self: 'r;

    fn operands(&mut self) -> Vec<&mut dyn Operand> {
        let (a, b, c) = self;
        a.operands().into_iter().chain(b.operands()).chain(c.operands()).collect()
    }

    fn is_in_order(&self) -> bool {
        self.0.is_in_order() && self.1.is_in_order() && self.2.is_in_order()
    }

    fn flat(self) -> Self {
        (self.0.flat(), self.1.flat(), self.2.flat())
    }

    fn split_at(self, axis: Axis, at: usize) -> (Self, Self) {
        let ((a, a_right), (b, b_right)) = (self.0.split_at(axis, at), self.1.split_at(axis, at));
        let (c, c_right) = self.2.split_at(axis, at);
        ((a, b, c), (a_right, b_right, c_right))
    }

    fn row(&mut self, index: &[usize]) -> Self::Row<'_> {
        (self.0.row(index), self.1.row(index), self.2.row(index))
    }

    fn clear(&mut self) {
        self.0.clear();
        self.1.clear();
        self.2.clear();
    }
}

/// Writes the results of some pixels of a row; there may be more than pixels.
#[inline(always)]
pub(crate) fn store<T: Copy>(row: &mut ArrayViewMut1<'_, T>, pixels: Range<usize>, results: &[T]) {
    match row.as_slice_mut() {
        Some(row) => row[pixels.clone()].copy_from_slice(&results[..pixels.len()]),
        None => row.slice_mut(s![pixels]).iter_mut().zip(results).for_each(|(out, result)| *out = *result),
    }
}
