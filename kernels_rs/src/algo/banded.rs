//! A series smoothed by penalised least squares: formulas on W series side by side, and what they share.
//!
//! ```text
//! minimise Σ w (y - z)² + λ Σ (Δ^D z)².  The state at a date is s = (z, Δz, …, Δ^(D-1) z); what is known of it from the
//! dates so far is the quadratic sᵀ J s / 2 - hᵀ s.  From date to date
//!     s[D-1] += e, which costs λ e² / 2:    r = 1 / (J[D-1][D-1] + λ),  k = r J[D-1],  g = r h[D-1]
//!                                           J -= k J[D-1],  h -= k h[D-1];  k[D-1] is now λ r, which J[D-1] is times
//!     s[i] += s[i+1], as differences do:    J and h in the new s
//!     the date's own value:                 J[0][0] += w,  h[0] += w y
//! at the last date  J s = h;  backwards  s[i] -= s[i+1],  s[D-1] = λ r s[D-1] - Σ k[i] s[i] + g
//! ```
//!
//! That is the LDLᵀ factorisation of the banded system W + λ ΔᵀΔ, with as many operations and as many numbers kept a date,
//! but in the basis of differences. In that of values the penalty is a sum of large numbers of both signs: where λ is large
//! or valid dates are few, all that is known of a series drowns in their rounding (two dates next to each other of 365 at
//! λ = 1e7: 4e-3 of the result, against 1e-10 here). For the first D dates nothing is penalised, and s is a polynomial.
//!
//! With times, differences are divided ones: s[i] += (x[t] - x[t-1-i]) s[i+1], and λ / (x[t] - x[t-D])² stands for λ.

use crate::errors::Error;

/// Orders of differences up to this one are compiled.
pub(crate) const MOST_ORDER: usize = 3;

/// What is penalised.
#[derive(Clone, Copy)]
pub(crate) struct Penalty<'a> {
    /// More than 0.
    pub lmbda: f64,
    /// Of every date, increasing; None where dates are one apart and differences are plain.
    pub times: Option<&'a [f64]>,
}

/// The way from the date before to a date.
#[derive(Clone, Copy)]
pub(crate) struct Step<const D: usize> {
    /// What a change of the last difference costs; None where it may not change.
    lambda: Option<f64>,
    /// What differences are multiplied by.
    widths: [f64; D],
}

impl Penalty<'_> {
    /// Refuses times so near to each other, or so far apart, that what is penalised cannot be computed with.
    ///
    /// # Errors
    ///
    /// As above.
    pub(crate) fn check<const D: usize>(&self) -> Result<(), Error> {
        let dates = self.times.map_or(0, <[f64]>::len);
        let lost = (D..dates).filter_map(|date| self.step::<D>(date).lambda).find(|lambda| !lambda.is_normal());
        match lost {
            None => Ok(()),
            Some(lost) => Err(Error::value(format!(
                "lmbda is {:?}, and times lie so that it becomes {lost:?}; a number that stays finite and above 0 is \
                 accepted, or times in another unit",
                self.lmbda
            ))),
        }
    }

    /// The way to that date.
    #[must_use]
    #[inline(always)]
    pub(crate) fn step<const D: usize>(&self, date: usize) -> Step<D> {
        let Some(times) = self.times else {
            return Step { lambda: if date < D { None } else { Some(self.lmbda) }, widths: [1.0; D] };
        };
        let mut widths = [1.0; D];
        for (i, width) in widths.iter_mut().enumerate().take(date) {
            *width = times[date] - times[date - 1 - i];
        }
        let last = widths[D - 1];
        Step { lambda: if date < D { None } else { Some(self.lmbda / (last * last)) }, widths }
    }
}

/// What is known of W series from the dates so far; of J the upper triangle.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Known<const D: usize, const W: usize> {
    j: [[[f64; W]; D]; D],
    h: [[f64; W]; D],
}

/// One series' part of it.
type One<const D: usize> = ([[f64; D]; D], [f64; D]);

impl<const D: usize, const W: usize> Known<D, W> {
    /// Nothing.
    pub(crate) const NOTHING: Self = Self { j: [[[0.0; W]; D]; D], h: [[0.0; W]; D] };

    #[inline(always)]
    fn of(&self, w: usize) -> One<D> {
        let mut j = [[0.0; D]; D];
        for a in 0..D {
            for b in 0..D {
                j[a][b] = self.j[a][b][w];
            }
        }
        (j, lane(&self.h, w))
    }

    #[inline(always)]
    fn put(&mut self, w: usize, (j, h): One<D>) {
        put(&mut self.h, w, h);
        for a in 0..D {
            for b in 0..D {
                if a <= b {
                    self.j[a][b][w] = j[a][b];
                }
            }
        }
    }

    /// Goes to a date of that weight and weighted value; writes k and g.
    #[inline(always)]
    pub(crate) fn go<const EVEN: bool>(
        &mut self,
        step: Step<D>,
        (weight, value): (&[f64; W], &[f64; W]),
        k: &mut [[f64; W]; D],
        g: &mut [f64; W],
    ) {
        // The test is outside the loop, which is vectorised.
        if let Some(lambda) = step.lambda {
            for w in 0..W {
                let (mut j, mut h) = self.of(w);
                let (own, r) = change(&mut j, lambda);
                g[w] = change_h(&mut h, &own, r);
                turn::<D, EVEN>(&mut j, &step.widths);
                turn_h::<D, EVEN>(&mut h, &step.widths);
                j[0][0] += weight[w];
                h[0] += value[w];
                self.put(w, (j, h));
                put(k, w, own);
            }
        } else {
            for w in 0..W {
                let (mut j, mut h) = self.of(w);
                turn::<D, EVEN>(&mut j, &step.widths);
                turn_h::<D, EVEN>(&mut h, &step.widths);
                j[0][0] += weight[w];
                h[0] += value[w];
                self.put(w, (j, h));
            }
        }
    }

