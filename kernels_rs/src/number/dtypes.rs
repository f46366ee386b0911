//! The dtypes that kernels know, and how a call whose arrays have some finds the function that is compiled for them.
//!
//! Every match names every dtype, so that a new one does not compile until it has been thought of everywhere.

use crate::errors::Error;

/// A dtype of an array that kernels take or give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    Bool,
    Float32,
    Float64,
    Int8,
    Uint8,
    Int16,
    Uint16,
    Int32,
    Uint32,
    Int64,
    Uint64,
}

/// What images may hold.
pub const SAMPLES: &[Dtype] = &[Dtype::Float32, Dtype::Float64, Dtype::Uint8, Dtype::Int16, Dtype::Uint16];

/// What quality bands may hold.
pub const QUALITIES: &[Dtype] = &[
    Dtype::Bool,
    Dtype::Int8,
    Dtype::Uint8,
    Dtype::Int16,
    Dtype::Uint16,
    Dtype::Int32,
    Dtype::Uint32,
    Dtype::Int64,
    Dtype::Uint64,
];

/// What labels may be.
pub const LABELS: &[Dtype] = QUALITIES.split_at(1).1;

impl Dtype {
    /// The name that NumPy has for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Int8 => "int8",
            Self::Uint8 => "uint8",
            Self::Int16 => "int16",
            Self::Uint16 => "uint16",
            Self::Int32 => "int32",
            Self::Uint32 => "uint32",
            Self::Int64 => "int64",
            Self::Uint64 => "uint64",
        }
    }

    /// Bytes of a value.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::Bool | Self::Int8 | Self::Uint8 => 1,
            Self::Int16 | Self::Uint16 => 2,
            Self::Float32 | Self::Int32 | Self::Uint32 => 4,
            Self::Float64 | Self::Int64 | Self::Uint64 => 8,
        }
    }

    #[must_use]
    pub fn is_float(self) -> bool {
        self.range().is_none()
    }

    /// The least and the largest value, of integers; a bool is 0 or 1.
    #[must_use]
    pub fn range(self) -> Option<(i128, i128)> {
        match self {
            Self::Bool => Some((0, 1)),
            Self::Int8 => Some((i8::MIN.into(), i8::MAX.into())),
            Self::Uint8 => Some((0, u8::MAX.into())),
            Self::Int16 => Some((i16::MIN.into(), i16::MAX.into())),
            Self::Uint16 => Some((0, u16::MAX.into())),
            Self::Int32 => Some((i32::MIN.into(), i32::MAX.into())),
            Self::Uint32 => Some((0, u32::MAX.into())),
            Self::Int64 => Some((i64::MIN.into(), i64::MAX.into())),
            Self::Uint64 => Some((0, u64::MAX.into())),
            Self::Float32 | Self::Float64 => None,
        }
    }

    /// [`range`](Self::range) of integers that images hold.
    #[must_use]
    pub fn limits(self) -> Option<(i64, i64)> {
        let (least, most) = self.range()?;
        Some((i64::try_from(least).ok()?, i64::try_from(most).ok()?))
    }

    /// The bits that a value of the dtype can have set: the largest number of its width, of a bool 1.
    #[must_use]
    pub fn bits(self) -> u64 {
        match self {
            Self::Bool => 1,
            _ => u64::MAX >> (64 - 8 * self.size()),
        }
    }
}

/// A Rust type that a dtype is: a plain number, of which every pattern of bits is a value.
///
/// # Safety
///
/// Every pattern of bits is a value of the type.
pub unsafe trait Typed: Copy + Default + Send + Sync + 'static {
    const DTYPE: Dtype;
}

macro_rules! typed {
    ($($number:ty: $dtype:ident),*) => {$(
        // SAFETY: a number of Rust's.
        unsafe impl Typed for $number {
            const DTYPE: Dtype = Dtype::$dtype;
        }
    )*};
}

typed! {
    f32: Float32, f64: Float64, i8: Int8, u8: Uint8, i16: Int16, u16: Uint16, i32: Int32, u32: Uint32, i64: Int64, u64: Uint64
}

/// Calls a generic function, which returns a `PyResult`, with the Rust types of the dtypes of images and of a result.
#[cfg(feature = "python")]
macro_rules! by_dtype {
    ($input:expr, $output:expr, $function:ident($($argument:expr),*)) => {{
        use $crate::number::dtypes::Dtype::{
            Bool, Float32, Float64, Int8, Int16, Int32, Int64, Uint8, Uint16, Uint32, Uint64,
        };
        match ($input, $output) {
            (Float32, Float32) => $function::<f32, f32>($($argument),*),
            (Float64, Float64) => $function::<f64, f64>($($argument),*),
            (Uint8, Float32) => $function::<u8, f32>($($argument),*),
            (Uint8, Float64) => $function::<u8, f64>($($argument),*),
            (Int16, Float32) => $function::<i16, f32>($($argument),*),
            (Int16, Float64) => $function::<i16, f64>($($argument),*),
            (Uint16, Float32) => $function::<u16, f32>($($argument),*),
            (Uint16, Float64) => $function::<u16, f64>($($argument),*),
            (
                input @ (Bool | Float32 | Float64 | Int8 | Uint8 | Int16 | Uint16 | Int32 | Uint32 | Int64 | Uint64),
                output @ (Bool | Float32 | Float64 | Int8 | Uint8 | Int16 | Uint16 | Int32 | Uint32 | Int64 | Uint64),
            ) => Err($crate::number::dtypes::unexpected(input, output).into()),
        }
    }};
}
#[cfg(feature = "python")]
pub(crate) use by_dtype;

/// What [`by_dtype`] says of a pair that admission lets nobody hand over.
#[must_use]
pub fn unexpected(input: Dtype, output: Dtype) -> Error {
    Error::Internal(format!("no kernel is compiled for {} to {}", input.name(), output.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_ranges_and_bits_agree() {
        for dtype in SAMPLES.iter().chain(QUALITIES) {
            let bits = 8 * u32::try_from(dtype.size()).unwrap();
            match (dtype, dtype.range()) {
                (Dtype::Bool, range) => assert_eq!((range, dtype.bits()), (Some((0, 1)), 1)),
                (_, Some((least, most))) => {
                    assert_eq!(most - least, (1_i128 << bits) - 1, "{}", dtype.name());
                    assert_eq!(i128::from(dtype.bits()), most - least);
                    assert_eq!(least < 0, dtype.name().starts_with('i'));
                }
                (_, None) => assert!(dtype.is_float() && dtype.limits().is_none()),
            }
        }
        assert_eq!(Dtype::Int16.limits(), Some((-32768, 32767)));
    }
}
