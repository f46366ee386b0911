//! Nanoseconds per pixel of each way to find a median, by dtype and number of dates: where does the crossover lie?
//!
//! `cargo bench --no-default-features --bench crossover -- [DATES …]`

#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss)] // made-up numbers

use _rust::crossover::{
    Method, Missing, Output, Path, Program, Real, SELECT_MAX, Series, Work, chosen, temporal_median,
};
use ndarray::{Array, IxDyn};
use std::time::Instant;

/// Bytes of a stack: beyond the caches.
const STACK_BYTES: usize = 32 << 20;

/// A network for more dates takes long to be made.
const NETWORK_MOST: usize = 4000;

fn main() {
    let dates: Vec<usize> = std::env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    let dates =
        if dates.is_empty() { vec![12, 16, 17, 24, 48, 73, 100, 146, 250, 460, 800, 1500, 3000] } else { dates };
    println!(
        "{:>6} {:>6} {:>11} {:>11} {:>11} {:>11}",
        "dtype", "dates", "registers", "network", "bisection", "selection"
    );
    let path = chosen().expect("a path");
    for dates in dates {
        line("f32", dates, path, |i| if gap(i) { f32::NAN } else { level(i) });
        line("f64", dates, path, |i| if gap(i) { f64::NAN } else { f64::from(level(i)) });
        line("u16", dates, path, |i| if gap(i) { 0u16 } else { (level(i) * 1e4) as u16 + 1 });
        line("u8", dates, path, |i| if gap(i) { 0u8 } else { (level(i) * 250.0) as u8 + 1 });
    }
}

/// 40 % are missing.
fn gap(i: usize) -> bool {
    scramble(i) % 10 < 4
}

/// Reflectances between 0 and 1, most of them small.
fn level(i: usize) -> f32 {
    let x = (scramble(i + 7) >> 40) as f32 / 16_777_216.0;
    x * x
}

fn scramble(i: usize) -> u64 {
    let x = (i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x ^ (x >> 29)
}

fn line<K: Series>(name: &str, dates: usize, path: Path, value: impl Fn(usize) -> K)
where
    f64: From<K>,
{
    let pixels = (STACK_BYTES / size_of::<K>() / dates).min(1 << 20);
    let x = Array::from_iter((0..dates * pixels).map(value)).into_shape_with_order(IxDyn(&[dates, pixels])).unwrap();
    let seconds = |method: Method| time::<K, f64>(&x, path, &method) / pixels as f64 * 1e9;
    let registers = if dates <= SELECT_MAX { seconds(Method::Registers) } else { f64::NAN };
    let network = if (SELECT_MAX + 1..NETWORK_MOST).contains(&dates) {
        seconds(Method::Network(Program::cached(dates).expect("memory")))
    } else {
        f64::NAN
    };
    let (bisection, selection) = (seconds(Method::Bisection), seconds(Method::Selection));
    println!("{name:>6} {dates:>6} {registers:>11.1} {network:>11.1} {bisection:>11.1} {selection:>11.1}");
}

/// The least of several runs.
fn time<K: Series, O: Real + Output + From<K>>(x: &Array<K, IxDyn>, path: Path, method: &Method) -> f64 {
    let mut out = Array::from_elem(IxDyn(&[x.shape()[1]]), O::NAN);
    let run = |out: &mut Array<O, IxDyn>| {
        let missing = Missing::new(Some(K::default()));
        let work = Work { x: x.view(), mask: None, missing, out: out.view_mut() };
        let start = Instant::now();
        temporal_median(work, method, path, 1).unwrap();
        start.elapsed().as_secs_f64()
    };
    (0..7).map(|_| run(&mut out)).fold(f64::INFINITY, f64::min)
}
