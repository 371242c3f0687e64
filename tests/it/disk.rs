//! The disk full while the hub runs. A limit on the size of the hub's files plays the disk: like a full one it fails
//! writes that make a file longer, and unlike one it needs no privileges and fills nobody else's. What the hub cannot
//! keep it does not acknowledge, and says why; what it acknowledged before is there when there is room again.

use std::collections::BTreeSet;
use std::path::Path;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use hub_tests::support::admin::Readiness;
use hub_tests::support::connections::{self, SHOPIFY};
use hub_tests::support::delivery::{Outgoing, Signer};
use hub_tests::support::sender::Answered;
use hub_tests::support::stage::{Stage, StageOptions};
use hub_tests::support::until;
use serde_json::json;

/// Below the largest body the hub takes.
const LARGE: usize = 900_000;
const SMALL: usize = 4_000;
/// More than the view's file comes to here. Its engine writes late: how long it is at a moment says little.
const JOURNAL_BYTES_MIN: u64 = 4 << 20;
/// Reads under way at once while everything is looked through at the end.
const READS: usize = 16;

/// Orders at once while a file is to grow.
const MANY: usize = 16;
/// More than these come to in the journal.
const AHEAD: u64 = 256 << 10;

/// A shop whose orders come in, and what the hub said of each.
struct Shop {
    stage: Stage,
    acknowledged: BTreeSet<String>,
    refused: Vec<Outgoing>,
    orders: u64,
}

impl Shop {
    /// With a journal so long that it is the only file a limit at its end concerns.
    async fn open() -> Self {
        let mut shop = Self::open_new().await;
        while shop.journal_bytes() < JOURNAL_BYTES_MIN {
            assert_eq!(shop.deliver(LARGE).await.status, 200);
        }
        shop.stage.admin().unwrap().quiet(|_| {}).await.unwrap();
        shop
    }

    async fn open_new() -> Self {
        let options = StageOptions {
            // Nobody but this test has anything to journal.
            changes: connections::left_alone(),
            rules: Vec::new(),
            ..StageOptions::default()
        };
        let stage = Stage::set(options).await.unwrap();
        Self { stage, acknowledged: BTreeSet::new(), refused: Vec::new(), orders: 0 }
    }

    /// A new order of some size.
    fn order(&mut self, bytes: usize) -> Outgoing {
        self.orders += 1;
        let body = json!({
            "id": 7_000 + self.orders,
            "updated_at": "2026-03-01T10:00:00Z",
            "currency": "EUR",
            "total_price": "1.00",
            "nobody_knows_this": noise(self.orders, bytes),
        });
        Outgoing::json(SHOPIFY, format!("order-{}", self.orders), &body).with_topic("orders/create")
    }

    async fn deliver(&mut self, bytes: usize) -> Answered {
        let answers = self.deliver_together(1, bytes).await;
        *answers.first().unwrap()
    }

    async fn deliver_together(&mut self, count: usize, bytes: usize) -> Vec<Answered> {
        let orders: Vec<Outgoing> = (0..count).map(|_| self.order(bytes)).collect();
        let sender = self.stage.sender().unwrap();
        let answers = join_all(orders.iter().map(|order| sender.answer(order, Signer::Provider))).await;
        let answers: anyhow::Result<Vec<Answered>> = answers.into_iter().collect();
        let answers = match answers {
            Ok(answers) => answers,
            // How it ended says more than that it did.
            Err(error) => panic!("{error:#}; and then: {:?}", self.stage.kill().await),
        };
        for (order, answer) in orders.into_iter().zip(&answers) {
            self.note(order, *answer);
        }
        answers
    }

    fn note(&mut self, order: Outgoing, answer: Answered) {
        match answer {
            Answered { status: 200, .. } => drop(self.acknowledged.insert(order.id)),
            Answered { status: 503, retry_after: Some(1..) } => self.refused.push(order),
            other => panic!("{} was answered {other:?}", order.id),
        }
    }

    /// From now on the journal may grow by so much.
    fn leave_room(&self, bytes: u64) {
        self.stage.hub().unwrap().limit_files(Some(self.journal_bytes() + bytes)).unwrap();
    }

