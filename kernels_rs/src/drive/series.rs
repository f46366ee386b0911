//! What goes from series to series: a stack with its gaps and weights, read in tiles of W pixels as float64 and written so.
//!
//! ```text
//! cut as reductions are (temporal.rs); each row of pixels in tiles of WIDE, or of NARROW where few are left
//! each tile, some dates at a time: read(weighted values, weights, how many there are); write(results)
//! ```
//!
//! Dates whose pixels lie side by side are read and written where they lie; others are copied, some dates of a tile at a
//! time. A value that is missing, or whose weight is not above 0, has the weight 0 and is 0. One that is infinite, or whose
//! weight is, makes the number of values NaN, which is no number that suffices.

use crate::drive::blocks::copy;
use crate::drive::results::{Output, Results};
use crate::drive::temporal::PixelRow;
use crate::errors::Error;
use crate::exec::simd::{Path, Task, dispatch, prefetch};
use crate::number::dtypes::Dtype;
use crate::number::lanes::{Key, Missing};
use crate::number::real::Real;
use crate::view::raw::Raw;
use crate::view::rows::{Operand, Stack};
use ndarray::{ArrayView2, ArrayViewMut2, ArrayViewMutD, Axis, Ix2, s};
use std::ops::Range;

/// Pixels of a tile, and of one where few are left: as many as the widest register holds.
pub(crate) const WIDE: usize = 64;
pub(crate) const NARROW: usize = 8;
/// Where no more pixels than these are left, narrow tiles take less time.
const FEW: usize = 2 * NARROW;
/// Dates that are read or written at a time.
pub(crate) const DATES: usize = 16;

/// Some dates of a tile.
#[repr(align(64))]
pub(crate) struct Chunk<const W: usize> {
    /// Values times their weights; 0 where they are missing.
    pub values: [[f64; W]; DATES],
    pub weights: [[f64; W]; DATES],
    /// How many values there are, of all that were read so far; NaN where one is infinite.
    pub count: [f64; W],
}

impl<const W: usize> Chunk<W> {
    #[allow(clippy::new_without_default, reason = "made in one place")]
    #[must_use]
    pub(crate) fn new() -> Self {
        Self { values: [[0.0; W]; DATES], weights: [[0.0; W]; DATES], count: [0.0; W] }
    }
}

/// A tile of at most W pixels; lanes beyond the last one are without values.
pub(crate) trait Tile<const W: usize> {
    /// Of the whole series.
    fn dates(&self) -> usize;

    /// Whether values may have other weights than 1.
    fn is_weighted(&self) -> bool;

    /// Reads at most [`DATES`] dates to the first rows of `chunk`, and adds to its count.
    ///
    /// # Errors
    ///
    /// Memory for a list of series cannot be had.
    fn read(&mut self, dates: Range<usize>, chunk: &mut Chunk<W>) -> Result<(), Error>;

    /// Writes the rows of as many dates, and NaN where `keep` is not above 0.
    fn write(&mut self, dates: Range<usize>, rows: &[[f64; W]], keep: &[f64; W]);
}

/// Where the results of a stack go, and the weights of its values.
pub(crate) struct Series<'a, O> {
    /// Axis 0 is time, as it is of the stack.
    pub out: Stack<ArrayViewMutD<'a, O>>,
    /// Of the same shape, float32 or float64; read element by element, wherever they lie.
    pub weights: Option<Stack<Raw<'a>>>,
}

/// The same of a row of pixels: (time, pixel).
pub(crate) struct SeriesRow<'r, O> {
    out: ArrayViewMut2<'r, O>,
    weights: Option<Raw<'r>>,
}

