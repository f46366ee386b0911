//! Arrays as they lie in memory: strides to long rows, parts, transposition, and scratch that may not be had.

pub mod column;
pub mod copies;
pub mod overlap;
pub mod parts;
pub mod raw;
pub mod room;
pub mod rows;
pub mod spans;
pub mod transpose;
