//! Earth Observation array kernels: views in, results written into views; Python is one feature among the crate's.
//!
//! A kernel is one file in `kernels`, which reads from top to bottom as scalar formula, driver and tests. The rooms, each of
//! which uses those before it alone: `number`, `exec`, `view`, `drive`, `algo`, `kernels`, `python`.
//!
//! Nothing of them is seen from outside; `tests/kernels` is a module of the crate where it is tested.

// Without Python's side nobody calls most of it; whether it is needed shows with it.
#![cfg_attr(not(feature = "python"), allow(dead_code))]

mod algo;
mod drive;
mod errors;
mod exec;
mod kernels;
mod number;
#[cfg(feature = "python")]
mod python;
mod view;

/// What `benches/crossover.rs` measures, and nobody else uses from outside.
pub mod crossover {
    pub use crate::algo::program::Program;
    pub use crate::drive::temporal::{Output, Work};
    pub use crate::exec::simd::{Path, chosen};
    pub use crate::kernels::temporal_median::{Method, Series, temporal_median};
    pub use crate::number::lanes::Missing;
    pub use crate::number::real::Real;

    /// Most dates whose median is found in registers.
    pub const SELECT_MAX: usize = crate::algo::small::SELECT_MAX;
}

#[cfg(test)]
#[path = "../tests/kernels/main.rs"]
mod tests;
