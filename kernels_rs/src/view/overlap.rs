//! Whether arrays have bytes in common: exact, and nobody is asked.
//!
//! ```text
//! first byte of a + Σ stride i + p = first byte of b + Σ stride j + q
//!     for indices i and j within their axes, and bytes p and q within an element
//! turn the axes of a forwards and those of b backwards, and bring b to the left:
//!     Σ step n = last byte of b - first byte of a,  0 <= n <= most, all steps positive
//! merge steps:  n c + m (k c) with k <= most n + 1 is (n + k m) c
//! search the largest step first:  what is left must be within the reach of the other steps and a multiple of their gcd
//! ```
//!
//! Slices, transposes and interleaved bands of one array have one or two steps left after merging, and are answered at
//! once. Strides of `as_strided` can make the search long; after [`MOST_STEPS`] the answer is that they may.

use crate::view::raw::Raw;

/// Numbers that are tried before the search is given up; some milliseconds.
const MOST_STEPS: u32 = 1_000_000;

/// Elements of an array whose axes do not nest that are looked at one by one.
const MOST_ELEMENTS: usize = 1 << 20;

/// From 0 to `most` times `step` bytes.
#[derive(Clone, Copy, Debug)]
struct Term {
    step: i128,
    most: i128,
}

/// How the memory of an output lies to that of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overlap {
    /// No byte in common.
    None,
    /// The same elements in the same order.
    Same,
    /// Some, or it would take too long to say.
    Some,
}

impl Overlap {
    /// Of two arrays.
    #[must_use]
    pub(crate) fn of(a: &Raw<'_>, b: &Raw<'_>) -> Self {
        if a.is_empty() || b.is_empty() {
            return Self::None;
        }
        let (ours, theirs) = (extent(a), extent(b));
        if ours.0 > theirs.1 || theirs.0 > ours.1 {
            return Self::None;
        }
        if same_elements(a, b) {
            return Self::Same;
        }
        let mut terms: Vec<Term> = steps(a).chain(steps(b)).collect();
        match reaches(theirs.1 as i128 - ours.0 as i128, &mut terms, MOST_STEPS) {
            Some(false) => Self::None,
            Some(true) | None => Self::Some,
        }
    }
}

/// First and last address of the bytes of an array that is not empty; `Raw` has seen to it that there are such.
fn extent(array: &Raw<'_>) -> (usize, usize) {
    let (mut first, mut last) = (array.address(), array.address() + (array.dtype().size() - 1));
    for (length, stride) in array.axes() {
        let reach = stride.unsigned_abs() * (length - 1);
        if stride < 0 {
            first -= reach;
        } else {
            last += reach;
        }
    }
    (first, last)
}

/// What is added to the first address of an array to reach its bytes.
fn steps<'a>(array: &'a Raw<'_>) -> impl Iterator<Item = Term> + 'a {
    let within = Term { step: 1, most: array.dtype().size() as i128 - 1 };
    let axes = array.axes().map(|(length, stride)| Term { step: (stride as i128).abs(), most: length as i128 - 1 });
    axes.chain([within]).filter(|term| term.step > 0 && term.most > 0)
}

/// Whether both are the same elements in the same order; strides of axes of length 1 don't matter.
fn same_elements(a: &Raw<'_>, b: &Raw<'_>) -> bool {
    let same = |((length, a), (_, b)): ((usize, isize), (usize, isize))| length == 1 || a == b;
    a.address() == b.address() && a.dtype() == b.dtype() && a.shape() == b.shape() && a.axes().zip(b.axes()).all(same)
}

/// Whether the terms can add up to a sum; None if that took too long to find out.
fn reaches(sum: i128, terms: &mut Vec<Term>, mut budget: u32) -> Option<bool> {
    terms.sort_unstable_by_key(|term| term.step);
    let mut merged: Vec<Term> = Vec::with_capacity(terms.len());
    for &term in &*terms {
        match merged.last_mut() {
            Some(last) if term.step % last.step == 0 && term.step / last.step <= last.most + 1 => {
                last.most += term.step / last.step * term.most;
            }
            _ => merged.push(term),
        }
    }
    // Of the terms before each: what they reach, and what divides all of it.
    let (mut reach, mut divisor) = (0, 0);
    let mut before = Vec::with_capacity(merged.len());
    for term in &merged {
        before.push((reach, divisor));
        reach += term.step * term.most;
        divisor = gcd(term.step, divisor);
    }
    if sum < 0 || sum > reach {
        return Some(false);
    }
    search(sum, &merged, &before, &mut budget)
}

