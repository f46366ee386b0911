//! What statistics of parts of a stack can be put together from: number, mean and squared deviations, over one axis.
//!
//! ```text
//! for each pixel: n, m and squares of its values that are not missing, as float64 (moments.rs)
//! ```
//!
//! Those of two parts give those of the whole: with d = m2 - m1 and n = n1 + n2, m = m1 + d n2 / n and
//! squares = squares1 + squares2 + d² n1 n2 / n.

use crate::errors::Error;
use crate::moments::Moments;
use crate::simd::Path;
use crate::sums::Summand;
use crate::temporal::{Results, Work, reduce, share, store};
use crate::temporal_stats::width_of;
use crate::tiles::Scratch;
use ndarray::ArrayViewMutD;

/// Where number, mean and squares go.
pub type Parts<'a> = (ArrayViewMutD<'a, i32>, ArrayViewMutD<'a, f64>, ArrayViewMutD<'a, f64>);

/// Computes `work` on that many threads.
///
/// # Errors
///
/// Memory or threads cannot be had, or the call was interrupted.
pub fn temporal_moments<K: Summand>(mut work: Work<'_, K, Parts<'_>>, path: Path, threads: usize) -> Result<(), Error> {
    if work.x.is_empty() {
        work.out.clear();
        work.out.2.fill(0.0);
        return Ok(());
    }
    reduce(work, threads, &|mut piece, watch| {
        let (mut scratch, mut moments) = (Scratch::new(share(threads)), Moments::new());
        let width = width_of::<K>(piece.x.shape()[0]);
        for index in piece.rows() {
            let (row, (mut count, mut mean, mut squares)) = piece.row(&index);
            row.for_each_tile(width, &mut scratch, |tile, pixels| {
                moments.of(tile, path, watch)?;
                store(&mut count, pixels.clone(), moments.counts());
                store(&mut mean, pixels.clone(), moments.means());
                store(&mut squares, pixels, moments.squares());
                Ok(())
            })?;
        }
        Ok(())
    })
}

#[cfg(feature = "python")]
pub mod python {
    use super::Summand;
    use crate::arguments::{AxisArgument, Nodata, Threads};
    use crate::arrays::{Dtype, by_dtype, guarded};
    use crate::bands::Shared;
    use crate::dtypes::Typed;
    use crate::stacks::Call;
    use pyo3::prelude::*;

    /// Number, mean and sum of squared deviations from it, over one axis, of the values that are not missing.
    ///
    /// The building block of statistics of stacks that come in parts; whoever has the whole stack asks `temporal_stats`.
    ///
    /// Parameters
    /// ----------
    /// x : numpy.ndarray of float32, float64, uint8, int16 or uint16
    ///     The stack, or some dates of it; at least one dimension, any strides. It is never modified.
    /// axis : int, default 0
    ///     The axis that is reduced.
    /// nodata : number, optional
    ///     The value that marks missing data; floats mark it by NaN as well.
    /// mask : numpy.ndarray of bool, optional
    ///     True where data are missing; broadcasts to the shape of `x`.
    /// num_threads : int, default 1
    ///     Threads to use; the result has the same bits for every number.
    ///
    /// Returns
    /// -------
    /// tuple of three numpy.ndarray
    ///     Fresh arrays in C order, of the shape of `x` without `axis`: the number of values, int32; their mean, float64;
    ///     and the sum of the squares of what each differs from it by, float64. Of no values 0, NaN and 0.
    ///
    /// Raises
    /// ------
    /// TypeError
    ///     If an array is of a wrong kind or dtype, or a number is.
    /// ValueError
    ///     If shapes do not fit, or a number is out of its range.
    /// MemoryError
    ///     If the results or scratch memory cannot be had.
    ///
    /// See Also
    /// --------
    /// temporal_stats : Mean, standard deviation and number of a whole stack.
    ///
    /// Notes
    /// -----
    /// The GIL is released during the computation: other threads must not write to the arrays meanwhile, or the result is
    /// undefined.
    ///
    /// References
    /// ----------
    /// Chan, T. F., Golub, G. H., LeVeque, R. J. (1983). Algorithms for computing the sample variance: analysis and
    /// recommendations. The American Statistician, 37(3), 242-247.
    #[pyfunction]
    #[pyo3(
        signature = (x, axis=AxisArgument(0), *, nodata=None, mask=None, num_threads=Threads(1)),
        text_signature = "(x, axis=0, *, nodata=None, mask=None, num_threads=1)"
    )]
    #[allow(
        clippy::missing_errors_doc,
        clippy::needless_pass_by_value,
        reason = "numpydoc, and the signature is Python's"
    )]
    pub fn temporal_moments<'py>(
        x: &Bound<'py, PyAny>,
        axis: AxisArgument,
        nodata: Option<Nodata>,
        mask: Option<&Bound<'py, PyAny>>,
        num_threads: Threads,
    ) -> PyResult<Bound<'py, PyAny>> {
        guarded(|| {
            let shared = Shared { nodata, mask, dtype: None, out: None, num_threads };
            let call =
                Call::several(x, axis, &shared, [Some(Dtype::Int32), Some(Dtype::Float64), Some(Dtype::Float64)])?;
            by_dtype!(call.input(), call.dtype, compute(&call))
        })
    }

    /// O plays no part: the results are float64 whatever the input.
    #[allow(clippy::extra_unused_type_parameters, reason = "`by_dtype` hands over both types")]
    fn compute<'py, K: Summand + Typed, O>(call: &Call<'py, 3>) -> PyResult<Bound<'py, PyAny>> {
        call.run::<K, i32, f64, f64>(super::temporal_moments)
    }
}
