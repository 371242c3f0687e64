//! What operators did, in the order the journal has it: each entry holds the hash of the one before, so that none can be
//! changed, left out or put in without all after it changing. Names no personal data: it stays when somebody is forgotten.

use std::collections::{BTreeMap, BTreeSet};

use hub_model::identity::Judgement;
use hub_model::{EffectId, FollowUpId, InteractionId, NodeId, Timestamp, TokenId};
use hub_store::{Order, Range, Store, Table};
use serde::{Deserialize, Serialize};

use crate::FoldError;
use crate::draft::Draft;
use crate::record::{Chosen, Command, ConnectionSettings, Settings};
use crate::row::{decode, encode, key};
use crate::tokens::Scope;

/// Where the chain ends, in the table of settings.
const HEAD_KEY: &[u8] = b"audit-head";

/// Entries read at once.
const PAGE: usize = 1_000;

/// An operator's act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Said of each pair of accounts whether they are one person.
    Judged {
        pairs: Vec<(NodeId, NodeId, Judgement)>,
    },
    /// Had an account forgotten, and parked deliveries that name the person.
    Erased {
        account: NodeId,
        deliveries: Vec<u64>,
    },
    /// Was given everything about a customer.
    Exported {
        customer: NodeId,
    },
    /// Saw to an erasure in a system, or said that it need not be.
    ClosedErasure {
        effect: EffectId,
    },
    WantedFollowUp {
        account: NodeId,
        follow_up: FollowUpId,
    },
    ClosedFollowUp {
        account: NodeId,
        follow_up: FollowUpId,
    },
    Redrove {
        delivery: u64,
    },
    RetriedEffect {
        effect: EffectId,
    },
    PolledFrom {
        connection: String,
        stream: String,
        since: Option<Timestamp>,
    },
    ClosedRequest {
        connection: String,
        request: String,
    },
    /// A connection was set up or changed: its connector, and the addresses it may call.
    Granted {
        connection: String,
        connector: String,
        reaches: Vec<String>,
    },
    /// A connection was taken away.
    Revoked {
        connection: String,
    },
    /// A rule file was added or changed; its BLAKE3 hash before, and now.
    ChangedRule {
        file: String,
        before: Option<String>,
        now: String,
    },
    RemovedRule {
        file: String,
        before: String,
    },
    /// When keys link people was changed.
    ChangedIdentity {
        blocked_keys: u64,
    },
    /// Let be sent what waited for a person's word.
    ReleasedEffects {
        /// Where all of a rule's were meant.
        rule: Option<String>,
        effects: Vec<EffectId>,
    },
    /// Said that what is not sent yet is not to be.
    CancelledEffects {
        rule: Option<String>,
        effects: Vec<EffectId>,
    },
    /// Had nothing sent from then on.
    StoppedEffects {},
    ResumedEffects {},
    /// Said what these fields of an interaction's finding should be; what was said is not told here.
    Corrected {
        interaction: InteractionId,
        fields: Vec<String>,
    },
    /// Let whoever shows a new token in, for so much and so long.
    MadeToken {
        token: TokenId,
        name: String,
        scopes: BTreeSet<Scope>,
        expires_at: Timestamp,
    },
    RevokedToken {
        token: TokenId,
    },
}

/// One act, with its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// 1 for the first.
    pub number: u64,
    /// Sequence number of the journal's record.
    pub record: u64,
    pub at: Timestamp,
    /// Who, where they said so.
    pub by: Option<String>,
    pub reason: Option<String>,
    pub act: Act,
}

/// An entry with the hash over it and the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chained {
    #[serde(flatten)]
    pub entry: AuditEntry,
    /// BLAKE3, hexadecimal.
    pub hash: String,
}

/// Whether the chain holds together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditVerdict {
    pub entries: u64,
    /// The last hash: noted elsewhere, it shows later that everything up to it is as it was.
    pub head: String,
    /// The first entry that does not follow from the one before.
    pub broken_at: Option<u64>,
    /// Of a hash asked for: the entry it belongs to.
    pub found: Option<u64>,
}

type Hash = [u8; 32];

/// Where the chain ends: how many entries it has, and the last one's hash.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Head {
    entries: u64,
    hash: Hash,
}

/// Who acted, when, by which record.
pub(crate) struct Acted<'a> {
    pub(crate) record: u64,
    pub(crate) at: Timestamp,
    pub(crate) by: Option<&'a str>,
    pub(crate) reason: Option<&'a str>,
}

