//! One pixel through time: its series, read where it lies or copied, some dates at a time.

use crate::errors::Error;
use crate::exec::par::Watch;
use crate::exec::simd::{Path, Task, dispatch};
use crate::number::lanes::{Key, Missing};
use crate::view::room::Room;
use ndarray::{ArrayView1, s};
use std::ops::Range;

/// Dates that are read at a time; no more than integers can be added up.
const DATES: usize = 1 << 15;
/// At least these, however little scratch there is.
const DATES_LEAST: usize = 1 << 10;

/// What reads a series, part by part.
pub(crate) trait Reader<K> {
    /// Reads the next dates; `gap(t, x)` says whether x, the t-th of them, is missing.
    fn read(&mut self, values: &[K], gap: impl Fn(usize, K) -> bool);
}

/// One pixel on all dates.
pub(crate) struct Column<'a, K> {
    /// Its values.
    pub x: ArrayView1<'a, K>,
    /// Not 0 where a value is missing.
    pub mask: Option<ArrayView1<'a, u8>>,
    /// What else is missing.
    pub missing: Missing<K>,
}

/// Room for what has to be copied, kept from series to series.
pub(crate) struct Copies<K> {
    values: Room<K>,
    marks: Room<u8>,
    dates: usize,
}

impl<K: Key> Copies<K> {
    /// That take about as many bytes at most.
    #[must_use]
    pub(crate) fn new(bytes: usize) -> Self {
        let dates = bytes / (size_of::<K>() + size_of::<u8>());
        Self { values: Room::new(), marks: Room::new(), dates: dates.clamp(DATES_LEAST, DATES) }
    }
}

impl<K: Key> Column<'_, K> {
    /// Has `reader` read all dates in order.
    ///
    /// # Errors
    ///
    /// Scratch memory cannot be had, or the call was interrupted.
    pub(crate) fn read(
        &self,
        path: Path,
        watch: &Watch,
        copies: &mut Copies<K>,
        reader: &mut impl Reader<K>,
    ) -> Result<(), Error> {
        let missing = self.missing;
        let in_place = self.x.as_slice().filter(|_| !K::needs_blanking(missing));
        for start in (0..self.x.len()).step_by(copies.dates) {
            let dates = start..self.x.len().min(start + copies.dates);
            let values = if let Some(x) = in_place {
                &x[dates.clone()]
            } else {
                let values = copy(&self.x, dates.clone(), &mut copies.values)?;
                K::blank(values, missing);
                values
            };
            let marks = match self.mask.as_ref().map(|mask| (mask, mask.as_slice())) {
                None => None,
                Some((_, Some(mask))) => Some(&mask[dates]),
                Some((mask, None)) => Some(&*copy(mask, dates, &mut copies.marks)?),
            };
            dispatch(path, Part { values, marks, missing, reader });
            watch.check()?;
        }
        Ok(())
    }
}

/// Some dates that lie side by side.
struct Part<'a, K, R> {
    values: &'a [K],
    marks: Option<&'a [u8]>,
    missing: Missing<K>,
    reader: &'a mut R,
}

impl<K: Key, R: Reader<K>> Task for Part<'_, K, R> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { values, marks, missing, reader } = self;
        match marks {
            None => reader.read(values, |_, x| x.is_missing(missing)),
            Some(marks) => {
                let marks = &marks[..values.len()];
                reader.read(values, |t, x| (marks[t] != 0) | x.is_missing(missing));
            }
        }
    }
}

fn copy<'r, T: Key>(x: &ArrayView1<'_, T>, dates: Range<usize>, room: &'r mut Room<T>) -> Result<&'r mut [T], Error> {
    let values = room.make(dates.len())?;
    values.iter_mut().zip(x.slice(s![dates])).for_each(|(value, x)| *value = *x);
    Ok(values)
}
