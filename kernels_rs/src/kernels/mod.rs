//! The kernels, a file each: pseudo-code, scalar formula, the driver that applies it, and tests.

pub mod evi;
pub mod mask_and_scale;
pub mod normalized_difference;
pub mod normalized_difference_dn;
pub mod temporal_mean;
pub mod temporal_median;
pub mod temporal_moments;
pub mod temporal_stats;
pub mod zonal_stats;
