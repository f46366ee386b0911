//! Elements in memory as NumPy describes them: an address, lengths, strides in bytes, a dtype, and nothing assumed.
//!
//! An address or a stride may be no multiple of what the dtype wants, as in an array that arrived inside a byte buffer
//! or a field of a packed record. Rust must not form a reference to such an element. So there is a view of the elements
//! where all of them are aligned, and otherwise they are copied, byte by byte, a chunk at a time.

use crate::number::dtypes::{Dtype, Typed};
use crate::view::rows::{Operand, broadcast_shape};
use ndarray::{ArrayViewD, ArrayViewMutD, Axis, Dimension, IxDyn, RemoveAxis, ShapeBuilder};
use std::marker::PhantomData;

/// An array that can be read for as long as 'a, wherever its elements lie.
#[derive(Clone, Debug)]
pub(crate) struct Raw<'a> {
    start: *mut u8,
    shape: IxDyn,
    /// In bytes; each is the bits of an `isize`.
    strides: IxDyn,
    dtype: Dtype,
    memory: PhantomData<&'a [u8]>,
}

// SAFETY: an address that any thread may read from, as `new` was promised.
unsafe impl Send for Raw<'_> {}
// SAFETY: the same.
unsafe impl Sync for Raw<'_> {}

impl<'a> Raw<'a> {
    /// The array at an address; None if it holds more elements, or reaches over more bytes, than there can be.
    ///
    /// # Safety
    ///
    /// - If it has any elements, all of them can be read for as long as 'a, and by [`view_mut`](Self::view_mut) written.
    /// - While a view, a chunk or a copy is being read nobody writes to the elements that it reads.
    ///
    /// # Panics
    ///
    /// There are not as many strides as lengths.
    #[must_use]
    pub(crate) unsafe fn new(start: *mut u8, shape: &[usize], strides: &[isize], dtype: Dtype) -> Option<Self> {
        assert!(shape.len() == strides.len());
        let (mut lengths, mut own) = (IxDyn::zeros(shape.len()), IxDyn::zeros(shape.len()));
        let is_empty = shape.contains(&0);
        let mut elements = dtype.size();
        let (mut low, mut high) = (start.addr(), start.addr());
        for (axis, (&length, &stride)) in shape.iter().zip(strides).enumerate() {
            (lengths.slice_mut()[axis], own.slice_mut()[axis]) = (length, stride.cast_unsigned());
            elements = elements.checked_mul(length.max(1))?;
            if is_empty {
                continue;
            }
            let reach = stride.unsigned_abs().checked_mul(length - 1)?;
            if stride < 0 {
                low = low.checked_sub(reach)?;
            } else {
                high = high.checked_add(reach)?;
            }
        }
        let bytes = if is_empty { 0 } else { high.checked_add(dtype.size())? - low };
        let fits = |count: usize| isize::try_from(count).is_ok();
        let raw = Self { start, shape: lengths, strides: own, dtype, memory: PhantomData };
        (fits(elements) && fits(bytes)).then_some(raw)
    }

    #[must_use]
    pub(crate) fn dtype(&self) -> Dtype {
        self.dtype
    }

