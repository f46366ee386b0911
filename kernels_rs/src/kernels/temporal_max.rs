//! The largest over one axis of the values that are not missing.
//!
//! ```text
//! for each pixel: most = the least of the dtype;  seen = 0
//!     for each date: if the value is not missing: most = the larger of both;  seen = 1
//!     seen = 0: NaN;  else most + 0, which makes +0 of -0
//! ```
//!
//! The larger of +0 and -0 is whichever comes first, so the order could be told from the bits, but for the sum with +0.
//!
//! The fast version does the same for a tile of pixels at a time, twelve dates per pass, with the least of the dtype for a
//! missing value: no branch, and the time does not depend on the gaps. A series that lies in memory is taken as dates of
//! `LANES` pixels, whose largest are joined. What limits it is reading the stack, once.

use crate::drive::passes::Pass;
use crate::drive::temporal::{Output, Work, reduce, share, store};
use crate::drive::tiles::{Scratch, Tile};
use crate::errors::Error;
use crate::exec::par::Watch;
use crate::exec::simd::{Path, Task, dispatch};
use crate::number::lanes::{Key, greater};
use crate::number::real::Real;
use crate::view::room::Room;
use ndarray::ArrayViewMutD;

/// Pixels of a tile: many, as dates are then read in long stretches, and so few that what is kept of them stays in L2.
const TILE: usize = 6144;
/// Values of a series that are taken side by side.
const LANES: usize = 16;

/// The result where `most` is the largest and `seen` not 0, if there was any value; what every path must give bit for bit.
#[must_use]
#[inline(always)]
pub(crate) fn scalar<K: Key, O: Real + From<K>>(most: K, seen: K) -> O {
    if seen == K::default() { O::NAN } else { O::from(most) + O::default() }
}

/// Computes `work` on that many threads.
///
/// # Errors
///
/// Memory or threads cannot be had, or the call was interrupted.
pub(crate) fn temporal_max<K: Key, O: Real + Output + From<K>>(
    work: Work<'_, K, ArrayViewMutD<'_, O>>,
    path: Path,
    threads: usize,
) -> Result<(), Error> {
    reduce(work, threads, &|mut piece, watch| {
        let mut scratch = Scratch::new(share(threads));
        let (mut kept, mut results) = (Largest { most: Room::new(), seen: Room::new() }, Room::new());
        for index in piece.rows() {
            let (row, mut out) = piece.row(&index);
            row.for_each_tile(TILE, &mut scratch, |tile, pixels| {
                kept.of(tile, path, watch)?;
                results.make(pixels.len())?;
                dispatch(path, Finish { kept: &kept, results: &mut results });
                store(&mut out, pixels, &results);
                Ok(())
            })?;
        }
        Ok(())
    })
}

/// The largest value of each pixel of a tile, and 1 where there was any, else 0: of one width, for full registers.
struct Largest<K> {
    most: Room<K>,
    seen: Room<K>,
}

impl<K: Key> Largest<K> {
    fn of(&mut self, tile: &mut Tile<'_, K>, path: Path, watch: &Watch) -> Result<(), Error> {
        self.most.make(tile.pixels())?.fill(K::LOW);
        self.seen.zeros(tile.pixels())?;
        tile.pass(path, watch, self)
    }
}

impl<K: Key> Pass<K> for Largest<K> {
    #[inline(always)]
    fn take<const N: usize>(
        &mut self,
        first: usize,
        dates: [impl AsRef<[K]> + Copy; N],
        gap: impl Fn(usize, usize, K) -> bool,
    ) {
        join(dates, gap, &mut self.most[first..], &mut self.seen[first..]);
    }

    #[inline(always)]
    fn series(&mut self, pixel: usize, values: &[K], gap: impl Fn(usize, K) -> bool) {
        let (mut most, mut seen) = ([K::LOW; LANES], [K::default(); LANES]);
        let (chunks, rest) = values.as_chunks::<LANES>();
        for (i, chunk) in chunks.iter().enumerate() {
            join([chunk], |_, w, x| gap(LANES * i + w, x), &mut most, &mut seen);
        }
        join([rest], |_, w, x| gap(LANES * chunks.len() + w, x), &mut most, &mut seen);
        for (most, seen) in most.into_iter().zip(seen) {
            self.most[pixel] = greater(self.most[pixel], most);
            self.seen[pixel] = greater(self.seen[pixel], seen);
        }
    }
}

/// Joins N dates to what is kept of as many pixels as there are.
#[inline(always)]
fn join<K: Key, const N: usize>(
    dates: [impl AsRef<[K]> + Copy; N],
    gap: impl Fn(usize, usize, K) -> bool,
    most: &mut [K],
    seen: &mut [K],
) {
    let pixels = dates[0].as_ref().len();
    let (most, seen) = (&mut most[..pixels], &mut seen[..pixels]);
    for w in 0..pixels {
        let (mut largest, mut any) = (most[w], seen[w]);
        for (i, date) in dates.iter().enumerate() {
            let x = date.as_ref()[w];
            let gap = gap(i, w, x);
            largest = greater(largest, if gap { K::LOW } else { x });
            any = greater(any, if gap { K::default() } else { K::ONE });
        }
        (most[w], seen[w]) = (largest, any);
    }
}

/// The results of a tile.
struct Finish<'a, K, O> {
    kept: &'a Largest<K>,
    results: &'a mut [O],
}

impl<K: Key, O: Real + From<K>> Task for Finish<'_, K, O> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((result, most), seen) in self.results.iter_mut().zip(&*self.kept.most).zip(&*self.kept.seen) {
            *result = scalar(*most, *seen);
        }
    }
}
