//! Arrays as they lie in memory: strides to long rows, parts, transposition, and scratch that may not be had.

pub(crate) mod column;
pub(crate) mod copies;
pub(crate) mod overlap;
pub(crate) mod parts;
pub(crate) mod raw;
pub(crate) mod room;
pub(crate) mod rows;
pub(crate) mod spans;
pub(crate) mod transpose;
