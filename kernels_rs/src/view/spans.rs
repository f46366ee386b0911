//! Elements that follow each other in C order of an array's axes: where they lie, or copied to a block in L1.
//!
//! Whoever goes through arrays of one shape together asks each for the same positions, and so meets the same pixels,
//! however each lies in memory: sliced, reversed, transposed, broadcast, or at an address that no reference may have.

use crate::number::dtypes::Typed;
use crate::view::raw::Raw;
use ndarray::{Dimension, IxDyn};
use std::mem::MaybeUninit;

/// Elements that can be asked for at once.
pub(crate) const SPAN: usize = 2048;

/// Room for the copies of a span, which nobody fills before.
pub(crate) struct Room<T>([MaybeUninit<T>; SPAN]);

impl<T: Copy> Room<T> {
    #[allow(clippy::new_without_default, reason = "room, and no default of anything")]
    #[must_use]
    #[inline]
    pub(crate) fn new() -> Self {
        Self([MaybeUninit::uninit(); SPAN])
    }
}

impl<'a> Raw<'a> {
    /// The array at an index of its first axes.
    ///
    /// # Panics
    ///
    /// The index is out of bounds.
    #[must_use]
    pub(crate) fn under(&self, index: &[usize]) -> Self {
        index.iter().fold(self.clone(), |array, &i| {
            assert!(i < array.shape()[0], "an index within the axis");
            let (_, mut rest) = array.split_at(0, i);
            crate::view::rows::Operand::remove(&mut rest, 0);
            rest
        })
    }

    /// `count` elements from position `first` on, in C order: as they lie if they lie side by side, else copied to `room`.
    ///
    /// # Panics
    ///
    /// T has another size than the dtype; there are not as many elements; or they are more than [`SPAN`].
    #[must_use]
    pub(crate) fn span<'s, T: Typed>(&self, first: usize, count: usize, room: &'s mut Room<T>) -> &'s [T]
    where
        'a: 's,
    {
        assert!(size_of::<T>() == self.dtype().size() && count <= SPAN);
        assert!(first <= self.len() && count <= self.len() - first);
        let (length, stride) = self.axes().last().unwrap_or((1, 0));
        let mut index = self.index_of(first);
        let mut filled = 0;
        while filled < count {
            let at = index.slice().last().copied().unwrap_or(0);
            let start = self.address_of(&index).cast::<T>();
            let some = (length - at).min(count - filled);
            let together = stride == size_of::<T>().cast_signed() || some == 1;
            if some == count && together && start.is_aligned() {
                // SAFETY: elements of the array that lie side by side, all of which can be read for as long as 'a; any bits
                // are a T.
                return unsafe { std::slice::from_raw_parts(start, some) };
            }
            for (i, place) in room.0[filled..][..some].iter_mut().enumerate() {
                let element = start.wrapping_byte_offset(stride * i.cast_signed());
                // SAFETY: an element of the array, which can be read; any bits are a T, at any address.
                place.write(unsafe { element.read_unaligned() });
            }
            filled += some;
            next_row(&mut index, self.shape());
        }
        // SAFETY: the first `count` places have been written; a `MaybeUninit` lies in memory as what it holds.
        unsafe { std::slice::from_raw_parts(room.0.as_ptr().cast::<T>(), count) }
    }

    /// The index of a position in C order.
    fn index_of(&self, mut position: usize) -> IxDyn {
        let mut index = IxDyn::zeros(self.shape().len());
        for (i, &length) in index.slice_mut().iter_mut().zip(self.shape()).rev() {
            (position, *i) = (position / length.max(1), position % length.max(1));
        }
        index
    }

    /// Where the element at an index is.
    fn address_of(&self, index: &IxDyn) -> *const u8 {
        let offsets = self.axes().zip(index.slice()).map(|((_, stride), &i)| stride * i.cast_signed());
        self.start().wrapping_offset(offsets.sum())
    }
}

/// Makes an index that of the first element of the next row; after the last row that of the first.
fn next_row(index: &mut IxDyn, shape: &[usize]) {
    let (index, mut is_row) = (index.slice_mut(), true);
    for (i, &length) in index.iter_mut().zip(shape).rev() {
        *i = if is_row { 0 } else { *i + 1 };
        if !is_row && *i < length {
            return;
        }
        (*i, is_row) = (0, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::dtypes::Dtype;
    use ndarray::{Array, ArrayViewD, s};

    fn raw(view: &ArrayViewD<'_, u16>) -> Raw<'static> {
        let strides: Vec<isize> = view.strides().iter().map(|stride| 2 * stride).collect();
        // SAFETY: the tests' arrays live longer than what they do with this.
        unsafe { Raw::new(view.as_ptr().cast_mut().cast(), view.shape(), &strides, Dtype::Uint16).unwrap() }
    }

    #[test]
    fn spans_are_the_elements_in_c_order_however_they_lie() {
        let cube = Array::from_iter(0..1050_u16).into_shape_with_order((5, 14, 15)).unwrap();
        let views = [
            cube.view().into_dyn(),
            cube.view().reversed_axes().into_dyn(),
            cube.slice(s![..;2, ..;-1, 3..11]).into_dyn(),
            cube.slice(s![.., 2..9, ..;-3]).into_dyn(),
            cube.slice(s![2, .., 4]).into_dyn(),
            cube.slice(s![2, 3, 4]).into_dyn(),
        ];
        for view in &views {
            let (array, expected) = (raw(view), view.iter().copied().collect::<Vec<_>>());
            for first in
                [0, 1, 7, 16, expected.len() / 2, expected.len() - 1].into_iter().filter(|&i| i < expected.len())
            {
                for count in [0, 1, 5, 40, expected.len() - first].into_iter().filter(|&n| n <= expected.len() - first)
                {
                    let mut room = Room::new();
                    assert_eq!(array.span::<u16>(first, count, &mut room), &expected[first..][..count], "{view:?}");
                }
            }
        }
    }

    #[test]
    fn elements_at_odd_addresses_are_copied() {
        let bytes: Vec<u8> = (0..31).collect();
        // SAFETY: seven elements of four bytes from the third byte on, of thirty-one.
        let array = unsafe { Raw::new(bytes.as_ptr().cast_mut().wrapping_add(3), &[7], &[4], Dtype::Uint32).unwrap() };
        let expected: Vec<u32> =
            bytes[3..].chunks_exact(4).map(|four| u32::from_le_bytes(four.try_into().unwrap())).collect();
        assert_eq!(array.span::<u32>(0, 7, &mut Room::new()), expected);
    }

    #[test]
    fn an_index_of_the_first_axes_leaves_the_others() {
        let cube = Array::from_iter(0..60_u16).into_shape_with_order((3, 4, 5)).unwrap();
        let array = raw(&cube.view().into_dyn());
        let mut room = Room::new();
        assert_eq!(
            array.under(&[2]).span::<u16>(0, 20, &mut room),
            cube.slice(s![2, .., ..]).as_slice_memory_order().unwrap()
        );
        assert_eq!(array.under(&[1, 3]).shape(), [5]);
        assert_eq!(array.under(&[1, 3]).span::<u16>(1, 1, &mut Room::new()), [36]);
    }
}
