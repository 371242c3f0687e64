//! How facts merge. Everything the model holds is a join-semilattice: joining is commutative, associative and
//! idempotent, so deliveries may come late, twice or in any order and the result is the same. This is where that
//! promise is kept; the entities only name their fields.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Takes in another account of the same thing. Must not depend on which came first.
pub trait Join {
    fn join(&mut self, other: Self);

    /// Removes when we learned it, the one thing that does depend on arrival, so that two models can be compared.
    fn forget_learned(&mut self) {}
}

/// Shows what is known, field by field, and which record taught it.
pub trait Known {
    /// Shows every field there is to `witness`, by its path from the thing: "note", "refunds.r1.amount". `path` is where
    /// this one stands, empty for the thing itself.
    fn show(&self, path: &str, witness: &mut impl Witness);
}

/// Who is shown the fields of a thing.
pub trait Witness {
    fn see<T: Serialize>(&mut self, path: &str, value: &T, source: Source);
}

/// Where a field's value comes from, as far as one record says it all: a flag that stays up is everybody's word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The source's version, where it decides.
    pub version: Option<i64>,
    /// Journal sequence number of the record that taught us.
    pub learned: Option<u64>,
}

/// The path of a field within `path`.
pub(crate) fn within(path: &str, field: &str) -> String {
    if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") }
}

/// Has content that can be taken from it for good, by a flag that stays: joining an older account puts nothing back.
pub trait Erase {
    fn erase(&mut self);

    fn is_erased(&self) -> bool;
}

/// What a source said of one field: the newest version counts, among equal versions the greater value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact<T> {
    pub value: T,
    /// The source's version, usually its `updated_at` in nanoseconds.
    pub version: i64,
    /// Journal sequence number of the record that taught us.
    pub learned: u64,
}

/// What all facts of one event share.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    pub version: i64,
    pub learned: u64,
}

impl Told {
    /// `value` as this event tells it.
    pub fn fact<T>(self, value: T) -> Fact<T> {
        Fact { value, version: self.version, learned: self.learned }
    }

    /// A field the event may leave out.
    pub fn maybe<T: Clone>(self, value: &Option<T>) -> Option<Fact<T>> {
        value.clone().map(|value| self.fact(value))
    }

    /// Of everything told the greatest counts.
    pub fn greatest<T>(self, value: T) -> Greatest<T> {
        Greatest(value, self.learned)
    }

    /// Of everything told the least counts.
    pub fn least<T>(self, value: T) -> Least<T> {
        Least(value, self.learned)
    }
}

impl<T: Ord> Join for Fact<T> {
    fn join(&mut self, other: Self) {
        match (other.version, &other.value).cmp(&(self.version, &self.value)) {
            std::cmp::Ordering::Greater => *self = other,
            std::cmp::Ordering::Equal => self.learned = self.learned.min(other.learned),
            std::cmp::Ordering::Less => {}
        }
    }

    fn forget_learned(&mut self) {
        self.learned = 0;
    }
}

impl<T: Serialize> Known for Fact<T> {
    fn show(&self, path: &str, witness: &mut impl Witness) {
        let source = Source { version: Some(self.version), learned: Some(self.learned) };
        witness.see(path, &self.value, source);
    }
}

impl<T: Join> Join for Option<T> {
    fn join(&mut self, other: Self) {
        match (self.as_mut(), other) {
            (Some(mine), Some(theirs)) => mine.join(theirs),
            (None, Some(theirs)) => *self = Some(theirs),
            (_, None) => {}
        }
    }

    fn forget_learned(&mut self) {
        if let Some(mine) = self {
            mine.forget_learned();
        }
    }
}

impl<T: Known> Known for Option<T> {
    fn show(&self, path: &str, witness: &mut impl Witness) {
        if let Some(known) = self {
            known.show(path, witness);
        }
    }
}

impl<K: Ord, T: Join> Join for BTreeMap<K, T> {
    fn join(&mut self, other: Self) {
        for (key, theirs) in other {
            match self.entry(key) {
                std::collections::btree_map::Entry::Occupied(mut mine) => mine.get_mut().join(theirs),
                std::collections::btree_map::Entry::Vacant(place) => {
                    place.insert(theirs);
                }
            }
        }
    }

    fn forget_learned(&mut self) {
        self.values_mut().for_each(Join::forget_learned);
    }
}

impl<T: Known> Known for BTreeMap<String, T> {
    fn show(&self, path: &str, witness: &mut impl Witness) {
        for (key, known) in self {
            known.show(&within(path, key), witness);
        }
    }
}

