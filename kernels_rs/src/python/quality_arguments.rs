//! `qa` and what is asked of it: `keep`, `reject_bits` and `reject_fields`, within what its dtype can hold.

use crate::drive::judge::{Asked, Field};
use crate::errors::Error;
use crate::number::dtypes::QUALITIES;
use crate::python::arrays::{Dtype, Offered};
use crate::python::numbers::{described, integer};
use pyo3::prelude::*;
use pyo3::types::PyMapping;

/// More numbers than these are refused: an iterable may never end.
const MOST_NUMBERS: usize = 1 << 16;

/// The arguments of a quality band, as they were given.
pub(crate) struct QualityArguments<'a, 'py> {
    pub qa: Option<&'a Bound<'py, PyAny>>,
    pub keep: Option<&'a Bound<'py, PyAny>>,
    pub reject_bits: Option<&'a Bound<'py, PyAny>>,
    pub reject_fields: Option<&'a Bound<'py, PyAny>>,
}

impl<'py> QualityArguments<'_, 'py> {
    /// The band and what is asked of it, if there is one.
    pub(crate) fn read(&self) -> PyResult<Option<(Offered<'py>, Asked)>> {
        let given = [("keep", self.keep), ("reject_bits", self.reject_bits), ("reject_fields", self.reject_fields)];
        let mut given = given.into_iter().filter_map(|(name, object)| object.map(|_| name));
        let Some(qa) = self.qa else {
            return given.next().map_or(Ok(None), |name| {
                Err(Error::value(format!("{name} is given and qa is not; it says what of qa is hidden")).into())
            });
        };
        let (first, second) = (given.next(), given.next());
        if first.is_none() {
            let message = "qa is given; it needs keep, or reject_bits, reject_fields or both of these";
            return Err(Error::value(message).into());
        }
        if let (Some("keep"), Some(other)) = (first, second) {
            return Err(Error::value(format!("keep and {other} are both given; qa takes one of them")).into());
        }
        let band = Offered::new("qa", qa, QUALITIES)?;
        let asked = match self.keep {
            Some(keep) => Asked::keep(band.dtype, &classes(keep, band.dtype)?),
            None => Asked::reject(band.dtype, self.bits(band.dtype)?, &self.fields(band.dtype)?),
        };
        Ok(Some((band, asked)))
    }

    fn bits(&self, dtype: Dtype) -> PyResult<u64> {
        let Some(object) = self.reject_bits else { return Ok(0) };
        let bits = integer("reject_bits", object)?;
        match u64::try_from(bits) {
            Ok(bits) if bits <= dtype.bits() => Ok(bits),
            _ => {
                let (name, most) = (dtype.name(), dtype.bits());
                Err(Error::value(format!("reject_bits is {bits}; of a qa of {name} 0 … {most} are accepted")).into())
            }
        }
    }

    fn fields(&self, dtype: Dtype) -> PyResult<Vec<Field>> {
        let Some(object) = self.reject_fields else { return Ok(Vec::new()) };
        let Ok(mapping) = object.cast::<PyMapping>() else {
            let accepted = "a mapping of a field's bits to its rejected values is accepted";
            return Err(Error::kind(format!("reject_fields is {}; {accepted}", described(object)?)).into());
        };
        let items = mapping.items()?;
        let mut fields = Vec::new();
        for item in items.iter() {
            let (mask, values) = item.extract::<(Bound<'py, PyAny>, Bound<'py, PyAny>)>()?;
            fields.push(field(&mask, &values, dtype)?);
        }
        Ok(fields)
    }
}

/// One item of `reject_fields`.
fn field(mask: &Bound<'_, PyAny>, values: &Bound<'_, PyAny>, dtype: Dtype) -> PyResult<Field> {
    let bits = integer("reject_fields: a field", mask)?;
    let Some(mask) = u64::try_from(bits).ok().filter(|&mask| mask > 0 && mask <= dtype.bits()) else {
        let (name, most) = (dtype.name(), dtype.bits());
        let message = format!("reject_fields has the field {bits}; of a qa of {name} 1 … {most} are accepted");
        return Err(Error::value(message).into());
    };
    let most = mask >> mask.trailing_zeros();
    let rejected = numbers("reject_fields: a value", values)?.into_iter().map(|value| {
        let value = u64::try_from(value).ok().filter(|&value| value <= most).ok_or(value);
        value.map_err(|value| {
            Error::value(format!("reject_fields has {value} for the field {mask:#b}; its values are 0 … {most}"))
        })
    });
    Ok(Field { mask, rejected: rejected.collect::<Result<_, _>>()? })
}

/// The numbers of `keep`.
fn classes(object: &Bound<'_, PyAny>, dtype: Dtype) -> PyResult<Vec<i128>> {
    let classes = numbers("keep", object)?;
    let (least, most) = dtype.range().unwrap_or((0, 0));
    match classes.iter().find(|class| !(least..=most).contains(class)) {
        None => Ok(classes),
        Some(class) => {
            let name = dtype.name();
            Err(Error::value(format!("keep holds {class}; of a qa of {name} {least} … {most} are accepted")).into())
        }
    }
}

/// The ints of an iterable, which may not end.
fn numbers(name: &str, object: &Bound<'_, PyAny>) -> PyResult<Vec<i128>> {
    let Ok(items) = object.try_iter() else {
        return Err(Error::kind(format!("{name} is {}; an iterable of ints is accepted", described(object)?)).into());
    };
    let mut numbers = Vec::new();
    for item in items {
        if numbers.len() == MOST_NUMBERS {
            return Err(Error::value(format!(
                "{name} is of more than {MOST_NUMBERS} numbers; so many at most are accepted"
            ))
            .into());
        }
        numbers.push(integer(name, &item?)?);
    }
    Ok(numbers)
}