fn hash(before: &Hash, entry: &AuditEntry) -> Hash {
    *blake3::Hasher::new().update(before).update(&encode(entry)).finalize().as_bytes()
}

fn head(row: Option<Vec<u8>>) -> Result<Head, FoldError> {
    Ok(row.map(|row| decode(Table::Setting, &row)).transpose()?.unwrap_or_default())
}

fn append(draft: &mut Draft<'_>, acted: &Acted<'_>, act: Act) -> Result<(), FoldError> {
    let last = head(draft.get_raw(Table::Setting, HEAD_KEY)?)?;
    let given = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let entry = AuditEntry {
        number: last.entries + 1,
        record: acted.record,
        at: acted.at,
        by: given(acted.by),
        reason: given(acted.reason),
        act,
    };
    let next = Head { entries: entry.number, hash: hash(&last.hash, &entry) };
    draft.put_raw(Table::Audit, key::sequence(entry.number), encode(&(&entry, next.hash)));
    draft.put_raw(Table::Setting, HEAD_KEY.to_vec(), encode(&next));
    Ok(())
}

/// When the entry in a row was made.
pub(crate) fn entry_at(row: &[u8]) -> Result<Timestamp, FoldError> {
    let (entry, _): (AuditEntry, Hash) = decode(Table::Audit, row)?;
    Ok(entry.at)
}

/// Takes down a command.
pub(crate) fn commanded(
    draft: &mut Draft<'_>,
    record: u64,
    at: Timestamp,
    command: &Command,
) -> Result<(), FoldError> {
    let mut said = (None, None);
    let act = match command {
        Command::Redrive { delivery } => Act::Redrove { delivery: *delivery },
        Command::RetryEffect { effect } => Act::RetriedEffect { effect: *effect },
        Command::PollFrom { connection, stream, since } => {
            Act::PolledFrom { connection: connection.clone(), stream: stream.clone(), since: *since }
        }
        Command::CloseRequest { connection, id } => {
            Act::ClosedRequest { connection: connection.clone(), request: id.clone() }
        }
        Command::Judge { pairs, by, reason, .. } => {
            said = (Some(by.as_str()), Some(reason.as_str()));
            Act::Judged { pairs: pairs.clone() }
        }
        Command::Erase { account, by, reason, deliveries, .. } => {
            said = (Some(by.as_str()), Some(reason.as_str()));
            Act::Erased { account: *account, deliveries: deliveries.clone() }
        }
        Command::CloseErasure { effect, by, reason, .. } => {
            said = (Some(by.as_str()), Some(reason.as_str()));
            Act::ClosedErasure { effect: *effect }
        }
        Command::FollowUp(asked) => {
            said.0 = Some(asked.by.as_str());
            Act::WantedFollowUp { account: asked.account, follow_up: asked.id }
        }
        Command::CloseFollowUp { account, id, by, .. } => {
            said.0 = Some(by.as_str());
            Act::ClosedFollowUp { account: *account, follow_up: *id }
        }
        Command::ReleaseEffects { chosen, word } => {
            said = (Some(word.by.as_str()), Some(word.reason.as_str()));
            let (rule, effects) = named(chosen);
            Act::ReleasedEffects { rule, effects }
        }
        Command::CancelEffects { chosen, word } => {
            said = (Some(word.by.as_str()), Some(word.reason.as_str()));
            let (rule, effects) = named(chosen);
            Act::CancelledEffects { rule, effects }
        }
        Command::StopEffects(word) => {
            said = (Some(word.by.as_str()), Some(word.reason.as_str()));
            Act::StoppedEffects {}
        }
        Command::ResumeEffects(word) => {
            said = (Some(word.by.as_str()), Some(word.reason.as_str()));
            Act::ResumedEffects {}
        }
        Command::Correct(corrected) => {
            said.0 = Some(corrected.by.as_str());
            let fields = corrected.says.iter().map(|say| say.field().to_owned()).collect();
            Act::Corrected { interaction: corrected.interaction, fields }
        }
        Command::MakeToken(made) => {
            said.0 = Some(made.by.as_str());
            Act::MadeToken {
                token: made.id,
                name: made.name.clone(),
                scopes: made.scopes.clone(),
                expires_at: made.expires_at,
            }
        }
        Command::RevokeToken { token, word } => {
            said = (Some(word.by.as_str()), Some(word.reason.as_str()));
            Act::RevokedToken { token: *token }
        }
        Command::Export { customer, by } => {
            said.0 = Some(by.as_str());
            Act::Exported { customer: *customer }
        }
    };
    append(draft, &Acted { record, at, by: said.0, reason: said.1 }, act)
}

