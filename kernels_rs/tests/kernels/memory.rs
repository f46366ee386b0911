//! Arrays in memory: views, copies and overlap are what looking at every element finds.

use crate::number::dtypes::{Dtype, Typed};
use crate::view::overlap::{Overlap, overlaps_itself};
use crate::view::raw::Raw;
use ndarray::{Dimension, IxDyn};
use proptest::prelude::*;
use std::collections::HashSet;

const DTYPES: [Dtype; 4] = [Dtype::Uint8, Dtype::Int16, Dtype::Float32, Dtype::Float64];

/// An array that is never read.
fn array(address: usize, shape: &[usize], strides: &[isize], dtype: Dtype) -> Raw<'static> {
    // SAFETY: nothing here reads an element.
    unsafe { Raw::new(std::ptr::without_provenance_mut(address), shape, strides, dtype) }.unwrap()
}

/// The bytes of every element, in order.
fn elements(array: &Raw<'_>) -> Vec<Vec<usize>> {
    let indices = ndarray::indices(array.shape().to_vec());
    let start = |index: &[usize]| {
        array
            .axes()
            .zip(index)
            .fold(array.address(), |at, ((_, stride), &i)| at.wrapping_add_signed(stride * i.cast_signed()))
    };
    let bytes = |at: usize| (at..at + array.dtype().size()).collect();
    indices.into_iter().map(|index| bytes(start(ndarray::Dimension::slice(&index)))).collect()
}

fn arrays() -> impl Strategy<Value = Raw<'static>> {
    let axis = (0_usize..5, -20_isize..21);
    (500_usize..560, proptest::collection::vec(axis, 0..4), 0_usize..DTYPES.len()).prop_map(|(address, axes, dtype)| {
        let (shape, strides): (Vec<_>, Vec<_>) = axes.into_iter().unzip();
        array(address, &shape, &strides, DTYPES[dtype])
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn overlap_is_what_comparing_every_byte_finds(a in arrays(), b in arrays()) {
        let ours: HashSet<usize> = elements(&a).into_iter().flatten().collect();
        let common = elements(&b).into_iter().flatten().any(|byte| ours.contains(&byte));
        let found = Overlap::of(&a, &b);
        prop_assert_eq!(found != Overlap::None, common);
        if found == Overlap::Same {
            prop_assert_eq!(elements(&a), elements(&b));
        }
    }

    #[test]
    fn an_array_overlaps_itself_where_two_elements_have_a_byte(a in arrays()) {
        let (mut seen, all) = (HashSet::new(), elements(&a));
        let twice = all.into_iter().flatten().any(|byte| !seen.insert(byte));
        prop_assert_eq!(overlaps_itself(&a), twice);
    }
}

#[test]
fn bands_of_one_large_array_are_told_apart_at_once() {
    let pixels = [4000, 4000];
    let interleaved = [24_000, 6];
    let first = array(1 << 20, &pixels, &interleaved, Dtype::Int16);
    let second = array((1 << 20) + 2, &pixels, &interleaved, Dtype::Int16);
    let torn = array((1 << 20) + 1, &pixels, &interleaved, Dtype::Int16);
    assert_eq!(Overlap::of(&first, &second), Overlap::None);
    assert_eq!(Overlap::of(&first, &torn), Overlap::Some);
    assert_eq!(Overlap::of(&first, &first.clone()), Overlap::Same);
    let backwards = array((1 << 20) + 24_000 * 3999 + 6 * 3999, &pixels, &[-24_000, -6], Dtype::Int16);
    assert_eq!(Overlap::of(&first, &backwards), Overlap::Some);
}

#[test]
fn large_arrays_whose_axes_do_not_nest_are_refused() {
    let shape = [1 << 11, 1 << 10];
    assert!(overlaps_itself(&array(64, &shape, &[6, 8 << 11], Dtype::Float64)));
    assert!(!overlaps_itself(&array(64, &shape, &[8, 8 << 11], Dtype::Float64)));
    assert!(!overlaps_itself(&array(64, &[2, 3], &[24, 16], Dtype::Float64)), "distinct, and not nested");
}

/// Memory and an array in it: (bytes from its start, lengths, strides).
fn arrays_in_memory() -> impl Strategy<Value = (usize, Vec<usize>, Vec<isize>)> {
    (200_usize..216, proptest::collection::vec((0_usize..4, -13_isize..14), 0..4)).prop_map(|(start, axes)| {
        let (shape, strides) = axes.into_iter().unzip();
        (start, shape, strides)
    })
}

fn check<T: Typed + PartialEq + std::fmt::Debug>(memory: &[u64], start: usize, shape: &[usize], strides: &[isize]) {
    let first = memory.as_ptr().cast::<u8>().wrapping_add(start).cast_mut();
    // SAFETY: no stride leads out of the memory, which nobody writes to.
    let raw = unsafe { Raw::new(first, shape, strides, T::DTYPE) }.unwrap();
    let read = |index: IxDyn| {
        let offset = strides.iter().zip(index.slice()).map(|(stride, &i)| stride * i.cast_signed()).sum();
        // SAFETY: the same.
        unsafe { first.wrapping_offset(offset).cast::<T>().read_unaligned() }
    };
    let expected: Vec<T> = ndarray::indices(shape.to_vec()).into_iter().map(read).collect();
    let mut room = Vec::new();
    assert_eq!(raw.copied::<T>(&mut room).unwrap().iter().copied().collect::<Vec<_>>(), expected);
    assert_eq!(raw.view::<T>().is_some(), raw.is_regular());
    if let Some(view) = raw.view::<T>() {
        assert_eq!(view.iter().copied().collect::<Vec<_>>(), expected);
    }
    let (mut simple, mut sum) = (raw.clone(), 0);
    if !raw.is_empty() {
        crate::view::rows::simplify(&mut [&mut simple]);
    }
    simple.for_each_chunk::<T>(|chunk| sum += chunk.len());
    assert_eq!(sum, expected.len());
    if shape.first().is_some_and(|&length| length > 1) {
        let (left, right) = raw.split_at(0, 1);
        let mut parts = left.copied::<T>(&mut room).unwrap().iter().copied().collect::<Vec<_>>();
        parts.extend(right.copied::<T>(&mut room).unwrap().iter());
        assert_eq!(parts, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn views_and_copies_hold_the_elements_in_order((start, shape, strides) in arrays_in_memory()) {
        let memory: Vec<u64> = (0..60).map(|i| i * 0x0102_0304_0506_0711).collect();
        check::<u8>(&memory, start, &shape, &strides);
        check::<i16>(&memory, start, &shape, &strides);
        check::<u32>(&memory, start, &shape, &strides);
        check::<u64>(&memory, start, &shape, &strides);
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let new = |shape: &[usize], strides: &[isize]| {
        // SAFETY: it is never read.
        unsafe { Raw::new(std::ptr::without_provenance_mut(4096), shape, strides, Dtype::Float32) }.is_some()
    };
    assert!(new(&[1 << 40, 1 << 20], &[0, 0]) && new(&[0, 4], &[isize::MAX, 1]) && new(&[1], &[isize::MIN]));
    assert!(!new(&[1 << 40, 1 << 40], &[0, 0]), "more elements than an address has bits for");
    assert!(!new(&[3], &[isize::MAX / 2 + 1]) && !new(&[2000], &[-4]), "beyond the ends of memory");
}
