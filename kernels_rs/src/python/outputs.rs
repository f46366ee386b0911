//! The outputs of a call: what `out` and `dtype` ask for, fresh arrays, and what is returned.

use crate::errors::Error;
use crate::python::arrays::{Dtype, Offered};
use crate::python::snapshots::Snapshot;
use crate::view::overlap::{Overlap, overlaps_itself};
use crate::view::raw::Raw;
use numpy::npyffi::{self, NpyTypes, npy_intp};
use numpy::{PyArrayDescr, PyUntypedArray};
use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use std::ptr;

impl Dtype {
    /// The dtype of results: by default that of a float input and float32 for integers, else what is asked for.
    pub(crate) fn output(self, asked: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let float = self.is_float();
        let Some(asked) = asked else { return Ok(if float { self } else { Self::Float32 }) };
        let descr = PyArrayDescr::new(asked.py(), asked).map_err(|_| refused_dtype(asked))?;
        match Self::of(&descr, &[Self::Float32, Self::Float64]) {
            Some(dtype) if !float || dtype == self => Ok(dtype),
            _ if float => {
                let name = self.name();
                let message = format!("dtype is {descr}; for {name} input only {name} is accepted");
                Err(Error::kind(message).into())
            }
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

/// An output that a call will have: the array that was handed in, or one to be made.
pub(crate) struct Out<'py> {
    pub dtype: Dtype,
    given: Option<(Offered<'py>, Bound<'py, PyAny>)>,
}

impl<'py> Out<'py> {
    /// Of that dtype.
    pub(crate) fn new(name: &'static str, given: Option<&Bound<'py, PyAny>>, dtype: Dtype) -> PyResult<Self> {
        let given = given.map(|object| Ok::<_, PyErr>((Offered::new(name, object, &[dtype])?, object.clone())));
        Ok(Self { dtype, given: given.transpose()? })
    }

    /// The array itself; a fresh one is not initialised, so the kernel has to write all of its elements.
    pub(crate) fn make(&self, py: Python<'py>, shape: &[usize], fortran: bool) -> PyResult<Made<'_, 'py>> {
        Ok(match &self.given {
            Some((array, object)) => Made::Given(array, object),
            None => Made::Fresh(Offered::fresh(fresh(py, shape, self.dtype, fortran)?, self.dtype)),
        })
    }
}

/// An output that is there.
pub(crate) enum Made<'o, 'py> {
    Given(&'o Offered<'py>, &'o Bound<'py, PyAny>),
    Fresh(Offered<'py>),
}

impl<'py> Made<'_, 'py> {
    /// The array, unchecked.
    pub(crate) fn array(&self) -> &Offered<'py> {
        match self {
            Self::Given(array, _) => array,
            Self::Fresh(array) => array,
        }
    }

    /// A snapshot of it, checked: of that shape, writeable, each element aligned and with bytes of its own.
    ///
    /// It still has to be held against all inputs and other outputs.
    pub(crate) fn snapshot(&self, shape: &[usize]) -> Result<Snapshot<'_>, Error> {
        let out = self.array().snapshot()?;
        let name = out.name;
        if out.raw.shape() != shape {
            return Err(Error::value(format!("{name} has the shape {:?}; {shape:?} is accepted", out.raw.shape())));
        }
        if !out.writeable {
            return Err(Error::value(format!("{name} is read-only; a writeable array is accepted")));
        }
        if !out.raw.is_regular() {
            return Err(Error::value(format!("{name} is misaligned in memory; an aligned array is accepted")));
        }
        if overlaps_itself(&out.raw) {
            let message = format!("{name} has elements that share memory with each other; each must have its own");
            return Err(Error::value(message));
        }
        Ok(out)
    }

    /// What the call returns: the very object that was handed in, or the fresh array.
    pub(crate) fn as_object(&self) -> &Bound<'py, PyAny> {
        match self {
            Self::Given(_, object) => object,
            Self::Fresh(array) => array.as_object(),
        }
    }

    /// The same, to return.
    pub(crate) fn into_object(self) -> Bound<'py, PyAny> {
        self.as_object().clone()
    }

    /// The same of an elementwise kernel, which gives a scalar of NumPy's for inputs without dimensions.
    pub(crate) fn into_object_or_scalar(self) -> PyResult<Bound<'py, PyAny>> {
        let Self::Fresh(array) = self else { return Ok(self.into_object()) };
        let (py, array) = (array.py(), array.as_object().clone());
        // SAFETY: it takes a reference to an array, and gives one to the array or to the scalar that it holds.
        unsafe {
            let object = npyffi::PY_ARRAY_API.PyArray_Return(py, array.into_ptr().cast());
            Bound::from_owned_ptr_or_err(py, object)
        }
    }
}

/// Refuses an output that shares memory with another array of the call.
pub(crate) fn apart(out: &Snapshot<'_>, other: &Snapshot<'_>) -> Result<(), Error> {
    match Overlap::of(&out.raw, &other.raw) {
        Overlap::None => Ok(()),
        Overlap::Same | Overlap::Some => {
            Err(Error::value(format!("{} shares memory with {}; it must not", out.name, other.name)))
        }
    }
}

