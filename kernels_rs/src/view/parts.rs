//! Parts of rows as slices: where they lie if they are contiguous, else copied to a block in L1.

use crate::errors::Error;
use crate::number::dtypes::of_each_dtype;
use crate::number::real::Real;
use crate::view::room::Room;
use ndarray::{
    ArrayView1, ArrayView2, ArrayViewD, ArrayViewMut1, ArrayViewMut2, ArrayViewMutD, Axis, Ix0, Ix1, Zip, s,
};
use std::ops::Range;

/// Elements of that size that are copied at a time: four blocks are 32 KiB.
#[must_use]
pub(crate) const fn block_of<O>() -> usize {
    8192 / size_of::<O>()
}

/// A dtype of inputs, with the dtype O of the output.
pub(crate) trait Sample<O>: Copy + Default + PartialEq + Send + Sync + 'static {
    /// Whether it is O itself.
    const IS_FLOAT: bool;

    /// The same number as O; exact.
    fn widen(self) -> O;

    /// An output read back as an input, when the work is done in place. Only where both are of one type.
    fn of_output(value: O) -> Self;
}

macro_rules! sample {
    (float $float:ident $int:ident $bits:ident [$($results:tt)+]) => {
        impl Sample<$float> for $float {
            const IS_FLOAT: bool = true;

            #[inline(always)]
            fn widen(self) -> $float {
                self
            }

            #[inline(always)]
            fn of_output(value: $float) -> Self {
                value
            }
        }
    };
    ($kind:ident $integer:ident $int:ident $bits:ident [$($result:ident $float:ident),+]) => {
        $(impl Sample<$float> for $integer {
            const IS_FLOAT: bool = false;

            #[inline(always)]
            fn widen(self) -> $float {
                self.into()
            }

            fn of_output(_: $float) -> Self {
                unreachable!("integers are never computed in place: the output holds floats")
            }
        })+
    };
    ($($other:tt)*) => {};
}

of_each_dtype! { sample }

/// The same elements as one row to write to, if they lie in C order; else the array as it is.
#[must_use]
pub(crate) fn flat_mut<T>(array: ArrayViewMutD<'_, T>) -> ArrayViewMutD<'_, T> {
    if !array.is_standard_layout() {
        return array;
    }
    let row = array.into_slice().unwrap_or_else(|| unreachable!("it lies in C order"));
    ArrayViewMut1::from(row).into_dyn()
}

/// The two last axes at that index of the others; an array of fewer axes is a plane as well.
///
/// # Panics
///
/// The index is not one of the other axes.
#[must_use]
#[inline(always)]
pub(crate) fn plane_of<'a, T>(array: &ArrayViewD<'a, T>, index: &[usize]) -> ArrayView2<'a, T> {
    let mut array = array.clone();
    index.iter().for_each(|&i| array.index_axis_inplace(Axis(0), i));
    match array.ndim() {
        0 => array.into_dimensionality::<Ix0>().map(|pixel| pixel.insert_axis(Axis(0)).insert_axis(Axis(0))),
        1 => array.into_dimensionality::<Ix1>().map(|row| row.insert_axis(Axis(0))),
        _ => array.into_dimensionality(),
    }
    .expect("two axes are left")
}

/// [`plane_of`] to write to.
///
/// # Panics
///
/// As it does.
#[inline(always)]
pub(crate) fn plane_of_mut<'a, T>(array: &'a mut ArrayViewMutD<'_, T>, index: &[usize]) -> ArrayViewMut2<'a, T> {
    let mut array = array.view_mut();
    index.iter().for_each(|&i| array.index_axis_inplace(Axis(0), i));
    match array.ndim() {
        0 => array.into_dimensionality::<Ix0>().map(|pixel| pixel.insert_axis(Axis(0)).insert_axis(Axis(0))),
        1 => array.into_dimensionality::<Ix1>().map(|row| row.insert_axis(Axis(0))),
        _ => array.into_dimensionality(),
    }
    .expect("two axes are left")
}

/// Whether the row is a slice.
#[must_use]
pub(crate) fn is_contiguous<T>(row: &ArrayView1<'_, T>) -> bool {
    row.as_slice().is_some()
}

/// An operand's part of a row: where it lies if it is contiguous, else a copy. None is what `out` holds, always copied.
///
/// # Errors
///
/// Memory for the copy cannot be had.
#[inline(always)]
pub(crate) fn load<'a, I: Sample<O>, O: Real>(
    operand: Option<&'a ArrayView1<'_, I>>,
    out: &ArrayViewMut1<'_, O>,
    range: &Range<usize>,
    block: &'a mut Gathered<I>,
) -> Result<&'a [I], Error> {
    match operand {
        Some(operand) => block.load(operand, range),
        None => block.gather_output(&out.slice(s![range.clone()])),
    }
}

/// Copies results to a part of a row of any stride.
#[inline(never)]
pub(crate) fn scatter<O: Copy>(results: &[O], row: &mut ArrayViewMut1<'_, O>, range: &Range<usize>) {
    row.slice_mut(s![range.clone()]).assign(&ArrayView1::from(results));
}

/// Room for a part of a row, made when it is first needed.
pub(crate) struct Gathered<T>(Room<T>);

impl<T: Copy + Default> Gathered<T> {
    /// No room yet.
    #[allow(clippy::new_without_default, reason = "made in one place")]
    #[must_use]
    pub(crate) fn new() -> Self {
        Self(Room::new())
    }

    /// A part of a row.
    ///
    /// # Errors
    ///
    /// Memory for a copy cannot be had.
    #[inline(always)]
    pub(crate) fn load<'a>(&'a mut self, row: &'a ArrayView1<'_, T>, range: &Range<usize>) -> Result<&'a [T], Error> {
        match row.as_slice() {
            Some(row) => Ok(&row[range.clone()]),
            None => self.gather(&row.slice(s![range.clone()])),
        }
    }

    /// Copies a row of any stride. `Zip` walks it without a branch per element, which its iterator has. It is compiled once
    /// for a dtype, and not into the loops of every formula: no instruction set has a faster way.
    #[inline(never)]
    fn gather(&mut self, row: &ArrayView1<'_, T>) -> Result<&[T], Error> {
        let room = self.0.make(row.len())?;
        Zip::from(ArrayViewMut1::from(&mut *room)).and(row).for_each(|to, &from| *to = from);
        Ok(room)
    }

    /// The same of what an output holds.
    #[inline(never)]
    fn gather_output<O: Copy>(&mut self, row: &ArrayView1<'_, O>) -> Result<&[T], Error>
    where
        T: Sample<O>,
    {
        let room = self.0.make(row.len())?;
        Zip::from(ArrayViewMut1::from(&mut *room)).and(row).for_each(|to, &from| *to = T::of_output(from));
        Ok(room)
    }
}