    fn give_room(&self) {
        self.stage.hub().unwrap().limit_files(None).unwrap();
    }

    fn view_bytes(&self) -> u64 {
        longest_below(&self.stage.dir().join("data/view"))
    }

    fn journal_bytes(&self) -> u64 {
        longest_below(&self.stage.dir().join("data/journal"))
    }

    async fn readiness(&self) -> Readiness {
        self.stage.admin().unwrap().readiness().await.unwrap()
    }

    /// What was refused is sent again, as a provider would.
    async fn send_refused_again(&mut self) {
        let sender = self.stage.sender().unwrap();
        for order in std::mem::take(&mut self.refused) {
            let answer = sender.answer(&order, Signer::Provider).await.unwrap();
            assert_eq!(answer.status, 200, "{} again", order.id);
            self.note(order, answer);
        }
    }

    /// Every acknowledged order is there, once and processed, and none beside.
    async fn check_kept(&self) {
        let admin = self.stage.admin().unwrap();
        let status = admin.quiet(|_| {}).await.unwrap();
        assert_eq!(status.counts.deliveries, self.acknowledged.len() as u64, "deliveries kept");
        let kept = admin.deliveries(Some("processed")).await.unwrap();
        let ids: Vec<String> = futures_util::stream::iter(&kept)
            .map(async |delivery| {
                let id = admin.delivery_header(delivery.seq, "x-shopify-webhook-id").await;
                id.unwrap().unwrap()
            })
            .buffer_unordered(READS)
            .collect()
            .await;
        assert_eq!(ids.len(), kept.len());
        assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), self.acknowledged);
    }

    async fn crash_and_start(&mut self) {
        self.stage.kill().await.unwrap();
        self.stage.start().await.unwrap();
    }

    async fn close(mut self) {
        self.stage.stop().await.unwrap();
        self.stage.verify_journal().await.unwrap().unwrap();
    }
}

/// Text that no packing makes shorter, another for each seed (Sebastiano Vigna's SplitMix64).
fn noise(seed: u64, bytes: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut state = seed;
    let mut letter = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let index = usize::try_from((mixed ^ (mixed >> 31)) % 64).unwrap();
        char::from(*LETTERS.get(index).unwrap())
    };
    (0..bytes).map(|_| letter()).collect()
}

fn longest_below(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let bytes = entries.map(|entry| match entry.file_type().unwrap().is_dir() {
        true => longest_below(&entry.path()),
        // What the view's engine has just removed is not long.
        false => entry.metadata().map_or(0, |metadata| metadata.len()),
    });
    bytes.max().unwrap_or(0)
}

