//! How strided arrays become long rows: the one place that thinks about axes.
//!
//! ```text
//! drop axes of length 1
//! invert the axes along which the first operand runs backwards
//! sort the axes by stride, so that the innermost moves least in memory
//! merge neighbouring axes that one stride can walk, in every operand
//! ```
//!
//! Elementwise kernels and reductions over one other axis don't care in which order pixels come, so C, Fortran,
//! transposed, reversed and contiguous arrays of any dimension all become one long row, and a window of a larger array
//! one row per line. All steps are applied to every operand alike; only metadata changes, no element is copied.

use ndarray::{ArrayBase, Axis, Data, IxDyn};

/// An innermost axis shorter than this changes places with a much longer one.
const SHORT: usize = 32;

/// Rows from which on they are shared out, and none is cut.
const MANY: usize = 32;

/// An array whose axes can be rearranged together with those of others.
pub trait Operand {
    /// How many axes it shares with the others.
    fn axes(&self) -> usize;
    /// Length of a shared axis.
    fn length(&self, axis: usize) -> usize;
    /// Stride of a shared axis, in elements.
    fn stride(&self, axis: usize) -> isize;
    /// Reverses an axis.
    fn invert(&mut self, axis: usize);
    /// Exchanges two axes.
    fn swap(&mut self, a: usize, b: usize);
    /// Merges axis `outer` into the next one, whose place both take.
    fn merge_into_next(&mut self, outer: usize);
    /// Removes an axis of length 1.
    fn remove(&mut self, axis: usize);
}

impl<S: Data> Operand for ArrayBase<S, IxDyn> {
    fn axes(&self) -> usize {
        self.ndim()
    }

    fn length(&self, axis: usize) -> usize {
        self.len_of(Axis(axis))
    }

    fn stride(&self, axis: usize) -> isize {
        self.stride_of(Axis(axis))
    }

    fn invert(&mut self, axis: usize) {
        self.invert_axis(Axis(axis));
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.swap_axes(a, b);
    }

    fn merge_into_next(&mut self, outer: usize) {
        assert!(self.merge_axes(Axis(outer), Axis(outer + 1)), "one stride walks both axes");
        self.remove(outer);
    }

    fn remove(&mut self, axis: usize) {
        self.index_axis_inplace(Axis(axis), 0);
    }
}

/// An array whose first axis is not shared: a stack, of which pixels are shared.
pub(crate) struct Stack<A>(pub A);

impl<A: Operand> Operand for Stack<A> {
    fn axes(&self) -> usize {
        self.0.axes() - 1
    }

    fn length(&self, axis: usize) -> usize {
        self.0.length(axis + 1)
    }

    fn stride(&self, axis: usize) -> isize {
        self.0.stride(axis + 1)
    }

    fn invert(&mut self, axis: usize) {
        self.0.invert(axis + 1);
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.0.swap(a + 1, b + 1);
    }

    fn merge_into_next(&mut self, outer: usize) {
        self.0.merge_into_next(outer + 1);
    }

    fn remove(&mut self, axis: usize) {
        self.0.remove(axis + 1);
    }
}

/// Rearranges the shared axes of all operands for long rows along the last axis; the first operand decides.
///
/// No operand is empty, and all have the same shared axes.
pub(crate) fn simplify(operands: &mut [&mut dyn Operand]) {
    for axis in (0..operands[0].axes()).rev() {
        if operands[0].length(axis) == 1 {
            operands.iter_mut().for_each(|operand| operand.remove(axis));
        }
    }
    let axes = operands[0].axes();
    for axis in 0..axes {
        let moving = operands.iter().map(|operand| operand.stride(axis)).find(|&stride| stride != 0);
        if moving.is_some_and(|stride| stride < 0) {
            operands.iter_mut().for_each(|operand| operand.invert(axis));
        }
    }
    sort(operands, axes);
    merge(operands, axes);
    lengthen(operands);
}

/// Largest strides outermost; where the first operand's are equal, the next one's count.
fn sort(operands: &mut [&mut dyn Operand], axes: usize) {
    let strides = |operands: &[&mut dyn Operand], axis| -> Vec<usize> {
        operands.iter().map(|operand| operand.stride(axis).unsigned_abs()).collect()
    };
    for place in 0..axes {
        let largest = (place..axes).rev().max_by_key(|&axis| strides(operands, axis));
        if let Some(largest) = largest.filter(|&largest| largest != place) {
            operands.iter_mut().for_each(|operand| operand.swap(place, largest));
        }
    }
}

fn merge(operands: &mut [&mut dyn Operand], axes: usize) {
    for outer in (0..axes.saturating_sub(1)).rev() {
        let one_stride = operands.iter().all(|operand| {
            isize::try_from(operand.length(outer + 1))
                .is_ok_and(|inner| operand.stride(outer) == operand.stride(outer + 1) * inner)
        });
        if one_stride {
            operands.iter_mut().for_each(|operand| operand.merge_into_next(outer));
        }
    }
}

/// Rows of a few elements cost more in bookkeeping than strided access does.
fn lengthen(operands: &mut [&mut dyn Operand]) {
    let Some(last) = operands[0].axes().checked_sub(1) else { return };
    let length = operands[0].length(last);
    let longest = (0..last).max_by_key(|&axis| operands[0].length(axis));
    if let Some(longest) = longest.filter(|&axis| length < SHORT && operands[0].length(axis) >= 4 * length) {
        operands.iter_mut().for_each(|operand| operand.swap(longest, last));
    }
}

