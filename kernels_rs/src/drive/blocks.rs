//! A row of pixels through time, in blocks of W pixels: what reductions over time read.
//!
//! ```text
//! pixels that lie side by side in memory, no mask: the dates of a block are read where they lie
//! otherwise (time last, sliced, reversed, masked, the last few of a row): they are copied to a scratch of W pixels
//! ```
//!
//! So there is one kernel, on W neighbouring pixels, and never a copy of the whole stack.

use crate::drive::temporal::PixelRow;
use crate::errors::Error;
use crate::exec::simd::{Path, Task, dispatch};
use crate::number::lanes::{Gaps, Key, Missing, fill_where};
use crate::view::room::{Room, list, reserve};
use crate::view::transpose::transpose;
use ndarray::{ArrayView2, s};
use std::ops::Range;

/// W pixels on all dates, and what is known of their gaps.
pub(crate) struct Block<'a, K, const W: usize> {
    /// In order; lanes beyond the last pixel hold anything.
    pub dates: &'a [&'a [K; W]],
    /// The same of the next block, to be asked for ahead of time; empty where that makes no sense.
    pub upcoming: &'a [&'a [K; W]],
    /// Which values are still to be filled.
    pub missing: Missing<K>,
    /// What has been filled already.
    pub gaps: &'a Gaps<K, W>,
}

impl<K: Key> PixelRow<'_, K> {
    /// Calls `each` with all pixels, block by block.
    ///
    /// # Errors
    ///
    /// Scratch memory cannot be had, or what `each` returns.
    pub(crate) fn for_each_block<const W: usize>(
        &self,
        path: Path,
        mut each: impl FnMut(Block<'_, K, W>, Range<usize>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (dates, pixels) = self.x.dim();
        let copied = self.mask.is_some() || K::needs_blanking(self.missing);
        let whole = if copied { 0 } else { pixels - pixels % W };
        let (mut next, fresh) = (0, Gaps::new());
        let series = list(if whole > 0 { dates } else { 0 }, self.x.outer_iter().map_while(|x| x.to_slice()))?;
        if series.len() == dates {
            let block_at = |block: &mut Vec<_>, start| {
                block.clear();
                block.extend(series.iter().filter(|_| start < whole).filter_map(|x| x[start..].first_chunk::<W>()));
            };
            let (mut now, mut upcoming) = (Vec::new(), Vec::new());
            reserve(&mut now, dates)?;
            reserve(&mut upcoming, dates)?;
            block_at(&mut now, next);
            while next < whole {
                block_at(&mut upcoming, next + W);
                let block = Block { dates: &now, upcoming: &upcoming, missing: self.missing, gaps: &fresh };
                each(block, next..next + W)?;
                std::mem::swap(&mut now, &mut upcoming);
                next += W;
            }
        }
        let mut scratch = Scratch { values: Room::new(), marks: Room::new(), filled: Room::new() };
        while next < pixels {
            let range = next..pixels.min(next + W);
            let (rows, missing, gaps) = self.gather(range.clone(), path, &mut scratch)?;
            let rows = list(dates, rows.iter())?;
            each(Block { dates: &rows, upcoming: &[], missing, gaps: &gaps }, range)?;
            next += W;
        }
        Ok(())
    }

    /// Copies a block; with a mask, fills its gaps as well, so that none are left.
    #[allow(clippy::type_complexity, reason = "three things that belong together here alone")]
    fn gather<'a, const W: usize>(
        &self,
        range: Range<usize>,
        path: Path,
        scratch: &'a mut Scratch<K>,
    ) -> Result<(&'a [[K; W]], Missing<K>, Gaps<K, W>), Error> {
        let dates = self.x.nrows();
        let values = scratch.values.rows(dates)?;
        copy(self.x.slice(s![.., range.clone()]), values)?;
        K::blank(values.as_flattened_mut(), self.missing);
        let Some(mask) = &self.mask else { return Ok((values, self.missing, Gaps::new())) };
        let (marks, filled) = (scratch.marks.rows(dates)?, scratch.filled.rows(dates)?);
        copy(mask.slice(s![.., range]), marks)?;
        let gaps = dispatch(path, FillMarked { values, marks, missing: self.missing, filled });
        Ok((filled, Missing::filled(), gaps))
    }
}

/// A block that does not lie in memory as W pixels side by side.
struct Scratch<K> {
    values: Room<K>,
    marks: Room<u8>,
    filled: Room<K>,
}

/// Fills what is missing or marked. The result goes elsewhere, as LLVM does not vectorise a conditional replacement in
/// place for every type.
struct FillMarked<'a, K, const W: usize> {
    values: &'a [[K; W]],
    marks: &'a [[u8; W]],
    missing: Missing<K>,
    filled: &'a mut [[K; W]],
}

impl<K: Key, const W: usize> Task for FillMarked<'_, K, W> {
    type Output = Gaps<K, W>;

    #[inline(always)]
    fn run(self) -> Gaps<K, W> {
        let mut gaps = Gaps::new();
        for ((values, marks), filled) in self.values.iter().zip(self.marks).zip(self.filled) {
            fill_marked(values, marks, self.missing, &mut gaps, filled);
        }
        gaps
    }
}

#[inline(always)]
fn fill_marked<K: Key, const W: usize>(
    values: &[K; W],
    marks: &[u8; W],
    missing: Missing<K>,
    gaps: &mut Gaps<K, W>,
    filled: &mut [K; W],
) {
    for w in 0..W {
        let gap = (marks[w] != 0) | values[w].is_missing(missing);
        (filled[w], gaps.pad[w], gaps.seen[w]) = fill_where(values[w], gap, missing, gaps.pad[w], gaps.seen[w]);
    }
}

/// Copies (dates, at most W pixels) of any strides to as many rows; lanes beyond the last pixel are left alone.
///
/// # Errors
///
/// Memory for a list of the series cannot be had.
#[allow(clippy::needless_pass_by_value, reason = "a view is passed as a slice is")]
pub(crate) fn copy<T: Key, const W: usize>(block: ArrayView2<'_, T>, rows: &mut [[T; W]]) -> Result<(), Error> {
    let pixels = block.ncols();
    if block.strides()[0].unsigned_abs() < block.strides()[1].unsigned_abs() {
        let series = list(pixels, block.columns().into_iter().map_while(|series| series.to_slice()))?;
        if series.len() == pixels {
            transpose(&series, rows);
            return Ok(());
        }
        for (w, series) in block.columns().into_iter().enumerate() {
            rows.iter_mut().zip(series).for_each(|(row, value)| row[w] = *value);
        }
        return Ok(());
    }
    for (row, values) in rows.iter_mut().zip(block.rows()) {
        match values.to_slice() {
            Some(values) => row[..pixels].copy_from_slice(values),
            None => row.iter_mut().zip(values).for_each(|(lane, value)| *lane = *value),
        }
    }
    Ok(())
}
