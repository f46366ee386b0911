//! A job: work on the caller's stack that helpers may join until the caller is through, and that it never waits for them
//! to join.
//!
//! ```text
//! caller: invite helpers → do the work → close → wait until nobody is inside
//! helper: enter, unless it is closed → do the work → leave
//! ```
//!
//! Why it is sound to lend a helper what lies on the caller's stack: number of helpers inside and the mark of being closed
//! are one atomic number. A helper reads the work only after it has raised the number by an exchange that fails once the
//! mark is set. The caller sets the mark and then waits for the number to be 0 in the `drop` of [`Open`], which a panic in
//! its own part runs too, and which nothing but [`share`] holds, so nobody can forget it. Thus whoever reads the work is
//! counted, and the caller's frame lives as long as anybody is. A helper that comes later finds the mark in the job
//! itself, which it owns a share of, and leaves. The work that helpers do catches its own panics (`par.rs`); if one
//! passed nevertheless, [`Inside`] would still leave.
//!
//! A child that is forked by a signal handler in the middle of a job has no helpers, though some are counted. It does not
//! wait for them: there, nobody else can touch its stack.

use std::process::id;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// How long the caller's thread waits for the helpers before it goes to sleep, as to be woken up takes longer than what
/// is left of most pieces.
const SPIN: Duration = Duration::from_micros(200);

/// How long it sleeps at most before it looks after signals.
const NAP: Duration = Duration::from_millis(50);

/// The mark of a closed job, beside the number of helpers inside.
const CLOSED: usize = 1 << (usize::BITS - 1);

/// Work that helpers may join.
pub(crate) struct Job {
    state: AtomicUsize,
    /// The caller's, and what calls it as what it is.
    work: *const (),
    call: unsafe fn(*const ()),
    caller: Thread,
    /// That of the caller.
    process: u32,
}

// SAFETY: the work is `Sync`, and is read only while the caller's frame lives, as the head of the file says.
unsafe impl Send for Job {}
// SAFETY: likewise.
unsafe impl Sync for Job {}

/// Does `own` here, while those who are handed the job by `invite` may do `work`; then waits for those who do, and calls
/// `idle` now and then meanwhile.
pub(crate) fn share<W: Fn() + Sync>(
    work: &W,
    process: u32,
    invite: impl FnOnce(&Arc<Job>),
    own: impl FnOnce(),
    idle: &dyn Fn(),
) {
    let job = Job {
        state: AtomicUsize::new(0),
        work: std::ptr::from_ref(work).cast(),
        call: call::<W>,
        caller: std::thread::current(),
        process,
    };
    let open = Open { job: Arc::new(job), idle };
    invite(&open.job);
    own();
}

/// # Safety
///
/// `work` is a W that lives until this returns.
unsafe fn call<W: Fn()>(work: *const ()) {
    // SAFETY: the caller's.
    unsafe { (*work.cast::<W>())() };
}

impl Job {
    /// Does the work, unless it is closed.
    pub(crate) fn help(&self) {
        let count = |state: usize| (state & CLOSED == 0).then_some(state + 1);
        if self.state.fetch_update(Ordering::Acquire, Ordering::Relaxed, count).is_ok() {
            let _inside = Inside(self);
            // SAFETY: this thread is counted, so the caller's frame lives until `_inside` is dropped.
            unsafe { (self.call)(self.work) };
        }
    }
}

/// A helper that is counted.
struct Inside<'a>(&'a Job);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        // From here on the caller's frame may be gone: what is touched below is the job's own.
        if self.0.state.fetch_sub(1, Ordering::AcqRel) == CLOSED | 1 {
            self.0.caller.unpark();
        }
    }
}

/// A job that its caller still works on.
struct Open<'a> {
    job: Arc<Job>,
    idle: &'a dyn Fn(),
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        let job = &*self.job;
        job.state.fetch_or(CLOSED, Ordering::AcqRel);
        let is_left = || job.state.load(Ordering::Acquire) == CLOSED;
        let start = Instant::now();
        while !is_left() {
            if start.elapsed() < SPIN {
                (0..64).for_each(|_| std::hint::spin_loop());
                // One of the helpers may have been woken up on this very core.
                std::thread::yield_now();
            } else if id() != job.process {
                return;
            } else {
                std::thread::park_timeout(NAP);
                (self.idle)();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;
    use std::sync::mpsc::channel;

    #[test]
    fn a_helper_that_comes_late_finds_it_closed() {
        let done = AtomicUsize::new(0);
        let mut kept = None;
        let work = || _ = done.fetch_add(1, Ordering::Relaxed);
        share(&work, id(), |job| kept = Some(job.clone()), work, &|| ());
        kept.unwrap().help();
        assert_eq!(done.into_inner(), 1);
    }

    #[test]
    fn the_caller_waits_for_whoever_is_inside_and_looks_after_signals_meanwhile() {
        let (enter, entered) = channel();
        let (finished, looked) = (AtomicBool::new(false), AtomicUsize::new(0));
        let work = || {
            enter.send(()).unwrap();
            std::thread::sleep(Duration::from_millis(170));
            finished.store(true, Ordering::Release);
        };
        let invite = |job: &Arc<Job>| {
            let job = job.clone();
            std::thread::spawn(move || job.help());
        };
        share(&work, id(), invite, || entered.recv().unwrap(), &|| _ = looked.fetch_add(1, Ordering::Relaxed));
        assert!(finished.into_inner() && looked.into_inner() >= 2);
    }

    #[test]
    fn a_panic_of_the_caller_closes_and_waits_too() {
        let (enter, entered) = channel();
        let finished = AtomicBool::new(false);
        let work = || {
            enter.send(()).unwrap();
            std::thread::sleep(Duration::from_millis(20));
            finished.store(true, Ordering::Release);
        };
        let mut kept = None;
        let invite = |job: &Arc<Job>| {
            kept = Some(job.clone());
            let job = job.clone();
            std::thread::spawn(move || job.help());
        };
        let own = || {
            entered.recv().unwrap();
            panic!("in the caller");
        };
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| share(&work, id(), invite, own, &|| ())));
        assert!(caught.is_err() && finished.load(Ordering::Acquire));
        assert_eq!(kept.unwrap().state.load(Ordering::Acquire), CLOSED);
    }

    #[test]
    fn a_forked_child_does_not_wait_for_helpers_that_it_does_not_have() {
        let enter = |job: &Arc<Job>| _ = job.state.fetch_add(1, Ordering::AcqRel);
        share(&|| (), id().wrapping_add(1), enter, || (), &|| ());
    }

    #[test]
    fn helpers_come_and_go_while_jobs_open_and_close() {
        let (post, jobs) = channel::<Arc<Job>>();
        let helper = std::thread::spawn(move || jobs.into_iter().for_each(|job| job.help()));
        for round in 0..20_000_usize {
            let (sum, left) = (AtomicUsize::new(0), AtomicUsize::new(round % 7 + 1));
            let take = || {
                let one_less = |left: usize| left.checked_sub(1);
                while let Ok(left) = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less) {
                    sum.fetch_add(left, Ordering::Relaxed);
                }
            };
            share(&take, id(), |job| post.send(job.clone()).unwrap(), take, &|| ());
            let n = round % 7 + 1;
            assert_eq!(sum.into_inner(), n * (n + 1) / 2);
        }
        drop(post);
        helper.join().unwrap();
    }
}