impl<O: Output> Results for Series<'_, O> {
    type Row<'r>
        = SeriesRow<'r, O>
    where
        Self: 'r;

    fn operands(&mut self) -> Vec<&mut dyn Operand> {
        let mut operands: Vec<&mut dyn Operand> = vec![&mut self.out];
        operands.extend(self.weights.as_mut().map(|weights| weights as &mut dyn Operand));
        operands
    }

    fn is_in_order(&self) -> bool {
        // Weights go along with rearranged axes alone.
        self.out.0.is_standard_layout() && self.weights.is_none()
    }

    fn flat(self) -> Self {
        let out = self.out.0;
        let (dates, pixels) = (out.shape()[0], out.shape()[1..].iter().product::<usize>());
        let out = out.into_shape_with_order(vec![dates, pixels]).expect("it lies in C order");
        Self { out: Stack(out), weights: self.weights }
    }

    fn split_at(self, axis: Axis, at: usize) -> (Self, Self) {
        let (out, out_right) = self.out.0.split_at(Axis(axis.0 + 1), at);
        let (weights, weights_right) = self.weights.map(|weights| weights.0.split_at(axis.0 + 1, at)).unzip();
        let whole = |out, weights: Option<_>| Self { out: Stack(out), weights: weights.map(Stack) };
        (whole(out, weights), whole(out_right, weights_right))
    }

    fn row(&mut self, index: &[usize]) -> SeriesRow<'_, O> {
        let (mut out, mut weights) = (self.out.0.view_mut(), self.weights.as_ref().map(|weights| weights.0.clone()));
        for &i in index {
            out.index_axis_inplace(Axis(1), i);
            weights = weights.map(|weights| weights.at(1, i));
        }
        if out.ndim() == 1 {
            out = out.insert_axis(Axis(1));
            weights = weights.map(Raw::with_last_axis);
        }
        SeriesRow { out: out.into_dimensionality::<Ix2>().expect("time and one axis are left"), weights }
    }

    fn clear(&mut self) {
        self.out.0.fill(O::EMPTY);
    }
}

/// What smooths tiles of either width.
pub(crate) trait Smooth {
    /// # Errors
    ///
    /// Memory cannot be had, or the call was interrupted.
    fn wide(&mut self, tile: &mut dyn Tile<WIDE>) -> Result<(), Error>;

    /// # Errors
    ///
    /// As of [`wide`](Self::wide).
    fn narrow(&mut self, tile: &mut dyn Tile<NARROW>) -> Result<(), Error>;
}

/// Has `smooth` take a row of pixels, tile by tile.
///
/// # Errors
///
/// What `smooth` returns.
pub(crate) fn for_each_tile<K: Key + Into<f64>, O: Real>(
    row: &PixelRow<'_, K>,
    results: &mut SeriesRow<'_, O>,
    path: Path,
    smooth: &mut impl Smooth,
) -> Result<(), Error> {
    let (pixels, mut first) = (row.x.ncols(), 0);
    while first < pixels {
        if pixels - first > FEW {
            let range = first..pixels.min(first + WIDE);
            smooth.wide(&mut Part::<K, O, WIDE>::new(row, results, path, range))?;
            first += WIDE;
        } else {
            let range = first..pixels.min(first + NARROW);
            smooth.narrow(&mut Part::<K, O, NARROW>::new(row, results, path, range))?;
            first += NARROW;
        }
    }
    Ok(())
}

/// Some neighbouring pixels on all dates.
struct Part<'a, K, O, const W: usize> {
    x: ArrayView2<'a, K>,
    mask: Option<ArrayView2<'a, u8>>,
    missing: Missing<K>,
    weights: Option<Raw<'a>>,
    out: ArrayViewMut2<'a, O>,
    path: Path,
    /// Whether dates are read where they lie.
    in_place: bool,
    /// Room for copies of some dates. Lanes beyond the last pixel stay marked.
    values: [[K; W]; DATES],
    marks: [[u8; W]; DATES],
}

