//! The one place where errors become Python's exceptions.

use crate::errors::Error;
use pyo3::PyErr;
use pyo3::exceptions::{
    PyKeyboardInterrupt, PyMemoryError, PyOverflowError, PyRuntimeError, PyTypeError, PyValueError,
};

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        match error {
            Error::Type(message) => PyTypeError::new_err(message),
            Error::Value(message) => PyValueError::new_err(message),
            Error::Overflow(message) => PyOverflowError::new_err(message),
            Error::Memory(message) => PyMemoryError::new_err(message),
            // The very exception that a handler raised; one that has already been taken was an interrupt all the same.
            Error::Interrupted => crate::python::signals::raised().unwrap_or_else(|| PyKeyboardInterrupt::new_err(())),
            Error::Internal(message) => PyRuntimeError::new_err(message),
        }
    }
}
