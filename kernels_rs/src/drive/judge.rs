//! Which values of a quality band of any integer dtype hide: bits, fields of several bits, classes.
//!
//! ```text
//! a value is its bits, as an unsigned number of the dtype's width (of bool: 0 or 1)
//! reject_bits:    hides if value & bits != 0
//! reject_fields:  hides if (value & mask) >> trailing zeros of mask is among the rejected values of that mask
//! keep:           hides if the value is not in the set
//! ```
//!
//! Whatever is asked of a byte is a set of 256 classes, and bits of two bytes have a loop as well (`quality.rs`). All else
//! is judged block by block beforehand, one loop a test, into a band of bytes that are 0 or 1, which the kernel takes.

use crate::drive::quality::{Bits, Classes, Quality};
use crate::drive::questions::{FEW, Test, judge, table};
use crate::errors::Error;
use crate::exec::simd::Path;
use crate::number::dtypes::Dtype;
use crate::view::copies::reserve;
use crate::view::raw::Raw;

/// Fields up to this wide are looked up in a table of bits, 8 KiB at most.
const NARROW: u32 = 16;

/// A field of a quality band, and which of its values hide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    /// The bits of the field; not 0.
    pub mask: u64,
    /// As they are after the shift.
    pub rejected: Vec<u64>,
}

/// What hides, of bands of one dtype.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    /// Classes of a byte that stay.
    Keep(Classes),
    /// Bits of a byte.
    Reject(Bits<u8>),
    /// Bits of two bytes.
    RejectWide(Bits<u16>),
    /// What has to be judged beforehand.
    Tests(Vec<Test>),
}

impl Asked {
    /// Values that stay; each is one of the dtype.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the bits of a number of the dtype")]
    pub(crate) fn keep(dtype: Dtype, values: &[i128]) -> Self {
        if dtype.size() == 1 && dtype != Dtype::Bool {
            return Self::Keep(Classes::of(values.iter().map(|&value| value as u8)));
        }
        let mut kept: Vec<u64> = values.iter().map(|&value| value as u64 & dtype.bits()).collect();
        kept.sort_unstable();
        kept.dedup();
        let few = kept.len() <= FEW;
        match dtype.size() {
            1 => Self::of_byte(dtype, |value| !kept.contains(&value)),
            _ if few => Self::Tests(vec![Test::Outside(kept)]),
            2 => Self::Tests(vec![table(0xffff, (0..=0xffff).filter(|value| kept.binary_search(value).is_err()))]),
            _ => Self::Tests(vec![Test::Among { mask: dtype.bits(), values: kept, hides: false }]),
        }
    }

    /// Bits any of which hides, and fields of which some values do.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "the bits of a number of the dtype")]
    pub(crate) fn reject(dtype: Dtype, bits: u64, fields: &[Field]) -> Self {
        match dtype {
            Dtype::Int8 | Dtype::Uint8 if fields.is_empty() => return Self::Reject(Bits(bits as u8)),
            Dtype::Int16 | Dtype::Uint16 if fields.is_empty() => return Self::RejectWide(Bits(bits as u16)),
            _ => {}
        }
        let mut tests = vec![Test::Bits(bits)];
        for Field { mask, rejected } in fields {
            let shift = mask.trailing_zeros();
            if rejected.len() <= FEW {
                tests.extend(rejected.iter().map(|value| Test::Equals { mask: *mask, value: value << shift }));
            } else if (mask >> shift).ilog2() < NARROW {
                tests.push(table(*mask, rejected.iter().copied()));
            } else {
                let mut values: Vec<u64> = rejected.iter().map(|value| value << shift).collect();
                values.sort_unstable();
                tests.push(Test::Among { mask: *mask, values, hides: true });
            }
        }
        match dtype.size() {
            1 => Self::of_byte(dtype, |value| tests.iter().any(|test| test.hides(value))),
            _ => Self::Tests(tests),
        }
    }

    /// Whatever is asked of a byte, as the one loop that suits it.
    fn of_byte(dtype: Dtype, hides: impl Fn(u64) -> bool) -> Self {
        // NumPy can be made to hold a bool that is neither 0 nor 1.
        let value = |byte: u8| if dtype == Dtype::Bool { u64::from(byte != 0) } else { u64::from(byte) };
        let hidden: [bool; 256] = std::array::from_fn(|byte| u8::try_from(byte).is_ok_and(|byte| hides(value(byte))));
        let bits = (0..8).filter(|bit| hidden[1 << bit]).fold(0_u8, |bits, bit| bits | 1 << bit);
        if (0..=255_u8).zip(hidden).all(|(byte, hidden)| hidden == (byte & bits != 0)) {
            return Self::Reject(Bits(bits));
        }
        Self::Keep(Classes::new(&hidden.map(|hidden| !hidden)))
    }

    /// The band and what is asked of it, if a kernel has a loop for that and the band can be viewed.
    #[must_use]
    pub(crate) fn as_it_lies<'a>(&self, band: &Raw<'a>) -> Option<Quality<'a>> {
        Some(match self {
            Self::Keep(classes) => Quality::Keep(band.view()?, *classes),
            Self::Reject(bits) => Quality::Reject(band.view()?, *bits),
            Self::RejectWide(bits) => Quality::RejectWide(band.view()?, *bits),
            Self::Tests(_) => return None,
        })
    }

    /// The same by way of a band of bytes, made in `room`: judged beforehand.
    ///
    /// # Errors
    ///
    /// The memory cannot be had.
    pub(crate) fn judged<'r>(&self, band: &Raw<'_>, path: Path, room: &'r mut Vec<u8>) -> Result<Quality<'r>, Error> {
        let wide: [Test; 1];
        let tests: &[Test] = match self {
            Self::Tests(tests) => tests,
            Self::RejectWide(bits) => {
                wide = [Test::Bits(bits.0.into())];
                &wide
            }
            Self::Keep(_) | Self::Reject(_) => return Err(Error::Internal("a byte is never misaligned".to_owned())),
        };
        room.clear();
        reserve(room, band.len())?;
        match band.dtype().size() {
            2 => band.for_each_chunk::<u16>(|values| judge(tests, values, path, room)),
            4 => band.for_each_chunk::<u32>(|values| judge(tests, values, path, room)),
            8 => band.for_each_chunk::<u64>(|values| judge(tests, values, path, room)),
            _ => return Err(Error::Internal("a byte is never judged beforehand".to_owned())),
        }
        let hidden = ndarray::ArrayViewD::from_shape(band.shape(), room);
        Ok(Quality::Reject(hidden.map_err(|error| Error::Internal(error.to_string()))?, Bits(1)))
    }
}
