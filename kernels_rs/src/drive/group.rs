//! What statistics of groups share: values with labels, cut into slices, a table of groups for each, and their sum.
//!
//! ```text
//! for every index of the axes of the values that the labels lack:
//!     cut the positions into slices;  of each, on any thread: a table of all groups, empty at first
//!         span by span: labels as numbers of groups, values as floats with NaN for what is missing (labels.rs)
//!             each value into the row of its group;  what has no group into a last row, which nobody reads
//!     groups, on any thread: the rows of all tables in the order of slices → the results
//! ```
//!
//! How many slices there are depends on the shape, on the number of groups and on a row's size, and never on the number
//! of threads: so the bits are the same for every number of them. Tables are made for all slices at once, so there are
//! as many as half of the scratch holds, and one at least. That one may be larger: it is of the size of the results.
//! Where one slice is enough, as maps are small, threads share out the maps.

pub(crate) use crate::drive::labels::Grouped;
use crate::drive::labels::{floats_of, groups_of};
use crate::drive::results::store;
use crate::errors::Error;
use crate::exec::par::{self, Divide, Watch};
use crate::exec::simd::{Path, Task, dispatch};
use crate::number::lanes::{Key, Missing};
use crate::number::real::Real;
use crate::view::raw::Raw;
use crate::view::room::reserve;
use crate::view::rows::{Operand, simplify};
use crate::view::spans::{Block, SPAN};
use ndarray::{ArrayViewMut1, ArrayViewMutD, Axis, Dimension, Ix1, IxDyn};
use std::ops::Range;

/// Bytes of the tables of all slices that are at work at once, if one table is not larger.
const SCRATCH: usize = 32 << 20;
/// Positions of a slice, at least, and a group: less and adding up tables shows (`zonal_stats.rs`).
const LEAST: usize = 128 << 10;
const LEAST_A_GROUP: usize = 20;
/// More slices than these bring no thread anything.
const MOST: usize = 64;
/// Positions of a slice, at most: its tables count them in 32 bits.
const COUNTED: usize = u32::MAX as usize & !(SPAN - 1);

/// A row of a table: what is known of the values of a group.
pub(crate) trait Tally: Copy + Send + Sync {
    /// A value; NaN is none.
    type Value: Key;
    /// What is known of a group in the end.
    type Whole: Copy;

    /// Of no value.
    const EMPTY: Self;
    /// The same in the end.
    const NOTHING: Self::Whole;

    /// Puts values into the rows of their groups. The last row is for what has no group.
    fn take(table: &mut [Self], values: &[Self::Value], groups: &[u32], path: Path);

    /// What is known of the values of earlier slices and of these together.
    fn add_to(self, whole: Self::Whole) -> Self::Whole;
}

/// Where the number and five more statistics of every group go; the last axis is that of groups.
pub(crate) struct Results<'a, O> {
    pub count: ArrayViewMutD<'a, i64>,
    pub others: [ArrayViewMutD<'a, O>; 5],
}

/// The statistics of one group.
pub(crate) type Statistics<O> = (i64, [O; 5]);

/// What becomes of all that is known of a group.
pub(crate) trait Last<W, O>: Copy + Send + Sync {
    fn of(self, whole: W) -> Statistics<O>;
}

/// Values with labels, and where the statistics go.
pub(crate) struct Work<'a, O> {
    /// The last axes are those of the labels.
    pub values: Raw<'a>,
    /// Of the shape of the values; not 0 where one is missing.
    pub mask: Option<Raw<'a>>,
    pub labels: Raw<'a>,
    /// The first axes are those that the labels lack.
    pub out: Results<'a, O>,
}

