//! Number, sum, mean, least, largest and standard deviation of the values of every zone.
//!
//! ```text
//! for each zone: n, sum, squares, low, high of its values that are not missing (tallies.rs)
//!     count = n;  sum;  mean = sum / n;  min = low;  max = high;  std = sqrt(squares / n);  each rounded once
//!     of no value: 0, 0 and NaN;  of infinite ones std is NaN;  where squares overflow it is infinite
//! ```

use crate::algo::tallies::{Float, Shifted, Whole};
use crate::drive::group::{Grouped, Last, Statistics, Work, group};
use crate::errors::Error;
use crate::exec::simd::Path;
use crate::number::lanes::Missing;
use crate::number::real::Real;

/// The six statistics.
#[derive(Clone, Copy)]
pub(crate) struct Stats;

/// What statistics of parts can be put together from: the sum of squared deviations in place of the standard deviation.
#[derive(Clone, Copy)]
pub(crate) struct Moments;

impl<F: Float, O: Real> Last<Whole<F>, O> for Stats {
    #[inline(always)]
    #[allow(clippy::cast_precision_loss, reason = "there are fewer than 2⁵³ values")]
    fn of(self, zone: Whole<F>) -> Statistics<O> {
        statistics(&zone, (squares(&zone) / zone.count as f64).sqrt())
    }
}

impl<F: Float, O: Real> Last<Whole<F>, O> for Moments {
    #[inline(always)]
    fn of(self, zone: Whole<F>) -> Statistics<O> {
        statistics(&zone, squares(&zone))
    }
}

#[inline(always)]
fn statistics<F: Float, O: Real>(zone: &Whole<F>, spread: f64) -> Statistics<O> {
    if zone.count == 0 {
        return (0, [O::default(), O::NAN, O::NAN, O::NAN, O::NAN]);
    }
    let (sum, mean) = (O::nearest(zone.sum), O::nearest(zone.mean()));
    let (low, high) = (O::nearest(zone.low.into()), O::nearest(zone.high.into()));
    (zone.count.cast_signed(), [sum, mean, low, high, O::nearest(spread)])
}

/// The sum of squared deviations: NaN of infinite values, infinite where finite ones overflow.
#[inline(always)]
fn squares<F: Float>(zone: &Whole<F>) -> f64 {
    let finite = zone.low > F::LOW && zone.high < F::HIGH;
    match (finite, zone.squares.is_nan()) {
        (true, true) => f64::INFINITY,
        (true, false) => zone.squares,
        (false, _) => f64::NAN,
    }
}

/// Computes `work`, whose values are of type I, on that many threads.
///
/// # Errors
///
/// Memory or threads cannot be had, or the call was interrupted.
pub(crate) fn zonal_stats<I: Grouped, O: Real>(
    work: Work<'_, O>,
    missing: Missing<I>,
    path: Path,
    threads: usize,
) -> Result<(), Error> {
    group::<I, Shifted<I::Float>, O>(work, missing, path, threads, Stats)
}

