//! Indices with an additive constant: what `scale` and `offset` say of their bands.

use crate::errors::Error;
use crate::number::counts::Additive;
use crate::number::dtypes::Dtype;
use crate::python::arguments::{Offset, Scale, shift_held};

/// The constants for bands of that dtype, which hold counts if `scale` and `offset` are given.
pub(crate) fn on_counts<A: Additive>(
    constants: A,
    scale: Option<Scale>,
    offset: Option<Offset>,
    bands: Dtype,
    result: Dtype,
) -> Result<A, Error> {
    match (scale, offset) {
        (Some(scale), Some(offset)) => {
            let mut constants = constants.of_counts(scale.in_dtype(result)?, offset.in_dtype(result)?);
            shift_held("scale", scale.0, *constants.added(), result)?;
            Ok(constants)
        }
        (Some(_), None) => Err(Error::value("offset is None and scale is not; both or neither are accepted")),
        (None, Some(_)) => Err(Error::value("scale is None and offset is not; both or neither are accepted")),
        (None, None) if !bands.is_float() => Err(Error::value(format!(
            "scale is None and the bands are {}; L and the index are meant for reflectance, so scale and offset are \
             needed (scale=1, offset=0 says that the counts are meant as they are)",
            bands.name()
        ))),
        (None, None) => Ok(constants),
    }
}