/// Computes `work`, whose values are of type I, on that many threads.
///
/// # Errors
///
/// Memory or threads cannot be had, or the call was interrupted.
///
/// # Panics
///
/// The arrays have not the shapes that [`Work`] says.
pub(crate) fn group<I: Grouped, T: Tally<Value = I::Float>, O: Real>(
    work: Work<'_, O>,
    missing: Missing<I>,
    path: Path,
    threads: usize,
    finish: impl Last<T::Whole, O>,
) -> Result<(), Error> {
    let groups = work.out.groups();
    let Ok(number) = u32::try_from(groups) else {
        return Err(Error::Internal(format!("{groups} groups are too many")));
    };
    let table = (groups + 1).saturating_mul(size_of::<T>());
    let slices = Slices::new(work.labels.len(), groups, table);
    let by_maps = if slices.count > 1 { 1 } else { threads.min(SCRATCH / table).max(1) };
    if work.out.count.is_empty() {
        return Ok(());
    }
    par::run(work, by_maps, &|mut maps: Work<'_, O>, watch: &Watch| {
        let mut rows = Vec::new();
        for index in maps.indices() {
            watch.check()?;
            let map = Map { plane: maps.plane(index.slice()), groups: number, missing, path };
            rows.clear();
            reserve(&mut rows, slices.count.saturating_mul(groups + 1))?;
            rows.resize(slices.count * (groups + 1), T::EMPTY);
            let tables = Tables { slices, first: 0, rows: &mut rows, size: groups + 1 };
            if slices.count > 1 {
                par::run(tables, threads, &|tables: Tables<'_, T>, watch: &Watch| tables.fill(&map, watch))?;
            } else {
                tables.fill(&map, watch)?;
            }
            let out = Finish { first: 0, rows: &rows, size: groups + 1, out: maps.out.row(index.slice()) };
            if slices.count > 1 {
                par::run(out, threads, &|part: Finish<'_, T, O>, watch: &Watch| part.write(path, finish, watch))?;
            } else {
                out.write(path, finish, watch)?;
            }
        }
        Ok(())
    })
}

/// How the positions of a map are cut.
#[derive(Clone, Copy)]
struct Slices {
    positions: usize,
    count: usize,
    /// Positions of each but the last.
    each: usize,
}

impl Slices {
    fn new(positions: usize, groups: usize, table: usize) -> Self {
        let wanted = positions / LEAST.max(groups.saturating_mul(LEAST_A_GROUP));
        let count = wanted.min(MOST).min(SCRATCH / table).max(positions.div_ceil(COUNTED)).max(1);
        let each = positions.div_ceil(count).next_multiple_of(SPAN);
        Self { positions, count: positions.div_ceil(each.max(1)).max(1), each }
    }

    fn at(self, slice: usize) -> Range<usize> {
        let first = slice * self.each;
        first..self.positions.min(first + self.each)
    }
}

/// Values and labels of one map, arranged for long rows.
struct Plane<'a> {
    values: Raw<'a>,
    mask: Option<Raw<'a>>,
    labels: Raw<'a>,
}

struct Map<'a, I> {
    plane: Plane<'a>,
    groups: u32,
    missing: Missing<I>,
    path: Path,
}

impl<I: Grouped> Map<'_, I> {
    /// Puts the values at some positions into the rows of their groups.
    fn fill<T: Tally<Value = I::Float>>(
        &self,
        positions: Range<usize>,
        table: &mut [T],
        watch: &Watch,
    ) -> Result<(), Error> {
        let Plane { values, mask, labels } = &self.plane;
        let mut groups = [0; SPAN];
        let mut floats = [I::Float::default(); SPAN];
        for first in positions.clone().step_by(SPAN) {
            watch.check()?;
            let count = SPAN.min(positions.end - first);
            let (mut room, mut marked) = (Block::new(), Block::new());
            let values = values.span::<I>(first, count, &mut room);
            let marks = mask.as_ref().map(|mask| mask.span::<u8>(first, count, &mut marked));
            groups_of(labels, first, self.groups, self.path, &mut groups[..count]);
            let values = floats_of(values, marks, self.missing, self.path, &mut floats);
            T::take(table, values, &groups[..count], self.path);
        }
        Ok(())
    }
}

