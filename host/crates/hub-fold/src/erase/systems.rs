//! Forgetting elsewhere: every system that knows the person is asked by an effect, and where its connector cannot ask, the
//! receipt names it to people. The provider's id of the person is what a system is asked with, so it stays, in the effect
//! and in the record of the command, until the system has answered or a person says that it need not.

use hub_model::identity::{IdentityKey, IdentityKind};
use hub_model::{EffectId, EventId, NodeId, Timestamp};
use hub_rules::Grade;
use hub_store::{Order, Store, Table, prefix_range};
use serde::{Deserialize, Serialize};

use super::{ANSWER_WITHIN, mark_stored};
use crate::FoldError;
use crate::active::ActiveSettings;
use crate::draft::Draft;
use crate::effects::{forget_effect, let_go};
use crate::fold::{Folding, effect};
use crate::read::accounts;
use crate::record::{AskErasure, Command, ErasureAt};
use crate::row::{EffectRow, EffectState, Hold, decode, encode, key};

/// Stands where an effect names its rule. No rule can be called so.
pub(crate) const ERASURE: &str = "(erasure)";
const STEP: &str = "erase";

/// The parameter of actions that erase, unless the connector names another as their target.
const PARAMETER: &str = "customer_id";

/// The sorts of rows of the table of erasures that are this file's.
const SYSTEM: u8 = b'y';
const OF_ASKED: u8 = b'o';
/// Those that nobody has answered or closed.
const OPEN: u8 = b'p';

/// A system where somebody is to be forgotten.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct SystemRow {
    /// Sequence number of the command.
    command: u64,
    asked_at: Timestamp,
    connection: String,
    object: String,
    account: NodeId,
    closed: Option<Closed>,
}

/// A person's word that no more is to be asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Closed {
    pub(crate) at: Timestamp,
    pub(crate) by: String,
    pub(crate) reason: String,
}

/// What has become of an erasure in one system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SystemErasure {
    /// What asks for it, and what closes it by: one without an effect has such an id too.
    pub effect: EffectId,
    pub connection: String,
    /// What the provider calls such an account.
    pub object: String,
    pub account: NodeId,
    pub due_at: Timestamp,
    /// The provider's id of the person is still kept: nobody can ask without it.
    pub id_kept: bool,
    #[serde(flatten)]
    pub state: ErasureState,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ErasureState {
    /// Planned, under way, or waiting to be tried again.
    Asked { waits_for: Option<String> },
    /// The system has done it, or taken it on.
    Confirmed {
        at: Timestamp,
        /// The provider's, unless it names the person.
        reference: Option<String>,
    },
    /// The system would not, or nobody knows. The id is kept until a person retries the effect or closes the erasure.
    Parked { at: Timestamp, reason: String },
    /// A person saw to it, or it need not be.
    Closed { at: Timestamp, by: String, reason: String },
    /// Its connector cannot ask: a person has to see to it there.
    ByHand,
}

impl SystemErasure {
    /// Whether somebody still has to do something.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !matches!(self.state, ErasureState::Confirmed { .. } | ErasureState::Closed { .. })
    }
}

/// Where a customer is to be forgotten, for the command that erases them: every account a provider has of them, and how
/// that system is asked. Accounts already forgotten are left out: there is no id left to ask with. `None` for nobody.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn systems_of(
    store: &dyn Store,
    settings: &ActiveSettings,
    customer: NodeId,
) -> Result<Option<Vec<ErasureAt>>, FoldError> {
    let Some(accounts) = accounts(store, customer)? else { return Ok(None) };
    let known = accounts.into_iter().filter(|(_, account)| !account.id.is_empty());
    let systems = known.map(|(node, account)| {
        let route = settings.erasing(&account.connection, &account.object);
        let ask = route.map(|route| AskErasure {
            action: route.action.clone(),
            parameter: route.target.clone().unwrap_or_else(|| PARAMETER.to_owned()),
            id: Some(account.id),
        });
        ErasureAt { connection: account.connection, object: account.object, account: node, ask }
    });
    Ok(Some(systems.collect()))
}

