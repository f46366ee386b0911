//! Labels of any dtype as numbers of groups, and values of any dtype as floats with NaN for what is missing: what an
//! algorithm over groups is compiled for is one of two floats, whatever pair of dtypes a call has.

use crate::exec::simd::{Path, Task, dispatch};
use crate::number::dtypes::{Dtype, Typed};
use crate::number::lanes::{Key, Missing};
use crate::number::real::Real;
use crate::view::raw::Raw;
use crate::view::spans::{Room, SPAN};

/// A label as the number of its group.
trait Label: Typed {
    /// Itself if it is below `groups`, else `groups`.
    fn group(self, groups: u32) -> u32;
}

macro_rules! labels {
    ($($label:ty: $wide:ty),*) => {$(
        impl Label for $label {
            #[inline(always)]
            #[allow(clippy::cast_lossless, clippy::cast_sign_loss, clippy::cast_possible_truncation, reason = "negative \
                labels become numbers above all groups, and what is below `groups` fits")]
            #[allow(trivial_numeric_casts, reason = "the widest is itself")]
            fn group(self, groups: u32) -> u32 {
                let label = self as $wide;
                if label < groups as $wide { label as u32 } else { groups }
            }
        }
    )*};
}

labels! { i8: u32, u8: u32, i16: u32, u16: u32, i32: u32, u32: u32, i64: u64, u64: u64 }

/// Writes the groups of the labels from position `first` on, as many as there is place for; `groups` of what is none.
pub(crate) fn groups_of(labels: &Raw<'_>, first: usize, groups: u32, path: Path, out: &mut [u32]) {
    match labels.dtype() {
        Dtype::Int8 => read::<i8>(labels, first, groups, path, out),
        Dtype::Uint8 | Dtype::Bool => read::<u8>(labels, first, groups, path, out),
        Dtype::Int16 => read::<i16>(labels, first, groups, path, out),
        Dtype::Uint16 => read::<u16>(labels, first, groups, path, out),
        Dtype::Int32 => read::<i32>(labels, first, groups, path, out),
        Dtype::Uint32 => read::<u32>(labels, first, groups, path, out),
        Dtype::Int64 => read::<i64>(labels, first, groups, path, out),
        Dtype::Uint64 => read::<u64>(labels, first, groups, path, out),
        Dtype::Float32 | Dtype::Float64 => unreachable!("labels are integers"),
    }
}

fn read<L: Label>(labels: &Raw<'_>, first: usize, groups: u32, path: Path, out: &mut [u32]) {
    let mut room = Room::new();
    let labels = labels.span::<L>(first, out.len(), &mut room);
    dispatch(path, Number { labels, groups, out });
}

struct Number<'a, L> {
    labels: &'a [L],
    groups: u32,
    out: &'a mut [u32],
}

impl<L: Label> Task for Number<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (out, label) in self.out.iter_mut().zip(self.labels) {
            *out = label.group(self.groups);
        }
    }
}

/// A dtype of values that are put into groups.
pub(crate) trait Grouped: Key + Typed {
    /// The float that holds all of its numbers.
    type Float: Real + Key + Typed + Into<f64>;

    /// The number as a float.
    fn float(self) -> Self::Float;

    /// Values that are such floats as they are.
    fn floats(values: &[Self]) -> Option<&[Self::Float]>;

    /// Makes what `is_missing` does not know NaN in a copy.
    fn blank_floats(copy: &mut [Self::Float], missing: Missing<Self>);
}

macro_rules! grouped {
    ($($value:ty: $float:ty, $floats:expr, $blank:expr;)*) => {$(
        impl Grouped for $value {
            type Float = $float;

            #[inline(always)]
            fn float(self) -> $float {
                self.into()
            }

            fn floats(values: &[Self]) -> Option<&[$float]> {
                let floats: fn(&[Self]) -> Option<&[$float]> = $floats;
                floats(values)
            }

            #[inline(always)]
            fn blank_floats(copy: &mut [$float], missing: Missing<Self>) {
                let blank: fn(&mut [$float], Missing<Self>) = $blank;
                blank(copy, missing);
            }
        }
    )*};
}

grouped! {
    f32: f32, |values| Some(values), Self::blank;
    f64: f64, |values| Some(values), Self::blank;
    u8: f32, |_| None, |_, _| ();
    i16: f32, |_| None, |_, _| ();
    u16: f32, |_| None, |_, _| ();
}

/// The values from position `first` on as floats, NaN where they are missing: where they lie, or in `room`.
pub(crate) fn floats_of<'r, I: Grouped>(
    values: &'r [I],
    marks: Option<&[u8]>,
    missing: Missing<I>,
    path: Path,
    room: &'r mut [I::Float; SPAN],
) -> &'r [I::Float] {
    if let (None, false, Some(floats)) = (marks, I::needs_blanking(missing), I::floats(values)) {
        return floats;
    }
    let out = &mut room[..values.len()];
    dispatch(path, Fill { values, marks, missing, out });
    out
}

struct Fill<'a, I: Grouped> {
    values: &'a [I],
    marks: Option<&'a [u8]>,
    missing: Missing<I>,
    out: &'a mut [I::Float],
}

impl<I: Grouped> Task for Fill<'_, I> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { values, marks, missing, out } = self;
        let or_nan = |gap: bool, value: I| if gap { <I::Float as Real>::NAN } else { value.float() };
        match marks {
            None => {
                for (out, &value) in out.iter_mut().zip(values) {
                    *out = or_nan(value.is_missing(missing), value);
                }
            }
            Some(marks) => {
                for ((out, &value), &mark) in out.iter_mut().zip(values).zip(marks) {
                    *out = or_nan((mark != 0) | value.is_missing(missing), value);
                }
            }
        }
        I::blank_floats(out, missing);
    }
}
