//! Tests of `par.rs`, whose file they would make too long.

use super::*;
use std::collections::HashSet;
use std::sync::mpsc::channel;
use std::thread::{current, sleep, spawn};
use std::time::{Duration, Instant};

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

/// One of a machine of so many cores.
fn crew(cores: usize) -> &'static Crew {
    Box::leak(Box::new(Crew::new(cores)))
}

#[allow(clippy::unnecessary_wraps, reason = "what a piece returns")]
fn nap(time: Duration) -> Result<(), Error> {
    sleep(time);
    Ok(())
}

/// No signal comes.
fn silent() -> Poll {
    Poll::default()
}

fn interrupted() -> Poll {
    Poll { interrupted: true, waited: Duration::ZERO }
}

/// Who has worked on how many pieces.
fn workers(crew: &'static Crew, threads: usize) -> Vec<std::thread::ThreadId> {
    let seen = Mutex::new(Vec::new());
    let piece = |_: Range, _: &Watch| {
        seen.lock().unwrap().push(current().id());
        sleep(Duration::from_millis(1));
        Ok(())
    };
    crew.run(Range(0, 100 * SERIAL_BELOW), threads, silent, &piece).unwrap();
    seen.into_inner().unwrap()
}

#[test]
fn every_element_is_worked_on_once_for_every_thread_count() {
    for (cores, threads) in [(1, 1), (1, 5), (2, 2), (3, 2), (3, 3), (7, 7), (2, usize::MAX)] {
        for n in [5 * SERIAL_BELOW + 3, 3 * LARGEST + 1] {
            let sum = AtomicUsize::new(0);
            let add = |Range(a, b): Range, _: &Watch| {
                sum.fetch_add((a..b).sum(), Ordering::Relaxed);
                Ok(())
            };
            crew(cores).run(Range(0, n), threads, silent, &add).unwrap();
            assert_eq!(sum.swap(0, Ordering::Relaxed), n * (n - 1) / 2);
            run(Range(0, n), threads, &add).unwrap();
            assert_eq!(sum.into_inner(), n * (n - 1) / 2);
        }
    }
}

#[test]
fn the_callers_thread_works_too_and_no_more_than_asked_for_or_cores() {
    for (cores, threads) in [(2, 2), (4, 2), (4, 4), (2, 50)] {
        let seen: HashSet<_> = workers(crew(cores), threads).into_iter().collect();
        assert!(seen.contains(&current().id()) && seen.len() <= threads.min(cores), "{seen:?}");
    }
}

#[test]
fn calls_share_one_pool_with_a_thread_for_every_other_core() {
    let crew = crew(4);
    let all: HashSet<_> = [2, 3, 4, 9, 33].into_iter().flat_map(|threads| workers(crew, threads)).collect();
    assert!(all.len() <= 4, "{all:?}");
    assert_eq!(crew.pool.get().unwrap().current_num_threads(), 3);
}

#[test]
fn a_call_does_not_wait_for_helpers_that_are_busy_elsewhere() {
    let crew = crew(3);
    let (post, begun) = channel();
    let post = Mutex::new(Some(post));
    let long = spawn(move || {
        let here = current().id();
        let piece = |_: Range, _: &Watch| {
            if current().id() == here {
                return nap(Duration::from_millis(5));
            }
            // A helper stays in its first piece.
            post.lock().unwrap().take().into_iter().for_each(|post| post.send(()).unwrap());
            nap(Duration::from_secs(1))
        };
        crew.run(Range(0, 2 * SERIAL_BELOW), 3, silent, &piece)
    });
    begun.recv().unwrap();
    let start = Instant::now();
    for _ in 0..1000 {
        crew.run(Range(0, SERIAL_BELOW), 2, silent, &|_, _| Ok(())).unwrap();
        assert!(crew.unread.load(Ordering::Relaxed) <= 4);
    }
    assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
    long.join().unwrap().unwrap();
}

#[test]
fn callers_that_keep_all_cores_busy_ask_for_no_helpers() {
    let (crew, here) = (crew(2), current().id());
    let (post, begun) = channel();
    let (release, released) = channel::<()>();
    let (post, released) = (Mutex::new(Some(post)), Mutex::new(released));
    let other = spawn(move || {
        let piece = |_: Range, _: &Watch| {
            post.lock().unwrap().take().into_iter().for_each(|post| post.send(()).unwrap());
            released.lock().unwrap().recv().map_or(Ok(()), |()| Ok(()))
        };
        crew.run(Range(0, SERIAL_BELOW), 2, silent, &piece)
    });
    begun.recv().unwrap();
    assert!(workers(crew, 2).iter().all(|&worker| worker == here));
    drop(release);
    other.join().unwrap().unwrap();
    assert_eq!(crew.callers.enter().others, 0);
}

