//! `temporal_median` against a sort per pixel: every dtype, method, path, layout and number of threads.

use _rust::lanes::{Missing, Real};
use _rust::par::SERIAL_BELOW;
use _rust::program::Program;
use _rust::simd::Path;
use _rust::small::SELECT_MAX;
use _rust::temporal_median::{Method, Series, Work, temporal_median};
use ndarray::{Array2, Array3, ArrayD, ArrayViewD, Axis, IxDyn, s};
use proptest::prelude::*;

/// What is missing beside NaN.
#[derive(Clone, Copy)]
struct Gone<'a, K> {
    nodata: Option<K>,
    mask: Option<&'a ArrayD<u8>>,
}

/// The median of one pixel as anybody would write it.
fn plain<K: Series, O: Real + From<K>>(values: impl Iterator<Item = K>) -> O {
    let mut values: Vec<K> = values.collect();
    values.sort_by(|a, b| a.partial_cmp(b).expect("no NaN is left"));
    match values.len() {
        0 => O::NAN,
        n if n % 2 == 1 => O::from(values[n / 2]),
        n => O::HALF * O::from(values[n / 2 - 1]) + O::HALF * O::from(values[n / 2]),
    }
}

fn expected<K: Series, O: Real + From<K>>(x: &ArrayViewD<'_, K>, gone: Gone<'_, K>) -> ArrayD<O> {
    let mut out = ArrayD::from_elem(&x.shape()[1..], O::NAN);
    for (pixel, out) in out.indexed_iter_mut() {
        let at = |t: usize| [&[t], ndarray::Dimension::slice(&pixel)].concat();
        let valid = (0..x.shape()[0]).filter(|&t| {
            let value = x[IxDyn(&at(t))];
            !value.is_missing(Missing::new(gone.nodata)) && gone.mask.is_none_or(|mask| mask[IxDyn(&at(t))] == 0)
        });
        *out = plain(valid.map(|t| x[IxDyn(&at(t))]));
    }
    out
}

fn run<K: Series, O: Real + From<K>>(
    x: &ArrayViewD<'_, K>,
    gone: Gone<'_, K>,
    method: Method,
    path: Path,
    threads: usize,
) -> ArrayD<O> {
    let mut out = ArrayD::from_elem(&x.shape()[1..], O::HALF);
    let mask = gone.mask.map(|mask| mask.view());
    let missing = Missing::new(gone.nodata);
    temporal_median(Work { x: x.clone(), mask, out: out.view_mut(), missing, method }, path, threads).unwrap();
    out
}

/// Every method that takes that many dates.
fn methods(dates: usize) -> Vec<Method> {
    if dates == 1 {
        return vec![Method::Registers];
    }
    let network = if dates <= SELECT_MAX { Method::Registers } else { Method::Network(Program::cached(dates)) };
    vec![network, Method::Bisection]
}

/// Equality of results.
trait Exact: Real {
    fn bits(self) -> u64;

    fn is_nan(self) -> bool {
        self.partial_cmp(&self).is_none()
    }

    /// NaN equals NaN, and zeros of either sign are equal.
    fn equals(self, other: Self) -> bool {
        self == other || (self.is_nan() && other.is_nan())
    }

    /// The bits of every number; whether a NaN has a sign is left to the processor.
    fn is_same(self, other: Self) -> bool {
        self.bits() == other.bits() || (self.is_nan() && other.is_nan())
    }
}

impl Exact for f32 {
    fn bits(self) -> u64 {
        self.to_bits().into()
    }
}

impl Exact for f64 {
    fn bits(self) -> u64 {
        self.to_bits()
    }
}

fn check<K: Series, O: Exact + From<K>>(x: &ArrayViewD<'_, K>, gone: Gone<'_, K>) {
    let wanted = expected::<K, O>(x, gone);
    for method in methods(x.shape()[0]) {
        let first = run::<K, O>(x, gone, method.clone(), Path::all()[0], 1);
        assert!(first.iter().zip(&wanted).all(|(a, b)| a.equals(*b)), "{:?}", x.shape());
        for path in Path::all() {
            let other = run::<K, O>(x, gone, method.clone(), path, 1);
            assert!(first.iter().zip(&other).all(|(a, b)| a.is_same(*b)), "{:?} on {}", x.shape(), path.name());
        }
    }
}

