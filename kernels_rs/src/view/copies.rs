//! Copies of elements that lie anyhow in memory, byte by byte, a chunk at a time.

use crate::errors::Error;
use crate::number::dtypes::Typed;
use crate::view::raw::Raw;
use ndarray::{ArrayViewD, Dimension};

/// Elements that are copied at a time.
const CHUNK: usize = 1024;

impl Raw<'_> {
    /// Calls `each` with the elements in C order, copied, some at a time.
    ///
    /// # Panics
    ///
    /// T has another size than the dtype.
    pub(crate) fn for_each_chunk<T: Typed>(&self, mut each: impl FnMut(&[T])) {
        assert!(size_of::<T>() == self.dtype().size());
        let outer = self.shape().len().saturating_sub(1);
        let (length, stride) = self.axes().last().unwrap_or((1, 0));
        let mut chunk = [T::default(); CHUNK];
        for index in ndarray::indices(self.shape()[..outer].to_vec()) {
            let offsets = self.axes().zip(index.slice()).map(|((_, stride), &i)| stride * i.cast_signed());
            let row = self.start().wrapping_offset(offsets.sum());
            for first in (0..length).step_by(CHUNK) {
                let count = CHUNK.min(length - first);
                for (value, i) in chunk[..count].iter_mut().zip(first..) {
                    let element = row.wrapping_offset(stride * i.cast_signed()).cast::<T>();
                    // SAFETY: an element of the array, all of which can be read; any bits are a T, at any address.
                    *value = unsafe { element.read_unaligned() };
                }
                each(&chunk[..count]);
            }
        }
    }

    /// The elements in C order, copied to `room`, which is made as large as need be.
    ///
    /// # Errors
    ///
    /// The memory cannot be had.
    pub(crate) fn copied<'r, T: Typed>(&self, room: &'r mut Vec<T>) -> Result<ArrayViewD<'r, T>, Error> {
        room.clear();
        reserve(room, self.len())?;
        self.for_each_chunk(|chunk| room.extend_from_slice(chunk));
        ArrayViewD::from_shape(self.shape(), room).map_err(|error| Error::Internal(error.to_string()))
    }
}

/// Makes room for that many values.
///
/// # Errors
///
/// The memory cannot be had.
pub(crate) fn reserve<T>(room: &mut Vec<T>, count: usize) -> Result<(), Error> {
    let more = count.saturating_sub(room.len());
    room.try_reserve_exact(more).map_err(|_| Error::memory("aligned copies", count.saturating_mul(size_of::<T>())))
}
