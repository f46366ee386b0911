//! Drivers: a formula or an algorithm applied to whole arrays; no formula is in here.

pub mod blocks;
pub mod elementwise;
pub mod fused;
pub mod judge;
pub mod passes;
pub mod quality;
pub mod questions;
pub mod results;
pub mod rough_bands;
pub mod rough_stacks;
pub mod row;
pub mod series;
pub mod smoothed;
pub mod temporal;
pub mod tiles;
mod widen;
