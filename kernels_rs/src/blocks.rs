//! A row of pixels through time, in blocks of W pixels: what reductions over time read.
//!
//! ```text
//! pixels that lie side by side in memory, no mask: the dates of a block are read where they lie
//! otherwise (time last, sliced, reversed, masked, the last few of a row): they are copied to a scratch of W pixels
//! ```
//!
//! So there is one kernel, on W neighbouring pixels, and never a copy of the whole stack.

use crate::lanes::{Gaps, Key, Missing, fill_where};
use crate::simd::{Path, Task, dispatch};
use ndarray::{ArrayView2, Axis, s};
use std::array;
use std::ops::Range;

/// W pixels on all dates, and what is known of their gaps.
pub struct Block<'a, K, const W: usize> {
    /// In order; lanes beyond the last pixel hold anything.
    pub dates: &'a [&'a [K; W]],
    /// The same of the next block, to be asked for ahead of time; empty where that makes no sense.
    pub upcoming: &'a [&'a [K; W]],
    /// Which values are still to be filled.
    pub missing: Missing<K>,
    /// What has been filled already.
    pub gaps: Gaps<K, W>,
}

/// A row of pixels through time.
pub struct Row<'a, K> {
    /// (time, pixel).
    pub x: ArrayView2<'a, K>,
    /// Of the shape of `x`; not 0 where a value is missing.
    pub mask: Option<ArrayView2<'a, u8>>,
    /// What else is missing.
    pub missing: Missing<K>,
}

impl<K: Key> Row<'_, K> {
    /// Calls `each` with all pixels, block by block.
    pub fn for_each<const W: usize>(&self, path: Path, mut each: impl FnMut(Block<'_, K, W>, Range<usize>)) {
        let (dates, pixels) = self.x.dim();
        let whole = if self.mask.is_none() { pixels - pixels % W } else { 0 };
        let series: Option<Vec<&[K]>> = self.x.axis_iter(Axis(0)).map(|x| x.to_slice()).collect();
        let mut next = 0;
        if let Some(series) = series.filter(|_| whole > 0) {
            let block_at = |block: &mut Vec<_>, start| {
                block.clear();
                block.extend(series.iter().filter(|_| start < whole).filter_map(|x| x[start..].first_chunk::<W>()));
            };
            let (mut now, mut upcoming) = (Vec::with_capacity(dates), Vec::with_capacity(dates));
            block_at(&mut now, next);
            while next < whole {
                block_at(&mut upcoming, next + W);
                let block = Block { dates: &now, upcoming: &upcoming, missing: self.missing, gaps: Gaps::new() };
                each(block, next..next + W);
                std::mem::swap(&mut now, &mut upcoming);
                next += W;
            }
        }
        let (mut rows, mut marks) = (Vec::new(), Vec::new());
        while next < pixels {
            let range = next..pixels.min(next + W);
            let (missing, gaps) = self.gather::<W>(range.clone(), path, &mut rows, &mut marks);
            let block: Vec<&[K; W]> = rows.iter().collect();
            each(Block { dates: &block, upcoming: &[], missing, gaps }, range);
            next += W;
        }
    }

    /// Copies a block; with a mask, fills its gaps as well, so that none are left.
    fn gather<const W: usize>(
        &self,
        range: Range<usize>,
        path: Path,
        rows: &mut Vec<[K; W]>,
        marks: &mut Vec<[u8; W]>,
    ) -> (Missing<K>, Gaps<K, W>) {
        copy(self.x.slice(s![.., range.clone()]), rows, K::LOW);
        let Some(mask) = &self.mask else { return (self.missing, Gaps::new()) };
        copy(mask.slice(s![.., range]), marks, 0);
        (Missing::new(None), dispatch(path, FillMarked { rows, marks, missing: self.missing }))
    }
}

/// Fills what is missing or marked.
struct FillMarked<'a, K, const W: usize> {
    rows: &'a mut [[K; W]],
    marks: &'a [[u8; W]],
    missing: Missing<K>,
}

impl<K: Key, const W: usize> Task for FillMarked<'_, K, W> {
    type Output = Gaps<K, W>;

    #[inline(always)]
    fn run(self) -> Gaps<K, W> {
        let mut gaps = Gaps::new();
        let (eights, rest) = self.rows.as_chunks_mut::<8>();
        let (mark_eights, mark_rest) = self.marks.as_chunks::<8>();
        for (rows, marks) in eights.iter_mut().zip(mark_eights) {
            fill_marked(rows, marks, self.missing, &mut gaps);
        }
        for (row, marks) in rest.iter_mut().zip(mark_rest) {
            fill_marked(array::from_mut(row), array::from_ref(marks), self.missing, &mut gaps);
        }
        gaps
    }
}

#[inline(always)]
fn fill_marked<K: Key, const W: usize, const N: usize>(
    rows: &mut [[K; W]; N],
    marks: &[[u8; W]; N],
    missing: Missing<K>,
    gaps: &mut Gaps<K, W>,
) {
    for w in 0..W {
        let (mut pad, mut seen) = (gaps.pad[w], gaps.seen[w]);
        let mut filled = [K::LOW; N];
        for ((filled, row), marks) in filled.iter_mut().zip(rows.iter()).zip(marks) {
            let gap = (marks[w] != 0) | row[w].is_missing(missing);
            (*filled, pad, seen) = fill_where(row[w], gap, pad, seen);
        }
        // Before the rows: see `store` in build.rs.
        (gaps.pad[w], gaps.seen[w]) = (pad, seen);
        for (filled, row) in filled.iter().zip(rows.iter_mut()) {
            row[w] = *filled;
        }
    }
}

/// Copies (dates, at most W pixels) of any strides; lanes beyond the last pixel hold anything.
fn copy<T: Copy, const W: usize>(block: ArrayView2<'_, T>, rows: &mut Vec<[T; W]>, rest: T) {
    let pixels = block.ncols();
    rows.resize(block.nrows(), [rest; W]);
    if block.strides()[0].unsigned_abs() < block.strides()[1].unsigned_abs() {
        for (w, series) in block.columns().into_iter().enumerate() {
            rows.iter_mut().zip(series).for_each(|(row, value)| row[w] = *value);
        }
        return;
    }
    for (row, values) in rows.iter_mut().zip(block.rows()) {
        match values.to_slice() {
            Some(values) => row[..pixels].copy_from_slice(values),
            None => row.iter_mut().zip(values).for_each(|(lane, value)| *lane = *value),
        }
    }
}
