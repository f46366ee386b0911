//! The ways forwards over some dates and back, in tiles of series: compiled for every set of instructions, and for dates
//! one apart and others.

use crate::algo::banded::{Known, back};
use crate::algo::penalty::Penalty;
use crate::algo::shared::Shared;
use crate::drive::series::{Chunk, DATES};
use crate::exec::simd::Task;
use std::ops::Range;

/// Work that is compiled for dates one apart, and for others.
pub(super) trait Spaced {
    fn run<const EVEN: bool>(self);
}

/// With dates one apart.
pub(super) struct Even<S>(pub(super) S);
/// With any.
pub(super) struct Uneven<S>(pub(super) S);

impl<S: Spaced> Task for Even<S> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.0.run::<true>();
    }
}

impl<S: Spaced> Task for Uneven<S> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.0.run::<false>();
    }
}

pub(super) struct Forwards<'a, const D: usize, const W: usize> {
    pub(super) penalty: Penalty<'a>,
    pub(super) dates: Range<usize>,
    pub(super) chunk: &'a Chunk<W>,
    pub(super) known: &'a mut Known<D, W>,
    /// Of every date k, then g.
    pub(super) factors: &'a mut [[f64; W]],
}

impl<const D: usize, const W: usize> Spaced for Forwards<'_, D, W> {
    #[inline(always)]
    fn run<const EVEN: bool>(self) {
        let Self { penalty, dates, chunk, known, factors } = self;
        for (i, (date, factors)) in dates.zip(factors.chunks_exact_mut(D + 1)).enumerate() {
            let (k, g) = factors.split_first_chunk_mut::<D>().expect("D rows and one");
            known.go::<EVEN>(penalty.step(date), (&chunk.weights[i], &chunk.values[i]), k, &mut g[0]);
        }
    }
}

pub(super) struct Solve<'a, const D: usize, const W: usize> {
    pub(super) known: &'a Known<D, W>,
    pub(super) s: &'a mut [[f64; W]; D],
}

impl<const D: usize, const W: usize> Task for Solve<'_, D, W> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.known.solve(self.s);
    }
}

pub(super) struct Back<'a, const D: usize, const W: usize> {
    pub(super) penalty: Penalty<'a>,
    pub(super) dates: Range<usize>,
    pub(super) s: &'a mut [[f64; W]; D],
    pub(super) factors: &'a [[f64; W]],
    pub(super) z: &'a mut [[f64; W]; DATES],
}

impl<const D: usize, const W: usize> Spaced for Back<'_, D, W> {
    #[inline(always)]
    fn run<const EVEN: bool>(self) {
        let Self { penalty, dates, s, factors, z } = self;
        for (i, date) in dates.enumerate().rev() {
            let (k, g) = factors[i * (D + 1)..].split_first_chunk::<D>().expect("D rows and one");
            back::<D, W, EVEN>(s, penalty.step(date), k, &g[0], &mut z[i]);
        }
    }
}

pub(super) struct ShareForwards<'a, const D: usize, const W: usize> {
    pub(super) shared: &'a Shared<D>,
    pub(super) dates: Range<usize>,
    pub(super) chunk: &'a Chunk<W>,
    pub(super) h: &'a mut [[f64; W]; D],
    pub(super) g: &'a mut [[f64; W]],
}

impl<const D: usize, const W: usize> Spaced for ShareForwards<'_, D, W> {
    #[inline(always)]
    fn run<const EVEN: bool>(self) {
        let Self { shared, dates, chunk, h, g } = self;
        for (i, (date, g)) in dates.zip(g).enumerate() {
            shared.go::<W, EVEN>(date, h, &chunk.values[i], g);
        }
    }
}

pub(super) struct ShareSolve<'a, const D: usize, const W: usize> {
    pub(super) shared: &'a Shared<D>,
    pub(super) h: &'a [[f64; W]; D],
    pub(super) s: &'a mut [[f64; W]; D],
}

impl<const D: usize, const W: usize> Task for ShareSolve<'_, D, W> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.shared.solve(self.h, self.s);
    }
}

pub(super) struct ShareBack<'a, const D: usize, const W: usize> {
    pub(super) shared: &'a Shared<D>,
    pub(super) dates: Range<usize>,
    pub(super) s: &'a mut [[f64; W]; D],
    pub(super) g: &'a [[f64; W]],
    pub(super) z: &'a mut [[f64; W]; DATES],
}

impl<const D: usize, const W: usize> Spaced for ShareBack<'_, D, W> {
    #[inline(always)]
    fn run<const EVEN: bool>(self) {
        let Self { shared, dates, s, g, z } = self;
        for (i, date) in dates.enumerate().rev() {
            shared.back::<W, EVEN>(date, s, &g[i], &mut z[i]);
        }
    }
}
