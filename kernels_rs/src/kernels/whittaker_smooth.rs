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

use crate::algo::penalty::Penalty;
use crate::algo::smooth::{Plan, Smoother};
use crate::drive::series::for_each_tile;
use crate::drive::smoothed::Series;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::lanes::Missing;
    use crate::view::rows::Stack;
    use ndarray::{Array, Array2, ArrayView2, ShapeBuilder, s};

    /// Series with gaps, and in some columns none.
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    fn stack(dates: usize, pixels: usize) -> Array2<f32> {
        Array::from_shape_fn((dates, pixels), |(t, p)| {
            let number = (t * 7919 + p * 104_729 + t * p * 31) % 1009;
            if p / 64 != 1 && number % 5 < 2 { f32::NAN } else { number as f32 / 100.0 - 3.0 }
        })
    }

    #[allow(clippy::needless_pass_by_value, reason = "a view is passed as a slice is")]
    fn smooth(x: ArrayView2<'_, f32>, out: &mut Array2<f32>, penalty: Penalty<'_>, order: usize, path: Path) {
        let out = Series { out: Stack(out.view_mut().into_dyn()), weights: None };
        let work = Work { x: x.into_dyn(), mask: None, missing: Missing::default(), out };
        whittaker_smooth(work, penalty, order, path, 1).unwrap();
    }

    fn bits(x: &Array2<f32>) -> Vec<u32> {
        x.iter().map(|x| x.to_bits()).collect()
    }

    #[test]
    fn every_path_tile_and_layout_gives_the_bits_of_one_series_alone() {
        let (dates, pixels) = (37, 64 + 64 + 21);
        let x = stack(dates, pixels);
        #[allow(clippy::cast_precision_loss, reason = "small numbers")]
        let times: Vec<f64> = (0..dates).map(|t| (t * t + 3 * t) as f64 / 8.0).collect();
        for (order, times) in [1, 2, 3].into_iter().flat_map(|order| [(order, None), (order, Some(&*times))]) {
            let penalty = Penalty { lmbda: 20.0, times };
            let mut alone = Array2::zeros(x.dim());
            for p in 0..pixels {
                let mut one = Array2::zeros((dates, 1));
                smooth(x.slice(s![.., p..=p]), &mut one, penalty, order, Path::all()[0]);
                alone.column_mut(p).assign(&one.column(0));
            }
            assert!(alone.iter().all(|z| z.is_finite()));
            let last = Array2::from_shape_vec((dates, pixels).f(), x.t().iter().copied().collect()).unwrap();
            for path in Path::every() {
                let (mut c, mut f) = (Array2::zeros(x.dim()), Array2::zeros(x.dim().f()));
                smooth(x.view(), &mut c, penalty, order, path);
                smooth(last.view(), &mut f, penalty, order, path);
                assert_eq!(bits(&c), bits(&alone), "{} {order}", path.name());
                assert_eq!(bits(&f), bits(&alone), "{} {order}", path.name());
            }
        }
    }

    #[test]
    fn long_series_are_gone_over_in_segments_with_the_same_bits() {
        // Of a constant nothing changes, however many segments there are; scratch of a few dates makes many.
        let x = Array2::<f32>::from_shape_fn((20_000, 3), |(t, p)| if (t + p) % 3 == 0 { f32::NAN } else { 1.5 });
        let mut out = Array2::zeros(x.dim());
        smooth(x.view(), &mut out, Penalty { lmbda: 100.0, times: None }, 2, Path::all()[0]);
        assert!(out.iter().all(|z| (z - 1.5).abs() < 1e-6));
    }
}
