//! Owns where a row lies in sled's one tree. A section is a table, the chunks or the state: its keys follow on a byte of
//! its own.
//!
//! Tables whose keys begin with the 16 bytes of an id are grouped: what is filed under one id lies together, whatever
//! table it is in. Ids are hashes, so that every one is somewhere else in the tree, and a page that has to be fetched
//! costs more than anything else here. A walk through one of these tables jumps from group to group.

use sled::{IVec, Tree};

use crate::{Order, Range, Table, first_key_after};

/// Before the first table and after the last.
const STATE: u8 = 0;
const GROUPS: u8 = 0xfe;
const CHUNKS: u8 = 0xff;

/// The tables that are grouped. One with few rows would be walked through in vain.
const GROUPED: [Table; 5] = [Table::Node, Table::Customer, Table::Profile, Table::Timeline, Table::Index];

/// The bytes of an id. Shorter keys of these tables lie in the table's own section.
const ID_BYTES: usize = 16;

/// A key and its entry.
type Found = (Vec<u8>, IVec);

pub(super) struct Section {
    pub(super) tree: Tree,
    id: u8,
    grouped: bool,
}

impl Section {
    pub(super) fn of_table(tree: &Tree, table: Table) -> Section {
        Section { tree: tree.clone(), id: table.id(), grouped: GROUPED.contains(&table) }
    }

    pub(super) fn chunks(tree: &Tree) -> Section {
        Section { tree: tree.clone(), id: CHUNKS, grouped: false }
    }

    pub(super) fn state(tree: &Tree) -> Section {
        Section { tree: tree.clone(), id: STATE, grouped: false }
    }

    pub(super) fn is_grouped(&self) -> bool {
        self.grouped
    }

    /// Whether nothing lies in any group.
    pub(super) fn are_groups_empty(tree: &Tree) -> sled::Result<bool> {
        Ok(tree.range([GROUPS]..[CHUNKS]).next().transpose()?.is_none())
    }

    /// Where a row lies.
    pub(super) fn key(&self, key: &[u8]) -> Vec<u8> {
        match key.split_at_checked(ID_BYTES).filter(|_| self.grouped) {
            Some((id, rest)) => self.in_group(id, rest),
            None => [&[self.id], key].concat(),
        }
    }

    fn in_group(&self, id: &[u8], rest: &[u8]) -> Vec<u8> {
        let mut place = Vec::with_capacity(2 + ID_BYTES + rest.len());
        place.push(GROUPS);
        place.extend_from_slice(id);
        place.push(self.id);
        place.extend_from_slice(rest);
        place
    }

    pub(super) fn get(&self, key: &[u8]) -> sled::Result<Option<IVec>> {
        self.tree.get(self.key(key))
    }

    pub(super) fn is_empty(&self) -> sled::Result<bool> {
        Ok(self.scan(&Range::all(), Order::Ascending, 1)?.is_empty())
    }

    /// Walks through the section.
    pub(super) fn count(&self) -> sled::Result<u64> {
        self.tree.scan_prefix([self.id]).try_fold(0, |count, row| row.map(|_| count + 1))
    }

    pub(super) fn scan(&self, range: &Range, order: Order, limit: usize) -> sled::Result<Vec<Found>> {
        if !self.grouped {
            return self.own(range, order, limit);
        }
        if let Some((from, to)) = self.within_group(range) {
            return take(&self.tree, from, to, order, limit, |place| {
                Some([place.get(1..=ID_BYTES)?, place.get(ID_BYTES + 2..)?].concat())
            });
        }
        let mut found = self.own(range, order, limit)?;
        found.extend(self.through_groups(range, order, limit)?);
        found.sort_unstable_by(|(left, _), (right, _)| match order {
            Order::Ascending => left.cmp(right),
            Order::Descending => right.cmp(left),
        });
        found.truncate(limit);
        Ok(found)
    }

    /// The rows that lie behind the section's own byte.
    fn own(&self, range: &Range, order: Order, limit: usize) -> sled::Result<Vec<Found>> {
        let place = |key: &[u8]| [&[self.id], key].concat();
        let to = range.to.as_deref().map(place).or_else(|| first_key_after(&[self.id]));
        take(&self.tree, place(&range.from), to, order, limit, |place| place.get(1..).map(<[u8]>::to_vec))
    }

    /// Where a range begins and ends that lies within one group: nearly all that are asked for.
    fn within_group(&self, range: &Range) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
        let (id, from) = range.from.split_at_checked(ID_BYTES)?;
        let to = range.to.as_deref()?;
        let end = match to.split_at_checked(ID_BYTES) {
            Some((same, to)) if same == id => self.in_group(id, to),
            _ if first_key_after(id).as_deref() == Some(to) => first_key_after(&self.in_group(id, &[]))?,
            _ => return None,
        };
        Some((self.in_group(id, from), Some(end)))
    }

    /// The table's rows of one group after the other, with the others in between left out.
    fn through_groups(&self, range: &Range, order: Order, limit: usize) -> sled::Result<Vec<Found>> {
        let place = |key: &[u8]| match key.split_at_checked(ID_BYTES) {
            Some((id, rest)) => self.in_group(id, rest),
            None => [&[GROUPS], key].concat(),
        };
        let (mut from, mut to) = (place(&range.from), range.to.as_deref().map_or(vec![CHUNKS], place));
        let mut found = Vec::new();
        while found.len() < limit && from < to {
            let mut rows = self.tree.range(from.clone()..to.clone());
            let next = match order {
                Order::Ascending => rows.next(),
                Order::Descending => rows.next_back(),
            };
            let Some((at, _)) = next.transpose()? else { break };
            let (Some(group), Some(table)) = (at.get(..=ID_BYTES), at.get(ID_BYTES + 1)) else { break };
            let ours = [group, &[self.id]].concat();
            if *table == self.id {
                let end = first_key_after(&ours);
                let (first, last) = match order {
                    Order::Ascending => (at.to_vec(), end.into_iter().chain([to.clone()]).min()),
                    Order::Descending => (ours.clone().max(from.clone()), Some([at.as_ref(), &[0]].concat())),
                };
                let left = limit.saturating_sub(found.len());
                found.extend(take(&self.tree, first, last, order, left, |place| {
                    Some([place.get(1..=ID_BYTES)?, place.get(ID_BYTES + 2..)?].concat())
                })?);
            }
            match order {
                Order::Ascending if *table < self.id => from = ours,
                Order::Ascending => from = first_key_after(group).unwrap_or_else(|| vec![CHUNKS]),
                Order::Descending if *table > self.id => to = first_key_after(&ours).unwrap_or(ours),
                Order::Descending => to = group.to_vec(),
            }
        }
        Ok(found)
    }
}

/// The rows of the tree from one place up to another, under the keys that `key` reads from their places.
fn take(
    tree: &Tree,
    from: Vec<u8>,
    to: Option<Vec<u8>>,
    order: Order,
    limit: usize,
    key: impl Fn(&[u8]) -> Option<Vec<u8>>,
) -> sled::Result<Vec<Found>> {
    let rows = match to {
        Some(to) if to <= from => return Ok(Vec::new()),
        Some(to) => tree.range(from..to),
        None => tree.range(from..),
    };
    let read = |row: sled::Result<(IVec, IVec)>| {
        let (place, entry) = row?;
        Ok(key(&place).map(|key| (key, entry)))
    };
    match order {
        Order::Ascending => rows.take(limit).map(read).filter_map(Result::transpose).collect(),
        Order::Descending => rows.rev().take(limit).map(read).filter_map(Result::transpose).collect(),
    }
}