impl<'a, K: Key, O: Real, const W: usize> Part<'a, K, O, W> {
    fn new(row: &'a PixelRow<'_, K>, results: &'a mut SeriesRow<'_, O>, path: Path, range: Range<usize>) -> Self {
        let mut marks = [[0; W]; DATES];
        marks.iter_mut().for_each(|row| row[range.len()..].fill(1));
        let whole = range.len() == W && row.x.strides()[1] == 1;
        let weights = results.weights.clone();
        Self {
            x: row.x.slice(s![.., range.clone()]),
            mask: row.mask.as_ref().map(|mask| mask.slice(s![.., range.clone()])),
            missing: row.missing,
            weights: weights.map(|weights| weights.part(1, &range)),
            out: results.out.slice_mut(s![.., range]),
            path,
            in_place: whole && !K::needs_blanking(row.missing),
            values: [[K::default(); W]; DATES],
            marks,
        }
    }
}

impl<K: Key + Into<f64>, O: Real, const W: usize> Tile<W> for Part<'_, K, O, W> {
    fn dates(&self) -> usize {
        self.x.nrows()
    }

    fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }

    fn read(&mut self, dates: Range<usize>, chunk: &mut Chunk<W>) -> Result<(), Error> {
        let x = self.x.slice(s![dates.clone(), ..]);
        if !self.in_place {
            let values = &mut self.values[..dates.len()];
            copy(x, values)?;
            K::blank(values.as_flattened_mut(), self.missing);
        }
        if let Some(mask) = &self.mask {
            copy(mask.slice(s![dates.clone(), ..]), &mut self.marks[..dates.len()])?;
        }
        if let Some(weights) = &self.weights {
            gather(&weights.clone().part(0, &dates), &mut chunk.weights);
        }
        let none = [K::default(); W];
        let mut rows = [&none; DATES];
        if self.in_place {
            for (place, row) in rows.iter_mut().zip(x.outer_iter()) {
                *place = row.to_slice().and_then(|row| row.first_chunk()).expect("a row of W pixels");
            }
        } else {
            rows.iter_mut().zip(&self.values).for_each(|(place, row)| *place = row);
        }
        // Writes wait for each other: by the time that results are written, their places have been asked for.
        if self.out.strides()[1] == 1 {
            self.out
                .slice(s![dates.clone(), ..])
                .outer_iter()
                .filter_map(|row| row.to_slice())
                .for_each(|row| prefetch(row, 0));
        }
        let is_marked = self.mask.is_some() || x.ncols() < W;
        dispatch(
            self.path,
            Widen {
                x: &rows[..dates.len()],
                in_place: self.in_place,
                marks: is_marked.then_some(&self.marks),
                is_weighted: self.weights.is_some(),
                missing: self.missing,
                chunk,
            },
        );
        Ok(())
    }

    fn write(&mut self, dates: Range<usize>, rows: &[[f64; W]], keep: &[f64; W]) {
        let (mut out, path) = (self.out.slice_mut(s![dates, ..]), self.path);
        // All places are found before anything is written there. What is found is read back from where it was stored, in
        // another width than it was stored, and that waits for all that was written before.
        let mut places: [Option<&mut [O; W]>; DATES] = [const { None }; DATES];
        if out.ncols() == W && out.strides()[1] == 1 {
            for (place, row) in places.iter_mut().zip(out.rows_mut()) {
                *place = row.into_slice().and_then(|row| row.first_chunk_mut());
            }
            return dispatch(path, Narrow { rows, keep, places: &mut places });
        }
        let mut rounded = [[O::NAN; W]; DATES];
        places.iter_mut().zip(&mut rounded).for_each(|(place, row)| *place = Some(row));
        dispatch(path, Narrow { rows, keep, places: &mut places });
        scatter(&rounded, out);
    }
}

/// Values as float64, times their weights; 0 where they are missing.
struct Widen<'a, K, const W: usize> {
    x: &'a [&'a [K; W]],
    /// Whether what lies behind them is what is read next.
    in_place: bool,
    marks: Option<&'a [[u8; W]; DATES]>,
    /// Whether `chunk.weights` holds the weights that were given.
    is_weighted: bool,
    missing: Missing<K>,
    chunk: &'a mut Chunk<W>,
}

