//! Scratch memory that begins at a cache line.
//!
//! The allocator's memory begins at a multiple of 16 bytes. Where that is none of 64, every register of 64 bytes is loaded
//! and stored across two cache lines, and how fast a kernel is depends on what the process did before: medians of 73
//! dates took up to 1.3 times as long.

use crate::simd::LINE;
use std::ops::{Deref, DerefMut};

/// Room for values, kept from use to use; a slice of as many as were asked for last.
pub struct Room<T> {
    memory: Vec<T>,
    start: usize,
    length: usize,
}

impl<T: Copy + Default> Room<T> {
    /// No room yet.
    #[allow(clippy::new_without_default, reason = "made in one place")]
    #[must_use]
    pub fn new() -> Self {
        Self { memory: Vec::new(), start: 0, length: 0 }
    }

    /// Room for that many values, which may be any.
    #[inline(always)]
    pub fn make(&mut self, length: usize) -> &mut [T] {
        self.memory.resize(length + LINE / size_of::<T>(), T::default());
        self.start = self.memory.as_ptr().align_offset(LINE);
        self.length = length;
        self
    }

    /// That many zeros.
    #[inline(always)]
    pub fn zeros(&mut self, length: usize) {
        self.make(length).fill(T::default());
    }

    /// That many rows of values, which may be any.
    #[inline(always)]
    pub fn rows<const W: usize>(&mut self, rows: usize) -> &mut [[T; W]] {
        self.make(rows * W).as_chunks_mut().0
    }
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
            let (bytes, floats) = (bytes.rows::<64>(rows), floats.rows::<32>(rows));
            assert_eq!((bytes.len(), floats.len()), (rows, rows));
            assert_eq!((bytes.as_ptr().addr() % LINE, floats.as_ptr().addr() % LINE), (0, 0));
            floats.as_flattened_mut().fill(1.0);
        }
        floats.zeros(5);
        assert_eq!(*floats, [0.0; 5]);
    }
}
