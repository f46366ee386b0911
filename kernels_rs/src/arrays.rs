//! Admission of NumPy arrays: the one place where they are checked and where their memory becomes views.
//!
//! rust-numpy's own borrow checks refuse an output that is an input, which the contract allows elementwise kernels.
//! So the checks are ours: dtype, byte order, alignment and dimensions of every array in [`Admitted`], and
//! exclusiveness of the output in [`Admitted::overlap`] and [`output`]. A call that passes them takes views, lets go of
//! the GIL and computes. The file is long because all of this rests on one argument about who may touch what.

use crate::errors::Error;
use crate::rows::broadcast_shape;
use ndarray::{ArrayViewD, ArrayViewMutD, IxDyn};
use numpy::npyffi::{self, NPY_TYPES};
use numpy::{
    Element, PyArray, PyArrayDescr, PyArrayDescrMethods, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods,
};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple, PyType};
use std::os::raw::{c_int, c_long};

/// More dimensions than these are refused; rust-numpy's limit.
const MOST_DIMENSIONS: usize = 32;

/// A dtype that kernels take or give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    Bool,
    Float32,
    Float64,
    Uint8,
    Int16,
    Uint16,
    /// Of counts that a kernel gives; no image holds it.
    Int32,
}

/// A Rust type that a dtype is.
pub trait Typed: Element {
    const DTYPE: Dtype;
}

macro_rules! typed {
    ($($number:ty: $dtype:ident),*) => {$(
        impl Typed for $number {
            const DTYPE: Dtype = Dtype::$dtype;
        }
    )*};
}

typed!(f32: Float32, f64: Float64, u8: Uint8, i16: Int16, u16: Uint16);

/// Calls a generic function with the Rust types of an input and an output dtype that [`Admitted::samples`] and
/// [`Dtype::output`] have accepted.
macro_rules! by_dtype {
    ($input:expr, $output:expr, $function:ident($($argument:expr),*)) => {
        match ($input, $output) {
            ($crate::arrays::Dtype::Float64, _) => $function::<f64, f64>($($argument),*),
            ($crate::arrays::Dtype::Float32, _) => $function::<f32, f32>($($argument),*),
            (input, output) => $crate::arrays::by_counts!(input, output, $function($($argument),*)),
        }
    };
}
pub(crate) use by_dtype;

/// [`by_dtype`] of an input whose dtype is one of [`COUNTS`].
macro_rules! by_counts {
    ($input:expr, $output:expr, $function:ident($($argument:expr),*)) => {
        match ($input, $output) {
            ($crate::arrays::Dtype::Uint8, $crate::arrays::Dtype::Float64) => $function::<u8, f64>($($argument),*),
            ($crate::arrays::Dtype::Uint8, _) => $function::<u8, f32>($($argument),*),
            ($crate::arrays::Dtype::Int16, $crate::arrays::Dtype::Float64) => $function::<i16, f64>($($argument),*),
            ($crate::arrays::Dtype::Int16, _) => $function::<i16, f32>($($argument),*),
            (_, $crate::arrays::Dtype::Float64) => $function::<u16, f64>($($argument),*),
            _ => $function::<u16, f32>($($argument),*),
        }
    };
}
pub(crate) use by_counts;

/// What images may hold.
pub const SAMPLES: &[Dtype] = &[Dtype::Float32, Dtype::Float64, Dtype::Uint8, Dtype::Int16, Dtype::Uint16];

/// What images of raw counts may hold.
pub const COUNTS: &[Dtype] = &[Dtype::Uint8, Dtype::Int16, Dtype::Uint16];

