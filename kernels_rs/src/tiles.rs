//! A row of pixels through time, in tiles of many pixels: what reductions that add read.
//!
//! ```text
//! pixels that lie side by side in memory, and so does the mask: tiles are read where they lie
//! otherwise (time last, sliced, reversed): they are copied to a scratch of GATHERED pixels
//! ```
//!
//! A [`Pass`] takes several dates of a tile at a time, so that what it keeps of a pixel is loaded and stored once for
//! them all.

use crate::blocks::copy;
use crate::lanes::{Key, Missing};
use crate::room::Room;
use crate::temporal::Row;
use ndarray::{ArrayView2, Axis, s};
use std::ops::Range;

/// Pixels of a tile that is copied.
const GATHERED: usize = 128;
/// Dates that a pass takes at a time, and those of which less are left.
const DATES: usize = 12;
const FEWER: usize = 4;

/// Some neighbouring pixels on all dates.
pub struct Tile<'a, K> {
    /// In order, and of one length.
    pub dates: &'a [&'a [K]],
    /// Not 0 where a value is missing; of no dates where there is no mask.
    pub marks: &'a [&'a [u8]],
    /// What else is missing.
    pub missing: Missing<K>,
}

/// What is done with all values of a tile, pixel by pixel in the order of dates.
pub trait Pass<K> {
    /// Takes N dates; `gap(i, w)` says whether date i of pixel w is marked as missing.
    fn take<const N: usize>(&mut self, dates: [&[K]; N], gap: impl Fn(usize, usize) -> bool);
}

impl<K: Key> Tile<'_, K> {
    /// How many pixels there are; there is at least one date.
    #[inline(always)]
    pub fn pixels(&self) -> usize {
        self.dates[0].len()
    }

    /// Has `pass` take all dates.
    #[inline(always)]
    pub fn pass(&self, pass: &mut impl Pass<K>) {
        let (dates, marks) = self.groups::<DATES>(self.dates, self.marks, pass);
        let (dates, marks) = self.groups::<FEWER>(dates, marks, pass);
        self.groups::<1>(dates, marks, pass);
    }

    /// Has it take groups of N dates; returns the rest.
    #[inline(always)]
    fn groups<'d, 'm, const N: usize>(
        &self,
        dates: &'d [&'d [K]],
        marks: &'m [&'m [u8]],
        pass: &mut impl Pass<K>,
    ) -> (&'d [&'d [K]], &'m [&'m [u8]]) {
        let ((groups, rest), (group_marks, rest_marks)) = (dates.as_chunks::<N>(), marks.as_chunks::<N>());
        for (i, dates) in groups.iter().enumerate() {
            self.group(dates, group_marks.get(i), pass);
        }
        (rest, rest_marks)
    }

    #[inline(always)]
    fn group<const N: usize>(&self, dates: &[&[K]; N], marks: Option<&[&[u8]; N]>, pass: &mut impl Pass<K>) {
        let pixels = self.pixels();
        let dates = dates.map(|date| &date[..pixels]);
        match marks {
            None => pass.take(dates, |_, _| false),
            Some(marks) => {
                let marks = marks.map(|marks| &marks[..pixels]);
                pass.take(dates, |i, w| marks[i][w] != 0);
            }
        }
    }
}

impl<K: Key> Row<'_, K> {
    /// Calls `each` with all pixels, tile by tile of at most `width`.
    pub fn for_each_tile(&self, width: usize, mut each: impl FnMut(&Tile<'_, K>, Range<usize>)) {
        let pixels = self.x.ncols();
        let mask = self.mask.as_ref().map_or(Some(Vec::new()), series);
        if let (Some(x), Some(mask)) = (series(&self.x), mask) {
            let (mut dates, mut marks) = (Vec::with_capacity(x.len()), Vec::with_capacity(mask.len()));
            for start in (0..pixels).step_by(width) {
                let range = start..pixels.min(start + width);
                dates.clear();
                dates.extend(x.iter().map(|x| &x[range.clone()]));
                marks.clear();
                marks.extend(mask.iter().map(|mask| &mask[range.clone()]));
                each(&Tile { dates: &dates, marks: &marks, missing: self.missing }, range);
            }
            return;
        }
        let (mut values, mut marks) = (Room::new(), Room::new());
        for start in (0..pixels).step_by(GATHERED) {
            let range = start..pixels.min(start + GATHERED);
            let values = values.rows::<GATHERED>(self.x.nrows());
            copy(self.x.slice(s![.., range.clone()]), values);
            let marks = marks.rows::<GATHERED>(self.mask.as_ref().map_or(0, ArrayView2::nrows));
            if let Some(mask) = &self.mask {
                copy(mask.slice(s![.., range.clone()]), marks);
            }
            let (dates, marks) = (first(values, range.len()), first(marks, range.len()));
            each(&Tile { dates: &dates, marks: &marks, missing: self.missing }, range);
        }
    }
}

/// The dates of a row, if the pixels of each lie side by side.
fn series<'a, T>(row: &ArrayView2<'a, T>) -> Option<Vec<&'a [T]>> {
    (0..row.nrows()).map(|date| row.index_axis_move(Axis(0), date).to_slice()).collect()
}

fn first<T>(rows: &[[T; GATHERED]], pixels: usize) -> Vec<&[T]> {
    rows.iter().map(|row| &row[..pixels]).collect()
}
