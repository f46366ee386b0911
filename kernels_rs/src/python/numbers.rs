//! Numbers as Python hands them over: ints, floats, NumPy's scalars, and arrays of one of them.
//!
//! Asking for them may run Python code, so it is done before any array is looked at.

use crate::errors::Error;
use crate::number::decimal;
use crate::python::arrays::plain;
use numpy::PyUntypedArrayMethods;
use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyFloat, PyInt, PyType};

/// An int; the nearest of 128 bits if it is larger. A bool is not an int here.
pub(crate) fn integer(name: &str, object: &Bound<'_, PyAny>) -> PyResult<i128> {
    if object.is_exact_instance_of::<PyInt>()
        && let Ok(small) = object.extract::<i64>()
    {
        return Ok(small.into());
    }
    let one = element(name, object)?;
    if !is_number(&one, "Integral")? {
        return Err(Error::kind(format!("{name} is {}; an int is accepted", described(object)?)).into());
    }
    match one.extract::<i128>() {
        Err(error) if error.is_instance_of::<PyOverflowError>(object.py()) => {
            Ok(if one.lt(0)? { i128::MIN } else { i128::MAX })
        }
        value => value,
    }
}

/// A real number; infinite if it is larger than a double can be. A bool is not a number here.
pub(crate) fn real(name: &str, object: &Bound<'_, PyAny>) -> PyResult<f64> {
    match object.cast::<PyFloat>() {
        Ok(value) => Ok(value.value()),
        Err(_) => converted(name, object, &element(name, object)?),
    }
}

/// A real number from metadata: the decimal that it stands for, if it was a float32.
pub(crate) fn decimal(name: &str, object: &Bound<'_, PyAny>) -> PyResult<f64> {
    let one = element(name, object)?;
    if let Ok(value) = one.cast::<PyFloat>() {
        return Ok(decimal::of_double(value.value()));
    }
    if is_single(&one)? {
        return Ok(decimal::of_single(one.extract()?));
    }
    converted(name, object, &one)
}

/// Whether that number is an int.
pub(crate) fn is_integer(name: &str, object: &Bound<'_, PyAny>) -> PyResult<bool> {
    is_number(&element(name, object)?, "Integral")
}

/// What is in messages.
pub(crate) fn described(object: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(format!("{} of type {}", object.repr()?, object.get_type().fully_qualified_name()?))
}

/// The one element of an array, as a scalar; anything else as it is.
fn element<'py>(name: &str, object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    if object.is_exact_instance_of::<PyFloat>() || object.is_exact_instance_of::<PyInt>() {
        return Ok(object.clone());
    }
    match plain(name, object)? {
        Some(array) if array.len() == 1 => array.getattr("flat")?.get_item(0),
        _ => Ok(object.clone()),
    }
}

/// `one`, which came as `object`, as a double.
fn converted(name: &str, object: &Bound<'_, PyAny>, one: &Bound<'_, PyAny>) -> PyResult<f64> {
    if !is_number(one, "Real")? {
        return Err(Error::kind(format!("{name} is {}; a real number is accepted", described(object)?)).into());
    }
    match one.extract::<f64>() {
        Err(error) if error.is_instance_of::<PyOverflowError>(object.py()) => {
            Ok(if one.lt(0)? { f64::NEG_INFINITY } else { f64::INFINITY })
        }
        value => value,
    }
}

/// Whether it is a number by that class of the module `numbers`, as NumPy's scalars are; an int is without being asked.
fn is_number(object: &Bound<'_, PyAny>, class: &str) -> PyResult<bool> {
    if object.is_instance_of::<PyInt>() {
        return Ok(!object.is_instance_of::<PyBool>());
    }
    object.is_instance(&object.py().import("numbers")?.getattr(class)?)
}

/// Whether it is a scalar of NumPy's float32.
fn is_single(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    static SINGLE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    object.is_instance(SINGLE.import(object.py(), "numpy", "float32")?)
}