impl Dtype {
    /// The one that NumPy means, in this machine's byte order.
    fn of(descr: &Bound<'_, PyArrayDescr>) -> Option<Self> {
        const INT32: NPY_TYPES = if size_of::<c_long>() == 4 { NPY_TYPES::NPY_LONG } else { NPY_TYPES::NPY_INT };
        const TYPES: [(NPY_TYPES, Dtype); 7] = [
            (NPY_TYPES::NPY_BOOL, Dtype::Bool),
            (NPY_TYPES::NPY_FLOAT, Dtype::Float32),
            (NPY_TYPES::NPY_DOUBLE, Dtype::Float64),
            (NPY_TYPES::NPY_UBYTE, Dtype::Uint8),
            (NPY_TYPES::NPY_SHORT, Dtype::Int16),
            (NPY_TYPES::NPY_USHORT, Dtype::Uint16),
            (INT32, Dtype::Int32),
        ];
        let number = descr.num();
        let found = TYPES.iter().find(|(npy, _)| *npy as c_int == number);
        found.map(|&(_, dtype)| dtype).filter(|_| descr.is_native_byteorder() != Some(false))
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Uint8 => "uint8",
            Self::Int16 => "int16",
            Self::Uint16 => "uint16",
            Self::Int32 => "int32",
        }
    }

    /// The least and the largest value, of integers.
    pub fn limits(self) -> Option<(i64, i64)> {
        match self {
            Self::Uint8 => Some((0, u8::MAX.into())),
            Self::Int16 => Some((i16::MIN.into(), i16::MAX.into())),
            Self::Uint16 => Some((0, u16::MAX.into())),
            Self::Int32 => Some((i32::MIN.into(), i32::MAX.into())),
            Self::Bool | Self::Float32 | Self::Float64 => None,
        }
    }

    /// The dtype of results: by default that of a float input and float32 for integers, else what is asked for.
    pub fn output(self, asked: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let float = self.limits().is_none();
        let Some(asked) = asked else { return Ok(if float { self } else { Self::Float32 }) };
        let descr = PyArrayDescr::new(asked.py(), asked).map_err(|_| refused_dtype(asked))?;
        let found = Self::of(&descr).filter(|&dtype| matches!(dtype, Self::Float32 | Self::Float64));
        match found {
            Some(dtype) if !float || dtype == self => Ok(dtype),
            _ if float => Err(Error::kind(format!(
                "dtype is {descr}; for {} input only {} is accepted",
                self.name(),
                self.name()
            ))
            .into()),
            _ => Err(Error::kind(format!("dtype is {descr}; float32 and float64 are accepted")).into()),
        }
    }
}

fn refused_dtype(asked: &Bound<'_, PyAny>) -> PyErr {
    asked.repr().map_or_else(
        |error| error,
        |text| Error::kind(format!("dtype is {text}; float32 and float64 are accepted")).into(),
    )
}

/// An array whose dtype, byte order, alignment and number of dimensions are in order.
pub struct Admitted<'py> {
    name: &'static str,
    array: Bound<'py, PyUntypedArray>,
    pub dtype: Dtype,
}

/// How the memory of the output lies to that of an input.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// No element in common.
    None,
    /// The same elements in the same order.
    Same,
}

impl<'py> Admitted<'py> {
    /// An array of one of the accepted dtypes.
    pub fn new(name: &'static str, object: &Bound<'py, PyAny>, accepted: &[Dtype]) -> PyResult<Self> {
        let names = || accepted.iter().map(|dtype| dtype.name()).collect::<Vec<_>>().join(", ");
        let Ok(array) = object.cast::<PyUntypedArray>() else {
            let found = object.get_type().fully_qualified_name()?;
            return Err(Error::kind(format!("{name} is a {found}; a numpy.ndarray of {} is accepted", names())).into());
        };
        refuse_masked(name, array)?;
        let descr = array.dtype();
        let Some(dtype) = Dtype::of(&descr).filter(|dtype| accepted.contains(dtype)) else {
            let order = if descr.is_native_byteorder() == Some(false) { " of foreign byte order" } else { "" };
            return Err(Error::kind(format!(
                "{name} is an array of {descr}{order}; accepted: {}, in native byte order",
                names()
            ))
            .into());
        };
        if !array.is_aligned() {
            return Err(Error::value(format!("{name} is misaligned in memory; pass {name}.copy()")).into());
        }
        if array.ndim() > MOST_DIMENSIONS {
            return Err(Error::value(format!(
                "{name} has {} dimensions; at most {MOST_DIMENSIONS} are accepted",
                array.ndim()
            ))
            .into());
        }
        Ok(Self { name, array: array.clone(), dtype })
    }

    /// An image or a stack of a dtype that kernels take, of at least one dimension.
    pub fn samples(name: &'static str, object: &Bound<'py, PyAny>) -> PyResult<Self> {
        Self::image(name, object, SAMPLES)
    }

    /// [`samples`](Self::samples) of one of the accepted dtypes.
    pub fn image(name: &'static str, object: &Bound<'py, PyAny>, accepted: &[Dtype]) -> PyResult<Self> {
        let admitted = Self::new(name, object, accepted)?;
        if admitted.array.ndim() == 0 {
            return Err(Error::value(format!(
                "{name} is 0-dimensional; an array of at least one dimension is accepted"
            ))
            .into());
        }
        Ok(admitted)
    }

