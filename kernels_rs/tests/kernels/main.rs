//! The kernels as plain Rust, without Python. One program, as each would compile every kernel again.

mod common;
mod elementwise;
mod memory;
mod networks;
mod rough;
mod stacks;
mod temporal_median;
mod temporal_sums;
