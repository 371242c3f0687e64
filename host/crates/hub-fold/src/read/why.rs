//! Why accounts are one customer, link by link, with the evidence of each; and why they are not. The links are weighed
//! by the same function that grouped them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use hub_model::identity::{
    Claims, Hindrance, IdentityKey, IdentityKind, Judged, Judgement, Link, LinkedBy, Proof, Weighed, weigh,
};
use hub_model::{EventId, NodeId, Timestamp};
use hub_store::{Store, Table};
use serde::Serialize;

use super::View;
use crate::FoldError;
use crate::draft::Draft;
use crate::fold::KeyRules;
use crate::people::{claims_among, neighbourhood};
use crate::row::{CaseRow, EventRow, NodeRow, decode, key};

/// One link, the account first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinkWhy {
    pub left: LinkEnd,
    pub right: LinkEnd,
    pub because: Because,
    pub in_force: bool,
    /// Why it is not in force.
    pub obstacle: Option<Obstacle>,
}

/// An account or a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinkEnd {
    pub node: NodeId,
    pub kind: IdentityKind,
    /// Of a provider's id or handle its connection and object, of a token its purpose.
    pub scope: String,
    pub value: String,
}

/// The evidence of a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Because {
    /// The account has the key: who said so first.
    Key {
        proof: Proof,
        evidence: EvidenceView,
    },
    /// The provider calls its two accounts one.
    Provider {
        evidence: EvidenceView,
    },
    Person(Word),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EvidenceView {
    pub event: EventId,
    /// What the event is called and whose it is; nothing once it is forgotten.
    pub name: Option<String>,
    pub connection: Option<String>,
    pub happened_at: Timestamp,
    /// The key as it was written, where that reads otherwise.
    pub written: Option<String>,
}

/// A person's word on two accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Word {
    pub judgement: Judgement,
    /// Who gave it.
    pub person: String,
    pub reason: String,
    pub at: Timestamp,
}

/// What keeps a link from being in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "obstacle", rename_all = "snake_case")]
pub enum Obstacle {
    /// Nobody has proven it.
    Claimed,
    /// The key is on the block list or a machine's mailbox.
    Blocked,
    /// More accounts than this prove the key.
    Shared { accounts_max: usize },
    /// The key was not used for longer than this, and is another's since.
    Unused { days_max: u32 },
    /// A person keeps accounts apart that it would join.
    Apart { word: Option<Word> },
    /// It would put two accounts of one system into one customer.
    OnePerSystem,
    /// The customer would have more keys of a kind than one may gather.
    TooManyKeys,
    /// Two people prove the phone, by what their other keys say.
    Contested,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claimed => write!(f, "claimed, and proven by nobody"),
            Self::Blocked => write!(f, "on the block list"),
            Self::Shared { accounts_max } => write!(f, "shared by more than {accounts_max} accounts"),
            Self::Unused { days_max } => {
                write!(f, "unused for more than {days_max} days, and another's since")
            }
            Self::Apart { word: Some(word) } => write!(f, "kept apart by {}", word.person),
            Self::Apart { word: None } => write!(f, "kept apart by a person"),
            Self::OnePerSystem => write!(f, "would join two accounts of one system"),
            Self::Contested => write!(f, "proven by two people whose other keys tell them apart"),
            Self::TooManyKeys => write!(f, "would gather more keys of a kind than one customer may have"),
        }
    }
}

/// How two accounts are one customer, or why they are two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PairWhy {
    pub one: bool,
    /// The shortest chain of links from the first to the second. If they are two, of all links that there are: the
    /// obstacles in it are why. Empty if nothing ties them.
    pub chain: Vec<LinkWhy>,
    /// The word of a person on exactly these two.
    pub word: Option<Word>,
}

/// Every link of a customer's accounts, those in force first, then in the order they are weighed in. `None` when nobody
/// has the id.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn why_linked(store: &dyn Store, customer: NodeId) -> Result<Option<Vec<LinkWhy>>, FoldError> {
    let view = View { store };
    let Some((_, row)) = view.customer_of(customer)? else { return Ok(None) };
    let around = Around::of(view, &row.accounts)?;
    let theirs = |link: &&Link| row.accounts.contains(&link.ends.0) || row.accounts.contains(&link.ends.1);
    let mut links = Vec::new();
    for link in around.weighed.links.iter().filter(theirs) {
        links.extend(around.tell(link, link.hindrance)?);
    }
    links.sort_by_key(|link| !link.in_force);
    Ok(Some(links))
}

