//! A run: an effect is planned, led to its step, and the hub crashes there; it recovers, may crash again, and comes to an
//! end, which is judged by the provider's records and by the hub's own.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use hub_fold::ledger::LedgerCount;
use hub_fold::record::{Chosen, Command, Delivery, Record, Reported};
use hub_fold::row::{EffectRow, EffectState, Word};
use hub_model::event::{
    Author, Direction, Event, Identity, IdentityKind, Interaction, Party, Payload, Proof,
};
use hub_model::{EffectId, Timestamp};
use hub_rules::Grade;
use hub_tests::day::fast::{compile_into, load_written};
use hub_tests::support::connections::{self, Listen, WHATSAPP, WHATSAPP_PHONE_NUMBER};
use hub_tests::support::{binaries, http_client};
use omnihub::app::lone::Connectors;
use omnihub::config::Config;
use provider_simulator::{Control, LoyaltySeed, Seed, Simulator, SimulatorOptions, WindowSeed};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::deed::{ACCOUNT, PHONE, asked, rules};
use super::life::{Got, Life};
use super::plan::{Plan, Step, Trouble, UNDER_WAY};
use super::wire::Wire;

/// When it is before the first run.
const MORNING: &str = "2026-05-04T09:00:00Z";

/// What all runs of a worker share: providers, the line to them, connectors. Each run begins with an empty data folder.
pub(crate) struct Theatre {
    pub(crate) wire: Wire,
    /// The hub's and the providers'; goes on from run to run.
    pub(crate) clock: Arc<AtomicI64>,
    pub(crate) config: Arc<Config>,
    pub(crate) connectors: Connectors,
    control: Control,
    client: reqwest::Client,
    // Dropped after whatever runs on it or lies in it.
    simulator: Simulator,
    runtime: Runtime,
    _scratch: TempDir,
}

/// How a run ended.
#[derive(Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) is_with_a_person: bool,
    /// The recovery came to a step at which it crashed as well.
    pub(crate) has_crashed_again: bool,
}

impl Theatre {
    pub(crate) fn open() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let client = http_client().unwrap();
        let scratch = tempfile::Builder::new().prefix("omnihub-steps-").tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(MORNING.parse::<Timestamp>().unwrap().0));
        let (simulator, wire, config, connectors) = runtime.block_on(async {
            compile_into(&scratch.path().join("data/compiled")).await.unwrap();
            let simulator = Simulator::start(options(&clock)).await.unwrap();
            let target = simulator.base_url().trim_start_matches("http://").parse().unwrap();
            let wire = Wire::to(target).await;
            let config = Arc::new(configuration(scratch.path(), &wire.url()));
            let connectors = Connectors::load(Arc::clone(&config)).await.unwrap();
            (simulator, wire, config, connectors)
        });
        let control = simulator.control();
        Self { wire, clock, config, connectors, control, client, simulator, runtime, _scratch: scratch }
    }

    /// The clock is only turned forward.
    pub(crate) fn turn_to(&self, at: Timestamp) {
        self.clock.fetch_max(at.0, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.clock.load(Ordering::SeqCst))
    }

    fn empty(&self) {
        for part in ["journal", "view"] {
            self.remove(part);
        }
        self.control.reset();
        let now = jiff::Timestamp::from_nanosecond(self.now().0.into()).unwrap();
        let window = WindowSeed {
            account: WHATSAPP_PHONE_NUMBER.to_owned(),
            user: PHONE.to_owned(),
            last_message_at: Some(now),
        };
        let account = LoyaltySeed { id: ACCOUNT.to_owned(), balance: 0 };
        let seed = Seed { windows: vec![window], loyalty: vec![account], ..Seed::default() };
        self.control.seed(seed).unwrap();
    }

    /// Opens a ticket at the desk; the answer is its id.
    fn ticket(&self) -> String {
        let url = format!("{}/zendesk/api/v2/tickets.json", self.simulator.base_url());
        let body = json!({ "ticket": { "subject": "Hello", "comment": { "body": "Hello" } } });
        let answer: Value = self.runtime.block_on(async {
            let sent = self.client.post(url).bearer_auth("somebody").json(&body).send().await.unwrap();
            serde_json::from_str(&sent.text().await.unwrap()).unwrap()
        });
        answer.pointer("/ticket/id").unwrap().to_string()
    }

    fn remove(&self, part: &str) {
        match std::fs::remove_dir_all(self.config.data_dir.join(part)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{part} stays: {error}"),
            _ => {}
        }
    }
}

