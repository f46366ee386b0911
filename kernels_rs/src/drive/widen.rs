//! Dates of a tile of series as float64 and back: what is missing, weights, and rounding.

use crate::drive::series::{Chunk, DATES};
use crate::exec::simd::{Task, prefetch};
use crate::number::dtypes::Dtype;
use crate::number::lanes::{Key, Missing};
use crate::number::real::Real;
use crate::view::raw::Raw;
use ndarray::ArrayViewMut2;

/// Values as float64, times their weights; 0 where they are missing.
pub(super) struct Widen<'a, K, const W: usize> {
    pub(super) x: &'a [&'a [K; W]],
    /// Whether what lies behind them is what is read next.
    pub(super) in_place: bool,
    pub(super) marks: Option<&'a [[u8; W]; DATES]>,
    /// Whether `chunk.weights` holds the weights that were given.
    pub(super) is_weighted: bool,
    pub(super) missing: Missing<K>,
    pub(super) chunk: &'a mut Chunk<W>,
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
#[allow(clippy::eq_op, reason = "not of what is infinite")]
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
            gap |= (weights[w] <= 0.0) | weights[w].is_nan();
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
pub(super) struct Narrow<'a, O, const W: usize> {
    pub(super) rows: &'a [[f64; W]],
    pub(super) keep: &'a [f64; W],
    pub(super) places: &'a mut [Option<&'a mut [O; W]>; DATES],
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

/// Weights (dates, pixels) or (dates), as float64, to the first lanes of as many rows.
pub(super) fn gather<const W: usize>(weights: &Raw<'_>, rows: &mut [[f64; W]; DATES]) {
    let pixels = weights.shape().get(1).map_or(1, |&pixels| pixels.max(1));
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
pub(super) fn scatter<O: Copy, const W: usize>(rows: &[[O; W]; DATES], mut out: ArrayViewMut2<'_, O>) {
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
