//! Arrays at odd addresses and with odd strides give the bits that aligned ones do, whatever is asked of a quality band.

use super::common::{Bits, Kind, Rng, Value, assert_same_bits};
use crate::drive::judge::{Asked, Field};
use crate::drive::rough_bands::{self, Rules};
use crate::drive::rough_stacks;
use crate::errors::Error;
use crate::exec::simd::Path;
use crate::kernels::evi::{Evi, evi};
use crate::kernels::mask_and_scale::mask_and_scale;
use crate::kernels::temporal_mean::temporal_mean;
use crate::kernels::temporal_median::{Method, Series, temporal_median};
use crate::kernels::temporal_stats::temporal_stats;
use crate::number::dtypes::{Dtype, Typed};
use crate::number::lanes::{Key, Missing};
use crate::number::real::Real;
use crate::view::parts::Sample;
use crate::view::raw::Raw;
use ndarray::{ArrayD, IxDyn};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that hold an array, `gap` bytes after each element, `shift` bytes off an aligned address.
struct Packed {
    bytes: Vec<u8>,
    shift: usize,
    shape: Vec<usize>,
    strides: Vec<isize>,
    dtype: Dtype,
}

impl Packed {
    fn new<T: Typed>(values: &ArrayD<T>, shift: usize, gap: usize, dtype: Dtype) -> Self {
        let step = size_of::<T>() + gap;
        let mut bytes = vec![0xa5_u8; values.len() * step + 64];
        let shift = bytes.as_ptr().align_offset(16) + shift;
        for (i, value) in values.iter().enumerate() {
            // SAFETY: there is room for all elements behind `shift`, and any bytes may be written there.
            unsafe { bytes.as_mut_ptr().add(shift + i * step).cast::<T>().write_unaligned(*value) };
        }
        let mut strides = vec![0; values.ndim()];
        let mut stride = step.cast_signed();
        for (own, &length) in strides.iter_mut().zip(values.shape()).rev() {
            *own = stride;
            stride *= length.cast_signed();
        }
        Self { bytes, shift, shape: values.shape().to_vec(), strides, dtype }
    }

    fn raw(&self) -> Raw<'_> {
        let start = self.bytes.as_ptr().wrapping_add(self.shift).cast_mut();
        // SAFETY: the elements that `new` wrote, which nobody writes to any more.
        unsafe { Raw::new(start, &self.shape, &self.strides, self.dtype) }.expect("it is small")
    }
}

fn drawn<T: Value>(rng: &mut Rng, shape: &[usize]) -> ArrayD<T> {
    ArrayD::from_shape_simple_fn(IxDyn(shape), || T::draw(rng, Kind::Any))
}

/// Where bytes lie: aligned, one off, records of odd length, records of even length.
const PLACES: [(usize, usize); 4] = [(0, 0), (1, 0), (0, 3), (3, 5)];