/// The same for [`Moments`].
///
/// # Errors
///
/// As it has.
pub(crate) fn zonal_moments<I: Grouped>(
    work: Work<'_, f64>,
    missing: Missing<I>,
    path: Path,
    threads: usize,
) -> Result<(), Error> {
    group::<I, Shifted<I::Float>, f64>(work, missing, path, threads, Moments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::group::Results;
    use crate::number::dtypes::Typed;
    use crate::view::raw::Raw;
    use ndarray::{Array2, ArrayD};

    /// What is drawn next; any numbers will do.
    struct Draw(u64);

    impl Draw {
        fn below(&mut self, most: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % most
        }
    }

    /// Labels in runs of up to so many pixels; some are none of the zones.
    fn labels(count: usize, zones: u64, longest: u64) -> Vec<i32> {
        let mut draw = Draw(7);
        let mut labels = Vec::new();
        while labels.len() < count {
            let (label, run) = (draw.below(zones + 2), 1 + draw.below(longest));
            labels.extend((0..run).map(|_| i32::try_from(label).unwrap() - 1));
        }
        labels.truncate(count);
        labels
    }

    /// Values about an offset, some of which are missing.
    fn values(count: usize, offset: f64) -> Vec<f32> {
        let mut draw = Draw(9);
        let mut value = |_| match draw.below(5) {
            0 => f32::NAN,
            #[allow(clippy::cast_precision_loss, reason = "small numbers")]
            _ => f32::nearest(offset + draw.below(1 << 12) as f64),
        };
        (0..count).map(&mut value).collect()
    }

    fn raw<T: Typed>(values: &[T]) -> Raw<'_> {
        let size = size_of::<T>().cast_signed();
        // SAFETY: the elements of a slice, which nobody writes to.
        unsafe { Raw::new(values.as_ptr().cast_mut().cast(), &[values.len()], &[size], T::DTYPE).unwrap() }
    }

    type Found = (Vec<i64>, [Vec<f64>; 5]);

    fn found(values: &[f32], labels: &[i32], zones: usize, path: Path, threads: usize) -> Found {
        let mut count = ArrayD::zeros(vec![zones]);
        let mut others: [ArrayD<f32>; 5] = std::array::from_fn(|_| ArrayD::zeros(vec![zones]));
        let out = Results { count: count.view_mut(), others: others.each_mut().map(|other| other.view_mut()) };
        let work = Work { values: raw(values), mask: None, labels: raw(labels), out };
        zonal_stats::<f32, f32>(work, Missing::default(), path, threads).unwrap();
        (count.into_iter().collect(), others.map(|other| other.into_iter().map(f64::from).collect()))
    }

    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    fn expected(values: &[f32], labels: &[i32], zones: usize) -> Found {
        let mut found = (Vec::new(), [const { Vec::new() }; 5]);
        for zone in 0..i32::try_from(zones).unwrap() {
            let own = values.iter().zip(labels).filter(|(x, label)| **label == zone && !x.is_nan());
            let own: Vec<f64> = own.map(|(x, _)| f64::from(*x)).collect();
            let (n, sum) = (own.len() as f64, own.iter().sum::<f64>());
            let none = if own.is_empty() { f64::NAN } else { 0.0 };
            let squares: f64 = own.iter().map(|x| (x - sum / n) * (x - sum / n)).sum();
            let limits = own.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &x| (a.min(x), b.max(x)));
            found.0.push(i64::try_from(own.len()).unwrap());
            for (place, value) in
                found.1.iter_mut().zip([sum, sum / n, limits.0 + none, limits.1 + none, (squares / n).sqrt()])
            {
                place.push(value);
            }
        }
        found
    }

    fn near(a: f64, b: f64) -> bool {
        (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1.2e-7 * b.abs()
    }

    #[test]
    fn runs_of_any_length_give_what_a_pass_for_every_zone_gives() {
        for (count, zones, longest) in
            [(1, 1, 1), (7, 2, 3), (5000, 3, 900), (9000, 40, 40), (9000, 40, 9), (9000, 900, 1)]
        {
            for offset in [0.0, 1e6] {
                let (values, labels) = (values(count, offset), labels(count, zones as u64, longest));
                let expected = expected(&values, &labels, zones);
                for path in Path::every() {
                    let found = found(&values, &labels, zones, path, 1);
                    assert_eq!(found.0, expected.0);
                    for (one, right) in found.1.iter().zip(&expected.1) {
                        assert!(one.iter().zip(right).all(|(a, b)| near(*a, *b)), "{count} {zones} {longest}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_path_and_number_of_threads_gives_the_same_bits() {
        let bits = |found: Found| (found.0, found.1.map(|one| one.into_iter().map(f64::to_bits).collect::<Vec<_>>()));
        for (zones, longest) in [(5, 900), (3000, 20), (3000, 2)] {
            let (values, labels) = (values(600_000, 1e5), labels(600_000, zones as u64, longest));
            let first = bits(found(&values, &labels, zones, Path::all()[0], 1));
            for path in Path::every() {
                for threads in [1, 2, 5] {
                    assert_eq!(bits(found(&values, &labels, zones, path, threads)), first, "{path:?} {threads}");
                }
            }
        }
    }

    #[test]
    fn a_first_value_that_lies_far_off_costs_few_digits() {
        for longest in [1, 2000] {
            let (mut values, labels) = (values(120_000, 0.0), labels(120_000, 2, longest));
            let first = labels.iter().position(|&label| label == 0).unwrap();
            values[first] = 1e9;
            let ([.., std], [.., right]) =
                (found(&values, &labels, 2, Path::all()[0], 1).1, expected(&values, &labels, 2).1);
            assert!(near(std[0], right[0]) && near(std[1], right[1]), "{std:?} {right:?}");
        }
    }

    #[test]
    fn maps_under_one_image_of_labels_are_kept_apart() {
        let labels = labels(400, 3, 9);
        let stack = Array2::from_shape_vec((6, 400), values(2400, 3.0)).unwrap();
        let (mut count, mut others) = (ArrayD::zeros(vec![6, 3]), [(); 5].map(|()| ArrayD::<f32>::zeros(vec![6, 3])));
        // SAFETY: the elements of the stack, which nobody writes to.
        let all = unsafe { Raw::new(stack.as_ptr().cast_mut().cast(), &[6, 400], &[1600, 4], f32::DTYPE).unwrap() };
        let out = Results { count: count.view_mut(), others: others.each_mut().map(|other| other.view_mut()) };
        let work = Work { values: all, mask: None, labels: raw(&labels), out };
        zonal_stats::<f32, f32>(work, Missing::default(), Path::all()[0], 3).unwrap();
        for (t, map) in stack.outer_iter().enumerate() {
            let alone = found(map.as_slice().unwrap(), &labels, 3, Path::all()[0], 1);
            assert!((0..3).all(|zone| count[[t, zone]] == alone.0[zone]));
            assert!((0..3).all(|zone| near(others[1][[t, zone]].into(), alone.1[1][zone])));
        }
    }
}
