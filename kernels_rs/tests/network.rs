//! Networks by the 0-1 principle: what sorts every sequence of zeros and ones sorts everything.

use _rust::lanes::{Gaps, Missing};
use _rust::network::{Step, select, sort};
use _rust::program::Program;
use _rust::small::SORT_MIN;

fn step(values: &mut [u8], step: Step) {
    match step {
        Step::Exchange(a, b) => (values[a], values[b]) = (values[a].min(values[b]), values[a].max(values[b])),
        Step::Min(a, b) => values[a] = values[a].min(values[b]),
        Step::Max(a, b) => values[a] = values[a].max(values[b]),
    }
}

#[test]
fn small_networks_sort_and_select_all_zeros_and_ones() {
    for n in 1..=16usize {
        let wires: Vec<usize> = (0..n).collect();
        let (mut sorting, mut selecting) = (Vec::new(), Vec::new());
        let order = sort(&wires, &mut sorting);
        let (lo, hi) = select(&wires, &mut selecting);
        for word in 0..1u32 << n {
            let values: Vec<u8> = (0..n).map(|i| u8::from(word >> i & 1 == 1)).collect();
            let zeros = n - word.count_ones() as usize;
            let (mut sorted, mut selected) = (values.clone(), values);
            sorting.iter().for_each(|&s| step(&mut sorted, s));
            selecting.iter().for_each(|&s| step(&mut selected, s));
            assert!(order.iter().enumerate().all(|(rank, &wire)| sorted[wire] == u8::from(rank >= zeros)));
            let middle = (n - 1) / 2;
            assert_eq!(selected[lo], u8::from(middle >= zeros));
            assert!(hi.is_none_or(|hi| selected[hi] == u8::from(middle + 1 >= zeros)));
        }
    }
}

/// For larger numbers all sequences that are one block of ones, wherever it lies, and the middle ranks of noise.
#[test]
fn programs_find_the_middle_ranks() {
    const W: usize = 64;
    for dates in (2 * SORT_MIN..=150).chain([255, 256, 460, 1001]) {
        let program = Program::cached(dates);
        let noise = |t: usize, w: usize| (t * 7919 + w * 104_729 + 1).wrapping_mul(0x9E37_79B9) as u32 >> 20;
        for block in 0..dates.div_ceil(W / 2).min(8) {
            let value = |t: usize, w: usize| {
                let first = block * W / 2 + w;
                if w < W / 2 {
                    u16::from((t + dates - first % dates) % dates < dates / 2)
                } else {
                    noise(t, w + block * W) as u16
                }
            };
            let rows: Vec<[u16; W]> = (0..dates).map(|t| std::array::from_fn(|w| value(t, w))).collect();
            let (mut lo, mut hi, mut scratch) = ([0; W], [0; W], rows.clone());
            let dates_of: Vec<&[u16; W]> = rows.iter().collect();
            let mut gaps = Gaps::new();
            program.run(&dates_of, &[], Missing::new(None), &mut gaps, &mut scratch, [&mut lo, &mut hi]);
            for w in 0..W {
                let mut series: Vec<u16> = rows.iter().map(|row| row[w]).collect();
                series.sort_unstable();
                assert_eq!([lo[w], hi[w]], [series[(dates - 1) / 2], series[(dates - 1) / 2 + 1]]);
            }
        }
    }
}
