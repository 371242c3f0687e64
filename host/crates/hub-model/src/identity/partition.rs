//! From claims to customers. All claims of everybody reachable go in, groups of nodes come out, and what became of every
//! link. The result depends on the set of claims only, because links are taken in a fixed order:
//!
//! 1. A person's *same*, the newest word first. It needs no key and knows no limit.
//! 2. What a provider says of two of its own accounts.
//! 3. Keys with proof, the stronger kinds first (token, e-mail, phone, handle), within a kind the oldest first. So the link
//!    that breaks a limit is always the weakest of those that would break it: it is left out, and the rest go on.
//!    A phone that by then is proven by two different people joins nobody to either: which of them a third account
//!    with it belongs to, nobody can tell.
//!
//! No link of any sort puts two accounts into one customer that a person keeps apart. Keys are weighed within *strands*,
//! which leave a person's *same* out: what the keys say of each side stays as it was, and taking the word back restores
//! both sides exactly.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::time::Timestamp;

use super::{Claim, Claims, IdentityKey, IdentityKind, Judgement, Limits, NodeId};

/// Who or what says that two nodes belong together. Declared from strongest to weakest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkedBy {
    Person,
    Provider,
    Key,
}

/// Why a link does not join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hindrance {
    /// Nobody has proven it.
    Claimed,
    /// More accounts than the limit prove the key.
    Shared,
    /// A phone that went unused for long and is another's since.
    Unused,
    /// A person keeps apart two accounts it would join.
    Apart,
    /// It would put two accounts of one system into one customer.
    OnePerSystem,
    /// The customer would have more keys of a kind than the limit.
    TooManyKeys,
    /// A phone that two people prove, as stronger evidence tells them apart: a household's.
    Contested,
}

/// A link between two nodes, the account first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    pub ends: (NodeId, NodeId),
    pub by: LinkedBy,
    /// Of a key that changed hands, whose it was: 0 now, 1 before, and so on. Links of different times do not meet.
    pub era: u32,
    /// `None` while the link is in force.
    pub hindrance: Option<Hindrance>,
}

/// What the claims come to.
#[derive(Clone, Debug, Default)]
pub struct Weighed {
    /// The nodes that are one person each. Nodes without an account among them are in no group.
    pub groups: Vec<BTreeSet<NodeId>>,
    /// Every claim, and every word that two accounts are the same, in the order they were weighed in.
    pub links: Vec<Link>,
}

/// The groups of nodes that are one person each.
#[must_use]
pub fn partition(all: &Claims, limits: Limits) -> Vec<BTreeSet<NodeId>> {
    weigh(all, limits).groups
}

/// The groups, and which links hold them together.
#[must_use]
pub fn weigh(all: &Claims, limits: Limits) -> Weighed {
    let eras = eras(all, limits);
    let mut weighing = Weighing::new(all, limits, &eras);
    let mut links = Vec::new();
    for ends in same(all) {
        let hindrance = weighing.unite_by_word(at_present(ends.0), at_present(ends.1));
        links.push(Link { ends, by: LinkedBy::Person, era: 0, hindrance });
    }
    let shared = shared_keys(all, limits);
    let in_order = in_order(all);
    let mut contested = None;
    for (ends, claim) in &in_order {
        let (ends, claim) = (*ends, *claim);
        let by = if provider_says(all, ends) { LinkedBy::Provider } else { LinkedBy::Key };
        let era = eras.get(&ends).map_or(0, |era| era.number);
        let hindrance = if !claim.links() {
            Some(Hindrance::Claimed)
        } else if shared.contains(&ends.1) {
            Some(Hindrance::Shared)
        } else if is_phone(all, ends.1)
            && contested
                .get_or_insert_with(|| weighing.contested(all, &in_order, &eras))
                .contains(&(ends.1, era))
        {
            Some(Hindrance::Contested)
        } else {
            let hindrance = weighing.unite(at_present(ends.0), (ends.1, era), by);
            let alone = eras.get(&ends).is_some_and(|era| era.number > 0 && era.accounts == 1);
            hindrance.or(alone.then_some(Hindrance::Unused))
        };
        links.push(Link { ends, by, era, hindrance });
    }
    Weighed { groups: weighing.finish(), links }
}

