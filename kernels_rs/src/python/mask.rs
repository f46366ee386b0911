//! `mask`: an array, or one answer for all values.

use crate::errors::Error;
use crate::python::arrays::{Dtype, Offered, is_bool_scalar};
use crate::python::snapshots::Snapshot;
use crate::python::strips::Strip;
use crate::view::raw::Raw;
use pyo3::prelude::*;
use pyo3::types::PyBool;

/// `mask`, True where a value is missing: an array of any shape that broadcasts, or one answer for all values.
pub(crate) enum Mask<'py> {
    Array(Offered<'py>),
    /// Everything is missing.
    All,
}

impl<'py> Mask<'py> {
    /// None if nothing is masked.
    pub(crate) fn new(object: Option<&Bound<'py, PyAny>>) -> PyResult<Option<Self>> {
        let Some(object) = object else { return Ok(None) };
        if object.is_exact_instance_of::<PyBool>() || is_bool_scalar(object)? {
            return Ok(object.is_truthy()?.then_some(Self::All));
        }
        Offered::new("mask", object, &[Dtype::Bool]).map(|array| Some(Self::Array(array)))
    }

    pub(crate) fn snapshot(&self) -> Result<Snapshot<'_>, Error> {
        static MARK: u8 = 1;
        match self {
            Self::Array(array) => array.snapshot(),
            Self::All => {
                // SAFETY: one byte, which is never written: a mask is no output.
                let raw = unsafe { Raw::new((&raw const MARK).cast_mut(), &[], &[], Dtype::Bool) };
                let raw = raw.ok_or_else(|| Error::Internal("one byte is too much".to_owned()))?;
                Ok(Snapshot { name: "mask", raw, writeable: false })
            }
        }
    }

    /// A strip of it, if it is one of that shape.
    pub(crate) fn strip(&self, shape: &[usize]) -> Option<Strip<'_>> {
        match self {
            Self::Array(array) => array.strip(shape),
            Self::All => None,
        }
    }
}