/// Tables of slices that follow each other.
struct Tables<'a, T> {
    slices: Slices,
    first: usize,
    rows: &'a mut [T],
    /// Rows of a table.
    size: usize,
}

impl<T: Tally> Tables<'_, T> {
    fn count(&self) -> usize {
        self.rows.len() / self.size
    }

    fn fill<I: Grouped<Float = T::Value>>(self, map: &Map<'_, I>, watch: &Watch) -> Result<(), Error> {
        let tables = self.rows.chunks_exact_mut(self.size);
        tables.zip(self.first..).try_for_each(|(table, slice)| map.fill(self.slices.at(slice), table, watch))
    }
}

impl<T: Tally> Divide for Tables<'_, T> {
    fn size(&self) -> usize {
        self.slices.each * self.count()
    }

    fn halve(self) -> (Self, Option<Self>) {
        let left = self.count() / 2;
        if left == 0 {
            return (self, None);
        }
        let Self { slices, first, rows, size } = self;
        let (rows, others) = rows.split_at_mut(left * size);
        (Self { slices, first, rows, size }, Some(Self { slices, first: first + left, rows: others, size }))
    }
}

/// Results of groups that follow each other.
struct Finish<'a, T, O> {
    first: usize,
    rows: &'a [T],
    size: usize,
    out: Row<'a, O>,
}

impl<T: Tally, O: Real> Finish<'_, T, O> {
    fn write(mut self, path: Path, finish: impl Last<T::Whole, O>, watch: &Watch) -> Result<(), Error> {
        let groups = self.out.count.len();
        for first in (0..groups).step_by(TOGETHER) {
            watch.check()?;
            let (part, mut found) = (first..groups.min(first + TOGETHER), Found::new());
            let at = self.first + part.start;
            dispatch(
                path,
                Sum { rows: &self.rows[at..], size: self.size, count: part.len(), finish, found: &mut found },
            );
            store(&mut self.out.count, part.clone(), &found.count);
            self.out.others.iter_mut().zip(&found.others).for_each(|(out, other)| store(out, part.clone(), other));
        }
        Ok(())
    }
}

/// Groups that are finished together.
const TOGETHER: usize = 128;

/// The statistics of some groups.
struct Found<O> {
    count: [i64; TOGETHER],
    others: [[O; TOGETHER]; 5],
}

impl<O: Real> Found<O> {
    fn new() -> Self {
        Self { count: [0; TOGETHER], others: [[O::default(); TOGETHER]; 5] }
    }
}

/// Adds the rows of some groups up and finishes them.
struct Sum<'a, T, O, F> {
    /// From the first of these groups in the first table on.
    rows: &'a [T],
    size: usize,
    count: usize,
    finish: F,
    found: &'a mut Found<O>,
}

impl<T: Tally, O: Real, F: Last<T::Whole, O>> Task for Sum<'_, T, O, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut wholes = [T::NOTHING; TOGETHER];
        let wholes = &mut wholes[..self.count];
        let mut first = 0;
        while first < self.rows.len() {
            for (whole, row) in wholes.iter_mut().zip(&self.rows[first..]) {
                *whole = row.add_to(*whole);
            }
            first += self.size;
        }
        for (i, whole) in wholes.iter().enumerate() {
            let (count, others) = self.finish.of(*whole);
            self.found.count[i] = count;
            for k in 0..5 {
                self.found.others[k][i] = others[k];
            }
        }
    }
}

impl<T: Tally, O: Real> Divide for Finish<'_, T, O> {
    fn size(&self) -> usize {
        self.rows.len() / self.size * self.out.count.len()
    }

    fn halve(self) -> (Self, Option<Self>) {
        let left = self.out.count.len() / 2;
        if left == 0 {
            return (self, None);
        }
        let Self { first, rows, size, out } = self;
        let (out, others) = out.split_at(left);
        (Self { first, rows, size, out }, Some(Self { first: first + left, rows, size, out: others }))
    }
}

