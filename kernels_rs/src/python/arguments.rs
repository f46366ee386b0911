//! The arguments that are not arrays: plain numbers of Rust before any array is looked at.

use crate::algo::banded::MOST_ORDER;
use crate::errors::Error;
use crate::python::arrays::{Dtype, guarded};
use crate::python::numbers::{decimal, integer, is_integer, real};
use pyo3::prelude::*;

/// More threads than these are never started; the result is the same.
const MOST_THREADS: usize = 256;

/// What is read from an object before the function's body runs.
trait Argument: Sized {
    fn read(object: &Bound<'_, PyAny>) -> PyResult<Self>;
}

/// Makes them arguments. A panic becomes an exception here too: the body, which sees to its own, has not begun.
///
/// Of one that has a default, `number` is what reads it, so that the default stands in the signature as Python shows it.
macro_rules! arguments {
    ($($argument:ident $(($number:ty))?)*) => {$(
        impl FromPyObject<'_, '_> for $argument {
            type Error = PyErr;

            fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
                guarded(|| Self::read(&object))
            }
        }

        $(impl $argument {
            pub(crate) fn number(object: &Bound<'_, PyAny>) -> PyResult<$number> {
                guarded(|| Ok(Self::read(object)?.0))
            }
        })?
    )*};
}

arguments! {
    Threads(usize) AxisArgument(i128) Ddof(usize) MinDenominator(f64) Gain(f64) AerosolRed(f64) AerosolBlue(f64) Canopy(f64)
    Order(usize) Scale Offset Nodata Lmbda Zones
}

/// `num_threads`.
pub(crate) struct Threads(pub usize);

impl Argument for Threads {
    fn read(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        match integer("num_threads", object)? {
            ..1 => {
                Err(Error::value(format!("num_threads is {}; an int of at least 1 is accepted", object.repr()?)).into())
            }
            count => Ok(Self(usize::try_from(count).map_or(MOST_THREADS, |count| count.min(MOST_THREADS)))),
        }
    }
}

/// `axis`, as it was given.
pub(crate) struct AxisArgument(pub i128);

impl Argument for AxisArgument {
    fn read(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(integer("axis", object)?))
    }
}

impl AxisArgument {
    /// The axis of the array of that name, counted from the front.
    pub(crate) fn of(&self, name: &str, dimensions: usize) -> Result<usize, Error> {
        let count = dimensions as i128;
        let axis = if self.0 < 0 { self.0.saturating_add(count) } else { self.0 };
        let axis = usize::try_from(axis).ok().filter(|&axis| axis < dimensions);
        axis.ok_or_else(|| {
            Error::value(format!(
                "axis is {}; for {name} of {dimensions} dimensions -{dimensions} … {} are accepted",
                self.0,
                count - 1
            ))
        })
    }
}

/// `ddof`: what is taken from the number of values before a sum of squares is divided by it.
pub(crate) struct Ddof(pub usize);

impl Argument for Ddof {
    fn read(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        match integer("ddof", object)? {
            ..0 => Err(Error::value(format!("ddof is {}; an int of at least 0 is accepted", object.repr()?)).into()),
            // More than there can be values: of none is there a deviation.
            ddof => Ok(Self(usize::try_from(ddof).unwrap_or(usize::MAX))),
        }
    }
}

/// `lmbda`: what is smooth is weighed against what is near by.
pub(crate) struct Lmbda(pub f64);

impl Argument for Lmbda {
    fn read(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let value = decimal("lmbda", object)?;
        if value.is_normal() && value > 0.0 {
            return Ok(Self(value));
        }
        Err(Error::value(format!("lmbda is {}; a finite number above 0 is accepted", object.repr()?)).into())
    }
}

/// `d`: the order of the differences that are penalised.
pub(crate) struct Order(pub usize);

impl Argument for Order {
    fn read(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        match usize::try_from(integer("d", object)?) {
            Ok(order) if (1..=MOST_ORDER).contains(&order) => Ok(Self(order)),
            _ => Err(Error::value(format!("d is {}; an int of 1 to {MOST_ORDER} is accepted", object.repr()?)).into()),
        }
    }
}

/// `n_zones`: how many zones there are.
pub(crate) struct Zones(pub usize);

impl Zones {
    /// More are refused: their numbers are kept in 32 bits.
    const MOST: i128 = i32::MAX as i128;
}