/// A node at a time of its holders; accounts and most keys have only the present.
type Vertex = (NodeId, u32);

fn at_present(node: NodeId) -> Vertex {
    (node, 0)
}

/// Words that two accounts are the same, the newest first.
fn same(all: &Claims) -> Vec<(NodeId, NodeId)> {
    let is_account = |node: &NodeId| all.nodes.get(node).is_some_and(IdentityKey::is_account);
    let mut same: Vec<_> = all
        .judged
        .iter()
        .filter(|((left, right), judged)| {
            judged.judgement == Judgement::Same && is_account(left) && is_account(right)
        })
        .collect();
    same.sort_by_key(|(pair, judged)| (Reverse(judged.at), **pair));
    same.into_iter().map(|(pair, _)| *pair).collect()
}

/// Claims in the order they are weighed in.
fn in_order(all: &Claims) -> Vec<((NodeId, NodeId), &Claim)> {
    let kind = |node| all.nodes.get(node).map(|key: &IdentityKey| key.kind);
    let mut links: Vec<_> = all.claims.iter().filter(|((account, key), _)| account != key).collect();
    links.sort_by_cached_key(|(pair, claim)| {
        let rank = if provider_says(all, **pair) { 0 } else { kind(&pair.1).map_or(u8::MAX, weakness) };
        (!claim.links(), rank, claim.first.at, **pair)
    });
    links.into_iter().map(|(pair, claim)| (*pair, claim)).collect()
}

/// How easily a key of this kind is another's as well. A token was given to one person; mailboxes are shared by few;
/// phones lie around and are given to new people; public names can be anybody's.
fn weakness(kind: IdentityKind) -> u8 {
    match kind {
        IdentityKind::ProviderId => 0,
        IdentityKind::Token => 1,
        IdentityKind::Email => 2,
        IdentityKind::Phone => 3,
        IdentityKind::Handle => 4,
    }
}

fn is_phone(all: &Claims, node: NodeId) -> bool {
    all.nodes.get(&node).is_some_and(|key| key.kind == IdentityKind::Phone)
}

/// Two accounts joined by their own provider: evidence that overrides single-valuedness.
fn provider_says(all: &Claims, (left, right): (NodeId, NodeId)) -> bool {
    [left, right].iter().all(|node| all.nodes.get(node).is_some_and(IdentityKey::is_account))
}

fn shared_keys(all: &Claims, limits: Limits) -> BTreeSet<NodeId> {
    let mut accounts: BTreeMap<NodeId, usize> = BTreeMap::new();
    for ((_, key), claim) in &all.claims {
        let is_key = all.nodes.get(key).is_some_and(|key| !key.is_account());
        if claim.links() && is_key {
            *accounts.entry(*key).or_default() += 1;
        }
    }
    let max = |key: &NodeId| all.nodes.get(key).map_or(usize::MAX, |key| limits.accounts_max(key.kind));
    accounts.into_iter().filter(|(key, count)| *count > max(key)).map(|(key, _)| key).collect()
}

/// A stretch of time in which a key was used without a long break, and by how many accounts.
struct Era {
    number: u32,
    accounts: usize,
}

/// Of keys that may change hands, in whose time each claim falls. Claims of keys that never did are left out.
fn eras(all: &Claims, limits: Limits) -> BTreeMap<(NodeId, NodeId), Era> {
    let mut uses: BTreeMap<NodeId, Vec<(Timestamp, Timestamp, NodeId)>> = BTreeMap::new();
    for ((account, key), claim) in &all.claims {
        let kind = all.nodes.get(key).map(|key| key.kind);
        if claim.links() && kind.is_some_and(|kind| limits.unused_max(kind).is_some()) {
            uses.entry(*key).or_default().push((claim.first.at, claim.last_at, *account));
        }
    }
    let mut eras = BTreeMap::new();
    for (key, mut uses) in uses.into_iter().filter(|(_, uses)| uses.len() > 1) {
        let kind = all.nodes.get(&key).map_or(IdentityKind::Phone, |key| key.kind);
        let Some(unused_max) = limits.unused_max(kind) else { continue };
        uses.sort_unstable();
        let mut stretches: Vec<Vec<NodeId>> = Vec::new();
        let mut used_until = None;
        for (from, until, account) in uses {
            let goes_on = used_until.is_some_and(|used: Timestamp| from <= used.plus(unused_max));
            match stretches.last_mut().filter(|_| goes_on) {
                Some(stretch) => stretch.push(account),
                None => stretches.push(vec![account]),
            }
            used_until = used_until.max(Some(until));
        }
        if stretches.len() == 1 {
            continue;
        }
        for (number, stretch) in (0_u32..).zip(stretches.iter().rev()) {
            let accounts = stretch.len();
            eras.extend(stretch.iter().map(|account| ((*account, key), Era { number, accounts })));
        }
    }
    eras
}

