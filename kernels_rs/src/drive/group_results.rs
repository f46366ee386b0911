//! What statistics of groups write: six numbers of every group, from the rows of all tables.

use crate::drive::group::Tally;
use crate::drive::results::store;
use crate::errors::Error;
use crate::exec::par::{Divide, Watch};
use crate::exec::simd::{Path, Task, dispatch};
use crate::number::real::Real;
use ndarray::{ArrayViewMut1, ArrayViewMutD, Axis, Ix1};

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

/// Results of groups that follow each other.
pub(crate) struct Finish<'a, T, O> {
    pub(crate) first: usize,
    /// Of all tables.
    pub(crate) rows: &'a [T],
    /// Rows of a table.
    pub(crate) size: usize,
    pub(crate) out: Row<'a, O>,
}

impl<T: Tally, O: Real> Finish<'_, T, O> {
    pub(crate) fn write(mut self, path: Path, finish: impl Last<T::Whole, O>, watch: &Watch) -> Result<(), Error> {
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
            for (places, other) in self.found.others.iter_mut().zip(others) {
                places[i] = other;
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
pub(crate) struct Row<'a, O> {
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
pub(crate) fn halves<A>(arrays: [A; 5], split: impl Fn(A) -> (A, A)) -> ([A; 5], [A; 5]) {
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
    pub(crate) fn groups(&self) -> usize {
        self.count.shape().last().copied().unwrap_or(0)
    }

    pub(crate) fn row(&mut self, index: &[usize]) -> Row<'_, O> {
        Row { count: row_of(&mut self.count, index), others: self.others.each_mut().map(|out| row_of(out, index)) }
    }
}

fn row_of<'r, T>(array: &'r mut ArrayViewMutD<'_, T>, index: &[usize]) -> ArrayViewMut1<'r, T> {
    let mut array = array.view_mut();
    index.iter().for_each(|&i| array.index_axis_inplace(Axis(0), i));
    array.into_dimensionality::<Ix1>().expect("the axis of groups is left")
}
