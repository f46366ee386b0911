//! Every way to find the median gives, bit for bit, what sorting each pixel's values gives.

use super::common::{Bits, Kind, Layout, Rng, Stored, Value, assert_same_bits};
use super::stacks::{Case, Scene, cases, plain};
use crate::algo::program::Program;
use crate::algo::small::{SELECT_MAX, SORT_MIN};
use crate::drive::temporal::{Output, Work};
use crate::exec::simd::Path;
use crate::kernels::temporal_median::{Method, Series, temporal_median};
use crate::number::lanes::Missing;
use crate::number::real::Real;
use ndarray::ArrayD;
use proptest::prelude::*;

/// The median of the values of one pixel, by sorting.
fn median<O: Real>(mut values: Vec<O>) -> O {
    values.sort_by(|a, b| a.partial_cmp(b).expect("missing values are left out"));
    let n = values.len();
    match n {
        0 => O::NAN,
        _ if n % 2 == 1 || values[n / 2 - 1] == values[n / 2] => values[n / 2],
        _ => O::HALF * values[n / 2 - 1] + O::HALF * values[n / 2],
    }
}

/// Networks for more dates take long to be made.
const MOST_IN_LANES: usize = 1000;

/// Every method that is valid for that many dates. Bisection needs two: one date has no second middle rank.
fn methods<K: Series>(dates: usize, pixels: usize) -> Vec<(&'static str, Method)> {
    let fastest = Method::fastest::<K>(dates, pixels, Path::all()[0], 1).expect("memory");
    let mut methods = vec![("the fastest method", fastest), ("selection", Method::Selection)];
    if (2..=MOST_IN_LANES).contains(&dates) {
        methods.push(("bisection", Method::Bisection));
    }
    if (2 * SORT_MIN..=MOST_IN_LANES).contains(&dates) {
        methods.push(("a network", Method::Network(Program::cached(dates).expect("memory"))));
    }
    if dates <= SELECT_MAX {
        methods.push(("registers", Method::Registers));
    }
    methods
}

/// Computes one case by every method on every path and compares all of the output's storage.
fn check<K: Series + Value, O: Real + Output + From<K> + Bits + Value>(case: &Case, unsigned_zeros: impl Fn(K) -> K) {
    let mut rng = Rng(case.seed);
    let scene = Scene::new(case, &mut rng, unsigned_zeros);
    let before: Stored<O> = Stored::new(case.out, &case.pixels, || O::draw(&mut rng, Kind::Few));
    let mut expected = before.storage.clone();
    let medians = scene.map(|values: Vec<K>| median(values.into_iter().map(O::from).collect()));
    case.out.arrange(expected.view_mut()).assign(&medians);

    for (name, method) in methods::<K>(case.dates, case.pixels.iter().product()) {
        for (path, &threads) in Path::every().into_iter().flat_map(|path| case.threads.iter().map(move |n| (path, n))) {
            let mut storage = before.storage.clone();
            let (x, mask, out) = (scene.x.view(), scene.mask(), case.out.arrange(storage.view_mut()));
            let work = Work { x, mask, missing: Missing::new(K::nodata(case.nodata)), out };
            temporal_median(work.time_first(case.time_axis), &method, path, threads).expect("threads start");
            assert_same_bits(&storage, &expected, &format!("{name}, {}, {threads} threads", path.name()));
        }
    }
}

/// Every dtype that goes in or comes out, on every path; the battery asks all pairs of them. -0 becomes +0: which of two
/// equal zeros is in the middle is not said.
fn check_all(case: &Case) {
    check::<f32, f32>(case, |x| x + 0.0);
    check::<f64, f64>(case, |x| x + 0.0);
    check::<u8, f32>(case, |x| x);
    check::<i16, f32>(case, |x| x);
    check::<u16, f64>(case, |x| x);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn stacks_of_any_layout_give_the_bits_of_sorting(case in cases(0_usize..=40)) {
        check_all(&case);
    }
}

#[test]
fn every_number_of_dates_gives_the_bits_of_sorting() {
    for dates in 1..=40 {
        for (kind, gaps) in [(Kind::Any, 30), (Kind::Few, 0), (Kind::Limits, 60)] {
            check_all(&Case { kind, gaps, nodata: dates % 4, ..plain(dates) });
        }
        let mask = Some((40, Layout::C));
        check_all(&Case { mask, kind: Kind::Limits, nodata: 3 - dates % 4, ..plain(dates) });
    }
}

#[test]
fn many_dates_give_the_bits_of_sorting() {
    for dates in [73, 146, 301, 520] {
        check_all(&Case { pixels: vec![70], ..plain(dates) });
        check_all(&Case {
            pixels: vec![5],
            kind: Kind::Limits,
            nodata: 2,
            mask: Some((50, Layout::C)),
            ..plain(dates)
        });
        check_all(&Case { pixels: vec![3, 7], kind: Kind::Few, nodata: 0, time_axis: 2, ..plain(dates) });
    }
}

