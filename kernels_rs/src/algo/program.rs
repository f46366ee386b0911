//! Selection networks for more wires than fit in registers: small networks (`build.rs`) strung together.
//!
//! ```text
//! sort each run of up to 16 rows in registers
//! merge runs pairwise by the odd-even merge, until two halves remain
//!     small merges in registers; the exchanges that join their results four by four ("ladders")
//! reduce the pairs of both halves to the two middle ranks
//! ```
//!
//! What limits such a network on arrays is not the comparing but the loading and storing: one compare-exchange alone
//! is two operations and four memory accesses. So steps that share wires are grouped: sorting 10 rows is 31 exchanges
//! for 20 accesses, a ladder 4 for 8 a rung. The order of steps on the same wires is kept, so the network is the same.

use crate::algo::network::{every_second, interleave, middle_pairs};
use crate::algo::small::{self, MERGE_MAX, MERGE_MIN, RUNGS_MAX, SORT_MAX, SORT_MIN, pick};
use crate::errors::Error;
use crate::exec::simd::prefetch;
use crate::number::lanes::{Gaps, Key, Missing, greater, lesser};
use crate::view::room::reserve;

/// What a group of steps that is done in registers does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Fills the gaps of dates and stores them sorted in the rows of the same numbers, which follow each other.
    Leaf,
    /// Merges rows: a sorted first half, then a sorted second half, the first being longer where they differ.
    Merge,
    /// See [`small::ladder`].
    Ladder,
    /// One compare-exchange.
    Pair,
}

/// The two middle ranks of `rows` rows, as groups of steps.
pub struct Program {
    rows: usize,
    /// What each group does, on how many rows.
    groups: Vec<(Kind, u8)>,
    /// The rows of all the groups, one after the other; distinct within a group and less than `rows`.
    wires: Vec<u16>,
    /// The row that belongs to the lower half without a partner, where `rows` is odd.
    alone: Option<u16>,
    pairs: Vec<[u16; 2]>,
}

impl Program {
    /// The program for that many rows.
    ///
    /// # Errors
    ///
    /// Memory for it cannot be had.
    ///
    /// # Panics
    ///
    /// If `rows` is less than two leaves or more than 65535.
    pub(crate) fn new(rows: usize) -> Result<Self, Error> {
        assert!((2 * SORT_MIN..=usize::from(u16::MAX)).contains(&rows), "no program for {rows} rows");
        // The lists of wires that are dropped on the way: at most some eight of all of them exist at a time.
        reserve(&mut Vec::<usize>::new(), 8 * rows)?;
        let mut program = Self { rows, groups: Vec::new(), wires: Vec::new(), alone: None, pairs: Vec::new() };
        let wires: Vec<usize> = (0..rows).collect();
        let (a, b) = wires.split_at(rows.div_ceil(2));
        let (a, b) = (program.sort(a)?, program.sort(b)?);
        let (alone, pairs) = middle_pairs(&a, &b);
        program.alone = alone.map(narrow);
        program.pairs = pairs.into_iter().map(|(a, b)| [narrow(a), narrow(b)]).collect();
        Ok(program)
    }

    /// How many rows it is for.
    #[must_use]
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    fn push(&mut self, kind: Kind, wires: &[usize]) -> Result<(), Error> {
        let possible = match kind {
            Kind::Leaf => (SORT_MIN..=SORT_MAX).contains(&wires.len()) && wires.windows(2).all(|w| w[0] + 1 == w[1]),
            Kind::Merge => (MERGE_MIN..=MERGE_MAX).contains(&wires.len()),
            Kind::Ladder => wires.len() % 4 == 1 && wires.len() / 4 <= RUNGS_MAX,
            Kind::Pair => wires.len() == 2,
        };
        assert!(possible && wires.iter().enumerate().all(|(i, wire)| *wire < self.rows && !wires[..i].contains(wire)));
        grow(&mut self.groups, 1)?;
        self.groups.push((kind, u8::try_from(wires.len()).expect("groups are small")));
        grow(&mut self.wires, wires.len())?;
        self.wires.extend(wires.iter().copied().map(narrow));
        Ok(())
    }

    /// Sorts wires; returns them in ascending order of what they hold afterwards.
    fn sort(&mut self, wires: &[usize]) -> Result<Vec<usize>, Error> {
        if wires.len() <= SORT_MAX {
            self.push(Kind::Leaf, wires)?;
            return Ok(wires.to_vec());
        }
        let (a, b) = wires.split_at(wires.len().div_ceil(2));
        let (a, b) = (self.sort(a)?, self.sort(b)?);
        self.merge(&a, &b)
    }

    /// Two levels of the odd-even merge at once, so that the exchanges which join four parts can be grouped.
    fn merge(&mut self, a: &[usize], b: &[usize]) -> Result<Vec<usize>, Error> {
        if a.len() + b.len() <= MERGE_MAX {
            let wires = [a, b].concat();
            self.push(Kind::Merge, &wires)?;
            return Ok(wires);
        }
        let mut part = |first: usize, second: usize| {
            let [a, b] = [a, b].map(|list| every_second(&every_second(list, first), second));
            self.merge(&a, &b)
        };
        let [v_even, v_odd, w_even, w_odd] = [part(0, 0)?, part(0, 1)?, part(1, 0)?, part(1, 1)?];
        self.join([&v_even, &v_odd, &w_even, &w_odd])
    }

