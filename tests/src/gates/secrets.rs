//! Secrets stay where they are: attempts of connectors, rules, providers and people who may ask much to have one shown, in
//! whatever spelling, in whatever the hub says, logs, keeps, records or sends.

mod canary;
mod provider;
mod scene;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures_util::{StreamExt as _, stream};
use hub_gates::{Fault, Gate, Report, Setup};
use hub_journal::{Journal, Options, Seq};
use serde_json::Value;

use crate::support::connections::{self, Change};
use crate::support::wire;
use canary::Watch;
use provider::{Answer, Provider};
use scene::{Running, Scene};

const ATTEMPTS: &str = include_str!("secrets/attempts.txt");
/// The secret that stands in wrong places.
const MISPLACED: &str = "HUB_TESTS_ZENDESK_API_TOKEN";
/// Programs at a time: most spend their time compiling connectors.
const AT_A_TIME: usize = 2;
/// What comes of messages is waited for so long, and not for effects that are retried much later.
const EFFECTS_WITHIN: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(100);

const SETTING: Fault = Fault("a secret stands in an address instead of among the secrets");
const BACKWARDS: Fault = Fault("a provider tells a secret in a way that nobody looks for");
const EXPANDED: Fault = Fault("a rule knows what the environment holds");

pub(crate) const GATE: Gate = Gate {
    name: "secrets",
    says: "no attempt has a secret shown, in any spelling: not by answers, logs, files, recordings, or other providers",
    run,
    faults: &[SETTING, BACKWARDS, EXPANDED],
};

fn run(setup: &Setup) -> Report {
    let mut report = Report::new(GATE.name, setup.seed);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            report.failures.push(format!("no runtime: {error}"));
            return report;
        }
    };
    if let Err(error) = runtime.block_on(run_all(setup, &mut report)) {
        report.failures.push(format!("the gate could not be run: {error:#}"));
    }
    runtime.shutdown_background();
    report
}

/// A line of `attempts.txt`.
struct Attempt {
    line: usize,
    way: &'static str,
    text: &'static str,
}

fn attempts(way: &str) -> Vec<Attempt> {
    let lines = ATTEMPTS.lines().zip(1..).filter(|(text, _)| !text.is_empty() && !text.starts_with('#'));
    let all = lines.filter_map(|(text, line)| {
        let (way, text) = text.split_once(' ')?;
        Some(Attempt { line, way, text })
    });
    all.filter(|attempt| attempt.way == way).collect()
}

/// What was said, by whom, and whether a secret is in it.
struct Tally {
    watch: Watch,
    attempts: u64,
    bytes: u64,
    failures: Vec<String>,
}

impl Tally {
    fn attempt(&mut self, attempt: &Attempt, said: &[u8]) {
        self.attempts += 1;
        self.look(&format!("attempts.txt:{}: {} {}", attempt.line, attempt.way, attempt.text), said);
    }

    fn look(&mut self, place: &str, said: &[u8]) {
        self.bytes += said.len() as u64;
        if let Some(seen) = self.watch.seen(said) {
            self.failures.push(format!("{place}: {} stands there {}", seen.variable, seen.spelling));
        }
    }
}

async fn run_all(setup: &Setup, report: &mut Report) -> anyhow::Result<()> {
    let scene = Scene::new(setup.seed)?;
    let watch = Watch::over(&scene.canaries)?;
    report.figure("spellings of secrets looked for", watch.spellings() as u64);
    let mut tally = Tally { watch, attempts: 0, bytes: 0, failures: Vec::new() };
    if setup.fault().is_none() {
        wrong_places(&scene, &mut tally).await?;
    }
    let provider = Provider::start(answers(&scene, setup)?, scene.api_tokens()).await?;
    let config = scene.etc().join("hub.toml");
    let changes = settings(&scene, setup, &provider.url())?;
    std::fs::write(&config, scene.configuration(&provider.url(), &changes)?)?;
    rules(&scene, setup, &config, &mut tally).await?;
    let hub = Running::start(&scene, &config).await?;
    let answered = play(&scene, &hub, &provider).await?;
    tally.attempts += attempts("setting").len() as u64 + attempts("answer").len() as u64;
    hooks(&scene, &hub, &mut tally).await?;
    let things = Things::found(&scene, &hub).await?;
    questions(&scene, &hub, &things, &mut tally).await?;
    if setup.fault().is_none() {
        commands(&scene, &hub, &things, &config, &mut tally).await?;
    }
    hub.stop().await?;
    tally.look("what providers were told beside their credentials", &provider.requests());
    files(&scene.var(), &mut tally)?;
    journal(&scene.var().join("data/journal"), &mut tally)?;
    report.figure("attempts", tally.attempts);
    report.figure("answers of a provider that quotes its credential", answered as u64);
    report.figure("bytes looked at", tally.bytes);
    report.failures.append(&mut tally.failures);
    Ok(())
}

