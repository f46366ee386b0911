//! Earth Observation array kernels: views in, results written into views; Python is one feature among the crate's.
//!
//! A kernel is one file in `kernels`, which reads from top to bottom as scalar formula, driver and tests. The rooms, each of
//! which uses those before it alone: `number`, `exec`, `view`, `drive`, `algo`, `kernels`, `python`.

pub mod algo;
pub mod drive;
pub mod errors;
pub mod exec;
pub mod kernels;
pub mod number;
#[cfg(feature = "python")]
mod python;
pub mod view;
