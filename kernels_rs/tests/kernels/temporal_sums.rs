//! Mean and statistics give, bit for bit, what adding each pixel's values one by one in float64 gives.

use super::common::{Bits, Kind, Layout, Rng, Stored, Value, assert_same_bits};
use super::stacks::{Case, Scene, cases, plain};
use crate::algo::sums::Summand;
use crate::drive::temporal::{Output, Work};
use crate::exec::simd::Path;
use crate::kernels::temporal_mean::temporal_mean;
use crate::kernels::temporal_moments::temporal_moments;
use crate::kernels::temporal_stats::temporal_stats;
use crate::number::lanes::Missing;
use crate::number::real::Real;
use ndarray::{ArrayD, ArrayViewD, s};
use proptest::prelude::*;

/// Mean, sum of squared deviations from it and number of the values of one pixel.
fn moments(values: &[f64], exact: bool) -> (f64, f64, i32) {
    let count = i32::try_from(values.len()).expect("few values");
    let (mut sum, mut squares, mut deviations) = (0.0, 0.0, 0.0);
    for value in values {
        sum += value;
    }
    let mean = sum / f64::from(count);
    for value in values {
        squares += (value - mean) * (value - mean);
        deviations += value - mean;
    }
    if !exact && count > 0 {
        squares -= (deviations * deviations) / f64::from(count);
    }
    (mean, if squares < 0.0 { 0.0 } else { squares }, count)
}

/// Their standard deviation.
fn deviation((_, squares, count): (f64, f64, i32), ddof: usize) -> f64 {
    let free = usize::try_from(count).expect("a number").checked_sub(ddof).filter(|&free| free > 0);
    let free = free.and_then(|free| u32::try_from(free).ok());
    free.map_or(f64::NAN, |free| (squares / f64::from(free)).sqrt())
}

/// Computes one case on every path and compares all of the outputs' storage.
fn check<K: Summand + Value, O: Real + Output + Bits + Value>(case: &Case, ddof: usize) {
    let mut rng = Rng(case.seed);
    let scene: Scene<K> = Scene::new(case, &mut rng, |x| x);
    let floats: [Stored<O>; 2] =
        std::array::from_fn(|_| Stored::new(case.out, &case.pixels, || O::draw(&mut rng, Kind::Few)));
    let counts = Stored::new(case.out, &case.pixels, || i32::from(rng.below(9)) - 20);
    let values = |values: Vec<K>| values.into_iter().map(K::into).collect::<Vec<f64>>();
    let all = scene.map(|found| moments(&values(found), K::FINITE_LIMITS));
    let [mut mean, mut std] = [floats[0].storage.clone(), floats[1].storage.clone()];
    let mut count = counts.storage.clone();
    case.out.arrange(mean.view_mut()).assign(&all.map(|all| O::nearest(all.0)));
    case.out.arrange(std.view_mut()).assign(&all.map(|&all| O::nearest(deviation(all, ddof))));
    case.out.arrange(count.view_mut()).assign(&all.map(|all| all.2));

    let missing = Missing::new(K::nodata(case.nodata));
    for (path, &threads) in Path::every().into_iter().flat_map(|path| case.threads.iter().map(move |n| (path, n))) {
        let what = |name| format!("{name}, {}, {threads} threads", path.name());
        let mut a = floats[0].storage.clone();
        let work = Work { x: scene.x.view(), mask: scene.mask(), missing, out: case.out.arrange(a.view_mut()) };
        temporal_mean(work.time_first(case.time_axis), path, threads).expect("threads start");
        assert_same_bits(&a, &mean, &what("temporal_mean"));

        let (mut a, mut b, mut c) = (floats[0].storage.clone(), floats[1].storage.clone(), counts.storage.clone());
        let out = (case.out.arrange(a.view_mut()), case.out.arrange(b.view_mut()), case.out.arrange(c.view_mut()));
        let work = Work { x: scene.x.view(), mask: scene.mask(), missing, out };
        temporal_stats(work.time_first(case.time_axis), ddof, path, threads).expect("threads start");
        assert_same_bits(&a, &mean, &what("mean"));
        assert_same_bits(&b, &std, &what("std"));
        assert_eq!(c, count, "{}", what("count"));

        let shape = all.raw_dim();
        let (mut m, mut squares, mut n) =
            (ArrayD::zeros(shape.clone()), ArrayD::zeros(shape.clone()), ArrayD::zeros(shape));
        let out = (n.view_mut(), m.view_mut(), squares.view_mut());
        let work = Work { x: scene.x.view(), mask: scene.mask(), missing, out };
        temporal_moments(work.time_first(case.time_axis), path, threads).expect("threads start");
        assert_same_bits(&m, &all.map(|all| all.0), &what("mean of moments"));
        assert_same_bits(&squares, &all.map(|all| all.1), &what("squares"));
        assert_eq!(n, all.map(|all| all.2), "{}", what("number"));
    }
}

