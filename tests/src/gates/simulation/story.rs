//! One story: what happens next is drawn from the seed, and done to its end before the next is drawn.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use hub_journal::Seq;
use hub_model::EffectId;
use jiff::{SignedDuration, Timestamp};
use omnihub::app::lone::{Connectors, Stepped};
use omnihub::clock::Clock;
use omnihub::config::Config;
use omnihub::data;
use provider_simulator::{
    Call, Connection, Control, Disorder, DownCalls, DownWebhooks, Failing, Fault, Outage, Outcome, Provider,
    Sending, Simulator, SimulatorOptions,
};
use tempfile::TempDir;

use super::hub::{Address, start};
use crate::day::dice::Dice;
use crate::day::fast::{compile_into, configuration, scheme, topics};
use crate::day::life::{Day, People, Scale};
use crate::day::owed::Owed;
use crate::day::rules::STORY;
use crate::day::truth::{self, Truth};
use crate::support::connections;
use crate::support::stage::RuleFile;

/// An hour of people, and what is left of it afterwards.
const MINUTES: u64 = 60;
const FROM: &str = "2026-03-01T08:00:00Z";
/// One after the other: with more the network would decide what arrives first.
const AT_ONCE: usize = 1;
/// Whatever is owed then will never be done: providers try for two days.
const MINUTES_AFTER_MAX: u64 = 4 * 24 * 60;
/// Seconds that the hub's clock is wrong at most, either way. What is signed with a time may be five minutes old.
const ASKEW_MAX: u64 = 150;
/// No effect takes more calls.
const CALLS_OF_AN_EFFECT: u64 = 3;
/// Longer than any hub waits.
const NEVER_MS: u64 = 1_000;
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// Where nothing touches a disk, if the machine has such a place: a crash here loses no file.
const IN_MEMORY: &str = "/dev/shm";

/// Time that passes has a rule act too.
const UNANSWERED: RuleFile = (
    "unanswered.yaml",
    "\
rule: unanswered
says: When a message has no answer in its conversation for 15 minutes, open a ticket.
mode: on
on: {after: 15m, since: message.received, unless: message.sent, same: conversation}
when: always
then:
  - id: ticket
    do: zendesk.create_ticket
    with: {subject: Unanswered, body: \"{{interaction.text}}\"}
limits: {once_per: conversation, within: 10m}
",
);

fn rules() -> Vec<RuleFile> {
    STORY.iter().copied().chain([UNANSWERED]).collect()
}

/// What came of a story.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// Of every record and every step.
    pub(super) digest: Option<blake3::Hash>,
    pub(super) wrong: Vec<String>,
    pub(super) minutes: u64,
    pub(super) steps: u64,
    pub(super) records: u64,
    pub(super) effects: u64,
    /// Of them a person has to look at.
    pub(super) unknown: u64,
    pub(super) crashes: u64,
    /// Of them while a provider was answering.
    pub(super) cut_short: u64,
    pub(super) faults: u64,
    pub(super) clocks: u64,
}

impl Told {
    pub(super) fn add(&mut self, other: Self) {
        self.wrong.extend(other.wrong);
        self.minutes += other.minutes;
        self.steps += other.steps;
        self.records += other.records;
        self.effects += other.effects;
        self.unknown += other.unknown;
        self.crashes += other.crashes;
        self.cut_short += other.cut_short;
        self.faults += other.faults;
        self.clocks += other.clocks;
    }
}

/// Protections that are taken out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lacks {
    /// A crash loses the journal, sometimes.
    pub(super) journal: bool,
    /// What the hub wrote down before it called is lost with the crash.
    pub(super) attempt: bool,
}

pub(super) struct Story {
    dice: Dice,
    simulator: Simulator,
    config: Arc<Config>,
    connectors: Connectors,
    address: Address,
    /// The hub's; how far it is wrong is in `askew`.
    clock: Arc<AtomicI64>,
    askew: SignedDuration,
    hub: Option<Stepped>,
    day: Day,
    people: People,
    from: Timestamp,
    told: Told,
    digest: blake3::Hasher,
    // Dropped last: the others write there.
    scratch: TempDir,
}

