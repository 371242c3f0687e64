//! `omnihub run --record`: what six providers sent is written down without a name, an address, a text or a secret in it,
//! and a replay of that makes of it what the hub made of the original.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use hub_tests::demo::story;
use hub_tests::support::admin::Admin;
use hub_tests::support::binaries;
use hub_tests::support::connections::{self, SHOPIFY};
use hub_tests::support::delivery::{Outgoing, Signer};
use hub_tests::support::hub::Addresses;
use hub_tests::support::sender::Sender;
use hub_tests::support::stage::{Stage, StageOptions};
use hub_tests::support::{http_client, until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// Members of the providers' bodies that hold a person's words, whatever the provider.
const PERSONAL: [&str; 21] = [
    "address1",
    "body",
    "caption",
    "city",
    "comment",
    "description",
    "email",
    "email_address",
    "family_name",
    "first_name",
    "formatted_name",
    "given_name",
    "last_name",
    "latest_comment",
    "note",
    "phone",
    "phone_number",
    "requester_email",
    "text",
    "username",
    "wa_id",
];
/// Shorter ones stand in every file by chance.
const CANARY_BYTES_MIN: usize = 5;

/// A hub that records, ended when it is dropped.
struct Recording {
    child: Child,
    addresses: Addresses,
}

impl Recording {
    async fn start(stage: &Stage, dir: &Path) -> Self {
        let ports = stage.dir().join("recording.ports.json");
        let mut command = omnihub(&["run", "--log", "json"]);
        command.arg("--config").arg(&stage.files().config).arg("--port-file").arg(&ports);
        command.arg("--record").arg(dir).stdout(Stdio::null());
        command.stderr(std::fs::File::create(stage.dir().join("recording.log")).unwrap());
        let mut child = command.spawn().unwrap();
        let mut ended = None;
        until("the recording hub is ready", async || {
            ended = child.try_wait().unwrap();
            ended.is_some() || ports.exists()
        })
        .await;
        assert_eq!(ended, None, "the recording hub ended");
        let addresses = serde_json::from_slice(&std::fs::read(&ports).unwrap()).unwrap();
        Self { child, addresses }
    }

    async fn stop(mut self) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).unwrap();
        kill_process(id, Signal::TERM).unwrap();
        let mut ended = None;
        until("the recording hub has stopped", async || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        })
        .await;
        assert!(ended.unwrap().success(), "{ended:?}");
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn omnihub(arguments: &[&str]) -> Command {
    let mut command = Command::new(binaries::omnihub().unwrap());
    command.args(arguments).envs(connections::environment()).stdin(Stdio::null());
    command
}

fn output(command: &mut Command) -> Output {
    command.output().unwrap()
}

/// What a hub made of its deliveries.
#[derive(Debug, Default, PartialEq, Eq)]
struct Made {
    deliveries: usize,
    processed: usize,
    parked: usize,
    /// By connection and topic. Not by name: the reports that hold names lose the events of whoever a golden case asks to
    /// forget.
    events: BTreeMap<(String, String), u64>,
    customers: u64,
    merges: u64,
}

impl Made {
    async fn by(admin: &Admin) -> Self {
        let status = admin.status().await.unwrap();
        let mut made = Self { customers: status.counts.customers, merges: status.merges, ..Self::default() };
        for delivery in admin.deliveries(None).await.unwrap() {
            made.deliveries += 1;
            made.processed += usize::from(delivery.state == "processed");
            made.parked += usize::from(delivery.state == "parked");
            let told = (delivery.connection, delivery.topic.unwrap_or_default());
            *made.events.entry(told).or_default() += u64::from(delivery.events);
        }
        made
    }

    fn by_replay(dir: &Path, more: &[&str]) -> Self {
        let mut command = omnihub(&["replay", "--json", "--deliveries"]);
        let replayed =
            output(command.arg(dir).arg("--plugins").arg(binaries::components().unwrap()).args(more));
        assert!(replayed.status.success(), "{}", String::from_utf8_lossy(&replayed.stderr));
        let outcome: Value = serde_json::from_slice(&replayed.stdout).unwrap();
        let totals = outcome.get("totals").unwrap();
        let number = |name: &str| totals.get(name).and_then(Value::as_u64).unwrap();
        let count = |name: &str| usize::try_from(number(name)).unwrap();
        assert_eq!((count("duplicates"), count("refused")), (0, 0), "{totals}");
        let mut events = BTreeMap::new();
        let fates = outcome.get("deliveries").and_then(Value::as_array).unwrap();
        for fate in fates.iter().filter(|fate| fate.get("outcome").and_then(Value::as_str) != Some("skipped"))
        {
            let word = |name: &str| fate.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let told = fate.get("events").and_then(Value::as_u64).unwrap();
            *events.entry((word("connection"), word("topic"))).or_default() += told;
        }
        Self {
            deliveries: count("delivered"),
            processed: count("processed"),
            parked: count("parked"),
            events,
            customers: number("customers"),
            merges: number("merges"),
        }
    }
}

