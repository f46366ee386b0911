//! What a process makes once for itself, without a lock that a fork could leave held.
//!
//! A child that is forked has its parent's memory and none of its threads: a lock that another thread held at that moment
//! stays held for ever, and so does a `OnceLock` that was being filled. So there is no lock here, and what a parent made,
//! which may hold locks and threads of its own, is left alone: the child makes its own.

use std::process::id;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A value that is made when a process first asks for it, and stays until the process ends.
pub(crate) struct PerProcess<T>(AtomicPtr<Made<T>>);

struct Made<T> {
    process: u32,
    value: T,
}

impl<T: Send + Sync> PerProcess<T> {
    /// Nothing is made yet.
    #[allow(clippy::new_without_default, reason = "a static needs a constant")]
    #[must_use]
    pub(crate) const fn new() -> Self {
        Self(AtomicPtr::new(null_mut()))
    }

    /// The value of this process. Threads that ask at once may all make one: the first is kept.
    pub(crate) fn get(&'static self, create: impl FnOnce() -> T) -> &'static T {
        let process = id();
        let found = self.0.load(Ordering::Acquire);
        // SAFETY: what the pointer shows was published below, with its contents, and is never freed.
        if let Some(made) = unsafe { found.as_ref() }.filter(|made| made.process == process) {
            return &made.value;
        }
        let made = Box::into_raw(Box::new(Made { process, value: create() }));
        match self.0.compare_exchange(found, made, Ordering::AcqRel, Ordering::Acquire) {
            // SAFETY: never freed. A parent's value is not either: to drop it might wait for threads that are not here.
            Ok(_) => unsafe { &(*made).value },
            Err(first) => {
                // SAFETY: it comes from `Box::into_raw` above, and nobody else has seen it.
                drop(unsafe { Box::from_raw(made) });
                // SAFETY: published and never freed. It is of this process: only its threads write here, and no other
                // process has been this one since `found` was read.
                unsafe { &(*first).value }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn threads_that_ask_at_once_get_one_value() {
        static VALUE: PerProcess<usize> = PerProcess::new();
        let barrier = Barrier::new(8);
        let ask = |i| {
            barrier.wait();
            std::ptr::from_ref(VALUE.get(|| i)).addr()
        };
        let found: Vec<usize> = std::thread::scope(|scope| {
            let asked: Vec<_> = (0..8).map(|i| scope.spawn(move || ask(i))).collect();
            asked.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(found.iter().all(|&address| address == found[0]), "{found:?}");
        assert_eq!(std::ptr::from_ref(VALUE.get(|| 9)).addr(), found[0]);
    }

    #[test]
    fn what_another_process_made_is_left_alone() {
        static VALUE: PerProcess<&str> = PerProcess::new();
        let of_parent = Box::leak(Box::new(Made { process: id().wrapping_add(1), value: "parent's" }));
        VALUE.0.store(of_parent, Ordering::Release);
        assert_eq!(*VALUE.get(|| "child's"), "child's");
        assert_eq!(*VALUE.get(|| "another"), "child's");
        assert_eq!(of_parent.value, "parent's");
    }
}