impl Story {
    /// Sets the scene.
    ///
    /// # Errors
    /// The components are not built, or the hub does not start.
    pub(super) async fn begin(seed: u64) -> anyhow::Result<Self> {
        let from: Timestamp = FROM.parse()?;
        let scratch = match Path::new(IN_MEMORY).is_dir() {
            true => tempfile::Builder::new().prefix("omnihub-story-").tempdir_in(IN_MEMORY)?,
            false => tempfile::Builder::new().prefix("omnihub-story-").tempdir()?,
        };
        compile_into(&scratch.path().join("data/compiled")).await?;
        let simulator = Simulator::start(SimulatorOptions {
            clock: provider_simulator::Clock::stopped_at(from),
            sending: Sending::WhenAsked,
            ..SimulatorOptions::default()
        })
        .await?;
        let address = Address::open().await?;
        let config = configuration(scratch.path(), simulator.base_url(), &address.url, &rules(), &[])?;
        let config = Arc::new(config);
        let mut dice = Dice::new(seed);
        connect(&simulator.control(), &address.url, dice.draw())?;
        let connectors = Connectors::load(Arc::clone(&config)).await?;
        let clock = Arc::new(AtomicI64::new(nanos(from)));
        let hub = start(&connectors, Clock::Jumping(Arc::clone(&clock)), &address).await?;
        let day = Day::drawn(dice.draw(), from, MINUTES, Scale::hour());
        let people = People::of(simulator.base_url())?;
        Ok(Self {
            dice,
            simulator,
            config,
            connectors,
            address,
            clock,
            askew: SignedDuration::ZERO,
            hub: Some(hub),
            day,
            people,
            from,
            told: Told::default(),
            digest: blake3::Hasher::new(),
            scratch,
        })
    }

    /// Tells it to its end.
    ///
    /// # Errors
    /// The hub failed where it must not.
    pub(super) async fn tell(mut self, lacks: Lacks) -> anyhow::Result<Told> {
        while self.day.next().is_some() {
            self.step(lacks).await?;
        }
        self.settle().await?;
        self.judge()
    }

    fn control(&self) -> Control {
        self.simulator.control()
    }

    fn hub(&mut self) -> anyhow::Result<&mut Stepped> {
        self.hub.as_mut().context("the hub has not started again")
    }

    fn note(&mut self, what: &str, which: u64) {
        self.told.steps += 1;
        self.digest.update(what.as_bytes()).update(&which.to_le_bytes());
    }

    async fn step(&mut self, lacks: Lacks) -> anyhow::Result<()> {
        match self.dice.below(100) {
            0..30 => {
                let seconds = self.dice.within(1..40);
                self.time(SignedDuration::from_secs(i64::try_from(seconds)?)).await
            }
            30..45 => self.hub()?.fold().map(drop),
            45..65 => self.normalise(),
            65..72 => self.carry_out().await,
            72..84 => self.harm().await,
            84..86 => self.crash_under_way(lacks).await,
            86..91 => self.hub()?.tick().await.map(drop),
            91..94 => self.set_clock(),
            94..97 => self.crash(lacks).await,
            97..99 => self.fail_provider(),
            _ => self.hide().await,
        }
    }

    /// Time passes: people act, and providers send what is due.
    async fn time(&mut self, by: SignedDuration) -> anyhow::Result<()> {
        let control = self.control();
        let to = control.now().checked_add(by)?;
        while let Some(at) = self.day.next().filter(|at| *at <= to) {
            control.advance_to(at, AT_ONCE).await;
            self.turn();
            self.day.act(&mut self.people, control.now()).await?;
        }
        control.advance_to(to, AT_ONCE).await;
        self.turn();
        self.note("time", u64::try_from(by.as_secs())?);
        Ok(())
    }

    /// The hub's clock shows what it is to show. While somebody waits for it, it runs ahead by itself.
    fn turn(&self) {
        let shown = self.control().now().checked_add(self.askew).unwrap_or(Timestamp::MAX);
        self.clock.fetch_max(nanos(shown), Ordering::SeqCst);
    }

    fn normalise(&mut self) -> anyhow::Result<()> {
        let due = self.hub()?.deliveries_due()?;
        if let Some(seq) = self.one_of(&due) {
            self.note("normalise", seq);
            tokio::task::block_in_place(|| self.hub()?.normalise(seq))?;
        }
        Ok(())
    }

    fn effect(&mut self) -> anyhow::Result<Option<EffectId>> {
        let due = self.hub()?.effects_due();
        Ok(self.one_of(&due))
    }

    async fn carry_out(&mut self) -> anyhow::Result<()> {
        if let Some(id) = self.effect()? {
            self.note("carry out", u64::from(id.0[0]));
            self.hub()?.carry_out(id).await?;
        }
        Ok(())
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let index = usize::try_from(self.dice.below(all.len() as u64)).unwrap_or_default();
        all.get(index).copied()
    }

