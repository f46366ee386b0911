//! The kernels, a file each: pseudo-code, scalar formula, the driver that applies it, and tests.

/// The list of the kernels, the only one: each with the core dimensions of its arrays and results, as NumPy's gufuncs
/// write them.
///
/// `kernels!(then)` hands it to the macro `then`. Of each kernel there is a file here and one in `python/signatures`.
macro_rules! kernels {
    ($then:ident) => {
        $then! {
            evi: "(),(),()->()";
            mask_and_scale: "(),()?->()";
            normalized_difference: "(),()->()";
            normalized_difference_dn: "(),()->()";
            savi: "(),()->()";
            temporal_max: "(t)->()";
            temporal_mean: "(t)->()";
            temporal_median: "(t)->()";
            temporal_stats: "(t)->(),(),()";
            whittaker_smooth: "(t),(t)?->(t)";
            zonal_stats: "(n),(n)->(z),(z),(z),(z),(z),(z)";
        }
    };
}

/// A module for each kernel, where it is called.
macro_rules! modules {
    ($($kernel:ident: $core:literal;)*) => {
        $(pub(crate) mod $kernel;)*
    };
}

#[cfg(feature = "python")]
pub(crate) use {kernels, modules};

kernels!(modules);
pub(crate) mod temporal_moments;