impl Argument for Zones {
    fn read(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let count = integer("n_zones", object)?;
        let fitting = usize::try_from(count).ok().filter(|_| count <= Self::MOST);
        let most = Self::MOST;
        let refusal = || Ok(Error::value(format!("n_zones is {}; an int of 0 … {most} is accepted", object.repr()?)));
        fitting.map(Self).ok_or_else(|| refusal().map_or_else(|error: PyErr| error, Into::into))
    }
}

/// `min_denominator`.
pub(crate) struct MinDenominator(pub f64);

impl Argument for MinDenominator {
    fn read(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let value = real("min_denominator", object)?;
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
        pub(crate) struct $constant(pub f64);

        impl Argument for $constant {
            fn read(object: &Bound<'_, PyAny>) -> PyResult<Self> {
                constant($name, $zero, object).map(Self)
            }
        }

        impl $constant {
            /// The number, if results of that dtype can be computed with it.
            pub(crate) fn in_dtype(&self, dtype: Dtype) -> Result<f64, Error> {
                held($name, self.0, dtype)
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
    let value = decimal(name, object)?;
    if value.is_finite() && (zero || value != 0.0) {
        return Ok(value);
    }
    let accepted = if zero { "a finite number" } else { "a finite number other than 0" };
    Err(Error::value(format!("{name} is {}; {accepted} is accepted", object.repr()?)).into())
}

/// A finite number that is rounded to `dtype` later, unless it were 0 or infinite then and is not.
fn held(name: &str, value: f64, dtype: Dtype) -> Result<f64, Error> {
    let rounded = nearest(value, dtype);
    if rounded.is_finite() && (rounded != 0.0 || value == 0.0) {
        return Ok(value);
    }
    let becomes = if rounded == 0.0 { "0" } else { "infinite" };
    let dtype = dtype.name();
    Err(Error::value(format!(
        "{name} is {}, which is {becomes} in {dtype}, the dtype of the result; a number that {dtype} holds is accepted",
        shown(value)
    )))
}

/// Refuses a constant `name` of which what is added to counts is infinite in the dtype of the result.
pub(crate) fn shift_held(name: &str, value: f64, shift: f64, dtype: Dtype) -> Result<(), Error> {
    if nearest(shift, dtype).is_finite() {
        return Ok(());
    }
    Err(Error::value(format!(
        "{name} is {}, of which {shift:?} is added to counts; a number that makes it finite in {} is accepted",
        shown(value),
        dtype.name()
    )))
}

/// The nearest number of a dtype of floats.
#[allow(clippy::cast_possible_truncation, reason = "rounds to nearest")]
fn nearest(value: f64, dtype: Dtype) -> f64 {
    if dtype == Dtype::Float32 { f64::from(value as f32) } else { value }
}

/// `nodata`, before the dtype is known that it is a value of.
pub(crate) struct Nodata {
    value: f64,
    /// An int that is larger than any double.
    beyond: bool,
}

impl Argument for Nodata {
    fn read(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let value = real("nodata", object)?;
        Ok(Self { value, beyond: value.is_infinite() && is_integer("nodata", object)? })
    }
}

/// The `nodata` of an input of that dtype; none, if it can mark nothing.
#[allow(clippy::cast_precision_loss, reason = "the limits of dtypes have 32 bits at most")]
pub(crate) fn nodata(given: Option<&Nodata>, dtype: Dtype) -> Result<Option<f64>, Error> {
    let Some(&Nodata { value, beyond }) = given else { return Ok(None) };
    let (accepted, name) = match dtype.limits() {
        Some((least, most)) if value.fract() == 0.0 && (least as f64..=most as f64).contains(&value) => {
            return Ok(Some(value));
        }
        None if !beyond && (value.is_infinite() || nearest(value, dtype).is_finite()) => return Ok(Some(value)),
        None if value.is_nan() => return Ok(None),
        Some((least, most)) => (format!("a whole number from {least} to {most}"), dtype.name()),
        None => ("a number that it holds".to_owned(), dtype.name()),
    };
    let shown = if beyond { "an int beyond float64".to_owned() } else { shown(value) };
    Err(Error::value(format!("nodata is {shown}; of {name} input {accepted} is accepted")))
}

/// A number as Python shows it, or nearly so.
fn shown(value: f64) -> String {
    if value.abs() < 1e15 && value.fract() == 0.0 { value.to_string() } else { format!("{value:?}") }
}