    /// A mask, True where a value is missing; any shape that broadcasts.
    pub fn mask(object: Option<&Bound<'py, PyAny>>) -> PyResult<Option<Self>> {
        object.map(|object| Self::new("mask", object, &[Dtype::Bool])).transpose()
    }

    /// Refuses an array that does not broadcast to that shape.
    pub fn broadcasts_to(&self, shape: &[usize]) -> Result<(), Error> {
        if broadcast_shape(shape, self.shape()).as_deref() == Some(shape) {
            return Ok(());
        }
        Err(Error::value(format!(
            "{} has the shape {:?}, which does not broadcast to {shape:?}",
            self.name,
            self.shape()
        )))
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn py(&self) -> Python<'py> {
        self.array.py()
    }

    pub fn shape(&self) -> &[usize] {
        self.array.shape()
    }

    /// Whether Fortran order is this array's order and C order is not.
    pub fn is_fortran(&self) -> bool {
        self.array.is_fortran_contiguous() && !self.array.is_c_contiguous()
    }

    /// A view of the elements.
    ///
    /// # Safety
    ///
    /// - `T` is the type of `self.dtype`, or u8 for Bool.
    /// - Until the view is dropped no Rust code writes to the elements. That Python code in other threads may is
    ///   documented at every kernel: it makes results undefined, as it does with NumPy itself.
    pub unsafe fn view<T: Element>(&self) -> ArrayViewD<'_, T> {
        // SAFETY: constructor: aligned, native; the caller: the type. PyArray is a transparent name for the object.
        unsafe { self.array.cast_unchecked::<PyArray<T, IxDyn>>().as_array() }
    }

    /// A view of a mask as bytes: NumPy can be made to hold a bool that is neither 0 nor 1, which Rust's bool must not be.
    pub fn bytes(&self) -> ArrayViewD<'_, u8> {
        assert!(self.dtype == Dtype::Bool);
        // SAFETY: a bool is one byte, and every byte is a valid u8; `output` has refused an output that shares memory.
        unsafe { self.view() }
    }

    /// A [`view`](Self::view), broadcast to a shape to which it is known to.
    ///
    /// # Safety
    ///
    /// As for [`view`](Self::view).
    pub unsafe fn broadcast<T: Element>(&self, shape: &[usize]) -> ArrayViewD<'_, T> {
        // SAFETY: the caller's.
        let view = unsafe { self.view::<T>() };
        if self.shape() == shape {
            return view;
        }
        let wide = view.broadcast(shape).expect("admission has compared the shapes").raw_view();
        // SAFETY: its elements are those of `view`, which live as long as `self`.
        unsafe { wide.deref_into_view() }
    }

    /// How the memory of `self`, the output, lies to that of an input; any overlap but the same elements is refused.
    pub fn overlap(&self, input: &Self, in_place: bool) -> PyResult<Overlap> {
        let (ours, theirs) = (extent(&self.array), extent(&input.array));
        if ours.0 >= theirs.1 || theirs.0 >= ours.1 {
            return Ok(Overlap::None);
        }
        if in_place && self.dtype == input.dtype && same_elements(&self.array, &input.array) {
            return Ok(Overlap::Same);
        }
        if !share_memory(&self.array, &input.array) {
            return Ok(Overlap::None);
        }
        let exception = if in_place { ", unless it is exactly that array" } else { "" };
        Err(Error::value(format!("{} shares memory with {}; it must not{exception}", self.name, input.name)).into())
    }
}

/// An output: the one that was handed in, after checks, or a fresh one that is not initialised.
///
/// The caller still has to hold it against every input by [`Admitted::overlap`] and to write every element.
pub fn output<'py>(
    py: Python<'py>,
    given: Option<&Bound<'py, PyAny>>,
    shape: &[usize],
    dtype: Dtype,
    fortran: bool,
) -> PyResult<Admitted<'py>> {
    given.map_or_else(|| fresh(py, shape, dtype, fortran), |object| handed_in("out", object, shape, dtype))
}

/// The outputs of a kernel that has several, and the tuple that holds them.
pub struct Outputs<'py, const N: usize> {
    pub arrays: [Admitted<'py>; N],
    tuple: Bound<'py, PyTuple>,
}

