//! What the kernels' tests share: values to draw, arrays in every layout, and results compared bit for bit.

use ndarray::{ArrayBase, ArrayD, ArrayViewD, Axis, Data, IxDyn, Slice};
use proptest::prelude::*;
use std::fmt::Debug;

/// A small generator (splitmix64), so that a failing case is told by a seed and its structure.
pub(super) struct Rng(pub u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// A number from 0 to `end` - 1; `end` is at most 65536.
    pub(super) fn below(&mut self, end: u32) -> u16 {
        u16::try_from((self.next() >> 16) % u64::from(end)).expect("less than 65536")
    }

    /// True in that many of 100 cases.
    pub(super) fn percent(&mut self, share: u16) -> bool {
        self.below(100) < share
    }

    /// An element of a mask: not 0, and not only 1, in that many of 100 cases.
    pub(super) fn mark(&mut self, share: u16) -> u8 {
        if self.percent(share) { [1, 2, 128, 255][usize::from(self.below(4))] } else { 0 }
    }
}

/// Which values are drawn.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// All bit patterns and numbers of ordinary size; for floats also NaN, infinities, zeros and denormals.
    Any,
    /// A few small numbers, so that many are equal.
    Few,
    /// The limits of the type and what is next to them; for floats the infinities.
    Limits,
}

/// A dtype of inputs.
pub(super) trait Value: Copy + Debug + PartialEq + Send + Sync + 'static {
    /// A value; of a float with `Few` and `Limits` never NaN and never -0.
    fn draw(rng: &mut Rng, kind: Kind) -> Self;

    /// No value or one of three that may mark missing data; of floats, NaN does in any case.
    fn nodata(choice: usize) -> Option<Self>;

    /// What marks missing data: `nodata`, or else NaN.
    fn gap(nodata: Option<Self>) -> Option<Self>;

    /// Whether it marks missing data.
    fn is_gap(self, nodata: Option<Self>) -> bool;
}

macro_rules! values {
    ($($integer:ty: $bits:expr;)*) => {$(
        impl Value for $integer {
            fn draw(rng: &mut Rng, kind: Kind) -> Self {
                let bits: fn(&mut Rng) -> Self = $bits;
                match kind {
                    Kind::Any => bits(rng),
                    Kind::Few => [0, 1, 2, 3, 7][usize::from(rng.below(5))],
                    Kind::Limits => {
                        [Self::MIN, Self::MIN + 1, Self::MAX, Self::MAX - 1, 1][usize::from(rng.below(5))]
                    }
                }
            }

            fn nodata(choice: usize) -> Option<Self> {
                [None, Some(0), Some(Self::MIN), Some(Self::MAX)][choice]
            }

            fn gap(nodata: Option<Self>) -> Option<Self> {
                nodata
            }

            fn is_gap(self, nodata: Option<Self>) -> bool {
                Some(self) == nodata
            }
        }
    )*};
    (floats $($float:ty: $bits:expr;)*) => {$(
        impl Value for $float {
            fn draw(rng: &mut Rng, kind: Kind) -> Self {
                let bits: fn(&mut Rng) -> Self = $bits;
                let specials = [
                    0.0, -0.0, Self::NAN, Self::INFINITY, Self::NEG_INFINITY, Self::from_bits(1), -Self::from_bits(3),
                    Self::MIN_POSITIVE, Self::MAX, Self::MIN,
                ];
                let ordinary = (Self::from(rng.below(65536)) - 20000.0) / 10000.0;
                match (kind, rng.below(4)) {
                    (Kind::Any, 0) => specials[usize::from(rng.below(10))],
                    (Kind::Any, 1) => bits(rng),
                    (Kind::Any, _) => ordinary,
                    (Kind::Few, _) => Self::from(rng.below(5)) - 2.0,
                    (Kind::Limits, 0) => Self::INFINITY,
                    (Kind::Limits, 1) => Self::NEG_INFINITY,
                    (Kind::Limits, 2) => [Self::MAX, Self::MIN][usize::from(rng.below(2))],
                    (Kind::Limits, _) => ordinary + 0.0,
                }
            }

            fn nodata(choice: usize) -> Option<Self> {
                [None, Some(0.0), Some(Self::NEG_INFINITY), Some(Self::NAN)][choice]
            }

            fn gap(nodata: Option<Self>) -> Option<Self> {
                Some(nodata.unwrap_or(Self::NAN))
            }

            fn is_gap(self, nodata: Option<Self>) -> bool {
                self.is_nan() || Some(self) == nodata
            }
        }
    )*};
}

