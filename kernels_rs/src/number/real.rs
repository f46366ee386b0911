//! The dtypes of results, and what kernels do with numbers of them.

use crate::number::dtypes::of_each_dtype;

/// A dtype of results.
pub trait Real:
    Copy
    + Default
    + PartialOrd
    + Send
    + Sync
    + 'static
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::Div<Output = Self>
{
    /// Not a number.
    const NAN: Self;
    /// One half.
    const HALF: Self;

    /// The nearest number of this type.
    fn nearest(value: f64) -> Self;

    /// The absolute value.
    #[must_use]
    fn abs(self) -> Self;
}

macro_rules! real {
    (float $float:ident $($rest:tt)*) => {
        impl Real for $float {
            const NAN: Self = $float::NAN;
            const HALF: Self = 0.5;

            #[inline(always)]
            #[allow(clippy::cast_possible_truncation, reason = "rounds to nearest")]
            fn nearest(value: f64) -> Self {
                value as Self
            }

            #[inline(always)]
            fn abs(self) -> Self {
                $float::abs(self)
            }
        }
    };
    ($($other:tt)*) => {};
}

of_each_dtype! { real }
