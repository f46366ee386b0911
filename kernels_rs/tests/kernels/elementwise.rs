//! Every elementwise kernel gives, bit for bit, what its formula gives pixel by pixel: every dtype, path, layout, mask,
//! number of threads, in place or not.

use super::common::{Bits, Kind, Layout, Rng, Stored, Value, assert_same_bits};
use crate::drive::elementwise::Bands;
use crate::drive::quality::{Bits as RejectBits, Classes, Quality};
use crate::exec::par::SERIAL_BELOW;
use crate::exec::simd::Path;
use crate::kernels::evi::{Evi, evi};
use crate::kernels::mask_and_scale::mask_and_scale;
use crate::kernels::normalized_difference::normalized_difference;
use crate::kernels::normalized_difference_dn::{Counts, normalized_difference_dn};
use crate::number::real::Real;
use crate::view::parts::Sample;
use ndarray::{ArrayD, IxDyn};
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Case {
    seed: u64,
    shape: Vec<usize>,
    kind: Kind,
    /// Of the inputs and of a quality band.
    layouts: [Layout; 4],
    out: Layout,
    nodata: usize,
    /// How many of 100 values are missing.
    gaps: u16,
    /// How many of 100 values are masked, and how the mask lies in memory.
    mask: Option<(u16, Layout)>,
    /// Which inputs are the output, where that is possible.
    in_place: [bool; 3],
    min_denominator: f64,
    threads: Vec<usize>,
}

fn cases() -> impl Strategy<Value = Case> {
    let shape = prop_oneof![
        2 => proptest::collection::vec(1_usize..5000, 1),
        2 => proptest::collection::vec(1_usize..80, 2),
        1 => proptest::collection::vec(1_usize..16, 3),
        1 => proptest::sample::select(vec![vec![1], vec![1, 1], vec![8], vec![3, 0], vec![3, 2100], vec![2, 3, 2, 5]]),
    ];
    let kind = proptest::sample::select(vec![Kind::Any, Kind::Few, Kind::Limits]);
    let shares = || proptest::sample::select(vec![0_u16, 5, 40, 100]);
    let layouts = (Layout::any(), Layout::any(), Layout::any(), Layout::any()).prop_map(Into::into);
    let mask = proptest::option::of((shares(), Layout::any()));
    let limits = proptest::sample::select(vec![0.0, 0.5, 3.0, f64::INFINITY]);
    let more = (any::<[bool; 3]>(), limits);
    (any::<u64>(), shape, kind, layouts, Layout::writable(), 0_usize..4, shares(), mask, more).prop_map(
        |(seed, shape, kind, layouts, out, nodata, gaps, mask, (in_place, min_denominator))| {
            let threads = vec![1];
            Case { seed, shape, kind, layouts, out, nodata, gaps, mask, in_place, min_denominator, threads }
        },
    )
}