fn named(chosen: &Chosen) -> (Option<String>, Vec<EffectId>) {
    match chosen {
        Chosen::Rule(rule) => (Some(rule.clone()), Vec::new()),
        Chosen::Effects(effects) => (None, effects.clone()),
    }
}

/// Takes down what new settings change.
pub(crate) fn changed(
    draft: &mut Draft<'_>,
    record: u64,
    at: Timestamp,
    before: &Settings,
    now: &Settings,
) -> Result<(), FoldError> {
    let given = now.given.as_ref();
    let by = given.map(|given| given.by.as_str());
    let acted = Acted { record, at, by, reason: given.map(|given| given.reason.as_str()) };
    differences(before, now).into_iter().try_for_each(|act| append(draft, &acted, act))
}

fn differences(before: &Settings, now: &Settings) -> Vec<Act> {
    let mut acts = Vec::new();
    let named = |settings: &Settings| -> BTreeMap<String, ConnectionSettings> {
        settings.connections.iter().map(|one| (one.name.clone(), one.clone())).collect()
    };
    let (known, connections) = (named(before), named(now));
    for (name, connection) in &connections {
        if known.get(name) != Some(connection) {
            acts.push(Act::Granted {
                connection: name.clone(),
                connector: connection.connector.clone(),
                reaches: connection.reaches.clone(),
            });
        }
    }
    acts.extend(
        known
            .into_keys()
            .filter(|name| !connections.contains_key(name))
            .map(|connection| Act::Revoked { connection }),
    );
    let hashed = |settings: &Settings| -> BTreeMap<String, String> {
        let hash = |text: &String| blake3::hash(text.as_bytes()).to_hex().to_string();
        settings.rules.iter().map(|(file, text)| (file.clone(), hash(text))).collect()
    };
    let (mut known, rules) = (hashed(before), hashed(now));
    for (file, now) in rules {
        let before = known.remove(&file);
        if before.as_ref() != Some(&now) {
            acts.push(Act::ChangedRule { file, before, now });
        }
    }
    acts.extend(known.into_iter().map(|(file, before)| Act::RemovedRule { file, before }));
    if (before.identity, &before.blocked_keys) != (now.identity, &now.blocked_keys) {
        acts.push(Act::ChangedIdentity { blocked_keys: now.blocked_keys.len() as u64 });
    }
    acts
}

fn chained(row: &[u8]) -> Result<(AuditEntry, Hash), FoldError> {
    decode(Table::Audit, row)
}

fn hex(hash: &Hash) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}

/// The newest entries, newest first; of those before a number where one is given.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn audit(store: &dyn Store, before: Option<u64>, limit: usize) -> Result<Vec<Chained>, FoldError> {
    let range = Range { from: Vec::new(), to: before.map(key::sequence) };
    let rows = store.scan(Table::Audit, range, Order::Descending, limit.min(PAGE))?;
    let entry = |(_, row): &hub_store::Row| {
        let (entry, hash) = chained(row)?;
        Ok(Chained { entry, hash: hex(&hash) })
    };
    rows.iter().map(entry).collect()
}

/// Goes through the chain from its beginning. `noted` is a hash somebody kept: whether it is still in it.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn verify_audit(store: &dyn Store, noted: Option<&str>) -> Result<AuditVerdict, FoldError> {
    let expected = head(store.get(Table::Setting, HEAD_KEY)?)?;
    let mut last = Head::default();
    let mut verdict = AuditVerdict { entries: 0, head: hex(&expected.hash), broken_at: None, found: None };
    loop {
        let range = Range { from: key::sequence(last.entries + 1), to: None };
        let rows = store.scan(Table::Audit, range, Order::Ascending, PAGE)?;
        for (_, row) in &rows {
            let (entry, stored) = chained(row)?;
            let follows = entry.number == last.entries + 1 && stored == hash(&last.hash, &entry);
            if !follows && verdict.broken_at.is_none() {
                verdict.broken_at = Some(last.entries + 1);
            }
            if noted.is_some_and(|noted| noted.eq_ignore_ascii_case(&hex(&stored))) {
                verdict.found = Some(entry.number);
            }
            last = Head { entries: entry.number, hash: stored };
            verdict.entries += 1;
        }
        if rows.len() < PAGE {
            break;
        }
    }
    if verdict.broken_at.is_none() && (last.entries, last.hash) != (expected.entries, expected.hash) {
        verdict.broken_at = Some(last.entries + 1);
    }
    Ok(verdict)
}