values! {
    u8: |rng| u8::try_from(rng.below(256)).expect("a byte");
    u16: |rng| rng.below(65536);
    i16: |rng| rng.below(65536).cast_signed();
}
values! { floats
    f32: |rng| f32::from_bits(u32::from(rng.below(65536)) << 16 | u32::from(rng.below(65536)));
    f64: |rng| f64::from_bits(rng.next());
}

/// A dtype of results.
pub(super) trait Bits: Copy + Debug {
    /// Its bits. All NaNs count as one value: which of several an operation passes on is left open by Rust.
    fn bits(self) -> u64;
}

impl Bits for f32 {
    fn bits(self) -> u64 {
        if self.is_nan() { u64::MAX } else { self.to_bits().into() }
    }
}

impl Bits for f64 {
    fn bits(self) -> u64 {
        if self.is_nan() { u64::MAX } else { self.to_bits() }
    }
}

/// Asserts that two arrays hold the same bits.
pub(super) fn assert_same_bits<O: Bits>(found: &ArrayD<O>, expected: &ArrayD<O>, what: &str) {
    assert_eq!(found.shape(), expected.shape());
    for ((index, found), expected) in found.indexed_iter().zip(expected) {
        assert!(found.bits() == expected.bits(), "{what}, at {index:?}: {found:?}, expected {expected:?}");
    }
}

/// How an array lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    C,
    Fortran,
    /// Backwards along every axis.
    Reversed,
    /// Every second element of every axis.
    Sliced,
    /// Part of a larger array.
    Window,
    /// One element for all of the first axis (stride 0); only for inputs.
    FirstConstant,
    /// One element for all of the last axis (stride 0); only for inputs.
    LastConstant,
}

impl Layout {
    /// Any layout of an input.
    pub(super) fn any() -> impl Strategy<Value = Self> {
        prop_oneof![Self::writable(), Just(Self::FirstConstant), Just(Self::LastConstant)]
    }

    /// Any layout of an output.
    pub(super) fn writable() -> impl Strategy<Value = Self> {
        proptest::sample::select(vec![Self::C, Self::Fortran, Self::Reversed, Self::Sliced, Self::Window])
    }

    fn storage_shape(self, shape: &[usize]) -> Vec<usize> {
        let mut storage = shape.to_vec();
        let last = shape.len().saturating_sub(1);
        match self {
            Self::C | Self::Reversed => {}
            Self::Fortran => storage.reverse(),
            Self::Sliced => storage.iter_mut().for_each(|length| *length = 2 * *length + 1),
            Self::Window => storage.iter_mut().for_each(|length| *length += 3),
            Self::FirstConstant => storage.iter_mut().take(1).for_each(|length| *length = 1),
            Self::LastConstant => storage.iter_mut().skip(last).for_each(|length| *length = 1),
        }
        storage
    }

    /// The view of a storage; not yet broadcast.
    pub(super) fn arrange<S: Data>(self, mut storage: ArrayBase<S, IxDyn>) -> ArrayBase<S, IxDyn> {
        for axis in (0..storage.ndim()).map(Axis) {
            match self {
                Self::Reversed => storage.invert_axis(axis),
                Self::Sliced => storage.slice_axis_inplace(axis, Slice::new(1, None, 2)),
                Self::Window => storage.slice_axis_inplace(axis, Slice::new(1, Some(-2), 1)),
                _ => {}
            }
        }
        if self == Self::Fortran { storage.reversed_axes() } else { storage }
    }
}

/// An array and how it lies in memory.
pub(super) struct Stored<T> {
    pub storage: ArrayD<T>,
    pub layout: Layout,
    shape: Vec<usize>,
}

impl<T: Copy> Stored<T> {
    /// An array of that shape whose storage is filled with what `value` says.
    pub(super) fn new(layout: Layout, shape: &[usize], mut value: impl FnMut() -> T) -> Self {
        let storage = ArrayD::from_shape_simple_fn(layout.storage_shape(shape), &mut value);
        Self { storage, layout, shape: shape.to_vec() }
    }

    /// It, read only.
    pub(super) fn view(&self) -> ArrayViewD<'_, T> {
        match self.layout {
            Layout::FirstConstant | Layout::LastConstant => {
                self.storage.broadcast(self.shape.clone()).expect("one axis is of length 1")
            }
            layout => layout.arrange(self.storage.view()),
        }
    }
}