    /// One of the calls for an effect goes wrong, before the provider acted or after.
    async fn harm(&mut self) -> anyhow::Result<()> {
        let Some(id) = self.effect()? else { return Ok(()) };
        let retry_after = None;
        let outcome = match self.dice.below(6) {
            0 => Outcome::Status { status: 503, retry_after },
            1 => Outcome::Status { status: 429, retry_after: Some("7".to_owned()) },
            2 => Outcome::StatusAfterActing { status: 500, retry_after },
            3 => Outcome::AnswerLost,
            4 => Outcome::ConnectionReset,
            _ => Outcome::TruncatedJson,
        };
        let skip = u32::try_from(self.dice.below(CALLS_OF_AN_EFFECT))?;
        self.note("harm", skip.into());
        self.control().inject(Fault { skip, ..Fault::new(outcome) })?;
        self.hub()?.carry_out(id).await?;
        self.told.faults += u64::from(self.control().faults().is_empty());
        // People are not to meet what is left: they would do something twice.
        self.control().clear_faults();
        Ok(())
    }

    /// The hub crashes while it waits for an answer: the provider acted, and nobody will know from whom.
    async fn crash_under_way(&mut self, lacks: Lacks) -> anyhow::Result<()> {
        let Some(id) = self.effect()? else { return Ok(()) };
        let skip = u32::try_from(self.dice.below(CALLS_OF_AN_EFFECT))?;
        self.note("crash under way", skip.into());
        let late = Fault { skip, delay_after_ms: NEVER_MS, ..Fault::new(Outcome::AnswerLost) };
        self.control().inject(late)?;
        let journal = data::journal_dir(&self.config);
        let without_attempt = lacks.attempt.then(|| copied(&journal)).transpose()?;
        let control = self.control();
        let before = control.calls().last().map_or(0, |call| call.n);
        tokio::select! {
            ended = self.hub()?.carry_out(id) => ended?,
            () = met(&control, before) => self.told.cut_short += 1,
        }
        self.control().clear_faults();
        if let Some(copy) = without_attempt {
            self.address.lead_to(None);
            drop(self.hub.take());
            remove(&data::view_dir(&self.config))?;
            remove(&journal)?;
            std::fs::rename(copy, &journal)?;
        }
        self.crash(lacks).await
    }

    fn set_clock(&mut self) -> anyhow::Result<()> {
        let seconds = i64::try_from(self.dice.below(2 * ASKEW_MAX))? - i64::try_from(ASKEW_MAX)?;
        self.askew = SignedDuration::from_secs(seconds);
        let shown = self.control().now().checked_add(self.askew)?;
        self.clock.store(nanos(shown), Ordering::SeqCst);
        self.told.clocks += 1;
        self.note("clock", seconds.unsigned_abs());
        Ok(())
    }

    /// Everything in memory is gone, and sometimes the view.
    async fn crash(&mut self, lacks: Lacks) -> anyhow::Result<()> {
        self.address.lead_to(None);
        drop(self.hub.take());
        self.told.crashes += 1;
        let view_lost = self.dice.percent(30);
        self.note("crash", view_lost.into());
        if view_lost {
            remove(&data::view_dir(&self.config))?;
        }
        if lacks.journal && self.told.crashes.is_multiple_of(2) {
            remove(&data::view_dir(&self.config))?;
            remove(&data::journal_dir(&self.config))?;
        }
        let clock = Clock::Jumping(Arc::clone(&self.clock));
        self.hub = Some(start(&self.connectors, clock, &self.address).await?);
        Ok(())
    }

    fn fail_provider(&mut self) -> anyhow::Result<()> {
        let provider = match self.dice.below(3) {
            0 => Provider::Zendesk,
            1 => Provider::Graph,
            _ => Provider::Square,
        };
        let minutes = i64::try_from(self.dice.within(1..10))?;
        self.note("outage", minutes.unsigned_abs());
        let from = self.control().now();
        let until = from.checked_add(SignedDuration::from_mins(minutes))?;
        let (calls, webhooks) = (DownCalls::Unavailable, DownWebhooks::Held);
        self.control().plan_outage(Outage { provider: Some(provider), from, until, calls, webhooks })?;
        Ok(())
    }

    /// The hub cannot be reached for a while, and works on.
    async fn hide(&mut self) -> anyhow::Result<()> {
        self.address.lead_to(None);
        let minutes = i64::try_from(self.dice.within(1..8))?;
        self.time(SignedDuration::from_mins(minutes)).await?;
        let ingress = self.hub()?.ingress();
        self.address.lead_to(Some(ingress));
        self.note("hidden", minutes.unsigned_abs());
        Ok(())
    }

