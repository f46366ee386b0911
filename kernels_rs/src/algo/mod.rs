//! Algorithms on values: networks, selection and sums; no strides are in here.

pub mod bisect;
pub mod groups;
mod label_runs;
pub mod moments;
pub mod network;
pub mod program;
mod programs;
pub mod selection;
pub mod small;
pub mod sums;
pub mod tallies;
