//! Every way to find the median gives, bit for bit, what sorting each pixel's values gives.

mod common;

use _rust::lanes::{Missing, Real};
use _rust::program::Program;
use _rust::simd::Path;
use _rust::small::{SELECT_MAX, SORT_MIN};
use _rust::temporal_median::{Method, Series, Work, temporal_median};
use common::{Bits, Kind, Layout, Rng, Stored, Value, assert_same_bits};
use ndarray::{ArrayD, ArrayViewD, Axis, Dimension};
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Case {
    seed: u64,
    dates: usize,
    /// The shape without time.
    pixels: Vec<usize>,
    time_axis: usize,
    kind: Kind,
    layout: Layout,
    out: Layout,
    nodata: usize,
    /// How many of 100 values are missing.
    gaps: u16,
    /// How many of 100 values are masked, and how the mask lies in memory.
    mask: Option<(u16, Layout)>,
    threads: Vec<usize>,
}

fn cases(dates: impl Strategy<Value = usize>) -> impl Strategy<Value = Case> {
    let pixels = prop_oneof![
        2 => proptest::collection::vec(1_usize..700, 1),
        1 => proptest::collection::vec(1_usize..40, 2),
        1 => proptest::collection::vec(1_usize..8, 3),
        1 => proptest::sample::select(vec![vec![], vec![1], vec![1, 1], vec![127], vec![128], vec![513], vec![3, 0]]),
    ];
    let kind = proptest::sample::select(vec![Kind::Any, Kind::Few, Kind::Limits]);
    let shares = || proptest::sample::select(vec![0_u16, 5, 30, 60, 95, 100]);
    let mask = proptest::option::of((shares(), Layout::any()));
    let lies = (any::<proptest::sample::Index>(), Layout::any(), Layout::writable());
    (any::<u64>(), dates, pixels, kind, lies, 0_usize..4, shares(), mask).prop_map(
        |(seed, dates, pixels, kind, (axis, layout, out), nodata, gaps, mask)| {
            let time_axis = axis.index(pixels.len() + 1);
            Case { seed, dates, pixels, time_axis, kind, layout, out, nodata, gaps, mask, threads: vec![1] }
        },
    )
}

/// The median of the values of one pixel, by sorting.
fn median<O: Real>(mut values: Vec<O>) -> O {
    values.sort_by(|a, b| a.partial_cmp(b).expect("missing values are left out"));
    let n = values.len();
    match n {
        0 => O::NAN,
        _ if n % 2 == 1 => values[n / 2],
        _ => O::HALF * values[n / 2 - 1] + O::HALF * values[n / 2],
    }
}

/// The medians over the first axis.
fn medians<K: Value, O: Real + From<K>>(
    x: &ArrayViewD<K>,
    mask: Option<&ArrayViewD<u8>>,
    nodata: Option<K>,
) -> ArrayD<O> {
    let shape = x.shape()[1..].to_vec();
    ArrayD::from_shape_fn(shape, |index| {
        let mut x = x.clone();
        let mut mask = mask.cloned();
        for axis in (0..index.ndim()).rev() {
            x.index_axis_inplace(Axis(axis + 1), index[axis]);
            if let Some(mask) = &mut mask {
                mask.index_axis_inplace(Axis(axis + 1), index[axis]);
            }
        }
        let shown = |date: usize| mask.as_ref().is_none_or(|mask| mask[date] == 0);
        let valid = x.iter().enumerate().filter(|&(date, value)| shown(date) && !value.is_gap(nodata));
        median(valid.map(|(_, &value)| O::from(value)).collect())
    })
}

/// Every method that is valid for that many dates. Bisection needs two: one date has no second middle rank.
fn methods<K: Series>(dates: usize) -> Vec<(&'static str, Method)> {
    let mut methods = vec![("the fastest method", Method::fastest::<K>(dates))];
    if dates >= 2 {
        methods.push(("bisection", Method::Bisection));
    }
    if dates >= 2 * SORT_MIN {
        methods.push(("a network", Method::Network(Program::cached(dates))));
    }
    if dates <= SELECT_MAX {
        methods.push(("registers", Method::Registers));
    }
    methods
}

/// The stack of a case: values with gaps, some pixels without any value.
fn stack<K: Value>(case: &Case, rng: &mut Rng, unsigned_zeros: impl Fn(K) -> K) -> (Stored<K>, Stored<u8>) {
    let mut shape = case.pixels.clone();
    shape.insert(case.time_axis, case.dates);
    let gap = K::gap(K::nodata(case.nodata));
    let x = Stored::new(case.layout, &shape, || {
        let value = unsigned_zeros(K::draw(rng, case.kind));
        gap.filter(|_| rng.percent(case.gaps)).unwrap_or(value)
    });
    let (masked, layout) = case.mask.unwrap_or((0, Layout::C));
    let mask = Stored::new(layout, &shape, || rng.mark(masked));
    (x, mask)
}

