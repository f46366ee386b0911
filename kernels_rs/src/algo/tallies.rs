//! Number, sum, squares, least and largest of the values of every group of a table.
//!
//! ```text
//! of every group: pivot = its first value;  s = q = n = 0
//!     for each value x: d = x - pivot;  s = s + d;  q = q + d d;  n = n + 1;  low = min(low, x);  high = max(high, x)
//! in the end: sum = n pivot + s;  squares of deviations from the mean = q - s s / n
//! of two tables: δ = the difference of their means;  squares = squares1 + squares2 + δ² n1 n2 / n
//! ```
//!
//! With a pivot that is one of the values, an offset common to all of them costs no digit. Where the first value turns out
//! to lie far from the others, which costs as many digits as q exceeds q - s s / n, their mean becomes the pivot. All is
//! float64.
//!
//! Neighbours mostly have one label. So of the labels of a span it is found out first where they change:
//!
//! ```text
//! few changes: of every run of one label: its values in 8 lanes, which are added up in a fixed order, to its row
//!     the last few values are those of a block that ends with them;  in lanes of values before them NaN is added
//! many:        one by one, each to its row
//! ```

use crate::drive::group::Tally;
use crate::exec::simd::{Path, Task, dispatch, prefetch};
use crate::number::lanes::Key;
use crate::number::real::Real;
use crate::view::spans::SPAN;

/// Lanes of a block.
const LANES: usize = 8;

/// Pixels a run, on average, below which they are taken one by one; and below which those of one run are.
const SHORT: usize = 12;
const SHORT_RUN: usize = 6;
/// Pixels of a span that is taken one by one whose groups are looked at: those that have many come by soon.
const SETTLED: usize = 8;

/// Part of the squares that the distance of the mean from the pivot may make up.
const FAR_OFF: f64 = 15.0 / 16.0;

/// Bytes of a table from which on rows are asked for ahead, and by how many pixels.
const FAR: usize = 1 << 19;
const AHEAD: usize = 24;

/// A pivot is no larger than this, so that nothing minus it overflows.
const LARGEST_PIVOT: f64 = 1e150;

/// What is known of the values of a group, relative to its pivot.
#[derive(Clone, Copy)]
pub(crate) struct Shifted<F> {
    sum: f64,
    squares: f64,
    pivot: F,
    low: F,
    high: F,
    count: u32,
}

/// What is known of the values of a group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole<F> {
    pub count: u64,
    pub sum: f64,
    /// The sum of squares of deviations from the mean; NaN of infinite values.
    pub squares: f64,
    /// The least and the largest value.
    pub low: F,
    pub high: F,
}

/// A float of values.
pub(crate) trait Float: Key + Real + Into<f64> {}

impl<F: Key + Real + Into<f64>> Float for F {}

/// The float that a value is subtracted as.
#[inline(always)]
fn pivot_of<F: Float>(x: F) -> F {
    let size = Real::abs(x).into();
    if size <= LARGEST_PIVOT { x } else { F::default() }
}

#[inline(always)]
fn is_nan<F: Float>(x: F) -> bool {
    !(x <= x)
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

    /// Makes the mean the pivot, if that lies so far from it that sums lose digits.
    #[inline(always)]
    fn settle(&mut self) {
        let n = f64::from(self.count);
        // Not so of infinite sums: they are no less than each other.
        if self.sum * self.sum > FAR_OFF * (self.squares * n) && self.squares < f64::MAX {
            let before = self.pivot.into();
            self.pivot = pivot_of(F::nearest(before + self.sum / n));
            let moved = self.pivot.into() - before;
            self.squares += moved * (n * moved - 2.0 * self.sum);
            self.squares = if self.squares < 0.0 { 0.0 } else { self.squares };
            self.sum -= n * moved;
        }
    }

    #[inline(always)]
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
    /// The mean, which rounding does not bring outside of the values; NaN of none.
    #[must_use]
    #[inline(always)]
    #[allow(clippy::cast_precision_loss, reason = "there are fewer than 2⁵³ values")]
    pub(crate) fn mean(&self) -> f64 {
        let (mean, low, high) = (self.sum / self.count as f64, self.low.into(), self.high.into());
        if mean < low && self.sum.is_finite() {
            low
        } else if mean > high && self.sum.is_finite() {
            high
        } else {
            mean
        }
    }

    /// With the values that follow.
    #[must_use]
    #[inline(always)]
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
    const NOTHING: Whole<F> = Whole { count: 0, sum: 0.0, squares: 0.0, low: F::HIGH, high: F::LOW };
    const EMPTY: Self = Self { sum: 0.0, squares: 0.0, pivot: F::HIGH, low: F::HIGH, high: F::LOW, count: 0 };

    fn take(table: &mut [Self], values: &[F], groups: &[u32], path: Path) {
        dispatch(path, Take { table, values, groups });
    }

    #[inline(always)]
    fn add_to(self, whole: Whole<F>) -> Whole<F> {
        whole.and(self.whole())
    }
}

