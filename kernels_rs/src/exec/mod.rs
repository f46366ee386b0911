//! How work is run: instruction sets, threads, and signals that end a call.

mod callers;
pub mod job;
mod pace;
pub mod par;
pub mod process;
pub mod signals;
pub mod simd;
pub mod watch;
