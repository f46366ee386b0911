//! How work is run: instruction sets, threads, and signals that end a call.

mod callers;
pub(crate) mod job;
mod pace;
pub(crate) mod par;
pub(crate) mod process;
pub(crate) mod signals;
pub(crate) mod simd;
pub(crate) mod watch;
