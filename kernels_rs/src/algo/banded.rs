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

#![allow(clippy::needless_range_loop, reason = "loops of a fixed length, which are unrolled and then vectorised")]

use crate::algo::penalty::Step;

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
pub(super) fn lane<const D: usize, const W: usize>(rows: &[[f64; W]; D], w: usize) -> [f64; D] {
    let mut own = [0.0; D];
    for a in 0..D {
        own[a] = rows[a][w];
    }
    own
}

#[inline(always)]
pub(super) fn put<const D: usize, const W: usize>(rows: &mut [[f64; W]; D], w: usize, own: [f64; D]) {
    for a in 0..D {
        rows[a][w] = own[a];
    }
}

/// Lets the last difference change at a cost; returns k, whose last is what J's last row was multiplied by, and r.
#[inline(always)]
pub(super) fn change<const D: usize>(j: &mut [[f64; D]; D], lambda: f64) -> ([f64; D], f64) {
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
pub(super) fn change_h<const D: usize>(h: &mut [f64; D], k: &[f64; D], r: f64) -> f64 {
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
pub(super) fn turn<const D: usize, const EVEN: bool>(j: &mut [[f64; D]; D], widths: &[f64; D]) {
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
pub(super) fn turn_h<const D: usize, const EVEN: bool>(h: &mut [f64; D], widths: &[f64; D]) {
    for a in (0..D - 1).rev() {
        h[a + 1] -= times::<EVEN>(widths[a], h[a]);
    }
}

/// s of J s = h.
#[inline(always)]
pub(super) fn solve<const D: usize>(j: &mut [[f64; D]; D], h: &mut [f64; D]) -> [f64; D] {
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
pub(super) fn turn_back<const D: usize, const EVEN: bool>(s: &mut [f64; D], widths: &[f64; D]) {
    for a in 0..D - 1 {
        s[a] -= times::<EVEN>(widths[a], s[a + 1]);
    }
}

/// The last difference before it changed.
#[inline(always)]
pub(super) fn last_of<const D: usize>(s: &[f64; D], k: [f64; D], g: f64) -> f64 {
    let mut last = s[D - 1] * k[D - 1];
    for a in 0..D - 1 {
        last -= k[a] * s[a];
    }
    last + g
}
