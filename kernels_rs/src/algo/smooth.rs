//! Tiles of series smoothed by penalised least squares: `banded.rs` forwards over all dates and back, as memory allows.
//!
//! ```text
//! a tile without gaps and weights, up to the first gap:  its factors are those of every such series, made once a call
//! otherwise, from the first date on:
//!     dates in segments whose factors fit in scratch; what is known at the beginning of each is kept
//!     forwards over all;  the state at the last date;  back over the segments, each but the last gone over again
//! ```
//!
//! Both ways compute the same numbers from the same numbers, so that bits depend neither on the tile nor on its size.

use crate::algo::banded::Known;
use crate::algo::penalty::Penalty;
use crate::algo::shared::Shared;
use crate::algo::walks::{Back, Even, Forwards, ShareBack, ShareForwards, ShareSolve, Solve, Uneven};
use crate::drive::series::{Chunk, DATES, NARROW, Smooth, Tile, WIDE};
use crate::errors::Error;
use crate::exec::par::Watch;
use crate::exec::simd::{Path, dispatch};
use crate::view::room::{Room, reserve};
use std::ops::Range;

/// Dates of a segment, and at least so many.
const MOST: usize = 4096;
const LEAST: usize = 64;

/// What a call makes once, for all its threads.
pub(crate) struct Plan<'p, const D: usize> {
    penalty: Penalty<'p>,
    /// None where series are long.
    shared: Option<Shared<D>>,
}

impl<'p, const D: usize> Plan<'p, D> {
    /// For series of that many dates.
    #[must_use]
    pub(crate) fn new(penalty: Penalty<'p>, dates: usize) -> Self {
        let shared = match penalty.times {
            _ if dates > MOST => None,
            None => Shared::new::<true>(&penalty, dates),
            Some(_) => Shared::new::<false>(&penalty, dates),
        };
        Self { penalty, shared }
    }
}

/// Smooths tiles, one after the other.
pub(crate) struct Smoother<'p, const D: usize> {
    plan: &'p Plan<'p, D>,
    path: Path,
    watch: &'p Watch,
    wide: Scratch<D, WIDE>,
    narrow: Scratch<D, NARROW>,
}

/// What is kept of a tile from the way forwards to the way back.
struct Scratch<const D: usize, const W: usize> {
    segment: usize,
    /// k and g of the dates of a segment.
    factors: Room<f64>,
    begun: Vec<Known<D, W>>,
    chunk: Box<Chunk<W>>,
}

impl<'p, const D: usize> Smoother<'p, D> {
    /// That takes about as many bytes at most.
    #[must_use]
    pub(crate) fn new(plan: &'p Plan<'p, D>, path: Path, watch: &'p Watch, bytes: usize) -> Self {
        Self { plan, path, watch, wide: Scratch::new(bytes / 2), narrow: Scratch::new(bytes / 2) }
    }
}

impl<const D: usize> Smooth for Smoother<'_, D> {
    fn wide(&mut self, tile: &mut dyn Tile<WIDE>) -> Result<(), Error> {
        self.wide.smooth(self.plan, self.path, self.watch, tile)
    }

    fn narrow(&mut self, tile: &mut dyn Tile<NARROW>) -> Result<(), Error> {
        self.narrow.smooth(self.plan, self.path, self.watch, tile)
    }
}

/// Dates that are taken at a time, in order.
fn chunks(dates: Range<usize>) -> impl DoubleEndedIterator<Item = Range<usize>> {
    dates.clone().step_by(DATES).map(move |first| first..dates.end.min(first + DATES))
}

impl<const D: usize, const W: usize> Scratch<D, W> {
    fn new(bytes: usize) -> Self {
        let segment = (bytes / size_of::<[f64; W]>() / (D + 1)).clamp(LEAST, MOST);
        Self { segment, factors: Room::new(), begun: Vec::new(), chunk: Box::new(Chunk::new()) }
    }

    fn smooth(&mut self, plan: &Plan<'_, D>, path: Path, watch: &Watch, tile: &mut dyn Tile<W>) -> Result<(), Error> {
        if let Some(shared) = plan.shared.as_ref().filter(|_| !tile.is_weighted())
            && self.share(shared, plan.penalty.times.is_none(), path, watch, tile)?
        {
            return Ok(());
        }
        self.factorise(plan.penalty, path, watch, tile)
    }

