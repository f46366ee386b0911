//! The mean over one axis of the values that are not missing.
//!
//! ```text
//! for each pixel: sum and n of its values that are not missing, in the order of dates, in float64 (sums.rs)
//!     mean = sum / n, rounded once to the dtype of the result;  n = 0: 0 / 0, which is NaN
//! ```
//!
//! The fast version does the same for a tile of pixels at a time, whose sums stay in cache while twelve dates are added per
//! pass. What limits it is reading the stack, once.

use crate::errors::Error;
use crate::real::Real;
use crate::simd::{Path, Task, dispatch};
use crate::sums::{Summand, Sums};
use crate::temporal::{Output, Work, reduce, store};
use crate::tiles::Tile;
use ndarray::ArrayViewMutD;

/// Pixels of a tile. At 73 dates of 1024², 2048 take as long on one core of an AMD server (Zen 5), 12288 up to 8 % longer in
/// cache; before dates were asked for ahead, 1024 took 6 % longer than 2048 on one of an Intel server, 4096 about the same.
const TILE: usize = 6144;

/// The mean of values that add up to `sum`; what every path must give bit for bit.
#[must_use]
#[inline(always)]
pub fn scalar<O: Real>(sum: f64, count: i32) -> O {
    O::nearest(sum / f64::from(count))
}

/// Computes `work` on that many threads.
///
/// # Errors
///
/// The threads cannot be started.
pub fn temporal_mean<K: Summand, O: Real + Output>(
    work: Work<'_, K, ArrayViewMutD<'_, O>>,
    path: Path,
    threads: usize,
) -> Result<(), Error> {
    reduce(work, threads, &|mut piece, _| {
        let (mut sums, mut means) = (Sums::new(), vec![O::EMPTY; TILE]);
        for index in piece.rows() {
            let (row, mut out) = piece.row(&index);
            row.for_each_tile(TILE, |tile, pixels| {
                dispatch(path, Mean { tile, sums: &mut sums, means: &mut means });
                store(&mut out, pixels, &means);
            });
        }
        Ok(())
    })
}

/// The means of a tile.
struct Mean<'a, K: Summand, O> {
    tile: &'a Tile<'a, K>,
    sums: &'a mut Sums<K>,
    means: &'a mut [O],
}

impl<K: Summand, O: Real> Task for Mean<'_, K, O> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.sums.of(self.tile);
        for ((mean, sum), count) in self.means.iter_mut().zip(&*self.sums.total).zip(&*self.sums.count) {
            *mean = scalar(*sum, *count);
        }
    }
}

#[cfg(feature = "python")]
pub mod python {
    use super::Summand;
    use crate::arguments::{AxisArgument, Threads};
    use crate::arrays::{Admitted, by_dtype, output};
    use crate::real::Real;
    use crate::stacks::Call;
    use crate::temporal::Output;
    use numpy::Element;
    use pyo3::prelude::*;

    /// Mean over one axis, usually time, of the values that are not missing.
    ///
    /// Parameters
    /// ----------
    /// x : numpy.ndarray of float32, float64, uint8, int16 or uint16
    ///     The stack, at least one dimension. Any strides (time first is fastest; a view with time last is read block by
    ///     block); it is never copied as a whole and never modified.
    /// axis : int, default 0
    ///     The axis that is reduced.
    /// nodata : int, optional
    ///     The integer that marks missing data. Only for integer stacks; floats mark it by NaN.
    /// mask : numpy.ndarray of bool, optional
    ///     True where data are missing; broadcasts to the shape of `x`.
    /// dtype : numpy.dtype, optional
    ///     float32 or float64, of the result. By default that of a float stack, and float32 for integers. Float stacks
    ///     accept only their own.
    /// out : numpy.ndarray, optional
    ///     Takes the result; of its shape and dtype, any strides. It must not share memory with `x` or `mask`.
    /// num_threads : int, default 1
    ///     Threads to use; the result has the same bits for every number.
    ///
    /// Returns
    /// -------
    /// numpy.ndarray of float32 or float64
    ///     In the unit of `x`, of its shape without `axis`: `out`, or a fresh array in C order. Values are added in the
    ///     order of `axis`, and the sum divided, in float64; the mean is rounded once. NaN where every value is missing or
    ///     there are none; infinities are data. No warning is ever given.
    ///
    /// Raises
    /// ------
    /// TypeError
    ///     If an array is of a wrong kind or dtype (a masked array, foreign byte order), or a number is.
    /// ValueError
    ///     If shapes do not fit, an array is 0-dimensional or misaligned, `out` is read-only or overlaps, or a number is
    ///     out of its range.
    ///
    /// See Also
    /// --------
    /// temporal_stats : The standard deviation and the number of values as well.
    ///
    /// Notes
    /// -----
    /// The time taken does not depend on which values are missing. The GIL is released during the computation: other
    /// threads must not write to the arrays meanwhile, or the result is undefined.
    ///
    /// Examples
    /// --------
    /// >>> import eokernels, numpy as np
    /// >>> eokernels.temporal_mean(np.array([[1, 0], [5, 0], [3, 8]], dtype=np.uint16), nodata=0)
    /// array([3., 8.], dtype=float32)
    #[pyfunction]
    #[pyo3(
        signature = (x, axis=AxisArgument(0), *, nodata=None, mask=None, dtype=None, out=None, num_threads=Threads(1)),
        text_signature = "(x, axis=0, *, nodata=None, mask=None, dtype=None, out=None, num_threads=1)"
    )]
    #[allow(
        clippy::missing_errors_doc,
        clippy::needless_pass_by_value,
        reason = "numpydoc, and the signature is Python's"
    )]
    pub fn temporal_mean<'py>(
        x: &Bound<'py, PyAny>,
        axis: AxisArgument,
        nodata: Option<&Bound<'py, PyAny>>,
        mask: Option<&Bound<'py, PyAny>>,
        dtype: Option<&Bound<'py, PyAny>>,
        out: Option<&Bound<'py, PyAny>>,
        num_threads: Threads,
    ) -> PyResult<Bound<'py, PyAny>> {
        let call = Call::new(x, &axis, nodata, mask, dtype, &num_threads)?;
        let out = output(call.py(), out, &call.shape(), call.dtype, false)?;
        call.check(&out)?;
        by_dtype!(call.input(), call.dtype, compute(&call, &out))?;
        Ok(out.into_object())
    }

    fn compute<K, O>(call: &Call, out: &Admitted) -> PyResult<()>
    where
        K: Summand + Element,
        O: Real + Output + Element,
    {
        // SAFETY: `by_dtype` has matched K and O with the dtypes; `check` has found out distinct from the inputs.
        unsafe { call.run::<K, _>(out.view_mut::<O>(), super::temporal_mean) }
    }
}
