//! What people may ask of the data about themselves: everything of it in one document, or that it is forgotten; and what
//! is owed to them, by when.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::http::StatusCode;
use hub_fold::read::{self, Account, PrivacyRequestView, TimelineEntry};
use hub_fold::record::{Command, ErasureAt};
use hub_fold::{AskedErasure, ErasureReceipt, Fold, SystemErasure};
use hub_journal::Seq;
use hub_model::{EffectId, NodeId, Timestamp};
use serde::{Deserialize, Serialize};

use super::asked::{Asked, Named, Said, Word};
use super::customers::UNKNOWN;
use super::deliveries::Commanded;
use super::error::AdminError;
use super::{Admin, Answer, Shared};
use crate::erase;
use crate::export::{self, Export};

/// How much of what is done each list shows; what is open is shown whole.
const LISTED_MAX: usize = 1_000;

/// How long there is to erase somebody who asks for it: the GDPR's one month, at its shortest but for February.
const ERASE_WITHIN: std::time::Duration = std::time::Duration::from_secs(30 * 24 * 3_600);

const ASKED: &str = "asked by an effect; `omnihub privacy list` says what became of it";

/// Said as it is, so that nobody takes it for done.
const BY_HAND: &str =
    "its connector cannot ask: erase the person there yourself, then `omnihub privacy close`";

/// What forgetting a customer would take.
#[derive(Serialize)]
pub(super) struct Preview {
    customer: NodeId,
    accounts: Vec<Account>,
    /// How many there are of each kind of thing in the timeline.
    timeline: BTreeMap<String, u64>,
    events: u64,
    /// Records of the journal that hold their events.
    records: u64,
    /// Parked deliveries in which a key, an id or the name stands.
    parked: Vec<u64>,
}

pub(super) async fn preview(api: Shared, Named(id): Named<NodeId>) -> Answer<Preview> {
    api.read(move |admin| Preview::of(admin, id)).await
}

impl Preview {
    fn of(admin: &Admin, id: NodeId) -> Result<Self, AdminError> {
        let store = &*admin.store;
        let card = read::customer(store, id)?.ok_or(UNKNOWN)?;
        let accounts = read::accounts(store, id)?.ok_or(UNKNOWN)?;
        let mut records = BTreeSet::new();
        let mut events = 0;
        for (account, _) in &accounts {
            for (_, _, tellings) in read::events_of(store, *account)? {
                events += 1;
                records.extend(tellings.into_iter().flat_map(|(report, delivery)| [Some(report), delivery]));
            }
        }
        Ok(Self {
            customer: card.summary.id,
            accounts: accounts.into_iter().map(|(_, account)| account).collect(),
            timeline: counted(&export::timeline(store, id)?),
            events,
            records: records.iter().flatten().count() as u64,
            parked: erase::parked::naming(store, &admin.journal, &card)?,
        })
    }
}