fn options(clock: &Arc<AtomicI64>) -> SimulatorOptions {
    let clock = Arc::clone(clock);
    let now = move || jiff::Timestamp::from_nanosecond(clock.load(Ordering::SeqCst).into()).unwrap();
    SimulatorOptions { clock: provider_simulator::Clock::from_fn(now), ..SimulatorOptions::default() }
}

fn configuration(dir: &Path, providers: &str) -> Config {
    let text = connections::configuration(providers, &binaries::components().unwrap(), Listen::default());
    let rules = rules();
    let rules: Vec<(&str, &str)> = rules.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect();
    load_written(dir, &text, &rules).unwrap()
}

/// What is known of a run besides its plan.
struct Run<'a> {
    theatre: &'a Theatre,
    plan: &'a Plan,
    /// Whether something has left it open whether the effect has happened.
    is_doubtful: bool,
    has_crashed_again: bool,
}

/// Does what is planned, and says what is wrong with how it ended.
pub(crate) fn run(theatre: &Theatre, plan: &Plan) -> Result<Ended, String> {
    theatre.empty();
    let mut run = Run { theatre, plan, is_doubtful: false, has_crashed_again: false };
    let effect = run.first_life()?;
    run.recovery(effect)?;
    let row = run.last_life(effect)?;
    let is_with_a_person = run.judge(&row)?;
    Ok(Ended { is_with_a_person, has_crashed_again: run.has_crashed_again })
}

