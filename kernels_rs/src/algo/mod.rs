//! Algorithms on values: networks, selection and sums; no strides are in here.

pub mod banded;
pub mod bisect;
pub mod groups;
pub mod moments;
pub mod network;
pub mod penalty;
pub mod program;
mod programs;
pub mod selection;
mod shared;
pub mod small;
pub mod smooth;
pub mod sums;
mod walks;