/// Every golden delivery, to the connection of its connector.
fn golden() -> Vec<Outgoing> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/plugins");
    let mut all = Vec::new();
    for connection in connections::all() {
        let cases = std::fs::read_dir(root.join(connection.name)).unwrap();
        let mut cases: Vec<PathBuf> = cases.map(|case| case.unwrap().path().join("delivery.http")).collect();
        cases.sort();
        for (number, path) in cases.iter().enumerate() {
            let text = std::fs::read_to_string(path).unwrap();
            let (head, body) = text.split_once("\n\n").unwrap();
            if body.is_empty() {
                // Over HTTP that is a request without a length, which is refused.
                continue;
            }
            let headers = head.lines().skip(1).filter_map(|line| line.split_once(':'));
            all.push(Outgoing {
                connection: connection.name.to_owned(),
                id: format!("golden-{number}"),
                topic: None,
                headers: headers
                    .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
                    .collect(),
                body: body.as_bytes().to_vec(),
            });
        }
    }
    all
}

/// What no list of fields names, in places where it would be overlooked.
fn overlooked() -> (Outgoing, Vec<String>) {
    let secret = connections::named(SHOPIFY).unwrap().webhook_secret();
    let body = json!({
        "id": 5_512_003_441_u64,
        "updated_at": "2026-03-02T11:15:27+01:00",
        "a_field_of_next_year": "Zebulon Quartzmaker",
        "note_attributes": [{"name": "gift for", "value": "Wilhelmina Thistlewood"}],
        "zebulon@quartz.example": true,
        "metafield": "{\"contact\": \"+1 (415) 867-5309\", \"who\": [\"Peregrine Ashgrove\"]}",
        "tags": "friend-of-Marigold",
        "client_details": {"browser_ip": "198.51.100.23", "user_agent": "Thistlebrowser/7"},
        "financial_status": secret,
    });
    let canaries = [
        "Zebulon",
        "Quartzmaker",
        "Wilhelmina",
        "Thistlewood",
        "zebulon",
        "quartz.example",
        "867-5309",
        "Peregrine",
        "Ashgrove",
        "Marigold",
        "198.51.100.23",
        "Thistlebrowser",
        "5512003441",
    ];
    let canaries = canaries.into_iter().map(str::to_owned).chain([secret]).collect();
    (Outgoing::json(SHOPIFY, "overlooked", &body).with_topic("orders/updated"), canaries)
}

/// The texts of personal members, and what every connection keeps secret.
fn canaries(deliveries: &[Outgoing]) -> BTreeSet<String> {
    let mut found: BTreeSet<String> =
        connections::environment().into_iter().map(|(_, secret)| secret).collect();
    for delivery in deliveries {
        if let Ok(body) = serde_json::from_slice::<Value>(&delivery.body) {
            collect(&body, "", &mut found);
        }
    }
    found
}

fn collect(value: &Value, name: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| collect(value, name, found)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, name, found)),
        Value::String(text) => {
            let is_personal = PERSONAL.contains(&name) || text.contains('@');
            let is_word = text.bytes().all(|byte| byte.is_ascii_lowercase());
            if is_personal && text.len() >= CANARY_BYTES_MIN && !is_word && !text.starts_with('{') {
                found.insert(text.clone());
            }
        }
        _ => {}
    }
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