    #[must_use]
    pub(crate) fn shape(&self) -> &[usize] {
        self.shape.slice()
    }

    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.shape.size()
    }

    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.shape().contains(&0)
    }

    /// Where the first element is.
    pub(crate) fn start(&self) -> *const u8 {
        self.start
    }

    /// The address of the first element.
    #[must_use]
    pub(crate) fn address(&self) -> usize {
        self.start.addr()
    }

    /// Length and stride, in bytes, of every axis.
    #[must_use]
    pub(crate) fn axes(&self) -> impl DoubleEndedIterator<Item = (usize, isize)> + ExactSizeIterator + '_ {
        self.shape().iter().zip(self.strides.slice()).map(|(&length, &stride)| (length, stride.cast_signed()))
    }

    /// Broadcast to a shape, if it does.
    #[must_use]
    pub(crate) fn broadcast(self, shape: &[usize]) -> Option<Self> {
        if self.shape() == shape {
            return Some(self);
        }
        broadcast_shape(shape, self.shape()).filter(|common| common == shape)?;
        let mut strides = IxDyn::zeros(shape.len());
        let first = shape.len() - self.shape().len();
        for (stride, (length, own)) in strides.slice_mut()[first..].iter_mut().zip(self.axes()) {
            *stride = if length == 1 { 0 } else { own.cast_unsigned() };
        }
        Some(Self { shape: IxDyn(shape), strides, ..self })
    }

    /// Whether all elements are where Rust may refer to values of their size.
    #[must_use]
    pub(crate) fn is_regular(&self) -> bool {
        // Sizes are powers of two.
        let beside = self.dtype.size() - 1;
        let off = |(length, stride): (usize, isize)| length > 1 && stride.cast_unsigned() & beside != 0;
        self.start.addr() & beside == 0 && !self.axes().any(off) || self.is_empty()
    }

    /// A view of the elements, if they are regular.
    ///
    /// # Panics
    ///
    /// T has another size than the dtype.
    #[must_use]
    pub(crate) fn view<T: Typed>(&self) -> Option<ArrayViewD<'a, T>> {
        assert!(size_of::<T>() == self.dtype.size());
        if self.is_empty() {
            return ArrayViewD::from_shape(self.shape.clone(), &[]).ok();
        }
        let (start, strides) = self.forwards::<T>()?;
        // SAFETY: `new` was promised that the elements can be read for as long as 'a, and every pattern of bits is a T;
        // `forwards` gives the lowest address and strides from there, of which T is a divisor.
        let mut view = unsafe { ArrayViewD::from_shape_ptr(self.shape.clone().strides(strides), start) };
        self.turn(|axis| view.invert_axis(axis));
        Some(view)
    }

    /// A view through which the elements are written, if they are regular.
    ///
    /// # Safety
    ///
    /// - The elements can be written, differ from each other, and for as long as 'a nothing else reads or writes them.
    ///
    /// # Panics
    ///
    /// T has another size than the dtype.
    #[must_use]
    pub(crate) unsafe fn view_mut<T: Typed>(&self) -> Option<ArrayViewMutD<'a, T>> {
        assert!(size_of::<T>() == self.dtype.size());
        if self.is_empty() {
            return ArrayViewMutD::from_shape(self.shape.clone(), &mut []).ok();
        }
        let (start, strides) = self.forwards::<T>()?;
        // SAFETY: as in `view`, and the caller's.
        let mut view = unsafe { ArrayViewMutD::from_shape_ptr(self.shape.clone().strides(strides), start.cast_mut()) };
        self.turn(|axis| view.invert_axis(axis));
        Some(view)
    }

    /// The lowest address and the strides from there, in elements, if the elements are regular.
    fn forwards<T>(&self) -> Option<(*const T, IxDyn)> {
        let size = size_of::<T>().cast_signed();
        let (mut start, mut strides) = (self.start, self.strides.clone());
        for (stride, (length, own)) in strides.slice_mut().iter_mut().zip(self.axes()) {
            if length > 1 && own % size != 0 {
                return None;
            }
            if own < 0 {
                start = start.wrapping_offset(own * (length.cast_signed() - 1));
            }
            *stride = if length > 1 { (own / size).unsigned_abs() } else { 0 };
        }
        start.cast::<T>().is_aligned().then_some((start.cast(), strides))
    }

    /// Calls `invert` with every axis that runs backwards.
    fn turn(&self, mut invert: impl FnMut(Axis)) {
        for (axis, (length, stride)) in self.axes().enumerate() {
            if length > 1 && stride < 0 {
                invert(Axis(axis));
            }
        }
    }

    /// Both parts.
    #[must_use]
    pub(crate) fn split_at(self, axis: usize, at: usize) -> (Self, Self) {
        let (mut left, mut right) = (self.clone(), self);
        right.start = right.start.wrapping_offset(right.strides[axis].cast_signed() * at.cast_signed());
        (left.shape[axis], right.shape[axis]) = (at, right.shape[axis] - at);
        (left, right)
    }

    /// Those along an axis that are in a range.
    #[must_use]
    pub(crate) fn part(self, axis: usize, range: &std::ops::Range<usize>) -> Self {
        self.split_at(axis, range.start).1.split_at(axis, range.len()).0
    }

    /// The one at a place along an axis, which is removed.
    #[must_use]
    pub(crate) fn at(self, axis: usize, place: usize) -> Self {
        let mut one = self.part(axis, &(place..place + 1));
        one.remove(axis);
        one
    }

    /// The same with one more axis, of length 1, behind the others.
    #[must_use]
    pub(crate) fn with_last_axis(mut self) -> Self {
        self.shape = self.shape.insert_axis(Axis(self.shape.ndim()));
        self.strides = self.strides.insert_axis(Axis(self.strides.ndim()));
        self.strides[self.shape.ndim() - 1] = 0;
        self
    }
}

impl Operand for Raw<'_> {
    fn axes(&self) -> usize {
        self.shape().len()
    }

    fn length(&self, axis: usize) -> usize {
        self.shape[axis]
    }

    /// In bytes: strides of one operand are only compared with each other.
    fn stride(&self, axis: usize) -> isize {
        self.strides[axis].cast_signed()
    }

    fn invert(&mut self, axis: usize) {
        let (length, stride) = (self.length(axis), self.stride(axis));
        self.start = self.start.wrapping_offset(stride * (length.cast_signed() - 1));
        self.strides[axis] = (-stride).cast_unsigned();
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.shape.slice_mut().swap(a, b);
        self.strides.slice_mut().swap(a, b);
    }

    fn merge_into_next(&mut self, outer: usize) {
        self.shape[outer + 1] *= self.shape[outer];
        self.remove(outer);
    }

    fn remove(&mut self, axis: usize) {
        self.shape = self.shape.remove_axis(Axis(axis));
        self.strides = self.strides.remove_axis(Axis(axis));
    }
}
