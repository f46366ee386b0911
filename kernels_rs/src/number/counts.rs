//! Indices of reflectances that are computed on counts: what becomes of a constant that is added.
//!
//! ```text
//! reflectance = scale * count + offset.  In a quotient the scale cancels, so counts are used as they are, and
//!     k = the constant, with what the offset adds to it, divided by the scale: whole if it is all but whole
//! ```
//!
//! No reflectance is ever rounded: counts whose denominator is 0 are found exactly. Of Sentinel-2's scale of 1e-4 and
//! offset of -0.1, -0.2 / 1e-4 is -2000, as it should be, and not the nearest double to the quotient of two rounded numbers.

/// How far from an integer k may be to be meant as one: well above what rounding of scale and offset makes of it.
const NEAR: f64 = 1e-6;

/// `k`, or the integer that it is all but for the rounding of what it was computed from.
#[must_use]
pub(crate) fn meant(k: f64) -> f64 {
    let whole = k.round_ties_even();
    if (k - whole).abs() <= NEAR { whole } else { k }
}

/// The constants of an index of reflectances whose denominator has an additive constant.
pub(crate) trait Additive: Sized {
    /// What is added in the denominator.
    fn added(&mut self) -> &mut f64;
    /// What the denominator must exceed in absolute value.
    fn guard(&mut self) -> &mut f64;
    /// The sum of the factors by which the denominator takes the bands.
    fn weight(&self) -> f64;

    /// The same index of reflectances scale * count + offset, on the counts. `scale` is not 0.
    #[must_use]
    #[allow(clippy::float_cmp, reason = "exactly these say that counts are meant as they are")]
    fn of_counts(mut self, scale: f64, offset: f64) -> Self {
        if scale != 1.0 || offset != 0.0 {
            *self.added() = meant((offset * self.weight() + *self.added()) / scale);
            *self.guard() /= scale.abs();
        }
        self
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "they are exact")]
mod tests {
    use super::*;

    #[test]
    fn what_is_all_but_whole_is_whole() {
        assert_eq!(meant(-0.2 / 1e-4), -2000.0);
        assert_eq!(meant(3.000_000_9), 3.0);
        assert_eq!(meant(3.000_001_1), 3.000_001_1);
        assert_eq!(meant(-0.4 / 2.75e-5), -0.4 / 2.75e-5);
        assert_eq!(meant(f64::INFINITY), f64::INFINITY);
    }
}
