//! What statistics of parts of a stack can be put together from: number, mean and squared deviations, over one axis.
//!
//! ```text
//! for each pixel: n, m and squares of its values that are not missing, as float64 (moments.rs)
//! ```
//!
//! Those of two parts give those of the whole: with d = m2 - m1 and n = n1 + n2, m = m1 + d n2 / n and
//! squares = squares1 + squares2 + d² n1 n2 / n.

use crate::algo::moments::Moments;
use crate::algo::sums::Summand;
use crate::drive::temporal::{Results, Work, reduce, share, store};
use crate::drive::tiles::Scratch;
use crate::errors::Error;
use crate::exec::simd::Path;
use crate::kernels::temporal_stats::width_of;
use ndarray::ArrayViewMutD;

/// Where number, mean and squares go.
pub(crate) type Parts<'a> = (ArrayViewMutD<'a, i32>, ArrayViewMutD<'a, f64>, ArrayViewMutD<'a, f64>);

/// Computes `work` on that many threads.
///
/// # Errors
///
/// Memory or threads cannot be had, or the call was interrupted.
pub(crate) fn temporal_moments<K: Summand>(
    mut work: Work<'_, K, Parts<'_>>,
    path: Path,
    threads: usize,
) -> Result<(), Error> {
    if work.x.is_empty() {
        work.out.clear();
        work.out.2.fill(0.0);
        return Ok(());
    }
    reduce(work, threads, &|mut piece, watch| {
        let (mut scratch, mut moments) = (Scratch::new(share(threads)), Moments::new());
        let width = width_of::<K>(piece.x.shape()[0]);
        for index in piece.rows() {
            let (row, (mut count, mut mean, mut squares)) = piece.row(&index);
            row.for_each_tile(width, &mut scratch, |tile, pixels| {
                moments.of(tile, path, watch)?;
                store(&mut count, pixels.clone(), moments.counts());
                store(&mut mean, pixels.clone(), moments.means());
                store(&mut squares, pixels, moments.squares());
                Ok(())
            })?;
        }
        Ok(())
    })
}