/// The values of a run in lanes, relative to the pivot of its row.
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

    /// Adds a block, in which `pad` is added to every value.
    #[inline(always)]
    fn add(&mut self, block: &[F; LANES], pad: &[F; LANES], pivot: f64) {
        for w in 0..LANES {
            let x = block[w] + pad[w];
            let there = !is_nan(x);
            let d = if there { x.into() - pivot } else { 0.0 };
            self.sum[w] += d;
            self.squares[w] += d * d;
            self.low[w] = if x < self.low[w] { x } else { self.low[w] };
            self.high[w] = if x > self.high[w] { x } else { self.high[w] };
            self.count[w] += u32::from(there);
        }
    }

    /// Adds them up, upper half to lower half, and to a row.
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

struct Take<'a, F> {
    table: &'a mut [Shifted<F>],
    values: &'a [F],
    groups: &'a [u32],
}

// Loops, not closures: these are not always inlined, and then run on the baseline's instructions.
impl<F: Float> Task for Take<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { table, values, groups } = self;
        let count = values.len().min(groups.len());
        let (values, groups) = (&values[..count], &groups[..count]);
        let (Some(none), false) = (table.len().checked_sub(1), count == 0) else { return };
        let mut ends = [0_u8; SPAN];
        let ends = &mut ends[..count];
        if find_ends(groups, ends) * SHORT > count {
            if size_of_val(table) < FAR {
                one_by_one::<F, false>(table, none, values, groups);
            } else {
                one_by_one::<F, true>(table, none, values, groups);
            }
            return;
        }
        let mut first = 0;
        let (eights, rest) = ends.as_chunks::<8>();
        for (i, eight) in eights.iter().enumerate() {
            let mut marks = u64::from_le_bytes(*eight);
            while marks != 0 {
                let end = 8 * i + marks.trailing_zeros() as usize / 8 + 1;
                run_of(table, none, values, first, end, groups[first]);
                first = end;
                marks &= marks - 1;
            }
        }
        for (end, &mark) in (8 * eights.len() + 1..).zip(rest) {
            if mark != 0 {
                run_of(table, none, values, first, end, groups[first]);
                first = end;
            }
        }
    }
}

/// Marks by 1 where another label follows, and the end; returns how many these are.
#[inline(always)]
fn find_ends(groups: &[u32], ends: &mut [u8]) -> usize {
    let last = groups.len() - 1;
    let (these, next) = (&groups[..last], &groups[1..]);
    let ends = &mut ends[..=last];
    for i in 0..last {
        ends[i] = u8::from(these[i] != next[i]);
    }
    ends[last] = 1;
    let mut count = 0_u32;
    for &end in &*ends {
        count += u32::from(end);
    }
    count as usize
}

/// Adds the values of a run to the row of its group.
#[inline(always)]
fn run_of<F: Float>(table: &mut [Shifted<F>], none: usize, values: &[F], first: usize, end: usize, group: u32) {
    let group = group as usize;
    if group == none {
        return;
    }
    let row = &mut table[group];
    if end - first < SHORT_RUN || end < LANES {
        return few_of(row, &values[first..end]);
    }
    if row.count == 0 {
        let Some(pivot) = first_of(&values[first..end]) else { return };
        row.pivot = pivot_of(pivot);
    }
    row.settle();
    let (pivot, mut lanes) = (row.pivot.into(), Lanes::new());
    let (blocks, rest) = values[first..end].as_chunks::<LANES>();
    for block in blocks {
        lanes.add(block, &[F::default(); LANES], pivot);
    }
    if let (false, Some(block)) = (rest.is_empty(), values[..end].last_chunk::<LANES>()) {
        let mut pads = [<F as Real>::NAN; 2 * LANES];
        pads[LANES..].fill(F::default());
        if let Some(pad) = pads[rest.len()..].first_chunk::<LANES>() {
            lanes.add(block, pad, pivot);
        }
    }
    lanes.close(row);
}

#[inline(always)]
fn few_of<F: Float>(row: &mut Shifted<F>, values: &[F]) {
    for &x in values {
        if !is_nan(x) {
            row.add(x);
        }
    }
}

/// The first value that is none of NaN.
#[inline(always)]
fn first_of<F: Float>(values: &[F]) -> Option<F> {
    for &x in values {
        if !is_nan(x) {
            return Some(x);
        }
    }
    None
}

/// Adds values to the rows of their groups.
#[inline(always)]
fn one_by_one<F: Float, const FAR: bool>(table: &mut [Shifted<F>], none: usize, values: &[F], labels: &[u32]) {
    for i in 0..values.len() {
        if FAR && i + AHEAD < labels.len() {
            prefetch(std::slice::from_ref(&table[labels[i + AHEAD] as usize]), 0);
        }
        let x = values[i];
        table[if is_nan(x) { none } else { labels[i] as usize }].add(x);
    }
    // Of these groups, as of some.
    for label in &labels[..labels.len().min(SETTLED)] {
        table[*label as usize].settle();
    }
}
