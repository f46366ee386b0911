//! `normalized_difference` against its scalar twin: every dtype, path, layout and number of threads.

use _rust::lanes::Real;
use _rust::normalized_difference::{Sample, Work, normalized_difference, scalar};
use _rust::par::SERIAL_BELOW;
use _rust::simd::Path;
use ndarray::{Array, Array2, ArrayD, ArrayViewD, s};
use proptest::prelude::*;

/// The bits of every number; whether a NaN has a sign is left to the processor.
fn same<O: Real>(a: O, b: O) -> bool {
    let is_nan = |value: O| value.partial_cmp(&value).is_none();
    // Equal quotients have equal bits but for the sign of a zero, which shows in its reciprocal.
    (a == b && O::HALF / a == O::HALF / b) || (is_nan(a) && is_nan(b))
}

#[derive(Clone, Copy)]
struct Settings<'a, I, O> {
    mask: Option<&'a ArrayD<u8>>,
    nodata: Option<I>,
    min_denominator: O,
}

fn expected<I: Sample<O>, O: Real>(a: &ArrayViewD<'_, I>, b: &ArrayViewD<'_, I>, with: Settings<'_, I, O>) -> Vec<O> {
    let mask = with.mask.map(|mask| mask.iter().copied().collect::<Vec<_>>());
    let pixel = |(i, (&a, &b)): (usize, (&I, &I))| {
        let gone = Some(a) == with.nodata || Some(b) == with.nodata || mask.as_ref().is_some_and(|mask| mask[i] != 0);
        if gone { O::NAN } else { scalar(a.widen(), b.widen(), with.min_denominator) }
    };
    a.iter().zip(b).enumerate().map(pixel).collect()
}

fn check<I: Sample<O>, O: Real>(a: &ArrayViewD<'_, I>, b: &ArrayViewD<'_, I>, with: Settings<'_, I, O>) {
    let wanted = expected(a, b, with);
    for (path, threads) in Path::all().into_iter().flat_map(|path| [(path, 1), (path, 3)]) {
        let mut out = ArrayD::from_elem(a.shape(), O::HALF);
        let mask = with.mask.map(|mask| mask.view());
        let Settings { nodata, min_denominator, .. } = with;
        let work = Work { a: Some(a.clone()), b: Some(b.clone()), mask, out: out.view_mut(), nodata, min_denominator };
        normalized_difference(work, path, threads).unwrap();
        assert!(out.iter().zip(&wanted).all(|(a, b)| same(*a, *b)), "{:?} on {}", a.shape(), path.name());
    }
}

fn with<I, O: Real>(min_denominator: f64) -> Settings<'static, I, O> {
    Settings { mask: None, nodata: None, min_denominator: O::nearest(min_denominator) }
}

