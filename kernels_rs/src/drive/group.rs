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

use crate::drive::group_results::{Finish, halves};
pub(crate) use crate::drive::group_results::{Last, Results, Statistics};
pub(crate) use crate::drive::labels::Grouped;
use crate::drive::labels::{floats_of, groups_of};
use crate::drive::slices::{SCRATCH, Slices};
use crate::errors::Error;
use crate::exec::par::{self, Divide, Watch};
use crate::exec::simd::Path;
use crate::number::lanes::{Key, Missing};
use crate::number::real::Real;
use crate::view::raw::Raw;
use crate::view::room::reserve;
use crate::view::rows::{Operand, simplify};
use crate::view::spans::{Room, SPAN};
use ndarray::{Axis, Dimension, IxDyn};
use std::ops::Range;

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
            let (mut room, mut marked) = (Room::new(), Room::new());
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
        let maps = self.values.shape().len() - self.labels.shape().len();
        let Some(axis) = self.values.shape()[..maps].iter().position(|&length| length > 1) else {
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
