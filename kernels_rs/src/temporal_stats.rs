//! Mean, standard deviation and number of the values that are not missing, over one axis.
//!
//! ```text
//! for each pixel: m, squares and n, its mean, the sum of squared deviations from it and the number of values (moments.rs)
//!     mean = m;  std = sqrt(squares / (n - ddof)), NaN where n <= ddof;  count = n;  each rounded once
//! ```
//!
//! Two passes, because the sum of squares minus the square of the sum loses every digit of a small deviation from a
//! large mean. The fast version makes both over a tile that fits in L2, so that the stack is read from memory once. To ask
//! for the next tile during the second gained nothing. Where one date has a power of two of bytes, the dates of a pixel
//! share a set of L2, and the second pass reads from L3, which hashes its addresses. To copy the tile in the first pass
//! would avoid that, and costs more everywhere (`docs/decisions/0011`).

use crate::errors::Error;
use crate::moments::{MOST, Moments};
use crate::real::Real;
use crate::room::Room;
use crate::simd::{Path, Task, dispatch};
use crate::sums::Summand;
use crate::temporal::{Output, Work, reduce, share, store};
use crate::tiles::Scratch;
use ndarray::ArrayViewMutD;

/// Bytes of a tile on all dates: it stays in L2, and of hundreds of dates each is still read in long stretches.
const TILE_BYTES: usize = 768 << 10;
/// Pixels of a tile, whatever its bytes.
const TILE_LEAST: usize = 64;

/// Where mean, standard deviation and number go.
pub type Stats<'a, O> = (ArrayViewMutD<'a, O>, ArrayViewMutD<'a, O>, ArrayViewMutD<'a, i32>);

/// The standard deviation of n values; what every path must give bit for bit.
#[must_use]
#[inline(always)]
pub fn scalar<O: Real>(squares: f64, count: i32, ddof: i32) -> O {
    let free = count - ddof; // neither is negative
    O::nearest(if free > 0 { (squares / f64::from(free)).sqrt() } else { f64::NAN })
}

/// Pixels of a tile of that many dates.
#[must_use]
pub fn width_of<K>(dates: usize) -> usize {
    (TILE_BYTES / size_of::<K>() / dates).clamp(TILE_LEAST, MOST) / 64 * 64
}

/// Computes `work` on that many threads.
///
/// # Errors
///
/// Memory or threads cannot be had, or the call was interrupted.
pub fn temporal_stats<K: Summand, O: Real + Output>(
    work: Work<'_, K, Stats<'_, O>>,
    ddof: usize,
    path: Path,
    threads: usize,
) -> Result<(), Error> {
    // More values than that cannot be counted.
    let ddof = i32::try_from(ddof).unwrap_or(i32::MAX);
    reduce(work, threads, &|mut piece, watch| {
        let (mut scratch, mut moments) = (Scratch::new(share(threads)), Moments::new());
        let (mut means, mut stds) = (Room::new(), Room::new());
        let width = width_of::<K>(piece.x.shape()[0]);
        for index in piece.rows() {
            let (row, (mut mean, mut std, mut count)) = piece.row(&index);
            row.for_each_tile(width, &mut scratch, |tile, pixels| {
                moments.of(tile, path, watch)?;
                means.make(pixels.len())?;
                stds.make(pixels.len())?;
                dispatch(path, Round { moments: &moments, ddof, means: &mut means, stds: &mut stds });
                store(&mut mean, pixels.clone(), &means);
                store(&mut std, pixels.clone(), &stds);
                store(&mut count, pixels, moments.counts());
                Ok(())
            })?;
        }
        Ok(())
    })
}

/// Means and standard deviations of a tile from its moments.
struct Round<'a, K: Summand, O> {
    moments: &'a Moments<K>,
    ddof: i32,
    means: &'a mut [O],
    stds: &'a mut [O],
}

impl<K: Summand, O: Real> Task for Round<'_, K, O> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        // Loops, not closures: these are not always inlined, and then run on the baseline's instructions.
        for (mean, exact) in self.means.iter_mut().zip(self.moments.means()) {
            *mean = O::nearest(*exact);
        }
        for ((std, squares), count) in self.stds.iter_mut().zip(self.moments.squares()).zip(self.moments.counts()) {
            *std = scalar(*squares, *count, self.ddof);
        }
    }
}

#[cfg(feature = "python")]
pub mod python {
    use super::Summand;
    use crate::arguments::{AxisArgument, Ddof, Nodata, Threads};
    use crate::arrays::{Dtype, by_dtype, guarded};
    use crate::bands::Shared;
    use crate::dtypes::Typed;
    use crate::real::Real;
    use crate::stacks::Call;
    use crate::temporal::Output;
    use pyo3::prelude::*;

