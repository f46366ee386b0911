//! The arguments that are not arrays.

use crate::arrays::Dtype;
use crate::errors::Error;
use numpy::PyUntypedArray;
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyBool;

/// More threads than these are never started; the result is the same.
const MOST_THREADS: usize = 256;

/// `num_threads`.
pub struct Threads(pub usize);

impl FromPyObject<'_, '_> for Threads {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let count = integer("num_threads", &object)?.unwrap_or(i64::MAX);
        match usize::try_from(count) {
            Ok(count) if count > 0 => Ok(Self(count.min(MOST_THREADS))),
            _ => {
                Err(Error::value(format!("num_threads is {}; an int of at least 1 is accepted", object.repr()?)).into())
            }
        }
    }
}

/// `axis`, as it was given.
pub struct AxisArgument(pub i64);

impl FromPyObject<'_, '_> for AxisArgument {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        Ok(Self(integer("axis", &object)?.unwrap_or(i64::MAX)))
    }
}

impl AxisArgument {
    /// The axis counted from the front.
    pub fn of(&self, dimensions: usize) -> Result<usize, Error> {
        let count = i64::try_from(dimensions).unwrap_or(i64::MAX);
        let axis = if self.0 < 0 { self.0.saturating_add(count) } else { self.0 };
        let axis = usize::try_from(axis).ok().filter(|&axis| axis < dimensions);
        axis.ok_or_else(|| {
            Error::value(format!(
                "axis is {}; for x of {dimensions} dimensions -{dimensions} … {} are accepted",
                self.0,
                count - 1
            ))
        })
    }
}

/// `min_denominator`.
pub struct MinDenominator(pub f64);

impl FromPyObject<'_, '_> for MinDenominator {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        // An array of one element has a float value, but NumPy warns when it is asked for it.
        let value = if object.cast::<PyUntypedArray>().is_ok() { None } else { object.extract::<f64>().ok() };
        let Some(value) = value else {
            return Err(
                Error::kind(format!("min_denominator is {}; a real number is accepted", described(&object)?)).into()
            );
        };
        if value >= 0.0 {
            Ok(Self(value))
        } else {
            Err(Error::value(format!("min_denominator is {value}; a number of at least 0 is accepted")).into())
        }
    }
}

/// `nodata`, which only integer arrays take.
pub fn nodata(object: Option<&Bound<'_, PyAny>>, dtype: Dtype) -> PyResult<Option<i64>> {
    let Some(object) = object else { return Ok(None) };
    let Some((least, most)) = dtype.limits() else {
        let message =
            format!("nodata is {}, but the input is {}: floats mark missing data by NaN", object.repr()?, dtype.name());
        return Err(Error::value(message).into());
    };
    let value = integer("nodata", object.as_borrowed().as_any())?.filter(|value| (least..=most).contains(value));
    match value {
        Some(value) => Ok(Some(value)),
        None => Err(Error::value(format!(
            "nodata is {}; for {} input {least} … {most} are accepted",
            object.repr()?,
            dtype.name()
        ))
        .into()),
    }
}

/// An int; None if it is far out of any range. A bool is not an int here.
fn integer(name: &str, object: &Bound<'_, PyAny>) -> PyResult<Option<i64>> {
    let refusal = || -> PyResult<PyErr> {
        Ok(Error::kind(format!("{name} is {}; an int is accepted", described(object)?)).into())
    };
    if object.is_instance_of::<PyBool>() {
        return Err(refusal()?);
    }
    match object.extract::<i64>() {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_instance_of::<PyOverflowError>(object.py()) => Ok(None),
        Err(error) if error.is_instance_of::<PyTypeError>(object.py()) => Err(refusal()?),
        Err(error) => Err(error),
    }
}

fn described(object: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(format!("{} of type {}", object.repr()?, object.get_type().fully_qualified_name()?))
}
