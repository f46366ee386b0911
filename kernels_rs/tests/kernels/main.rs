//! The kernels as plain Rust, without Python: a module of the crate where it is tested (`lib.rs`).

mod common;
mod elementwise;
mod memory;
mod networks;
mod rough;
mod stacks;
mod temporal_max;
mod temporal_median;
mod temporal_sums;