impl Run<'_> {
    fn first_life(&mut self) -> Result<EffectId, String> {
        let Plan { step, exchange, before, .. } = *self.plan;
        let mut life = Life::begin(self.theatre, Trouble::patience(before));
        let is_held = matches!(step, Step::Held | Step::Released);
        let (delivery, report) =
            told(self.theatre.ticket(), &asked(self.plan.deed, is_held), self.theatre.now());
        let seq = life.append(&Record::Delivery(delivery));
        life.append(&Record::Reported(Reported { delivery: Some(seq), ..report }));
        life.catch_up();
        let effect = life.open_effect().ok_or("nothing was planned")?;
        assert_eq!(life.row(effect).grade, self.plan.deed.grade, "{}", self.plan.deed.name);
        self.meet(before);
        // The request that meets trouble is the first; the one that is stopped belongs to the next attempt.
        let exchange = exchange + u64::from(before.is_some());
        let goal = if step == Step::Released { Step::Held } else { step };
        if life.work(effect, Some((goal, exchange)))? != Got::There {
            return Err(format!("did not get to {goal:?}: {:?}", life.row(effect)));
        }
        if step == Step::Released {
            life.append(&self.release(effect));
        }
        self.note(before, step, Got::There);
        self.crash(life);
        Ok(effect)
    }

    fn recovery(&mut self, effect: EffectId) -> Result<(), String> {
        let Plan { step, again, after, deed, .. } = *self.plan;
        if matches!(step, Step::Parked | Step::Held) {
            self.stays_with_a_person(effect)?;
        }
        let mut life = Life::begin(self.theatre, Trouble::patience(after));
        life.catch_up();
        if step == Step::Held {
            life.append(&self.release(effect));
            life.catch_up();
        }
        if step == Step::Parked && deed.grade != Grade::Unsafe {
            life.append(&Record::Command(Command::RetryEffect { effect }));
            life.catch_up();
        }
        self.meet(after);
        let got = life.work(effect, again.map(|again| (again, 0)))?;
        self.note(after, again.unwrap_or(Step::Planned), got);
        self.has_crashed_again = got == Got::There;
        self.crash(life);
        Ok(())
    }

    /// A whole life after the crash in which it waits on and nothing is sent.
    fn stays_with_a_person(&self, effect: EffectId) -> Result<(), String> {
        let mut life = Life::begin(self.theatre, Trouble::patience(None));
        life.catch_up();
        life.work(effect, None)?;
        let row = life.row(effect);
        let exchanges = self.theatre.wire.exchanges();
        self.crash(life);
        let is_with_a_person = matches!(
            row.state,
            EffectState::Held { .. } | EffectState::Parked { .. } | EffectState::Unknown { .. }
        );
        match is_with_a_person && exchanges == 0 {
            true => Ok(()),
            false => Err(format!("{exchanges} requests and no person's word: {row:?}")),
        }
    }

    fn last_life(&mut self, effect: EffectId) -> Result<EffectRow, String> {
        let mut life = Life::begin(self.theatre, Trouble::patience(None));
        life.catch_up();
        self.theatre.control.clear_faults();
        life.work(effect, None)?;
        let row = life.row(effect);
        let counted = LedgerCount { grade: self.plan.deed.grade, state: row.state.word(), effects: 1 };
        let counts = life.proven()?.counts;
        if counts != [counted] {
            return Err(format!("the ledger counts {counts:?}: {row:?}"));
        }
        life.crash();
        Ok(row)
    }

    fn meet(&self, trouble: Option<Trouble>) {
        self.theatre.control.clear_faults();
        if let Some(trouble) = trouble {
            self.theatre.control.inject(trouble.fault()).unwrap();
        }
    }

    /// Takes down whether this life has left open what has happened.
    fn note(&mut self, trouble: Option<Trouble>, step: Step, got: Got) {
        let was_met = self.theatre.control.faults().is_empty();
        self.is_doubtful |= was_met && trouble.is_some_and(Trouble::is_doubtful);
        self.is_doubtful |= got == Got::There && UNDER_WAY.contains(&step);
    }

    fn crash(&self, life: Life<'_>) {
        life.crash();
        if self.plan.is_view_lost {
            self.theatre.remove("view");
        }
    }

    fn release(&self, effect: EffectId) -> Record {
        let word = Word { at: self.theatre.now(), by: "ana".into(), reason: "it is meant".into() };
        Record::Command(Command::ReleaseEffects { chosen: Chosen::Effects(vec![effect]), word })
    }

    /// Whether it ended with a person, if it ended as its grade promises.
    fn judge(&self, row: &EffectRow) -> Result<bool, String> {
        let deed = self.plan.deed;
        let happened = (deed.happened)(&self.theatre.control);
        let is_left_open = deed.grade == Grade::Unsafe && self.is_doubtful;
        let is_as_promised = match &row.state {
            EffectState::Confirmed { .. } => !is_left_open && happened == 1,
            EffectState::Unknown { .. } => is_left_open && happened <= 1,
            _ => false,
        };
        match is_as_promised {
            true => Ok(is_left_open),
            false => {
                Err(format!("happened {happened} times, left open: {is_left_open}, and the hub says {row:?}"))
            }
        }
    }
}

/// Somebody writes on WhatsApp what the rule listens for.
fn told(id: String, text: &str, now: Timestamp) -> (Delivery, Reported) {
    let delivery = Delivery {
        connection: WHATSAPP.into(),
        connector: WHATSAPP.into(),
        topic: None,
        headers: vec![],
        dedupe: [1; 16],
        body: b"{}".to_vec(),
    };
    let sender = Identity {
        kind: IdentityKind::Phone,
        scope: String::new(),
        value: format!("+{PHONE}"),
        proof: Proof::Verified,
    };
    let message = Interaction {
        id: id.clone(),
        channel: Some("whatsapp".into()),
        kind: Some("message".into()),
        direction: Some(Direction::Inbound),
        author: Some(Author::Customer),
        customer: Some(Party { ids: vec![sender], name: None }),
        thread: None,
        text: Some(text.into()),
        attachments: vec![],
        reply_to: None,
        ticket: None,
        order: None,
        sent_at: Some(now),
        status: None,
        status_detail: None,
        edited: false,
        reaction: None,
        erased: false,
        extra: vec![],
    };
    let event = Event {
        name: "message.received".into(),
        key: id,
        happened_at: now,
        version: now.0,
        payload: Payload::Interaction(message),
    };
    let report = Reported {
        delivery: None,
        connection: WHATSAPP.into(),
        connector: WHATSAPP.into(),
        version: "1.0.0".into(),
        events: vec![event],
        notes: vec![],
        findings: vec![],
    };
    (delivery, report)
}