/// Configurations that cannot be right, with a secret where none belongs: the complaint may not repeat it.
async fn wrong_places(scene: &Scene, tally: &mut Tally) -> anyhow::Result<()> {
    let secret = scene.secret(MISPLACED)?;
    let mut tried = Vec::new();
    // Without connectors, which take seconds to compile and know nothing of this.
    let base = [("plugins_dir".to_owned(), "none".into())];
    let text = scene.configuration("http://127.0.0.1:9", &base)?;
    for attempt in attempts("key") {
        let (key, value) = attempt.text.split_once(' ').context("a key and its value are expected")?;
        let change = (key.replace("{secret}", secret), value.replace("{secret}", secret).into());
        tried.push((attempt, changed(&text, &change)?));
    }
    for attempt in attempts("broken") {
        let broken = format!("{}\n{text}", attempt.text.replace("{secret}", secret));
        tried.push((attempt, broken));
    }
    for attempt in attempts("file") {
        let file = format!("pasted-{}", attempt.line);
        std::fs::write(scene.etc().join(&file), unescaped(attempt.text).replace("{secret}", secret))?;
        let key = "connections.zendesk.secrets.api_token".to_owned();
        tried.push((attempt, changed(&text, &(key, format!("file:{file}").into()))?));
    }
    let mut checks = Vec::new();
    for (attempt, text) in tried {
        let config = scene.etc().join(format!("hub-{}.toml", attempt.line));
        std::fs::write(&config, text)?;
        checks.push((attempt, scene.command(["check"], &config)?));
    }
    let mut said = stream::iter(checks)
        .map(|(attempt, command)| async move { (attempt, scene::output(command).await) })
        .buffer_unordered(AT_A_TIME);
    while let Some((attempt, output)) = said.next().await {
        let output = output?;
        if output.status.success() {
            tally.failures.push(format!("attempts.txt:{}: passed for a right configuration", attempt.line));
        }
        tally.attempt(&attempt, &[output.stdout, output.stderr].concat());
    }
    Ok(())
}

fn changed(text: &str, change: &Change) -> anyhow::Result<String> {
    connections::changed(text, std::slice::from_ref(change))
}

fn unescaped(text: &str) -> String {
    let escapes = [("\\0", "\0"), ("\\t", "\t"), ("\\n", "\n"), ("\\r", "\r"), ("\\x1b", "\u{1b}")];
    escapes.into_iter().fold(text.to_owned(), |text, (escape, letter)| text.replace(escape, letter))
}

/// Settings that refer to a secret, or are one, beside those that are meant.
fn settings(scene: &Scene, setup: &Setup, provider: &str) -> anyhow::Result<Vec<Change>> {
    let secret = scene.secret(MISPLACED)?;
    let mut changes: Vec<Change> = Vec::new();
    for attempt in attempts("setting") {
        let value = attempt.text.replace("{secret}", secret);
        // Where a text is expected, and where a secret is: neither may be read as a reference there, or be shown.
        changes.push((format!("connections.zendesk.settings.tried_{}", attempt.line), value.clone().into()));
        changes.push((format!("connections.loyalty.settings.tried_{}", attempt.line), value.into()));
    }
    changes.push(("connections.whatsapp.settings.api_token".to_owned(), secret.into()));
    if setup.has(SETTING) {
        let part: String = secret.chars().filter(char::is_ascii_alphanumeric).collect();
        let address = format!("{provider}/zendesk/{part}");
        changes.push(("connections.zendesk.endpoints.support.base_url".to_owned(), address.into()));
    }
    Ok(changes)
}

