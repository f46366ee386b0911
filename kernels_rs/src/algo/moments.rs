//! The mean of the values of each pixel of a tile, and the sum of their squared deviations from it.
//!
//! ```text
//! for each pixel: sum and n of its values that are not missing, in the order of dates, in float64 (sums.rs)
//!     m = sum / n;  squares = 0;  deviations = 0
//!     for each date in order: if the value is not missing: d = value - m;  squares = squares + d²;  deviations = deviations + d
//!     floats in doubt: squares = squares - deviations² / n, and not below 0
//! ```
//!
//! The sum of floats is rounded, so m is not quite their mean, and the squares are too large by n times the square of
//! what it is off by; the deviations say how far that is. The sum of integers is exact.
//!
//! m is off by n 2⁻⁵³ times the values' size at most. Where they spread much wider, the correction is below the last place
//! of the result. So the fast version adds up squares alone, and goes through a tile once more, for the deviations, only
//! if one of its pixels is in doubt, which depends on that pixel's values alone.

use crate::algo::sums::{Summand, Sums};
use crate::drive::passes::Pass;
use crate::drive::tiles::Tile;
use crate::errors::Error;
use crate::exec::par::Watch;
use crate::exec::simd::{Path, Task, dispatch};
use crate::view::room::Room;

/// The moments of a tile; kept from tile to tile for their memory.
pub(crate) struct Moments<K: Summand> {
    sums: Sums<K>,
    deviations: Deviations,
}

/// Most pixels of a tile.
pub(crate) const MOST: usize = 2048;
/// From the means to the sums of deviations, and on to those of squares: no multiple of 4 KiB, at which loads are taken
/// for those of what has just been stored.
const SPAN: usize = MOST + 40;

/// Means, sums of deviations from them, and of their squares; in one piece, as beside the pointers to twelve dates there
/// is no register for three more. As a pass it adds up squares alone.
struct Deviations(Room<f64>);

impl Deviations {
    /// Of so many pixels.
    fn begin(&mut self, pixels: usize) -> Result<(), Error> {
        assert!(pixels <= MOST, "a tile of {pixels} pixels");
        self.0.make(3 * SPAN)?;
        let (_, sums, squares) = self.parts(pixels);
        sums.fill(0.0);
        squares.fill(0.0);
        Ok(())
    }

    fn parts(&mut self, pixels: usize) -> (&mut [f64], &mut [f64], &mut [f64]) {
        let (means, rest) = self.0.split_at_mut(SPAN);
        let (sums, squares) = rest.split_at_mut(SPAN);
        (&mut means[..pixels], &mut sums[..pixels], &mut squares[..pixels])
    }
}

impl<K: Summand> Moments<K> {
    /// Of no pixel.
    #[must_use]
    pub(crate) fn new() -> Self {
        Self { sums: Sums::new(), deviations: Deviations(Room::new()) }
    }

    /// Makes them those of a tile.
    ///
    /// # Errors
    ///
    /// Scratch memory cannot be had, or the call was interrupted.
    pub(crate) fn of(&mut self, tile: &mut Tile<'_, K>, path: Path, watch: &Watch) -> Result<(), Error> {
        self.sums.of(tile, path, watch)?;
        self.deviations.begin(tile.pixels())?;
        dispatch(path, Means(self));
        tile.pass(path, watch, &mut self.deviations)?;
        if !K::FINITE_LIMITS && dispatch(path, Doubt(self)) {
            self.deviations.begin(tile.pixels())?;
            tile.pass(path, watch, &mut WithSums(&mut self.deviations))?;
            dispatch(path, Correct(self));
        }
        Ok(())
    }

    /// The mean of each pixel; NaN of no values.
    #[must_use]
    pub(crate) fn means(&self) -> &[f64] {
        &self.deviations.0[..self.counts().len()]
    }

    /// Its sum of squared deviations.
    #[must_use]
    pub(crate) fn squares(&self) -> &[f64] {
        &self.deviations.0[2 * SPAN..][..self.counts().len()]
    }

    /// The number of its values.
    #[must_use]
    pub(crate) fn counts(&self) -> &[i32] {
        &self.sums.count
    }
}

impl<K: Summand> Default for Moments<K> {
    fn default() -> Self {
        Self::new()
    }
}

struct Means<'a, K: Summand>(&'a mut Moments<K>);

impl<K: Summand> Task for Means<'_, K> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Moments { sums, deviations } = self.0;
        let (means, ..) = deviations.parts(sums.count.len());
        for ((mean, sum), count) in means.iter_mut().zip(&*sums.total).zip(&*sums.count) {
            *mean = sum / f64::from(*count);
        }
    }
}

struct Doubt<'a, K: Summand>(&'a mut Moments<K>);

