//! Algorithms on values: networks, selection and sums; no strides are in here.

pub(crate) mod banded;
pub(crate) mod bisect;
pub(crate) mod groups;
mod label_runs;
pub(crate) mod moments;
#[allow(dead_code, reason = "the build script and tests use the rest")]
pub(crate) mod network;
pub(crate) mod program;
mod programs;
pub(crate) mod selection;
pub(crate) mod small;
pub(crate) mod smooth;
pub(crate) mod sums;
pub(crate) mod tallies;