impl<K: Key + Into<f64>, const W: usize> Task for Widen<'_, K, W> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { x, in_place, marks, is_weighted, missing, chunk } = self;
        let Chunk { values, weights, count } = chunk;
        let is_marked = marks.is_some();
        for (i, &x) in x.iter().enumerate() {
            if in_place {
                prefetch(x, size_of::<[K; W]>());
            }
            let (rows, marks) =
                ((&mut values[i], &mut weights[i], &mut *count), marks.map_or(&[0; W], |marks| &marks[i]));
            match (is_marked, is_weighted) {
                (false, false) => widen::<K, W, false, false>(x, marks, missing, rows),
                (true, false) => widen::<K, W, true, false>(x, marks, missing, rows),
                (_, true) => widen::<K, W, true, true>(x, marks, missing, rows),
            }
        }
    }
}

/// The loop over lanes; `weights` holds those that were given, if any were.
#[inline(always)]
fn widen<K: Key + Into<f64>, const W: usize, const MARKED: bool, const WEIGHTED: bool>(
    x: &[K; W],
    marks: &[u8; W],
    missing: Missing<K>,
    (values, weights, count): (&mut [f64; W], &mut [f64; W], &mut [f64; W]),
) {
    for w in 0..W {
        let mut gap = x[w].is_missing(missing);
        if MARKED {
            gap |= marks[w] != 0;
        }
        if WEIGHTED {
            // NaN is not above 0 either.
            gap |= !(weights[w] > 0.0);
        }
        let weight = if gap {
            0.0
        } else if WEIGHTED {
            weights[w]
        } else {
            1.0
        };
        let x: f64 = x[w].into();
        let value = if gap { 0.0 } else { x * weight };
        weights[w] = weight;
        values[w] = value;
        // A finite value minus itself is 0, an infinite one NaN.
        count[w] += (if gap { 0.0 } else { 1.0 }) + (value - value);
    }
}

/// Results as rounded once.
struct Narrow<'a, O, const W: usize> {
    rows: &'a [[f64; W]],
    keep: &'a [f64; W],
    places: &'a mut [Option<&'a mut [O; W]>; DATES],
}

impl<O: Real, const W: usize> Task for Narrow<'_, O, W> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let keep = *self.keep;
        for (row, place) in self.rows.iter().zip(self.places) {
            let out = place.as_deref_mut().expect("a row of W pixels");
            for w in 0..W {
                let (value, kept) = (O::nearest(row[w]), keep[w] > 0.0);
                out[w] = if kept { value } else { O::NAN };
            }
        }
    }
}

/// Weights (dates, pixels), as float64, to the first lanes of as many rows.
fn gather<const W: usize>(weights: &Raw<'_>, rows: &mut [[f64; W]; DATES]) {
    let pixels = weights.shape()[1].max(1);
    let mut places = (0..).map(|i| (i / pixels, i % pixels));
    let mut put = |weight: f64| {
        if let Some((date, w)) = places.next() {
            rows[date][w] = weight;
        }
    };
    if weights.dtype() == Dtype::Float32 {
        weights.for_each_chunk::<f32>(|chunk| chunk.iter().for_each(|&weight| put(weight.into())));
    } else {
        weights.for_each_chunk::<f64>(|chunk| chunk.iter().for_each(|&weight| put(weight)));
    }
}

/// Writes the first lanes of rows to (dates, pixels) of any strides.
fn scatter<O: Copy, const W: usize>(rows: &[[O; W]; DATES], mut out: ArrayViewMut2<'_, O>) {
    if out.strides()[0].unsigned_abs() < out.strides()[1].unsigned_abs() {
        for (w, mut series) in out.columns_mut().into_iter().enumerate() {
            series.iter_mut().zip(rows).for_each(|(value, row)| *value = row[w]);
        }
    } else {
        for (mut values, row) in out.rows_mut().into_iter().zip(rows) {
            values.iter_mut().zip(row).for_each(|(value, lane)| *value = *lane);
        }
    }
}
