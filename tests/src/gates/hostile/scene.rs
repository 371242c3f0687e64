//! Where guests are called: one runtime, and for each guest a hub's connectors, a provider that may be called and a canary
//! that may not.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use hub_model::Timestamp;
use hub_model::event::Report;
use hub_model::ids::EventId;
use hub_runtime::{
    ActingHost, BoxFuture, CallError, Delivery, Effect, Failure, HttpError, HttpRequest, HttpResponse,
    LogLevel, LogSink, Patience, Plugin, PluginName, Position, Runtime, RuntimeOptions, Settings, Text,
    Wanted,
};
use omnihub::app::lone::{EgressOptions, LoneConnection, LoneEgress, LonePlugins};
use omnihub::config::Config;

use super::provider::Provider;
use super::table::{Call, Outcome, Said};
use crate::gates::ssrf::calls::{Names, egress};
use crate::gates::ssrf::canary::Canaries;

/// The guests' connection, as they all call themselves.
const CONNECTION: &str = "guest";
/// Another one, whose events are not theirs to report.
const OTHER: &str = "shop";
/// What the provider is shown and nobody else.
pub(super) const SECRET: &str = "canary-4f9b1c77e2d05a68";
/// Requests of one call, as `wit/host` lets a connector find out.
const REQUESTS_MAX: usize = 20;
/// Lines of one call, with the one that counts the rest.
const LOG_LINES_MAX: usize = 65;
const LOG_LINE_BYTES_MAX: usize = 1_100;
/// What a call may take beyond its budget: what the hub computes with its answer is not interrupted.
const CPU_SPARE: Duration = Duration::from_millis(700);
/// An endpoint may take so long to answer: far less than an operator's, so that the walk does not wait.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Which of the endpoints it declares the guests are granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Granted {
    Api,
    Everything,
}

thread_local! {
    /// Guests write on the thread that calls them.
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

struct Lines;

impl LogSink for Lines {
    fn line(&self, plugin: &PluginName, _: LogLevel, message: &str, fields: &[(String, String)]) {
        let fields: String = fields.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        LINES.with_borrow_mut(|lines| lines.push(format!("{plugin} {message}{fields}")));
    }
}

/// What all guests share.
pub(super) struct Stage {
    pub(super) runtime: Runtime,
    pub(super) network: tokio::runtime::Runtime,
    granted: Granted,
    files: tempfile::TempDir,
}

impl Stage {
    /// # Errors
    /// The machine gives no folder or no threads.
    pub(super) fn set(options: RuntimeOptions, granted: Granted) -> anyhow::Result<Self> {
        let files = tempfile::tempdir()?;
        let cache_dir = Some(files.path().join("code"));
        let options = RuntimeOptions { cache_dir, log: Arc::new(Lines), ..options };
        let network = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        std::fs::write(files.path().join("token"), SECRET)?;
        Ok(Self { runtime: Runtime::new(options)?, network, granted, files })
    }

    /// A file of the plugins' folder.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name).with_extension("wasm")
    }

    /// Connectors of a hub that may call this provider.
    ///
    /// # Errors
    /// The configuration is not right.
    pub(super) fn plugins(&self, provider: &str, canary: &str) -> anyhow::Result<LonePlugins> {
        let elsewhere = match self.granted {
            Granted::Api => String::new(),
            Granted::Everything => format!(
                "[connections.{CONNECTION}.endpoints.elsewhere]\nbase_url = \"{canary}\"\nallow_private = true\n"
            ),
        };
        let text = format!(
            "data_dir = \"data\"\nplugins_dir = \"plugins\"\nrules_dir = \"rules\"\n[connections.{CONNECTION}]\n\
             connector = \"{CONNECTION}\"\nsettings = {{ canary = \"{canary}\" }}\n\
             secrets = {{ token = \"file:token\" }}\n[connections.{CONNECTION}.endpoints.api]\n\
             base_url = \"{provider}\"\nallow_private = true\n{elsewhere}"
        );
        let config = Config::parse("hostile-plugins", &text, self.files.path());
        let config = config.map_err(|problems| {
            anyhow!("{}", problems.iter().map(ToString::to_string).collect::<String>())
        })?;
        Ok(LonePlugins::new(self.runtime.clone(), Arc::new(config)))
    }
}

/// One guest and what is around it.
pub(super) struct Scene {
    stage: Arc<Stage>,
    plugins: LonePlugins,
    egress: LoneEgress,
    provider: Provider,
    canaries: Canaries,
}

/// What became of a call, and what else came of it that may not.
pub(super) struct Seen {
    pub(super) said: Said,
    pub(super) wrong: Vec<String>,
    pub(super) cpu: Duration,
}