fn answers(scene: &Scene, setup: &Setup) -> anyhow::Result<Vec<Answer>> {
    let told: String = scene.secret(MISPLACED)?.chars().rev().filter(char::is_ascii_alphanumeric).collect();
    let mut answers = Vec::new();
    for attempt in attempts("answer") {
        let (status, body) = attempt.text.split_once(' ').context("a status and a body are expected")?;
        let body = if setup.has(BACKWARDS) { body.replace("{secret}", &told) } else { body.to_owned() };
        answers.push(Answer { status: status.parse()?, body });
    }
    Ok(answers)
}

/// Rules with templates that ask for a secret: what is refused is told, what is taken is put in force.
async fn rules(scene: &Scene, setup: &Setup, config: &Path, tally: &mut Tally) -> anyhow::Result<()> {
    let tried = scene.etc().join("rules");
    std::fs::create_dir(&tried)?;
    let mut files = Vec::new();
    for (attempt, number) in attempts("rule").iter().zip(1..) {
        let known = scene.secret(MISPLACED)?;
        let text = match setup.has(EXPANDED) {
            true => attempt.text.replace("env:HUB_TESTS_ZENDESK_API_TOKEN", known),
            false => attempt.text.to_owned(),
        };
        let file = tried.join(format!("tried-{number}.yaml"));
        std::fs::write(&file, rule(&format!("tried-{number}"), &text))?;
        files.push(file);
    }
    std::fs::write(tried.join("zendesk.yaml"), rule("zendesk", "{{interaction.text}}"))?;
    let mut command = scene.command(["rule", "check"], config)?;
    command.args(&files);
    let output = scene::output(command).await?;
    let said = [output.stdout, output.stderr].concat();
    for attempt in attempts("rule") {
        tally.attempt(&attempt, &said);
    }
    let said = String::from_utf8_lossy(&said).into_owned();
    files.push(tried.join("zendesk.yaml"));
    for file in files {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if !said.contains(name) {
            std::fs::copy(&file, scene.var().join("rules").join(name))?;
        }
    }
    Ok(())
}

fn rule(name: &str, text: &str) -> String {
    let text = Value::from(text);
    format!(
        "rule: {name}\nsays: A template is tried.\nmode: on\non: message.received\nwhen:\n  all:\n    \
         - {{field: interaction.direction, is: inbound}}\nthen:\n  - id: ticket\n    \
         do: zendesk.create_ticket\n    with:\n      subject: {name}\n      body: {text}\n      \
         priority: normal\nlimits: {{once_per: conversation, within: 24h, ignore_older_than: 1h}}\n"
    )
}

