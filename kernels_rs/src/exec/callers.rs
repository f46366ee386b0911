//! How many threads of a program are calling kernels at once.
//!
//! Each keeps a core busy by itself. Helpers beyond the cores that are left would only take turns with them, and a call
//! that is cut for helpers who cannot come is slower than one that is not.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of callers that are at work.
pub(crate) struct Callers(AtomicUsize);

/// One of them, for as long as it lives.
pub(crate) struct Caller<'a> {
    callers: &'a Callers,
    /// How many there were when it came.
    pub others: usize,
}

impl Callers {
    /// None yet.
    pub(crate) const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Counts one more.
    pub(crate) fn enter(&self) -> Caller<'_> {
        Caller { callers: self, others: self.0.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Caller<'_> {
    fn drop(&mut self) {
        self.callers.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_counted_while_they_live() {
        let callers = Callers::new();
        let (first, second) = (callers.enter(), callers.enter());
        assert_eq!((first.others, second.others), (0, 1));
        drop(first);
        assert_eq!(callers.enter().others, 1);
        drop(second);
        assert_eq!(callers.enter().others, 0);
    }
}