    /// The exchanges that join v = (`v_even`, `v_odd`) and w = (`w_even`, `w_odd`), then v and w.
    fn join(&mut self, [v_even, v_odd, w_even, w_odd]: [&[usize]; 4]) -> Result<Vec<usize>, Error> {
        let (v, w) = (interleave(v_even, v_odd), interleave(w_even, w_odd));
        let pairs = |odd: &[usize], even: &[usize]| odd.len().min(even.len() - 1);
        let (v_pairs, w_pairs) = (pairs(v_odd, v_even), pairs(w_odd, w_even));
        let joins = w.len().min(v.len() - 1);
        let rungs = v_pairs.min(w_pairs).min(joins / 2);
        for first in (0..rungs).step_by(RUNGS_MAX) {
            let rung = |k: usize| [v_odd[k], v_even[k + 1], w_odd[k], w_even[k + 1]];
            let rungs = (first..rungs.min(first + RUNGS_MAX)).flat_map(rung);
            let wires: Vec<usize> = std::iter::once(w[2 * first]).chain(rungs).collect();
            self.push(Kind::Ladder, &wires)?;
        }
        (rungs..v_pairs).try_for_each(|k| self.push(Kind::Pair, &[v_odd[k], v_even[k + 1]]))?;
        (rungs..w_pairs).try_for_each(|k| self.push(Kind::Pair, &[w_odd[k], w_even[k + 1]]))?;
        let joined = 2 * rungs;
        for i in joined..joins {
            self.push(Kind::Pair, &[w[i], v[i + 1]])?;
        }
        Ok(interleave(&v, &w))
    }

    /// Fills the gaps of the dates and leaves ranks (T - 1) / 2 and the one above of every lane in `lo` and `hi`.
    ///
    /// # Panics
    ///
    /// If there are not as many dates and rows as the program is for.
    #[inline(always)]
    pub(crate) fn run<K: Key, const W: usize>(
        &self,
        dates: &[&[K; W]],
        upcoming: &[&[K; W]],
        missing: Missing<K>,
        gaps: &mut Gaps<K, W>,
        rows: &mut [[K; W]],
        [lo, hi]: [&mut [K; W]; 2],
    ) {
        assert!(dates.len() == self.rows && rows.len() == self.rows);
        let mut first = 0;
        for &(kind, length) in &self.groups {
            let wires = &self.wires[first..first + usize::from(length)];
            first += usize::from(length);
            // SAFETY: `push` has checked number, distinctness and range against `self.rows`, which is `rows.len()`.
            unsafe {
                match kind {
                    Kind::Leaf => {
                        let range = usize::from(wires[0])..usize::from(wires[0]) + wires.len();
                        for row in upcoming.get(range.clone()).unwrap_or_default() {
                            prefetch(&row[..], 0);
                        }
                        small::leaf(&dates[range.clone()], missing, gaps, &mut rows[range]);
                    }
                    Kind::Merge => small::merge(rows, wires),
                    Kind::Ladder => small::ladder(rows, wires),
                    Kind::Pair => {
                        let [a, b] = pick::<K, W, 2>(rows, wires);
                        pair(a, b);
                    }
                }
            }
        }
        self.middle(rows, lo, hi);
    }

    #[inline(always)]
    fn middle<K: Key, const W: usize>(&self, rows: &[[K; W]], lo: &mut [K; W], hi: &mut [K; W]) {
        *lo = self.alone.map_or([K::LOW; W], |row| rows[usize::from(row)]);
        *hi = [K::HIGH; W];
        for first in (0..self.pairs.len()).step_by(4) {
            // The last four may overlap the ones before: to take a pair into account twice changes nothing.
            let first = first.min(self.pairs.len() - 4);
            let four: &[[u16; 2]; 4] = self.pairs[first..].first_chunk().expect("there are at least eight pairs");
            reduce(four.map(|pair| pair.map(|row| &rows[usize::from(row)])), lo, hi);
        }
    }
}

#[inline(always)]
fn pair<K: Key, const W: usize>(a: &mut [K; W], b: &mut [K; W]) {
    for w in 0..W {
        // Not two selects, which LLVM would fold into masked stores; see `store` in build.rs.
        let smaller = lesser(a[w], b[w]);
        b[w] = K::larger(a[w], b[w], smaller);
        a[w] = smaller;
    }
}

/// Takes four pairs of both sorted halves into account.
#[inline(always)]
fn reduce<K: Key, const W: usize>(pairs: [[&[K; W]; 2]; 4], lo: &mut [K; W], hi: &mut [K; W]) {
    for w in 0..W {
        let (mut l, mut h) = (lo[w], hi[w]);
        for [a, b] in pairs {
            l = greater(l, lesser(a[w], b[w]));
            h = lesser(h, greater(a[w], b[w]));
        }
        (lo[w], hi[w]) = (l, h);
    }
}

/// Makes place for more items, twice as many as are there if need be.
fn grow<T>(list: &mut Vec<T>, more: usize) -> Result<(), Error> {
    if list.capacity() - list.len() < more {
        reserve(list, more.max(list.len()))?;
    }
    Ok(())
}

fn narrow(wire: usize) -> u16 {
    u16::try_from(wire).expect("a program has at most 65535 rows")
}
