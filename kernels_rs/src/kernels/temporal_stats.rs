//! Mean, standard deviation and number of the values that are not missing, over one axis.
//!
//! ```text
//! for each pixel: m, squares and n, its mean, the sum of squared deviations from it and the number of values (moments.rs)
//!     mean = m;  std = sqrt(squares / (n - ddof)), NaN where n <= ddof;  count = n;  each rounded once
//! ```
//!
//! Two passes, because the sum of squares minus the square of the sum loses every digit of a small deviation from a
//! large mean. The fast version makes both over a tile that fits in L2, so that the stack is read from memory once. To ask
//! for the next tile during the second gained nothing. Where one date has a power of two of bytes, the dates of a pixel
//! share a set of L2, and the second pass reads from L3, which hashes its addresses. To copy the tile in the first pass
//! would avoid that, and costs more everywhere (`docs/decisions/0011`).

use crate::algo::moments::{MOST, Moments};
use crate::algo::sums::Summand;
use crate::drive::temporal::{Output, Work, reduce, share, store};
use crate::drive::tiles::Scratch;
use crate::errors::Error;
use crate::exec::simd::{Path, Task, dispatch};
use crate::number::real::Real;
use crate::view::room::Room;
use ndarray::ArrayViewMutD;

/// Bytes of a tile on all dates: it stays in L2, and of hundreds of dates each is still read in long stretches.
const TILE_BYTES: usize = 768 << 10;
/// Pixels of a tile, whatever its bytes.
const TILE_LEAST: usize = 64;

/// Where mean, standard deviation and number go.
pub(crate) type Stats<'a, O> = (ArrayViewMutD<'a, O>, ArrayViewMutD<'a, O>, ArrayViewMutD<'a, i32>);

/// The standard deviation of n values; what every path must give bit for bit.
#[must_use]
#[inline(always)]
pub(crate) fn scalar<O: Real>(squares: f64, count: i32, ddof: i32) -> O {
    let free = count - ddof; // neither is negative
    O::nearest(if free > 0 { (squares / f64::from(free)).sqrt() } else { f64::NAN })
}

/// Pixels of a tile of that many dates.
#[must_use]
pub(crate) fn width_of<K>(dates: usize) -> usize {
    (TILE_BYTES / size_of::<K>() / dates).clamp(TILE_LEAST, MOST) / 64 * 64
}

/// Computes `work` on that many threads.
///
/// # Errors
///
/// Memory or threads cannot be had, or the call was interrupted.
pub(crate) fn temporal_stats<K: Summand, O: Real + Output>(
    work: Work<'_, K, Stats<'_, O>>,
    ddof: usize,
    path: Path,
    threads: usize,
) -> Result<(), Error> {
    // More values than that cannot be counted.
    let ddof = i32::try_from(ddof).unwrap_or(i32::MAX);
    reduce(work, threads, &|mut piece, watch| {
        let (mut scratch, mut moments) = (Scratch::new(share(threads)), Moments::new());
        let (mut means, mut stds) = (Room::new(), Room::new());
        let width = width_of::<K>(piece.x.shape()[0]);
        for index in piece.rows() {
            let (row, (mut mean, mut std, mut count)) = piece.row(&index);
            row.for_each_tile(width, &mut scratch, |tile, pixels| {
                moments.of(tile, path, watch)?;
                means.make(pixels.len())?;
                stds.make(pixels.len())?;
                dispatch(path, Round { moments: &moments, ddof, means: &mut means, stds: &mut stds });
                store(&mut mean, pixels.clone(), &means);
                store(&mut std, pixels.clone(), &stds);
                store(&mut count, pixels, moments.counts());
                Ok(())
            })?;
        }
        Ok(())
    })
}

/// Means and standard deviations of a tile from its moments.
struct Round<'a, K: Summand, O> {
    moments: &'a Moments<K>,
    ddof: i32,
    means: &'a mut [O],
    stds: &'a mut [O],
}

impl<K: Summand, O: Real> Task for Round<'_, K, O> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        // Loops, not closures: these are not always inlined, and then run on the baseline's instructions.
        for (mean, exact) in self.means.iter_mut().zip(self.moments.means()) {
            *mean = O::nearest(*exact);
        }
        for ((std, squares), count) in self.stds.iter_mut().zip(self.moments.squares()).zip(self.moments.counts()) {
            *std = scalar(*squares, *count, self.ddof);
        }
    }
}
