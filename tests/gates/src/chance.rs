//! Randomness from a seed: the same on every machine, so that a failure is repeated by its seed.

pub(crate) use crate::support::chance::Chance;

impl Chance {
    pub(crate) fn half(&mut self) -> bool {
        self.per_mille(500)
    }

    /// The stream of one of many cases.
    pub(crate) fn of(seed: u64, case: u64) -> Self {
        let mut mixed = Self(seed ^ case.rotate_left(32));
        Self(mixed.next())
    }

    pub(crate) fn pick<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        if among.is_empty() { None } else { among.get(self.below(among.len())) }
    }
}