/// Computes one case by every method on every path and compares all of the output's storage.
fn check<K: Series + Value, O: Real + From<K> + Bits + Value>(case: &Case, unsigned_zeros: impl Fn(K) -> K) {
    let mut rng = Rng(case.seed);
    let (x, mask) = stack(case, &mut rng, unsigned_zeros);
    let nodata = K::nodata(case.nodata);
    let before: Stored<O> = Stored::new(case.out, &case.pixels, || O::draw(&mut rng, Kind::Few));
    let time_first = |mut order: Vec<usize>| {
        order.remove(case.time_axis);
        order.insert(0, case.time_axis);
        order
    };
    let order = time_first((0..=case.pixels.len()).collect());
    let (x_first, mask_first) = (x.view().permuted_axes(order.clone()), mask.view().permuted_axes(order));
    let mut expected = before.storage.clone();
    let expected_medians = medians::<K, O>(&x_first, case.mask.map(|_| &mask_first), nodata);
    case.out.arrange(expected.view_mut()).assign(&expected_medians);

    for (name, method) in methods::<K>(case.dates) {
        for (path, &threads) in Path::all().into_iter().flat_map(|path| case.threads.iter().map(move |n| (path, n))) {
            let mut storage = before.storage.clone();
            let work = Work {
                x: x.view(),
                mask: case.mask.map(|_| mask.view()),
                out: case.out.arrange(storage.view_mut()),
                missing: Missing::new(nodata),
                method: method.clone(),
            };
            temporal_median(work.time_first(case.time_axis), path, threads).expect("threads start");
            assert_same_bits(&storage, &expected, &format!("{name}, {}, {threads} threads", path.name()));
        }
    }
}

/// -0 becomes +0: which of two equal zeros is in the middle is not said.
fn check_all(case: &Case) {
    check::<f32, f32>(case, |x| x + 0.0);
    check::<f64, f64>(case, |x| x + 0.0);
    check::<u8, f32>(case, |x| x);
    check::<i16, f32>(case, |x| x);
    check::<u16, f32>(case, |x| x);
    check::<u8, f64>(case, |x| x);
    check::<i16, f64>(case, |x| x);
    check::<u16, f64>(case, |x| x);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn stacks_of_any_layout_give_the_bits_of_sorting(case in cases(0_usize..=40)) {
        check_all(&case);
    }
}

fn plain(dates: usize) -> Case {
    Case {
        seed: dates as u64,
        dates,
        pixels: vec![131],
        time_axis: 0,
        kind: Kind::Any,
        layout: Layout::C,
        out: Layout::C,
        nodata: 1,
        gaps: 30,
        mask: None,
        threads: vec![1],
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
fn one_value_among_many_missing_ones_is_found_on_every_date() {
    for dates in [1, 2, 7, 16, 17, 33, 40, 300] {
        for nodata in [0, 7, 255_u8] {
            let one = |date, value| {
                ArrayD::from_shape_fn(vec![dates, dates], |i| if i[0] == i[1] + date { value } else { nodata })
            };
            let x = one(0, 9_u8);
            for (name, method) in methods::<u8>(dates) {
                let mut out = ArrayD::from_elem(vec![dates], 0.0_f32);
                let missing = Missing::new(Some(nodata));
                let work = Work { x: x.view(), mask: None, out: out.view_mut(), missing, method };
                temporal_median(work, Path::all()[0], 1).expect("no thread is needed");
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
    const { assert!(37 * 97 * 19 > _rust::par::SERIAL_BELOW && 7000 * 12 > _rust::par::SERIAL_BELOW) };
    check_all(&forking(20));
    check_all(&Case { time_axis: 2, mask: Some((50, Layout::Fortran)), ..forking(23) });
    check_all(&Case { pixels: vec![7000], out: Layout::Reversed, kind: Kind::Limits, nodata: 2, ..forking(12) });
    check_all(&Case { time_axis: 1, layout: Layout::Sliced, out: Layout::Fortran, ..forking(19) });
}

#[test]
fn zeros_of_either_sign_are_data_and_the_median_is_one_of_them() {
    let mut rng = Rng(5);
    for dates in 1..=40 {
        let x = ArrayD::from_shape_simple_fn(vec![dates, 67], || [0.0, -0.0][usize::from(rng.below(2))]);
        for (name, method) in methods::<f32>(dates) {
            let mut out = ArrayD::from_elem(vec![67], 1.0_f32);
            let work = Work { x: x.view(), mask: None, out: out.view_mut(), missing: Missing::default(), method };
            temporal_median(work, Path::all()[0], 1).expect("no thread is needed");
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