/// Several outputs of one shape: those of the tuple that was handed in, after checks, or fresh ones in C order.
///
/// They have no element in common. The caller still has to do with each what it has to with [`output`].
pub fn outputs<'py, const N: usize>(
    py: Python<'py>,
    given: Option<&Bound<'py, PyAny>>,
    shape: &[usize],
    dtypes: [Dtype; N],
) -> PyResult<Outputs<'py, N>> {
    const NAMES: [&str; 3] = ["out[0]", "out[1]", "out[2]"];
    const { assert!(N <= NAMES.len()) };
    let Some(object) = given else {
        let arrays = each(|i| fresh(py, shape, dtypes[i], false))?;
        let tuple = PyTuple::new(py, arrays.iter().map(|array| &array.array))?;
        return Ok(Outputs { arrays, tuple });
    };
    let Ok(tuple) = object.cast::<PyTuple>() else {
        let found = object.get_type().fully_qualified_name()?;
        return Err(Error::kind(format!("out is a {found}; a tuple of {N} arrays is accepted")).into());
    };
    if tuple.len() != N {
        return Err(Error::value(format!("out is a tuple of {}; one of {N} arrays is accepted", tuple.len())).into());
    }
    let arrays: [Admitted<'py>; N] =
        each(|i| handed_in(NAMES[i], tuple.get_borrowed_item(i)?.as_any(), shape, dtypes[i]))?;
    for (i, array) in arrays.iter().enumerate() {
        arrays[..i].iter().try_for_each(|other| array.overlap(other, false).map(|_| ()))?;
    }
    Ok(Outputs { arrays, tuple: tuple.clone() })
}

impl<'py, const N: usize> Outputs<'py, N> {
    /// The tuple, to return: the very one that was handed in, if one was.
    pub fn into_object(self) -> Bound<'py, PyAny> {
        self.tuple.into_any()
    }
}

/// An array of what `item` gives for every index, or the first error.
fn each<T, const N: usize>(item: impl FnMut(usize) -> PyResult<T>) -> PyResult<[T; N]> {
    let items = (0..N).map(item).collect::<PyResult<Vec<T>>>()?;
    Ok(items.try_into().unwrap_or_else(|_| unreachable!("an item for every index")))
}

/// An output that is not initialised: the kernel writes all of its elements before anybody reads one.
fn fresh<'py>(py: Python<'py>, shape: &[usize], dtype: Dtype, fortran: bool) -> PyResult<Admitted<'py>> {
    // SAFETY: numbers of any bits, which nobody reads before the kernel has written them.
    let array = unsafe {
        match dtype {
            Dtype::Float64 => PyArray::<f64, _>::new(py, IxDyn(shape), fortran).into_any(),
            Dtype::Int32 => PyArray::<i32, _>::new(py, IxDyn(shape), fortran).into_any(),
            _ => PyArray::<f32, _>::new(py, IxDyn(shape), fortran).into_any(),
        }
    };
    Ok(Admitted { name: "out", array: array.cast_into()?, dtype })
}

fn handed_in<'py>(
    name: &'static str,
    object: &Bound<'py, PyAny>,
    shape: &[usize],
    dtype: Dtype,
) -> PyResult<Admitted<'py>> {
    let out = Admitted::new(name, object, &[dtype])?;
    if out.shape() != shape {
        return Err(Error::value(format!("{name} has the shape {:?}; {shape:?} is accepted", out.shape())).into());
    }
    // SAFETY: the object is an array and the GIL is held.
    let flags = unsafe { (*npyffi::_PyArray_GET_ITEM_DATA(out.array.as_array_ptr())).flags };
    if flags & npyffi::NPY_ARRAY_WRITEABLE == 0 {
        return Err(Error::value(format!("{name} is read-only; a writeable array is accepted")).into());
    }
    if overlaps_itself(&out.array) {
        let message = format!("{name} has elements that share memory with each other; each must have its own");
        return Err(Error::value(message).into());
    }
    Ok(out)
}

impl<'py> Admitted<'py> {
    /// A view through which the output is written.
    ///
    /// # Safety
    ///
    /// - `self` is from [`output`] or [`outputs`], and `O` is the type of its dtype.
    /// - [`Admitted::overlap`] has found no element in common with any view that is alive at the same time.
    pub unsafe fn view_mut<O: Element>(&self) -> ArrayViewMutD<'_, O> {
        // SAFETY: the caller's; `output` has checked that it is writeable and that its elements are distinct.
        unsafe { self.array.cast_unchecked::<PyArray<O, IxDyn>>().as_array_mut() }
    }

    /// The array itself, to return.
    pub fn into_object(self) -> Bound<'py, PyAny> {
        self.array.into_any()
    }
}

