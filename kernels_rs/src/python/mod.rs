//! What Python hands over: the only room for its objects and its memory.

pub mod arguments;
pub mod arrays;
pub mod bands;
mod exceptions;
pub mod mask;
mod module;
pub mod numbers;
pub mod outputs;
pub mod quality_arguments;
pub mod signals;
pub mod signatures;
pub mod snapshots;
pub mod stacks;
pub mod strips;
pub mod zones;
