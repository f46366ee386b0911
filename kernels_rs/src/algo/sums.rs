//! The sum and the number of the values of each pixel of a tile.
//!
//! ```text
//! for each pixel: sum = 0;  n = 0
//!     for each date in order: if the value is not missing: sum = sum + value, in float64;  n = n + 1
//! ```
//!
//! The fast version adds 0 for a missing value, which changes no sum: it starts at +0, and +0 + -0 is +0. So there is no
//! branch, and the time does not depend on the gaps. Integers are added as integers, twice as many lanes at a time: their
//! sums are exact either way, below 2^53.

use crate::drive::passes::Pass;
use crate::drive::tiles::Tile;
use crate::errors::Error;
use crate::exec::par::Watch;
use crate::exec::simd::{Path, Task, dispatch};
use crate::number::dtypes::of_each_dtype;
use crate::number::lanes::Key;
use crate::view::room::Room;

/// A dtype that can be added up.
pub(crate) trait Summand: Key + Into<f64> {
    /// What it is added up in.
    type Sum: Copy + Default + Into<f64>;
    /// Dates that can be added before the sum overflows.
    const MOST: usize;

    /// The sum with the value, or without it if it is missing.
    fn add_to(self, sum: Self::Sum, gap: bool) -> Self::Sum;
}

macro_rules! summand {
    (float $float:ident $int:ident $bits:ident [$($results:tt)+]) => {
        impl Summand for $float {
            type Sum = f64;
            const MOST: usize = usize::MAX;

            #[inline(always)]
            #[allow(clippy::useless_conversion, reason = "float64 is itself")]
            fn add_to(self, sum: f64, gap: bool) -> f64 {
                sum + f64::from(if gap { 0.0 } else { self })
            }
        }
    };
    ($kind:ident $integer:ident $int:ident $bits:ident [$($results:tt)+]) => {
        impl Summand for $integer {
            type Sum = i32;
            // 32768 * 65535 < 2^31.
            const MOST: usize = 1 << 15;

            #[inline(always)]
            fn add_to(self, sum: i32, gap: bool) -> i32 {
                sum + i32::from(if gap { 0 } else { self })
            }
        }
    };
    ($($other:tt)*) => {};
}

of_each_dtype! { summand }

/// The sums of a tile; kept from tile to tile for their memory.
pub(crate) struct Sums<K: Summand> {
    partial: Room<K::Sum>,
    taken: usize,
    /// Of the values of each pixel.
    pub total: Room<f64>,
    /// How many these are.
    pub count: Room<i32>,
}

impl<K: Summand> Sums<K> {
    /// Of no pixel.
    #[must_use]
    pub(crate) fn new() -> Self {
        Self { partial: Room::new(), taken: 0, total: Room::new(), count: Room::new() }
    }

    /// Makes them those of a tile.
    ///
    /// # Errors
    ///
    /// Scratch memory cannot be had, or the call was interrupted.
    pub(crate) fn of(&mut self, tile: &mut Tile<'_, K>, path: Path, watch: &Watch) -> Result<(), Error> {
        let pixels = tile.pixels();
        self.taken = 0;
        self.partial.zeros(pixels)?;
        self.total.zeros(pixels)?;
        self.count.zeros(pixels)?;
        tile.pass(path, watch, self)?;
        dispatch(path, Flush(self));
        Ok(())
    }

    /// Moves the partial sums to the total. For floats this happens once, so that the order of additions stays.
    #[inline(always)]
    fn flush(&mut self) {
        for (total, partial) in self.total.iter_mut().zip(&mut *self.partial) {
            *total += (*partial).into();
            *partial = K::Sum::default();
        }
        self.taken = 0;
    }
}

impl<K: Summand> Default for Sums<K> {
    fn default() -> Self {
        Self::new()
    }
}

struct Flush<'a, K: Summand>(&'a mut Sums<K>);

impl<K: Summand> Task for Flush<'_, K> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.0.flush();
    }
}

impl<K: Summand> Pass<K> for Sums<K> {
    #[inline(always)]
    fn begin(&mut self, dates: usize) {
        if self.taken >= K::MOST - dates {
            self.flush();
        }
        self.taken += dates;
    }

    #[inline(always)]
    fn take<const N: usize>(
        &mut self,
        first: usize,
        dates: [impl AsRef<[K]> + Copy; N],
        gap: impl Fn(usize, usize, K) -> bool,
    ) {
        add(dates, gap, &mut self.partial[first..], &mut self.count[first..]);
    }

    #[inline(always)]
    fn series(&mut self, pixel: usize, values: &[K], gap: impl Fn(usize, K) -> bool) {
        if K::FINITE_LIMITS {
            // Exact in any order, so that each pixel can be brought to the total at once.
            self.flush();
        }
        let (mut sum, mut count) = (self.partial[pixel], self.count[pixel]);
        for (t, &x) in values.iter().enumerate() {
            let gap = gap(t, x);
            sum = x.add_to(sum, gap);
            count += i32::from(!gap);
        }
        (self.partial[pixel], self.count[pixel]) = (sum, count);
    }
}

/// Adds N dates to the sums and numbers of as many pixels as there are.
#[inline(always)]
fn add<K: Summand, const N: usize>(
    dates: [impl AsRef<[K]> + Copy; N],
    gap: impl Fn(usize, usize, K) -> bool,
    sums: &mut [K::Sum],
    counts: &mut [i32],
) {
    let pixels = dates[0].as_ref().len();
    let (sums, counts) = (&mut sums[..pixels], &mut counts[..pixels]);
    for w in 0..pixels {
        let (mut sum, mut count) = (sums[w], counts[w]);
        for (i, date) in dates.iter().enumerate() {
            let x = date.as_ref()[w];
            let gap = gap(i, w, x);
            sum = x.add_to(sum, gap);
            count += i32::from(!gap);
        }
        (sums[w], counts[w]) = (sum, count);
    }
}
