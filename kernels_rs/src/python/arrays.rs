//! Admission of NumPy arrays: the one place where they are checked and where their memory is described.
//!
//! ```text
//! all that may run Python code: types, `dtype=`, numbers, iterators          [`Offered`], the callers' arguments
//! a view of NumPy's own class of every array, held for the call; fresh outputs
//! address, lengths, strides, dtype and flags, read again from these views    [`Offered::described`]
//! overlap, views, blocks, the kernel: all from what was read                 no Python code runs any more
//! ```
//!
//! Python code can do anything to an array: a `dtype=` object, a number or a subclass can reshape or resize an input
//! while it is looked at. So nothing that is unsafe rests on what was read before the last of it has run.

use crate::errors::{Error, guard};
use numpy::npyffi::{self, NPY_TYPES, NpyTypes};
use numpy::{PyArrayDescr, PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};
use std::os::raw::{c_int, c_long};
use std::ptr;

pub(crate) use crate::number::dtypes::by_dtype;
pub(crate) use crate::number::dtypes::{Dtype, SAMPLES};

/// More dimensions than these are refused.
pub(crate) const MOST_DIMENSIONS: usize = 32;

/// What is looked up in NumPy once, when the module is imported: no lock is held later.
struct Known {
    array_ufunc: Py<PyAny>,
    array_function: Py<PyAny>,
    bool_scalar: Py<PyType>,
}

static KNOWN: PyOnceLock<Known> = PyOnceLock::new();

fn known(py: Python<'_>) -> PyResult<&Known> {
    KNOWN.get_or_try_init(py, || {
        let numpy = py.import("numpy")?;
        let array = array_type(py);
        Ok(Known {
            array_ufunc: array.getattr("__array_ufunc__")?.unbind(),
            array_function: array.getattr("__array_function__")?.unbind(),
            bool_scalar: numpy.getattr("bool_")?.cast_into::<PyType>()?.unbind(),
        })
    })
}

/// Whether an object is a scalar of NumPy's that is true or false.
pub(crate) fn is_bool_scalar(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(object.get_type().is(&known(object.py())?.bool_scalar))
}

/// Looks up what calls need.
pub(crate) fn prepare(py: Python<'_>) -> PyResult<()> {
    known(py).map(|_| ())
}

/// Runs the body of a function that Python calls; a panic anywhere in it becomes an exception of ours.
pub(crate) fn guarded<T>(body: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    guard(|| Ok(body()))?
}

/// `numpy.ndarray`.
fn array_type(py: Python<'_>) -> Bound<'_, PyType> {
    // SAFETY: NumPy's own type object, which lives for ever.
    unsafe { PyType::from_borrowed_type_ptr(py, npyffi::get_type_object(py, NpyTypes::PyArray_Type)) }
}

impl Dtype {
    /// NumPy's number of the types that it may be; the first is the one that NumPy means by its name.
    pub(crate) fn numbers(self) -> &'static [NPY_TYPES] {
        const LONG_IS_32: bool = size_of::<c_long>() == 4;
        match self {
            Self::Bool => &[NPY_TYPES::NPY_BOOL],
            Self::Float32 => &[NPY_TYPES::NPY_FLOAT],
            Self::Float64 => &[NPY_TYPES::NPY_DOUBLE],
            Self::Int8 => &[NPY_TYPES::NPY_BYTE],
            Self::Uint8 => &[NPY_TYPES::NPY_UBYTE],
            Self::Int16 => &[NPY_TYPES::NPY_SHORT],
            Self::Uint16 => &[NPY_TYPES::NPY_USHORT],
            Self::Int32 if LONG_IS_32 => &[NPY_TYPES::NPY_LONG, NPY_TYPES::NPY_INT],
            Self::Int32 => &[NPY_TYPES::NPY_INT],
            Self::Uint32 if LONG_IS_32 => &[NPY_TYPES::NPY_ULONG, NPY_TYPES::NPY_UINT],
            Self::Uint32 => &[NPY_TYPES::NPY_UINT],
            Self::Int64 if LONG_IS_32 => &[NPY_TYPES::NPY_LONGLONG],
            Self::Int64 => &[NPY_TYPES::NPY_LONG, NPY_TYPES::NPY_LONGLONG],
            Self::Uint64 if LONG_IS_32 => &[NPY_TYPES::NPY_ULONGLONG],
            Self::Uint64 => &[NPY_TYPES::NPY_ULONG, NPY_TYPES::NPY_ULONGLONG],
        }
    }

    /// Which of some NumPy means, in this machine's byte order.
    pub(crate) fn of(descr: &Bound<'_, PyArrayDescr>, some: &[Self]) -> Option<Self> {
        let number = descr.num();
        let is = |dtype: &&Self| dtype.numbers().iter().any(|&npy| npy as c_int == number);
        some.iter().find(is).copied().filter(|_| descr.is_native_byteorder() != Some(false))
    }
}

/// An array whose type and dtype are in order; what else it is may still change.
pub(crate) struct Offered<'py> {
    name: &'static str,
    /// Of NumPy's own class.
    array: Bound<'py, PyUntypedArray>,
    pub dtype: Dtype,
}

