//! The middle ranks of single series by histograms: for series too long, or pixels too few, to be worked on in lanes.
//!
//! ```text
//! least, greatest = those of the values' integers (bits.rs);  L = (n - 1) / 2
//! until one integer is left, or so few values that they can be copied:
//!     histogram of the values in BINS parts of least … greatest
//!     least, greatest = the part that holds rank L
//! lo = rank L of what is left;  hi = the next one, if n is even
//! ```
//!
//! A part is a power of two of integers, so that to find it takes a shift. Each pass reads the series once; floats take
//! three or four, integers of 16 bits two, bytes one. Values are counted in several histograms in turn, as to count
//! twice in the same place has to wait. Nothing depends on how the values are arranged, and ties cost nothing.

use crate::errors::Error;
use crate::exec::par::Watch;
use crate::exec::simd::Path;
use crate::number::bits::Bits;
use crate::view::column::{Column, Copies, Reader};
use crate::view::room::Room;

/// Parts of a histogram; one more for what lies elsewhere.
const BINS: usize = 1 << BINS_LOG2;
const BINS_LOG2: u32 = 11;
/// Histograms.
const TURNS: usize = 4;
/// Up to this many dates all values are copied at once.
const SHORT: usize = 4096;

/// Room for a selection, kept from series to series.
pub(crate) struct Selector<K: Bits> {
    copies: Copies<K>,
    counts: Room<u32>,
    keys: Room<K::Distance>,
    /// Values that may be copied, beyond `SHORT`.
    most: usize,
    path: Path,
}

/// The places in which a rank lies, and how many values lie below and within them.
#[derive(Clone, Copy)]
struct Within {
    least: u64,
    greatest: u64,
    below: usize,
    inside: usize,
}

impl<K: Bits> Selector<K> {
    /// That takes about as many bytes at most.
    #[must_use]
    pub(crate) fn new(bytes: usize, path: Path) -> Self {
        let most = (bytes / 2 / size_of::<K>()).max(SHORT);
        Self { copies: Copies::new(bytes / 4), counts: Room::new(), keys: Room::new(), most, path }
    }

    /// Ranks (n - 1) / 2 and n / 2 of the n values of a pixel that are not missing; none if there are none.
    ///
    /// # Errors
    ///
    /// Scratch memory cannot be had, or the call was interrupted.
    pub(crate) fn middle(&mut self, column: &Column<'_, K>, watch: &Watch) -> Result<Option<(K, K)>, Error> {
        let dates = column.x.len();
        let all = Within { least: 0, greatest: K::FARTHEST.into(), below: 0, inside: dates };
        let found = if dates <= SHORT {
            let count = self.copy(column, watch, all)?;
            count.checked_sub(1).map(|last| self.split(count, last / 2, last % 2 == 1))
        } else {
            let extent = if K::FINITE_LIMITS { all } else { self.extent(column, watch)? };
            let count = self.count(column, watch, extent)?;
            count.checked_sub(1).map(|last| self.narrow(column, watch, extent, last)).transpose()?
        };
        Ok(found.map(|(lo, hi)| (K::from_place(lo), K::from_place(hi))))
    }

    /// The middle ranks of `last` + 1 values, which have been counted.
    fn narrow(&mut self, column: &Column<'_, K>, watch: &Watch, all: Within, last: usize) -> Result<(u64, u64), Error> {
        let (rank, even) = (last / 2, last % 2 == 1);
        let mut within = self.narrowed(all, rank);
        while within.least < within.greatest && within.inside > self.most.min(column.x.len() / 8) {
            self.count(column, watch, within)?;
            within = self.narrowed(within, rank);
        }
        let both = !even || rank + 1 < within.below + within.inside;
        let (lo, hi) = if within.least < within.greatest {
            self.copy(column, watch, within)?;
            self.split(within.inside, rank - within.below, both && even)
        } else {
            (within.least, within.least)
        };
        Ok((lo, if both { hi } else { self.next(column, watch, within.greatest)? }))
    }

    /// The least and the greatest place of floats.
    fn extent(&mut self, column: &Column<'_, K>, watch: &Watch) -> Result<Within, Error> {
        let mut extent = Extent::<K> { least: K::HIGH.to_int(), greatest: K::LOW.to_int() };
        column.read(self.path, watch, &mut self.copies, &mut extent)?;
        let [least, greatest] = [extent.least, extent.greatest].map(|int| K::from_int(int).place().into());
        // Of no values the least is above the greatest.
        Ok(Within { least: least.min(greatest), greatest, below: 0, inside: column.x.len() })
    }

    /// Counts the values in parts of `within`; returns how many there are altogether.
    fn count(&mut self, column: &Column<'_, K>, watch: &Watch, within: Within) -> Result<usize, Error> {
        self.counts.zeros(TURNS * (BINS + 1))?;
        let (counts, _) = self.counts.as_chunks_mut();
        let mut histogram = Histogram { least: within.least, shift: shift_of(within), counts };
        column.read(self.path, watch, &mut self.copies, &mut histogram)?;
        Ok((0..BINS).map(|bin| count_of(&self.counts, bin)).sum())
    }