impl<K: Summand> Task for Doubt<'_, K> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let Moments { sums: Sums { count, .. }, deviations } = self.0;
        let (means, _, squares) = deviations.parts(count.len());
        let pixels = means.iter().zip(&*squares).zip(&**count);
        pixels.fold(false, |any, ((mean, squares), count)| any | doubtful(*mean, *squares, *count))
    }
}

struct Correct<'a, K: Summand>(&'a mut Moments<K>);

impl<K: Summand> Task for Correct<'_, K> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Moments { sums: Sums { count, .. }, deviations } = self.0;
        let (means, sums, squares) = deviations.parts(count.len());
        for (((squares, sum), mean), count) in squares.iter_mut().zip(sums).zip(means).zip(&**count) {
            if doubtful(*mean, *squares, *count) {
                *squares = corrected(*squares, *sum, *count);
            }
        }
    }
}

/// Whether the rounding of the mean could show in the sum of squared deviations from it: where the values' spread is
/// less than n 2⁻²³ times the mean, or the squares overflow. Elsewhere the correction is less than 2⁻⁶⁰ of them.
#[must_use]
#[inline(always)]
pub(crate) fn doubtful(mean: f64, squares: f64, count: i32) -> bool {
    let (n, reach) = (f64::from(count), f64::from(count) * mean * (1.0 / 8_388_608.0));
    (squares > 0.0 && squares < n * reach * reach) || squares == f64::INFINITY
}

/// The sum of squared deviations from the very mean of n values; what every path must give bit for bit.
#[must_use]
#[inline(always)]
pub(crate) fn corrected(squares: f64, deviations: f64, count: i32) -> f64 {
    let exact = squares - deviations * deviations / f64::from(count.max(1)); // of no values 0, not 0 / 0
    if exact < 0.0 { 0.0 } else { exact }
}

impl<K: Summand> Pass<K> for Deviations {
    #[inline(always)]
    fn take<const N: usize>(
        &mut self,
        first: usize,
        dates: [impl AsRef<[K]> + Copy; N],
        gap: impl Fn(usize, usize, K) -> bool,
    ) {
        add::<K, N, false>(dates, gap, first, self.0.first_chunk_mut().expect("three spans"));
    }

    #[inline(always)]
    fn series(&mut self, pixel: usize, values: &[K], gap: impl Fn(usize, K) -> bool) {
        self.along::<K>(pixel, values, gap);
    }
}

/// The pass that adds up deviations as well.
struct WithSums<'a>(&'a mut Deviations);

impl<K: Summand> Pass<K> for WithSums<'_> {
    #[inline(always)]
    fn take<const N: usize>(
        &mut self,
        first: usize,
        dates: [impl AsRef<[K]> + Copy; N],
        gap: impl Fn(usize, usize, K) -> bool,
    ) {
        add::<K, N, true>(dates, gap, first, self.0.0.first_chunk_mut().expect("three spans"));
    }

    #[inline(always)]
    fn series(&mut self, pixel: usize, values: &[K], gap: impl Fn(usize, K) -> bool) {
        self.0.along::<K>(pixel, values, gap);
    }
}

impl Deviations {
    /// Takes some values of one pixel, whose deviations cost nothing beside the chain of squares.
    #[inline(always)]
    fn along<K: Summand>(&mut self, pixel: usize, values: &[K], gap: impl Fn(usize, K) -> bool) {
        let (mean, mut sum, mut squares) = (self.0[pixel], self.0[SPAN + pixel], self.0[2 * SPAN + pixel]);
        for (t, &x) in values.iter().enumerate() {
            let deviation = if gap(t, x) { 0.0 } else { x.into() - mean };
            squares += deviation * deviation;
            sum += deviation;
        }
        (self.0[SPAN + pixel], self.0[2 * SPAN + pixel]) = (sum, squares);
    }
}

/// Adds the squares of N dates of the pixels that begin at `first`, and, if asked to, the deviations.
#[inline(always)]
fn add<K: Summand, const N: usize, const SUMS: bool>(
    dates: [impl AsRef<[K]> + Copy; N],
    gap: impl Fn(usize, usize, K) -> bool,
    first: usize,
    sheet: &mut [f64; 3 * SPAN],
) {
    let pixels = dates[0].as_ref().len();
    assert!(first <= MOST && pixels <= MOST - first);
    for w in 0..pixels {
        let at = first + w;
        let (mean, mut square) = (sheet[at], sheet[2 * SPAN + at]);
        let mut sum = if SUMS { sheet[SPAN + at] } else { 0.0 };
        for (i, date) in dates.iter().enumerate() {
            let x = date.as_ref()[w];
            let deviation = if gap(i, w, x) { 0.0 } else { x.into() - mean };
            square += deviation * deviation;
            if SUMS {
                sum += deviation;
            }
        }
        sheet[2 * SPAN + at] = square;
        if SUMS {
            sheet[SPAN + at] = sum;
        }
    }
}