/// Numbers without rhyme or reason, the same at every run.
fn noise(i: usize) -> u64 {
    let x = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x ^ (x >> 29)
}

/// One of few values, so that there are ties, with special ones among them.
fn float(i: usize) -> f64 {
    let special =
        [f64::NAN, f64::NAN, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, f64::from(f32::MIN_POSITIVE)];
    let pick = usize::try_from(noise(i) % 20).unwrap();
    special.get(pick).copied().unwrap_or_else(|| f64::from(i16::try_from(noise(i) >> 54).unwrap()) / 16.0 - 20.0)
}

fn stack<K: Series>(dates: usize, pixels: usize, seed: usize, value: impl Fn(usize) -> K) -> ArrayD<K> {
    let values = (0..dates * pixels).map(|i| value(i + seed * 7919));
    ArrayD::from_shape_vec(vec![dates, pixels], values.collect()).unwrap()
}

fn check_all_dtypes(dates: usize, pixels: usize, seed: usize) {
    let none = Gone { nodata: None, mask: None };
    let mask = stack(dates, pixels, seed + 1, |i| u8::from(noise(i).is_multiple_of(3)));
    #[allow(clippy::cast_possible_truncation, reason = "the values are few and small")]
    let x = stack(dates, pixels, seed, |i| float(i) as f32);
    check::<f32, f32>(&x.view(), none);
    check::<f32, f32>(&x.view(), Gone { nodata: None, mask: Some(&mask) });
    check::<f64, f64>(&stack(dates, pixels, seed, float).view(), Gone { nodata: None, mask: None });
    check_integers::<u8>(dates, pixels, seed, &mask);
    check_integers::<u16>(dates, pixels, seed, &mask);
    check_integers::<i16>(dates, pixels, seed, &mask);
}

/// Integers: the limits are data and, in turn, what marks missing data.
fn check_integers<K: Series>(dates: usize, pixels: usize, seed: usize, mask: &ArrayD<u8>)
where
    f32: From<K>,
    f64: From<K>,
{
    let value = |i: usize| match noise(i) % 5 {
        0 => K::LOW,
        1 => K::HIGH,
        _ => K::of_nodata(i64::try_from(noise(i) >> 57).unwrap()),
    };
    let x = stack(dates, pixels, seed, value);
    check::<K, f32>(&x.view(), Gone { nodata: None, mask: None });
    check::<K, f32>(&x.view(), Gone { nodata: Some(K::LOW), mask: None });
    check::<K, f64>(&x.view(), Gone { nodata: Some(K::HIGH), mask: None });
    check::<K, f32>(&x.view(), Gone { nodata: Some(K::of_nodata(3)), mask: Some(mask) });
}

#[test]
fn all_dtypes_methods_and_paths_agree_with_a_sort() {
    for dates in (1..=40).chain([63, 64, 65, 73, 100, 127, 146, 257]) {
        check_all_dtypes(dates, 70, dates);
    }
}

#[test]
fn blocks_of_all_fillings_agree_with_a_sort() {
    for pixels in [1, 31, 64, 129, 300, 600] {
        check_all_dtypes(9, pixels, pixels);
        check_all_dtypes(20, pixels, pixels);
    }
}

#[test]
fn lanes_with_nothing_or_one_value_are_right() {
    for dates in [2, 3, 16, 17, 30, 31] {
        let x =
            stack(
                dates,
                200,
                dates,
                |i| if noise(i / 200 * 31 + i % 200).is_multiple_of(40) { 5.0f32 } else { f32::NAN },
            );
        check::<f32, f32>(&x.view(), Gone { nodata: None, mask: None });
        let x = x.mapv(|value| if value.is_nan() { 0u16 } else { u16::MAX });
        check::<u16, f32>(&x.view(), Gone { nodata: Some(0), mask: None });
    }
}