/// Computes one case on every path and compares all of the output's storage with `pixel` of the inputs' values.
fn check<I: Value + Sample<O>, O: Real + Bits + Value, const N: usize>(
    case: &Case,
    in_place: [bool; N],
    pixel: impl Fn(&IxDyn, [O; N]) -> O,
    kernel: impl Fn(Bands<'_, I, O, N>, Path, usize),
) {
    let mut rng = Rng(case.seed);
    let nodata = I::nodata(case.nodata);
    let inputs: [Stored<I>; N] = std::array::from_fn(|k| {
        Stored::new(case.layouts[k], &case.shape, || {
            let value = I::draw(&mut rng, case.kind);
            I::gap(nodata).filter(|_| rng.percent(case.gaps)).unwrap_or(value)
        })
    });
    let (share, layout) = case.mask.unwrap_or((0, Layout::C));
    let mask = Stored::new(layout, &case.shape, || rng.mark(share));
    let mask = case.mask.map(|_| mask.view());
    let before: Stored<O> = Stored::new(case.out, &case.shape, || O::draw(&mut rng, case.kind));

    let values = ArrayD::from_shape_fn(case.shape.clone(), |index| {
        let x: [I; N] = std::array::from_fn(|k| {
            if in_place[k] { I::of_output(before.view()[&index]) } else { inputs[k].view()[&index] }
        });
        let gone = x.iter().any(|x| nodata.is_some() && x.is_gap(nodata))
            || mask.as_ref().is_some_and(|mask| mask[&index] != 0);
        if gone { O::NAN } else { pixel(&index, x.map(Sample::widen)) }
    });
    let mut expected = before.storage.clone();
    case.out.arrange(expected.view_mut()).assign(&values);

    for (path, &threads) in Path::every().into_iter().flat_map(|path| case.threads.iter().map(move |n| (path, n))) {
        let mut storage = before.storage.clone();
        let bands = Bands {
            inputs: std::array::from_fn(|k| (!in_place[k]).then(|| inputs[k].view())),
            mask: mask.clone(),
            out: case.out.arrange(storage.view_mut()),
            nodata,
        };
        kernel(bands, path, threads);
        assert_same_bits(&storage, &expected, &format!("{}, {threads} threads", path.name()));
    }
}

fn check_difference<I: Value + Sample<O>, O: Real + Bits + Value>(case: &Case, [a, b, _]: [bool; 3]) {
    let limit = O::nearest(case.min_denominator);
    let pixel = |_: &IxDyn, [a, b]: [O; 2]| if (a + b).abs() <= limit { O::NAN } else { (a - b) / (a + b) };
    check::<I, O, 2>(case, [a, b], pixel, |bands, path, threads| {
        normalized_difference(bands, case.min_denominator, path, threads).unwrap();
    });
}

fn check_evi<I: Value + Sample<O>, O: Real + Bits + Value>(case: &Case, in_place: [bool; 3]) {
    let min_denominator = case.min_denominator;
    let modis = Evi { gain: 2.5, c1: 6.1, c2: 7.5, canopy: 1.0, min_denominator };
    let c: [O; 4] = [modis.gain, modis.c1, modis.c2, modis.canopy].map(O::nearest);
    let pixel = |_: &IxDyn, [nir, red, blue]: [O; 3]| {
        let (first, second) = (c[1] * red, c[2] * blue);
        let den = ((nir + first) - second) + c[3];
        if den.abs() <= O::nearest(min_denominator) { O::NAN } else { (c[0] * (nir - red)) / den }
    };
    check::<I, O, 3>(case, in_place, pixel, |bands, path, threads| evi(bands, modis, path, threads).unwrap());
}

fn check_counts<I: Value + Sample<O>, O: Real + Bits + Value>(case: &Case, [first, second, _]: [bool; 3]) {
    for (scale, offset, k) in [(1e-4, -0.1, -2000.0), (-0.5, 1.0, -4.0), (2.75e-5, -0.2, -0.4 / 2.75e-5)] {
        let (k, limit) = (O::nearest(k), O::nearest(case.min_denominator / f64::abs(scale)));
        let pixel = |_: &IxDyn, [a, b]: [O; 2]| {
            let sum = (a + b) + k;
            if sum.abs() <= limit { O::NAN } else { (a - b) / sum }
        };
        let counts = Counts::new(scale, offset, case.min_denominator);
        check::<I, O, 2>(case, [first, second], pixel, |bands, path, threads| {
            normalized_difference_dn(bands, counts, path, threads).unwrap();
        });
    }
}

/// Scales with every rule; what a quality band hides is looked up in a plain table.
fn check_scaling<I: Value + Sample<O>, O: Real + Bits + Value>(case: &Case) {
    let mut rng = Rng(!case.seed);
    let numbers = [1.1e-4, -0.1];
    let [scale, offset] = numbers.map(O::nearest);
    let layout = case.layouts[3];
    let few = Stored::new(layout, &case.shape, || [0, 4, 11, 30, 31, 32, 63, 255][usize::from(rng.below(8))]);
    let any = Stored::new(layout, &case.shape, || u8::draw(&mut rng, Kind::Any));
    let wide = Stored::new(layout, &case.shape, || u16::draw(&mut rng, Kind::Any));
    let scaled = |gone: bool, dn: O| if gone { O::NAN } else { dn * scale + offset };
    let check = |quality: &Quality<'_>, hides: &dyn Fn(&IxDyn) -> bool| {
        let pixel = |index: &IxDyn, [dn]: [O; 1]| scaled(hides(index), dn);
        check::<I, O, 1>(case, [false], pixel, |bands, path, threads| {
            mask_and_scale(bands, quality.clone(), numbers, path, threads).unwrap();
        });
    };
    check(&Quality::None, &|_| false);
    for set in [&[][..], &[4, 11, 30], &[31], &[0, 4, 32, 200, 255], &(0..=255).collect::<Vec<_>>()] {
        let stays: [bool; 256] = std::array::from_fn(|class| set.contains(&class));
        for qa in [&few, &any] {
            let keep = Quality::Keep(qa.view(), Classes::new(&stays));
            check(&keep, &|index| !stays[usize::from(qa.view()[index])]);
        }
    }
    let bits = [0, 0b1011, 0xffff, rng.below(65536)];
    for bits in bits {
        let hides = |index: &IxDyn| wide.view()[index] & bits != 0;
        check(&Quality::RejectWide(wide.view(), RejectBits(bits)), &hides);
        let low = bits.to_le_bytes()[0];
        check(&Quality::Reject(any.view(), RejectBits(low)), &|index| any.view()[index] & low != 0);
    }
}

