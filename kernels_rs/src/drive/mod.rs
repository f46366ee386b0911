//! Drivers: a formula or an algorithm applied to whole arrays; no formula is in here.

pub(crate) mod blocks;
pub(crate) mod elementwise;
pub(crate) mod fused;
pub(crate) mod group;
mod group_results;
pub(crate) mod judge;
mod labels;
pub(crate) mod passes;
pub(crate) mod quality;
pub(crate) mod questions;
pub(crate) mod results;
pub(crate) mod rough_bands;
pub(crate) mod rough_stacks;
pub(crate) mod row;
pub(crate) mod series;
mod slices;
pub(crate) mod temporal;
pub(crate) mod tiles;
