//! Sorting and selection networks as lists of steps, for any number of wires.
//!
//! This file is compiled twice: into the crate, and into `build.rs`, which writes straight-line code for the small
//! networks. It therefore depends on nothing.
//!
//! ```text
//! merge(a, b):                     Batcher's odd-even merge, for lists of any two lengths
//!     v = merge(a[even], b[even]);  w = merge(a[odd], b[odd])
//!     compare-exchange (w[i], v[i + 1]) for every i;  answer v[0], w[0], v[1], w[1], …
//! sort(x)   = merge(sort(first half), sort(second half))
//! select(x) = the two middle ranks, from two sorted parts a and b:
//!     lower = { min(a[i], b[L - i]) },  upper = { max(a[i], b[L - i]) },  L = (T - 1) / 2
//!     lo = max(lower),  hi = min(upper)
//! ```
//!
//! The last merge is never done: of the bitonic split of two sorted lists, every element of `lower` is at most every
//! element of `upper`, and `lower` holds exactly L + 1 elements, so its maximum has rank L and the minimum of
//! `upper` rank L + 1. That costs about 2 T operations where the merge would cost T log T.

/// One step on numbered wires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The smaller value goes to the first wire, the larger to the second.
    Exchange(usize, usize),
    /// The smaller value goes to the first wire; the second is not needed any more.
    Min(usize, usize),
    /// The larger value goes to the first wire; the second is not needed any more.
    Max(usize, usize),
}

/// Merges two ascending lists of wires; returns the wires in ascending order of what they hold afterwards.
pub(crate) fn merge(a: &[usize], b: &[usize], steps: &mut Vec<Step>) -> Vec<usize> {
    if a.is_empty() || b.is_empty() {
        return [a, b].concat();
    }
    if a.len() == 1 && b.len() == 1 {
        steps.push(Step::Exchange(a[0], b[0]));
        return vec![a[0], b[0]];
    }
    let v = merge(&every_second(a, 0), &every_second(b, 0), steps);
    let w = merge(&every_second(a, 1), &every_second(b, 1), steps);
    steps.extend(w.iter().zip(&v[1..]).map(|(&w, &v)| Step::Exchange(w, v)));
    interleave(&v, &w)
}

/// Sorts wires; returns them in ascending order of what they hold afterwards.
pub(crate) fn sort(wires: &[usize], steps: &mut Vec<Step>) -> Vec<usize> {
    if wires.len() < 2 {
        return wires.to_vec();
    }
    let (a, b) = wires.split_at(wires.len().div_ceil(2));
    let (a, b) = (sort(a, steps), sort(b, steps));
    merge(&a, &b, steps)
}

/// The wires that hold ranks (T - 1) / 2 and the one above, of T wires; no second one where T is 1.
///
/// The two sorted parts need not be halves: 12 wires take 62 operations as 8 and 4, and 70 as 6 and 6.
///
/// # Panics
///
/// If there are no wires.
pub(crate) fn select(wires: &[usize], steps: &mut Vec<Step>) -> (usize, Option<usize>) {
    let splits = (wires.len().div_ceil(2)..=wires.len()).map(|longer| select_from(wires.split_at(longer)));
    let best = splits.min_by_key(|(_, _, operations)| *operations);
    let (found, middle, _) = best.expect("there is at least one split");
    steps.extend(found);
    middle
}

type Middle = (usize, Option<usize>);

/// [`select`] from two parts, the first of which is at least as long as the second; and how many operations it takes.
fn select_from((a, b): (&[usize], &[usize])) -> (Vec<Step>, Middle, usize) {
    let mut steps = Vec::new();
    let (a, b) = (sort(a, &mut steps), sort(b, &mut steps));
    let rank = (a.len() + b.len() - 1) / 2;
    let pairs = (0..b.len().min(rank + 1)).rev().map(|j| (a[rank - j], b[j])).collect::<Vec<_>>();
    steps.extend(pairs.iter().map(|&(a, b)| Step::Exchange(a, b)));
    // Of what has no partner the one next to the middle counts.
    let alone = (rank >= b.len()).then(|| a[rank - b.len()]);
    let lower: Vec<usize> = alone.into_iter().chain(pairs.iter().map(|&(a, _)| a)).collect();
    let upper: Vec<usize> = pairs.iter().map(|&(_, b)| b).chain(a.get(rank + 1).copied()).collect();
    steps.extend(lower[1..].iter().map(|&wire| Step::Max(lower[0], wire)));
    steps.extend(upper.iter().skip(1).map(|&wire| Step::Min(upper[0], wire)));
    let middle = (lower[0], upper.first().copied());
    let operations = prune(&mut steps, middle);
    (steps, middle, operations)
}

/// Drops what the result does not depend on, and returns how many minima and maxima are left.
fn prune(steps: &mut Vec<Step>, (lo, hi): Middle) -> usize {
    let mut needed: Vec<usize> = std::iter::once(lo).chain(hi).collect();
    let mut count = 0;
    let mut kept = Vec::new();
    for &step in steps.iter().rev() {
        let (Step::Exchange(a, b) | Step::Min(a, b) | Step::Max(a, b)) = step;
        let second = matches!(step, Step::Exchange(..)) && needed.contains(&b);
        match (needed.contains(&a), second) {
            (false, false) => continue,
            (true, false) if matches!(step, Step::Exchange(..)) => kept.push(Step::Min(a, b)),
            (false, true) => kept.push(Step::Max(b, a)),
            _ => kept.push(step),
        }
        count += 1 + usize::from(kept.last() == Some(&step) && second);
        needed.extend([a, b]);
    }
    kept.reverse();
    *steps = kept;
    count
}

/// Pairs whose minima and maxima are the two halves of the union of two sorted lists, where `a` is as long as `b` or
/// longer by one; then its least element belongs to the lower half without a partner.
#[must_use]
pub(crate) fn middle_pairs(a: &[usize], b: &[usize]) -> (Option<usize>, Vec<(usize, usize)>) {
    let odd = a.len() - b.len();
    let pairs = a[odd..].iter().copied().zip(b.iter().rev().copied()).collect();
    ((odd == 1).then(|| a[0]), pairs)
}

/// Elements 0, 2, 4, … or 1, 3, 5, …
#[must_use]
pub(crate) fn every_second(list: &[usize], first: usize) -> Vec<usize> {
    list.iter().skip(first).step_by(2).copied().collect()
}

/// v[0], w[0], v[1], w[1], …, then what is left of either.
#[must_use]
pub(crate) fn interleave(v: &[usize], w: &[usize]) -> Vec<usize> {
    let mut merged = Vec::with_capacity(v.len() + w.len());
    for i in 0..v.len().max(w.len()) {
        merged.extend(v.get(i));
        merged.extend(w.get(i));
    }
    merged
}