/// Whether an input is the output itself; refuses any other overlap.
pub(crate) fn in_place(out: &Snapshot<'_>, input: &Snapshot<'_>) -> Result<bool, Error> {
    match Overlap::of(&out.raw, &input.raw) {
        Overlap::None => Ok(false),
        Overlap::Same => Ok(true),
        Overlap::Some => {
            let message =
                format!("{} shares memory with {}; it must not, unless it is exactly that array", out.name, input.name);
            Err(Error::value(message))
        }
    }
}

/// The outputs that a tuple has to hold, as it was handed in, if it was.
pub(crate) fn several<'py, const N: usize>(
    given: Option<&Bound<'py, PyAny>>,
    dtypes: [Dtype; N],
) -> PyResult<([Out<'py>; N], Option<Bound<'py, PyTuple>>)> {
    const NAMES: [&str; 6] = ["out[0]", "out[1]", "out[2]", "out[3]", "out[4]", "out[5]"];
    const { assert!(N <= NAMES.len()) };
    let Some(object) = given else { return Ok((dtypes.map(|dtype| Out { dtype, given: None }), None)) };
    let Ok(tuple) = object.cast::<PyTuple>() else {
        let found = object.get_type().fully_qualified_name()?;
        return Err(Error::kind(format!("out is a {found}; a tuple of {N} arrays is accepted")).into());
    };
    if tuple.len() != N {
        return Err(Error::value(format!("out is a tuple of {}; one of {N} arrays is accepted", tuple.len())).into());
    }
    let outs = each(|i| Out::new(NAMES[i], Some(tuple.get_borrowed_item(i)?.as_any()), dtypes[i]))?;
    Ok((outs, Some(tuple.clone())))
}

/// An array of what `item` gives for every index, or the first error.
pub(crate) fn each<T, E, const N: usize>(mut item: impl FnMut(usize) -> Result<T, E>) -> Result<[T; N], E> {
    let mut items = [const { None }; N];
    for (i, place) in items.iter_mut().enumerate() {
        *place = Some(item(i)?);
    }
    Ok(items.map(|item| item.unwrap_or_else(|| unreachable!("an item for every index"))))
}

/// An array that is not initialised.
fn fresh<'py>(py: Python<'py>, shape: &[usize], dtype: Dtype, fortran: bool) -> PyResult<Bound<'py, PyUntypedArray>> {
    let bytes = shape.iter().try_fold(dtype.size(), |bytes, &length| bytes.checked_mul(length));
    let refused = || -> PyErr {
        let asked = bytes.map_or("more bytes than there are addresses".to_owned(), |bytes| format!("{bytes} bytes"));
        Error::Memory(format!("out is of the shape {shape:?} and {}; {asked} for it cannot be had", dtype.name()))
            .into()
    };
    if bytes.is_none_or(|bytes| isize::try_from(bytes).is_err()) && !shape.contains(&0) {
        return Err(refused());
    }
    // NumPy only reads them, and they are its own: none is too large for its type.
    let lengths = shape.as_ptr().cast::<npy_intp>().cast_mut();
    let number = dtype.numbers()[0] as std::os::raw::c_int;
    // SAFETY: NumPy's own class; as many lengths as dimensions; the descriptor's reference is taken over.
    let array = unsafe {
        let api = &npyffi::PY_ARRAY_API;
        let class = npyffi::get_type_object(py, NpyTypes::PyArray_Type);
        let descr = api.PyArray_DescrFromType(py, number);
        let (dimensions, none) = (i32::try_from(shape.len()).map_err(|_| refused())?, ptr::null_mut());
        let order = i32::from(fortran);
        let array =
            api.PyArray_NewFromDescr(py, class, descr, dimensions, lengths, none, none.cast(), order, none.cast());
        Bound::from_owned_ptr_or_err(py, array)
    };
    let no_room = |error: &PyErr| error.is_instance_of::<PyMemoryError>(py) || error.is_instance_of::<PyValueError>(py);
    match array {
        // SAFETY: what NumPy has made is an array.
        Ok(array) => Ok(unsafe { array.cast_into_unchecked() }),
        Err(error) if no_room(&error) => Err(refused()),
        Err(error) => Err(error),
    }
}

/// The elements of an output, through which they are written.
pub(crate) struct Target<'a>(Raw<'a>);

impl<'a> Target<'a> {
    /// # Safety
    ///
    /// - `out` is from [`Made::snapshot`].
    /// - It has been held against all that is read or written while the target's view is alive.
    pub(crate) unsafe fn new(out: &Snapshot<'a>) -> Self {
        Self(out.raw.clone())
    }

    /// A view of the elements.
    ///
    /// # Panics
    ///
    /// T is not the type of the dtype.
    pub(crate) fn view<T: crate::number::dtypes::Typed>(self) -> ndarray::ArrayViewMutD<'a, T> {
        assert!(self.0.dtype() == T::DTYPE);
        // SAFETY: `new`'s caller.
        unsafe { self.0.view_mut() }.expect("an output is aligned")
    }
}