impl<'py> Offered<'py> {
    /// An array of one of the accepted dtypes.
    pub(crate) fn new(name: &'static str, object: &Bound<'py, PyAny>, accepted: &[Dtype]) -> PyResult<Self> {
        let names = || accepted.iter().map(|dtype| dtype.name()).collect::<Vec<_>>().join(", ");
        let Some(array) = plain(name, object)? else {
            let found = object.get_type().fully_qualified_name()?;
            let or = if accepted == [Dtype::Bool] { ", or True or False," } else { "" };
            let message = format!("{name} is a {found}; a numpy.ndarray of {}{or} is accepted", names());
            return Err(Error::kind(message).into());
        };
        let descr = array.dtype();
        let Some(dtype) = Dtype::of(&descr, accepted) else {
            let order = if descr.is_native_byteorder() == Some(false) { " of foreign byte order" } else { "" };
            let message = format!("{name} is an array of {descr}{order}; accepted: {}, in native byte order", names());
            return Err(Error::kind(message).into());
        };
        Ok(Self { name, array, dtype })
    }

    /// An output that NumPy has just made.
    pub(crate) fn fresh(array: Bound<'py, PyUntypedArray>, dtype: Dtype) -> Self {
        Self { name: "out", array, dtype }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn py(&self) -> Python<'py> {
        self.array.py()
    }

    pub(crate) fn as_object(&self) -> &Bound<'py, PyAny> {
        self.array.as_any()
    }

    /// Its lengths now, to make an output by; what is unsafe goes by the snapshot.
    pub(crate) fn shape(&self) -> &[usize] {
        self.array.shape()
    }

    /// Whether Fortran order is its order now and C order is not.
    pub(crate) fn is_fortran(&self) -> bool {
        self.array.is_fortran_contiguous() && !self.array.is_c_contiguous()
    }

    /// What NumPy says of the array now, if its dtype is what it was: call it when the last Python code has run.
    pub(crate) fn described(&self) -> Option<Description<'_>> {
        // SAFETY: an array of NumPy's own class, whose descriptor it holds; nobody changes either while the GIL is held.
        let (array, descr) = unsafe {
            let array = &*npyffi::_PyArray_GET_ITEM_DATA(self.array.as_array_ptr());
            (array, Borrowed::from_ptr(self.py(), array.descr.cast()).cast_unchecked::<PyArrayDescr>())
        };
        Dtype::of(&descr, &[self.dtype])?;
        Some(Description {
            start: array.data.cast(),
            shape: self.array.shape(),
            strides: self.array.strides(),
            writeable: array.flags & npyffi::NPY_ARRAY_WRITEABLE != 0,
        })
    }
}

/// What an array is while no Python code runs.
pub(crate) struct Description<'a> {
    pub start: *mut u8,
    pub shape: &'a [usize],
    /// In bytes.
    pub strides: &'a [isize],
    pub writeable: bool,
}

/// The object itself, or a view of NumPy's own class of one of a subclass; None if it is no array.
///
/// A subclass that answers NumPy's functions in its own way gives its values a meaning that bare memory has not.
pub(crate) fn plain<'py>(name: &str, object: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyUntypedArray>>> {
    let py = object.py();
    // SAFETY: both have a type, and the GIL is held.
    if unsafe { ffi::Py_TYPE(object.as_ptr()) == npyffi::get_type_object(py, NpyTypes::PyArray_Type) } {
        // SAFETY: it is an array.
        return Ok(Some(unsafe { object.clone().cast_into_unchecked() }));
    }
    let (class, array) = (object.get_type(), array_type(py));
    // The type itself is asked, not `__class__`, which a subclass can make up.
    if !is_subtype(&class, &array) {
        return Ok(None);
    }
    if masked_type(py)?.is_some_and(|masked| is_subtype(&class, &masked)) {
        let message = format!("{name} is a numpy.ma.MaskedArray; pass {name}.data, and {name}.mask as mask=");
        return Err(Error::kind(message).into());
    }
    let known = known(py)?;
    for (attribute, own) in [("__array_ufunc__", &known.array_ufunc), ("__array_function__", &known.array_function)] {
        if !class.getattr(attribute)?.is(own) {
            return Err(Error::kind(format!(
                "{name} is a {}, whose {attribute} gives its values a meaning of its own; pass plain values, as \
                 numpy.asarray({name}) gives them, in the unit that is meant, and what is missing as mask=",
                class.fully_qualified_name()?
            ))
            .into());
        }
    }
    // SAFETY: an array, and NumPy's own class, whose views run no Python code; a new reference or null with an error.
    let view = unsafe {
        let view = npyffi::PY_ARRAY_API.PyArray_View(py, object.as_ptr().cast(), ptr::null_mut(), array.as_type_ptr());
        Bound::from_owned_ptr_or_err(py, view)?.cast_into_unchecked()
    };
    Ok(Some(view))
}

fn is_subtype(class: &Bound<'_, PyType>, base: &Bound<'_, PyType>) -> bool {
    // SAFETY: both are types, and the GIL is held.
    unsafe { ffi::PyType_IsSubtype(class.as_type_ptr(), base.as_type_ptr()) != 0 }
}

/// `numpy.ma.MaskedArray`, if anybody has imported it: nobody has one otherwise.
fn masked_type(py: Python<'_>) -> PyResult<Option<Bound<'_, PyType>>> {
    let modules = py.import("sys")?.getattr("modules")?.cast_into::<PyDict>()?;
    let Some(module) = modules.get_item("numpy.ma")? else { return Ok(None) };
    Ok(module.getattr_opt("MaskedArray")?.map(Bound::cast_into).transpose()?)
}