/// One layout of a cube: permuted, sliced and with some axes reversed.
fn layout(x: &Array3<f32>, permutation: [usize; 3], steps: [isize; 3]) -> ArrayD<f32> {
    let view = x.view().permuted_axes(permutation);
    let steps = steps.map(|step| if step == 0 { 1 } else { step });
    view.slice(s![..;steps[0], 1..;steps[1], ..;steps[2]]).to_owned().into_dyn()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn strides_do_not_matter(
        permutation in Just([0usize, 1, 2]).prop_shuffle(),
        steps in [-2isize..=2, -2isize..=2, -2isize..=2],
        axis in 0usize..3,
        masked in any::<bool>(),
    ) {
        let x = Array3::from_shape_fn((19, 23, 17), |(a, b, c)| float(a * 391 + b * 17 + c) as f32);
        let steps = steps.map(|step| if step == 0 { 1 } else { step });
        let view = x.view().permuted_axes(permutation);
        let view = view.slice(s![..;steps[0], 1..;steps[1], ..;steps[2]]).into_dyn();
        let copy = layout(&x, permutation, steps);
        let marks = copy.mapv(|value| u8::from(value > 3.0));
        let mask = masked.then_some(&marks);
        let median = |x: ArrayViewD<'_, f32>| {
            let mut shape = x.shape().to_vec();
            shape.remove(axis);
            // An output that is neither contiguous nor forward.
            let mut room = Array2::from_elem((2 * shape[0], 3 * shape[1]), 0.5f32);
            let out = room.slice_mut(s![..;-2, ..;3]).into_dyn();
            let method = Method::fastest::<f32>(x.shape()[axis]);
            let work = Work { x, mask: mask.map(|mask| mask.view()), out, missing: Missing::new(None), method };
            temporal_median(work.time_first(axis), *Path::all().last().unwrap(), 1).unwrap();
            room.slice(s![..;-2, ..;3]).to_owned()
        };
        let time_first: Vec<usize> = std::iter::once(axis).chain((0..3).filter(|&other| other != axis)).collect();
        let wanted_mask = marks.view().permuted_axes(time_first.clone()).to_owned();
        let gone = Gone { nodata: None, mask: mask.map(|_| &wanted_mask) };
        let wanted = expected::<f32, f32>(&copy.view().permuted_axes(time_first), gone);
        let found = median(view).into_dyn();
        prop_assert!(found.iter().zip(&wanted).all(|(a, b)| a.equals(*b)));
    }
}

#[test]
fn threads_and_chunks_give_the_same_bits() {
    let dates = 21;
    let x = stack(dates, SERIAL_BELOW / 4, 3, |i| float(i) as f32);
    let none = Gone { nodata: None, mask: None };
    let method = || Method::fastest::<f32>(dates);
    let path = *Path::all().last().unwrap();
    let whole = run::<f32, f32>(&x.view(), none, method(), path, 1);
    for threads in [2, 3, 5] {
        let other = run::<f32, f32>(&x.view(), none, method(), path, threads);
        assert!(whole.iter().zip(&other).all(|(a, b)| a.is_same(*b)));
    }
    let (left, right) = x.view().split_at(Axis(1), 1001);
    let parts = [left, right].map(|part| run::<f32, f32>(&part, none, method(), path, 1));
    assert!(whole.iter().zip(parts.iter().flatten()).all(|(a, b)| a.is_same(*b)));
}

#[test]
fn nothing_to_reduce_is_nan_and_nothing_to_write_is_fine() {
    let none = Gone { nodata: None, mask: None };
    let path = Path::all()[0];
    let out = run::<u8, f32>(&ArrayD::zeros(vec![0, 3, 2]).view(), none, Method::fastest::<u8>(0), path, 1);
    assert!(out.shape() == [3, 2] && out.iter().all(|value| value.is_nan()));
    assert!(run::<u8, f32>(&ArrayD::zeros(vec![4, 0]).view(), none, Method::fastest::<u8>(4), path, 2).is_empty());
    let one = ArrayD::from_shape_vec(vec![3], vec![2.0f32, f32::NAN, 4.0]).unwrap();
    let none = Gone { nodata: None, mask: None };
    let out = run::<f32, f32>(&one.view(), none, Method::fastest::<f32>(3), path, 1);
    assert!(out.ndim() == 0 && out.iter().all(|value| value.equals(3.0)));
}