/// Every dtype that goes in or comes out, on every path; the battery asks all pairs of them.
fn check_all(case: &Case, ddof: usize) {
    check::<f32, f32>(case, ddof);
    check::<f64, f64>(case, ddof);
    check::<u8, f32>(case, ddof);
    check::<i16, f32>(case, ddof);
    check::<u16, f64>(case, ddof);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn stacks_of_any_layout_give_the_bits_of_plain_sums(case in cases(0_usize..=40), ddof in 0_usize..=4) {
        check_all(&case, ddof);
    }
}

#[test]
fn tiles_of_every_width_give_the_bits_of_plain_sums() {
    // Of 300 dates a tile of the statistics is narrower than a row of 1500 pixels; of 3000 dates as narrow as can be.
    for (dates, pixels) in [(73, 1500), (300, 1500), (3000, 200)] {
        check_all(&Case { pixels: vec![pixels], nodata: 2, ..plain(dates) }, 1);
        let mask = Some((50, Layout::C));
        check_all(&Case { pixels: vec![pixels], mask, kind: Kind::Limits, ..plain(dates) }, 0);
        check_all(&Case { pixels: vec![pixels], time_axis: 1, kind: Kind::Few, ..plain(dates) }, 2);
    }
}

#[test]
fn few_pixels_on_very_many_dates_give_the_bits_of_plain_sums() {
    // More dates than are listed, copied or read at a time; one by one, side by side and in tiles.
    for (dates, pixels) in [(5000, 1), (40_000, 2), (9000, 3), (9000, 10), (9000, 130)] {
        check_all(&Case { pixels: vec![pixels], gaps: 0, nodata: 0, ..plain(dates) }, 1);
        check_all(&Case { pixels: vec![pixels], nodata: 1, mask: Some((30, Layout::C)), ..plain(dates) }, 0);
        check_all(&Case { pixels: vec![pixels], nodata: 2, time_axis: 1, kind: Kind::Few, ..plain(dates) }, 2);
        let mask = Some((50, Layout::Sliced));
        check_all(&Case { pixels: vec![pixels], time_axis: 1, layout: Layout::Reversed, mask, ..plain(dates) }, 1);
    }
}