impl Scene {
    /// # Errors
    /// The system gives us no port.
    pub(super) fn set(stage: &Arc<Stage>) -> anyhow::Result<Self> {
        let loopback = [std::net::Ipv4Addr::LOCALHOST.into()].into();
        let (provider, canaries) = stage
            .network
            .block_on(async { anyhow::Ok((Provider::start().await?, Canaries::listen(&loopback).await?)) })?;
        let canary = format!("http://127.0.0.1:{}/", canaries.port());
        let plugins = stage.plugins(&format!("http://{}", provider.address), &canary)?;
        let names = Arc::new(Names::default());
        names.answer(&[std::net::Ipv4Addr::LOCALHOST.into()]);
        let options = EgressOptions {
            connect_timeout: ANSWER_WITHIN,
            timeout: ANSWER_WITHIN,
            ..EgressOptions::default()
        };
        let egress = egress(options, &names)?;
        Ok(Self { stage: Arc::clone(stage), plugins, egress, provider, canaries })
    }

    /// Installs what lies in this file; why not, if not.
    pub(super) fn install(&self, file: &Path) -> Option<Said> {
        LINES.with_borrow_mut(Vec::clear);
        let problem = self.plugins.load(&[file.to_owned()]).pop()?;
        Some(Said { outcome: Outcome::Refused, sentence: problem.message })
    }

    /// As a call that was not made.
    pub(super) fn refused(&self, said: Said) -> Seen {
        let mut wrong = wrong_lines();
        if said.sentence.contains(char::is_control) {
            wrong.push(format!("control characters stand in {:?}", said.sentence));
        }
        Seen { said, wrong, cpu: Duration::ZERO }
    }

    /// Calls what is installed, for the so-and-so-many-th time.
    ///
    /// # Errors
    /// There is nothing to call, or a canary is dead.
    pub(super) fn call(&self, call: Call, number: usize) -> anyhow::Result<Seen> {
        LINES.with_borrow_mut(Vec::clear);
        let began = super::thread_time();
        let (said, mut wrong) = self.answer(call, number)?;
        let cpu = super::thread_time().saturating_sub(began);
        if cpu > budget(call) + CPU_SPARE {
            wrong.push(format!("it took {} ms of CPU", cpu.as_millis()));
        }
        wrong.extend(wrong_lines());
        wrong.extend(self.wrong_requests()?);
        if said.outcome != Outcome::Answer && said.sentence.contains(char::is_control) {
            wrong.push(format!("control characters stand in {:?}", said.sentence));
        }
        if said.sentence.contains(SECRET) {
            wrong.push("the secret stands in what it answered".to_owned());
        }
        Ok(Seen { said, wrong, cpu })
    }

    fn wrong_requests(&self) -> anyhow::Result<Vec<String>> {
        let mut wrong = Vec::new();
        let heard = self.stage.network.block_on(self.canaries.heard())?;
        if heard > 0 {
            wrong.push(format!("a canary heard {heard} connections"));
        }
        let asked = self.provider.asked();
        if asked.len() > REQUESTS_MAX {
            wrong.push(format!("the provider was asked {} times", asked.len()));
        }
        if asked.iter().any(|asked| asked.contains(SECRET)) {
            wrong.push("the secret stands in a request, and not where credentials do".to_owned());
        }
        let host = format!("\nhost: {}", self.provider.address);
        if let Some(asked) = asked.iter().find(|asked| !asked.to_ascii_lowercase().contains(&host)) {
            wrong.push(format!("the provider was asked for somebody else: {asked:?}"));
        }
        Ok(wrong)
    }

    fn answer(&self, call: Call, number: usize) -> anyhow::Result<(Said, Vec<String>)> {
        if call == Call::Enrich {
            let enricher = self.plugins.enricher().context("no enricher is installed")?;
            let text = Text { text: "Where is it?".into(), language: None, channel: None };
            return Ok((said(enricher.enrich(vec![text]).map(Ok)), Vec::new()));
        }
        let connection = self.plugins.connection(CONNECTION).context("the guest is not installed")?;
        let plugin = connection.plugin();
        if call == Call::Normalise {
            let answer =
                plugin.normalise(delivery(&number.to_string()), connection.settings(), Patience::Whole);
            let wrong = answer.as_ref().ok().and_then(|answer| answer.as_ref().ok()).map(wrong_ids);
            return Ok((said(answer), wrong.unwrap_or_default()));
        }
        if call == Call::PerformInVain {
            let performed = plugin.perform(effect(number), Arc::new(NeverAnswers), connection.settings());
            return Ok((said(self.stage.network.block_on(performed)), Vec::new()));
        }
        let acted = self.stage.network.block_on(self.acted(&connection, call, number))?;
        Ok((acted, Vec::new()))
    }