/// Tries the last term's numbers that leave to the others what they can reach.
fn search(sum: i128, terms: &[Term], before: &[(i128, i128)], budget: &mut u32) -> Option<bool> {
    let (Some((term, terms)), Some((&(reach, divisor), before))) = (terms.split_last(), before.split_last()) else {
        return Some(sum == 0);
    };
    let least = (sum - reach).max(0).div_euclid(term.step) + i128::from((sum - reach).max(0) % term.step != 0);
    let most = term.most.min(sum / term.step);
    if terms.is_empty() {
        return Some(least <= most);
    }
    // Every so many numbers the rest is a multiple of what divides the others, or it never is.
    let period = divisor / gcd(term.step, divisor);
    let mut count = least;
    while count <= most {
        *budget = budget.checked_sub(1)?;
        let rest = sum - count * term.step;
        if rest % divisor != 0 {
            if count - least >= period {
                return Some(false);
            }
            count += 1;
            continue;
        }
        if search(rest, terms, before, budget)? {
            return Some(true);
        }
        count += period;
    }
    Some(false)
}

fn gcd(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Whether each axis steps over all that the axes before it reach, from the bytes of an element on.
fn nest(mut axes: impl Iterator<Item = (usize, isize)>, size: usize) -> bool {
    let mut reach = size;
    axes.all(|(length, stride)| {
        let fits = length == 1 || stride.unsigned_abs() >= reach;
        reach += stride.unsigned_abs() * (length - 1);
        fits
    })
}

/// Whether two elements of an array have a byte in common. Exact where its axes nest, as those of every slice and
/// transpose of a contiguous array do; other arrays are looked at element by element, and refused if they are large.
#[must_use]
pub(crate) fn overlaps_itself(array: &Raw<'_>) -> bool {
    let size = array.dtype().size();
    if array.is_empty() || nest(array.axes().rev(), size) {
        return false;
    }
    let mut axes: Vec<(usize, isize)> = array.axes().filter(|&(length, _)| length > 1).collect();
    axes.sort_unstable_by_key(|&(_, stride)| stride.unsigned_abs());
    if nest(axes.iter().copied(), size) {
        return false;
    }
    let mut offsets = Vec::new();
    if array.len() > MOST_ELEMENTS || offsets.try_reserve_exact(array.len()).is_err() {
        return true;
    }
    let mut add = |index: &[usize]| {
        offsets.push(axes.iter().zip(index).map(|(&(_, stride), &i)| stride * i.cast_signed()).sum::<isize>());
    };
    let lengths: Vec<usize> = axes.iter().map(|&(length, _)| length).collect();
    ndarray::indices(lengths).into_iter().for_each(|index| add(ndarray::Dimension::slice(&index)));
    offsets.sort_unstable();
    offsets.windows(2).any(|pair| pair[1].abs_diff(pair[0]) < size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn sums_are_reached_where_counting_reaches_them(
            terms in proptest::collection::vec((1_i128..40, 1_i128..7), 0..5),
            sum in -3_i128..400,
        ) {
            let terms: Vec<Term> = terms.into_iter().map(|(step, most)| Term { step, most }).collect();
            let mut sums = HashSet::from([0]);
            for term in &terms {
                sums = (0..=term.most).flat_map(|n| sums.iter().map(move |s| s + n * term.step)).collect();
            }
            prop_assert_eq!(reaches(sum, &mut terms.clone(), MOST_STEPS), Some(sums.contains(&sum)));
        }
    }

    #[test]
    fn what_is_too_hard_to_say_counts_as_overlap() {
        // Sums of these steps leave gaps that no divisor tells.
        let hard: Vec<Term> = (0..12).map(|i| Term { step: 1_000_003 + 2 * 7_919 * i, most: 50 }).collect();
        assert_eq!(reaches(271_828_183, &mut hard.clone(), 1000), None);
    }

    #[test]
    fn steps_of_a_large_array_take_no_time() {
        let mut few = vec![Term { step: 6, most: 16_000_000 }, Term { step: 1, most: 2 }];
        assert_eq!(reaches(6 * 16_000_000 - 1, &mut few, 10), Some(false));
    }
}
