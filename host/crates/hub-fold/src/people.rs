//! Files parties under their accounts, keeps who claims which key, and finds out anew who is one customer whenever a
//! claim changes. Only the neighbourhood of the change is looked at; hub-model decides.

use std::collections::BTreeSet;

use hub_model::event::{Identity, IdentityKind, Party, Proof};
use hub_model::identity::{Claim, Claims, IdentityKey, KeyContext, Limits, normalise, partition};
use hub_model::join::{Join, Told};
use hub_model::model::Profile;
use hub_model::{NodeId, Timestamp};
use hub_store::Table;

use crate::FoldError;
use crate::draft::Draft;
use crate::row::{CustomerRow, Forgotten, NodeRow, key};

/// The largest neighbourhood looked at. Far beyond any person's accounts; a key that would tie more together than this
/// is a mistake, and past it links stay as they are.
const NEIGHBOURHOOD_MAX: usize = 400;

/// What filing a party needs to know besides the party.
#[derive(Clone, Copy)]
pub(crate) struct PeopleContext<'a> {
    pub(crate) keys: KeyContext<'a>,
    pub(crate) blocked: &'a BTreeSet<String>,
    pub(crate) limits: Limits,
}

/// A party with the account it goes under.
pub(crate) struct Identified {
    pub(crate) account: NodeId,
    pub(crate) forgotten: Forgotten,
    keys: Vec<(IdentityKey, Proof)>,
}

impl Identified {
    /// Other accounts that the party says are the same person.
    pub(crate) fn other_accounts(&self) -> impl Iterator<Item = NodeId> {
        let proven = self.keys.iter().filter(|(key, proof)| key.is_account() && *proof != Proof::Claimed);
        proven.map(|(key, _)| key.node()).filter(|node| *node != self.account)
    }

    /// The keys that others may have as well: addresses, phones, handles, tokens; but not those on the block list, which
    /// name nobody.
    pub(crate) fn contacts(&self, context: PeopleContext<'_>) -> impl Iterator<Item = NodeId> {
        let keys = self.keys.iter().map(|(key, _)| key);
        keys.filter(move |key| !key.is_account() && !is_blocked(key, context)).map(IdentityKey::node)
    }

    /// Whether the party is named by an id of the provider's, not by an address or phone alone.
    pub(crate) fn has_account(&self) -> bool {
        self.keys.iter().any(|(key, _)| key.is_account())
    }
}

/// Files a party: returns the account it goes under, having recorded its claims and regrouped customers if they changed.
/// Of an account that is forgotten nothing is recorded. `None` when the party has no usable key.
pub(crate) fn identify(
    draft: &mut Draft<'_>,
    party: &Party,
    context: PeopleContext<'_>,
    happened_at: Timestamp,
    told: Told,
) -> Result<Option<Identified>, FoldError> {
    let keys: Vec<(IdentityKey, Proof)> = party
        .ids
        .iter()
        .filter_map(|identity| {
            let key = normalise(identity, context.keys)?;
            let proof = proof(identity, &key, context);
            Some((key, proof))
        })
        .collect();
    let Some(account) = account_of(&keys, context) else { return Ok(None) };
    let node = account.node();
    let mut row = load_or_new(draft, &account)?;
    let forgotten = row.forgotten;
    let before = row.claims.clone();
    let may_claim = |key: &IdentityKey| forgotten == Forgotten::Nothing || key.is_account();
    for (key, proof) in keys.iter().filter(|(key, _)| *key != account && may_claim(key)) {
        let claim = Claim { proof: *proof, first_at: happened_at };
        let claimed = key.node();
        match row.claims.get_mut(&claimed) {
            Some(known) => known.join(claim),
            None => {
                row.claims.insert(claimed, claim);
            }
        }
        if !before.contains_key(&claimed) {
            draft.put_new(Table::Index, key::claimed_by(claimed, node), Vec::new());
            if key.kind == IdentityKind::Handle {
                draft.put_raw(Table::Index, key::word(&key.value, node), Vec::new());
            }
        }
    }
    if row.customer.is_none() || row.claims != before {
        draft.put(node.0.to_vec(), &row);
        record_claimed(draft, node, &keys, &row, context.limits)?;
        regroup(draft, node, context.limits)?;
    }
    let name = party.name.as_deref().filter(|name| !name.trim().is_empty());
    if let Some(name) = name.filter(|_| forgotten == Forgotten::Nothing) {
        learn_name(draft, node, Profile::named(name, told))?;
    }
    Ok(Some(Identified { account: node, forgotten, keys }))
}

