//! The arguments that are not arrays.

use crate::arrays::Dtype;
use crate::errors::Error;
use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt};

/// More threads than these are never started; the result is the same.
const MOST_THREADS: usize = 256;

/// `num_threads`.
pub struct Threads(pub usize);

impl FromPyObject<'_, '_> for Threads {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        match usize::try_from(integer("num_threads", &object)?) {
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
        Ok(Self(integer("axis", &object)?))
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

/// `ddof`: what is taken from the number of values before a sum of squares is divided by it.
pub struct Ddof(pub usize);

impl FromPyObject<'_, '_> for Ddof {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        match usize::try_from(integer("ddof", &object)?) {
            Ok(ddof) => Ok(Self(ddof)),
            Err(_) => Err(Error::value(format!("ddof is {}; an int of at least 0 is accepted", object.repr()?)).into()),
        }
    }
}

/// `min_denominator`.
pub struct MinDenominator(pub f64);

impl FromPyObject<'_, '_> for MinDenominator {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let value = real("min_denominator", &object)?;
        if value >= 0.0 {
            Ok(Self(value))
        } else {
            Err(Error::value(format!("min_denominator is {value}; a number of at least 0 is accepted")).into())
        }
    }
}

/// Arguments that are finite numbers, each a type of its name; `zero` says whether it may be 0.
macro_rules! constants {
    ($($constant:ident: $name:literal, zero: $zero:literal;)*) => {$(
        #[doc = concat!("`", $name, "`.")]
        pub struct $constant(pub f64);

        impl FromPyObject<'_, '_> for $constant {
            type Error = PyErr;

            fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
                constant($name, $zero, &object).map(Self)
            }
        }
    )*};
}

constants! {
    Gain: "G", zero: true;
    AerosolRed: "C1", zero: true;
    AerosolBlue: "C2", zero: true;
    Canopy: "L", zero: true;
    Scale: "scale", zero: false;
    Offset: "offset", zero: true;
}

fn constant(name: &str, zero: bool, object: &Bound<'_, PyAny>) -> PyResult<f64> {
    let value = real(name, object)?;
    if value.is_finite() && (zero || value != 0.0) {
        return Ok(value);
    }
    let accepted = if zero { "a finite number" } else { "a finite number other than 0" };
    Err(Error::value(format!("{name} is {}; {accepted} is accepted", object.repr()?)).into())
}

/// `keep`: which class numbers are in the set.
pub struct Keep(pub [bool; 256]);

impl FromPyObject<'_, '_> for Keep {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let Ok(classes) = object.try_iter() else {
            return Err(Error::kind(format!("keep is {}; class numbers are accepted", described(&object)?)).into());
        };
        let mut kept = [false; 256];
        for class in classes {
            let class = integer("keep: a class", &class?)?;
            let place = usize::try_from(class).ok().and_then(|class| kept.get_mut(class));
            *place.ok_or_else(|| Error::value(format!("keep holds {class}; ints from 0 to 255 are accepted")))? = true;
        }
        Ok(Self(kept))
    }
}

/// `reject_bits`.
pub struct RejectBits(pub u16);

impl FromPyObject<'_, '_> for RejectBits {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        match u16::try_from(integer("reject_bits", &object)?) {
            Ok(bits) => Ok(Self(bits)),
            Err(_) => {
                Err(Error::value(format!("reject_bits is {}; an int from 0 to 65535 is accepted", object.repr()?))
                    .into())
            }
        }
    }
}

/// `nodata`, which only integer arrays take.
pub fn nodata(object: Option<&Bound<'_, PyAny>>, dtype: Dtype) -> PyResult<Option<f64>> {
    let Some(object) = object else { return Ok(None) };
    let Some((least, most)) = dtype.limits() else {
        let message =
            format!("nodata is {}, but the input is {}: floats mark missing data by NaN", object.repr()?, dtype.name());
        return Err(Error::value(message).into());
    };
    let value = integer("nodata", object)?;
    if (least..=most).contains(&value) {
        #[allow(clippy::cast_precision_loss, reason = "it is within the limits of 32 bits")]
        return Ok(Some(value as f64));
    }
    let message = format!("nodata is {}; for {} input {least} … {most} are accepted", object.repr()?, dtype.name());
    Err(Error::value(message).into())
}

/// An int; the nearest of 64 bits if it is larger. A bool is not an int here, nor is an array of one.
fn integer(name: &str, object: &Bound<'_, PyAny>) -> PyResult<i64> {
    if !is_number(object, "Integral")? {
        return Err(Error::kind(format!("{name} is {}; an int is accepted", described(object)?)).into());
    }
    match object.extract::<i64>() {
        Err(error) if error.is_instance_of::<PyOverflowError>(object.py()) => {
            Ok(if object.lt(0)? { i64::MIN } else { i64::MAX })
        }
        value => value,
    }
}

/// A real number; infinite if it is larger than a double can be. A bool is not a number here, nor is an array of one.
fn real(name: &str, object: &Bound<'_, PyAny>) -> PyResult<f64> {
    if let Ok(value) = object.cast::<PyFloat>() {
        return Ok(value.value());
    }
    if !is_number(object, "Real")? {
        return Err(Error::kind(format!("{name} is {}; a real number is accepted", described(object)?)).into());
    }
    match object.extract::<f64>() {
        Err(error) if error.is_instance_of::<PyOverflowError>(object.py()) => {
            Ok(if object.lt(0)? { f64::NEG_INFINITY } else { f64::INFINITY })
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

fn described(object: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(format!("{} of type {}", object.repr()?, object.get_type().fully_qualified_name()?))
}
