//! The functions of the module, a file each.

pub(crate) mod evi;
pub(crate) mod mask_and_scale;
pub(crate) mod normalized_difference;
pub(crate) mod normalized_difference_dn;
pub(crate) mod temporal_mean;
pub(crate) mod temporal_median;
pub(crate) mod temporal_moments;
pub(crate) mod temporal_stats;
pub(crate) mod whittaker_smooth;
pub(crate) mod zonal_moments;
pub(crate) mod zonal_stats;
