//! Values and the numbers of their groups into the rows of a table, of which neighbours mostly share one.
//!
//! Of the labels of a span it is found out first where they change.
//!
//! ```text
//! few changes: of every run of one label: its values in 8 lanes, which are added up in a fixed order, to its row
//!     the last few values are those of a block that ends with them;  in lanes of values before them NaN is added
//! many:        one by one, each to its row
//! ```

use crate::algo::tallies::{Float, Shifted, is_nan, pivot_of};
use crate::exec::simd::{Task, prefetch};
use crate::number::real::Real;
use crate::view::spans::SPAN;

/// Lanes of a block.
const LANES: usize = 8;

/// Pixels a run, on average, below which they are taken one by one; and below which those of one run are.
const SHORT: usize = 12;
const SHORT_RUN: usize = 6;
/// Pixels of a span that is taken one by one whose groups are looked at: those that have many come by soon.
const SETTLED: usize = 8;

/// Bytes of a table from which on rows are asked for ahead, and by how many pixels.
const FAR: usize = 1 << 19;
const AHEAD: usize = 24;

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

/// Puts values into the rows of their groups; the last row is for what has none.
pub(crate) struct Take<'a, F> {
    pub(crate) table: &'a mut [Shifted<F>],
    pub(crate) values: &'a [F],
    pub(crate) groups: &'a [u32],
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

/// The first value that is not NaN.
#[inline(always)]
#[allow(clippy::manual_find, reason = "a loop, as said above")]
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