    async fn acted(&self, connection: &LoneConnection, call: Call, number: usize) -> anyhow::Result<Said> {
        let (plugin, settings) = (connection.plugin(), connection.settings());
        let host = connection.acting(&self.egress);
        Ok(match call {
            Call::Perform => said(plugin.perform(effect(number), host, settings).await),
            Call::Poll => {
                let stream = "orders".to_owned();
                let position = Position { stream, cursor: None, since: None, now: Timestamp(1) };
                said(plugin.poll(position, host, settings).await)
            }
            Call::Check => {
                let wanted = Wanted { callback: "https://hub.example.com".to_owned(), repair: true };
                said(plugin.check(wanted, host, settings).await)
            }
            other => bail!("{other:?} does not act"),
        })
    }
}

/// CPU time a call may take, as `wit` and the map of the hub promise it.
fn budget(call: Call) -> Duration {
    match call {
        Call::Normalise | Call::Enrich => Duration::from_millis(200),
        _ => Duration::from_secs(1),
    }
}

fn said<R: std::fmt::Debug>(answer: Result<Result<R, Failure>, CallError>) -> Said {
    match answer {
        Ok(Ok(answer)) => Said { outcome: Outcome::Answer, sentence: format!("{answer:?}") },
        Ok(Err(failure)) => Said { outcome: Outcome::Failure, sentence: failure.to_string() },
        Err(error) => Said { outcome: Outcome::Broken, sentence: error.to_string() },
    }
}

fn wrong_lines() -> Vec<String> {
    let lines = LINES.take();
    let mut wrong = Vec::new();
    if lines.len() > LOG_LINES_MAX {
        wrong.push(format!("it wrote {} lines", lines.len()));
    }
    for line in &lines {
        if line.len() > LOG_LINE_BYTES_MAX || line.contains(char::is_control) || line.contains(SECRET) {
            wrong.push(format!("it wrote the line {line:?}"));
        }
    }
    wrong
}

/// Events that would be taken for each other, or for those of another connection.
fn wrong_ids(report: &Report) -> Vec<String> {
    let id = |connection: &str, name: &str, key: &str| EventId::of(connection, name, key);
    let mut seen = std::collections::BTreeMap::new();
    let mut wrong = Vec::new();
    for event in &report.events {
        let (name, key) = (event.name.as_str(), event.key.as_str());
        let ours = id(CONNECTION, name, key);
        let bare = name.split('\0').next_back().unwrap_or(name);
        if ours == id(OTHER, name, key) || ours == id(OTHER, bare, key) {
            wrong.push(format!("{name:?} {key:?} passes for an event of another connection"));
        }
        let other = seen.insert(format!("{ours:?}"), (name, key));
        if other.is_some_and(|other| other != (name, key)) {
            wrong.push(format!("{name:?} {key:?} passes for {other:?}"));
        }
    }
    wrong
}

/// Waits for ever.
struct NeverAnswers;

impl ActingHost for NeverAnswers {
    fn http<'a>(&'a self, _: &'a str, _: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, HttpError>> {
        Box::pin(std::future::pending())
    }

    fn pause(&self, _: &str, _: Duration) {}

    fn state_get(&self, _: &str) -> Result<Option<String>, String> {
        Ok(None)
    }

    fn state_set(&self, _: &str, _: &str) {}
}

pub(super) fn delivery(body: &str) -> Delivery {
    Delivery {
        topic: None,
        headers: vec![("x-topic".to_owned(), "orders".to_owned())],
        body: body.to_owned(),
        received_at_ns: 1_750_000_000_123_456_789,
    }
}

fn effect(number: usize) -> Effect {
    Effect {
        id: format!("e{number}"),
        action: "act".into(),
        arguments: vec![("to".into(), "ana@example.com".into())],
        attempt: 1,
        uncertain: false,
        planned_at: Timestamp(0),
        now: Timestamp(1),
        last_inbound_at: None,
    }
}

/// A connector that behaves, and was there before.
pub(super) fn check_sound(sound: &Plugin, body: &str) -> Result<(), String> {
    static NO_SETTINGS: LazyLock<Settings> = LazyLock::new(Settings::default);
    let report = sound.normalise(delivery(body), &NO_SETTINGS, Patience::Whole);
    let report = report.map_err(|error| error.to_string())?.map_err(|failure| failure.to_string())?;
    match report.events.as_slice() {
        [event] if event.key == body => Ok(()),
        other => Err(format!("{other:?}")),
    }
}
