//! Files parties under their accounts, keeps who claims which key, and finds out anew who is one customer whenever a
//! claim changes. Only the neighbourhood of the change is looked at; hub-model decides.

mod group;
mod judge;

use std::collections::BTreeSet;

use hub_model::event::{Identity, IdentityKind, Party, Proof};
use hub_model::identity::{Claim, Evidence, IdentityKey, KeyContext, Limits, normalise, written};
use hub_model::join::{Join, Told};
use hub_model::model::Profile;
use hub_model::{NodeId, Salt};
use hub_store::Table;

use crate::FoldError;
use crate::draft::Draft;
use crate::row::{Forgotten, NodeRow, key};
use group::regroup;
pub(crate) use group::{claims_among, neighbourhood};
pub(crate) use judge::judge;

/// What filing a party needs to know besides the party.
#[derive(Clone, Copy)]
pub(crate) struct PeopleContext<'a> {
    pub(crate) keys: KeyContext<'a>,
    pub(crate) blocked: &'a BTreeSet<String>,
    pub(crate) limits: Limits,
    pub(crate) salt: Salt,
}

/// A party with the account it goes under.
pub(crate) struct Identified {
    pub(crate) account: NodeId,
    pub(crate) forgotten: Forgotten,
    keys: Vec<Said>,
}

/// A key as a party names it.
struct Said {
    key: IdentityKey,
    node: NodeId,
    proof: Proof,
    written: Option<String>,
}

impl Identified {
    /// Other accounts that the party says are the same person.
    pub(crate) fn other_accounts(&self) -> impl Iterator<Item = NodeId> {
        let proven = self.keys.iter().filter(|said| said.key.is_account() && said.proof != Proof::Claimed);
        proven.map(|said| said.node).filter(|node| *node != self.account)
    }

    /// The keys that others may have as well: addresses, phones, handles, tokens; but not those on the block list, which
    /// name nobody.
    pub(crate) fn contacts(&self, context: PeopleContext<'_>) -> impl Iterator<Item = NodeId> {
        let shared = move |said: &&Said| !said.key.is_account() && !is_blocked(&said.key, context);
        self.keys.iter().filter(shared).map(|said| said.node)
    }

    /// Whether the party is named by an id of the provider's, not by an address or phone alone.
    pub(crate) fn has_account(&self) -> bool {
        self.keys.iter().any(|said| said.key.is_account())
    }
}

