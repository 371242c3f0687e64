//! A connector's file replaced while deliveries flow: each is processed by the old or the new one and none is lost. A
//! file that is no connector changes nothing and is told of.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use hub_tests::support::admin::Admin;
use hub_tests::support::binaries::copy_components;
use hub_tests::support::connections::{self, SHOPIFY};
use hub_tests::support::delivery::{Outgoing, Signer};
use hub_tests::support::sender::Sender;
use hub_tests::support::stage::{Stage, StageOptions};
use hub_tests::support::until;
use minisign::KeyPair;
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinSet;

const SWAPS: u8 = 6;
const SENDERS: usize = 4;
/// Between two orders of a sender: always some in hand, and not so many that looking through them takes the longest.
const PACE: Duration = Duration::from_millis(10);
/// Reads under way at once while everything is looked through at the end.
const READS: usize = 16;
const SHOPIFY_FILE: &str = "connector-shopify.wasm";

/// A hub with a plugins folder of its own.
struct Workshop {
    stage: Stage,
    plugins: TempDir,
    /// The connector as it was built.
    original: Vec<u8>,
}

impl Workshop {
    async fn open() -> Self {
        Self::with(Vec::new(), |_| {}).await
    }

    /// With more of a configuration, and something done to the folder before the hub sees it.
    async fn with(mut changes: Vec<connections::Change>, prepare: impl FnOnce(&Path)) -> Self {
        let plugins = tempfile::tempdir().unwrap();
        copy_components(plugins.path()).unwrap();
        prepare(plugins.path());
        let original = std::fs::read(plugins.path().join(SHOPIFY_FILE)).unwrap();
        changes.extend(connections::left_alone());
        changes.push(("plugins_dir".to_owned(), plugins.path().display().to_string().into()));
        changes.push(("processing.retry_delays".to_owned(), vec![86_400_i64].into()));
        let options = StageOptions { changes, rules: Vec::new(), ..StageOptions::default() };
        Self { stage: Stage::set(options).await.unwrap(), plugins, original }
    }

    fn admin(&self) -> Admin {
        self.stage.admin().unwrap()
    }

    fn file(&self) -> PathBuf {
        self.plugins.path().join(SHOPIFY_FILE)
    }

    /// The digest of the Shopify connector in force; `None` while there is none.
    async fn digest(&self) -> Option<String> {
        let connections = self.admin().status().await.unwrap().connections;
        let shopify = connections.into_iter().find(|connection| connection.name == SHOPIFY)?;
        shopify.plugin.map(|plugin| plugin.digest)
    }

    /// What `omnihub connector list` finds in the folder.
    async fn listed(&self) -> serde_json::Value {
        let output = self.stage.files().command(&["connector", "list", "--json"]).await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    async fn listed_digest(&self) -> String {
        let listed = self.listed().await;
        let plugins = listed.get("plugins").unwrap().as_array().unwrap();
        let shopify = plugins.iter().find(|plugin| plugin.get("id").unwrap() == SHOPIFY);
        shopify.expect("the connector is listed").get("digest").unwrap().as_str().unwrap().to_owned()
    }

    /// Lines of the hub's log that refuse a plugin.
    fn refusals(&self) -> usize {
        self.refusals_of(SHOPIFY_FILE)
    }

    fn refusals_of(&self, file: &str) -> usize {
        let log = std::fs::read_to_string(&self.stage.files().log).unwrap();
        log.lines().filter(|line| line.contains("plugin refused") && line.contains(file)).count()
    }
}

/// The same connector with other bytes: a custom section more, which nobody reads.
/// https://webassembly.github.io/spec/core/binary/modules.html#custom-section
fn marked(component: &[u8], mark: u8) -> Vec<u8> {
    const CUSTOM: u8 = 0;
    const NAME: &[u8] = b"build";
    let name_bytes = u8::try_from(NAME.len()).unwrap();
    let content_bytes = name_bytes + 2;
    [component, &[CUSTOM, content_bytes, name_bytes], NAME, &[mark]].concat()
}

/// As builds do it: nobody sees half of it.
fn rename_into(path: &Path, bytes: &[u8]) {
    let aside = path.with_extension("new");
    std::fs::write(&aside, bytes).unwrap();
    std::fs::rename(&aside, path).unwrap();
}

fn order(number: u64) -> Outgoing {
    let body = json!({
        "id": 7_000 + number, "updated_at": "2026-03-01T10:00:00Z", "currency": "EUR", "total_price": "1.00",
    });
    Outgoing::json(SHOPIFY, format!("order-{number}"), &body).with_topic("orders/create")
}

/// Orders that come until it is enough.
#[derive(Default)]
struct Flow {
    next: AtomicU64,
    enough: AtomicBool,
}

impl Flow {
    async fn send(self: Arc<Self>, sender: Sender) {
        while !self.enough.load(Ordering::SeqCst) {
            let order = order(self.next.fetch_add(1, Ordering::SeqCst));
            let answer = sender.deliver(&order, Signer::Provider).await.unwrap();
            assert_eq!(answer, 200, "{}", order.id);
            tokio::time::sleep(PACE).await;
        }
    }

