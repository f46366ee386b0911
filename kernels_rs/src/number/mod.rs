//! Numbers: dtypes, the decimal that a float stands for, missing values, and the order of bits.

pub(crate) mod bits;
pub(crate) mod counts;
pub(crate) mod decimal;
pub(crate) mod dtypes;
pub(crate) mod lanes;
pub(crate) mod real;