/// Files a party: returns the account it goes under, having recorded its claims and regrouped customers if they changed.
/// Of an account that is forgotten nothing is recorded. `None` when the party has no usable key.
pub(crate) fn identify(
    draft: &mut Draft<'_>,
    party: &Party,
    context: PeopleContext<'_>,
    evidence: Evidence,
    told: Told,
) -> Result<Option<Identified>, FoldError> {
    let keys = keys_of(party, context);
    let Some((account, node)) = account_of(&keys, context) else { return Ok(None) };
    let mut row = load_or_new(draft, &account, node)?;
    let forgotten = row.forgotten;
    let may_claim = |key: &IdentityKey| forgotten == Forgotten::Nothing || key.is_account();
    let mut changed = false;
    let mut claimed_anew = Vec::new();
    for said in keys.iter().filter(|said| said.node != node && may_claim(&said.key)) {
        let claim = Claim::new(said.proof, Evidence { written: said.written.clone(), ..evidence.clone() });
        changed |= match row.claims.get_mut(&said.node) {
            Some(known) => {
                let before = known.clone();
                known.join(claim);
                *known != before
            }
            None => {
                row.claims.insert(said.node, claim);
                claimed_anew.push(said.node);
                if said.key.kind == IdentityKind::Handle {
                    draft.put_raw(Table::Index, key::word(&said.key.value, node), Vec::new());
                }
                true
            }
        };
    }
    if row.customer.is_none() || changed {
        draft.put(node.0.to_vec(), &row);
        record_claimed(draft, node, &keys, &row, &claimed_anew, context.limits)?;
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
            name.iter().flat_map(|name| hub_model::words::words(name)).collect()
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
        let handle = key.filter(|key| key.kind == IdentityKind::Handle);
        handles.extend(handle.map(|key| hub_model::words::folded(&key.value)));
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
    regroup(draft, account, limits).map(drop)
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
    let mut released = known.clone();
    strike_claimant(draft, node, &mut released, account)?;
    let claimants = claimants(draft, node, &released, CLAIMANTS_MAX)?;
    if claimants.is_empty() && known.judged.is_empty() {
        draft.delete(Table::Node, node.0.to_vec());
        return Ok(());
    }
    if claimants.is_empty() {
        draft.put(node.0.to_vec(), &NodeRow { judged: released.judged, ..NodeRow::unheard_of() });
        return Ok(());
    }
    if released.proven_by.contains(&account) {
        // A shared key names only the first few who prove it, so that somebody else's place may now be free.
        released.proven_by.clear();
        for claimant in claimants {
            let claimant_row = draft.get::<NodeRow>(&claimant.0)?;
            if claimant_row.is_some_and(|row| row.claims.get(&node).is_some_and(Claim::links)) {
                released.proven_by.insert(claimant);
            }
            if is_shared(&released, limits) {
                break;
            }
        }
    }
    draft.put(node.0.to_vec(), &released);
    Ok(())
}

/// Whether whoever has this account is forgotten.
pub(crate) fn is_forgotten(draft: &Draft<'_>, account: NodeId) -> Result<bool, FoldError> {
    let row: Option<NodeRow> = draft.get(&account.0)?;
    Ok(row.is_some_and(|row| row.forgotten == Forgotten::Person))
}

/// Whoever claims a key, with proof or without.
pub(crate) fn claimants(
    draft: &Draft<'_>,
    node: NodeId,
    row: &NodeRow,
    limit: usize,
) -> Result<BTreeSet<NodeId>, FoldError> {
    let more = draft.scan(Table::Index, &key::claimed_by_prefix(node), limit)?;
    let more = more.iter().filter_map(|(row, _)| key::trailing_id(row).map(NodeId));
    Ok(row.claimed_by.iter().copied().chain(more).take(limit).collect())
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
    evidence: Evidence,
) -> Result<Option<(NodeId, NodeId)>, FoldError> {
    let (Some(kept), Some(absorbed)) = (normalise(kept, context.keys), normalise(absorbed, context.keys))
    else {
        return Ok(None);
    };
    if !kept.is_account() || !absorbed.is_account() || kept == absorbed {
        return Ok(None);
    }
    let (kept_node, absorbed_node) = (kept.node(context.salt), absorbed.node(context.salt));
    let mut row = load_or_new(draft, &kept, kept_node)?;
    let mut other = load_or_new(draft, &absorbed, absorbed_node)?;
    let claim = Claim::new(Proof::Provider, evidence);
    row.claims.entry(absorbed_node).and_modify(|known| known.join(claim.clone())).or_insert(claim);
    other.proven_by.insert(kept_node);
    draft.put(kept_node.0.to_vec(), &row);
    draft.put(absorbed_node.0.to_vec(), &other);
    regroup(draft, kept_node, context.limits)?;
    Ok(Some((kept_node, absorbed_node)))
}

/// A key on the block list is claimed by people but links nobody.
fn proof(identity: &Identity, key: &IdentityKey, context: PeopleContext<'_>) -> Proof {
    if is_blocked(key, context) { Proof::Claimed } else { identity.proof }
}

fn is_blocked(key: &IdentityKey, context: PeopleContext<'_>) -> bool {
    context.blocked.contains(&key.value) || key.is_machines()
}

fn keys_of(party: &Party, context: PeopleContext<'_>) -> Vec<Said> {
    let said = party.ids.iter().filter_map(|identity| {
        let key = normalise(identity, context.keys)?;
        let (proof, written) = (proof(identity, &key, context), written(identity, &key));
        Some(Said { proof, written, node: key.node(context.salt), key })
    });
    said.collect()
}

/// The first of the party's own ids; a bare e-mail or phone gets an account of its own, so that everything is filed
/// under an account.
fn account_of(keys: &[Said], context: PeopleContext<'_>) -> Option<(IdentityKey, NodeId)> {
    if let Some(said) = keys.iter().find(|said| said.key.is_account()) {
        return Some((said.key.clone(), said.node));
    }
    let contact = &keys.first()?.key;
    let scope = format!("{}/contact", context.keys.connection);
    let account = IdentityKey { kind: IdentityKind::ProviderId, scope, value: contact.value.clone() };
    let node = account.node(context.salt);
    Some((account, node))
}

/// The account a party goes under.
pub(crate) fn account_named(party: &Party, context: PeopleContext<'_>) -> Option<NodeId> {
    account_of(&keys_of(party, context), context).map(|(_, node)| node)
}

fn load_or_new(draft: &Draft<'_>, key: &IdentityKey, node: NodeId) -> Result<NodeRow, FoldError> {
    Ok(match draft.get::<NodeRow>(&node.0)? {
        Some(row) if row.is_heard_of() => row,
        Some(unheard_of) => NodeRow { key: key.clone(), ..unheard_of },
        None => NodeRow::new(key.clone()),
    })
}

/// Notes at each claimed key who claims it, and who proves it up to one more than the limit: then the key links nobody,
/// and which accounts it would have linked no longer matters.
fn record_claimed(
    draft: &mut Draft<'_>,
    account: NodeId,
    keys: &[Said],
    row: &NodeRow,
    claimed_anew: &[NodeId],
    limits: Limits,
) -> Result<(), FoldError> {
    for Said { key, node, .. } in keys {
        let Some(claim) = row.claims.get(node).filter(|_| *node != account) else { continue };
        let (mut claimed, mut changed) = match draft.get::<NodeRow>(&node.0)? {
            Some(row) if row.is_heard_of() => (row, false),
            Some(unheard_of) => (NodeRow { key: key.clone(), ..unheard_of }, true),
            None => (NodeRow::new(key.clone()), true),
        };
        if claim.links() && !is_shared(&claimed, limits) {
            changed |= claimed.proven_by.insert(account);
        }
        if claimed_anew.contains(node) {
            changed |= note_claimant(draft, *node, &mut claimed, account);
        }
        if changed {
            draft.put(node.0.to_vec(), &claimed);
        }
    }
    Ok(())
}

/// Claimants noted in a key's own row: more than a family has. A shop's mailbox has thousands, which go into rows of
/// their own.
const CLAIMED_BY_MAX: usize = 8;

/// Takes in who claims a key; whether its row changed. The least accounts stand in the row, whoever came first.
fn note_claimant(draft: &mut Draft<'_>, node: NodeId, row: &mut NodeRow, account: NodeId) -> bool {
    row.claimed_by.insert(account);
    let over = if row.claimed_by.len() > CLAIMED_BY_MAX { row.claimed_by.pop_last() } else { None };
    if let Some(over) = over {
        draft.put_raw(Table::Index, key::claimed_by(node, over), Vec::new());
    }
    over != Some(account)
}

/// Strikes out who claims a key no more; the least of the others takes the place.
fn strike_claimant(
    draft: &mut Draft<'_>,
    node: NodeId,
    row: &mut NodeRow,
    account: NodeId,
) -> Result<(), FoldError> {
    if !row.claimed_by.remove(&account) {
        draft.delete(Table::Index, key::claimed_by(node, account));
    } else if let Some((next, _)) = draft.scan(Table::Index, &key::claimed_by_prefix(node), 1)?.pop() {
        row.claimed_by.extend(key::trailing_id(&next).map(NodeId));
        draft.delete(Table::Index, next);
    }
    Ok(())
}

/// Whether so many accounts prove a key to be theirs that it links nobody.
pub(crate) fn is_shared(row: &NodeRow, limits: Limits) -> bool {
    row.proven_by.len() > limits.accounts_max(row.key.kind)
}
