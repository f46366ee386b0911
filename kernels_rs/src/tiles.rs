//! A row of pixels through time, in tiles of many pixels: what reductions that add read.
//!
//! ```text
//! pixels that lie side by side in memory, and so does the mask: tiles are read where they lie
//! otherwise (time last, sliced, reversed): they are copied to a scratch of GATHERED pixels
//! ```
//!
//! A [`Pass`] takes several dates of a tile at a time, so that what it keeps of a pixel is loaded and stored once for
//! them all. Dates that lie in memory are taken in pieces, and what comes a while later on each date is asked for before
//! each piece: the processor's own prefetchers do not keep up with twelve dates at once.

use crate::blocks::copy;
use crate::lanes::{Key, Missing};
use crate::room::Room;
use crate::simd::prefetch;
use crate::temporal::Row;
use ndarray::{ArrayView2, Axis, s};
use std::array::from_fn;
use std::ops::Range;

/// Pixels of a tile that is copied.
const GATHERED: usize = 128;
/// Dates that a pass takes at a time, and those of which less are left.
const DATES: usize = 12;
const FEWER: usize = 4;
/// Bytes from the first date to the last above which they are taken to lie in memory. On one core of an AMD server
/// (Zen 5) with 32 MiB of last-level cache, to ask ahead takes 10 to 20 % longer up to 18 MiB, and gains 6 to 25 % at 24
/// and 20 to 50 % at 290.
const FAR: usize = 24 << 20;
/// Bytes of a date that are taken in one piece. More overtax the queue of what was asked for: of 256 bytes float64, and
/// of 512 float32, takes longer than without asking.
const PIECE: usize = 128;
/// Bytes by which a date is asked for ahead; 512 to 1536 do as well.
const AHEAD: usize = 1024;

/// Some neighbouring pixels on all dates.
#[derive(Clone, Copy)]
pub struct Tile<'a, K> {
    /// In order, and of one length.
    pub dates: &'a [&'a [K]],
    /// Not 0 where a value is missing; of no dates where there is no mask.
    pub marks: &'a [&'a [u8]],
    /// What else is missing.
    pub missing: Missing<K>,
    /// Whether to ask for the dates ahead.
    pub far: bool,
}

/// What is done with all values of a tile, pixel by pixel in the order of dates.
pub trait Pass<K> {
    /// Is told that it takes so many dates next, of all pixels.
    fn begin(&mut self, _dates: usize) {}

    /// Takes N dates of the pixels that begin at `first`; `gap(i, w)` says whether date i of the w-th is marked as missing.
    fn take<const N: usize>(
        &mut self,
        first: usize,
        dates: [impl AsRef<[K]> + Copy; N],
        gap: impl Fn(usize, usize) -> bool,
    );
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
            let marks = group_marks.get(i);
            pass.begin(N);
            match size_of::<K>() {
                1 => self.group::<N, PIECE>(dates, marks, pass),
                2 => self.group::<N, { PIECE / 2 }>(dates, marks, pass),
                4 => self.group::<N, { PIECE / 4 }>(dates, marks, pass),
                _ => self.group::<N, { PIECE / 8 }>(dates, marks, pass),
            }
        }
        (rest, rest_marks)
    }

    /// Has it take N dates; if they are far, W pixels at a time, and asks for more meanwhile.
    #[inline(always)]
    fn group<const N: usize, const W: usize>(
        &self,
        dates: &[&[K]; N],
        marks: Option<&[&[u8]; N]>,
        pass: &mut impl Pass<K>,
    ) {
        let pixels = self.pixels();
        let asked = if self.far { pixels - pixels % W } else { 0 };
        for first in (0..asked).step_by(W) {
            for date in dates {
                prefetch(&date[first..][..W], AHEAD);
            }
            // Arrays, so that the compiler knows how long the loop over their pixels is.
            let marks = marks.map(|marks| from_fn(|i| piece::<_, W>(marks[i], first)));
            take::<K, N, _, _>(first, from_fn(|i| piece::<_, W>(dates[i], first)), marks, pass);
        }
        let marks = marks.map(|marks| from_fn(|i| &marks[i][asked..pixels]));
        take::<K, N, _, _>(asked, from_fn(|i| &dates[i][asked..pixels]), marks, pass);
    }
}

#[inline(always)]
fn piece<T, const W: usize>(values: &[T], first: usize) -> &[T; W] {
    values[first..].first_chunk().expect("all dates and marks have all pixels")
}

#[inline(always)]
fn take<K: Key, const N: usize, D: AsRef<[K]> + Copy, M: AsRef<[u8]>>(
    first: usize,
    dates: [D; N],
    marks: Option<[M; N]>,
    pass: &mut impl Pass<K>,
) {
    match marks {
        None => pass.take(first, dates, |_, _| false),
        Some(marks) => pass.take(first, dates, |i, w| marks[i].as_ref()[w] != 0),
    }
}

impl<K: Key> Row<'_, K> {
    /// Calls `each` with all pixels, tile by tile of at most `width`.
    pub fn for_each_tile(&self, width: usize, mut each: impl FnMut(&Tile<'_, K>, Range<usize>)) {
        let pixels = self.x.ncols();
        let mask = self.mask.as_ref().map_or(Some(Vec::new()), series);
        if let (Some(x), Some(mask)) = (series(&self.x), mask) {
            let (mut dates, mut marks) = (Vec::with_capacity(x.len()), Vec::with_capacity(mask.len()));
            let far = self.x.strides()[0].unsigned_abs() * size_of::<K>() * x.len() > FAR;
            for start in (0..pixels).step_by(width) {
                let range = start..pixels.min(start + width);
                dates.clear();
                dates.extend(x.iter().map(|x| &x[range.clone()]));
                marks.clear();
                marks.extend(mask.iter().map(|mask| &mask[range.clone()]));
                each(&Tile { dates: &dates, marks: &marks, missing: self.missing, far }, range);
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
            each(&Tile { dates: &dates, marks: &marks, missing: self.missing, far: false }, range);
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