    /// The part of `within` in which a rank lies.
    fn narrowed(&self, within: Within, rank: usize) -> Within {
        let (shift, mut below) = (shift_of(within), within.below);
        for bin in 0..BINS {
            let inside = count_of(&self.counts, bin);
            if rank < below + inside {
                let least = within.least + ((bin as u64) << shift);
                return Within { least, greatest: least.saturating_add((1 << shift) - 1), below, inside };
            }
            below += inside;
        }
        unreachable!("the rank is that of a value which has been counted")
    }

    /// Copies the values within; returns how many.
    fn copy(&mut self, column: &Column<'_, K>, watch: &Watch, within: Within) -> Result<usize, Error> {
        let keys = self.keys.make(within.inside + 1)?;
        let mut kept = Kept::<K> { least: within.least, width: within.greatest - within.least, keys, count: 0 };
        column.read(self.path, watch, &mut self.copies, &mut kept)?;
        Ok(kept.count)
    }

    /// A rank of so many copied values, and, if `both`, the one above.
    fn split(&mut self, count: usize, rank: usize, both: bool) -> (u64, u64) {
        let (_, lo, above) = self.keys[..count].select_nth_unstable(rank);
        let lo = *lo;
        let hi = above.iter().min().filter(|_| both).map_or(lo, |&next| next);
        (lo.into(), hi.into())
    }

    /// The least place above another.
    fn next(&mut self, column: &Column<'_, K>, watch: &Watch, bound: u64) -> Result<u64, Error> {
        let mut next = Next { bound, least: u64::MAX };
        column.read(self.path, watch, &mut self.copies, &mut next)?;
        Ok(next.least)
    }
}

/// By how many bits a distance is shifted to tell its part.
fn shift_of(within: Within) -> u32 {
    (u64::BITS - (within.greatest - within.least).leading_zeros()).saturating_sub(BINS_LOG2)
}

fn count_of(counts: &[u32], bin: usize) -> usize {
    counts.iter().skip(bin).step_by(BINS + 1).map(|&count| count as usize).sum()
}

struct Extent<K: Bits> {
    least: K::Int,
    greatest: K::Int,
}

impl<K: Bits> Reader<K> for Extent<K> {
    #[inline(always)]
    fn read(&mut self, values: &[K], gap: impl Fn(usize, K) -> bool) {
        let (mut least, mut greatest) = (self.least, self.greatest);
        for (t, &x) in values.iter().enumerate() {
            let gap = gap(t, x);
            least = least.min(if gap { K::HIGH } else { x }.to_int());
            greatest = greatest.max(if gap { K::LOW } else { x }.to_int());
        }
        (self.least, self.greatest) = (least, greatest);
    }
}

struct Histogram<'a> {
    least: u64,
    shift: u32,
    counts: &'a mut [[u32; BINS + 1]],
}

impl<K: Bits> Reader<K> for Histogram<'_> {
    #[inline(always)]
    fn read(&mut self, values: &[K], gap: impl Fn(usize, K) -> bool) {
        let Self { least, shift, .. } = *self;
        let counts: &mut [_; TURNS] = self.counts.as_mut_array().expect("as many as turns");
        let bin_of = |t: usize, x: K| {
            let bin = (x.place().into().wrapping_sub(least) >> shift).min(BINS as u64);
            #[allow(clippy::cast_possible_truncation, reason = "at most BINS")]
            let bin = bin as usize;
            if gap(t, x) { BINS } else { bin }
        };
        let (turns, rest) = values.as_chunks::<TURNS>();
        for (i, turn) in turns.iter().enumerate() {
            for (j, counts) in counts.iter_mut().enumerate() {
                counts[bin_of(i * TURNS + j, turn[j])] += 1;
            }
        }
        for (j, &x) in rest.iter().enumerate() {
            counts[j][bin_of(turns.len() * TURNS + j, x)] += 1;
        }
    }
}

struct Kept<'a, K: Bits> {
    least: u64,
    width: u64,
    /// With place for one more than there are.
    keys: &'a mut [K::Distance],
    count: usize,
}

impl<K: Bits> Reader<K> for Kept<'_, K> {
    #[inline(always)]
    fn read(&mut self, values: &[K], gap: impl Fn(usize, K) -> bool) {
        // Written always, and passed over if it is to be kept: no branch that could be predicted wrongly.
        let mut count = self.count;
        for (t, &x) in values.iter().enumerate() {
            let place = x.place();
            self.keys[count] = place;
            let kept = !gap(t, x) & (place.into().wrapping_sub(self.least) <= self.width);
            count += usize::from(kept);
        }
        self.count = count;
    }
}

struct Next {
    bound: u64,
    least: u64,
}

impl<K: Bits> Reader<K> for Next {
    #[inline(always)]
    fn read(&mut self, values: &[K], gap: impl Fn(usize, K) -> bool) {
        for (t, &x) in values.iter().enumerate() {
            let place = x.place().into();
            if !gap(t, x) && place > self.bound {
                self.least = self.least.min(place);
            }
        }
    }
}