/// What the command's record becomes: the ids of systems that have answered go, and words about a person who is
/// forgotten. `None` when it stays as it is.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn sift_command(store: &dyn Store, seq: u64, command: &Command) -> Result<Option<Command>, FoldError> {
    if let Command::FollowUp(_) | Command::Correct(_) = command {
        return Ok(command.without_words());
    }
    let mut sifted = command.clone();
    let Command::Erase { systems, .. } = &mut sifted else { return Ok(None) };
    for system in systems {
        let id = effect_of(seq, system);
        if let Some(ask) = &mut system.ask
            && effect(store, id)?.is_some_and(|row| row.erased)
        {
            ask.id = None;
        }
    }
    Ok(Some(sifted).filter(|sifted| sifted != command))
}

fn effect_of(command: u64, system: &ErasureAt) -> EffectId {
    EffectId::of(ERASURE, cause(command), &system.account.to_string(), &system.connection)
}

/// The command stands where an effect names its event.
fn cause(command: u64) -> EventId {
    EventId::of("", ERASURE, &command.to_string())
}

fn row_key(sort: u8, effect: EffectId) -> Vec<u8> {
    [&[sort], effect.0.as_slice()].concat()
}

fn of_asked(asked: NodeId) -> Vec<u8> {
    [&[OF_ASKED], asked.0.as_slice()].concat()
}

fn system(draft: &Draft<'_>, effect: EffectId) -> Result<Option<SystemRow>, FoldError> {
    let row = draft.get_raw(Table::Erasure, &row_key(SYSTEM, effect))?;
    row.map(|row| decode(Table::Erasure, &row)).transpose()
}

impl Folding<'_> {
    /// Plans what the systems are asked, and notes those that cannot be.
    pub(crate) fn ask_systems(
        &mut self,
        seq: u64,
        at: Timestamp,
        (asked, asked_at): (NodeId, Timestamp),
        systems: &[ErasureAt],
    ) -> Result<(), FoldError> {
        for there in systems {
            let id = effect_of(seq, there);
            if system(&self.draft, id)?.is_some() {
                continue;
            }
            let row = SystemRow {
                command: seq,
                asked_at,
                connection: there.connection.clone(),
                object: there.object.clone(),
                account: there.account,
                closed: None,
            };
            self.draft.put_raw(Table::Erasure, row_key(SYSTEM, id), encode(&row));
            self.draft.put_raw(Table::Erasure, row_key(OPEN, id), Vec::new());
            let listed = [of_asked(asked), id.0.to_vec()].concat();
            self.draft.put_raw(Table::Erasure, listed, Vec::new());
            if let Some(ask) = &there.ask {
                self.plan_erasure(id, seq, at, &there.connection, ask);
            }
        }
        Ok(())
    }

    fn plan_erasure(&mut self, id: EffectId, seq: u64, at: Timestamp, connection: &str, ask: &AskErasure) {
        let row = EffectRow {
            rule: ERASURE.to_owned(),
            cause: cause(seq),
            step: STEP.to_owned(),
            connection: connection.to_owned(),
            action: ask.action.clone(),
            // Whoever is forgotten twice is forgotten once; a connector may say otherwise.
            grade: self.settings.grade(connection, &ask.action).unwrap_or(Grade::Natural),
            // Without an id where the journal no longer has it: then what became of it follows.
            arguments: ask.id.iter().map(|id| (ask.parameter.clone(), id.clone())).collect(),
            message: None,
            planned_at: at,
            owed_since: at,
            state: EffectState::Planned,
            attempts: 0,
            failures: 0,
            uncertain: false,
            erased: false,
            hold: Hold::default(),
        };
        self.draft.put_raw(Table::EffectDue, key::effect_due(at, id), Vec::new());
        self.draft.put(id.0.to_vec(), &row);
        self.consequences.effects_planned.push(id);
        self.consequences.effects_due.push(id);
    }

    /// Once the system has done it, nothing needs the id any more.
    pub(crate) fn settle_erasure(&mut self, seq: u64, effect: EffectId) -> Result<(), FoldError> {
        let Some(row) = self.draft.get::<EffectRow>(&effect.0)? else { return Ok(()) };
        let is_done = matches!(row.state, EffectState::Confirmed { .. });
        if row.rule != ERASURE || !is_done || row.erased {
            return Ok(());
        }
        let_go(&mut self.draft, effect, seq)?;
        self.settled(seq, effect)
    }

    fn settled(&mut self, seq: u64, effect: EffectId) -> Result<(), FoldError> {
        self.draft.delete(Table::Erasure, row_key(OPEN, effect));
        match system(&self.draft, effect)? {
            Some(row) => mark_stored(&mut self.draft, None, row.command, seq),
            None => Ok(()),
        }
    }

    pub(crate) fn close_erasure(
        &mut self,
        seq: u64,
        at: Timestamp,
        effect: EffectId,
        closed: Closed,
    ) -> Result<(), FoldError> {
        let is_open = self.draft.get_raw(Table::Erasure, &row_key(OPEN, effect))?.is_some();
        let Some(row) = system(&self.draft, effect)?.filter(|_| is_open) else { return Ok(()) };
        let row = SystemRow { closed: Some(closed), ..row };
        self.draft.put_raw(Table::Erasure, row_key(SYSTEM, effect), encode(&row));
        forget_effect(&mut self.draft, effect, at, seq)?;
        self.settled(seq, effect)
    }

    /// Whether the person is named by a provider's words on their erasure. The account's id is a hash of what it is
    /// called, so this is known without keeping that.
    pub(crate) fn names_erased(&self, effect: EffectId, words: &str) -> Result<bool, FoldError> {
        let Some(row) = system(&self.draft, effect)? else { return Ok(false) };
        let scope = format!("{}/{}", row.connection, row.object);
        let is_it = |word: &str| {
            let key = IdentityKey {
                kind: IdentityKind::ProviderId,
                scope: scope.clone(),
                value: word.trim().to_owned(),
            };
            key.node(self.settings.salt()) == row.account
        };
        let is_apart = |sign: char| !sign.is_alphanumeric();
        let is_far_apart = |sign: char| is_apart(sign) && !matches!(sign, '-' | '_' | '.' | '@' | '+');
        Ok(is_it(words) || words.split(is_apart).any(is_it) || words.split(is_far_apart).any(is_it))
    }
}

