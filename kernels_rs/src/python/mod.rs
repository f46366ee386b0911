//! What Python hands over: the only room for its objects and its memory.

pub(crate) mod arguments;
pub(crate) mod arrays;
pub(crate) mod bands;
pub(crate) mod counts;
mod exceptions;
pub(crate) mod mask;
mod module;
pub(crate) mod numbers;
pub(crate) mod outputs;
pub(crate) mod quality_arguments;
mod said;
pub(crate) mod series;
pub(crate) mod signals;
pub(crate) mod signatures;
pub(crate) mod snapshots;
pub(crate) mod stacks;
pub(crate) mod strips;
pub(crate) mod zones;