/// Trees of what belongs together, each with what its members come to.
struct Forest<T> {
    root: BTreeMap<Vertex, Vertex>,
    trees: BTreeMap<Vertex, (Vec<Vertex>, T)>,
}

impl<T> Forest<T> {
    fn new(leaves: impl Iterator<Item = (Vertex, T)>) -> Self {
        let trees: BTreeMap<_, _> = leaves.map(|(vertex, sum)| (vertex, (vec![vertex], sum))).collect();
        Self { root: trees.keys().map(|vertex| (*vertex, *vertex)).collect(), trees }
    }

    /// The two trees, unless they are one already or a vertex is in none.
    fn two(&self, left: Vertex, right: Vertex) -> Option<[&(Vec<Vertex>, T); 2]> {
        let (left, right) = (self.root.get(&left)?, self.root.get(&right)?);
        if left == right {
            return None;
        }
        Some([self.trees.get(left)?, self.trees.get(right)?])
    }

    fn unite(&mut self, left: Vertex, right: Vertex, absorb: impl FnOnce(&mut T, T)) {
        let (Some(&left), Some(&right)) = (self.root.get(&left), self.root.get(&right)) else { return };
        if left == right {
            return;
        }
        if let Some((members, sum)) = self.trees.remove(&right)
            && let Some(kept) = self.trees.get_mut(&left)
        {
            for member in &members {
                self.root.insert(*member, left);
            }
            kept.0.extend(members);
            absorb(&mut kept.1, sum);
        }
    }
}

/// What a strand has: its values of each single-valued key, and how many keys of each kind.
#[derive(Default)]
struct Strand<'a> {
    single: BTreeMap<&'a str, BTreeSet<NodeId>>,
    keys: BTreeMap<IdentityKind, usize>,
}

impl<'a> Strand<'a> {
    fn of_one(node: NodeId, key: &'a IdentityKey) -> Self {
        let mut strand = Self::default();
        if key.is_single_valued() {
            strand.single.insert(&key.scope, BTreeSet::from([node]));
        }
        if !key.is_account() {
            strand.keys.insert(key.kind, 1);
        }
        strand
    }

    fn conflicts_with(&self, other: &Self) -> bool {
        self.single.iter().any(|(scope, mine)| other.single.get(scope).is_some_and(|theirs| mine != theirs))
    }

    fn has_too_many_with(&self, other: &Self, limits: Limits) -> bool {
        self.keys.iter().any(|(kind, mine)| {
            other.keys.get(kind).is_some_and(|theirs| mine + theirs > limits.keys_max(*kind))
        })
    }

    fn absorb(&mut self, other: Self) {
        for (scope, nodes) in other.single {
            self.single.entry(scope).or_default().extend(nodes);
        }
        for (kind, count) in other.keys {
            *self.keys.entry(kind).or_default() += count;
        }
    }
}

/// What a whole customer has: an account or not, and whom a person keeps from it.
#[derive(Default)]
struct Whole {
    has_account: bool,
    apart: BTreeSet<NodeId>,
}

struct Weighing<'a> {
    limits: Limits,
    /// What keys and providers say.
    strands: Forest<Strand<'a>>,
    /// With what people say.
    wholes: Forest<Whole>,
}

