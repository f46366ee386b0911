//! Threads: the only file that knows rayon.
//!
//! Work is cut in halves until the pieces are small enough, and whoever is free takes the next one: the caller's thread
//! from the start, and those of a pool as they wake up. Waking them takes tens of microseconds, which would be a large part
//! of a call of a millisecond if the caller slept meanwhile. With one thread, or little to do, the caller's thread does it
//! all and no pool is ever made. Kernels whose pixels are independent give the same bits however they are cut.
//!
//! Pools are cached by thread count *and process id*: after `fork` the child has the parent's pools in its memory but
//! none of their threads, and waiting for them would hang for ever.

use crate::errors::Error;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Below this many elements read, which takes some 15 µs, another thread costs more than it gains: on two virtual cores of
/// an Intel server, the normalized difference gained 0.8× at 64 Ki elements, and 1.7× at 256 Ki.
pub const SERIAL_BELOW: usize = 96 * 1024;

/// How long the caller's thread waits for the others before it goes to sleep.
const SPIN: Duration = Duration::from_micros(200);

/// Work that can be cut in two independent parts.
pub trait Divide: Sized + Send {
    /// How many elements it reads.
    fn size(&self) -> usize;

    /// Both halves, or the whole where there is nothing to cut.
    fn halve(self) -> (Self, Option<Self>);
}

/// What a piece of work asks now and then: whether to go on.
pub struct Watch;

impl Watch {
    /// Nothing is wrong so far.
    ///
    /// # Errors
    ///
    /// The call was interrupted.
    #[inline]
    pub fn check(&self) -> Result<(), Error> {
        Ok(())
    }
}

/// Does `work` piece by piece on that many threads.
///
/// # Errors
///
/// The threads cannot be started, or what `piece` returns.
pub fn run<D: Divide>(
    work: D,
    threads: usize,
    piece: &(impl Fn(D, &Watch) -> Result<(), Error> + Sync),
) -> Result<(), Error> {
    let size = work.size();
    if threads == 1 || size < SERIAL_BELOW {
        return piece(work, &Watch);
    }
    // Several pieces a thread, so that one that is held up does not hold up all.
    let grain = (size / (threads * 8)).max(SERIAL_BELOW / 4);
    let mut pieces = Vec::new();
    cut(work, grain, &mut pieces);
    let helpers = threads.min(pieces.len()) - 1;
    let pieces = Mutex::new(pieces.into_iter());
    // The lock is given back before the piece is worked on.
    let next = || pieces.lock().unwrap_or_else(PoisonError::into_inner).next();
    let failed = Mutex::new(None);
    let take_all = || {
        while let Some(work) = next() {
            if let Err(error) = piece(work, &Watch) {
                failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
        }
    };
    let busy = AtomicUsize::new(helpers);
    pool(threads - 1)?.in_place_scope(|scope| {
        for _ in 0..helpers {
            scope.spawn(|_| {
                take_all();
                busy.fetch_sub(1, Ordering::Release);
            });
        }
        take_all();
        wait(|| busy.load(Ordering::Acquire) == 0);
    });
    failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

/// Waits a while without going to sleep, as to be woken up takes longer than what is left of a piece.
fn wait(done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() && start.elapsed() < SPIN {
        (0..64).for_each(|_| std::hint::spin_loop());
        // One of the others may have been woken up on this very core.
        std::thread::yield_now();
    }
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

/// The pool of this process of that many threads, beside the caller's.
fn pool(threads: usize) -> Result<Arc<ThreadPool>, Error> {
    type Pools = HashMap<(u32, usize), Arc<ThreadPool>>;
    static POOLS: OnceLock<Mutex<Pools>> = OnceLock::new();
    let mut pools = POOLS.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    if let Some(pool) = pools.get(&(process, threads)) {
        return Ok(pool.clone());
    }
    let builder = ThreadPoolBuilder::new().num_threads(threads).thread_name(|i| format!("eokernels-{i}"));
    let pool = builder.build().map_err(|error| {
        let asked = threads + 1;
        Error::value(format!("num_threads is {asked}, and that many threads cannot be started: {error}"))
    })?;
    let pool = Arc::new(pool);
    // A forked child must not drop the parent's pools either: dropping signals threads that are not there.
    for (_, inherited) in pools.extract_if(|&(owner, _), _| owner != process) {
        std::mem::forget(inherited);
    }
    pools.insert((process, threads), pool.clone());
    Ok(pool)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Range(usize, usize);

    impl Divide for Range {
        fn size(&self) -> usize {
            self.1 - self.0
        }

        fn halve(self) -> (Self, Option<Self>) {
            let middle = usize::midpoint(self.0, self.1);
            (Self(self.0, middle), Some(Self(middle, self.1)))
        }
    }

    #[test]
    fn every_element_is_worked_on_once_for_every_thread_count() {
        for threads in [1, 2, 3, 7] {
            let sum = AtomicUsize::new(0);
            let n = 5 * SERIAL_BELOW + 3;
            run(Range(0, n), threads, &|Range(a, b), _| {
                sum.fetch_add((a..b).sum(), Ordering::Relaxed);
                Ok(())
            })
            .unwrap();
            assert_eq!(sum.into_inner(), n * (n - 1) / 2);
        }
    }

    #[test]
    fn the_callers_thread_works_too_and_no_more_than_asked_for() {
        let here = std::thread::current().id();
        for threads in [2, 4] {
            let seen = Mutex::new(std::collections::HashSet::new());
            run(Range(0, 100 * SERIAL_BELOW), threads, &|_, _| {
                seen.lock().unwrap().insert(std::thread::current().id());
                std::thread::sleep(Duration::from_millis(1));
                Ok(())
            })
            .unwrap();
            let seen = seen.into_inner().unwrap();
            assert!(seen.contains(&here) && seen.len() <= threads, "{seen:?}");
        }
    }

    #[test]
    fn pools_are_cached_by_count_and_have_that_many_threads() {
        let two = pool(2).unwrap();
        assert!(Arc::ptr_eq(&two, &pool(2).unwrap()));
        assert!(!Arc::ptr_eq(&two, &pool(3).unwrap()));
        assert_eq!(two.current_num_threads(), 2);
    }

    #[test]
    fn one_thread_and_little_work_stay_on_the_callers_thread() {
        let here = std::thread::current().id();
        let check = |_: Range, _: &Watch| {
            assert_eq!(std::thread::current().id(), here);
            Ok(())
        };
        run(Range(0, 10 * SERIAL_BELOW), 1, &check).unwrap();
        run(Range(0, SERIAL_BELOW - 1), 4, &check).unwrap();
    }

    #[test]
    fn a_panic_in_a_pool_reaches_the_caller() {
        let caught = crate::errors::guard(|| run(Range(0, 10 * SERIAL_BELOW), 2, &|_, _| panic!("in a thread")));
        assert!(matches!(caught, Err(Error::Internal(text)) if text.ends_with("in a thread")));
    }
}