/// How many there are of each kind.
fn counted(timeline: &[TimelineEntry]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for entry in timeline {
        *counts.entry(entry.kind.word()).or_default() += 1;
    }
    counts
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExportAsked {
    by: Option<String>,
}

/// What has become of a wish to be forgotten, step by step.
#[derive(Serialize)]
pub(super) struct Erasing {
    customer: NodeId,
    /// Sequence numbers of the commands, one for each account.
    commands: Vec<u64>,
    /// False when no hub runs.
    running: bool,
    steps: Vec<Step>,
}

#[derive(Serialize)]
struct Step {
    step: String,
    state: &'static str,
}

pub(super) async fn erase(
    api: Shared,
    Named(id): Named<NodeId>,
    Asked(word): Asked<Word>,
) -> Result<(StatusCode, Json<Erasing>), AdminError> {
    let Said { by, reason } = word.checked(&api.caller)?;
    let found = api.read(move |admin| {
        let card = read::customer(&*admin.store, id)?.ok_or(UNKNOWN)?;
        let accounts = read::accounts(&*admin.store, id)?.ok_or(UNKNOWN)?;
        let parked = erase::parked::naming(&*admin.store, &admin.journal, &card)?;
        let settings = Fold::open(&*admin.store)?.settings();
        let systems = hub_fold::systems_of(&*admin.store, &settings, id)?.unwrap_or_default();
        Ok((card.summary.id, accounts, parked, systems))
    });
    let Json((customer, accounts, mut parked, systems)) = found.await?;
    let at = api.admin.clock.now();
    let commands = accounts.iter().map(|(account, _)| Command::Erase {
        account: *account,
        by: by.clone(),
        reason: reason.clone(),
        at,
        // The first takes the deliveries with it.
        deliveries: std::mem::take(&mut parked),
        systems: systems.iter().filter(|system| system.account == *account).cloned().collect(),
    });
    let commands = api.commands(commands.collect()).await?.into_iter().map(Seq::get).collect();
    let running = api.admin.plugins.is_some();
    let steps = steps(running, &systems);
    Ok((StatusCode::ACCEPTED, Json(Erasing { customer, commands, running, steps })))
}

fn steps(running: bool, systems: &[ErasureAt]) -> Vec<Step> {
    let step = |step: &str, state| Step { step: step.to_owned(), state };
    let (view, journal) = match running {
        true => ("done as soon as the command is folded", "waits for the background pass, within seconds"),
        false => ("waits until the data is opened next", "waits until a hub runs, or for --now"),
    };
    let own = [
        step("asked for", "done: it is in the journal, and nothing takes it back"),
        step("forgotten in the view", view),
        step("journal rewritten", journal),
        step(
            "view built anew",
            "waits for erasing.view_minutes, the next start of the hub, or --now without a hub",
        ),
    ];
    let others = systems.iter().map(|system| Step {
        step: format!("erased at {} ({})", system.connection, system.object),
        state: if system.ask.is_some() { ASKED } else { BY_HAND },
    });
    own.into_iter().chain(others).collect()
}

/// Whoever is given everything about a person is in the audit before they have it.
pub(super) async fn export(
    api: Shared,
    Named(id): Named<NodeId>,
    Asked(asked): Asked<ExportAsked>,
) -> Answer<Export> {
    let Said { by, .. } = Word { by: asked.by, reason: None }.checked(&api.caller)?;
    let answer = api
        .read(move |admin| Export::of(&*admin.store, &admin.journal, id, admin.now())?.ok_or(UNKNOWN))
        .await?;
    api.command(Command::Export { customer: id, by }).await?;
    Ok(answer)
}

/// A person has seen to an erasure in a system, or it need not be: the hub asks no more.
pub(super) async fn close(
    api: Shared,
    Named(effect): Named<EffectId>,
    Asked(word): Asked<Word>,
) -> Result<(StatusCode, Json<Commanded>), AdminError> {
    let Said { by, reason } = word.checked(&api.caller)?;
    let is_open = api.read(move |admin| {
        let asked = hub_fold::asked_erasures(&*admin.store)?;
        Ok(asked.iter().flat_map(|one| &one.systems).any(|one| one.effect == effect && one.is_open()))
    });
    let Json(is_open) = is_open.await?;
    if !is_open {
        return Err(UNKNOWN_ERASURE);
    }
    let at = api.admin.clock.now();
    let command = api.command(Command::CloseErasure { effect, by, reason, at }).await?.get();
    Ok((StatusCode::ACCEPTED, Json(Commanded { command, running: api.admin.plugins.is_some() })))
}

const UNKNOWN_ERASURE: AdminError = AdminError::NotFound {
    what: "open erasure in a system",
    help: "`omnihub privacy list` shows them, and what became of those that are not open",
};

/// What is owed to people, and how far it is.
#[derive(Serialize)]
pub(super) struct Privacy {
    /// Requests for data: every open one, then closed ones up to a thousand.
    requests: Vec<PrivacyRequestView>,
    /// Whom an operator wanted forgotten: everybody of whom something is left, then the last thousand.
    erasures: Vec<Erasure>,
    /// Records of the journal that wait to be rewritten; those that providers asked for among them.
    records_waiting: u64,
    /// The view's file may still hold old bytes: it is built anew soon.
    view_waiting: bool,
    /// When records were rewritten, the last thousand, newest first.
    receipts: Vec<ErasureReceipt>,
}

#[derive(Serialize)]
struct Erasure {
    #[serde(flatten)]
    asked: AskedErasure,
    due_at: Timestamp,
    overdue: bool,
    journal: &'static str,
    view: &'static str,
}

pub(super) async fn list(api: Shared) -> Answer<Privacy> {
    api.read(|admin| {
        let store = &*admin.store;
        let records_waiting = read::deliveries_to_erase(store, LISTED_MAX)?.len() as u64;
        let view_waiting = erase::is_unfinished(&admin.config);
        let now = admin.clock.now();
        let is_here_done = records_waiting == 0 && !view_waiting;
        let is_open =
            |asked: &AskedErasure| !is_here_done || asked.systems.iter().any(SystemErasure::is_open);
        let (mut shown, done): (Vec<_>, Vec<_>) =
            hub_fold::asked_erasures(store)?.into_iter().partition(is_open);
        shown.extend(done.into_iter().take(LISTED_MAX));
        let erasures = shown.into_iter().map(|asked| {
            let due_at = asked.at.plus(ERASE_WITHIN);
            Erasure {
                due_at,
                overdue: now > due_at && is_open(&asked),
                journal: if records_waiting == 0 { "rewritten" } else { "waiting" },
                view: if view_waiting || records_waiting > 0 {
                    "waits to be built anew"
                } else {
                    "built anew"
                },
                asked,
            }
        });
        Ok(Privacy {
            erasures: erasures.collect(),
            requests: read::privacy_requests(store)?,
            records_waiting,
            view_waiting,
            receipts: hub_fold::erasure_receipts(store, LISTED_MAX)?,
        })
    })
    .await
}