/// How two accounts (or customers, by any id they ever had) hang together. `None` when one of them is nobody's.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn why_pair(store: &dyn Store, left: NodeId, right: NodeId) -> Result<Option<PairWhy>, FoldError> {
    let view = View { store };
    let (Some((one, _)), Some((other, _))) = (view.customer_of(left)?, view.customer_of(right)?) else {
        return Ok(None);
    };
    let around = Around::of(view, &BTreeSet::from([left, right]))?;
    let one = one == other;
    let chain = if one { around.in_force(left, right) } else { around.at_all(left, right) };
    let told = chain.into_iter().map(|link| {
        // To somebody who has the key now, a former holder's link leads nowhere.
        let former = (!one && link.era > 0).then_some(Hindrance::Unused);
        around.tell(link, link.hindrance.or(former))
    });
    let chain = told.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    let judged = around.all.judged.get(&(left.min(right), left.max(right)));
    Ok(Some(PairWhy { one, chain, word: judged.map(|judged| around.word(*judged)).transpose()? }))
}

/// All that is known around some accounts, weighed.
struct Around<'a> {
    view: View<'a>,
    rules: KeyRules,
    all: Claims,
    weighed: Weighed,
}

impl<'a> Around<'a> {
    fn of(view: View<'a>, accounts: &BTreeSet<NodeId>) -> Result<Self, FoldError> {
        let draft = Draft::new(view.store);
        let mut rows = match neighbourhood(&draft, accounts.iter().copied())? {
            Some(rows) => rows,
            // So large that it is left as it is: told from the accounts alone.
            None => load(view, accounts.iter())?,
        };
        let claimed: BTreeSet<NodeId> = rows.values().flat_map(|row| row.claims.keys().copied()).collect();
        let known: BTreeSet<NodeId> = rows.keys().copied().collect();
        rows.extend(load(view, claimed.difference(&known))?);
        let all = claims_among(&rows);
        let rules = crate::fold::key_rules(view.store)?;
        Ok(Self { view, weighed: weigh(&all, rules.limits), rules, all })
    }

    /// The shortest chain of links that hold.
    fn in_force(&self, from: NodeId, to: NodeId) -> Vec<&Link> {
        let links = self.weighed.links.iter().filter(|link| link.hindrance.is_none());
        shortest(links.map(|link| (link, [(link.ends.0, 0), (link.ends.1, link.era)])), from, to)
    }

    /// The shortest chain of links, whatever keeps them from being in force.
    fn at_all(&self, from: NodeId, to: NodeId) -> Vec<&Link> {
        let links = self.weighed.links.iter();
        shortest(links.map(|link| (link, [(link.ends.0, 0), (link.ends.1, 0)])), from, to)
    }

    fn end(&self, node: NodeId) -> Option<LinkEnd> {
        let IdentityKey { kind, scope, value } = self.all.nodes.get(&node)?.clone();
        Some(LinkEnd { node, kind, scope, value })
    }

    fn tell(&self, link: &Link, hindrance: Option<Hindrance>) -> Result<Option<LinkWhy>, FoldError> {
        let (Some(left), Some(right)) = (self.end(link.ends.0), self.end(link.ends.1)) else {
            return Ok(None);
        };
        let Some(because) = self.because(link)? else { return Ok(None) };
        let obstacle = hindrance.map(|hindrance| self.obstacle(link, hindrance)).transpose()?;
        Ok(Some(LinkWhy { left, right, because, in_force: obstacle.is_none(), obstacle }))
    }

    fn because(&self, link: &Link) -> Result<Option<Because>, FoldError> {
        if link.by == LinkedBy::Person {
            let judged = self.all.judged.get(&link.ends);
            return judged.map(|judged| self.word(*judged).map(Because::Person)).transpose();
        }
        let Some(claim) = self.all.claims.get(&link.ends) else { return Ok(None) };
        let event: Option<EventRow> = self.view.get(&claim.first.event.0)?;
        let (name, connection) = event.map(|event| (event.name, event.connection)).unzip();
        let evidence = EvidenceView {
            event: claim.first.event,
            name,
            connection,
            happened_at: claim.first.at,
            written: claim.first.written.clone(),
        };
        Ok(Some(match link.by {
            LinkedBy::Provider => Because::Provider { evidence },
            _ => Because::Key { proof: claim.proof, evidence },
        }))
    }

