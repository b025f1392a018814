//! A set of services, by their slots.

/// A set of slots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    pub(super) fn set(&mut self, slot: u32) {
        let (word, bit) = place(slot);
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= bit;
    }

    pub(super) fn has(&self, slot: u32) -> bool {
        let (word, bit) = place(slot);
        self.0.get(word).is_some_and(|bits| bits & bit != 0)
    }

    /// Keeps what is in the others too.
    pub(super) fn retain(&mut self, others: &Self) {
        self.0.truncate(others.0.len());
        self.0.iter_mut().zip(&others.0).for_each(|(own, other)| *own &= other);
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }
}

fn place(slot: u32) -> (usize, u64) {
    (slot as usize / 64, 1 << (slot % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(slots: &[u32]) -> Bits {
        let mut bits = Bits::default();
        slots.iter().for_each(|slot| bits.set(*slot));
        bits
    }

    #[test]
    fn a_set_has_what_was_put_in_and_nothing_else() {
        let bits = of(&[0, 63, 64, 1_000]);

        let found: Vec<_> = (0..2_000).filter(|slot| bits.has(*slot)).collect();
        assert_eq!(found, [0, 63, 64, 1_000]);
        assert_eq!((bits.len(), Bits::default().len()), (4, 0));
    }

    #[test]
    fn only_what_both_have_is_kept() {
        for (own, others, kept) in [
            (&[1, 70, 200][..], &[70, 200][..], &[70, 200][..]),
            (&[1, 70], &[1, 70, 900], &[1, 70]),
            (&[1, 70], &[1], &[1]),
            (&[1], &[], &[]),
            (&[], &[5], &[]),
        ] {
            let mut bits = of(own);
            bits.retain(&of(others));

            let found: Vec<_> = (0..1_000).filter(|slot| bits.has(*slot)).collect();
            assert_eq!(found, kept, "{own:?} {others:?}");
            assert_eq!(bits.len(), kept.len());
        }
    }
}