fn shaped(x: &Array2<f32>, step: isize, transposed: bool) -> ArrayViewD<'_, f32> {
    let x = x.slice(s![..;step, 3..;-step]);
    if transposed { x.reversed_axes().into_dyn() } else { x.into_dyn() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn floats_of_any_bits(bits in prop::collection::vec(any::<(u64, u64)>(), 1..300), limit in 0.0..2.0f64) {
        let pair = |f: fn(&(u64, u64)) -> u64| Array::from_iter(bits.iter().map(f)).into_dyn();
        let (a, b) = (pair(|p| p.0), pair(|p| p.1));
        let narrow = |x: &ArrayD<u64>| x.mapv(|bits| f32::from_bits(u32::try_from(bits >> 32).unwrap()));
        check::<f32, f32>(&narrow(&a).view(), &narrow(&b).view(), with(limit));
        check::<f64, f64>(&a.mapv(f64::from_bits).view(), &b.mapv(f64::from_bits).view(), with(limit));
    }

    #[test]
    fn integers_of_any_value(values in prop::collection::vec(any::<(u16, u16)>(), 1..300), nodata in 0..4u8) {
        let pair = |f: fn(&(u16, u16)) -> u16| Array::from_iter(values.iter().map(f)).into_dyn();
        let (a, b) = (pair(|p| p.0), pair(|p| p.1));
        check::<u16, f32>(&a.view(), &b.view(), Settings { nodata: Some(nodata.into()), ..with(0.0) });
        check::<u16, f64>(&a.view(), &b.view(), with(3.0));
        let signed = |x: &ArrayD<u16>| x.mapv(u16::cast_signed);
        check::<i16, f32>(&signed(&a).view(), &signed(&b).view(), Settings { nodata: Some(i16::MIN), ..with(0.0) });
        check::<i16, f64>(&signed(&a).view(), &signed(&b).view(), with(0.0));
        let small = |x: &ArrayD<u16>| x.mapv(|value| value.to_be_bytes()[0] % 8);
        let mask = small(&b).mapv(|value| value & 1);
        let masked = Settings { mask: Some(&mask), nodata: Some(nodata), min_denominator: 0.0f32 };
        check::<u8, f32>(&small(&a).view(), &small(&b).view(), masked);
        check::<u8, f64>(&small(&a).view(), &small(&b).view(), Settings { nodata: Some(nodata), ..with(0.0) });
    }

    #[test]
    fn strides_do_not_matter(step in 1isize..4, reversed in any::<bool>(), transposed in any::<bool>(), in_place in 0..4) {
        let step = if reversed { -step } else { step };
        let number = |i: usize, j: usize, k: usize| f32::from(u16::try_from((i * 37 + j * 11 + k) % 101).unwrap()) - 30.0;
        let [a, b, mut out] = [1, 2, 3].map(|k| Array2::from_shape_fn((70, 1500), |(i, j)| number(i, j, k)));
        let (a_view, b_view) = (shaped(&a, step, transposed), shaped(&b, step, false));
        let b_view = if transposed { b_view.reversed_axes() } else { b_view };
        let before = shaped(&out, step, transposed).to_owned();
        let (a_is_out, b_is_out) = (in_place & 1 == 1, in_place & 2 == 2);
        let operand = |is_out, view: &ArrayViewD<'_, f32>| if is_out { before.clone() } else { view.to_owned() };
        let wanted = expected::<f32, f32>(&operand(a_is_out, &a_view).view(), &operand(b_is_out, &b_view).view(), with(0.0));
        let view = out.slice_mut(s![..;step, 3..;-step]);
        let view = if transposed { view.reversed_axes().into_dyn() } else { view.into_dyn() };
        let work = Work {
            a: (!a_is_out).then_some(a_view),
            b: (!b_is_out).then_some(b_view),
            mask: None,
            out: view,
            nodata: None,
            min_denominator: 0.0,
        };
        normalized_difference(work, *Path::all().last().unwrap(), 2).unwrap();
        let after = shaped(&out, step, transposed);
        prop_assert!(after.iter().zip(&wanted).all(|(a, b)| same(*a, *b)));
    }
}

#[test]
fn operands_are_broadcast() {
    let a = Array::from_shape_fn((40, 1, 70), |(i, _, k)| f64::from(u8::try_from(i + k).unwrap())).into_dyn();
    let b = Array::from_shape_fn((30, 1), |(j, _)| f64::from(u8::try_from(j).unwrap())).into_dyn();
    let shape = [40, 30, 70];
    check::<f64, f64>(&a.broadcast(&shape[..]).unwrap(), &b.broadcast(&shape[..]).unwrap(), with(0.0));
}

#[test]
fn threads_give_the_same_bits() {
    let side = 2 * SERIAL_BELOW.isqrt();
    let number = |k: usize| {
        Array2::from_shape_fn((side, side), |(i, j)| u16::try_from((i * 37 + j * 11 + k) % 1001).unwrap()).into_dyn()
    };
    check::<u16, f32>(&number(1).view(), &number(2).view(), with(0.0));
}

#[test]
fn the_published_value_and_the_zero_denominator() {
    assert!((scalar(0.643f64, 0.175, 0.0) - 0.572_127_139_364_303_1).abs() < 1e-15);
    assert!(
        scalar(0.0f32, 0.0, 0.0).is_nan() && scalar(1.0f32, -1.0, 0.0).is_nan() && scalar(0.1f32, 0.1, 0.5).is_nan()
    );
    assert!(scalar(f32::INFINITY, 1.0, 0.0).is_nan());
}

#[test]
fn no_pixels_are_no_work() {
    let empty = ArrayD::<f32>::zeros(vec![3, 0, 2]);
    check::<f32, f32>(&empty.view(), &empty.view(), with(0.0));
}
