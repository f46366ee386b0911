//! Work in pieces of which none takes long, whatever an element costs: signals are seen between them.
//!
//! The first piece is small. From how long a piece took follows how large the next may be, so that work in order runs in
//! pieces as large as allowed, and work of which every element is another cache line in ones of a few milliseconds.

use crate::errors::Error;
use crate::exec::par::{Divide, Piece};
use crate::exec::watch::Watch;
use std::time::{Duration, Instant};

/// What a piece should take at most.
const LONG: Duration = Duration::from_millis(20);

/// Sizes in elements read: of the first piece, and of the smallest and the largest later ones. The largest is so large that
/// cutting costs next to nothing (`docs/decisions/0011`).
const FIRST: usize = 2 << 20;
const LEAST: usize = 32 * 1024;
pub(crate) const LARGEST: usize = 4 << 20;

/// How large the next piece of a thread may be.
pub(crate) struct Pace {
    most: usize,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self { most: FIRST }
    }

    /// Does `work` in order, in pieces where it can be cut.
    pub(crate) fn walk<D: Divide>(&mut self, work: D, watch: &Watch, piece: Piece<'_, D>) -> Result<(), Error> {
        let mut rest = vec![work];
        while let Some(next) = rest.pop() {
            let size = next.size();
            let next = match if size > self.most { next.halve() } else { (next, None) } {
                (left, Some(right)) => {
                    rest.extend([right, left]);
                    continue;
                }
                (whole, None) => whole,
            };
            watch.look()?;
            let start = Instant::now();
            piece(next, watch)?;
            self.most = most(size, start.elapsed());
        }
        Ok(())
    }
}

/// How much can be done in time by who has done so much.
fn most(size: usize, took: Duration) -> usize {
    let in_time = size as u128 * LONG.as_nanos() / took.as_nanos().max(1);
    usize::try_from(in_time).unwrap_or(LARGEST).clamp(LEAST, LARGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::watch::Poll;
    use std::sync::Mutex;

    /// So many elements, down to one.
    struct Elements(usize);

    impl Divide for Elements {
        fn size(&self) -> usize {
            self.0
        }

        fn halve(self) -> (Self, Option<Self>) {
            if self.0 == 1 { (self, None) } else { (Self(self.0 / 2), Some(Self(self.0 - self.0 / 2))) }
        }
    }

    fn sizes(elements: usize, each: impl Fn(usize) + Sync) -> Vec<usize> {
        let found = Mutex::new(Vec::new());
        let piece = |Elements(size): Elements, _: &Watch| {
            each(size);
            found.lock().unwrap().push(size);
            Ok(())
        };
        let watch = Watch::of_caller(Poll::default, None);
        Pace::new().walk(Elements(elements), &watch, &piece).unwrap();
        found.into_inner().unwrap()
    }

    #[test]
    fn quick_work_is_done_in_pieces_as_large_as_allowed() {
        let found = sizes(16 * LARGEST, |_| ());
        assert_eq!(found.iter().sum::<usize>(), 16 * LARGEST);
        assert!(found[0] == FIRST && found.iter().filter(|&&size| size == LARGEST).count() >= 12, "{found:?}");
        assert_eq!(sizes(FIRST, |_| ()), [FIRST]);
    }

    #[test]
    fn slow_work_is_done_in_small_pieces() {
        let slow = |size: usize| std::thread::sleep(Duration::from_nanos(200) * u32::try_from(size).unwrap());
        let found = sizes(2 * FIRST, slow);
        assert_eq!(found.iter().sum::<usize>(), 2 * FIRST);
        assert!(found[0] == FIRST && found[1..].iter().all(|&size| size <= FIRST / 4), "{found:?}");
    }

    #[test]
    fn limits_hold_at_any_speed() {
        for (size, took) in [(1, Duration::ZERO), (usize::MAX, Duration::ZERO), (1, Duration::from_secs(9)), (0, LONG)]
        {
            assert!((LEAST..=LARGEST).contains(&most(size, took)));
        }
    }
}