impl<'a> Weighing<'a> {
    fn new(all: &'a Claims, limits: Limits, eras: &BTreeMap<(NodeId, NodeId), Era>) -> Self {
        let former = eras.iter().filter(|(_, era)| era.number > 0).map(|((_, key), era)| (*key, era.number));
        let vertices: BTreeSet<Vertex> =
            all.nodes.keys().map(|node| at_present(*node)).chain(former).collect();
        let keyed = |vertex: &Vertex| Some((*vertex, all.nodes.get(&vertex.0)?));
        let strands = vertices.iter().filter_map(keyed);
        let mut apart: BTreeMap<NodeId, BTreeSet<NodeId>> = BTreeMap::new();
        for ((left, right), judged) in &all.judged {
            if judged.judgement == Judgement::Apart {
                apart.entry(*left).or_default().insert(*right);
                apart.entry(*right).or_default().insert(*left);
            }
        }
        let wholes = vertices.iter().filter_map(keyed).map(|(vertex, key)| {
            let has_account = key.is_account();
            let apart = apart.remove(&vertex.0).filter(|_| has_account).unwrap_or_default();
            (vertex, Whole { has_account, apart })
        });
        Self {
            limits,
            wholes: Forest::new(wholes),
            strands: Forest::new(strands.map(|(vertex, key)| (vertex, Strand::of_one(vertex.0, key)))),
        }
    }

    /// A person's word: strands stay as they are.
    fn unite_by_word(&mut self, left: Vertex, right: Vertex) -> Option<Hindrance> {
        if self.is_kept_apart(left, right) {
            return Some(Hindrance::Apart);
        }
        self.join_wholes(left, right);
        None
    }

    fn unite(&mut self, left: Vertex, right: Vertex, by: LinkedBy) -> Option<Hindrance> {
        if self.is_kept_apart(left, right) {
            return Some(Hindrance::Apart);
        }
        if by == LinkedBy::Key
            && let Some([(_, left), (_, right)]) = self.strands.two(left, right)
        {
            if left.conflicts_with(right) {
                return Some(Hindrance::OnePerSystem);
            }
            if left.has_too_many_with(right, self.limits) {
                return Some(Hindrance::TooManyKeys);
            }
        }
        self.strands.unite(left, right, Strand::absorb);
        self.join_wholes(left, right);
        None
    }

    /// The phones that two strands prove which cannot be one, unless a person says they are.
    fn contested(
        &self,
        all: &Claims,
        claims: &[((NodeId, NodeId), &Claim)],
        eras: &BTreeMap<(NodeId, NodeId), Era>,
    ) -> BTreeSet<Vertex> {
        let mut proven_by: BTreeMap<Vertex, Vec<Vertex>> = BTreeMap::new();
        for (ends, claim) in claims {
            if claim.links() && is_phone(all, ends.1) {
                let era = eras.get(ends).map_or(0, |era| era.number);
                proven_by.entry((ends.1, era)).or_default().push(at_present(ends.0));
            }
        }
        let are_two = |left: Vertex, right: Vertex| {
            self.wholes.two(left, right).is_some()
                && self.strands.two(left, right).is_some_and(|[left, right]| left.1.conflicts_with(&right.1))
        };
        proven_by.retain(|_, accounts| {
            let mut accounts = accounts.as_slice();
            let mut found = false;
            while let Some((account, others)) = accounts.split_first() {
                found |= others.iter().any(|other| are_two(*account, *other));
                accounts = others;
            }
            found
        });
        proven_by.into_keys().collect()
    }

    fn is_kept_apart(&self, left: Vertex, right: Vertex) -> bool {
        let Some([left, right]) = self.wholes.two(left, right) else { return false };
        // Both name the other, so one look is enough: at the one who has fewer to look at.
        let (few, many) =
            if left.1.apart.len() <= right.1.apart.len() { (left, right) } else { (right, left) };
        !few.1.apart.is_empty() && many.0.iter().any(|(node, _)| few.1.apart.contains(node))
    }

    fn join_wholes(&mut self, left: Vertex, right: Vertex) {
        self.wholes.unite(left, right, |kept, absorbed| {
            kept.has_account |= absorbed.has_account;
            kept.apart.extend(absorbed.apart);
        });
    }

    fn finish(self) -> Vec<BTreeSet<NodeId>> {
        let wholes = self.wholes.trees.into_values().filter(|(_, whole)| whole.has_account);
        let at_present = |members: Vec<Vertex>| {
            members.into_iter().filter(|(_, era)| *era == 0).map(|(node, _)| node).collect()
        };
        wholes.map(|(members, _)| at_present(members)).collect()
    }
}