    /// Nothing goes wrong any more, until nothing is owed.
    async fn settle(&mut self) -> anyhow::Result<()> {
        self.control().clear_faults();
        self.control().clear_outages();
        self.askew = SignedDuration::ZERO;
        for look in 0..2 {
            let mut minutes = 0;
            while !self.is_settled().await? {
                ensure!(minutes < MINUTES_AFTER_MAX, "something is owed for ever");
                let minute = if self.work().await? { 0 } else { 1 };
                minutes += minute;
                self.time(SignedDuration::from_mins(i64::try_from(minute)?)).await?;
            }
            if look == 0 {
                // What no webhook says is read.
                self.hub()?.poll_everything().await?;
            }
        }
        Ok(())
    }

    /// Everything that can be done now; whether there was anything.
    async fn work(&mut self) -> anyhow::Result<bool> {
        let mut worked = self.hub()?.fold()?;
        for seq in self.hub()?.deliveries_due()? {
            tokio::task::block_in_place(|| self.hub()?.normalise(seq))?;
            worked = true;
        }
        for id in self.hub()?.effects_due() {
            self.hub()?.carry_out(id).await?;
            worked = true;
        }
        worked |= self.hub()?.tick().await?;
        Ok(worked)
    }

    async fn is_settled(&mut self) -> anyhow::Result<bool> {
        let waiting = self.control().outbox().waiting;
        let hub = self.hub()?;
        Ok(waiting == 0 && !hub.fold()? && hub.is_idle()?)
    }

    fn judge(mut self) -> anyhow::Result<Told> {
        let hub = self.hub.take().context("the hub has not started again")?;
        let (journal, store) = (&hub.data().journal, &*hub.data().store);
        let truth = Truth::of(&self.simulator.control())?;
        let mut wrong = truth.tables.differences(&truth::model(store)?);
        let owed = Owed::looked_at(store, &self.simulator.control().world(), self.people.lived())?;
        self.told.effects = owed.effects.values().sum::<usize>() as u64;
        self.told.unknown = owed.unknown as u64;
        wrong.extend(owed.problems);
        let verified = data::verify(journal, store, &mut |_| {})?;
        if verified.view != verified.journal {
            wrong.push("the view is not what the journal says".to_owned());
        }
        let proven = data::prove(journal, store, &mut |_| {})?;
        wrong.extend(proven.breaches.iter().map(|breach| format!("{breach:?}")));
        let ports = [self.simulator.base_url(), &self.address.url].map(str::to_owned);
        let mut reader = journal.reader(Seq::new(1));
        while let Some(record) = reader.next()? {
            self.told.records += 1;
            let told = without_ports(&record.payload, &ports);
            self.digest.update(&record.time_ns.to_le_bytes()).update(&[record.kind]).update(told.as_bytes());
        }
        let lasted = self.simulator.control().now().duration_since(self.from);
        self.told.minutes = u64::try_from(lasted.as_mins())?;
        self.told.wrong = wrong;
        self.told.digest = Some(self.digest.finalize());
        drop((hub, self.scratch));
        Ok(self.told)
    }
}

/// Until a provider has acted on a call after that one and its answer will not come.
async fn met(control: &Control, before: u64) {
    let is_met =
        |call: &Call| call.n > before && call.handled && call.status.is_none() && call.fault.is_some();
    while !control.calls().last().is_some_and(is_met) {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn connect(control: &Control, address: &str, seed: u64) -> anyhow::Result<()> {
    for (number, connection) in (0_u64..).zip(connections::all()) {
        let name = connection.name;
        let target = format!("{address}/hooks/{name}");
        let disorder = Disorder {
            seed: seed ^ number,
            duplicate_percent: 10,
            delay_percent: 10,
            delay_ms: [1_000, 600_000],
            reorder_percent: 20,
            reorder_ms: [1, 60_000],
            unheard_percent: 5,
            ..Disorder::default()
        };
        let sent = Connection {
            topics: topics(name),
            disorder,
            failing: Failing::Kept,
            ..Connection::new(target, connection.webhook_secret(), scheme(connection.scheme))
        };
        control.connect(name, sent)?;
    }
    Ok(())
}

/// Where the providers and the hub were reached is the machine's choice, and stands in what they say.
fn without_ports(payload: &[u8], urls: &[String]) -> String {
    urls.iter().fold(String::from_utf8_lossy(payload).into_owned(), |told, url| told.replace(url, "here"))
}

fn nanos(at: Timestamp) -> i64 {
    i64::try_from(at.as_nanosecond()).unwrap_or(i64::MAX)
}

/// A copy beside it.
fn copied(dir: &Path) -> anyhow::Result<PathBuf> {
    let copy = dir.with_extension("copy");
    std::fs::create_dir(&copy)?;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        std::fs::copy(entry.path(), copy.join(entry.file_name()))?;
    }
    Ok(copy)
}

fn remove(dir: &Path) -> anyhow::Result<()> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