    /// Smooths with the factors that series without gaps share; false, and nothing is written, if there is a gap.
    fn share(
        &mut self,
        shared: &Shared<D>,
        even: bool,
        path: Path,
        watch: &Watch,
        tile: &mut dyn Tile<W>,
    ) -> Result<bool, Error> {
        let (dates, chunk) = (tile.dates(), &mut *self.chunk);
        let (mut h, mut s) = ([[0.0; W]; D], [[0.0; W]; D]);
        chunk.count = [0.0; W];
        let g = self.factors.rows::<W>(dates)?;
        #[allow(clippy::cast_precision_loss, reason = "dates in memory")]
        for some in chunks(0..dates) {
            watch.check()?;
            tile.read(some.clone(), chunk)?;
            let all = some.end as f64;
            #[allow(clippy::float_cmp, reason = "counts")]
            if chunk.count.iter().any(|&count| count != all) {
                return Ok(false);
            }
            let g = &mut g[some.clone()];
            let forwards = ShareForwards { shared, dates: some, chunk, h: &mut h, g };
            if even { dispatch(path, Even(forwards)) } else { dispatch(path, Uneven(forwards)) }
        }
        dispatch(path, ShareSolve { shared, h: &h, s: &mut s });
        for some in chunks(0..dates).rev() {
            watch.check()?;
            let (g, z) = (&g[some.clone()], &mut chunk.values);
            let backwards = ShareBack { shared, dates: some.clone(), s: &mut s, g, z };
            if even {
                dispatch(path, Even(backwards));
            } else {
                dispatch(path, Uneven(backwards));
            }
            let length = some.len();
            tile.write(some, &chunk.values[..length], &[1.0; W]);
        }
        Ok(true)
    }

    /// Smooths with factors of its own for every series.
    fn factorise(
        &mut self,
        penalty: Penalty<'_>,
        path: Path,
        watch: &Watch,
        tile: &mut dyn Tile<W>,
    ) -> Result<(), Error> {
        let dates = tile.dates();
        let segments: Vec<_> = (0..dates).step_by(self.segment).map(|a| a..dates.min(a + self.segment)).collect();
        self.factors.rows::<W>(self.segment.min(dates) * (D + 1))?;
        self.begun.clear();
        reserve(&mut self.begun, segments.len())?;
        let mut known = Known::NOTHING;
        self.chunk.count = [0.0; W];
        for dates in &segments {
            self.begun.push(known);
            self.forwards(penalty, dates.clone(), &mut known, path, watch, tile)?;
        }
        #[allow(clippy::cast_precision_loss, reason = "orders are small")]
        let keep = self.chunk.count.map(|count| if count >= D as f64 { 1.0 } else { 0.0 });
        let mut s = [[0.0; W]; D];
        dispatch(path, Solve { known: &known, s: &mut s });
        for (i, dates) in segments.iter().enumerate().rev() {
            if i + 1 < segments.len() {
                known = self.begun[i];
                self.forwards(penalty, dates.clone(), &mut known, path, watch, tile)?;
            }
            for some in chunks(dates.clone()).rev() {
                watch.check()?;
                let rows = (some.start - dates.start) * (D + 1)..(some.end - dates.start) * (D + 1);
                let (factors, z) = (&self.factors.as_chunks().0[rows], &mut self.chunk.values);
                let backwards = Back { penalty, dates: some.clone(), s: &mut s, factors, z };
                match penalty.times {
                    None => dispatch(path, Even(backwards)),
                    Some(_) => dispatch(path, Uneven(backwards)),
                }
                let length = some.len();
                tile.write(some, &self.chunk.values[..length], &keep);
            }
        }
        Ok(())
    }

    /// Goes over the dates of a segment, and keeps their factors.
    fn forwards(
        &mut self,
        penalty: Penalty<'_>,
        dates: Range<usize>,
        known: &mut Known<D, W>,
        path: Path,
        watch: &Watch,
        tile: &mut dyn Tile<W>,
    ) -> Result<(), Error> {
        for some in chunks(dates.clone()) {
            watch.check()?;
            tile.read(some.clone(), &mut self.chunk)?;
            let rows = (some.start - dates.start) * (D + 1)..(some.end - dates.start) * (D + 1);
            let factors = &mut self.factors.as_chunks_mut().0[rows];
            let forwards = Forwards { penalty, dates: some, chunk: &self.chunk, known, factors };
            match penalty.times {
                None => dispatch(path, Even(forwards)),
                Some(_) => dispatch(path, Uneven(forwards)),
            }
        }
        Ok(())
    }
}
