//! The mean over one axis of the values that are not missing.
//!
//! ```text
//! for each pixel: sum and n of its values that are not missing, in the order of dates, in float64 (sums.rs)
//!     mean = sum / n, rounded once to the dtype of the result;  n = 0: 0 / 0, which is NaN
//! ```
//!
//! The fast version does the same for a tile of pixels at a time, whose sums stay in cache while twelve dates are added per
//! pass. What limits it is reading the stack, once.

use crate::algo::sums::{Summand, Sums};
use crate::drive::temporal::{Output, Work, reduce, share, store};
use crate::drive::tiles::Scratch;
use crate::errors::Error;
use crate::exec::simd::{Path, Task, dispatch};
use crate::number::real::Real;
use crate::view::room::Room;
use ndarray::ArrayViewMutD;

/// Pixels of a tile: many, as dates are then read in long stretches, and so few that sums and counts stay in L2.
const TILE: usize = 6144;

/// The mean of values that add up to `sum`; what every path must give bit for bit.
#[must_use]
#[inline(always)]
pub(crate) fn scalar<O: Real>(sum: f64, count: i32) -> O {
    O::nearest(sum / f64::from(count))
}

/// Computes `work` on that many threads.
///
/// # Errors
///
/// Memory or threads cannot be had, or the call was interrupted.
pub(crate) fn temporal_mean<K: Summand, O: Real + Output>(
    work: Work<'_, K, ArrayViewMutD<'_, O>>,
    path: Path,
    threads: usize,
) -> Result<(), Error> {
    reduce(work, threads, &|mut piece, watch| {
        let (mut scratch, mut sums, mut means) = (Scratch::new(share(threads)), Sums::new(), Room::new());
        for index in piece.rows() {
            let (row, mut out) = piece.row(&index);
            row.for_each_tile(TILE, &mut scratch, |tile, pixels| {
                sums.of(tile, path, watch)?;
                means.make(pixels.len())?;
                dispatch(path, Mean { sums: &sums, means: &mut means });
                store(&mut out, pixels, &means);
                Ok(())
            })?;
        }
        Ok(())
    })
}

/// The means of a tile from its sums.
struct Mean<'a, K: Summand, O> {
    sums: &'a Sums<K>,
    means: &'a mut [O],
}

impl<K: Summand, O: Real> Task for Mean<'_, K, O> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((mean, sum), count) in self.means.iter_mut().zip(&*self.sums.total).zip(&*self.sums.count) {
            *mean = scalar(*sum, *count);
        }
    }
}
