//! Number, sum, squares, least and largest of the values of every group of a table.
//!
//! ```text
//! of every group: pivot = its first value;  s = q = n = 0
//!     for each value x: d = x - pivot;  s = s + d;  q = q + d d;  n = n + 1;  low = min(low, x);  high = max(high, x)
//! in the end: sum = n pivot + s;  squares of deviations from the mean = q - s s / n
//! of two tables: δ = the difference of their means;  squares = squares1 + squares2 + δ² n1 n2 / n
//! ```
//!
//! With a pivot that is one of the values, an offset common to all of them costs no digit. All is float64.
//!
//! Neighbours mostly have one label, so values are taken in blocks of 16:
//!
//! ```text
//! all of one group:   16 lanes, which are kept for as long as blocks of that group follow
//! two groups, one of the first and one of the last pixel: lanes of the first, then lanes of the last; others hold NaN
//! otherwise:          one by one
//! ```
//!
//! Lanes are added to the row of their group, in a fixed order, when another group's turn comes.

use crate::drive::group::Tally;
use crate::exec::simd::{Path, Task, dispatch};
use crate::number::lanes::Key;
use crate::number::real::Real;

/// Lanes of a block.
const LANES: usize = 16;

/// A pivot is no larger than this, so that nothing minus it overflows.
const LARGEST_PIVOT: f64 = 1e150;

/// What is known of the values of a group, relative to its pivot.
#[derive(Clone, Copy)]
pub struct Shifted<F> {
    sum: f64,
    squares: f64,
    pivot: F,
    low: F,
    high: F,
    count: u32,
}

/// What is known of the values of a group.
#[derive(Clone, Copy, Debug)]
pub struct Whole<F> {
    pub count: u64,
    pub sum: f64,
    /// The sum of squares of deviations from the mean; NaN of infinite values.
    pub squares: f64,
    /// The least and the largest value.
    pub low: F,
    pub high: F,
}

/// A float of values.
pub trait Float: Key + Real + Into<f64> {}

impl<F: Key + Real + Into<f64>> Float for F {}

/// The float that a value is subtracted as.
#[inline(always)]
fn pivot_of<F: Float>(x: F) -> F {
    let size = Real::abs(x).into();
    if size <= LARGEST_PIVOT { x } else { F::default() }
}

#[inline(always)]
fn is_nan<F: Float>(x: F) -> bool {
    x.partial_cmp(&x).is_none()
}

impl<F: Float> Shifted<F> {
    #[inline(always)]
    fn add(&mut self, x: F) {
        if self.count == 0 {
            self.pivot = pivot_of(x);
        }
        let d = x.into() - self.pivot.into();
        self.sum += d;
        self.squares += d * d;
        self.low = if x < self.low { x } else { self.low };
        self.high = if x > self.high { x } else { self.high };
        self.count = self.count.wrapping_add(1); // of what has no group there may be more
    }

    fn whole(self) -> Whole<F> {
        let n = f64::from(self.count);
        let squares = if self.count == 0 { 0.0 } else { self.squares - self.sum * (self.sum / n) };
        Whole {
            count: self.count.into(),
            sum: n * self.pivot.into() + self.sum,
            squares: if squares < 0.0 { 0.0 } else { squares },
            low: self.low,
            high: self.high,
        }
    }
}

impl<F: Float> Whole<F> {
    /// Of no value.
    #[must_use]
    pub fn empty() -> Self {
        Self { count: 0, sum: 0.0, squares: 0.0, low: F::HIGH, high: F::LOW }
    }

    /// The mean, which rounding does not bring outside of the values; NaN of none.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "there are fewer than 2⁵³ values")]
    pub fn mean(&self) -> f64 {
        let (mean, low, high) = (self.sum / self.count as f64, self.low.into(), self.high.into());
        if mean < low {
            low
        } else if mean > high {
            high
        } else {
            mean
        }
    }

    /// With the values that follow.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "there are fewer than 2⁵³ values")]
    fn and(self, other: Self) -> Self {
        if self.count == 0 || other.count == 0 {
            return if self.count == 0 { other } else { self };
        }
        let count = self.count + other.count;
        let delta = other.mean() - self.mean();
        let weight = self.count as f64 * (other.count as f64 / count as f64);
        Self {
            count,
            sum: self.sum + other.sum,
            squares: self.squares + other.squares + delta * delta * weight,
            low: if other.low < self.low { other.low } else { self.low },
            high: if other.high > self.high { other.high } else { self.high },
        }
    }
}

impl<F: Float> Tally for Shifted<F> {
    type Value = F;
    type Whole = Whole<F>;
    const EMPTY: Self =
        Self { sum: 0.0, squares: 0.0, pivot: F::HIGH, low: F::HIGH, high: F::LOW, count: 0 };

    fn take(table: &mut [Self], values: &[F], groups: &[u32], path: Path) {
        dispatch(path, Take { table, values, groups });
    }

    fn together(rows: impl Iterator<Item = Self>) -> Whole<F> {
        rows.filter(|row| row.count > 0).map(Self::whole).fold(Whole::empty(), Whole::and)
    }
}

/// The values of a group in lanes, relative to the pivot of its row.
#[derive(Clone, Copy)]
struct Lanes<F> {
    sum: [f64; LANES],
    squares: [f64; LANES],
    low: [F; LANES],
    high: [F; LANES],
    count: [u32; LANES],
}