fn check_not_ready(readiness: &Readiness) {
    assert_eq!((readiness.status, readiness.ready), (503, false), "{readiness:?}");
    let journal = readiness.problems.iter().find(|problem| problem.starts_with("journal: "));
    let journal = journal.unwrap_or_else(|| panic!("not told to be the journal: {readiness:?}"));
    assert!(journal.contains(".seg") && journal.contains("os error"), "no reason: {journal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_disk_does_not_take_is_not_acknowledged() {
    let mut shop = Shop::open().await;
    let known = shop.order(SMALL);
    let sender = shop.stage.sender().unwrap();
    let answer = sender.answer(&known, Signer::Provider).await.unwrap();
    shop.note(known.clone(), answer);
    shop.check_kept().await;
    assert!(shop.readiness().await.ready);

    shop.leave_room(0);
    let last = shop.stage.admin().unwrap().status().await.unwrap().journal.last;
    for bytes in [SMALL, LARGE, 1, SMALL] {
        assert_eq!(shop.deliver(bytes).await.status, 503);
        check_not_ready(&shop.readiness().await);
    }
    let refused = shop.refused.first().unwrap().clone();
    let again = sender.answer(&refused, Signer::Provider).await.unwrap();
    assert_eq!(again.status, 503, "not kept, so no duplicate");
    let again = sender.answer(&known, Signer::Provider).await.unwrap();
    assert_eq!(again.status, 200, "kept long since");

    let admin = shop.stage.admin().unwrap();
    let status = admin.status().await.unwrap();
    assert_eq!((status.journal.last, status.backlog), (last, 0), "nothing is half there");
    let accepted = admin.counter("omnihub_deliveries_accepted_total").await.unwrap();
    assert_eq!(accepted, shop.acknowledged.len() as u64);

    shop.crash_and_start().await;
    assert!(shop.readiness().await.ready);
    shop.check_kept().await;
    shop.send_refused_again().await;
    shop.check_kept().await;
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn room_that_comes_back_is_used_at_once() {
    let mut shop = Shop::open().await;
    shop.leave_room(40 * SMALL as u64);
    let mut refused = 0;
    // Many at once, so that some batches fit and the one after does not.
    while refused == 0 {
        let answers = shop.deliver_together(16, SMALL).await;
        refused = answers.iter().filter(|answer| answer.status == 503).count();
    }
    shop.give_room();
    shop.send_refused_again().await;
    // And what was accepted before, and could not be reported.
    let readiness = shop.readiness().await;
    assert!(readiness.ready, "{readiness:?}");
    shop.check_kept().await;
    shop.close().await;
}

/// Whoever is not ready is sent nothing: the hub has to find out by itself.
#[tokio::test(flavor = "multi_thread")]
async fn the_hub_is_ready_again_without_being_delivered_to() {
    let mut shop = Shop::open().await;
    shop.leave_room(0);
    assert_eq!(shop.deliver(SMALL).await.status, 503);
    check_not_ready(&shop.readiness().await);
    shop.give_room();
    until("the hub is ready again", async || shop.readiness().await.ready).await;
    shop.check_kept().await;
    shop.close().await;
}

/// What a connector reported has no room: stopping does not wait for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_does_not_keep_the_hub_from_stopping() {
    let mut shop = Shop::open().await;
    let before = shop.journal_bytes();
    assert_eq!(shop.deliver(SMALL).await.status, 200);
    shop.check_kept().await;
    let one_order = shop.journal_bytes() - before;
    // One as large has room, and what it is found to mean has not.
    shop.leave_room(one_order - 16);
    assert_eq!(shop.deliver(SMALL).await.status, 200);
    until("what was reported is refused", async || !shop.readiness().await.ready).await;
    shop.stage.stop().await.unwrap();

    shop.stage.start().await.unwrap();
    shop.check_kept().await;
    shop.close().await;
}

/// As where data, view and log lie on one disk: nothing can be written, not even why.
#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_cannot_write_its_log_lives() {
    let mut shop = Shop::open().await;
    shop.check_kept().await;
    shop.stage.hub().unwrap().limit_files(Some(0)).unwrap();
    for _ in 0..3 {
        assert_eq!(shop.deliver(SMALL).await.status, 503);
    }
    check_not_ready(&shop.readiness().await);
    shop.crash_and_start().await;
    shop.check_kept().await;
    shop.send_refused_again().await;
    shop.check_kept().await;
    shop.close().await;
}

/// The view's file reaches the limit and not the journal's: what arrives is kept, and the hub builds the view anew by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_cannot_be_written_is_built_anew_while_the_hub_runs() {
    let mut shop = Shop::open_new().await;
    // Its engine writes late, and then more than the journal.
    until("the view's file is the longer one", async || {
        shop.deliver_together(MANY, 1).await;
        shop.view_bytes() > 2 * shop.journal_bytes()
    })
    .await;
    let put_aside = shop.stage.dir().join("data/view.damaged");
    // The engine fills gaps first, for as long as it has any: the limit stays ahead of the journal meanwhile.
    until("the view's file meets its limit", async || {
        shop.leave_room(AHEAD);
        shop.deliver_together(MANY, 1).await;
        put_aside.exists()
    })
    .await;
    shop.give_room();
    until("the hub is ready again", async || shop.readiness().await.ready).await;
    shop.send_refused_again().await;
    shop.check_kept().await;
    shop.close().await;
}