/// The shape to which both broadcast by NumPy's rules, if they do.
#[must_use]
pub(crate) fn broadcast_shape(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let mut shape = long.to_vec();
    for (length, &other) in shape[long.len() - short.len()..].iter_mut().zip(short) {
        match (*length, other) {
            (1, other) => *length = other,
            (length, other) if length == other || other == 1 => {}
            _ => return None,
        }
    }
    Some(shape)
}

/// Where to cut work in two: an axis and a position along it; None for one pixel. A row is cut at a multiple of
/// `multiple_of`.
///
/// Many rows are shared out, the outermost axis first, so that both halves keep rows as long as they were: memory is read
/// and written fastest from one end to the other. A few rows are cut where they are longest, so that those who read
/// another axis than they write find more than one element in a cache line.
#[must_use]
pub(crate) fn middle(operand: &dyn Operand, multiple_of: usize) -> Option<(usize, usize)> {
    let last = operand.axes().checked_sub(1)?;
    let rows: usize = (0..last).map(|axis| operand.length(axis)).product();
    let middle = |axis: usize| {
        let length = operand.length(axis);
        let middle = (length / 2).next_multiple_of(if axis == last { multiple_of } else { 1 });
        (middle > 0 && middle < length).then_some((axis, middle))
    };
    if rows >= MANY {
        return (0..last).find_map(middle);
    }
    (0..=last).rev().filter_map(middle).max_by_key(|&(axis, _)| operand.length(axis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array, ArrayD, s};

    fn shape_after(operands: &mut [&mut dyn Operand]) -> Vec<usize> {
        simplify(operands);
        (0..operands[0].axes()).map(|axis| operands[0].length(axis)).collect()
    }

    fn cube() -> ArrayD<i32> {
        Array::from_iter(0..120).into_shape_with_order(vec![4, 5, 6]).unwrap()
    }

    #[test]
    fn contiguous_arrays_of_any_order_become_one_row() {
        assert_eq!(shape_after(&mut [&mut cube().view()]), [120]);
        assert_eq!(shape_after(&mut [&mut cube().t()]), [120]);
        assert_eq!(shape_after(&mut [&mut cube().slice(s![..;-1, .., ..;-1]).into_dyn()]), [120]);
        assert_eq!(shape_after(&mut [&mut cube().view().permuted_axes(vec![1, 2, 0])]), [120]);
    }

    #[test]
    fn rows_keep_their_partners() {
        let (a, b) = (cube(), cube().mapv(|x| -x));
        let mut a_view = a.slice(s![.., ..;-1, 1..5]).into_dyn();
        let mut b_view = b.slice(s![.., ..;-1, 1..5]).into_dyn();
        simplify(&mut [&mut a_view, &mut b_view]);
        assert_eq!(a_view.len(), 80);
        assert!(a_view.iter().zip(&b_view).all(|(a, b)| *a == -b));
    }

    #[test]
    fn operands_of_different_order_keep_their_axes() {
        let (c, f) = (cube(), cube().t().as_standard_layout().reversed_axes().to_owned());
        let mut f_order = f.view();
        assert_eq!(shape_after(&mut [&mut c.view(), &mut f_order]), [4, 5, 6]);
    }

    #[test]
    fn stacks_keep_their_first_axis_and_single_pixels_have_none() {
        let x = cube();
        let mut stack = Stack(x.view());
        simplify(&mut [&mut stack]);
        assert_eq!(stack.0.shape(), [4, 30]);
        assert_eq!(shape_after(&mut [&mut x.slice(s![..1, 1..2, 3..4]).into_dyn()]), [0; 0]);
    }

    #[test]
    fn rows_stay_as_long_as_there_are_many() {
        let cut = |shape: &[usize]| middle(&ArrayD::<u8>::zeros(shape).view(), 8);
        assert_eq!(cut(&[64, 4000]), Some((0, 32)));
        assert_eq!(cut(&[1, 3, 20, 4000]), Some((1, 1)));
        assert_eq!(cut(&[31, 4000]), Some((1, 2000)));
        assert_eq!(cut(&[31, 20]), Some((0, 15)));
        assert_eq!(cut(&[7, 8]), Some((0, 3)));
        assert_eq!((cut(&[1, 20]), cut(&[8]), cut(&[1, 1]), cut(&[])), (Some((1, 16)), None, None, None));
    }

    #[test]
    fn shapes_broadcast_as_in_numpy() {
        assert_eq!(broadcast_shape(&[4, 1, 3], &[5, 1]), Some(vec![4, 5, 3]));
        assert_eq!(broadcast_shape(&[3], &[0, 1]), Some(vec![0, 3]));
        assert_eq!(broadcast_shape(&[], &[2]), Some(vec![2]));
        assert_eq!(broadcast_shape(&[4], &[3]), None);
        assert_eq!(broadcast_shape(&[0], &[3]), None);
    }

    #[test]
    fn short_rows_change_places_with_long_ones() {
        let x = ArrayD::<u8>::zeros(vec![1000, 5]);
        assert_eq!(shape_after(&mut [&mut x.slice(s![.., ..3]).into_dyn()]), [3, 1000]);
    }
}
