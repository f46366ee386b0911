//! Mean, standard deviation and number of the values that are not missing, over one axis.
//!
//! ```text
//! for each pixel: sum and n of its values that are not missing, in the order of dates, in float64 (sums.rs)
//!     m = sum / n;  squares = 0
//!     for each date in order: if the value is not missing: squares = squares + (value - m)², in float64
//!     mean = m;  std = sqrt(squares / (n - ddof)), NaN where n <= ddof;  count = n;  each rounded once
//! ```
//!
//! Two passes, because the sum of squares minus the square of the sum loses every digit of a small deviation from a
//! large mean. The fast version makes both over a tile that fits in L2, so that the stack is read from memory once. To ask
//! for the next tile during the second gained nothing. Where one date has a power of two of bytes, the dates of a pixel
//! share a set of L2, and the second pass reads from L3, which hashes its addresses: on an Intel server 1024² took 4 % longer
//! a pixel than 1000², on an AMD server (Zen 5) no longer than 1023². To copy the tile in the first pass would avoid that
//! and takes 30 % longer everywhere.

use crate::errors::Error;
use crate::lanes::Missing;
use crate::real::Real;
use crate::room::Room;
use crate::simd::{Path, Task, dispatch};
use crate::sums::{Summand, Sums};
use crate::temporal::{Output, Work, reduce, store};
use crate::tiles::{Pass, Tile};
use ndarray::ArrayViewMutD;

/// Bytes of a tile on all dates. With 256 KiB the pixels of 460 dates are so few that a date is read in bits of 512 bytes,
/// which takes 1.5 times as long.
const TILE_BYTES: usize = 768 << 10;
/// Pixels of a tile, whatever its bytes.
const TILE_LEAST: usize = 64;
const TILE_MOST: usize = 2048;

/// Where mean, standard deviation and number go.
pub type Stats<'a, O> = (ArrayViewMutD<'a, O>, ArrayViewMutD<'a, O>, ArrayViewMutD<'a, i32>);

/// The standard deviation of n values; what every path must give bit for bit.
#[must_use]
#[inline(always)]
pub fn scalar<O: Real>(squares: f64, count: i32, ddof: i32) -> O {
    let free = count - ddof; // neither is negative
    O::nearest(if free > 0 { (squares / f64::from(free)).sqrt() } else { f64::NAN })
}

/// Computes `work` on that many threads.
///
/// # Errors
///
/// The threads cannot be started.
pub fn temporal_stats<K: Summand, O: Real + Output>(
    work: Work<'_, K, Stats<'_, O>>,
    ddof: usize,
    path: Path,
    threads: usize,
) -> Result<(), Error> {
    reduce(work, threads, &|mut piece, _| {
        let mut moments = Moments::new(ddof);
        let width = (TILE_BYTES / size_of::<K>() / piece.x.shape()[0]).clamp(TILE_LEAST, TILE_MOST) / 64 * 64;
        for index in piece.rows() {
            let (row, (mut mean, mut std, mut count)) = piece.row(&index);
            row.for_each_tile(width, |tile, pixels| {
                dispatch(path, Both { tile, moments: &mut moments });
                store(&mut mean, pixels.clone(), &moments.mean);
                store(&mut std, pixels.clone(), &moments.std);
                store(&mut count, pixels, &moments.sums.count);
            });
        }
        Ok(())
    })
}

/// The statistics of a tile; kept from tile to tile for its memory.
struct Moments<K: Summand, O> {
    sums: Sums<K>,
    squares: Squares<K>,
    ddof: i32,
    mean: Room<O>,
    std: Room<O>,
}

impl<K: Summand, O: Real> Moments<K, O> {
    fn new(ddof: usize) -> Self {
        let squares = Squares { missing: Missing::default(), means: Room::new(), sums: Room::new() };
        // More values than that cannot be counted.
        let ddof = i32::try_from(ddof).unwrap_or(i32::MAX);
        Self { sums: Sums::new(), squares, ddof, mean: Room::new(), std: Room::new() }
    }
}

/// Sums of squared deviations from the means.
struct Squares<K> {
    missing: Missing<K>,
    means: Room<f64>,
    sums: Room<f64>,
}

/// Both passes over a tile.
struct Both<'a, K: Summand, O> {
    tile: &'a Tile<'a, K>,
    moments: &'a mut Moments<K, O>,
}

impl<K: Summand, O: Real> Task for Both<'_, K, O> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Moments { sums, squares, ddof, mean, std } = self.moments;
        sums.of(self.tile);
        squares.missing = self.tile.missing;
        squares.means.make(self.tile.pixels());
        for ((mean, sum), count) in squares.means.iter_mut().zip(&*sums.total).zip(&*sums.count) {
            *mean = sum / f64::from(*count);
        }
        squares.sums.zeros(self.tile.pixels());
        Tile { far: false, ..*self.tile }.pass(squares);
        // Loops, not closures: these are not always inlined, and then run on the baseline's instructions.
        let (mean, std) = (mean.make(self.tile.pixels()), std.make(self.tile.pixels()));
        for (mean, exact) in mean.iter_mut().zip(&*squares.means) {
            *mean = O::nearest(*exact);
        }
        for ((std, squares), count) in std.iter_mut().zip(&*squares.sums).zip(&*sums.count) {
            *std = scalar(*squares, *count, *ddof);
        }
    }
}