/// Once true, always true: deleted, erased.
impl Join for bool {
    fn join(&mut self, other: Self) {
        *self |= other;
    }
}

impl Known for bool {
    fn show(&self, path: &str, witness: &mut impl Witness) {
        if *self {
            witness.see(path, self, Source::default());
        }
    }
}

/// The greatest seen, and the record that taught it: a delivery status never goes back, a last moment only forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greatest<T>(pub T, pub u64);

impl<T: Ord> Join for Greatest<T> {
    fn join(&mut self, other: Self) {
        match other.0.cmp(&self.0) {
            std::cmp::Ordering::Greater => *self = other,
            std::cmp::Ordering::Equal => self.1 = self.1.min(other.1),
            std::cmp::Ordering::Less => {}
        }
    }

    fn forget_learned(&mut self) {
        self.1 = 0;
    }
}

impl<T: Serialize> Known for Greatest<T> {
    fn show(&self, path: &str, witness: &mut impl Witness) {
        witness.see(path, &self.0, Source { version: None, learned: Some(self.1) });
    }
}

/// The least seen, and the record that taught it: the first moment of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Least<T>(pub T, pub u64);

impl<T: Ord> Join for Least<T> {
    fn join(&mut self, other: Self) {
        match other.0.cmp(&self.0) {
            std::cmp::Ordering::Less => *self = other,
            std::cmp::Ordering::Equal => self.1 = self.1.min(other.1),
            std::cmp::Ordering::Greater => {}
        }
    }

    fn forget_learned(&mut self) {
        self.1 = 0;
    }
}

impl<T: Serialize> Known for Least<T> {
    fn show(&self, path: &str, witness: &mut impl Witness) {
        witness.see(path, &self.0, Source { version: None, learned: Some(self.1) });
    }
}

/// Tags of an object: some sources send the whole list, others what was added and removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tags {
    whole: Option<Fact<BTreeSet<String>>>,
    changes: BTreeMap<String, Fact<bool>>,
}

impl Tags {
    /// Tags as one event tells them. A tag both added and removed counts as added.
    pub fn told(told: Told, whole: Option<&Vec<String>>, added: &[String], removed: &[String]) -> Self {
        let whole = whole.map(|tags| told.fact(tags.iter().cloned().collect()));
        let mut changes: BTreeMap<_, _> = removed.iter().map(|tag| (tag.clone(), told.fact(false))).collect();
        changes.extend(added.iter().map(|tag| (tag.clone(), told.fact(true))));
        Self { whole, changes }
    }

    /// The tags as of now: the newest whole list, with what changed since.
    #[must_use]
    pub fn current(&self) -> BTreeSet<String> {
        let (mut tags, version) = match &self.whole {
            Some(whole) => (whole.value.clone(), whole.version),
            None => (BTreeSet::new(), i64::MIN),
        };
        for (tag, change) in self.changes.iter().filter(|(_, change)| change.version >= version) {
            if change.value {
                tags.insert(tag.clone());
            } else {
                tags.remove(tag);
            }
        }
        tags
    }
}

/// Implements [`Join`] and [`Known`] field by field. `then` names a method that forgets what a sticky flag says is gone
/// for good: done after every joining, it leaves the laws as they are.
macro_rules! join_fields {
    ($entity:ty { $($field:ident),+ $(,)? } $(then $forget:ident)?) => {
        impl $crate::join::Join for $entity {
            fn join(&mut self, other: Self) {
                $($crate::join::Join::join(&mut self.$field, other.$field);)+
                $(self.$forget();)?
            }

            fn forget_learned(&mut self) {
                $($crate::join::Join::forget_learned(&mut self.$field);)+
            }
        }

        impl $crate::join::Known for $entity {
            fn show(&self, path: &str, witness: &mut impl $crate::join::Witness) {
                $($crate::join::Known::show(
                    &self.$field,
                    &$crate::join::within(path, stringify!($field)),
                    witness,
                );)+
            }
        }
    };
}
pub(crate) use join_fields;

/// Implements [`Erase`] over a flag `erased`, and `deleted` where that says the same.
macro_rules! erase_by_flag {
    ($($entity:ty $(, or $also:ident)?;)+) => {
        $(impl $crate::join::Erase for $entity {
            fn erase(&mut self) {
                self.erased = true;
                self.forget_erased();
            }

            fn is_erased(&self) -> bool {
                self.erased $(|| self.$also)?
            }
        })+
    };
}
pub(crate) use erase_by_flag;

join_fields!(Tags { whole, changes });

#[cfg(test)]
mod tests;