impl<F: Float> Lanes<F> {
    #[inline(always)]
    fn new() -> Self {
        let (low, high) = ([F::HIGH; LANES], [F::LOW; LANES]);
        Self { sum: [0.0; LANES], squares: [0.0; LANES], low, high, count: [0; LANES] }
    }

    #[inline(always)]
    fn add(&mut self, block: &[F; LANES], pivot: f64) {
        for w in 0..LANES {
            let x = block[w];
            let there = !is_nan(x);
            let d = if there { x.into() - pivot } else { 0.0 };
            self.sum[w] += d;
            self.squares[w] += d * d;
            self.low[w] = if x < self.low[w] { x } else { self.low[w] };
            self.high[w] = if x > self.high[w] { x } else { self.high[w] };
            self.count[w] += u32::from(there);
        }
    }

    /// Adds them up, upper half to lower half.
    #[inline(always)]
    fn close(mut self, row: &mut Shifted<F>) {
        let mut half = LANES / 2;
        while half > 0 {
            for w in 0..half {
                let other = w + half;
                self.sum[w] += self.sum[other];
                self.squares[w] += self.squares[other];
                self.low[w] = if self.low[other] < self.low[w] { self.low[other] } else { self.low[w] };
                self.high[w] = if self.high[other] > self.high[w] { self.high[other] } else { self.high[w] };
                self.count[w] += self.count[other];
            }
            half /= 2;
        }
        row.sum += self.sum[0];
        row.squares += self.squares[0];
        row.low = if self.low[0] < row.low { self.low[0] } else { row.low };
        row.high = if self.high[0] > row.high { self.high[0] } else { row.high };
        row.count += self.count[0];
    }
}

/// The group whose lanes are kept.
struct Open<F> {
    group: u32,
    pivot: f64,
    lanes: Lanes<F>,
}

struct Take<'a, F> {
    table: &'a mut [Shifted<F>],
    values: &'a [F],
    groups: &'a [u32],
}

impl<F: Float> Task for Take<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { table, values, groups } = self;
        let Some(none) = table.len().checked_sub(1) else { return };
        let (blocks, rest) = values.as_chunks::<LANES>();
        let (labels, rest_labels) = groups.as_chunks::<LANES>();
        let blocks = &blocks[..labels.len()];
        let mut open = None;
        let mut i = 0;
        while i < blocks.len() {
            let (first, last) = (labels[i][0], labels[i][LANES - 1]);
            let mut end = i + 1;
            if all(&labels[i], first) {
                while end < blocks.len() && all(&labels[end], first) {
                    end += 1;
                }
                if first as usize != none {
                    lanes_of(table, &mut open, first, &blocks[i..end]);
                }
            } else if both(&labels[i], first, last) {
                for group in [first, last] {
                    if group as usize != none {
                        let block = only(&blocks[i], &labels[i], group);
                        lanes_of(table, &mut open, group, std::slice::from_ref(&block));
                    }
                }
            } else {
                close(table, &mut open);
                one_by_one(table, none, &blocks[i], &labels[i]);
            }
            i = end;
        }
        close(table, &mut open);
        one_by_one(table, none, rest, rest_labels);
    }
}

#[inline(always)]
fn all(labels: &[u32; LANES], group: u32) -> bool {
    labels.iter().fold(0, |other, &label| other | (label ^ group)) == 0
}

#[inline(always)]
fn both(labels: &[u32; LANES], first: u32, last: u32) -> bool {
    labels.iter().fold(true, |only, &label| only & ((label == first) | (label == last)))
}

/// The values of a group; NaN in place of others.
#[inline(always)]
fn only<F: Float>(block: &[F; LANES], labels: &[u32; LANES], group: u32) -> [F; LANES] {
    std::array::from_fn(|w| if labels[w] == group { block[w] } else { <F as Real>::NAN })
}

/// Adds blocks of one group to its lanes.
#[inline(always)]
fn lanes_of<F: Float>(table: &mut [Shifted<F>], open: &mut Option<Open<F>>, group: u32, blocks: &[[F; LANES]]) {
    if open.as_ref().is_none_or(|open| open.group != group) {
        close(table, open);
        let row = &mut table[group as usize];
        if row.count == 0 {
            let Some(&first) = blocks.as_flattened().iter().find(|x| !is_nan(**x)) else { return };
            row.pivot = pivot_of(first);
        }
        *open = Some(Open { group, pivot: row.pivot.into(), lanes: Lanes::new() });
    }
    if let Some(Open { pivot, lanes, .. }) = open {
        let mut own = *lanes;
        for block in blocks {
            own.add(block, *pivot);
        }
        *lanes = own;
    }
}

#[inline(always)]
fn close<F: Float>(table: &mut [Shifted<F>], open: &mut Option<Open<F>>) {
    if let Some(Open { group, lanes, .. }) = open.take() {
        lanes.close(&mut table[group as usize]);
    }
}

#[inline(always)]
fn one_by_one<F: Float>(table: &mut [Shifted<F>], none: usize, values: &[F], labels: &[u32]) {
    for (&x, &label) in values.iter().zip(labels) {
        table[if is_nan(x) { none } else { label as usize }].add(x);
    }
}