/// What has become of the erasures a command for this account asked for.
pub(super) fn asked_of(store: &dyn Store, asked: NodeId) -> Result<Vec<SystemErasure>, FoldError> {
    let rows = store.scan(Table::Erasure, prefix_range(&of_asked(asked)), Order::Ascending, usize::MAX)?;
    let mut systems = Vec::with_capacity(rows.len());
    for (listed, _) in rows {
        let Some(id) = key::trailing_id(&listed).map(EffectId) else { continue };
        let Some(row) = store.get(Table::Erasure, &row_key(SYSTEM, id))? else { continue };
        systems.push(SystemErasure::of(id, decode(Table::Erasure, &row)?, effect(store, id)?));
    }
    systems.sort_by(|left, right| {
        (left.due_at, &left.connection, left.account).cmp(&(right.due_at, &right.connection, right.account))
    });
    Ok(systems)
}

/// Whether a system has not answered yet, or nobody has seen to it.
pub(super) fn is_any_open(store: &dyn Store) -> Result<bool, FoldError> {
    Ok(!store.scan(Table::Erasure, prefix_range(&[OPEN]), Order::Ascending, 1)?.is_empty())
}

impl SystemErasure {
    fn of(id: EffectId, row: SystemRow, effect: Option<EffectRow>) -> Self {
        let id_kept = effect.as_ref().is_some_and(|effect| !effect.arguments.is_empty());
        let state = match (effect.map(|effect| effect.state), row.closed) {
            (Some(EffectState::Confirmed { at, reference, .. }), _) => {
                ErasureState::Confirmed { at, reference }
            }
            (_, Some(Closed { at, by, reason })) => ErasureState::Closed { at, by, reason },
            (
                Some(
                    EffectState::Parked { at, reason }
                    | EffectState::Unknown { at, reason }
                    | EffectState::Cancelled { at, reason, .. },
                ),
                None,
            ) => ErasureState::Parked { at, reason },
            (Some(EffectState::Waiting { reason, .. } | EffectState::Held { reason, .. }), None) => {
                ErasureState::Asked { waits_for: Some(reason) }
            }
            (Some(EffectState::Planned | EffectState::Claimed { .. }), None) => {
                ErasureState::Asked { waits_for: None }
            }
            (None, None) => ErasureState::ByHand,
        };
        Self {
            effect: id,
            connection: row.connection,
            object: row.object,
            account: row.account,
            due_at: row.asked_at.plus(ANSWER_WITHIN),
            id_kept,
            state,
        }
    }
}
