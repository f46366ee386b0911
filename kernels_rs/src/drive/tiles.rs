//! A row of pixels through time, in tiles of many pixels: what reductions that add read.
//!
//! ```text
//! pixels that lie side by side in memory, and so does the mask: tiles are read where they lie
//! otherwise (time last, sliced, reversed): they are copied to a scratch of GATHERED pixels
//! a few pixels: their series are read one by one where they lie, or copied
//! ```
//!
//! However many dates there are, lists and copies are of some of them at a time.

use crate::drive::blocks::copy;
use crate::drive::passes::{DATES, OfPixel, Over, Part, Pass};
use crate::drive::temporal::PixelRow;
use crate::errors::Error;
use crate::exec::par::Watch;
use crate::exec::simd::{Path, dispatch};
use crate::number::lanes::Key;
use crate::view::column::{Column, Copies};
use crate::view::room::{Room, list, reserve};
use ndarray::{ArrayView2, Axis, s};
use std::ops::Range;

/// Pixels of a tile that is copied.
const GATHERED: usize = 128;
/// Dates of a tile that are listed at a time.
const LISTED: usize = 340 * DATES;
/// Up to this many pixels of a row go one by one, and up to this many whose series lie in memory.
const FEW: usize = 2;
const FEW_SERIES: usize = 8;
/// Bytes from the first date to the last above which they are taken to lie in memory, where it pays to ask ahead; in cache
/// it costs (`docs/decisions/0006`).
const FAR: usize = 24 << 20;

/// Room for what has to be copied, kept from tile to tile.
pub(crate) struct Scratch<K> {
    values: Room<K>,
    marks: Room<u8>,
    series: Copies<K>,
    bytes: usize,
}

impl<K: Key> Scratch<K> {
    /// That takes about as many bytes at most.
    #[must_use]
    pub(crate) fn new(bytes: usize) -> Self {
        Self { values: Room::new(), marks: Room::new(), series: Copies::new(bytes), bytes }
    }
}

/// How a tile is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Where it lies.
    InPlace,
    /// From a copy of so many dates at a time.
    Copied(usize),
    /// Pixel by pixel.
    Series,
}

/// Some neighbouring pixels on all dates, to be passed over.
pub(crate) struct Tile<'a, K> {
    row: PixelRow<'a, K>,
    way: Way,
    far: bool,
    scratch: &'a mut Scratch<K>,
    /// The first of the dates that have been copied.
    copied: Option<usize>,
}

impl<K: Key> PixelRow<'_, K> {
    /// Calls `each` with all pixels, tile by tile of at most `width`.
    ///
    /// # Errors
    ///
    /// What `each` returns.
    pub(crate) fn for_each_tile(
        &self,
        width: usize,
        scratch: &mut Scratch<K>,
        mut each: impl FnMut(&mut Tile<'_, K>, Range<usize>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (dates, pixels) = self.x.dim();
        let way = self.way(scratch.bytes);
        let width = if let Way::Copied(_) = way { GATHERED } else { width };
        let far = self.x.strides()[0].unsigned_abs() * size_of::<K>() * dates > FAR;
        for start in (0..pixels).step_by(width) {
            let range = start..pixels.min(start + width);
            let mask = self.mask.as_ref().map(|mask| mask.slice(s![.., range.clone()]));
            let row = PixelRow { x: self.x.slice(s![.., range.clone()]), mask, missing: self.missing };
            each(&mut Tile { row, way, far, scratch: &mut *scratch, copied: None }, range)?;
        }
        Ok(())
    }

    fn way(&self, bytes: usize) -> Way {
        let (dates, pixels) = self.x.dim();
        let by_series = is_series(&self.x) && self.mask.as_ref().is_none_or(is_series);
        if pixels <= if by_series { FEW_SERIES } else { FEW } {
            return Way::Series;
        }
        let in_place = is_side_by_side(&self.x) && self.mask.as_ref().is_none_or(is_side_by_side);
        if in_place && !K::needs_blanking(self.missing) {
            return Way::InPlace;
        }
        let most = bytes / GATHERED / (size_of::<K>() + size_of::<u8>());
        Way::Copied(dates.min((most / DATES * DATES).clamp(DATES, LISTED)))
    }
}

