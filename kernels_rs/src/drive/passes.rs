//! Passes of reductions that add over some dates of some pixels, several dates at a time.
//!
//! What a [`Pass`] keeps of a pixel is loaded and stored once for twelve dates. Dates that lie in memory are taken in
//! pieces, and what comes a while later on each date is asked for before each piece: the processor's own prefetchers do not
//! keep up with twelve dates at once.

use crate::exec::simd::{Task, prefetch};
use crate::number::lanes::{Key, Missing};
use crate::view::column::Reader;
use std::array::from_fn;

/// Dates that a pass takes at a time, and those of which less are left.
pub(crate) const DATES: usize = 12;
const FEWER: usize = 4;
/// Bytes of a date that are taken in one piece. More overtax the queue of what was asked for: of 256 bytes float64, and
/// of 512 float32, takes longer than without asking.
const PIECE: usize = 128;
/// Bytes by which a date is asked for ahead; 512 to 1536 do as well.
const AHEAD: usize = 1024;

/// Some neighbouring pixels on some dates that follow each other.
pub(crate) struct Part<'a, K> {
    /// In order, and of one length.
    pub dates: &'a [&'a [K]],
    /// Not 0 where a value is missing; of no dates where there is no mask.
    pub marks: &'a [&'a [u8]],
    /// What else is missing.
    pub missing: Missing<K>,
    /// Whether to ask for the dates ahead.
    pub far: bool,
}

/// What is done with all values of a tile, pixel by pixel in the order of dates.
pub(crate) trait Pass<K> {
    /// Is told that it takes so many dates next, of all pixels.
    fn begin(&mut self, _dates: usize) {}

    /// Takes N dates of the pixels that begin at `first`; `gap(i, w, x)` says whether x, the w-th on date i, is missing.
    fn take<const N: usize>(
        &mut self,
        first: usize,
        dates: [impl AsRef<[K]> + Copy; N],
        gap: impl Fn(usize, usize, K) -> bool,
    );

    /// Takes some dates of one pixel; `gap(t, x)` says whether x, the t-th, is missing.
    fn series(&mut self, pixel: usize, values: &[K], gap: impl Fn(usize, K) -> bool);
}

/// A pass over a part.
pub(crate) struct Over<'a, 'p, K, P> {
    /// The part.
    pub part: &'a Part<'p, K>,
    /// What is done with it.
    pub pass: &'a mut P,
}

impl<K: Key, P: Pass<K>> Task for Over<'_, '_, K, P> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.part.pass(self.pass);
    }
}

/// A pass over the series of one pixel.
pub(crate) struct OfPixel<'a, P> {
    /// Its number in the tile.
    pub pixel: usize,
    /// What is done with it.
    pub pass: &'a mut P,
}

impl<K: Key, P: Pass<K>> Reader<K> for OfPixel<'_, P> {
    #[inline(always)]
    fn read(&mut self, values: &[K], gap: impl Fn(usize, K) -> bool) {
        self.pass.series(self.pixel, values, gap);
    }
}

impl<K: Key> Part<'_, K> {
    /// Has `pass` take all dates.
    #[inline(always)]
    fn pass(&self, pass: &mut impl Pass<K>) {
        let (dates, marks) = self.groups::<DATES>(self.dates, self.marks, pass);
        let (dates, marks) = self.groups::<FEWER>(dates, marks, pass);
        self.groups::<1>(dates, marks, pass);
    }

    /// Has it take groups of N dates; returns the rest.
    #[inline(always)]
    fn groups<'d, 'm, const N: usize>(
        &self,
        dates: &'d [&'d [K]],
        marks: &'m [&'m [u8]],
        pass: &mut impl Pass<K>,
    ) -> (&'d [&'d [K]], &'m [&'m [u8]]) {
        let ((groups, rest), (group_marks, rest_marks)) = (dates.as_chunks::<N>(), marks.as_chunks::<N>());
        for (i, dates) in groups.iter().enumerate() {
            let marks = group_marks.get(i);
            pass.begin(N);
            match size_of::<K>() {
                1 => self.group::<N, PIECE>(dates, marks, pass),
                2 => self.group::<N, { PIECE / 2 }>(dates, marks, pass),
                4 => self.group::<N, { PIECE / 4 }>(dates, marks, pass),
                _ => self.group::<N, { PIECE / 8 }>(dates, marks, pass),
            }
        }
        (rest, rest_marks)
    }

    /// Has it take N dates; if they are far, W pixels at a time, and asks for more meanwhile.
    #[inline(always)]
    fn group<const N: usize, const W: usize>(
        &self,
        dates: &[&[K]; N],
        marks: Option<&[&[u8]; N]>,
        pass: &mut impl Pass<K>,
    ) {
        let pixels = self.dates[0].len();
        // Of fewer dates the prefetchers keep up.
        let asked = if self.far && N == DATES { pixels - pixels % W } else { 0 };
        for first in (0..asked).step_by(W) {
            for date in dates {
                prefetch(&date[first..][..W], AHEAD);
            }
            // Arrays, so that the compiler knows how long the loop over their pixels is.
            let marks = marks.map(|marks| from_fn(|i| piece::<_, W>(marks[i], first)));
            self.take::<N, _, _>(first, from_fn(|i| piece::<_, W>(dates[i], first)), marks, pass);
        }
        let marks = marks.map(|marks| from_fn(|i| &marks[i][asked..pixels]));
        self.take::<N, _, _>(asked, from_fn(|i| &dates[i][asked..pixels]), marks, pass);
    }

    #[inline(always)]
    fn take<const N: usize, D: AsRef<[K]> + Copy, M: AsRef<[u8]>>(
        &self,
        first: usize,
        dates: [D; N],
        marks: Option<[M; N]>,
        pass: &mut impl Pass<K>,
    ) {
        let missing = self.missing;
        match marks {
            None => pass.take(first, dates, |_, _, x| x.is_missing(missing)),
            Some(marks) => pass.take(first, dates, |i, w, x| (marks[i].as_ref()[w] != 0) | x.is_missing(missing)),
        }
    }
}

#[inline(always)]
fn piece<T, const W: usize>(values: &[T], first: usize) -> &[T; W] {
    values[first..].first_chunk().expect("all dates and marks have all pixels")
}
