//! What a quality band hides: classes that are not in a set, or bits.
//!
//! A set of classes is bits, and whether it holds a class is a shift: AVX2 shifts eight lanes by eight amounts at once. A
//! set of classes below 31 is one word of them; any other is eight, of which the right one is selected without a branch.
//! A table of 256 entries would have to be read lane by lane, and its answer branched on.
//!
//! These are the rules of bands of one byte, and the bits of two. What is asked of other bands is in `judge`.

use ndarray::ArrayViewD;

/// Which elements of a quality band of dtype Q hide the result.
pub(crate) trait Rule<Q>: Copy + Send + Sync {
    /// Whether it has to be asked.
    const ASKS: bool = true;

    /// Whether this one does.
    fn hides(self, quality: Q) -> bool;
}

/// No quality band, or one of which nothing hides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nothing;

impl Rule<u8> for Nothing {
    const ASKS: bool = false;

    #[inline(always)]
    fn hides(self, _: u8) -> bool {
        false
    }
}

/// Classes that stay, all below 31: bit n is set for class n.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LowClasses(u32);

impl Rule<u8> for LowClasses {
    #[inline(always)]
    fn hides(self, class: u8) -> bool {
        // Bit 31 is never set, so it speaks for all classes from there on.
        self.0 >> class.min(31) & 1 == 0
    }
}

/// Classes that stay: bit n of word w is set for class 32 w + n.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Classes([u32; 8]);

impl Classes {
    /// The set of the classes for which there is true.
    #[must_use]
    pub(crate) fn new(stays: &[bool; 256]) -> Self {
        Self(std::array::from_fn(|w| (0..32).fold(0, |word, n| word | u32::from(stays[32 * w + n]) << n)))
    }

    /// The set of those classes.
    #[must_use]
    pub(crate) fn of(classes: impl Iterator<Item = u8>) -> Self {
        Self(classes.fold([0; 8], |mut words, class| {
            words[usize::from(class >> 5)] |= 1 << (class & 31);
            words
        }))
    }

    /// The same set as one word, if all are below 31.
    #[must_use]
    pub(crate) fn low(self) -> Option<LowClasses> {
        let [low, rest @ ..] = self.0;
        (rest == [0; 7] && low >> 31 == 0).then_some(LowClasses(low))
    }
}

impl Rule<u8> for Classes {
    #[inline(always)]
    fn hides(self, class: u8) -> bool {
        let mut word = 0;
        for (place, choice) in (0..).zip(self.0) {
            word = if class >> 5 == place { choice } else { word };
        }
        word >> (class & 31) & 1 == 0
    }
}

/// Bits any of which hides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bits<Q>(pub Q);

impl Rule<u8> for Bits<u8> {
    #[inline(always)]
    fn hides(self, quality: u8) -> bool {
        quality & self.0 != 0
    }
}

impl Rule<u16> for Bits<u16> {
    #[inline(always)]
    fn hides(self, quality: u16) -> bool {
        quality & self.0 != 0
    }
}

/// A quality band and what of it hides.
#[derive(Clone)]
pub(crate) enum Quality<'a> {
    None,
    /// Classes that stay.
    Keep(ArrayViewD<'a, u8>, Classes),
    /// Bits any of which hides.
    Reject(ArrayViewD<'a, u8>, Bits<u8>),
    /// The same of a wider band.
    RejectWide(ArrayViewD<'a, u16>, Bits<u16>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_one_word_only_if_it_holds_no_class_from_31_on() {
        for (classes, low) in [(&[][..], true), (&[0, 30], true), (&[31], false), (&[4, 32], false), (&[255], false)] {
            let stays = std::array::from_fn(|class| classes.contains(&class));
            let set = Classes::new(&stays);
            assert_eq!(set.0, Classes::of((0..=255).filter(|&class| stays[usize::from(class)])).0);
            assert_eq!(set.low().is_some(), low, "{classes:?}");
            for class in 0..=255_u8 {
                let hidden = !stays[usize::from(class)];
                assert_eq!(set.hides(class), hidden);
                assert!(set.low().is_none_or(|set| set.hides(class) == hidden));
            }
        }
    }
}