#[test]
fn one_thread_and_little_work_stay_on_the_callers_thread() {
    let here = current().id();
    let check = |_: Range, _: &Watch| {
        assert_eq!(current().id(), here);
        Ok(())
    };
    run(Range(0, 10 * SERIAL_BELOW), 1, &check).unwrap();
    run(Range(0, SERIAL_BELOW - 1), 4, &check).unwrap();
}

#[test]
fn an_interrupt_drops_the_pieces_that_are_not_begun() {
    for threads in [1, 2, 3] {
        let begun = AtomicUsize::new(0);
        let piece = |_: Range, _: &Watch| {
            begun.fetch_add(1, Ordering::Relaxed);
            nap(Duration::from_millis(20))
        };
        let start = Instant::now();
        let done = crew(3).run(Range(0, 100 * LARGEST), threads, interrupted, &piece);
        assert_eq!(done, Err(Error::Interrupted));
        assert!(start.elapsed() < Duration::from_secs(1) && begun.into_inner() < 60);
    }
}

#[test]
fn an_interrupt_ends_a_piece_that_checks_whoever_does_it() {
    let until_told = |_: Range, watch: &Watch| -> Result<(), Error> {
        loop {
            watch.check()?;
            std::hint::spin_loop();
        }
    };
    for threads in [1, 2] {
        assert_eq!(crew(2).run(Range(0, 2 * LARGEST), threads, interrupted, &until_told), Err(Error::Interrupted));
    }
}

#[test]
fn an_interrupt_while_the_caller_waits_for_a_helper_is_one() {
    let here = current().id();
    let piece = |_: Range, watch: &Watch| -> Result<(), Error> {
        while current().id() != here {
            watch.check()?;
            sleep(Duration::from_millis(1));
        }
        nap(Duration::from_micros(500))
    };
    // If the helper is late, there is nothing to wait for.
    let found: Vec<_> = (0..20).map(|_| crew(2).run(Range(0, 2 * SERIAL_BELOW), 2, interrupted, &piece)).collect();
    assert!(found.contains(&Err(Error::Interrupted)), "{found:?}");
}

#[test]
fn the_first_error_ends_the_call_and_is_what_it_returns() {
    for threads in [1, 2, 3] {
        let begun = AtomicUsize::new(0);
        let piece = |Range(a, _): Range, watch: &Watch| {
            begun.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_millis(1));
            watch.check()?;
            if a == 0 { Err(Error::memory("a test", 3)) } else { Ok(()) }
        };
        let done = crew(3).run(Range(0, 1000 * LARGEST), threads, silent, &piece);
        assert_eq!(done, Err(Error::memory("a test", 3)));
        assert!(begun.into_inner() < 500);
    }
}

#[test]
fn a_panic_reaches_the_caller_from_any_thread() {
    let here = current().id();
    for in_caller in [true, false] {
        let piece = |_: Range, watch: &Watch| {
            assert!((current().id() == here) != in_caller, "in a thread");
            // Until the other one has come, and panicked.
            (0..10_000).try_for_each(|_| watch.check().and_then(|()| nap(Duration::from_millis(1))))
        };
        let crew = crew(2);
        let caught = crate::errors::guard(|| crew.run(Range(0, 10 * SERIAL_BELOW), 2, silent, &piece));
        assert!(matches!(caught, Err(Error::Internal(text)) if text.ends_with("in a thread")));
        // The pool goes on.
        assert_eq!(crew.run(Range(0, 10 * SERIAL_BELOW), 2, silent, &|_, _| Ok(())), Ok(()));
    }
}

#[test]
fn threads_that_cannot_be_started_are_an_error_that_says_how_many() {
    let crew = crew(usize::MAX >> 24);
    let asked = usize::MAX >> 25;
    let done = crew.run(Range(0, 10 * SERIAL_BELOW), asked, silent, &|_, _| Ok(()));
    let Err(Error::Memory(text)) = done else { panic!("{done:?}") };
    assert!(text.starts_with(&format!("num_threads is {asked}; {} ", asked - 1)), "{text}");
    // Fewer can be: they make a pool.
    assert_eq!(crew.run(Range(0, 10 * SERIAL_BELOW), 3, silent, &|_, _| Ok(())), Ok(()));
    assert_eq!(crew.pool.get().unwrap().current_num_threads(), 2);
}
