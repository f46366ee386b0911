//! The programs (`program.rs`) of the lengths that a process had last, as to make one takes longer than a small median.

use crate::algo::program::Program;
use crate::errors::Error;
use crate::exec::process::PerProcess;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many are kept. The largest, of 1500 rows, takes some 200 KB.
const KEPT: usize = 32;

impl Program {
    /// The program for that many rows: one of the last that were asked for, or a new one.
    ///
    /// # Errors
    ///
    /// There is no memory for it.
    ///
    /// # Panics
    ///
    /// As [`Program::new`].
    pub fn cached(rows: usize) -> Result<Arc<Self>, Error> {
        static PROGRAMS: PerProcess<Programs> = PerProcess::new();
        PROGRAMS.get(Programs::default).get(rows)
    }
}

/// Programs, the one that was asked for last at the end. The lock is its own process's: see [`PerProcess`].
#[derive(Default)]
struct Programs(Mutex<VecDeque<Arc<Program>>>);

impl Programs {
    fn get(&self, rows: usize) -> Result<Arc<Program>, Error> {
        if let Some(program) = take_to_end(&mut self.lock(), rows) {
            return Ok(program);
        }
        // Not under the lock, for which all other medians would wait.
        let program = Arc::new(Program::new(rows)?);
        self.keep(program.clone());
        Ok(program)
    }

    fn keep(&self, program: Arc<Program>) {
        let mut programs = self.lock();
        // Another thread may have made it meanwhile.
        if take_to_end(&mut programs, program.rows()).is_none() {
            if programs.len() == KEPT {
                programs.pop_front();
            }
            programs.push_back(program);
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Program>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The program for that many rows, which becomes the last.
fn take_to_end(programs: &mut VecDeque<Arc<Program>>, rows: usize) -> Option<Arc<Program>> {
    let found = programs.iter().position(|program| program.rows() == rows)?;
    let program = programs.remove(found)?;
    programs.push_back(program.clone());
    Some(program)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algo::small::SORT_MIN;

    const FEWEST: usize = 2 * SORT_MIN;

    #[test]
    fn the_last_that_were_asked_for_are_kept() {
        let programs = Programs::default();
        let first = programs.get(FEWEST).unwrap();
        for rows in FEWEST..FEWEST + 3 * KEPT {
            assert_eq!(programs.get(rows).unwrap().rows(), rows);
            assert!(Arc::ptr_eq(&first, &programs.get(FEWEST).unwrap()));
            assert!(programs.lock().len() <= KEPT);
        }
        let second = programs.lock().iter().any(|program| program.rows() == FEWEST + 1);
        assert!(!second, "it was asked for long ago");
    }

    #[test]
    fn threads_that_ask_at_once_all_get_one_for_their_rows() {
        let programs = Programs::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for rows in FEWEST..FEWEST + 20 {
                        assert_eq!(programs.get(rows).unwrap().rows(), rows);
                    }
                });
            }
        });
        assert_eq!(programs.lock().len(), 20);
    }
}
