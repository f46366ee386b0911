//! What kernels from series to series write: an array of the stack's shape; and weights, which are cut as it is.

use crate::drive::results::{Output, Results};
use crate::view::raw::Raw;
use crate::view::rows::{Operand, Stack};
use ndarray::{ArrayViewMut2, ArrayViewMutD, Axis, Ix2};
use std::ops::Range;

/// Where the results of a stack go, and the weights of its values.
pub(crate) struct Series<'a, O> {
    /// Axis 0 is time, as it is of the stack.
    pub out: Stack<ArrayViewMutD<'a, O>>,
    /// Of the same shape, float32 or float64; read element by element, wherever they lie.
    pub weights: Option<Stack<Raw<'a>>>,
}

/// The same of a row of pixels: (time, pixel), of one pixel's weights time alone.
pub(crate) struct SeriesRow<'r, O> {
    pub(super) out: ArrayViewMut2<'r, O>,
    pub(super) weights: Option<Raw<'r>>,
}

impl<O: Output> Results for Series<'_, O> {
    type Row<'r>
        = SeriesRow<'r, O>
    where
        Self: 'r;

    fn operands(&mut self) -> Vec<&mut dyn Operand> {
        let mut operands: Vec<&mut dyn Operand> = vec![&mut self.out];
        operands.extend(self.weights.as_mut().map(|weights| weights as &mut dyn Operand));
        operands
    }

    fn is_in_order(&self) -> bool {
        // Weights go along with rearranged axes alone.
        self.out.0.is_standard_layout() && self.weights.is_none()
    }

    fn flat(self) -> Self {
        let out = self.out.0;
        let (dates, pixels) = (out.shape()[0], out.shape()[1..].iter().product::<usize>());
        let out = out.into_shape_with_order(vec![dates, pixels]).expect("it lies in C order");
        Self { out: Stack(out), weights: self.weights }
    }

    fn split_at(self, axis: Axis, at: usize) -> (Self, Self) {
        let (out, out_right) = self.out.0.split_at(Axis(axis.0 + 1), at);
        let (weights, weights_right) = self.weights.map(|weights| weights.0.split_at(axis.0 + 1, at)).unzip();
        let whole = |out, weights: Option<_>| Self { out: Stack(out), weights: weights.map(Stack) };
        (whole(out, weights), whole(out_right, weights_right))
    }

    fn row(&mut self, index: &[usize]) -> SeriesRow<'_, O> {
        let (mut out, mut weights) = (self.out.0.view_mut(), self.weights.as_ref().map(|weights| weights.0.clone()));
        for &i in index {
            out.index_axis_inplace(Axis(1), i);
            weights = weights.map(|weights| {
                let mut one = part(weights, 1, &(i..i + 1));
                one.remove(1);
                one
            });
        }
        if out.ndim() == 1 {
            out = out.insert_axis(Axis(1));
        }
        SeriesRow { out: out.into_dimensionality::<Ix2>().expect("time and one axis are left"), weights }
    }

    fn clear(&mut self) {
        self.out.0.fill(O::EMPTY);
    }
}

/// Those along an axis that are in a range.
pub(super) fn part<'a>(array: Raw<'a>, axis: usize, range: &Range<usize>) -> Raw<'a> {
    array.split_at(axis, range.start).1.split_at(axis, range.len()).0
}
