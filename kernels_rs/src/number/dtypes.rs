//! The dtypes that kernels know, and how a call whose arrays have some finds the function that is compiled for them.
//!
//! There is one table. A new dtype is a row of it, and then what the compiler asks for: its numbers in NumPy, and, if images
//! may hold it, what the table cannot say, as how many lanes suit a median.

use crate::errors::Error;

/// The table. A row: the dtype, its Rust type, NumPy's name; what kind of number it is, and the signed and the unsigned
/// integer of its width; and, of what images may hold, the dtypes in which kernels compute with it, with their Rust types.
///
/// All that follows from these is made from them, here and wherever [`of_each_dtype`] is called; what does not, the compiler
/// asks for.
macro_rules! table {
    ($way:ident $($given:tt)*) => {
        $crate::number::dtypes::rows! { $way [$($given)*]
            Bool    bool "bool"    flag     i8  u8  [];
            Float32 f32  "float32" float    i32 u32 [Float32 f32];
            Float64 f64  "float64" float    i64 u64 [Float64 f64];
            Int8    i8   "int8"    signed   i8  u8  [];
            Uint8   u8   "uint8"   unsigned i8  u8  [Float32 f32, Float64 f64];
            Int16   i16  "int16"   signed   i16 u16 [Float32 f32, Float64 f64];
            Uint16  u16  "uint16"  unsigned i16 u16 [Float32 f32, Float64 f64];
            Int32   i32  "int32"   signed   i32 u32 [];
            Uint32  u32  "uint32"  unsigned i32 u32 [];
            Int64   i64  "int64"   signed   i64 u64 [];
            Uint64  u64  "uint64"  unsigned i64 u64 [];
        }
    };
}

/// What is made of the rows.
macro_rules! rows {
    // Calls a macro with each of them.
    (each [$macro:ident] $($dtype:ident $number:ident $name:literal $kind:ident $signed:ident $unsigned:ident $results:tt;)*) => {
        $($macro! { $kind $number $signed $unsigned $results })*
    };
    // Calls a generic function with the types of the row and the result that a pair of dtypes names.
    (
        dispatch [$pair:tt $function:ident $arguments:tt] $($dtype:ident $number:ident $name:literal $kind:ident
        $signed:ident $unsigned:ident [$($result:ident $real:ident),*];)*
    ) => {{
        use $crate::number::dtypes::Dtype;
        match $pair {
            $($((Dtype::$dtype, Dtype::$result) => $function::<$number, $real> $arguments,)*)*
            (input, output) => Err($crate::number::dtypes::unexpected(input, output).into()),
        }
    }};
    // The enum, and what is known of every dtype.
    (declare [] $($dtype:ident $number:ident $name:literal $kind:ident $signed:ident $unsigned:ident [$($results:tt)*];)*) => {
        /// A dtype of an array that kernels take or give.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Dtype {
            $($dtype),*
        }

        impl Dtype {
            /// Every one.
            const ALL: &[Self] = &[$(Self::$dtype),*];
            /// Of each of these whether images may hold it, and whether it is a float.
            const IN_IMAGES: &[bool] = &[$(!stringify!($($results)*).is_empty()),*];
            const FLOATS: &[bool] = &[$(range!($kind $number).is_none()),*];

            /// The name that NumPy has for it.
            #[must_use]
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$dtype => $name),*
                }
            }

            /// Bytes of a value.
            #[must_use]
            pub(crate) fn size(self) -> usize {
                match self {
                    $(Self::$dtype => size_of::<$number>()),*
                }
            }

            /// The least and the largest value, of integers; a bool is 0 or 1.
            #[must_use]
            #[allow(clippy::cast_lossless, reason = "of every type alike")]
            pub(crate) fn range(self) -> Option<(i128, i128)> {
                match self {
                    $(Self::$dtype => range!($kind $number)),*
                }
            }
        }

        $(typed! { $kind $number $dtype })*
    };
}

/// Calls a macro with every row: `kind type signed unsigned [results]`. It passes over those that are none of its own.
macro_rules! of_each_dtype {
    ($macro:ident) => {
        $crate::number::dtypes::table! { each $macro }
    };
}

/// Calls a generic function, which returns a `PyResult`, with the Rust types of the dtypes of images and of a result.
#[cfg(feature = "python")]
macro_rules! by_dtype {
    ($input:expr, $output:expr, $function:ident $arguments:tt) => {
        $crate::number::dtypes::table! { dispatch ($input, $output) $function $arguments }
    };
}

#[cfg(feature = "python")]
pub(crate) use by_dtype;
pub(crate) use {of_each_dtype, rows, table};

macro_rules! range {
    (flag $number:ident) => {
        Some((0, 1))
    };
    (float $number:ident) => {
        None::<(i128, i128)>
    };
    ($kind:ident $number:ident) => {
        Some(($number::MIN as i128, $number::MAX as i128))
    };
}

/// A bool is none, as it may be neither 0 nor 1 in NumPy's memory.
macro_rules! typed {
    (flag $number:ident $dtype:ident) => {};
    ($kind:ident $number:ident $dtype:ident) => {
        // SAFETY: a number of Rust's.
        unsafe impl Typed for $number {
            const DTYPE: Dtype = Dtype::$dtype;
        }
    };
}

table! { declare }

/// A Rust type that a dtype is: a plain number, of which every pattern of bits is a value.
///
/// # Safety
///
/// Every pattern of bits is a value of the type.
pub(crate) unsafe trait Typed: Copy + Default + Send + Sync + 'static {
    const DTYPE: Dtype;
}

/// What images may hold.
pub(crate) const SAMPLES: &[Dtype] = &chosen::<{ count(Dtype::IN_IMAGES, true) }>(Dtype::IN_IMAGES, true);

/// What quality bands may hold.
pub(crate) const QUALITIES: &[Dtype] = &chosen::<{ count(Dtype::FLOATS, false) }>(Dtype::FLOATS, false);

const fn count(said: &[bool], wanted: bool) -> usize {
    let (mut i, mut count) = (0, 0);
    while i < said.len() {
        count += (said[i] == wanted) as usize;
        i += 1;
    }
    count
}

/// The N dtypes of which it is said.
const fn chosen<const N: usize>(said: &[bool], wanted: bool) -> [Dtype; N] {
    let (mut i, mut count, mut found) = (0, 0, [Dtype::ALL[0]; N]);
    while i < said.len() {
        if said[i] == wanted {
            found[count] = Dtype::ALL[i];
            count += 1;
        }
        i += 1;
    }
    found
}

/// What labels may be.
pub(crate) const LABELS: &[Dtype] = QUALITIES.split_at(1).1;

impl Dtype {
    #[must_use]
    pub(crate) fn is_float(self) -> bool {
        self.range().is_none()
    }

    /// [`range`](Self::range) of integers that images hold.
    #[must_use]
    pub(crate) fn limits(self) -> Option<(i64, i64)> {
        let (least, most) = self.range()?;
        Some((i64::try_from(least).ok()?, i64::try_from(most).ok()?))
    }

    /// The bits that a value of the dtype can have set: the largest number of its width, of a bool 1.
    #[must_use]
    pub(crate) fn bits(self) -> u64 {
        match self {
            Self::Bool => 1,
            _ => u64::MAX >> (64 - 8 * self.size()),
        }
    }
}

/// What [`by_dtype`] says of a pair that admission lets nobody hand over.
#[must_use]
pub(crate) fn unexpected(input: Dtype, output: Dtype) -> Error {
    Error::Internal(format!("no kernel is compiled for {} to {}", input.name(), output.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_ranges_and_bits_agree() {
        for dtype in Dtype::ALL {
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