fn refuse_masked(name: &str, array: &Bound<'_, PyUntypedArray>) -> PyResult<()> {
    static MASKED: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let py = array.py();
    // SAFETY: the object is alive and the GIL is held.
    let plain = unsafe { npyffi::PyArray_CheckExact(py, array.as_ptr()) } != 0;
    if !plain && array.is_instance(MASKED.import(py, "numpy.ma", "MaskedArray")?)? {
        let message = format!("{name} is a numpy.ma.MaskedArray; pass {name}.data, and {name}.mask as mask=");
        return Err(Error::kind(message).into());
    }
    Ok(())
}

/// First and last-plus-one address of the bytes of an array; (0, 0) if it is empty.
fn extent(array: &Bound<'_, PyUntypedArray>) -> (usize, usize) {
    if array.is_empty() {
        return (0, 0);
    }
    // SAFETY: the object is an array and the GIL is held.
    let start = unsafe { (*npyffi::_PyArray_GET_ITEM_DATA(array.as_array_ptr())).data } as usize;
    let (mut first, mut last) = (start, start + array.dtype().itemsize());
    for (&length, &stride) in array.shape().iter().zip(array.strides()) {
        let reach = stride.unsigned_abs() * (length - 1);
        if stride < 0 {
            first -= reach;
        } else {
            last += reach;
        }
    }
    (first, last)
}

/// Whether both are the same elements in the same order; strides of axes of length 1 don't matter.
fn same_elements(a: &Bound<'_, PyUntypedArray>, b: &Bound<'_, PyUntypedArray>) -> bool {
    // SAFETY: both objects are arrays and the GIL is held.
    let [start_a, start_b] =
        [a, b].map(|array| unsafe { (*npyffi::_PyArray_GET_ITEM_DATA(array.as_array_ptr())).data });
    let strides = a.shape().iter().zip(a.strides().iter().zip(b.strides()));
    start_a == start_b && a.shape() == b.shape() && strides.into_iter().all(|(&length, (a, b))| length == 1 || a == b)
}

/// Exactly, for arrays whose extents overlap: interleaved bands of one array share none. Yes if that is too hard to say.
fn share_memory(a: &Bound<'_, PyUntypedArray>, b: &Bound<'_, PyUntypedArray>) -> bool {
    static SHARES_MEMORY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let ask = || -> PyResult<bool> {
        let py = a.py();
        let function = SHARES_MEMORY.import(py, "numpy", "shares_memory")?;
        let settings = PyDict::new(py);
        settings.set_item("max_work", 1_000_000)?;
        function.call((a, b), Some(&settings))?.is_truthy()
    };
    ask().unwrap_or(true)
}

/// Whether two elements of an array may be one. Exact where its axes nest, as those of every slice and transpose of a
/// contiguous array do; other arrays (from `as_strided`) are enumerated, and refused if they are large.
fn overlaps_itself(array: &Bound<'_, PyUntypedArray>) -> bool {
    const MOST: usize = 1 << 20;
    let axes = array.shape().iter().zip(array.strides()).filter(|&(&length, _)| length > 1);
    let mut axes: Vec<(usize, isize)> = axes.map(|(&length, &stride)| (length, stride)).collect();
    axes.sort_by_key(|&(_, stride)| stride.unsigned_abs());
    let mut reach = array.dtype().itemsize();
    let nested = axes.iter().all(|&(length, stride)| {
        let fits = stride.unsigned_abs() >= reach;
        reach += stride.unsigned_abs() * (length - 1);
        fits
    });
    if nested || array.is_empty() {
        return false;
    }
    if array.len() > MOST {
        return true;
    }
    let mut offsets = vec![0isize];
    for (length, stride) in axes {
        let mut step = 0;
        offsets = (0..length)
            .flat_map(|_| {
                let moved: Vec<isize> = offsets.iter().map(|offset| offset + step).collect();
                step += stride;
                moved
            })
            .collect();
    }
    offsets.sort_unstable();
    offsets.windows(2).any(|pair| pair[1].abs_diff(pair[0]) < array.dtype().itemsize())
}