    /// Mean, standard deviation and number, over one axis, usually time, of the values that are not missing.
    ///
    /// Parameters
    /// ----------
    /// x : numpy.ndarray of float32, float64, uint8, int16 or uint16
    ///     The stack, at least one dimension. Any strides (time first is fastest; a view with time last is read block
    ///     by block) and any address; it is never copied as a whole and never modified.
    /// axis : int, default 0
    ///     The axis that is reduced.
    /// ddof : int, default 0
    ///     What is taken from the number of values before the sum of squares is divided by it; 1 for a sample.
    /// nodata : int or float, optional
    ///     The value that marks missing data: of integers a whole number that they hold (0.0 is 0); of floats any
    ///     number, compared in their dtype, and NaN is missing as well, always.
    /// mask : numpy.ndarray of bool, or bool, optional
    ///     True where data are missing; broadcasts to the shape of `x`. True by itself hides all, False nothing.
    /// dtype : numpy.dtype, optional
    ///     float32 or float64, of mean and deviation. By default that of a float stack, and float32 for integers. Float
    ///     stacks accept only their own.
    /// out : tuple of three numpy.ndarray, optional
    ///     Takes the results: mean, deviation, number; of their shape and dtypes, any strides. They must not share
    ///     memory with each other, with `x` or with `mask`.
    /// num_threads : int, default 1
    ///     Threads to use, of which no more than the usable cores are started; the result has the same bits for every
    ///     number.
    ///
    /// Returns
    /// -------
    /// tuple of three numpy.ndarray
    ///     `out`, or fresh arrays in C order, of the shape of `x` without `axis`: the mean and the standard deviation
    ///     in the unit of `x`, float32 or float64, and the number of values, int32. Of no value the mean is NaN; of not
    ///     more than `ddof` the deviation is. Infinities are data. No warning is ever given.
    ///
    /// Raises
    /// ------
    /// TypeError
    ///     If an array is of a wrong kind or dtype (a masked array, a subclass that gives its values a meaning of its
    ///     own, foreign byte order), a number is of a wrong kind, or `out` is no tuple. The values of a subclass are
    ///     passed by numpy.asarray, and what it masks as `mask`.
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
    /// temporal_mean : The mean alone.
    ///
    /// Notes
    /// -----
    /// With n values x of mean m the deviation is sqrt((S - D D / n) / (n - ddof)), where S is the sum of (x - m) (x -
    /// m), and D, that of x - m, corrects it for the rounding of m; the difference is not taken below 0. Sums of
    /// integers are exact, so that theirs needs no correction. All is computed in float64, in the order of `axis`, and
    /// rounded once.
    ///
    /// The stack is read from memory once. The time taken does not depend on which values are missing. Beside arrays
    /// and result a call takes at most 64 MiB and twice what one series takes, whatever the shape. The GIL is released
    /// during the computation: other threads must not write to the arrays meanwhile, or the result is undefined.
    ///
    /// References
    /// ----------
    /// Chan, T. F., Golub, G. H., LeVeque, R. J. (1983). Algorithms for computing the sample variance: analysis and
    /// recommendations. The American Statistician 37 (3), 242-247.
    ///
    /// Examples
    /// --------
    /// >>> import eokernels, numpy as np
    /// >>> mean, std, count = eokernels.temporal_stats(np.array([[1, 0], [5, 0], [3, 8]], dtype=np.uint16), nodata=0)
    /// >>> mean, count
    /// (array([3., 8.], dtype=float32), array([3, 1], dtype=int32))
    #[pyfunction]
    #[pyo3(
        signature = (x, axis=AxisArgument(0), ddof=Ddof(0), *, nodata=None, mask=None, dtype=None, out=None, num_threads=Threads(1)),
        text_signature = "(x, axis=0, ddof=0, *, nodata=None, mask=None, dtype=None, out=None, num_threads=1)"
    )]
    #[allow(
        clippy::missing_errors_doc,
        clippy::needless_pass_by_value,
        reason = "numpydoc, and the signature is Python's"
    )]
    pub fn temporal_stats<'py>(
        x: &Bound<'py, PyAny>,
        axis: AxisArgument,
        ddof: Ddof,
        nodata: Option<Nodata>,
        mask: Option<&Bound<'py, PyAny>>,
        dtype: Option<&Bound<'py, PyAny>>,
        out: Option<&Bound<'py, PyAny>>,
        num_threads: Threads,
    ) -> PyResult<Bound<'py, PyAny>> {
        guarded(|| {
            let shared = Shared { nodata, mask, dtype, out, num_threads };
            let call = Call::several(x, axis, &shared, [None, None, Some(Dtype::Int32)])?;
            by_dtype!(call.input(), call.dtype, compute(&call, ddof.0))
        })
    }

    fn compute<'py, K, O>(call: &Call<'py, 3>, ddof: usize) -> PyResult<Bound<'py, PyAny>>
    where
        K: Summand + Typed,
        O: Real + Output + Typed,
    {
        call.run::<K, O, O, i32>(|work, path, threads| super::temporal_stats(work, ddof, path, threads))
    }
}