#[test]
fn equal_floats_deviate_by_nothing() {
    // Added up, 0.1 is not as often in the sum as it should be: without the correction this gives 1e-15 and more.
    for dates in [10, 1000, 100_000] {
        let x = ArrayD::from_elem(vec![dates, 3], 0.1);
        let ([_, _, std], _) = all_of::<f64, f64>(&x.view(), None, Missing::default(), Path::all()[0]);
        assert!(std.iter().all(|std| *std < 1e-20), "{dates}: {std}");
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    let forking = |dates: usize| Case { pixels: vec![37, 97], threads: vec![1, 2, 3], ..plain(dates) };
    const { assert!(37 * 97 * 29 > crate::exec::par::SERIAL_BELOW) };
    check_all(&forking(30), 1);
    check_all(&Case { time_axis: 2, mask: Some((50, Layout::Fortran)), ..forking(33) }, 0);
    check_all(&Case { time_axis: 1, layout: Layout::Sliced, out: Layout::Fortran, ..forking(29) }, 2);
}

/// Mean; mean, standard deviation and number.
fn all_of<K: Summand, O: Real + Output>(
    x: &ArrayViewD<'_, K>,
    mask: Option<&ArrayViewD<'_, u8>>,
    missing: Missing<K>,
    path: Path,
) -> ([ArrayD<O>; 3], ArrayD<i32>) {
    let mut floats = [(); 3].map(|()| ArrayD::from_elem(&x.shape()[1..], O::EMPTY));
    let mut count = ArrayD::zeros(&x.shape()[1..]);
    let work = || (x.clone(), mask.cloned());
    let [alone, mean, std] = floats.each_mut().map(|floats| floats.view_mut());
    let (x, mask) = work();
    temporal_mean(Work { x, mask, missing, out: alone }, path, 1).expect("no thread is needed");
    let (x, mask) = work();
    let out = (mean, std, count.view_mut());
    temporal_stats(Work { x, mask, missing, out }, 1, path, 1).expect("no thread is needed");
    (floats, count)
}

fn check_far<K: Summand + Value, O: Real + Output + Bits>(dates: usize) {
    let (mut rng, wide) = (Rng(11), 1 << 20);
    let mut x = ArrayD::from_elem(vec![dates, wide], K::default());
    let mut mask = ArrayD::from_elem(vec![dates, wide], 0_u8);
    // Few of the pixels are touched, so that little of this memory is ever there.
    let pixels = 5..1000;
    x.slice_mut(s![.., pixels.clone()]).map_inplace(|x| *x = K::draw(&mut rng, Kind::Any));
    mask.slice_mut(s![.., pixels.clone()]).map_inplace(|mark| *mark = rng.mark(30));
    let (x, mask) = (x.slice(s![.., pixels.clone()]).into_dyn(), mask.slice(s![.., pixels]).into_dyn());
    let (near, near_mask) = (x.to_owned(), mask.to_owned());
    let missing = Missing::new(K::nodata(1));
    for (path, masked) in Path::every().into_iter().flat_map(|path| [(path, false), (path, true)]) {
        let (far, far_count) = all_of::<K, O>(&x, masked.then_some(&mask), missing, path);
        let (near, near_count) = all_of(&near.view(), masked.then_some(&near_mask.view()), missing, path);
        for ((far, near), what) in far.iter().zip(&near).zip(["temporal_mean", "mean", "std"]) {
            assert_same_bits(far, near, &format!("{what} of dates far apart, {}, mask: {masked}", path.name()));
        }
        assert_eq!(far_count, near_count);
    }
}

#[test]
fn dates_far_apart_which_are_asked_for_ahead_give_the_same_bits() {
    // 12 at a time, 4 and 1 all occur.
    check_far::<f32, f32>(30);
    check_far::<f64, f64>(30);
    check_far::<u8, f32>(30);
    check_far::<i16, f32>(30);
    check_far::<u16, f64>(30);
}

#[test]
fn sums_of_more_integers_than_a_lane_holds_are_exact() {
    let x = ArrayD::from_elem(vec![70_000, 3], u16::MAX);
    for path in Path::every() {
        let (mut mean, mut std) = (ArrayD::zeros(vec![3]), ArrayD::zeros(vec![3]));
        let mut count = ArrayD::zeros(vec![3]);
        let out = (mean.view_mut(), std.view_mut(), count.view_mut());
        let work = Work { x: x.view(), mask: None, missing: Missing::new(None), out };
        temporal_stats::<u16, f64>(work, 0, path, 1).expect("no thread is needed");
        assert!(
            mean.iter().all(|mean| mean.bits() == 65535_f64.bits()) && std.iter().all(|std| std.bits() == 0),
            "{mean} {std}"
        );
        assert!(count.iter().all(|&count| count == 70_000));
    }
}

#[test]
fn a_small_deviation_from_a_large_mean_keeps_its_digits() {
    let x = ArrayD::from_shape_fn(vec![4, 5], |i| 1e8 + [4.0, 7.0, 13.0, 16.0][i[0]]);
    let (mut mean, mut std) = (ArrayD::zeros(vec![5]), ArrayD::zeros(vec![5]));
    let mut count = ArrayD::zeros(vec![5]);
    let out = (mean.view_mut(), std.view_mut(), count.view_mut());
    let work = Work { x: x.view(), mask: None, missing: Missing::default(), out };
    temporal_stats::<f64, f64>(work, 1, Path::all()[0], 1).expect("no thread is needed");
    assert!(std.iter().all(|std| std.bits() == 30_f64.sqrt().bits()), "{std}");
    assert!(mean.iter().all(|mean| mean.bits() == (1e8_f64 + 10.0).bits()), "{mean}");
}

#[test]
fn no_dates_and_no_pixels_are_no_error() {
    for pixels in [vec![5], vec![0], vec![3, 0], vec![]] {
        check_all(&Case { pixels: pixels.clone(), ..plain(0) }, 0);
        check_all(&Case { pixels, ..plain(20) }, usize::MAX);
    }
}
