//! Threads: the only file that knows rayon.
//!
//! Work is cut in halves until the pieces are small enough, and whoever is free takes the next one: the caller's thread
//! from the start, and those of the pool that have joined it (`job.rs`). Waking them takes tens of microseconds, which
//! would be a large part of a call of a millisecond if the caller slept meanwhile; and where they are busy with another
//! call, the caller does all of it without them. With one thread, or little to do, no pool is ever made. Pixels are
//! independent of each other, so the bits are the same however they are cut.
//!
//! A process has one pool, and no more threads than cores, whatever is asked for: more would only take turns. So a call leaves a
//! core to each other one that is at work (`callers.rs`). Between pieces, none of which takes long (`pace.rs`), and in
//! those that cannot be cut, a signal ends the call (`watch.rs`).

use crate::errors::Error;
use crate::exec::callers::Callers;
use crate::exec::job::{Job, share};
use crate::exec::pace::{LARGEST, Pace};
use crate::exec::process::PerProcess;
use crate::exec::signals;
use crate::exec::watch::Poll;
pub(crate) use crate::exec::watch::Watch;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Below this many elements read another thread costs more than it gains (`docs/decisions/0011`).
pub(crate) const SERIAL_BELOW: usize = 96 * 1024;

/// Work that can be cut in two independent parts.
pub(crate) trait Divide: Sized + Send {
    /// How many elements it reads.
    fn size(&self) -> usize;

    /// Both halves, or the whole where there is nothing to cut.
    fn halve(self) -> (Self, Option<Self>);
}