/// Joins a profile and keeps the account findable by the words of its name, and by no others.
pub(crate) fn learn_name(draft: &mut Draft<'_>, account: NodeId, profile: Profile) -> Result<(), FoldError> {
    let joined = draft.join(&account.0, profile)?;
    let name = |profile: &Profile| profile.display_name().map(|name| name.value);
    let (was, is) = (joined.before.as_ref().and_then(name), name(&joined.after));
    if was != is {
        let words = |name: Option<String>| -> BTreeSet<String> {
            name.iter().flat_map(|name| name.split_whitespace()).map(str::to_lowercase).collect()
        };
        let (was, is) = (words(was), words(is));
        let handles = if was.is_subset(&is) { BTreeSet::new() } else { handles(draft, account)? };
        for word in was.difference(&is).filter(|word| !handles.contains(*word)) {
            draft.delete(Table::Index, key::word(word, account));
        }
        for word in is.difference(&was) {
            draft.put_raw(Table::Index, key::word(word, account), Vec::new());
        }
    }
    Ok(())
}

fn handles(draft: &Draft<'_>, account: NodeId) -> Result<BTreeSet<String>, FoldError> {
    let mut handles = BTreeSet::new();
    let Some(row) = draft.get::<NodeRow>(&account.0)? else { return Ok(handles) };
    for claimed in row.claims.keys() {
        let key = draft.get::<NodeRow>(&claimed.0)?.map(|row| row.key);
        handles.extend(key.filter(|key| key.kind == IdentityKind::Handle).map(|key| key.value));
    }
    Ok(handles)
}

/// Takes from an account every key that others may have as well, with what can be found by it, and finds out anew who
/// is one customer among those it tied together.
pub(crate) fn forget_keys(draft: &mut Draft<'_>, account: NodeId, limits: Limits) -> Result<(), FoldError> {
    let Some(mut row) = draft.get::<NodeRow>(&account.0)? else { return Ok(()) };
    let mut freed = Vec::new();
    for claimed in row.claims.keys() {
        match draft.get::<NodeRow>(&claimed.0)? {
            Some(other) if other.key.is_account() => {}
            known => freed.push((*claimed, known)),
        }
    }
    if freed.is_empty() {
        return Ok(());
    }
    for (key, _) in &freed {
        row.claims.remove(key);
    }
    draft.put(account.0.to_vec(), &row);
    for (node, known) in &freed {
        draft.delete(Table::Index, key::claimed_by(*node, account));
        if let Some(known) = known {
            if known.key.kind == IdentityKind::Handle {
                draft.delete(Table::Index, key::word(&known.key.value, account));
            }
            release(draft, *node, known, account, limits)?;
        }
    }
    for (node, _) in freed {
        regroup(draft, node, limits)?;
    }
    regroup(draft, account, limits)
}

/// Accounts looked at for who else proves a key. Past so many it is a shop's key that links nobody.
const CLAIMANTS_MAX: usize = 1_000;