#[test]
fn few_pixels_on_very_many_dates_give_the_bits_of_sorting() {
    for (dates, pixels) in [(4096, 3), (4097, 3), (9000, 1), (40_001, 2), (70_000, 2)] {
        let long = |kind, gaps, nodata| Case { pixels: vec![pixels], kind, gaps, nodata, ..plain(dates) };
        check_all(&long(Kind::Any, 0, 0));
        check_all(&long(Kind::Any, 30, 1));
        check_all(&long(Kind::Few, 20, 3));
        check_all(&Case { mask: Some((50, Layout::C)), ..long(Kind::Limits, 5, 2) });
        check_all(&Case { time_axis: 1, mask: Some((50, Layout::Reversed)), ..long(Kind::Any, 10, 0) });
        check_all(&Case { layout: Layout::Sliced, mask: Some((99, Layout::Sliced)), ..long(Kind::Any, 10, 2) });
        check_all(&Case { time_axis: 1, mask: Some((100, Layout::LastConstant)), ..long(Kind::Any, 10, 1) });
    }
}

#[test]
fn many_pixels_on_very_many_dates_give_the_bits_of_sorting() {
    check_all(&Case { pixels: vec![150], threads: vec![1, 3], ..plain(5000) });
    check_all(&Case { pixels: vec![2, 70], mask: Some((30, Layout::C)), threads: vec![2], ..plain(4500) });
}

/// Few, close together and far apart: each step of narrowing is the last in some of them.
#[test]
fn ranks_are_found_wherever_they_lie() {
    for dates in [5000, 5001] {
        for spread in [1, 40, 2047, 2048, 2049, 5_000_000, 1 << 40, u64::MAX >> 12] {
            let value = |date: u64| 1.0 + f64::from_bits((date * 7919 % 5003).wrapping_mul(spread) >> 2);
            let x = ArrayD::from_shape_fn(vec![dates], |i| value(i[0] as u64));
            let mut out = ArrayD::from_elem(vec![], 0.0);
            let work = Work { x: x.view(), mask: None, missing: Missing::default(), out: out.view_mut() };
            temporal_median(work, &Method::Selection, Path::all()[0], 1).expect("memory");
            assert_same_bits(&out, &ArrayD::from_elem(vec![], median(x.iter().copied().collect())), "selection");
        }
    }
}

#[test]
fn one_value_among_many_missing_ones_is_found_on_every_date() {
    for dates in [1, 2, 7, 16, 17, 33, 40, 300] {
        for nodata in [0, 7, 255_u8] {
            let one = |date, value| {
                ArrayD::from_shape_fn(vec![dates, dates], |i| if i[0] == i[1] + date { value } else { nodata })
            };
            let x = one(0, 9_u8);
            for (name, method) in methods::<u8>(dates, dates) {
                let mut out = ArrayD::from_elem(vec![dates], 0.0_f32);
                let missing = Missing::new(Some(nodata));
                let work = Work { x: x.view(), mask: None, missing, out: out.view_mut() };
                temporal_median(work, &method, Path::all()[0], 1).expect("no thread is needed");
                assert!(out.iter().all(|median| median.bits() == 9.0_f32.bits()), "{name}, {dates} dates: {out}");
            }
        }
    }
}

#[test]
fn more_values_than_a_byte_counts_are_not_taken_for_none() {
    for dates in [255, 256, 257, 512, 513] {
        for mask in [None, Some((0, Layout::C))] {
            check::<u8, f32>(&Case { pixels: vec![3], gaps: 0, nodata: 3, mask, ..plain(dates) }, |x| x);
        }
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    let forking = |dates: usize| Case { pixels: vec![37, 97], threads: vec![1, 2, 3], ..plain(dates) };
    const { assert!(37 * 97 * 29 > crate::exec::par::SERIAL_BELOW && 9000 * 12 > crate::exec::par::SERIAL_BELOW) };
    check_all(&forking(30));
    check_all(&Case { time_axis: 2, mask: Some((50, Layout::Fortran)), ..forking(33) });
    check_all(&Case { pixels: vec![9000], out: Layout::Reversed, kind: Kind::Limits, nodata: 2, ..forking(12) });
    check_all(&Case { time_axis: 1, layout: Layout::Sliced, out: Layout::Fortran, ..forking(29) });
}

#[test]
fn zeros_of_either_sign_are_data_and_the_median_is_one_of_them() {
    let mut rng = Rng(5);
    for dates in 1..=40 {
        let x = ArrayD::from_shape_simple_fn(vec![dates, 67], || [0.0, -0.0][usize::from(rng.below(2))]);
        for (name, method) in methods::<f32>(dates, 67) {
            let mut out = ArrayD::from_elem(vec![67], 1.0_f32);
            let work = Work { x: x.view(), mask: None, missing: Missing::default(), out: out.view_mut() };
            temporal_median(work, &method, Path::all()[0], 1).expect("no thread is needed");
            assert!(out.iter().all(|median| median.abs().bits() == 0), "{name}, {dates} dates: {out}");
        }
    }
}

#[test]
fn no_dates_and_no_pixels_are_no_error() {
    for pixels in [vec![5], vec![0], vec![3, 0], vec![]] {
        check_all(&Case { pixels: pixels.clone(), ..plain(0) });
        check_all(&Case { pixels, ..plain(20) });
    }
}