impl<K: Key> Tile<'_, K> {
    /// How many pixels there are.
    #[must_use]
    pub(crate) fn pixels(&self) -> usize {
        self.row.x.ncols()
    }

    /// Has `pass` take all dates.
    ///
    /// # Errors
    ///
    /// Scratch memory cannot be had, or the call was interrupted.
    pub(crate) fn pass(&mut self, path: Path, watch: &Watch, pass: &mut impl Pass<K>) -> Result<(), Error> {
        match self.way {
            Way::InPlace => self.pass_in_place(path, watch, pass)?,
            Way::Copied(dates) => self.pass_copied(dates, path, watch, pass)?,
            Way::Series => {
                for pixel in 0..self.pixels() {
                    self.pass_series(pixel, path, watch, pass)?;
                }
            }
        }
        // A second pass finds in cache what the first has read, if there are not too many dates.
        self.far &= self.row.x.nrows() > LISTED;
        Ok(())
    }

    fn pass_in_place(&self, path: Path, watch: &Watch, pass: &mut impl Pass<K>) -> Result<(), Error> {
        let (mut dates, mut marks) = (Vec::new(), Vec::new());
        let all = self.row.x.nrows();
        reserve(&mut dates, all.min(LISTED))?;
        reserve(&mut marks, if self.row.mask.is_some() { all.min(LISTED) } else { 0 })?;
        for start in (0..all).step_by(LISTED) {
            let range = start..all.min(start + LISTED);
            dates.clear();
            dates.extend(range.clone().filter_map(|date| date_of(&self.row.x, date)));
            marks.clear();
            marks.extend(self.row.mask.iter().flat_map(|mask| range.clone().filter_map(|date| date_of(mask, date))));
            let part = Part { dates: &dates, marks: &marks, missing: self.row.missing, far: self.far };
            dispatch(path, Over { part: &part, pass });
            watch.check()?;
        }
        Ok(())
    }

    fn pass_copied(&mut self, dates: usize, path: Path, watch: &Watch, pass: &mut impl Pass<K>) -> Result<(), Error> {
        let (all, pixels) = self.row.x.dim();
        for start in (0..all).step_by(dates) {
            let range = start..all.min(start + dates);
            if self.copied != Some(start) {
                self.copy(range.clone())?;
                self.copied = Some(start);
            }
            let (values, _) = self.scratch.values.as_chunks::<GATHERED>();
            let (marks, _) = self.scratch.marks.as_chunks::<GATHERED>();
            let values = list(range.len(), values.iter().map(|row| &row[..pixels]))?;
            let marks = list(marks.len(), marks.iter().map(|row| &row[..pixels]))?;
            let part = Part { dates: &values, marks: &marks, missing: self.row.missing, far: false };
            dispatch(path, Over { part: &part, pass });
            watch.check()?;
        }
        Ok(())
    }

    /// Copies some dates to the scratch.
    fn copy(&mut self, dates: Range<usize>) -> Result<(), Error> {
        let values = self.scratch.values.rows::<GATHERED>(dates.len())?;
        copy(self.row.x.slice(s![dates.clone(), ..]), values)?;
        K::blank(values.as_flattened_mut(), self.row.missing);
        let marks = self.scratch.marks.rows::<GATHERED>(if self.row.mask.is_some() { dates.len() } else { 0 })?;
        self.row.mask.as_ref().map_or(Ok(()), |mask| copy(mask.slice(s![dates, ..]), marks))
    }

    fn pass_series(&mut self, pixel: usize, path: Path, watch: &Watch, pass: &mut impl Pass<K>) -> Result<(), Error> {
        let mask = self.row.mask.as_ref().map(|mask| mask.column(pixel));
        let column = Column { x: self.row.x.column(pixel), mask, missing: self.row.missing };
        column.read(path, watch, &mut self.scratch.series, &mut OfPixel { pixel, pass })
    }
}

/// A date of a row whose pixels lie side by side.
fn date_of<'a, T>(row: &ArrayView2<'a, T>, date: usize) -> Option<&'a [T]> {
    row.index_axis_move(Axis(0), date).to_slice()
}

/// Whether the pixels of each date lie side by side.
fn is_side_by_side<T>(row: &ArrayView2<'_, T>) -> bool {
    row.ncols() < 2 || row.strides()[1] == 1
}

/// Whether the dates of each pixel do.
fn is_series<T>(row: &ArrayView2<'_, T>) -> bool {
    row.nrows() < 2 || row.strides()[0] == 1
}