/// A key that an account claims no more: gone with its last claimant, else proven by whoever is left.
fn release(
    draft: &mut Draft<'_>,
    node: NodeId,
    known: &NodeRow,
    account: NodeId,
    limits: Limits,
) -> Result<(), FoldError> {
    let claimants = draft.scan(Table::Index, &key::claimed_by_prefix(node), CLAIMANTS_MAX)?;
    if claimants.is_empty() {
        draft.delete(Table::Node, node.0.to_vec());
        return Ok(());
    }
    if !known.proven_by.contains(&account) {
        return Ok(());
    }
    // A shared key names only the first few who prove it, so that somebody else's place may now be free.
    let mut released = NodeRow { proven_by: BTreeSet::new(), ..known.clone() };
    for (row, _) in claimants {
        let Some(claimant) = key::trailing_id(&row).map(NodeId) else { continue };
        let claim = draft.get::<NodeRow>(&claimant.0)?.and_then(|row| row.claims.get(&node).copied());
        if claim.is_some_and(|claim| claim.links()) {
            released.proven_by.insert(claimant);
        }
        if is_shared(&released, limits) {
            break;
        }
    }
    draft.put(node.0.to_vec(), &released);
    Ok(())
}

/// The accounts of a forgotten account's connection that are the same person: a provider's own ids tie them.
pub(crate) fn same_person(draft: &Draft<'_>, row: &NodeRow) -> Result<Vec<NodeId>, FoldError> {
    let claimed = row.claims.iter().filter(|(_, claim)| claim.links()).map(|(node, _)| *node);
    let mut same = Vec::new();
    for node in claimed.chain(row.proven_by.iter().copied()) {
        if draft.get::<NodeRow>(&node.0)?.is_some_and(|row| row.key.is_account()) {
            same.push(node);
        }
    }
    Ok(same)
}

/// Two accounts that their provider calls one.
pub(crate) fn merge_accounts(
    draft: &mut Draft<'_>,
    kept: &Identity,
    absorbed: &Identity,
    context: PeopleContext<'_>,
    happened_at: Timestamp,
) -> Result<Option<(NodeId, NodeId)>, FoldError> {
    let (Some(kept), Some(absorbed)) = (normalise(kept, context.keys), normalise(absorbed, context.keys))
    else {
        return Ok(None);
    };
    if !kept.is_account() || !absorbed.is_account() || kept == absorbed {
        return Ok(None);
    }
    let mut row = load_or_new(draft, &kept)?;
    let mut other = load_or_new(draft, &absorbed)?;
    let claim = Claim { proof: Proof::Provider, first_at: happened_at };
    row.claims.entry(absorbed.node()).and_modify(|known| known.join(claim)).or_insert(claim);
    other.proven_by.insert(kept.node());
    draft.put(kept.node().0.to_vec(), &row);
    draft.put(absorbed.node().0.to_vec(), &other);
    regroup(draft, kept.node(), context.limits)?;
    Ok(Some((kept.node(), absorbed.node())))
}

/// A key on the block list is claimed by people but links nobody.
fn proof(identity: &Identity, key: &IdentityKey, context: PeopleContext<'_>) -> Proof {
    if is_blocked(key, context) { Proof::Claimed } else { identity.proof }
}

fn is_blocked(key: &IdentityKey, context: PeopleContext<'_>) -> bool {
    context.blocked.contains(&key.value) || is_nobodys(key)
}

/// Mailboxes that belong to machines.
fn is_nobodys(key: &IdentityKey) -> bool {
    const MACHINES: [&str; 7] =
        ["noreply", "no-reply", "donotreply", "do-not-reply", "mailer-daemon", "postmaster", "notifications"];
    key.kind == IdentityKind::Email
        && key.value.split_once('@').is_some_and(|(local, _)| MACHINES.contains(&local))
}

/// The first of the party's own ids; a bare e-mail or phone gets an account of its own, so that everything is filed
/// under an account.
fn account_of(keys: &[(IdentityKey, Proof)], context: PeopleContext<'_>) -> Option<IdentityKey> {
    if let Some((account, _)) = keys.iter().find(|(key, _)| key.is_account()) {
        return Some(account.clone());
    }
    let (contact, _) = keys.first()?;
    let scope = format!("{}/contact", context.keys.connection);
    Some(IdentityKey { kind: IdentityKind::ProviderId, scope, value: contact.value.clone() })
}