/// Every kernel and every dtype that goes in or comes out, on every path; the battery asks all pairs of them.
fn check_all(case: &Case) {
    macro_rules! of_counts {
        ($($integer:ty => $out:ty),*) => {$(
            check_difference::<$integer, $out>(case, [false; 3]);
            check_evi::<$integer, $out>(case, [false; 3]);
            check_counts::<$integer, $out>(case, [false; 3]);
            check_scaling::<$integer, $out>(case);
        )*};
    }
    of_counts! { u8 => f32, i16 => f32, u16 => f64 }
    check_difference::<f32, f32>(case, case.in_place);
    check_difference::<f64, f64>(case, case.in_place);
    check_evi::<f32, f32>(case, case.in_place);
    check_evi::<f64, f64>(case, case.in_place);
    check_counts::<f32, f32>(case, case.in_place);
    check_counts::<f64, f64>(case, case.in_place);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arrays_of_any_layout_give_the_bits_of_the_formula(case in cases()) {
        check_all(&case);
    }
}

fn plain(shape: &[usize]) -> Case {
    Case {
        seed: 7,
        shape: shape.to_vec(),
        kind: Kind::Any,
        layouts: [Layout::C; 4],
        out: Layout::C,
        nodata: 1,
        gaps: 10,
        mask: None,
        in_place: [false; 3],
        min_denominator: 0.0,
        threads: vec![1],
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    let shape = [3, SERIAL_BELOW / 211, 97];
    assert!(shape.iter().product::<usize>() > SERIAL_BELOW);
    let threads = vec![1, 2, 3];
    check_all(&Case { threads: threads.clone(), mask: Some((40, Layout::Fortran)), ..plain(&shape) });
    check_all(&Case { threads, out: Layout::Reversed, layouts: [Layout::Sliced; 4], nodata: 0, ..plain(&shape) });
}

#[test]
fn every_length_of_a_row_is_computed_to_its_end() {
    for length in 0..70 {
        let case = plain(&[length]);
        check_difference::<f32, f32>(&case, [length % 2 == 0, length % 3 == 0, false]);
        check_counts::<u16, f32>(&case, [false; 3]);
        check_scaling::<u16, f32>(&case);
    }
}

#[test]
fn bands_that_are_all_the_output_are_read_before_they_are_written() {
    for out in [Layout::C, Layout::Sliced, Layout::Window] {
        let case = Case { out, in_place: [true; 3], ..plain(&[5, 3000]) };
        check_evi::<f32, f32>(&case, case.in_place);
        check_difference::<f64, f64>(&case, case.in_place);
    }
}

#[test]
fn the_published_value() {
    let [nir, red] = [0.643, 0.175].map(|value| ArrayD::from_elem(vec![1], value));
    let mut out = ArrayD::<f64>::zeros(vec![1]);
    let inputs = [Some(nir.view()), Some(red.view())];
    let bands = Bands { inputs, mask: None, out: out.view_mut(), nodata: None };
    normalized_difference(bands, 0.0, Path::all()[0], 1).unwrap();
    assert!((out[[0]] - 0.572_127_139_364_303_1).abs() < 1e-15);
}
