//! The decimal that a constant read from metadata stands for.
//!
//! ```text
//! of_single(x):  the float64 nearest to the shortest decimal that tells the float32 x from all others
//! of_double(v):  of_single(x) if v is exactly a float32 x, and not exactly the decimal that v prints;
//!                so if v is such an x written with 15 digits and read again; else v
//! ```
//!
//! Readers of files hand over a scale of 0.0001 as the float32 nearest to it, widened to 9.999999747378752e-05, or from
//! text as 9.99999974737875e-05, which is what C prints. Nobody meant that: an offset divided by it misses the integer
//! that it should be. 0.5 and 2.5 are what they print, and stay.

/// Digits behind the first of the longest decimal that is exactly a float32, and one for good measure.
const DIGITS: usize = 112;
/// As much may writing with 15 digits change a number, by its size; a short decimal is further from its float32.
const FIFTEEN_DIGITS: f64 = 1e-14;

/// The float64 that a float32 was rounded from, if that was a short decimal.
#[must_use]
pub(crate) fn of_single(value: f32) -> f64 {
    format!("{value:e}").parse().unwrap_or(f64::NAN)
}

/// The float64 that is meant by this one, which may have been a float32 before.
#[must_use]
pub(crate) fn of_double(value: f64) -> f64 {
    #[allow(clippy::cast_possible_truncation, reason = "what it rounds to is looked at")]
    let single = value as f32;
    let widened = f64::from(single);
    let off = (widened - value).abs();
    if !single.is_finite() || off > FIFTEEN_DIGITS * value.abs() {
        return value;
    }
    let was_single = if off == 0.0 {
        !has_few_digits(value) && !is_its_shortest(value)
    } else {
        format!("{widened:.14e}").parse() == Ok(value)
    };
    if was_single { of_single(single) } else { value }
}

/// Whether a float32 has no digit behind the sixth decimal, and no more than 15: no shorter decimal stands for it then.
fn has_few_digits(value: f64) -> bool {
    let millionths = value * 1e6; // exact: 24 bits times the 14 of 15625, times 2⁶
    millionths.fract() == 0.0 && millionths.abs() < 1e15
}

/// Whether a float32 is exactly the shortest decimal that stands for it among the float64.
fn is_its_shortest(value: f64) -> bool {
    let exact = format!("{value:.DIGITS$e}");
    let (digits, power) = exact.split_once('e').unwrap_or((&exact, "0"));
    format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.')) == format!("{value:e}")
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "they are exact")]
mod tests {
    use super::*;

    #[test]
    fn a_float32_stands_for_its_decimal() {
        assert_eq!(of_single(1e-4), 1e-4);
        assert_eq!(of_single(2.75e-5), 2.75e-5);
        assert_eq!(of_single(-0.1), -0.1);
        assert_eq!(of_single(f32::from_bits(1)), 1e-45);
        assert!(of_single(f32::NAN).is_nan());
        assert_eq!(of_single(f32::NEG_INFINITY), f64::NEG_INFINITY);
    }

    #[test]
    fn a_widened_float32_stands_for_its_decimal_as_well() {
        for decimal in [1e-4, -0.1, 2.75e-5, 1e-45, 3.4e38, 0.000_244_1] {
            #[allow(clippy::cast_possible_truncation, reason = "that is what happens to it")]
            let widened = f64::from(decimal as f32);
            assert_ne!(widened, decimal);
            assert_eq!(of_double(widened), decimal);
        }
        assert_eq!(of_double(9.999_999_747_378_752e-5), 1e-4);
        assert_eq!(of_double(9.999_999_747_378_75e-5), 1e-4, "with 15 digits");
        assert_eq!(of_double(-0.100_000_001_490_116), -0.1, "with 15 digits");
        assert_eq!(of_double(-0.100_000_001_490_115), -0.100_000_001_490_115);
    }

    #[test]
    fn numbers_that_are_what_they_print_stay() {
        for value in [0.0, -0.0, 0.5, 2.5, 10_000.0, 2_f64.powi(-20), 1e-4, -0.1, 1e300, 5e-324, f64::INFINITY] {
            assert_eq!(of_double(value).to_bits(), value.to_bits(), "{value:e}");
        }
        assert!(of_double(f64::NAN).is_nan());
    }

    #[test]
    fn few_digits_need_not_be_written_out() {
        for value in (0..0x7f80_0000_u32).step_by(65_536).map(|bits| f64::from(f32::from_bits(bits))) {
            assert!(!has_few_digits(value) || is_its_shortest(value), "{value:e}");
        }
    }
}
