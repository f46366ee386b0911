//! Scratch memory that begins at a cache line.
//!
//! The allocator's memory begins at a multiple of 16 bytes. Where that is none of 64, every register of 64 bytes is loaded
//! and stored across two cache lines, and how fast a kernel is depends on what the process did before. Memory that cannot
//! be had is an error, not the end of the process.

use crate::errors::Error;
use crate::exec::simd::LINE;
use std::ops::{Deref, DerefMut};

/// Room for values, kept from use to use; a slice of as many as were asked for last.
pub(crate) struct Room<T> {
    memory: Vec<T>,
    start: usize,
    length: usize,
}

impl<T: Copy + Default> Room<T> {
    /// No room yet.
    #[allow(clippy::new_without_default, reason = "made in one place")]
    #[must_use]
    pub(crate) fn new() -> Self {
        Self { memory: Vec::new(), start: 0, length: 0 }
    }

    /// Room for that many values, which may be any.
    ///
    /// # Errors
    ///
    /// The memory cannot be had.
    #[inline]
    pub(crate) fn make(&mut self, length: usize) -> Result<&mut [T], Error> {
        self.grow(length.saturating_add(LINE / size_of::<T>()))?;
        self.start = self.memory.as_ptr().align_offset(LINE);
        self.length = length;
        Ok(self)
    }

    /// Makes the memory that long, if it is shorter.
    fn grow(&mut self, length: usize) -> Result<(), Error> {
        if length > self.memory.capacity() {
            // What is there is not needed any more: given back first, as both need not be held at once.
            self.memory = Vec::new();
            reserve(&mut self.memory, length)?;
        }
        if length > self.memory.len() {
            self.memory.resize(length, T::default());
        }
        Ok(())
    }

    /// That many zeros.
    ///
    /// # Errors
    ///
    /// The memory cannot be had.
    #[inline]
    pub(crate) fn zeros(&mut self, length: usize) -> Result<(), Error> {
        self.make(length)?.fill(T::default());
        Ok(())
    }

    /// That many rows of values, which may be any.
    ///
    /// # Errors
    ///
    /// The memory cannot be had.
    #[inline]
    pub(crate) fn rows<const W: usize>(&mut self, rows: usize) -> Result<&mut [[T; W]], Error> {
        Ok(self.make(rows.saturating_mul(W))?.as_chunks_mut().0)
    }
}

/// Makes place for that many more items.
///
/// # Errors
///
/// The memory cannot be had.
pub(crate) fn reserve<T>(list: &mut Vec<T>, more: usize) -> Result<(), Error> {
    let bytes = more.saturating_mul(size_of::<T>());
    list.try_reserve_exact(more).map_err(|_| Error::memory("scratch", bytes))
}

/// A list of items of which `length` are expected.
///
/// # Errors
///
/// The memory cannot be had.
pub(crate) fn list<T>(length: usize, items: impl Iterator<Item = T>) -> Result<Vec<T>, Error> {
    let mut list = Vec::new();
    reserve(&mut list, length)?;
    list.extend(items.take(length));
    Ok(list)
}

impl<T> Deref for Room<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        &self.memory[self.start..][..self.length]
    }
}

impl<T> DerefMut for Room<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.memory[self.start..][..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_begin_at_a_cache_line_whatever_was_there_before() {
        let (mut bytes, mut floats) = (Room::<u8>::new(), Room::<f64>::new());
        for rows in [3, 1, 0, 500, 7] {
            let (bytes, floats) = (bytes.rows::<64>(rows).unwrap(), floats.rows::<32>(rows).unwrap());
            assert_eq!((bytes.len(), floats.len()), (rows, rows));
            assert_eq!((bytes.as_ptr().addr() % LINE, floats.as_ptr().addr() % LINE), (0, 0));
            floats.as_flattened_mut().fill(1.0);
        }
        floats.zeros(5).unwrap();
        assert_eq!(*floats, [0.0; 5]);
    }

    #[test]
    fn memory_that_cannot_be_had_is_an_error_and_the_room_stays_usable() {
        let mut room = Room::<f64>::new();
        for length in [usize::MAX, usize::MAX / 8, isize::MAX as usize / 8 - 100] {
            assert!(matches!(room.make(length), Err(Error::Memory(text)) if text.contains("scratch")));
        }
        assert!(matches!(room.rows::<32>(usize::MAX / 16), Err(Error::Memory(_))));
        assert_eq!(room.make(3).unwrap().len(), 3);
    }

    #[test]
    fn lists_hold_what_was_expected() {
        assert_eq!(list(2, [1, 2].into_iter()).unwrap(), [1, 2]);
        assert!(list::<u64>(usize::MAX / 8, std::iter::empty()).is_err());
    }
}
