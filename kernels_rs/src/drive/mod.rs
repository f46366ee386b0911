//! Drivers: a formula or an algorithm applied to whole arrays; no formula is in here.

pub mod blocks;
pub mod elementwise;
pub mod fused;
pub mod group;
mod group_results;
pub mod judge;
mod labels;
pub mod passes;
pub mod quality;
pub mod questions;
pub mod results;
pub mod rough_bands;
pub mod rough_stacks;
pub mod row;
mod slices;
pub mod temporal;
pub mod tiles;
