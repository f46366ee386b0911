//! What series without gaps and weights have in common when they are smoothed: all factors of `banded.rs`, made once.

#![allow(clippy::needless_range_loop, reason = "loops of a fixed length, which are unrolled and then vectorised")]

use crate::algo::banded::{change, change_h, lane, last_of, put, solve, turn, turn_back, turn_h};
use crate::algo::penalty::{Penalty, Step};

/// What series without gaps and weights share: everything but h.
pub(crate) struct Shared<const D: usize> {
    /// Of every date.
    steps: Vec<SharedStep<D>>,
    /// J at the last date.
    j: [[f64; D]; D],
}

#[derive(Clone, Copy)]
struct SharedStep<const D: usize> {
    step: Step<D>,
    k: [f64; D],
    r: f64,
}

impl<const D: usize> Shared<D> {
    /// Of that many dates; None where memory cannot be had.
    #[must_use]
    pub(crate) fn new<const EVEN: bool>(penalty: &Penalty<'_>, dates: usize) -> Option<Self> {
        let (mut j, mut steps) = ([[0.0; D]; D], Vec::new());
        steps.try_reserve_exact(dates).ok()?;
        for date in 0..dates {
            let step = penalty.step(date);
            let (k, r) = step.lambda.map_or(([0.0; D], 0.0), |lambda| change(&mut j, lambda));
            turn::<D, EVEN>(&mut j, &step.widths);
            j[0][0] += 1.0;
            steps.push(SharedStep { step, k, r });
        }
        Some(Self { steps, j })
    }

    /// Goes to a date; writes g.
    #[inline(always)]
    pub(crate) fn go<const W: usize, const EVEN: bool>(
        &self,
        date: usize,
        h: &mut [[f64; W]; D],
        value: &[f64; W],
        g: &mut [f64; W],
    ) {
        let SharedStep { step, k, r } = self.steps[date];
        let is_free = step.lambda.is_some();
        for w in 0..W {
            let mut own = lane(h, w);
            g[w] = if is_free { change_h(&mut own, &k, r) } else { 0.0 };
            turn_h::<D, EVEN>(&mut own, &step.widths);
            own[0] += value[w];
            put(h, w, own);
        }
    }

    /// The state at the last date from h there.
    #[inline(always)]
    pub(crate) fn solve<const W: usize>(&self, h: &[[f64; W]; D], s: &mut [[f64; W]; D]) {
        for w in 0..W {
            let own = solve(&mut self.j.clone(), &mut lane(h, w));
            put(s, w, own);
        }
    }

    /// Writes the result at a date, and goes back to the one before.
    #[inline(always)]
    pub(crate) fn back<const W: usize, const EVEN: bool>(
        &self,
        date: usize,
        s: &mut [[f64; W]; D],
        g: &[f64; W],
        z: &mut [f64; W],
    ) {
        let SharedStep { step, k, .. } = self.steps[date];
        let is_free = step.lambda.is_some();
        for w in 0..W {
            let mut own = lane(s, w);
            z[w] = own[0];
            turn_back::<D, EVEN>(&mut own, &step.widths);
            if is_free {
                own[D - 1] = last_of(&own, k, g[w]);
            }
            put(s, w, own);
        }
    }
}
