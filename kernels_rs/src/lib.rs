//! Earth Observation array kernels: views in, results written into views; Python is one feature among the crate's.
//!
//! A kernel is one file that reads from top to bottom as scalar formula, sequential driver, parallel driver, binding
//! and tests. `rows` turns strides into long rows, `par` spreads them over threads, `simd` picks the instructions.

pub mod bisect;
pub mod blocks;
pub mod elementwise;
pub mod errors;
pub mod evi;
pub mod lanes;
pub mod mask_and_scale;
pub mod network;
pub mod normalized_difference;
pub mod normalized_difference_dn;
pub mod par;
pub mod parts;
pub mod program;
pub mod quality;
pub mod real;
pub mod room;
pub mod rows;
pub mod simd;
pub mod small;
pub mod sums;
pub mod temporal;
pub mod temporal_mean;
pub mod temporal_median;
pub mod temporal_stats;
pub mod tiles;
pub mod transpose;

#[cfg(feature = "python")]
mod arguments;
#[cfg(feature = "python")]
mod arrays;
#[cfg(feature = "python")]
mod bands;
#[cfg(feature = "python")]
mod stacks;

/// The compiled kernels behind `eokernels`.
#[cfg(feature = "python")]
#[pyo3::pymodule]
mod _rust {
    use pyo3::prelude::*;
    use pyo3::types::PyDict;

    #[pymodule_export]
    use crate::evi::python::evi;
    #[pymodule_export]
    use crate::mask_and_scale::python::mask_and_scale;
    #[pymodule_export]
    use crate::normalized_difference::python::normalized_difference;
    #[pymodule_export]
    use crate::normalized_difference_dn::python::normalized_difference_dn;
    #[pymodule_export]
    use crate::temporal_mean::python::temporal_mean;
    #[pymodule_export]
    use crate::temporal_median::python::temporal_median;
    #[pymodule_export]
    use crate::temporal_stats::python::temporal_stats;

    /// What was built and what runs: facts for the provenance of a measurement.
    ///
    /// Returns
    /// -------
    /// dict of str to str
    ///     ``version`` of the package; ``profile`` (``"release"`` or ``"debug"``); ``lto``; ``simd``, the widest
    ///     instructions that kernels run on in this process (``"baseline"``, ``"avx2"`` or ``"avx512"``, of which some
    ///     kernels make no use on Intel's processors; or the reason why kernels refuse to run); ``simd_supported``, all
    ///     that could be named in the environment variable ``EOKERNELS_SIMD``; ``target``; ``rustc``; and the versions of
    ///     the crates ``pyo3``, ``numpy``, ``ndarray`` and ``rayon``.
    #[pyfunction]
    fn build_info(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
        use crate::simd::{Path, chosen};
        let info = PyDict::new(py);
        info.set_item("version", env!("CARGO_PKG_VERSION"))?;
        info.set_item("profile", env!("EOKERNELS_PROFILE"))?;
        info.set_item("lto", if env!("EOKERNELS_PROFILE") == "release" { "fat" } else { "off" })?;
        info.set_item("simd", chosen().map_or_else(|error| error.to_string(), |path| path.name().to_owned()))?;
        info.set_item("simd_supported", Path::all().into_iter().map(Path::name).collect::<Vec<_>>().join(", "))?;
        info.set_item("target", env!("EOKERNELS_TARGET"))?;
        info.set_item("rustc", env!("EOKERNELS_RUSTC"))?;
        for package in env!("EOKERNELS_CRATES").split_whitespace() {
            let (name, version) = package.split_once('=').unwrap_or((package, "unknown"));
            info.set_item(name, version)?;
        }
        Ok(info)
    }

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