fn check_masked(dir: &Path, canaries: &BTreeSet<String>) {
    let mut all = Vec::new();
    files(dir, &mut all);
    let mut seen = Vec::new();
    for path in &all {
        let text = std::fs::read_to_string(path).unwrap();
        for canary in canaries {
            let escaped = Value::String(canary.clone()).to_string();
            if text.contains(canary.as_str()) || text.contains(escaped.trim_matches('"')) {
                seen.push(format!("{canary:?} in {}", path.strip_prefix(dir).unwrap().display()));
            }
        }
    }
    assert!(seen.is_empty(), "{} of {} canaries:\n{}", seen.len(), canaries.len(), seen.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_of_a_recording_is_the_original_without_its_people() {
    let mut stage = Stage::set(StageOptions::default()).await.unwrap();
    stage.stop().await.unwrap();
    let dir = stage.dir().join("recorded");
    let hub = Recording::start(&stage, &dir).await;
    let client = http_client().unwrap();
    let (sender, admin) =
        (Sender::new(client.clone(), &hub.addresses.ingress), Admin::new(client, &hub.addresses.admin));

    let scenes = story::story(jiff::Timestamp::now());
    let (overlooked, mut planted) = overlooked();
    let mut sent: Vec<Outgoing> = Vec::new();
    for step in scenes.iter().flat_map(|scene| &scene.steps) {
        assert_eq!(sender.deliver(&step.delivery, step.signer).await.unwrap(), step.expected_status);
        sent.push(step.delivery.clone());
    }
    for delivery in golden().into_iter().chain([overlooked]) {
        assert_eq!(
            sender.deliver(&delivery, Signer::Provider).await.unwrap(),
            200,
            "{}",
            delivery.connection
        );
        sent.push(delivery);
    }
    admin.quiet(|_| {}).await.unwrap();
    let made = Made::by(&admin).await;
    assert!(made.parked > 1 && made.merges > 0 && made.events.len() > 20, "{made:#?}");
    hub.stop().await;

    planted.extend(canaries(&sent));
    assert!(planted.len() > 100, "only {} canaries", planted.len());
    check_masked(&dir, &planted.into_iter().collect());
    assert_eq!(Made::by_replay(&dir, &[]), made);
    let config = stage.files().config.display().to_string();
    assert_eq!(
        Made::by_replay(&dir, &["--config", &config]),
        made,
        "the operator's own configuration does as well"
    );
    check_index(&dir, made.deliveries);
    check_calls(&dir);
    check_fixture(&dir);
}

fn at(value: &Value, pointer: &str) -> Value {
    value.pointer(pointer).cloned().unwrap_or_default()
}

/// Every file is listed, with what it is.
fn check_index(dir: &Path, deliveries: usize) {
    let index: Vec<Value> = serde_json::from_slice(&std::fs::read(dir.join("index.json")).unwrap()).unwrap();
    let of = |entry: &Value, member: &str| entry.get(member).and_then(Value::as_str).map(str::to_owned);
    let listed: BTreeSet<String> = index.iter().filter_map(|entry| of(entry, "file")).collect();
    let mut all = Vec::new();
    files(dir, &mut all);
    let all = all.iter().map(|path| path.strip_prefix(dir).unwrap().display().to_string());
    assert_eq!(listed, all.filter(|file| file != "index.json").collect());
    let webhooks = index.iter().filter(|entry| of(entry, "kind").as_deref() == Some("webhook"));
    assert_eq!(webhooks.count(), deliveries);
    let about: Value = serde_json::from_slice(&std::fs::read(dir.join("recording.json")).unwrap()).unwrap();
    let run = about.pointer("/runs/0").unwrap();
    assert_eq!((at(run, "/missed"), at(run, "/complete")), (json!(0), json!(true)), "{run}");
    assert_eq!(at(run, "/deliveries"), json!(deliveries));
}

/// The rules of the story open tickets: request and answer are there, the credential is not.
fn check_calls(dir: &Path) {
    let mut calls = Vec::new();
    files(&dir.join("zendesk/calls"), &mut calls);
    let read = |path: &PathBuf| serde_json::from_slice::<Value>(&std::fs::read(path).unwrap()).unwrap();
    let created = calls
        .iter()
        .map(read)
        .find(|call| at(call, "/method") == json!("POST"))
        .expect("a ticket was opened");
    assert_eq!(at(&created, "/path"), json!("/api/v2/tickets.json"));
    assert_eq!(at(&created, "/status"), json!(201));
    assert!(created.pointer("/body/ticket/external_id").is_some(), "{created}");
    assert!(created.pointer("/answer/ticket/id").is_some(), "{created}");
    assert_eq!(created.pointer("/headers/authorization"), None);
}

/// What is recorded is a fixture.
fn check_fixture(dir: &Path) {
    let mut recorded = Vec::new();
    files(&dir.join("loyalty"), &mut recorded);
    let fixture = recorded.iter().min().unwrap();
    let component = binaries::components().unwrap().join("connector-loyalty.wasm");
    let mut command = omnihub(&["connector", "test"]);
    let tested = output(command.arg(component).arg("--fixture").arg(fixture));
    assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stderr));
    assert!(!tested.stdout.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_something_else_is_left_alone() {
    let mut stage = Stage::set(StageOptions::default()).await.unwrap();
    stage.stop().await.unwrap();
    let check = |dir: &Path, code: i32, says: &str| {
        let mut command = omnihub(&["run"]);
        let refused = output(command.arg("--config").arg(&stage.files().config).arg("--record").arg(dir));
        let told = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(code), "{told}");
        assert!(told.contains(says), "{told}");
    };
    let photos = stage.dir().join("photos");
    std::fs::create_dir(&photos).unwrap();
    std::fs::write(photos.join("cat.jpeg"), "meow").unwrap();
    check(&photos, 1, "holds something else than a recording");
    assert_eq!(std::fs::read_dir(&photos).unwrap().count(), 1);
    check(&photos.join("cat.jpeg"), 69, "nothing can be recorded");
}