fn check_bands<I: Value + Typed + Sample<O>, O: Real + Value + Bits>(shape: &[usize], threads: usize) {
    let mut rng = Rng(5);
    let inputs: [ArrayD<I>; 3] = std::array::from_fn(|_| drawn(&mut rng, shape));
    let mask = ArrayD::from_shape_simple_fn(IxDyn(shape), || rng.mark(20));
    let modis = Evi { gain: 2.5, c1: 6.1, c2: 7.5, canopy: 1.0, min_denominator: 0.0 };
    let path = *Path::all().last().unwrap();
    let mut results = Vec::new();
    for (shift, gap) in PLACES {
        let packed: Vec<Packed> = inputs.iter().map(|input| Packed::new(input, shift, gap, I::DTYPE)).collect();
        let marks = Packed::new(&mask, shift, gap, Dtype::Bool);
        let mut out = ArrayD::from_elem(IxDyn(shape), O::nearest(7.0));
        let raws: [Option<Raw<'_>>; 3] = std::array::from_fn(|i| Some(packed[i].raw()));
        let (mask, quality) = (Some(marks.raw()), None);
        let mut arrays = rough_bands::Arrays { inputs: raws, mask, quality, out: out.view_mut() };
        let rules = Rules { nodata: I::nodata(1), asked: None };
        rough_bands::run(&mut arrays, rules, path, threads, &|bands: _, _: _, path, n| evi(bands, modis, path, n))
            .unwrap();
        results.push(out);
    }
    results[1..].iter().for_each(|found| assert_same_bits(found, &results[0], "an odd place"));
}

#[test]
fn bands_at_odd_places_give_the_bits_of_aligned_ones() {
    for (shape, threads) in [(&[7, 5][..], 1), (&[3, 200, 131], 1), (&[130_000], 3), (&[], 1), (&[0, 4], 2)] {
        check_bands::<f32, f32>(shape, threads);
        check_bands::<f64, f64>(shape, threads);
        check_bands::<i16, f64>(shape, threads);
        check_bands::<u8, f32>(shape, threads);
    }
}

/// Holds a band's rule, wherever the band lies, against what `hides` says of each value.
fn check_quality<Q: Typed + Into<i128>>(values: &ArrayD<Q>, dtype: Dtype, asked: &Asked, hides: impl Fn(i128) -> bool) {
    let counts = values.map(|_| 3_u16);
    let expected = values.map(|&value| if hides(value.into()) { f32::NAN } else { 7.0 });
    for ((shift, gap), path) in
        PLACES.into_iter().flat_map(|place| Path::all().into_iter().map(move |path| (place, path)))
    {
        let (dn, band) = (Packed::new(&counts, 0, 0, Dtype::Uint16), Packed::new(values, shift, gap, dtype));
        let mut out = ArrayD::<f32>::zeros(values.raw_dim());
        let (inputs, quality) = ([Some(dn.raw())], Some(band.raw()));
        let mut arrays = rough_bands::Arrays { inputs, mask: None, quality, out: out.view_mut() };
        let rules = Rules { nodata: None::<u16>, asked: Some(asked) };
        rough_bands::run(&mut arrays, rules, path, 2, &|bands: _, quality: _, path, threads| {
            mask_and_scale(bands, quality, [2.0, 1.0], path, threads)
        })
        .unwrap();
        assert_same_bits(&out, &expected, dtype.name());
    }
}

fn check_rules<Q: Typed + Into<i128> + TryFrom<i128>>(dtype: Dtype) {
    let mut rng = Rng(3);
    let (least, most) = dtype.range().unwrap();
    let word = |value: i128| u64::try_from(value & i128::from(dtype.bits())).unwrap();
    let few = [least, most, 0, 1, 4, 5, 31, 100].map(|value| value.clamp(least, most));
    let numbers = || -> i128 {
        let any = (0..4).fold(0, |bits: i128, _| bits << 16 | i128::from(rng.below(65536)));
        let signed = any & i128::from(dtype.bits());
        let value = if rng.percent(40) {
            few[usize::from(rng.below(8))]
        } else {
            signed + if signed > most { 2 * least } else { 0 }
        };
        value.clamp(least, most)
    };
    let values =
        ArrayD::from_shape_simple_fn(IxDyn(&[60, 301]), numbers).map(|&value| Q::try_from(value).ok().unwrap());
    let many: Vec<i128> = (least..=most).step_by(7).take(300).chain(few).collect();
    for kept in [&few[..0], &few[..3], &few, &many] {
        check_quality(&values, dtype, &Asked::keep(dtype, kept), |value| !kept.contains(&value));
    }
    let top = dtype.bits() ^ dtype.bits() >> 1;
    let fields = [
        (dtype.bits(), vec![word(few[1]), 0]),
        (top, vec![1]),
        (0b11 & dtype.bits(), vec![1]),
        (dtype.bits(), many.iter().map(|&value| word(value)).collect()),
    ];
    let fields = fields.map(|(mask, rejected)| Field { mask, rejected });
    for (bits, fields) in
        [(0, &fields[..0]), (top | 1, &[]), (0, &fields[..1]), (top, &fields[1..3]), (0, &fields[3..])]
    {
        let in_field =
            |value: u64, field: &Field| field.rejected.contains(&((value & field.mask) >> field.mask.trailing_zeros()));
        check_quality(&values, dtype, &Asked::reject(dtype, bits, fields), |value| {
            word(value) & bits != 0 || fields.iter().any(|field| in_field(word(value), field))
        });
    }
}

#[test]
fn every_rule_hides_what_it_says_in_every_dtype() {
    check_rules::<u8>(Dtype::Bool);
    check_rules::<u8>(Dtype::Uint8);
    check_rules::<i16>(Dtype::Int16);
    check_rules::<u16>(Dtype::Uint16);
    check_rules::<i32>(Dtype::Int32);
    check_rules::<u32>(Dtype::Uint32);
    check_rules::<u64>(Dtype::Uint64);
}

#[test]
fn a_bool_that_is_neither_0_nor_1_is_true() {
    let values = ArrayD::from_shape_vec(IxDyn(&[3]), vec![0_u8, 1, 2]).unwrap();
    check_quality(&values, Dtype::Bool, &Asked::keep(Dtype::Bool, &[1]), |value| value == 0);
    check_quality(&values, Dtype::Bool, &Asked::reject(Dtype::Bool, 1, &[]), |value| value != 0);
}

fn check_stacks<K: Value + Typed + Series + crate::algo::sums::Summand>(shape: &[usize], threads: usize)
where
    f64: From<K>,
{
    let mut rng = Rng(9);
    let x: ArrayD<K> = drawn(&mut rng, shape);
    let mask = ArrayD::from_shape_simple_fn(IxDyn(shape), || rng.mark(20));
    let path = *Path::all().last().unwrap();
    let missing = Missing::new(K::nodata(1));
    let mut results: Vec<Vec<ArrayD<f64>>> = Vec::new();
    for (shift, gap) in PLACES {
        let (stack, marks) = (Packed::new(&x, shift, gap, K::DTYPE), Packed::new(&mask, shift, gap, Dtype::Bool));
        let mut out: Vec<ArrayD<f64>> = (0..4).map(|_| ArrayD::from_elem(IxDyn(&shape[1..]), 7.0)).collect();
        let mut count = ArrayD::<i32>::zeros(IxDyn(&shape[1..]));
        let [mean, median, mean_too, std] = out.each_mut_view();
        let arrays = |out| rough_stacks::Arrays { x: stack.raw(), mask: Some(marks.raw()), out };
        rough_stacks::run(arrays(mean), missing, path, threads, &|work: _, path, n| temporal_mean(work, path, n))
            .unwrap();
        let method = Method::fastest::<K>(shape[0], shape[1..].iter().product(), path, threads).unwrap();
        rough_stacks::run(arrays(median), missing, path, threads, &|work: _, path, n| {
            temporal_median(work, &method, path, n)
        })
        .unwrap();
        let three =
            rough_stacks::Arrays { x: stack.raw(), mask: Some(marks.raw()), out: (mean_too, std, count.view_mut()) };
        rough_stacks::run(three, missing, path, threads, &|work: _, path, n| temporal_stats(work, 1, path, n)).unwrap();
        out.push(count.mapv(<f64 as From<i32>>::from));
        results.push(out);
    }
    for (found, expected) in results[1..].iter().flat_map(|found| found.iter().zip(&results[0])) {
        assert_same_bits(found, expected, "an odd place");
    }
}

/// Views of the first four.
trait EachMut {
    fn each_mut_view(&mut self) -> [ndarray::ArrayViewMutD<'_, f64>; 4];
}

impl EachMut for Vec<ArrayD<f64>> {
    fn each_mut_view(&mut self) -> [ndarray::ArrayViewMutD<'_, f64>; 4] {
        self.as_mut_slice().as_mut_array::<4>().expect("four").each_mut().map(|array| array.view_mut())
    }
}

#[test]
fn stacks_at_odd_places_give_the_bits_of_aligned_ones() {
    for (shape, threads) in [(&[9, 6, 7][..], 1), (&[40, 70, 131], 1), (&[30, 9000], 3), (&[70_001, 5], 1), (&[5], 2)] {
        check_stacks::<u16>(shape, threads);
        check_stacks::<f32>(shape, threads);
        check_stacks::<f64>(shape, threads);
    }
}

#[test]
fn blocks_are_bounded_and_hold_all_dates() {
    let x = ArrayD::<f64>::zeros(IxDyn(&[64, 100, 300]));
    let packed = Packed::new(&x, 1, 0, Dtype::Float64);
    let mut out = ArrayD::<f64>::zeros(IxDyn(&[100, 300]));
    let (calls, largest) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let arrays = rough_stacks::Arrays { x: packed.raw(), mask: None, out: out.view_mut() };
    let count = |work: crate::drive::temporal::Work<'_, f64, ndarray::ArrayViewMutD<'_, f64>>,
                 _: Path,
                 _: usize|
     -> Result<(), Error> {
        assert_eq!(work.x.shape()[0], 64);
        calls.fetch_add(1, Ordering::Relaxed);
        largest.fetch_max(work.x.len() * 8, Ordering::Relaxed);
        Ok(())
    };
    rough_stacks::run(arrays, Missing::default(), Path::all()[0], 1, &count).unwrap();
    assert!(calls.into_inner() >= 15 && largest.into_inner() <= 1 << 20);
    assert_eq!(<f64 as Key>::of_nodata(1.0).bits(), 1.0_f64.bits());
}
