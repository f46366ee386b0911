//! The small networks that `build.rs` wrote: `leaf`, `keys_8`, `select` and `median` on dates of the input, `merge` on rows
//! of a scratch.

use crate::number::bits::Bits;
use crate::number::lanes::{Gaps, Key, Missing, fill, greater, lesser, median_of};
use crate::number::real::Real;

include!(concat!(env!("OUT_DIR"), "/small_networks.rs"));

/// The rows that `wires` names.
///
/// # Safety
///
/// - `wires` holds N entries that differ from each other.
/// - Each is less than `rows.len()`.
#[inline(always)]
pub(crate) unsafe fn pick<'a, K, const W: usize, const N: usize>(
    rows: &'a mut [[K; W]],
    wires: &[u16],
) -> [&'a mut [K; W]; N] {
    // SAFETY: the caller's.
    unsafe { rows.get_disjoint_unchecked_mut(array::<u16, N>(wires).map(usize::from)) }
}

#[inline(always)]
fn array<T, const N: usize>(slice: &[T]) -> &[T; N] {
    slice.first_chunk().expect("as many as were counted")
}

#[inline(always)]
fn array_mut<T, const N: usize>(slice: &mut [T]) -> &mut [T; N] {
    slice.first_chunk_mut().expect("as many as were counted")
}
