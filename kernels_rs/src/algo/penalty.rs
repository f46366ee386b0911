//! What smoothing by penalised least squares penalises, and what of it belongs to the way from date to date.

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
    pub(super) lambda: Option<f64>,
    /// What differences are multiplied by.
    pub(super) widths: [f64; D],
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
