//! The functions of the module, a file each.

#![allow(
    non_snake_case,
    clippy::missing_errors_doc,
    clippy::needless_pass_by_value,
    reason = "numpydoc, and the signature is Python's"
)]

use crate::kernels::{kernels, modules};

kernels!(modules);
pub(crate) mod temporal_moments;
pub(crate) mod zonal_moments;