/// What is done with a piece of work. A pointer, so that what cuts and shares work is compiled once for a kind of work, and
/// not for every kernel.
pub(crate) type Piece<'p, D> = &'p (dyn Fn(D, &Watch) -> Result<(), Error> + Sync + 'p);

/// Does `work` piece by piece on that many threads, or on as many as there are cores.
///
/// # Errors
///
/// The threads cannot be started, a signal ended the call, or what `piece` returns.
pub(crate) fn run<D: Divide>(work: D, threads: usize, piece: Piece<'_, D>) -> Result<(), Error> {
    static CREW: PerProcess<Crew> = PerProcess::new();
    if work.size() < SERIAL_BELOW {
        return piece(work, &Watch::quiet());
    }
    if threads == 1 {
        return alone(work, signals::poll, piece);
    }
    CREW.get(|| Crew::new(usable_cores())).run(work, threads, signals::poll, piece)
}

/// Those that this process may run on, by its affinity and its control group.
fn usable_cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Does `work` piece by piece on this thread.
fn alone<D: Divide>(work: D, poll: fn() -> Poll, piece: Piece<'_, D>) -> Result<(), Error> {
    let watch = Watch::of_caller(poll, None);
    Pace::new().walk(work, &watch, piece)?;
    watch.verdict()
}

/// Pieces of at most `grain` elements, in order, where they can be cut that small.
fn cut<D: Divide>(work: D, grain: usize, pieces: &mut Vec<D>) {
    if work.size() <= grain {
        return pieces.push(work);
    }
    match work.halve() {
        (whole, None) => pieces.push(whole),
        (left, Some(right)) => {
            cut(left, grain, pieces);
            cut(right, grain, pieces);
        }
    }
}

/// The cores of a process, and the threads that run on them beside the caller's. What locks it has are its own
/// process's: see [`PerProcess`].
struct Crew {
    process: u32,
    cores: usize,
    pool: OnceLock<ThreadPool>,
    starting: Mutex<()>,
    /// Invitations to jobs that no helper has read yet.
    unread: AtomicUsize,
    callers: Callers,
}

impl Crew {
    fn new(cores: usize) -> Self {
        let process = std::process::id();
        let (unread, callers) = (AtomicUsize::new(0), Callers::new());
        Self { process, cores, pool: OnceLock::new(), starting: Mutex::new(()), unread, callers }
    }

    fn run<D: Divide>(
        &'static self,
        work: D,
        threads: usize,
        poll: fn() -> Poll,
        piece: Piece<'_, D>,
    ) -> Result<(), Error> {
        let caller = self.callers.enter();
        let used = threads.min(self.cores.saturating_sub(caller.others)).max(1);
        if used == 1 {
            return alone(work, poll, piece);
        }
        let others = self.pool(threads)?;
        // Several pieces a thread, so that one that is held up does not hold up all.
        let grain = (work.size() / (used * 8)).clamp(SERIAL_BELOW / 4, LARGEST);
        let mut pieces = Vec::new();
        cut(work, grain, &mut pieces);
        let helpers = used.min(pieces.len()) - 1;
        let pieces = Pieces::new(pieces);
        let (stop, failures) = (pieces.stop.clone(), Mutex::new(Vec::new()));
        let help = || {
            if let Some(failure) = pieces.take_all(&Watch::of_helper(stop.clone()), piece) {
                failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
            }
        };
        let watch = Watch::of_caller(poll, Some(stop.clone()));
        let mut own = None;
        let invite = |job: &Arc<Job>| self.invite(others, job, helpers);
        share(&help, self.process, invite, || own = pieces.take_all(&watch, piece), &|| _ = watch.look());
        // Before any lock is asked for: in an orphan, a helper that is not there may hold it.
        watch.verdict()?;
        let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
        own.into_iter().chain(failures).try_for_each(Failure::reach_caller)
    }

    /// Tells helpers of a job. Where many invitations are unread all helpers are busy, and would come too late.
    fn invite(&'static self, pool: &ThreadPool, job: &Arc<Job>, helpers: usize) {
        let most = 2 * pool.current_num_threads();
        for _ in 0..helpers.min(pool.current_num_threads()) {
            if self.unread.load(Ordering::Relaxed) >= most {
                return;
            }
            self.unread.fetch_add(1, Ordering::Relaxed);
            let job = job.clone();
            pool.spawn(move || {
                self.unread.fetch_sub(1, Ordering::Relaxed);
                job.help();
            });
        }
    }

    /// The pool: a thread for every core but the caller's, or, where not as many can be started, those asked for.
    fn pool(&self, asked: usize) -> Result<&ThreadPool, Error> {
        if let Some(pool) = self.pool.get() {
            return Ok(pool);
        }
        let _starting = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = self.pool.get() {
            return Ok(pool);
        }
        let (all, least) = (self.cores - 1, asked.min(self.cores) - 1);
        let pool = start(all).or_else(|_| start(least)).map_err(|error| {
            Error::Memory(format!("num_threads is {asked}; {least} beside the caller's cannot be started: {error}"))
        })?;
        Ok(self.pool.get_or_init(|| pool))
    }
}

/// A pool of that many threads.
fn start(threads: usize) -> Result<ThreadPool, String> {
    /// What a thread takes: its stack, which is Rust's default, and what is mapped as it starts.
    const EACH: usize = 3 << 20;
    // A thread that has its stack, and finds no memory for the rest, aborts. So it is asked for before.
    Vec::<u8>::new().try_reserve_exact(threads * EACH).map_err(|error| error.to_string())?;
    let builder = ThreadPoolBuilder::new().num_threads(threads).thread_name(|i| format!("eokernels-{i}"));
    builder.build().map_err(|error| error.to_string())
}

/// Pieces of work, each of which is taken once.
struct Pieces<D> {
    all: Vec<Mutex<Option<D>>>,
    next: AtomicUsize,
    /// Set by whoever fails first, or is interrupted.
    stop: Arc<AtomicBool>,
}

impl<D: Divide> Pieces<D> {
    fn new(pieces: Vec<D>) -> Self {
        let all = pieces.into_iter().map(|piece| Mutex::new(Some(piece))).collect();
        Self { all, next: AtomicUsize::new(0), stop: Arc::default() }
    }

    /// Takes pieces until there are no more, or one fails, here or elsewhere.
    fn take_all(&self, watch: &Watch, piece: Piece<'_, D>) -> Option<Failure> {
        let take = || {
            let mut pace = Pace::new();
            while let Some(next) = self.all.get(self.next.fetch_add(1, Ordering::Relaxed)) {
                // Nobody else asks for this one.
                let work = next.lock().unwrap_or_else(PoisonError::into_inner).take();
                work.map_or(Ok(()), |work| pace.walk(work, watch, piece))?;
            }
            Ok(())
        };
        let done = catch_unwind(AssertUnwindSafe(take));
        let failure = match done {
            Ok(Ok(())) => return None,
            Ok(Err(error)) => Failure::Error(error),
            Err(payload) => Failure::Panic(payload),
        };
        // Errors that follow from an earlier one say only that there was one.
        let is_first = !self.stop.swap(true, Ordering::Relaxed);
        (is_first || matches!(failure, Failure::Panic(_))).then_some(failure)
    }
}

/// Why a thread gave up.
enum Failure {
    Error(Error),
    Panic(Box<dyn Any + Send>),
}

impl Failure {
    /// As if it had happened in the caller's thread.
    fn reach_caller(self) -> Result<(), Error> {
        match self {
            Self::Error(error) => Err(error),
            Self::Panic(payload) => resume_unwind(payload),
        }
    }
}

#[cfg(test)]
#[path = "par_tests.rs"]
mod tests;
