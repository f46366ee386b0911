//! Series that lie in memory one after the other become rows of pixels, in squares of registers.
//!
//! ```text
//! N series, N dates of each: N registers of 16 bytes, N = 16 / size of a value
//! log2(N) times: registers 2 i and 2 i + 1 = both halves of (register i interleaved with register i + N / 2)
//! now register t holds date t of all N series
//! ```
//!
//! Each step moves the highest bit of the register's number to the lowest of the lane's, and so on round, so after
//! log2(N) steps both numbers have changed places. Prefetchers of the processor do not follow that many short series, so
//! the next ones are asked for.

use crate::exec::simd::prefetch;
use crate::number::lanes::Key;

/// Squares that are done side by side: they fill a cache line of each row before the next rows are touched.
const ABREAST: usize = 4;

/// Writes series, all as long as there are rows, to the first lanes of the rows.
pub(crate) fn transpose<T: Key, const W: usize>(series: &[&[T]], rows: &mut [[T; W]]) {
    match size_of::<T>() {
        1 => by_squares::<T, W, 16>(series, rows),
        2 => by_squares::<T, W, 8>(series, rows),
        4 => by_squares::<T, W, 4>(series, rows),
        _ => by_squares::<T, W, 2>(series, rows),
    }
}

fn by_squares<T: Key, const W: usize, const N: usize>(series: &[&[T]], rows: &mut [[T; W]]) {
    let (squares, rest) = series.as_chunks::<N>();
    let dates = rows.len() - rows.len() % N;
    let ask =
        |column: Option<&[[&[T]; N]]>| column.into_iter().flatten().flatten().for_each(|series| prefetch(series, 0));
    let mut upcoming = squares.chunks(ABREAST);
    ask(upcoming.next());
    for (i, column) in squares.chunks(ABREAST).enumerate() {
        ask(upcoming.next());
        for date in (0..dates).step_by(N) {
            for (j, series) in column.iter().enumerate() {
                square(series, date, &mut rows[date..], (i * ABREAST + j) * N);
            }
        }
    }
    one_by_one(&series[..squares.len() * N], dates, rows, 0);
    one_by_one(rest, 0, rows, squares.len() * N);
}

/// The dates of the series from `date` on, value by value.
fn one_by_one<T: Key, const W: usize>(series: &[&[T]], date: usize, rows: &mut [[T; W]], lane: usize) {
    for (t, row) in rows.iter_mut().enumerate().skip(date) {
        row[lane..].iter_mut().zip(series).for_each(|(value, series)| *value = series[t]);
    }
}

/// N dates of N series, to N lanes of N rows.
#[inline(always)]
fn square<T: Key, const W: usize, const N: usize>(series: &[&[T]; N], date: usize, rows: &mut [[T; W]], lane: usize) {
    let values = series.map(|series| *series[date..].first_chunk::<N>().expect("a square of dates is left"));
    for (row, values) in rows.iter_mut().zip(turned(values)) {
        *row[lane..].first_chunk_mut::<N>().expect("there is a lane for every series") = values;
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn turned<T: Key, const N: usize>(values: [[T; N]; N]) -> [[T; N]; N] {
    use std::arch::x86_64::{
        __m128i, _mm_unpackhi_epi8, _mm_unpackhi_epi16, _mm_unpackhi_epi32, _mm_unpackhi_epi64, _mm_unpacklo_epi8,
        _mm_unpacklo_epi16, _mm_unpacklo_epi32, _mm_unpacklo_epi64,
    };
    assert!(size_of::<[T; N]>() == size_of::<__m128i>());
    // SAFETY: both have 16 bytes. A `Key` is a number without padding, so all of them are initialised.
    let mut registers = values.map(|row| unsafe { std::mem::transmute_copy::<[T; N], __m128i>(&row) });
    // SAFETY: every x86-64 has SSE2, whose instructions these are.
    let interleave = |a, b, high| unsafe {
        match (size_of::<T>(), high) {
            (1, false) => _mm_unpacklo_epi8(a, b),
            (1, true) => _mm_unpackhi_epi8(a, b),
            (2, false) => _mm_unpacklo_epi16(a, b),
            (2, true) => _mm_unpackhi_epi16(a, b),
            (4, false) => _mm_unpacklo_epi32(a, b),
            (4, true) => _mm_unpackhi_epi32(a, b),
            (_, false) => _mm_unpacklo_epi64(a, b),
            (_, true) => _mm_unpackhi_epi64(a, b),
        }
    };
    for _ in 0..N.ilog2() {
        registers = std::array::from_fn(|r| interleave(registers[r / 2], registers[r / 2 + N / 2], r % 2 == 1));
    }
    // SAFETY: both have 16 bytes, and any bits are a number.
    registers.map(|register| unsafe { std::mem::transmute_copy::<__m128i, [T; N]>(&register) })
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn turned<T: Key, const N: usize>(values: [[T; N]; N]) -> [[T; N]; N] {
    turned_plainly(values)
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn turned_plainly<T: Key, const N: usize>(values: [[T; N]; N]) -> [[T; N]; N] {
    std::array::from_fn(|i| std::array::from_fn(|j| values[j][i]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Key + std::fmt::Debug, const N: usize>(number: impl Fn(usize) -> T) {
        let values: [[T; N]; N] = std::array::from_fn(|i| std::array::from_fn(|j| number(i * N + j)));
        assert_eq!(turned(values), turned_plainly(values));
        for (pixels, dates) in [(1, 1), (N, N), (4 * N, 3 * N), (4 * N + 1, 2 * N - 1), (5 * N - 1, 73), (100, 0)] {
            let stored: Vec<T> = (0..pixels * dates).map(&number).collect();
            let series: Vec<&[T]> = (0..pixels).map(|pixel| &stored[pixel * dates..][..dates]).collect();
            let mut rows = vec![[number(1); 128]; dates];
            transpose(&series, &mut rows);
            for (t, row) in rows.iter().enumerate() {
                assert!((0..pixels).all(|w| row[w] == series[w][t]), "{pixels} pixels, date {t} of {dates}");
                assert!(row[pixels..].iter().all(|&lane| lane == number(1)), "lanes without a pixel are left alone");
            }
        }
    }

    #[test]
    #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "any numbers will do")]
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    fn squares_of_every_size_change_series_into_rows() {
        check::<u8, 16>(|i| (i % 251) as u8);
        check::<u16, 8>(|i| (i * 7) as u16);
        check::<i16, 8>(|i| (i * 7) as i16);
        check::<f32, 4>(|i| i as f32);
        check::<f64, 2>(|i| i as f64);
    }
}
