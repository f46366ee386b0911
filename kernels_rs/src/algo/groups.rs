//! Medians of a row, pixel by pixel, by selection.
//!
//! ```text
//! series that lie in memory, or are too long to be copied: each is read for itself
//! otherwise: what is not missing of as many pixels as there is room for is copied, series by series
//! ```

use crate::algo::selection::Selector;
use crate::drive::temporal::PixelRow;
use crate::errors::Error;
use crate::exec::par::Watch;
use crate::exec::simd::Path;
use crate::number::bits::Bits;
use crate::number::lanes::{Key, Missing};
use crate::number::real::Real;
use crate::view::column::Column;
use crate::view::room::{Room, list};
use ndarray::{ArrayView1, s};
use std::ops::Range;

/// Dates of which a group is copied at a time, so that a cache line that its pixels share is loaded once.
const DATES: usize = 512;

/// Room for medians pixel by pixel, kept from row to row.
pub(crate) struct Groups<K: Bits> {
    selector: Selector<K>,
    series: Room<K>,
    bytes: usize,
}

impl<K: Bits> Groups<K> {
    /// That take about as many bytes at most.
    #[must_use]
    pub(crate) fn new(bytes: usize, path: Path) -> Self {
        Self { selector: Selector::new(bytes / 3, path), series: Room::new(), bytes: bytes / 3 * 2 }
    }

    /// Calls `each` with every pixel of the row and its median.
    ///
    /// # Errors
    ///
    /// Scratch memory cannot be had, or the call was interrupted.
    pub(crate) fn medians<O: Real + From<K>>(
        &mut self,
        row: &PixelRow<'_, K>,
        watch: &Watch,
        mut each: impl FnMut(usize, O),
    ) -> Result<(), Error> {
        let (dates, pixels) = row.x.dim();
        let most = self.bytes / size_of::<K>() / dates;
        let mut median = |pixel, column: &Column<'_, K>, selector: &mut Selector<K>| {
            each(pixel, median_of(selector.middle(column, watch)?));
            Ok(())
        };
        if row.x.strides()[0] == 1 || most == 0 {
            return (0..pixels).try_for_each(|pixel| median(pixel, &column_of(row, pixel), &mut self.selector));
        }
        for start in (0..pixels).step_by(most) {
            let range = start..pixels.min(start + most);
            let series = self.series.make(range.len() * dates)?;
            let counts = copy_values(row, range.clone(), series, watch)?;
            for ((pixel, series), count) in range.zip(series.chunks_exact(dates)).zip(counts) {
                // Those that are missing have been left out.
                let x = ArrayView1::from(&series[..count]);
                median(pixel, &Column { x, mask: None, missing: Missing::default() }, &mut self.selector)?;
            }
        }
        Ok(())
    }
}

/// The median from the two middle ranks.
fn median_of<K: Key, O: Real + From<K>>(middle: Option<(K, K)>) -> O {
    let Some((lo, hi)) = middle else { return O::NAN };
    let (lo, hi) = (O::from(lo), O::from(hi));
    if lo == hi { lo } else { O::HALF * lo + O::HALF * hi }
}

fn column_of<'a, K: Key>(row: &'a PixelRow<'_, K>, pixel: usize) -> Column<'a, K> {
    let mask = row.mask.as_ref().map(|mask| mask.column(pixel));
    Column { x: row.x.column(pixel), mask, missing: row.missing }
}

/// Copies what is not missing of some pixels, series by series; returns how many values that is of each.
fn copy_values<K: Key>(
    row: &PixelRow<'_, K>,
    pixels: Range<usize>,
    series: &mut [K],
    watch: &Watch,
) -> Result<Vec<usize>, Error> {
    let dates = row.x.nrows();
    let mut counts = list(pixels.len(), pixels.clone().map(|_| 0))?;
    for start in (0..dates).step_by(DATES) {
        let part = start..dates.min(start + DATES);
        for ((pixel, series), count) in pixels.clone().zip(series.chunks_exact_mut(dates)).zip(&mut counts) {
            let x = row.x.slice(s![part.clone(), pixel]);
            let mask = row.mask.as_ref().map(|mask| mask.slice(s![part.clone(), pixel]));
            *count += compact(&x, mask.as_ref(), row.missing, &mut series[*count..]);
        }
        watch.check()?;
    }
    Ok(counts)
}

/// Copies what is not missing; returns how many values that is.
fn compact<K: Key>(
    x: &ArrayView1<'_, K>,
    mask: Option<&ArrayView1<'_, u8>>,
    missing: Missing<K>,
    to: &mut [K],
) -> usize {
    let mut count = 0;
    let mut take = |mut value: K, marked: bool| {
        K::blank(std::slice::from_mut(&mut value), missing);
        to[count] = value;
        count += usize::from(!(marked | value.is_missing(missing)));
    };
    match mask {
        None => x.iter().for_each(|&value| take(value, false)),
        Some(mask) => x.iter().zip(mask).for_each(|(&value, &mark)| take(value, mark != 0)),
    }
    count
}
