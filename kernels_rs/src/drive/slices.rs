//! In how many slices a map is taken: by its size, the number of groups and the size of a row, and by nothing else.

use crate::view::spans::SPAN;
use std::ops::Range;

/// Bytes of the tables of all slices that are at work at once, if one table is not larger.
pub(crate) const SCRATCH: usize = 32 << 20;
/// Positions of a slice, at least, and a group: less and adding up tables shows (`zonal_stats.rs`).
const LEAST: usize = 128 << 10;
const LEAST_A_GROUP: usize = 20;
/// More slices than these bring no thread anything.
const MOST: usize = 64;
/// Positions of a slice, at most: its tables count them in 32 bits.
const COUNTED: usize = u32::MAX as usize & !(SPAN - 1);

/// How the positions of a map are cut.
#[derive(Clone, Copy)]
pub(crate) struct Slices {
    positions: usize,
    pub(crate) count: usize,
    /// Positions of each but the last.
    pub(crate) each: usize,
}

impl Slices {
    /// Of so many positions; `table` is the bytes of the table of a slice.
    pub(crate) fn new(positions: usize, groups: usize, table: usize) -> Self {
        let wanted = positions / LEAST.max(groups.saturating_mul(LEAST_A_GROUP));
        let count = wanted.min(MOST).min(SCRATCH / table).max(positions.div_ceil(COUNTED)).max(1);
        let each = positions.div_ceil(count).next_multiple_of(SPAN);
        Self { positions, count: positions.div_ceil(each.max(1)).max(1), each }
    }

    pub(crate) fn at(self, slice: usize) -> Range<usize> {
        let first = slice * self.each;
        first..self.positions.min(first + self.each)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_cover_all_positions_and_their_tables_fit() {
        for positions in [0, 1, 2047, 2048, 262_143, 262_144, 4 << 20, 10_980 * 10_980, 1 << 33] {
            for groups in [0, 1, 1024, 100_000, 3_000_000, 1 << 30] {
                let table = (groups + 1) * 32;
                let slices = Slices::new(positions, groups, table);
                let ends: Vec<_> = (0..slices.count).map(|slice| slices.at(slice)).collect();
                assert!(ends[0].start == 0 && ends[slices.count - 1].end == positions);
                assert!(ends.windows(2).all(|pair| pair[0].end == pair[1].start && !pair[1].is_empty()));
                assert!(ends.iter().all(|slice| slice.len() <= COUNTED));
                let least = positions.div_ceil(COUNTED).max(1);
                assert!(slices.count <= least.max(SCRATCH / table), "{positions} {groups}");
            }
        }
    }
}
