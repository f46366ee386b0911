//! Series smoothed, and their gaps filled, by penalised least squares: Whittaker's smoother.
//!
//! ```text
//! for each pixel: z minimises Σ w (y - z)² + λ Σ (Δ^d z)², w = 0 where a value is missing, else 1 or its weight
//!     NaN where there are fewer than d values, as then many z do, and where one of them or its weight is infinite
//! ```
//!
//! All is computed in float64 and rounded once (banded.rs). The fast version takes a tile of pixels at a time, side by side
//! in registers, as every step waits for the one before (smooth.rs). What limits it is one division a value; a tile without
//! gaps shares its factors with all others, and has none.

use crate::algo::banded::Penalty;
use crate::algo::smooth::{Plan, Smoother};
use crate::drive::series::{Series, for_each_tile};
use crate::drive::temporal::{Output, Work, reduce, share};
use crate::errors::Error;
use crate::exec::simd::Path;
use crate::number::lanes::Key;
use crate::number::real::Real;

/// Computes `work` with differences of that order, 1 to 3, on that many threads.
///
/// # Errors
///
/// Times and `lmbda` do not go together, memory or threads cannot be had, or the call was interrupted.
///
/// # Panics
///
/// There is no such order, or there are not as many times as dates.
pub(crate) fn whittaker_smooth<K: Key + Into<f64>, O: Real + Output>(
    work: Work<'_, K, Series<'_, O>>,
    penalty: Penalty<'_>,
    order: usize,
    path: Path,
    threads: usize,
) -> Result<(), Error> {
    assert!(penalty.times.is_none_or(|times| times.len() == work.x.shape()[0]));
    match order {
        1 => of_order::<K, O, 1>(work, penalty, path, threads),
        2 => of_order::<K, O, 2>(work, penalty, path, threads),
        3 => of_order::<K, O, 3>(work, penalty, path, threads),
        _ => unreachable!("orders are 1 to 3"),
    }
}

fn of_order<K: Key + Into<f64>, O: Real + Output, const D: usize>(
    work: Work<'_, K, Series<'_, O>>,
    penalty: Penalty<'_>,
    path: Path,
    threads: usize,
) -> Result<(), Error> {
    penalty.check::<D>()?;
    let plan = Plan::<D>::new(penalty, work.x.shape()[0]);
    reduce(work, threads, &|mut piece, watch| {
        let mut smoother = Smoother::new(&plan, path, watch, share(threads));
        for index in piece.rows() {
            let (row, mut results) = piece.row(&index);
            for_each_tile(&row, &mut results, path, &mut smoother)?;
        }
        Ok(())
    })
}