/// Messages come in, rules act on them, and the provider answers each in its own way.
async fn play(scene: &Scene, hub: &Running, provider: &Provider) -> anyhow::Result<usize> {
    for number in 0..attempts("answer").len() {
        hub.message(scene, number).await?;
    }
    let begin = Instant::now();
    while provider.answered() < attempts("answer").len() * 2 && begin.elapsed() < EFFECTS_WITHIN {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(provider.answered())
}

async fn hooks(scene: &Scene, hub: &Running, tally: &mut Tally) -> anyhow::Result<()> {
    for attempt in attempts("hook") {
        let (method, path) = attempt.text.split_once(' ').context("a method and a path are expected")?;
        // The sender's own words come back to nobody, so a secret of theirs stands for one of ours.
        let request = wire::head(method, &path.replace("{secret}", "guessed"), &["content-length: 0"]);
        let said = wire::send(&hub.addresses.ingress, &request).await?;
        tally.attempt(&attempt, &said_bytes(&said));
    }
    // The right token has its challenge sent back, and not itself.
    let token = scene.secret("HUB_TESTS_INSTAGRAM_VERIFY_TOKEN")?;
    let url = format!("{}/hooks/instagram", hub.addresses.ingress);
    let query = [("hub.mode", "subscribe"), ("hub.challenge", "7"), ("hub.verify_token", token)];
    let answer =
        crate::support::http_client()?.get(reqwest::Url::parse_with_params(&url, query)?).send().await?;
    tally.look("the answer to a handshake", answer.text().await?.as_bytes());
    Ok(())
}

fn said_bytes(said: &wire::Ended) -> Vec<u8> {
    match said {
        wire::Ended::CutOff => Vec::new(),
        wire::Ended::Answered(answer) => {
            let head: String =
                answer.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
            [head.into_bytes(), answer.body.clone()].concat()
        }
    }
}

/// Ids of what there is to ask for.
struct Things(Vec<(&'static str, String)>);

impl Things {
    async fn found(scene: &Scene, hub: &Running) -> anyhow::Result<Self> {
        let first = async |path: &str, list: &str, key: &str| -> anyhow::Result<String> {
            let said: Value = serde_json::from_slice(&ask(scene, hub, path).await?)?;
            let id = said.get(list).and_then(|list| list.get(0)).and_then(|first| first.get(key));
            let id = id.with_context(|| format!("{path} has no {list} with {key}"))?;
            Ok(id.as_str().map_or_else(|| id.to_string(), str::to_owned))
        };
        Ok(Self(vec![
            ("{delivery}", first("/v1/deliveries", "deliveries", "seq").await?),
            ("{effect}", first("/v1/effects", "effects", "id").await?),
            ("{event}", first("/v1/effects", "effects", "cause").await?),
            ("{customer}", first("/v1/customers", "customers", "id").await?),
            ("{rule}", scene.var().join("rules/zendesk.yaml").to_string_lossy().into_owned()),
        ]))
    }

    fn named(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, id)| text.replace(name, id))
    }
}

async fn ask(scene: &Scene, hub: &Running, path: &str) -> anyhow::Result<Vec<u8>> {
    let token = scene.secret("HUB_TESTS_ADMIN_TOKEN")?;
    let request = crate::support::http_client()?.get(format!("{}{path}", hub.addresses.admin));
    let answer = request.bearer_auth(token).send().await?;
    let mut said = format!("{:?}", answer.headers()).into_bytes();
    let is_json = answer.status().is_success();
    let body = answer.bytes().await?;
    if is_json {
        return Ok(body.to_vec());
    }
    said.extend_from_slice(&body);
    Ok(said)
}

async fn questions(scene: &Scene, hub: &Running, things: &Things, tally: &mut Tally) -> anyhow::Result<()> {
    for attempt in attempts("get") {
        let said = ask(scene, hub, &things.named(attempt.text)).await?;
        tally.attempt(&attempt, &said);
    }
    Ok(())
}

async fn commands(
    scene: &Scene,
    hub: &Running,
    things: &Things,
    config: &Path,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let mut commands = Vec::new();
    for attempt in attempts("cli") {
        let text = things.named(attempt.text);
        let mut command = scene.command(text.split(' '), config)?;
        command.env("OMNIHUB_ADMIN", &hub.addresses.admin);
        commands.push((attempt, command));
    }
    let mut said = stream::iter(commands)
        .map(|(attempt, command)| async move { (attempt, scene::output(command).await) })
        .buffer_unordered(AT_A_TIME);
    while let Some((attempt, output)) = said.next().await {
        let output = output?;
        tally.attempt(&attempt, &[output.stdout, output.stderr].concat());
    }
    Ok(())
}

/// Log, recording, exports, view and journal, as they lie there.
fn files(dir: &Path, tally: &mut Tally) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            files(&path, tally)?;
        } else {
            tally.look(&path.display().to_string(), &std::fs::read(&path)?);
        }
    }
    Ok(())
}

/// The journal's records as they were before they were packed.
fn journal(dir: &Path, tally: &mut Tally) -> anyhow::Result<()> {
    let (journal, _) = Journal::open_read_only(dir, Options::default())?;
    let mut reader = journal.reader(Seq::new(1));
    while let Some(record) = reader.next()? {
        tally.look(&format!("journal record {} of kind {}", record.seq, record.kind), &record.payload);
    }
    Ok(())
}