    /// The state at the last date.
    #[inline(always)]
    pub(crate) fn solve(&self, s: &mut [[f64; W]; D]) {
        for w in 0..W {
            let (mut j, mut h) = self.of(w);
            let own = solve(&mut j, &mut h);
            put(s, w, own);
        }
    }
}

/// One series' part of some rows. Loops, not closures: those are not always inlined, and then not vectorised.
#[inline(always)]
fn lane<const D: usize, const W: usize>(rows: &[[f64; W]; D], w: usize) -> [f64; D] {
    let mut own = [0.0; D];
    for a in 0..D {
        own[a] = rows[a][w];
    }
    own
}

#[inline(always)]
fn put<const D: usize, const W: usize>(rows: &mut [[f64; W]; D], w: usize, own: [f64; D]) {
    for a in 0..D {
        rows[a][w] = own[a];
    }
}

/// Lets the last difference change at a cost; returns k, whose last is what J's last row was multiplied by, and r.
#[inline(always)]
fn change<const D: usize>(j: &mut [[f64; D]; D], lambda: f64) -> ([f64; D], f64) {
    let (mut column, mut k) = ([0.0; D], [0.0; D]);
    for a in 0..D {
        column[a] = j[a][D - 1];
    }
    let r = 1.0 / (column[D - 1] + lambda);
    for a in 0..D {
        k[a] = if a < D - 1 { column[a] * r } else { lambda * r };
    }
    // Loops of a fixed length are unrolled before the one over lanes, which is vectorised then.
    for a in 0..D {
        for b in 0..D {
            if a <= b && b < D - 1 {
                j[a][b] -= k[a] * column[b];
            }
        }
        j[a][D - 1] = column[a] * k[D - 1];
    }
    (k, r)
}

/// The same for h; returns g.
#[inline(always)]
fn change_h<const D: usize>(h: &mut [f64; D], k: &[f64; D], r: f64) -> f64 {
    let last = h[D - 1];
    for a in 0..D - 1 {
        h[a] -= k[a] * last;
    }
    h[D - 1] = last * k[D - 1];
    r * last
}

#[inline(always)]
fn times<const EVEN: bool>(width: f64, x: f64) -> f64 {
    if EVEN { x } else { width * x }
}

/// J in the differences of the next date.
#[inline(always)]
fn turn<const D: usize, const EVEN: bool>(j: &mut [[f64; D]; D], widths: &[f64; D]) {
    for a in (0..D - 1).rev() {
        let (before, width) = (j[a][a + 1], widths[a]);
        for b in 0..D {
            if b <= a {
                j[b][a + 1] -= times::<EVEN>(width, j[b][a]);
            } else if b > a + 1 {
                j[a + 1][b] -= times::<EVEN>(width, j[a][b]);
            }
        }
        j[a + 1][a + 1] = (j[a + 1][a + 1] - times::<EVEN>(width, before)) - times::<EVEN>(width, j[a][a + 1]);
    }
}

#[inline(always)]
fn turn_h<const D: usize, const EVEN: bool>(h: &mut [f64; D], widths: &[f64; D]) {
    for a in (0..D - 1).rev() {
        h[a + 1] -= times::<EVEN>(widths[a], h[a]);
    }
}

/// s of J s = h.
#[inline(always)]
fn solve<const D: usize>(j: &mut [[f64; D]; D], h: &mut [f64; D]) -> [f64; D] {
    let mut k = [[0.0; D]; D];
    for last in (1..D).rev() {
        let r = 1.0 / j[last][last];
        for a in 0..last {
            k[last][a] = j[a][last] * r;
            for b in a..last {
                j[a][b] -= k[last][a] * j[b][last];
            }
            h[a] -= k[last][a] * h[last];
        }
        h[last] *= r;
    }
    let mut s = [0.0; D];
    s[0] = h[0] / j[0][0];
    for a in 1..D {
        s[a] = h[a];
        for b in 0..a {
            s[a] -= k[a][b] * s[b];
        }
    }
    s
}

/// Writes the result at a date, and goes back over a step: from the state there to that at the date before.
#[inline(always)]
pub(crate) fn back<const D: usize, const W: usize, const EVEN: bool>(
    s: &mut [[f64; W]; D],
    step: Step<D>,
    k: &[[f64; W]; D],
    g: &[f64; W],
    z: &mut [f64; W],
) {
    let is_free = step.lambda.is_some();
    for w in 0..W {
        let mut own = lane(s, w);
        z[w] = own[0];
        turn_back::<D, EVEN>(&mut own, &step.widths);
        if is_free {
            own[D - 1] = last_of(&own, lane(k, w), g[w]);
        }
        (0..D).for_each(|a| s[a][w] = own[a]);
    }
}

#[inline(always)]
fn turn_back<const D: usize, const EVEN: bool>(s: &mut [f64; D], widths: &[f64; D]) {
    for a in 0..D - 1 {
        s[a] -= times::<EVEN>(widths[a], s[a + 1]);
    }
}

/// The last difference before it changed.
#[inline(always)]
fn last_of<const D: usize>(s: &[f64; D], k: [f64; D], g: f64) -> f64 {
    let mut last = s[D - 1] * k[D - 1];
    for a in 0..D - 1 {
        last -= k[a] * s[a];
    }
    last + g
}

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
