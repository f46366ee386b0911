//! The module that Python imports.

/// The compiled kernels behind `eokernels`.
///
/// The module needs the GIL: between the description of an array being read and the kernel's start nothing else must
/// change it, and builds of Python without a GIL have not been tried.
#[pyo3::pymodule(gil_used = true)]
mod _rust {
    use crate::kernels::kernels;
    use crate::python::signatures;
    use pyo3::prelude::*;
    use pyo3::types::PyDict;

    /// What was built and what runs: facts for the provenance of a measurement.
    ///
    /// Returns
    /// -------
    /// dict of str to str
    ///     ``version`` of the package. As compiled: ``profile`` (``"release"`` or ``"debug"``), ``opt_level``, ``lto``,
    ///     ``codegen_units``, ``debug_assertions``, ``overflow_checks``, ``panic``, ``target``, ``target_features`` (those
    ///     that all code may use), ``rustflags``; ``overridden``, what of these is not as the crate's ``Cargo.toml``
    ///     declares it. ``simd``, the widest instructions that kernels run on in this process (``"baseline"``, ``"avx2"``
    ///     or ``"avx512"``, of which some kernels make no use on Intel's processors; or the reason why kernels refuse to
    ///     run); ``simd_supported``, all that could be named in the environment variable ``EOKERNELS_SIMD``. ``rustc``,
    ///     the compiler's version. Those of the crates stand in the bill of materials in the wheel.
    #[pyfunction]
    fn build_info(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
        crate::python::arrays::guarded(|| facts(py))
    }

    /// What the build script found.
    const COMPILED: [(&str, &str); 12] = [
        ("profile", env!("EOKERNELS_PROFILE")),
        ("opt_level", env!("EOKERNELS_OPT_LEVEL")),
        ("lto", env!("EOKERNELS_LTO")),
        ("codegen_units", env!("EOKERNELS_CODEGEN_UNITS")),
        ("debug_assertions", if cfg!(debug_assertions) { "on" } else { "off" }),
        ("overflow_checks", env!("EOKERNELS_OVERFLOW_CHECKS")),
        ("panic", if cfg!(panic = "unwind") { "unwind" } else { "abort" }),
        ("overridden", env!("EOKERNELS_OVERRIDDEN")),
        ("rustflags", env!("EOKERNELS_RUSTFLAGS")),
        ("target", env!("EOKERNELS_TARGET")),
        ("target_features", env!("EOKERNELS_TARGET_FEATURES")),
        ("rustc", env!("EOKERNELS_RUSTC")),
    ];

    fn facts(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
        use crate::exec::simd::{Path, chosen};
        let info = PyDict::new(py);
        info.set_item("version", env!("CARGO_PKG_VERSION"))?;
        for (name, value) in COMPILED {
            info.set_item(name, value)?;
        }
        info.set_item("simd", chosen().map_or_else(|error| error.to_string(), |path| path.name().to_owned()))?;
        info.set_item("simd_supported", Path::all().into_iter().map(Path::name).collect::<Vec<_>>().join(", "))?;
        Ok(info)
    }

    /// Adds the functions of all kernels, and says by `CORE` which core dimensions each has.
    macro_rules! add_kernels {
        ($($kernel:ident: $core:literal;)*) => {
            fn add_kernels(module: &Bound<'_, PyModule>) -> PyResult<()> {
                let core = PyDict::new(module.py());
                $(
                    module.add_function(wrap_pyfunction!(signatures::$kernel::$kernel, module)?)?;
                    core.set_item(stringify!($kernel), $core)?;
                )*
                module.setattr("CORE", core)
            }
        };
    }
    kernels!(add_kernels);

    /// Adds what the package itself calls, and nobody sees who imports all.
    fn add_parts(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module
            .setattr("temporal_moments", wrap_pyfunction!(signatures::temporal_moments::temporal_moments, module)?)?;
        module.setattr("zonal_moments", wrap_pyfunction!(signatures::zonal_moments::zonal_moments, module)?)
    }

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // NumPy's functions are looked up now: a child that is forked in the middle of it would wait for them for ever.
        module.py().import("numpy")?;
        numpy::dtype::<f64>(module.py());
        crate::python::arrays::prepare(module.py())?;
        crate::exec::signals::ask(crate::python::signals::poll);
        add_kernels(module)?;
        add_parts(module)?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
