//! Numbers: dtypes, the decimal that a float stands for, missing values, and the order of bits.

pub mod bits;
pub mod counts;
pub mod decimal;
pub mod dtypes;
pub mod lanes;
pub mod real;
