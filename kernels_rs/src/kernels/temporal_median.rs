//! The median over one axis of the values that are not missing.
//!
//! ```text
//! for each pixel: v = its values that are not missing, sorted;  n = their number
//!     n = 0: NaN;  n odd: v[(n - 1) / 2];  n even: 0.5 * v[n / 2 - 1] + 0.5 * v[n / 2]
//! ```
//!
//! The fast version works on W pixels side by side, one per SIMD lane. Missing values are filled so that the middle
//! ranks are the same in every lane (`lanes.rs`); then a selection network, which does the same steps whatever the values
//! are, finds them: in registers for a few dates (`small.rs`), on rows of a scratch for more (`program.rs`), and for many
//! dates by bisection on bits (`bisect.rs`). Networks do not branch on data: their time does not depend on the gaps. Where
//! there are too few pixels for that, or too many dates, each pixel is worked on for itself (`selection.rs`).
//! Lanes never meet, so the result does not depend on how pixels are cut into blocks or spread over threads.
//!
//! The file is long because a kernel stands in one file, docstring and binding included.

use crate::algo::bisect;
use crate::algo::groups::Groups;
use crate::algo::program::Program;
use crate::algo::small::{SELECT_MAX, median, select};
use crate::drive::blocks::Block;
use crate::drive::temporal::{Output, Work, reduce, share, store};
use crate::errors::Error;
use crate::exec::par::Watch;
use crate::exec::simd::{Gains, Path, Task, dispatch};
use crate::number::bits::Bits;
use crate::number::lanes::{Gaps, Key};
use crate::number::real::Real;
use crate::view::room::Room;
use ndarray::ArrayViewMutD;
use std::sync::Arc;

/// A dtype of inputs.
pub trait Series: Bits {
    /// Up to this many dates a network is faster than bisection; measured by `benches/crossover.rs`.
    fn network_max(path: Path) -> usize;

    /// Runs `work` with as many lanes as suit the dtype.
    ///
    /// # Errors
    ///
    /// Memory cannot be had, or the call was interrupted.
    fn run<O: Real + Output + From<Self>>(
        work: Medians<'_, '_, Self, O>,
        method: &Method,
        way: Way<'_>,
    ) -> Result<(), Error>;
}

/// What every method is told.
#[derive(Clone, Copy)]
pub struct Way<'a> {
    /// The instructions.
    path: Path,
    /// Whether to go on.
    watch: &'a Watch,
    /// Bytes of scratch.
    room: usize,
}

macro_rules! series {
    ($($key:ty: $lanes:literal lanes, $wide:literal in registers, network up to $network:literal or $wider:literal;)*) => {$(
        impl Series for $key {
            fn network_max(path: Path) -> usize {
                if path.is_avx512() { $wider } else { $network }
            }

            fn run<O: Real + Output + From<Self>>(
                work: Medians<'_, '_, Self, O>,
                method: &Method,
                way: Way<'_>,
            ) -> Result<(), Error> {
                match method {
                    Method::Selection => one_by_one(work, way),
                    Method::Registers if !Self::FINITE_LIMITS => {
                        blocks::<_, _, $wide>(work, way, |block, medians| {
                            dispatch(way.path, Median { block, medians });
                            Ok(())
                        })
                    }
                    Method::Registers => {
                        by_ranks::<_, _, $wide>(work, way, |block, ranks| {
                            dispatch(way.path, Select { block, ranks });
                            Ok(())
                        })
                    }
                    Method::Network(program) => {
                        let mut room = Room::new();
                        by_ranks::<_, _, $lanes>(work, way, |block, ranks| {
                            let rows = room.rows(block.dates.len())?;
                            dispatch(way.path, Run { program, block, rows, ranks });
                            Ok(())
                        })
                    }
                    Method::Bisection => {
                        let mut room = Room::new();
                        by_ranks::<_, _, $lanes>(work, way, |block, ranks| {
                            let keys = room.rows(block.dates.len())?;
                            dispatch(way.path, Bisect { block, keys, ranks });
                            Ok(())
                        })
                    }
                }
            }
        }
    )*};
}