    fn word(&self, judged: Judged) -> Result<Word, FoldError> {
        let row = self.view.store.get(Table::Annotation, &key::case(&judged.case))?;
        let case: Option<CaseRow> = row.map(|row| decode(Table::Annotation, &row)).transpose()?;
        let CaseRow { by, reason } =
            case.unwrap_or_else(|| CaseRow { by: String::new(), reason: String::new() });
        Ok(Word { judgement: judged.judgement, person: by, reason, at: judged.at })
    }

    fn obstacle(&self, link: &Link, hindrance: Hindrance) -> Result<Obstacle, FoldError> {
        let key = self.all.nodes.get(&link.ends.1);
        let limits = self.rules.limits;
        let is_blocked = key.is_some_and(|key| self.rules.blocks(key));
        Ok(match hindrance {
            Hindrance::Claimed if is_blocked => Obstacle::Blocked,
            Hindrance::Claimed => Obstacle::Claimed,
            Hindrance::Shared => {
                Obstacle::Shared { accounts_max: key.map_or(usize::MAX, |key| limits.accounts_max(key.kind)) }
            }
            Hindrance::Unused => Obstacle::Unused { days_max: limits.phone_unused_days_max },
            Hindrance::Apart => Obstacle::Apart { word: self.apart(link)? },
            Hindrance::OnePerSystem => Obstacle::OnePerSystem,
            Hindrance::TooManyKeys => Obstacle::TooManyKeys,
            Hindrance::Contested => Obstacle::Contested,
        })
    }

    /// The word that keeps the customers at the ends of a link apart.
    fn apart(&self, link: &Link) -> Result<Option<Word>, FoldError> {
        let group = |node: NodeId| self.weighed.groups.iter().find(|group| group.contains(&node));
        let (Some(left), Some(right)) = (group(link.ends.0), group(link.ends.1)) else { return Ok(None) };
        let crosses = |one: &NodeId, other: &NodeId| left.contains(one) && right.contains(other);
        let judged = self.all.judged.iter().find(|((one, other), judged)| {
            judged.judgement == Judgement::Apart && (crosses(one, other) || crosses(other, one))
        });
        judged.map(|(_, judged)| self.word(*judged)).transpose()
    }
}

fn load<'n>(
    view: View<'_>,
    nodes: impl Iterator<Item = &'n NodeId>,
) -> Result<BTreeMap<NodeId, NodeRow>, FoldError> {
    let mut rows = BTreeMap::new();
    for node in nodes {
        rows.extend(view.get::<NodeRow>(&node.0)?.filter(NodeRow::is_heard_of).map(|row| (*node, row)));
    }
    Ok(rows)
}

/// A node at a time of its holders.
type Vertex = (NodeId, u32);

/// Breadth first from one node to the other.
fn shortest<'l>(
    links: impl Iterator<Item = (&'l Link, [Vertex; 2])>,
    from: NodeId,
    to: NodeId,
) -> Vec<&'l Link> {
    let mut next: BTreeMap<Vertex, Vec<(Vertex, &Link)>> = BTreeMap::new();
    for (link, [left, right]) in links {
        next.entry(left).or_default().push((right, link));
        next.entry(right).or_default().push((left, link));
    }
    let mut came_by: BTreeMap<Vertex, (Vertex, &Link)> = BTreeMap::new();
    let mut open = VecDeque::from([(from, 0)]);
    while let Some(here) = open.pop_front() {
        for (there, link) in next.get(&here).into_iter().flatten() {
            if *there != (from, 0) && !came_by.contains_key(there) {
                came_by.insert(*there, (here, link));
                open.push_back(*there);
            }
        }
    }
    let mut chain = Vec::new();
    let mut here = (to, 0);
    while let Some((before, link)) = came_by.get(&here) {
        chain.push(*link);
        here = *before;
    }
    chain.reverse();
    chain
}
