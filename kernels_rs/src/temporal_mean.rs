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
use crate::room::Room;
use crate::simd::{Path, Task, dispatch};
use crate::sums::{Summand, Sums};
use crate::temporal::{Output, Work, reduce, share, store};
use crate::tiles::Scratch;
use ndarray::ArrayViewMutD;

/// Pixels of a tile: many, as dates are then read in long stretches, and so few that sums and counts stay in L2.
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
/// Memory or threads cannot be had, or the call was interrupted.
pub fn temporal_mean<K: Summand, O: Real + Output>(
    work: Work<'_, K, ArrayViewMutD<'_, O>>,
    path: Path,
    threads: usize,
) -> Result<(), Error> {
    reduce(work, threads, &|mut piece, watch| {
        let (mut scratch, mut sums, mut means) = (Scratch::new(share(threads)), Sums::new(), Room::new());
        for index in piece.rows() {
            let (row, mut out) = piece.row(&index);
            row.for_each_tile(TILE, &mut scratch, |tile, pixels| {
                sums.of(tile, path, watch)?;
                means.make(pixels.len())?;
                dispatch(path, Mean { sums: &sums, means: &mut means });
                store(&mut out, pixels, &means);
                Ok(())
            })?;
        }
        Ok(())
    })
}

/// The means of a tile from its sums.
struct Mean<'a, K: Summand, O> {
    sums: &'a Sums<K>,
    means: &'a mut [O],
}

impl<K: Summand, O: Real> Task for Mean<'_, K, O> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((mean, sum), count) in self.means.iter_mut().zip(&*self.sums.total).zip(&*self.sums.count) {
            *mean = scalar(*sum, *count);
        }
    }
}

#[cfg(feature = "python")]
pub mod python {
    use super::Summand;
    use crate::arguments::{AxisArgument, Nodata, Threads};
    use crate::arrays::{by_dtype, guarded};
    use crate::bands::Shared;
    use crate::dtypes::Typed;
    use crate::real::Real;
    use crate::stacks::Call;
    use crate::temporal::Output;
    use pyo3::prelude::*;

    /// Mean over one axis, usually time, of the values that are not missing.
    ///
    /// Parameters
    /// ----------
    /// x : numpy.ndarray of float32, float64, uint8, int16 or uint16
    ///     The stack, at least one dimension. Any strides (time first is fastest; a view with time last is read block
    ///     by block) and any address; it is never copied as a whole and never modified.
    /// axis : int, default 0
    ///     The axis that is reduced.
    /// nodata : int or float, optional
    ///     The value that marks missing data: of integers a whole number that they hold (0.0 is 0); of floats any
    ///     number, compared in their dtype, and NaN is missing as well, always.
    /// mask : numpy.ndarray of bool, or bool, optional
    ///     True where data are missing; broadcasts to the shape of `x`. True by itself hides all, False nothing.
    /// dtype : numpy.dtype, optional
    ///     float32 or float64, of the result. By default that of a float stack, and float32 for integers. Float stacks
    ///     accept only their own.
    /// out : numpy.ndarray, optional
    ///     Takes the result; of its shape and dtype, any strides. It must not share memory with `x` or `mask`.
    /// num_threads : int, default 1
    ///     Threads to use, of which no more than the usable cores are started; the result has the same bits for every
    ///     number.
    ///
    /// Returns
    /// -------
    /// numpy.ndarray of float32 or float64
    ///     In the unit of `x`, of its shape without `axis`: `out`, or a fresh array in C order. Values are added in the
    ///     order of `axis`, and the sum divided, in float64; the mean is rounded once. NaN where every value is missing
    ///     or there are none; infinities are data. No warning is ever given.
    ///
    /// Raises
    /// ------
    /// TypeError
    ///     If an array is of a wrong kind or dtype (a masked array, a subclass that gives its values a meaning of its
    ///     own, foreign byte order), or a number is of a wrong kind. The values of a subclass are passed by
    ///     numpy.asarray, and what it masks as `mask`.
    /// ValueError
    ///     If shapes do not fit, `x` has no dimension, `out` is misaligned, read-only or overlaps, or a number is out
    ///     of its range.
    /// OverflowError
    ///     If there are more dates than 2147483647, which int32 counts.
    /// MemoryError
    ///     If memory or threads cannot be had. `out` may hold a part of the results then.
    /// KeyboardInterrupt
    ///     Or whatever a handler of signals raises, in the main thread, within 0.2 s; `out` as above.
    ///
    /// See Also
    /// --------
    /// temporal_stats : The standard deviation and the number of values as well.
    ///
    /// Notes
    /// -----
    /// The time taken does not depend on which values are missing. Beside arrays and result a call takes at most 64 MiB
    /// and twice what one series takes, whatever the shape. The GIL is released during the computation: other threads
    /// must not write to the arrays meanwhile, or the result is undefined.
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
        nodata: Option<Nodata>,
        mask: Option<&Bound<'py, PyAny>>,
        dtype: Option<&Bound<'py, PyAny>>,
        out: Option<&Bound<'py, PyAny>>,
        num_threads: Threads,
    ) -> PyResult<Bound<'py, PyAny>> {
        guarded(|| {
            let call = Call::new(x, axis, &Shared { nodata, mask, dtype, out, num_threads })?;
            by_dtype!(call.input(), call.dtype, compute(&call))
        })
    }

    fn compute<'py, K, O>(call: &Call<'py, 1>) -> PyResult<Bound<'py, PyAny>>
    where
        K: Summand + Typed,
        O: Real + Output + Typed,
    {
        call.run::<K, O>(super::temporal_mean)
    }
}