// Up to how many dates a network costs no more than bisection, without and with AVX-512, which networks gain from: by
// `benches/crossover.rs`; `docs/decisions/0011` has its times. The longer rows are, the less is spent on their beginning
// and end. Selection in registers needs no scratch, so its blocks are larger.
series! {
    f32: 64 lanes, 256 in registers, network up to 500 or 1100;
    f64: 32 lanes, 128 in registers, network up to 1200 or 1500;
    u16: 128 lanes, 256 in registers, network up to 350 or 850;
    i16: 128 lanes, 256 in registers, network up to 350 or 850;
    u8: 256 lanes, 512 in registers, network up to 200 or 300;
}

/// Pixels that are so few that a block for them would mostly be empty.
const FEW: usize = 8;
/// Bytes of scratch that a block takes a date: rows or keys; values, marks and filled values; where they are. As long as
/// there is room, lanes win against selection pixel by pixel.
const BLOCK_BYTES: usize = 1100;

/// How the middle ranks are found.
#[derive(Clone)]
pub enum Method {
    /// In registers, for at most `SELECT_MAX` dates.
    Registers,
    /// By a network on rows.
    Network(Arc<Program>),
    /// By bisection.
    Bisection,
    /// Pixel by pixel.
    Selection,
}

impl Method {
    /// The fastest for that many dates and pixels whose scratch memory, on that many threads, stays within bounds.
    ///
    /// # Errors
    ///
    /// Memory for a network cannot be had.
    pub(crate) fn fastest<K: Series>(dates: usize, pixels: usize, path: Path, threads: usize) -> Result<Self, Error> {
        let in_lanes = pixels >= FEW && dates <= share(threads) / BLOCK_BYTES;
        Ok(match dates {
            0..=SELECT_MAX => Self::Registers,
            _ if !in_lanes => Self::Selection,
            _ if dates <= K::network_max(path) => Self::Network(Program::cached(dates)?),
            _ => Self::Bisection,
        })
    }
}

/// A stack and where its medians go.
pub(crate) type Medians<'x, 'o, K, O> = Work<'x, K, ArrayViewMutD<'o, O>>;

/// Computes `work` on that many threads.
///
/// # Errors
///
/// Memory or threads cannot be had, or the call was interrupted.
pub fn temporal_median<K: Series, O: Real + Output + From<K>>(
    work: Medians<'_, '_, K, O>,
    method: &Method,
    path: Path,
    threads: usize,
) -> Result<(), Error> {
    reduce(work, threads, &|piece, watch| K::run(piece, method, Way { path, watch, room: share(threads) }))
}

/// [`Method::Selection`].
fn one_by_one<K: Series, O: Real + Output + From<K>>(
    mut work: Medians<'_, '_, K, O>,
    way: Way<'_>,
) -> Result<(), Error> {
    let mut groups = Groups::new(way.room, way.path);
    for index in work.rows() {
        let (row, mut out) = work.row(&index);
        groups.medians(&row, way.watch, |pixel, median| out[pixel] = median)?;
    }
    Ok(())
}

