//! The 0-1 principle: a network of minima and maxima that is right for all zeros and ones is right for all values.

use crate::algo::network::{Step, merge, middle_pairs, select, sort};

/// Does the steps; `None` is what a wire holds that is not needed any more, and to read it is an error.
fn run(steps: &[Step], wires: &mut [Option<bool>]) {
    let read = |wires: &[Option<bool>], wire: usize| wires[wire].expect("a wire that was dropped is not read");
    for &step in steps {
        let (Step::Exchange(first, second) | Step::Min(first, second) | Step::Max(first, second)) = step;
        assert_ne!(first, second);
        let (a, b) = (read(wires, first), read(wires, second));
        let (kept, other) = match step {
            Step::Exchange(..) => (a & b, Some(a | b)),
            Step::Min(..) => (a & b, None),
            Step::Max(..) => (a | b, None),
        };
        (wires[first], wires[second]) = (Some(kept), other);
    }
}

/// Calls `check` with all rows of n zeros and ones.
fn for_all_inputs(n: usize, mut check: impl FnMut(&[Option<bool>])) {
    for bits in 0_u32..1 << n {
        let input: Vec<_> = (0..n).map(|wire| Some(bits >> wire & 1 == 1)).collect();
        check(&input);
    }
}

fn ones(wires: &[Option<bool>]) -> usize {
    wires.iter().filter(|&&wire| wire == Some(true)).count()
}

/// Whether rank `rank` among n zeros and ones is a one.
fn is_one(n: usize, ones: usize, rank: usize) -> bool {
    rank >= n - ones
}

#[test]
fn sorting_networks_sort_all_zeros_and_ones() {
    for n in 0..=12 {
        let (wires, mut steps) = ((0..n).collect::<Vec<_>>(), Vec::new());
        let order = sort(&wires, &mut steps);
        for_all_inputs(n, |input| {
            let mut values = input.to_vec();
            run(&steps, &mut values);
            for (rank, &wire) in order.iter().enumerate() {
                assert_eq!(values[wire], Some(is_one(n, ones(input), rank)), "{n} wires, {input:?}, rank {rank}");
            }
        });
    }
}

#[test]
fn sorting_networks_return_every_wire_once() {
    for n in 0..=64 {
        let wires: Vec<usize> = (0..n).map(|i| 3 * i + 1).collect();
        let mut order = sort(&wires, &mut Vec::new());
        order.sort_unstable();
        assert_eq!(order, wires);
    }
}

#[test]
fn selection_networks_find_both_middle_ranks_of_all_zeros_and_ones() {
    for n in 1..=16 {
        let (wires, mut steps) = ((0..n).collect::<Vec<_>>(), Vec::new());
        let (lo, hi) = select(&wires, &mut steps);
        assert_eq!(hi.is_some(), n > 1);
        let rank = (n - 1) / 2;
        for_all_inputs(n, |input| {
            let mut values = input.to_vec();
            run(&steps, &mut values);
            assert_eq!(values[lo], Some(is_one(n, ones(input), rank)), "{n} wires, {input:?}, lower");
            if let Some(hi) = hi {
                assert_eq!(values[hi], Some(is_one(n, ones(input), rank + 1)), "{n} wires, {input:?}, upper");
            }
        });
    }
}

#[test]
fn selection_networks_do_not_depend_on_how_wires_are_numbered() {
    for n in 1..=16 {
        let (mut plain, mut renamed) = (Vec::new(), Vec::new());
        let (lo, hi) = select(&(0..n).collect::<Vec<_>>(), &mut plain);
        let name = |wire: usize| 5 * (n - 1 - wire) + 2;
        let middle = select(&(0..n).map(name).collect::<Vec<_>>(), &mut renamed);
        assert_eq!(middle, (name(lo), hi.map(name)));
        let plain: Vec<Step> = plain
            .into_iter()
            .map(|step| match step {
                Step::Exchange(a, b) => Step::Exchange(name(a), name(b)),
                Step::Min(a, b) => Step::Min(name(a), name(b)),
                Step::Max(a, b) => Step::Max(name(a), name(b)),
            })
            .collect();
        assert_eq!(plain, renamed);
    }
}

/// Calls `check` with p sorted zeros and ones followed by q of them.
fn for_all_sorted_pairs(p: usize, q: usize, mut check: impl FnMut(&[Option<bool>])) {
    for (zeros_a, zeros_b) in (0..=p).flat_map(|a| (0..=q).map(move |b| (a, b))) {
        let (a, b) = ((0..p).map(|i| Some(i >= zeros_a)), (0..q).map(|i| Some(i >= zeros_b)));
        check(&a.chain(b).collect::<Vec<_>>());
    }
}

#[test]
fn lists_of_any_two_lengths_are_merged() {
    for (p, q) in (0..=20).flat_map(|p| (0..=20).map(move |q| (p, q))) {
        let (wires, mut steps) = ((0..p + q).collect::<Vec<_>>(), Vec::new());
        let order = merge(&wires[..p], &wires[p..], &mut steps);
        for_all_sorted_pairs(p, q, |input| {
            let mut values = input.to_vec();
            run(&steps, &mut values);
            for (rank, &wire) in order.iter().enumerate() {
                assert_eq!(values[wire], Some(is_one(p + q, ones(input), rank)), "{p} and {q} wires, {input:?}");
            }
        });
    }
}

#[test]
fn middle_pairs_split_two_sorted_lists_at_the_middle() {
    for (p, q) in (1..=20).flat_map(|q| [(q, q), (q + 1, q)]) {
        let wires: Vec<usize> = (0..p + q).collect();
        let (alone, pairs) = middle_pairs(&wires[..p], &wires[p..]);
        for_all_sorted_pairs(p, q, |input| {
            let lower = pairs.iter().map(|&(a, b)| input[a].min(input[b])).chain(alone.map(|wire| input[wire]));
            let upper = pairs.iter().map(|&(a, b)| input[a].max(input[b]));
            let rank = (p + q - 1) / 2;
            assert_eq!(lower.max(), Some(Some(is_one(p + q, ones(input), rank))), "{p} and {q} wires, {input:?}");
            assert_eq!(upper.min(), Some(Some(is_one(p + q, ones(input), rank + 1))), "{p} and {q} wires, {input:?}");
        });
    }
}