fn load_or_new(draft: &Draft<'_>, key: &IdentityKey) -> Result<NodeRow, FoldError> {
    Ok(draft.get(&key.node().0)?.unwrap_or_else(|| NodeRow {
        key: key.clone(),
        claims: Default::default(),
        proven_by: BTreeSet::new(),
        customer: None,
        forgotten: Forgotten::Nothing,
    }))
}

/// Notes at each claimed key who proves it, up to one more than the limit: then the key links nobody, and which
/// accounts it would have linked no longer matters.
fn record_claimed(
    draft: &mut Draft<'_>,
    account: NodeId,
    keys: &[(IdentityKey, Proof)],
    row: &NodeRow,
    limits: Limits,
) -> Result<(), FoldError> {
    for (key, _) in keys {
        let node = key.node();
        if node == account || !row.claims.contains_key(&node) {
            continue;
        }
        let mut claimed = load_or_new(draft, key)?;
        let links = row.claims.get(&node).is_some_and(Claim::links);
        let known_before = draft.get_raw(Table::Node, &node.0)?.is_some();
        let grows = links && !is_shared(&claimed, limits) && claimed.proven_by.insert(account);
        if grows || !known_before {
            draft.put(node.0.to_vec(), &claimed);
        }
    }
    Ok(())
}

fn is_shared(row: &NodeRow, limits: Limits) -> bool {
    !row.key.is_account() && row.proven_by.len() > limits.accounts_per_key_max
}

/// Finds out anew who is one customer around `start`.
fn regroup(draft: &mut Draft<'_>, start: NodeId, limits: Limits) -> Result<(), FoldError> {
    let Some(rows) = neighbourhood(draft, start)? else { return Ok(()) };
    let mut all = Claims::default();
    for (node, row) in &rows {
        all.nodes.insert(*node, row.key.clone());
        all.claims.extend(row.claims.iter().map(|(key, claim)| ((*node, *key), *claim)));
    }
    let groups = partition(&all, limits);
    let was: BTreeSet<NodeId> = rows.iter().filter_map(|(_, row)| row.customer).collect();
    let mut of = std::collections::BTreeMap::new();
    for group in groups {
        let (accounts, keys): (BTreeSet<NodeId>, BTreeSet<NodeId>) =
            group.into_iter().partition(|node| all.nodes.get(node).is_some_and(IdentityKey::is_account));
        let Some(customer) = accounts.first().copied() else { continue };
        of.extend(accounts.iter().chain(&keys).map(|node| (*node, customer)));
        draft.put(customer.0.to_vec(), &CustomerRow { accounts, keys });
    }
    let is: BTreeSet<NodeId> = of.values().copied().collect();
    // A name that is none of these nodes' is kept by the part it broke off from.
    let here: BTreeSet<NodeId> = rows.iter().map(|(node, _)| *node).collect();
    for gone in was.difference(&is).filter(|gone| here.contains(gone)) {
        draft.delete(Table::Customer, gone.0.to_vec());
    }
    for (node, mut row) in rows {
        let customer = of.get(&node).copied();
        if row.customer != customer {
            row.customer = customer;
            draft.put(node.0.to_vec(), &row);
        }
    }
    Ok(())
}

/// Everything reachable over claims that link, `None` when that is too much. Keys that just became shared are walked
/// through once more, so that what they linked is grouped anew.
fn neighbourhood(draft: &Draft<'_>, start: NodeId) -> Result<Option<Vec<(NodeId, NodeRow)>>, FoldError> {
    let mut seen = BTreeSet::from([start]);
    let mut open = vec![start];
    let mut rows = Vec::new();
    while let Some(node) = open.pop() {
        let Some(row) = draft.get::<NodeRow>(&node.0)? else { continue };
        let claimed = row.claims.iter().filter(|(_, claim)| claim.links()).map(|(key, _)| *key);
        open.extend(claimed.chain(row.proven_by.iter().copied()).filter(|next| seen.insert(*next)));
        rows.push((node, row));
        if seen.len() > NEIGHBOURHOOD_MAX {
            return Ok(None);
        }
    }
    Ok(Some(rows))
}
