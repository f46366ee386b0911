//! What a piece of work asks now and then: whether to go on.
//!
//! Asking is cheap enough for inner loops. Whoever works looks at a flag that the others of the same call share; the
//! caller's thread also looks at the clock, at most every [`SKIPPED`]th time where little time passes between, and from
//! time to time asks `poll` whether a signal has come. A short call never gets that far.

use crate::errors::Error;
use std::cell::Cell;
use std::process::id;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Signals are asked for no sooner than this after the call began, or was asked for last.
const EVERY: Duration = Duration::from_millis(50);

/// Asking may have to wait, for Python's lock: so many times as long passes before it is asked again.
const PATIENCE: u32 = 20;

/// How many times in a row the clock is not looked at, at most.
const SKIPPED: u8 = 15;

/// Where so little time passes between two looks at the clock, more are skipped.
const CLOSE: Duration = Duration::from_micros(100);

/// What asking for signals found.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Poll {
    /// The call shall end.
    pub interrupted: bool,
    /// How long it took until it could be asked.
    pub waited: Duration,
}

/// What a piece of work asks now and then: whether to go on.
#[derive(Default)]
pub(crate) struct Watch {
    /// Set when the call shall end; None where one thread does all.
    stop: Option<Arc<AtomicBool>>,
    /// Of the caller's thread.
    clock: Option<Clock>,
}

struct Clock {
    poll: fn() -> Poll,
    /// How many looks are skipped, and how many still are.
    skip: Cell<(u8, u8)>,
    looked: Cell<Instant>,
    due: Cell<Instant>,
    verdict: Cell<Verdict>,
    /// That in which the call began.
    process: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    GoOn,
    Interrupted,
    /// This is a child that a signal handler has forked: the helpers are in the parent, and so is what they do.
    Orphaned,
}

impl Watch {
    /// One that always says yes.
    #[must_use]
    pub(crate) fn quiet() -> Self {
        Self::default()
    }

    /// That of the caller's thread; `stop` is shared with the helpers.
    pub(crate) fn of_caller(poll: fn() -> Poll, stop: Option<Arc<AtomicBool>>) -> Self {
        let now = Instant::now();
        let process = if stop.is_some() { id() } else { 0 };
        let (looked, due) = (Cell::new(now), Cell::new(now + EVERY));
        let clock = Clock { poll, skip: Cell::new((0, 0)), looked, due, verdict: Cell::new(Verdict::GoOn), process };
        Self { stop, clock: Some(clock) }
    }

    /// That of a helper.
    pub(crate) fn of_helper(stop: Arc<AtomicBool>) -> Self {
        Self { stop: Some(stop), clock: None }
    }

    /// Whether to go on.
    ///
    /// # Errors
    ///
    /// The call shall end: it was interrupted, or another piece of it failed.
    #[inline]
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.is_stopped() {
            return Err(Error::Interrupted);
        }
        let Some(clock) = &self.clock else { return Ok(()) };
        let (skip, left) = clock.skip.get();
        if left > 0 {
            clock.skip.set((skip, left - 1));
            return Ok(());
        }
        self.look()
    }

    fn is_stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    /// As [`Watch::check`], and looks at the clock in any case.
    #[cold]
    pub(crate) fn look(&self) -> Result<(), Error> {
        self.clock.iter().for_each(|clock| self.ask_if_due(clock));
        self.verdict()?;
        if self.is_stopped() { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// Asks for signals if it is time to.
    fn ask_if_due(&self, clock: &Clock) {
        let now = Instant::now();
        let is_close = now - clock.looked.replace(now) < CLOSE;
        let skip = if is_close { (2 * clock.skip.get().0 + 1).min(SKIPPED) } else { 0 };
        clock.skip.set((skip, skip));
        if now < clock.due.get() || clock.verdict.get() != Verdict::GoOn {
            return;
        }
        let found = (clock.poll)();
        clock.due.set(Instant::now() + EVERY.max(found.waited * PATIENCE));
        let is_orphan = self.stop.is_some() && id() != clock.process;
        if is_orphan || found.interrupted {
            clock.verdict.set(if is_orphan { Verdict::Orphaned } else { Verdict::Interrupted });
            clock.skip.set((0, 0));
            self.stop.iter().for_each(|stop| stop.store(true, Ordering::Relaxed));
        }
    }

    /// What the caller's thread has found so far.
    pub(crate) fn verdict(&self) -> Result<(), Error> {
        match self.clock.as_ref().map_or(Verdict::GoOn, |clock| clock.verdict.get()) {
            Verdict::GoOn => Ok(()),
            Verdict::Interrupted => Err(Error::Interrupted),
            Verdict::Orphaned => {
                let what =
                    "a signal handler forked this process in the middle of a call, which only its parent can finish";
                Err(Error::Internal(what.to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    /// Longer than any of these tests should take.
    const LONG: Duration = Duration::from_secs(10);

    /// Checks until the call shall end, or for so long.
    fn held(watch: &Watch, at_most: Duration) -> Result<(), Error> {
        let start = Instant::now();
        while start.elapsed() < at_most {
            watch.check()?;
        }
        Ok(())
    }

    #[test]
    fn signals_are_asked_for_after_a_while_and_not_sooner() {
        let poll = || Poll { interrupted: true, ..Poll::default() };
        let start = Instant::now();
        let watch = Watch::of_caller(poll, None);
        assert_eq!(held(&watch, LONG), Err(Error::Interrupted));
        assert!(start.elapsed() >= EVERY);
        assert_eq!(watch.check(), Err(Error::Interrupted));
    }

    #[test]
    fn an_interrupt_reaches_the_helpers() {
        let stop = Arc::new(AtomicBool::new(false));
        let helper = Watch::of_helper(stop.clone());
        let caller = Watch::of_caller(|| Poll { interrupted: true, ..Poll::default() }, Some(stop));
        assert_eq!(helper.check(), Ok(()));
        assert_eq!(held(&caller, LONG), Err(Error::Interrupted));
        assert_eq!(helper.check(), Err(Error::Interrupted));
        assert_eq!(helper.verdict(), Ok(()));
    }

    #[test]
    fn who_had_to_wait_asks_less_often() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let poll = || {
            ASKED.fetch_add(1, Ordering::Relaxed);
            Poll { interrupted: false, waited: Duration::from_secs(1) }
        };
        let watch = Watch::of_caller(poll, None);
        assert_eq!(held(&watch, 6 * EVERY), Ok(()));
        assert_eq!(ASKED.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn an_orphan_is_told_so_only_if_it_had_helpers() {
        for stop in [None, Some(Arc::new(AtomicBool::new(false)))] {
            let helped = stop.is_some();
            let mut watch = Watch::of_caller(Poll::default, stop);
            watch.clock.as_mut().unwrap().process = id().wrapping_add(1);
            let found = held(&watch, if helped { LONG } else { 2 * EVERY });
            assert_eq!(matches!(found, Err(Error::Internal(text)) if text.contains("forked")), helped);
        }
    }

    #[test]
    fn checks_that_are_far_apart_all_look_at_the_clock() {
        let watch = Watch::of_caller(Poll::default, None);
        let skipped = |_| {
            watch.check().unwrap();
            watch.clock.as_ref().unwrap().skip.get().0
        };
        assert!((0..1000).map(skipped).max() == Some(SKIPPED));
        for _ in 0..=2 * SKIPPED {
            std::thread::sleep(2 * CLOSE);
            watch.check().unwrap();
        }
        assert_eq!(watch.clock.as_ref().unwrap().skip.get(), (0, 0));
    }
}