/// Takes the rows of pixels in blocks of W, whose medians `find` writes.
fn blocks<K: Series, O: Real + Output + From<K>, const W: usize>(
    mut work: Medians<'_, '_, K, O>,
    way: Way<'_>,
    mut find: impl FnMut(Block<'_, K, W>, &mut [O; W]) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut medians = [O::NAN; W];
    for index in work.rows() {
        let (row, mut out) = work.row(&index);
        row.for_each_block::<W>(way.path, |block, pixels| {
            way.watch.check()?;
            if let Some(medians) = out.as_slice_mut().and_then(|out| out[pixels.clone()].as_mut_array()) {
                return find(block, medians);
            }
            find(block, &mut medians)?;
            store(&mut out, pixels, &medians);
            Ok(())
        })?;
    }
    Ok(())
}

/// [`blocks`] by way of the middle ranks, which `middle` finds.
fn by_ranks<K: Series, O: Real + Output + From<K>, const W: usize>(
    work: Medians<'_, '_, K, O>,
    way: Way<'_>,
    mut middle: impl FnMut(Block<'_, K, W>, &mut Ranks<K, W>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut ranks = Ranks { gaps: Gaps::new(), lo: [K::LOW; W], hi: [K::HIGH; W] };
    blocks(work, way, |block, medians| {
        let dates = block.dates.len();
        ranks.gaps.clone_from(block.gaps);
        middle(block, &mut ranks)?;
        dispatch(way.path, FromRanks { dates, ranks: &ranks, medians });
        Ok(())
    })
}

/// Ranks (T - 1) / 2 and the one above of every lane, and what is known of the gaps then.
#[repr(align(64))]
struct Ranks<K, const W: usize> {
    gaps: Gaps<K, W>,
    lo: [K; W],
    hi: [K; W],
}

/// [`Method::Registers`] for floats: a loop that goes on to the median itself takes less time than one that leaves the
/// ranks. For integers, of which more lanes fit a register than of the result, it takes more.
struct Median<'a, K, O, const W: usize> {
    block: Block<'a, K, W>,
    medians: &'a mut [O; W],
}

impl<K: Series, O: Real + From<K>, const W: usize> Task for Median<'_, K, O, W> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        median(self.block.dates, self.block.missing, self.block.gaps, self.medians);
    }
}

/// [`Method::Registers`] for integers.
struct Select<'a, K, const W: usize> {
    block: Block<'a, K, W>,
    ranks: &'a mut Ranks<K, W>,
}

impl<K: Series, const W: usize> Task for Select<'_, K, W> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Ranks { gaps, lo, hi } = self.ranks;
        select(self.block.dates, self.block.missing, gaps, lo, hi);
    }
}

/// [`Method::Network`] for a block.
struct Run<'a, K, const W: usize> {
    program: &'a Program,
    block: Block<'a, K, W>,
    rows: &'a mut [[K; W]],
    ranks: &'a mut Ranks<K, W>,
}

impl<K: Series, const W: usize> Task for Run<'_, K, W> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Block { dates, upcoming, missing, .. } = self.block;
        let Ranks { gaps, lo, hi } = self.ranks;
        self.program.run(dates, upcoming, missing, gaps, self.rows, [lo, hi]);
    }
}

/// [`Method::Bisection`] for a block.
struct Bisect<'a, K: Bits, const W: usize> {
    block: Block<'a, K, W>,
    keys: &'a mut [[K::Int; W]],
    ranks: &'a mut Ranks<K, W>,
}

impl<K: Series, const W: usize> Task for Bisect<'_, K, W> {
    type Output = ();
    // Comparisons of 512 bits go to registers of masks, which cannot be subtracted from a count. That costs on Intel's
    // processors and not on AMD's (`docs/decisions/0011`).
    const AVX512: Gains = Gains::OnAmd;

    #[inline(always)]
    fn run(self) {
        let Ranks { gaps, lo, hi } = self.ranks;
        bisect::middle(self.block.dates, self.block.missing, gaps, self.keys, [lo, hi]);
    }
}

/// The medians of a block from its middle ranks. Apart from these, so that they are not compiled per dtype of output.
struct FromRanks<'a, K, O, const W: usize> {
    dates: usize,
    ranks: &'a Ranks<K, W>,
    medians: &'a mut [O; W],
}

impl<K: Series, O: Real + From<K>, const W: usize> Task for FromRanks<'_, K, O, W> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.ranks.gaps.medians(self.dates, &self.ranks.lo, &self.ranks.hi, self.medians);
    }
}