/// The results of one map.
struct Row<'a, O> {
    count: ArrayViewMut1<'a, i64>,
    others: [ArrayViewMut1<'a, O>; 5],
}

impl<O> Row<'_, O> {
    fn split_at(self, at: usize) -> (Self, Self) {
        let (count, count_right) = self.count.split_at(Axis(0), at);
        let (others, others_right) = halves(self.others, |row| row.split_at(Axis(0), at));
        (Self { count, others }, Self { count: count_right, others: others_right })
    }
}

/// Both parts of each of five arrays.
fn halves<A>(arrays: [A; 5], split: impl Fn(A) -> (A, A)) -> ([A; 5], [A; 5]) {
    let mut right = [const { None }; 5];
    let mut place = right.iter_mut();
    let left = arrays.map(|array| {
        let (left, other) = split(array);
        *place.next().unwrap_or_else(|| unreachable!("as many places as arrays")) = Some(other);
        left
    });
    (left, right.map(|half| half.unwrap_or_else(|| unreachable!("every place is filled"))))
}

impl<O> Results<'_, O> {
    fn groups(&self) -> usize {
        self.count.shape().last().copied().unwrap_or(0)
    }

    fn row(&mut self, index: &[usize]) -> Row<'_, O> {
        Row { count: row_of(&mut self.count, index), others: self.others.each_mut().map(|out| row_of(out, index)) }
    }
}

fn row_of<'r, T>(array: &'r mut ArrayViewMutD<'_, T>, index: &[usize]) -> ArrayViewMut1<'r, T> {
    let mut array = array.view_mut();
    index.iter().for_each(|&i| array.index_axis_inplace(Axis(0), i));
    array.into_dimensionality::<Ix1>().expect("the axis of groups is left")
}

impl<'a, O> Work<'a, O> {
    /// The indices of all maps.
    fn indices(&self) -> impl Iterator<Item = IxDyn> + use<O> {
        let axes = self.values.shape().len() - self.labels.shape().len();
        ndarray::indices(self.values.shape()[..axes].to_vec()).into_iter()
    }

    /// Values and labels of the map at an index.
    fn plane(&self, index: &[usize]) -> Plane<'a> {
        let mut values = self.values.under(index);
        let mut mask = self.mask.as_ref().map(|mask| mask.under(index));
        let mut labels = self.labels.clone();
        if !labels.is_empty() {
            let mut operands: Vec<&mut dyn Operand> = vec![&mut values, &mut labels];
            operands.extend(mask.as_mut().map(|mask| mask as &mut dyn Operand));
            simplify(&mut operands);
        }
        Plane { values, mask, labels }
    }
}

impl<O: Send> Divide for Work<'_, O> {
    fn size(&self) -> usize {
        self.values.len()
    }

    /// Between maps, which are not cut.
    fn halve(self) -> (Self, Option<Self>) {
        let axes = self.values.shape().len() - self.labels.shape().len();
        let Some(axis) = self.values.shape()[..axes].iter().position(|&length| length > 1) else {
            return (self, None);
        };
        let at = self.values.shape()[axis] / 2;
        let Self { values, mask, labels, out: Results { count, others } } = self;
        let (values, values_right) = values.split_at(axis, at);
        let (mask, mask_right) = mask.map(|mask| mask.split_at(axis, at)).unzip();
        let (count, count_right) = count.split_at(Axis(axis), at);
        let (others, others_right) = halves(others, |out| out.split_at(Axis(axis), at));
        let right = Results { count: count_right, others: others_right };
        let right = Self { values: values_right, mask: mask_right, labels: labels.clone(), out: right };
        (Self { values, mask, labels, out: Results { count, others } }, Some(right))
    }
}
