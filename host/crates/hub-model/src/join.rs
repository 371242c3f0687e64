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

/// Once true, always true: deleted, erased.
impl Join for bool {
    fn join(&mut self, other: Self) {
        *self |= other;
    }
}

/// The greatest seen: a delivery status never goes back, a last moment only forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greatest<T>(pub T);

impl<T: Ord> Join for Greatest<T> {
    fn join(&mut self, other: Self) {
        if other.0 > self.0 {
            *self = other;
        }
    }
}

/// The least seen: the first moment of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Least<T>(pub T);

impl<T: Ord> Join for Least<T> {
    fn join(&mut self, other: Self) {
        if other.0 < self.0 {
            *self = other;
        }
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

/// Implements [`Join`] field by field. `then` names a method that forgets what a sticky flag says is gone for good: done
/// after every joining, it leaves the laws as they are.
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
