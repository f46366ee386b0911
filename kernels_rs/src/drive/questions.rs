//! The questions that are asked of a quality band block by block, each by a loop of its own.

use crate::exec::simd::{Path, Task, dispatch};
use crate::number::dtypes::{Typed, of_each_dtype};

/// Up to this many values are compared with one by one.
pub(crate) const FEW: usize = 8;

/// One question, asked of the bits of a value.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    /// Hides if any of the bits is set.
    Bits(u64),
    /// Hides if the field has that value.
    Equals { mask: u64, value: u64 },
    /// Hides if the value is none of these few.
    Outside(Vec<u64>),
    /// Hides if the bit is set that the shifted field counts.
    Table { mask: u64, shift: u32, bits: Vec<u64> },
    /// Hides, or hides not, if the field is among these, which are sorted.
    Among { mask: u64, values: Vec<u64>, hides: bool },
}

/// A table of the field's values that hide.
pub(crate) fn table(mask: u64, rejected: impl Iterator<Item = u64>) -> Test {
    let shift = mask.trailing_zeros();
    let entries = usize::try_from(mask >> shift).unwrap_or(usize::MAX) + 1;
    let mut bits = vec![0; entries.div_ceil(64)];
    for value in rejected {
        bits[usize::try_from(value / 64).unwrap_or(usize::MAX)] |= 1 << (value % 64);
    }
    Test::Table { mask, shift, bits }
}

impl Test {
    /// Whether it hides a value; what [`judge`] must say too.
    #[must_use]
    pub(crate) fn hides(&self, value: u64) -> bool {
        match self {
            Self::Bits(bits) => value & bits != 0,
            Self::Equals { mask, value: rejected } => value & mask == *rejected,
            Self::Outside(kept) => !kept.contains(&value),
            Self::Table { mask, shift, bits } => {
                let entry = (value & mask) >> shift;
                bits[usize::try_from(entry / 64).unwrap_or(usize::MAX)] >> (entry % 64) & 1 == 1
            }
            Self::Among { mask, values, hides } => values.binary_search(&(value & mask)).is_ok() == *hides,
        }
    }
}

/// The bits of a quality value.
pub(crate) trait Word: Typed + PartialEq + std::ops::BitAnd<Output = Self> + Into<u64> {
    /// The low bits of a number.
    fn low(value: u64) -> Self;
}

macro_rules! word {
    (unsigned $word:ident $($rest:tt)*) => {
        impl Word for $word {
            #[allow(clippy::cast_possible_truncation, reason = "the low bits are meant")]
            #[inline(always)]
            fn low(value: u64) -> Self {
                value as Self
            }
        }
    };
    ($($other:tt)*) => {};
}

of_each_dtype! { word }

/// Adds a byte for every value: 1 where a test hides it.
pub(crate) fn judge<U: Word>(tests: &[Test], values: &[U], path: Path, hidden: &mut Vec<u8>) {
    let first = hidden.len();
    hidden.resize(first + values.len(), 0);
    for test in tests {
        dispatch(path, Judge { test, values, hidden: &mut hidden[first..] });
    }
}

struct Judge<'a, U> {
    test: &'a Test,
    values: &'a [U],
    hidden: &'a mut [u8],
}

impl<U: Word> Task for Judge<'_, U> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let pairs = self.hidden.iter_mut().zip(self.values);
        match self.test {
            Test::Bits(bits) => {
                let bits = U::low(*bits);
                for (hidden, &value) in pairs {
                    *hidden |= u8::from(value & bits != U::default());
                }
            }
            Test::Equals { mask, value: rejected } => {
                let (mask, rejected) = (U::low(*mask), U::low(*rejected));
                for (hidden, &value) in pairs {
                    *hidden |= u8::from(value & mask == rejected);
                }
            }
            Test::Outside(kept) => {
                // Places beyond the last repeat it: a loop of fixed length is vectorised over the values.
                let Some(&last) = kept.last() else { return self.hidden.fill(1) };
                let kept: [U; FEW] = std::array::from_fn(|i| U::low(*kept.get(i).unwrap_or(&last)));
                for (hidden, &value) in pairs {
                    let stays = kept.iter().fold(0, |stays, &kept| stays | u8::from(value == kept));
                    *hidden |= 1 - stays;
                }
            }
            Test::Table { .. } | Test::Among { .. } => {
                for (hidden, &value) in pairs {
                    *hidden |= u8::from(self.test.hides(value.into()));
                }
            }
        }
    }
}
