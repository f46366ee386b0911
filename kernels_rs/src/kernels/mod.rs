//! The kernels, a file each: pseudo-code, scalar formula, the driver that applies it, and tests.

pub(crate) mod evi;
pub(crate) mod mask_and_scale;
pub(crate) mod normalized_difference;
pub(crate) mod normalized_difference_dn;
pub(crate) mod temporal_mean;
pub(crate) mod temporal_median;
pub(crate) mod temporal_moments;
pub(crate) mod temporal_stats;
pub(crate) mod whittaker_smooth;
pub(crate) mod zonal_stats;