    fn sent(&self) -> u64 {
        self.next.load(Ordering::SeqCst)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_while_a_connector_is_replaced() {
    let workshop = Workshop::open().await;
    let flow = Arc::new(Flow::default());
    let mut senders = JoinSet::new();
    for _ in 0..SENDERS {
        senders.spawn(Arc::clone(&flow).send(workshop.stage.sender().unwrap()));
    }
    let mut digests = vec![workshop.digest().await.unwrap()];
    for mark in 0..SWAPS {
        let bytes = marked(&workshop.original, mark);
        match mark % 2 {
            0 => rename_into(&workshop.file(), &bytes),
            // As `cp` does it: whoever looks in between sees a part.
            _ => std::fs::write(workshop.file(), &bytes).unwrap(),
        }
        let sent = flow.sent();
        until("the new connector is in force", async || {
            workshop.digest().await.as_ref() != digests.last() && flow.sent() > sent
        })
        .await;
        digests.push(workshop.digest().await.unwrap());
    }
    flow.enough.store(true, Ordering::SeqCst);
    while let Some(ended) = senders.join_next().await {
        ended.unwrap();
    }
    assert_eq!(workshop.refusals(), 0, "every one of them is a connector");
    let different: BTreeSet<&String> = digests.iter().collect();
    assert_eq!(different.len(), usize::from(SWAPS) + 1, "each taken over once: {digests:#?}");
    assert_eq!(workshop.digest().await.unwrap(), workshop.listed_digest().await, "the last one's");

    let admin = workshop.admin();
    assert_eq!(admin.quiet(|_| {}).await.unwrap().counts.deliveries, flow.sent());
    check_processed(&admin, flow.sent()).await;
    assert_eq!(
        admin.counter("omnihub_deliveries_setbacks_total").await.unwrap(),
        0,
        "none at the second try"
    );
}

async fn check_processed(admin: &Admin, sent: u64) {
    let processed = admin.deliveries(Some("processed")).await.unwrap();
    let ids: BTreeSet<String> = futures_util::stream::iter(&processed)
        .map(async |delivery| {
            assert_eq!(delivery.events, 1, "{delivery:?}");
            admin.delivery_header(delivery.seq, "x-shopify-webhook-id").await.unwrap().unwrap()
        })
        .buffer_unordered(READS)
        .collect()
        .await;
    let missing: Vec<String> =
        (0..sent).map(|number| order(number).id).filter(|id| !ids.contains(id)).collect();
    assert!(missing.is_empty(), "acknowledged and not processed: {missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_connector_changes_nothing() {
    let workshop = Workshop::open().await;
    let sender = workshop.stage.sender().unwrap();
    let before = workshop.digest().await;
    let half = workshop.original.get(..workshop.original.len() / 2).unwrap();
    let garbage: [&[u8]; 3] = [b"points, many of them", half, b""];
    for (number, bytes) in (0..).zip(garbage) {
        let told = workshop.refusals();
        std::fs::write(workshop.file(), bytes).unwrap();
        until("the problem is told", async || workshop.refusals() > told).await;
        assert_eq!(workshop.digest().await, before, "the old one stays in use");
        assert_eq!(sender.deliver(&order(number), Signer::Provider).await.unwrap(), 200);
        let listed = workshop.listed().await;
        let problems = listed.get("problems").unwrap().as_array().unwrap();
        let problem = problems.first().expect("connector list tells of it");
        assert!(problem.get("file").unwrap().as_str().unwrap().ends_with(SHOPIFY_FILE), "{problem}");
        assert_eq!(problems.len(), 1, "{problems:?}");
    }
    let admin = workshop.admin();
    admin.quiet(|_| {}).await.unwrap();
    check_processed(&admin, garbage.len() as u64).await;

    rename_into(&workshop.file(), &marked(&workshop.original, 0));
    until("the next good one is taken over", async || workshop.digest().await != before).await;
    assert_eq!(workshop.digest().await.unwrap(), workshop.listed_digest().await);
}

/// Nobody can say which of two files is meant; the second counts once the first is gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_file_of_a_connector_is_refused_until_the_first_is_gone() {
    const SECOND: &str = "a-newer-shopify.wasm";
    let workshop = Workshop::open().await;
    let before = workshop.digest().await;
    rename_into(&workshop.plugins.path().join(SECOND), &marked(&workshop.original, 0));
    until("the second is refused", async || workshop.refusals_of(SECOND) == 1).await;
    assert_eq!(workshop.digest().await, before, "the first stays in use");
    let listed = workshop.listed().await;
    let problem = listed.pointer("/problems/0").expect("connector list tells of it").to_string();
    assert!(problem.contains(SHOPIFY_FILE) && problem.contains(SECOND), "{problem}");

    std::fs::remove_file(workshop.file()).unwrap();
    until("the second is taken over", async || workshop.digest().await != before).await;
    assert_eq!(workshop.digest().await.unwrap(), workshop.listed_digest().await);
}

/// Signs a component as `minisign -Sm` does.
fn sign(file: &Path, keys: &KeyPair) {
    let bytes = std::fs::File::open(file).unwrap();
    let signature = minisign::sign(Some(&keys.pk), &keys.sk, bytes, None, None).unwrap();
    rename_into(&file.with_extension("wasm.minisig"), signature.into_string().as_bytes());
}

/// With a key in the configuration nothing is taken that it did not sign, not even where it has signed what was there.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_taken_with_a_signature_of_a_known_key_alone() {
    let (ours, strangers) =
        (KeyPair::generate_unencrypted_keypair().unwrap(), KeyPair::generate_unencrypted_keypair().unwrap());
    let sign_all = |dir: &Path| {
        let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        files
            .filter(|file| file.extension().is_some_and(|kind| kind == "wasm"))
            .for_each(|file| sign(&file, &ours));
    };
    let key = ("plugin_keys.acme".to_owned(), ours.pk.to_base64().into());
    let workshop = Workshop::with(vec![key], sign_all).await;
    let listed = workshop.listed().await;
    let plugins = listed.get("plugins").unwrap().as_array().unwrap();
    assert!(plugins.iter().all(|plugin| plugin.get("signed_by").unwrap() == "acme"), "{listed}");

    let mut in_force = workshop.digest().await;
    rename_into(&workshop.file(), &marked(&workshop.original, 0));
    until("other bytes under the old signature are refused", async || workshop.refusals() == 1).await;
    sign(&workshop.file(), &strangers);
    until("so is a stranger's signature", async || workshop.refusals() == 2).await;
    std::fs::remove_file(workshop.file().with_extension("wasm.minisig")).unwrap();
    until("and none", async || workshop.refusals() == 3).await;
    assert_eq!(workshop.digest().await, in_force, "the one before stays in force");
    let problem =
        workshop.listed().await.pointer("/problems/0").expect("connector list tells of it").to_string();
    assert!(problem.contains("it is not signed"), "{problem}");

    sign(&workshop.file(), &ours);
    until("with ours it is taken over", async || workshop.digest().await != in_force).await;
    in_force = workshop.digest().await;
    assert_eq!(in_force.unwrap(), workshop.listed_digest().await);
}

/// What waits for a connector is tried when its operator says so, not when its time would have come.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_connector_is_processed_once_it_is_mended() {
    let mut workshop = Workshop::open().await;
    let sender = workshop.stage.sender().unwrap();
    assert_eq!(sender.deliver(&order(0), Signer::Provider).await.unwrap(), 200);
    workshop.admin().quiet(|_| {}).await.unwrap();
    let seq = workshop.admin().deliveries(None).await.unwrap().pop().unwrap().seq;
    workshop.stage.stop().await.unwrap();

    std::fs::remove_file(workshop.file()).unwrap();
    workshop.stage.start_unchecked().await.unwrap();
    let admin = workshop.admin();
    admin.redrive(seq).await.unwrap();
    until("the delivery waits for its connector", async || {
        let pending = admin.deliveries(Some("pending")).await.unwrap();
        pending.first().is_some_and(|delivery| delivery.reason.is_some())
    })
    .await;

    rename_into(&workshop.file(), &workshop.original);
    until("the connector is in force", async || workshop.digest().await.is_some()).await;
    admin.redrive(seq).await.unwrap();
    admin.quiet(|_| {}).await.unwrap();
    check_processed(&admin, 1).await;
}
