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
