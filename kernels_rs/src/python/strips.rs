//! Arrays that are one strip of memory, as most are: described by an address and a length.
//!
//! ```text
//! in C order, aligned, some elements:  each has bytes of its own, one after the other, from the address on
//! two strips of one shape:             the same elements, or none in common, or a case for `overlap`
//! ```
//!
//! Small calls gain from it that all else about such arrays need not be asked. Nothing is refused here: what is not a
//! strip is looked at by way of its snapshot, which tells what is wrong if anything is.

use crate::drive::elementwise::Bands;
use crate::drive::judge::Asked;
use crate::drive::quality::Quality;
use crate::drive::rough_bands::Kernel;
use crate::errors::Error;
use crate::exec::simd::Path;
use crate::number::dtypes::{Dtype, Typed};
use crate::python::arrays::{MOST_DIMENSIONS, Offered};
use crate::view::raw::Raw;
use ndarray::{ArrayView1, ArrayViewD, ArrayViewMut1, ArrayViewMutD};
use std::marker::PhantomData;
use std::slice::{from_raw_parts, from_raw_parts_mut};

/// Elements that follow each other, each aligned, and of which there are some; from the moment on at which no Python code
/// runs any more they can be read for as long as 'a.
#[derive(Clone, Copy)]
pub(crate) struct Strip<'a> {
    start: *mut u8,
    bytes: usize,
    dtype: Dtype,
    pub writeable: bool,
    memory: PhantomData<&'a [u8]>,
}

impl Offered<'_> {
    /// The array now, if it is a strip of that shape: call it when the last Python code has run.
    pub(crate) fn strip(&self, shape: &[usize]) -> Option<Strip<'_>> {
        let now = self.described()?;
        if now.shape != shape || shape.len() > MOST_DIMENSIONS {
            return None;
        }
        let size = self.dtype.size();
        let mut bytes = size;
        for (&length, &stride) in shape.iter().zip(now.strides).rev() {
            if stride.cast_unsigned() != bytes && length != 1 {
                return None;
            }
            bytes = bytes.checked_mul(length)?;
        }
        let end = now.start.addr().checked_add(bytes);
        // Sizes are powers of two.
        let is_strip = now.start.addr() & (size - 1) == 0 && bytes > 0 && isize::try_from(bytes).is_ok();
        let Self { dtype, .. } = *self;
        end.filter(|_| is_strip).map(|_| Strip {
            start: now.start,
            bytes,
            dtype,
            writeable: now.writeable,
            memory: PhantomData,
        })
    }
}

// SAFETY: an address that any thread may read from.
unsafe impl Sync for Strip<'_> {}
// SAFETY: the same.
unsafe impl Send for Strip<'_> {}

impl<'a> Strip<'a> {
    /// Whether no byte is in both.
    fn is_apart_from(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.start.addr(), other.start.addr());
        ours + self.bytes <= theirs || theirs + other.bytes <= ours
    }

    /// Whether both, of one shape, are the same elements.
    fn is_same_as(&self, other: &Self) -> bool {
        self.start.addr() == other.start.addr() && self.dtype == other.dtype
    }

    /// A view of the elements, in one row.
    ///
    /// # Panics
    ///
    /// T has another size than the dtype.
    fn view<T: Typed>(&self) -> ArrayViewD<'_, T> {
        // SAFETY: NumPy's own description of memory that the array keeps alive, which `strip` found to be aligned and not
        // too large; every pattern of bits is a T. That other threads may write to it is documented at every kernel.
        let row = unsafe { from_raw_parts(self.start.cast::<T>(), self.length::<T>()) };
        ArrayView1::from(row).into_dyn()
    }

    /// A view through which the elements are written, in one row.
    ///
    /// # Safety
    ///
    /// - The strip is writeable, and as long as the view is alive nothing else reads or writes it.
    ///
    /// # Panics
    ///
    /// T has another size than the dtype.
    unsafe fn view_mut<T: Typed>(&self) -> ArrayViewMutD<'_, T> {
        // SAFETY: as in `view`, and the caller's.
        let row = unsafe { from_raw_parts_mut(self.start.cast::<T>(), self.length::<T>()) };
        ArrayViewMut1::from(row).into_dyn()
    }

    fn length<T: Typed>(&self) -> usize {
        assert!(size_of::<T>() == self.dtype.size());
        self.bytes / size_of::<T>()
    }

    /// The same, for those who take arrays that lie anyhow.
    fn raw(&self) -> Option<Raw<'a>> {
        let size = self.dtype.size();
        // SAFETY: as in `view`.
        unsafe { Raw::new(self.start, &[self.bytes / size], &[size.cast_signed()], self.dtype) }
    }
}

/// The arrays of a call of an elementwise kernel, all of one shape.
pub(crate) struct Strips<'a, const N: usize> {
    /// None is an input that `out` is.
    inputs: [Option<Strip<'a>>; N],
    mask: Option<Strip<'a>>,
    quality: Quality<'a>,
    out: Strip<'a>,
}

impl<'a, const N: usize> Strips<'a, N> {
    /// Those, if `out` can be written and shares no memory with the others, but that it may be an input.
    ///
    /// None as well if what is asked of the quality band has to be judged beforehand.
    pub(crate) fn new(
        inputs: [Strip<'a>; N],
        mask: Option<Strip<'a>>,
        quality: Option<(Strip<'a>, &Asked)>,
        out: Strip<'a>,
    ) -> Option<Self> {
        let inputs = inputs.map(|input| Some(input).filter(|input| !input.is_same_as(&out)));
        let is_beside = |other: &Strip<'_>| other.is_apart_from(&out);
        if !out.writeable || !inputs.iter().chain([&mask]).flatten().all(is_beside) {
            return None;
        }
        let quality = match quality {
            Some((band, asked)) if is_beside(&band) => asked.as_it_lies(&band.raw()?)?,
            Some(_) => return None,
            None => Quality::None,
        };
        Some(Self { inputs, mask, quality, out })
    }

    /// Calls `kernel` with views of all.
    ///
    /// # Errors
    ///
    /// What `kernel` returns.
    ///
    /// # Panics
    ///
    /// I and O are not of the size of the dtypes.
    pub(crate) fn run<I: Typed, O: Typed>(
        &mut self,
        nodata: Option<I>,
        path: Path,
        threads: usize,
        kernel: Kernel<'_, I, O, N>,
    ) -> Result<(), Error> {
        let inputs = self.inputs.each_ref().map(|input| input.as_ref().map(Strip::view));
        let mask = self.mask.as_ref().map(Strip::view);
        // SAFETY: `new` has seen to it that it can be written and is apart from all that is viewed; this is borrowed for
        // as long as there are views.
        let out = unsafe { self.out.view_mut() };
        kernel(Bands { inputs, mask, out, nodata }, self.quality.clone(), path, threads)
    }
}