impl<K: Summand> Pass<K> for Squares<K> {
    #[inline(always)]
    fn take<const N: usize>(
        &mut self,
        first: usize,
        dates: [impl AsRef<[K]> + Copy; N],
        gap: impl Fn(usize, usize) -> bool,
    ) {
        add(dates, gap, self.missing, &self.means[first..], &mut self.sums[first..]);
    }
}

/// Adds the squares of N dates.
#[inline(always)]
fn add<K: Summand, const N: usize>(
    dates: [impl AsRef<[K]> + Copy; N],
    gap: impl Fn(usize, usize) -> bool,
    missing: Missing<K>,
    means: &[f64],
    squares: &mut [f64],
) {
    let pixels = dates[0].as_ref().len();
    let (means, squares) = (&means[..pixels], &mut squares[..pixels]);
    for w in 0..pixels {
        let (mean, mut sum) = (means[w], squares[w]);
        for (i, date) in dates.iter().enumerate() {
            let x = date.as_ref()[w];
            let gap = gap(i, w) | x.is_missing(missing);
            let deviation = if gap { 0.0 } else { x.into() - mean };
            sum += deviation * deviation;
        }
        squares[w] = sum;
    }
}

#[cfg(feature = "python")]
pub mod python {
    use super::Summand;
    use crate::arguments::{AxisArgument, Ddof, Threads};
    use crate::arrays::{Dtype, Outputs, by_dtype, outputs};
    use crate::real::Real;
    use crate::stacks::Call;
    use crate::temporal::Output;
    use numpy::Element;
    use pyo3::prelude::*;

    /// Mean, standard deviation and number, over one axis, usually time, of the values that are not missing.
    ///
    /// Parameters
    /// ----------
    /// x : numpy.ndarray of float32, float64, uint8, int16 or uint16
    ///     The stack, at least one dimension. Any strides (time first is fastest; a view with time last is read block by
    ///     block); it is never copied as a whole and never modified.
    /// axis : int, default 0
    ///     The axis that is reduced.
    /// ddof : int, default 0
    ///     What is taken from the number of values before the sum of squares is divided by it; 1 for a sample.
    /// nodata : int, optional
    ///     The integer that marks missing data. Only for integer stacks; floats mark it by NaN.
    /// mask : numpy.ndarray of bool, optional
    ///     True where data are missing; broadcasts to the shape of `x`.
    /// dtype : numpy.dtype, optional
    ///     float32 or float64, of mean and deviation. By default that of a float stack, and float32 for integers. Float
    ///     stacks accept only their own.
    /// out : tuple of three numpy.ndarray, optional
    ///     Takes the results: mean, deviation, number; of their shape and dtypes, any strides. They must not share memory
    ///     with each other, with `x` or with `mask`.
    /// num_threads : int, default 1
    ///     Threads to use; the result has the same bits for every number.
    ///
    /// Returns
    /// -------
    /// tuple of three numpy.ndarray
    ///     `out`, or fresh arrays in C order, of the shape of `x` without `axis`: the mean and the standard deviation in
    ///     the unit of `x`, float32 or float64, and the number of values, int32. All is computed in float64, in the order
    ///     of `axis`, the deviation from the mean in a second pass, and rounded once. Of no value the mean is NaN; of not
    ///     more than `ddof` the deviation is. Infinities are data. No warning is ever given.
    ///
    /// Raises
    /// ------
    /// TypeError
    ///     If an array is of a wrong kind or dtype (a masked array, foreign byte order), a number is, or `out` is no tuple.
    /// ValueError
    ///     If shapes do not fit, an array is 0-dimensional or misaligned, `out` is read-only or overlaps, or a number is
    ///     out of its range.
    ///
    /// See Also
    /// --------
    /// temporal_mean : The mean alone.
    ///
    /// Notes
    /// -----
    /// The stack is read from memory once. The time taken does not depend on which values are missing. The GIL is released during the computation: other
    /// threads must not write to the arrays meanwhile, or the result is undefined.
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
        nodata: Option<&Bound<'py, PyAny>>,
        mask: Option<&Bound<'py, PyAny>>,
        dtype: Option<&Bound<'py, PyAny>>,
        out: Option<&Bound<'py, PyAny>>,
        num_threads: Threads,
    ) -> PyResult<Bound<'py, PyAny>> {
        let call = Call::new(x, &axis, nodata, mask, dtype, &num_threads)?;
        let out = outputs(call.py(), out, &call.shape(), [call.dtype, call.dtype, Dtype::Int32])?;
        out.arrays.iter().try_for_each(|array| call.check(array))?;
        by_dtype!(call.input(), call.dtype, compute(&call, ddof.0, &out))?;
        Ok(out.into_object())
    }

    fn compute<K, O>(call: &Call, ddof: usize, out: &Outputs<3>) -> PyResult<()>
    where
        K: Summand + Element,
        O: Real + Output + Element,
    {
        let [mean, std, count] = &out.arrays;
        // SAFETY: `by_dtype` has matched K and O with the dtypes, and the counts are int32; `outputs` and `check` have
        // found the three distinct from each other and from the inputs.
        unsafe {
            let views = (mean.view_mut::<O>(), std.view_mut::<O>(), count.view_mut::<i32>());
            call.run::<K, _>(views, |work, path, threads| super::temporal_stats(work, ddof, path, threads))
        }
    }
}
