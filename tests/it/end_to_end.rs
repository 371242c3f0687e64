//! The demo's story through a real hub, and a recorded folder; the expectations are the demo's own.

use hub_fold::Record;
use hub_journal::{Journal, Options, Seq};
use hub_tests::demo::{self, Played, Shown};
use hub_tests::support::stage::{Stage, StageOptions};

async fn check_closes(mut stage: Stage, mut played: Played) {
    demo::close(&mut stage, &mut played.expectations).await.unwrap();
    let failed: Vec<_> = played.expectations.iter().filter(|expectation| !expectation.held).collect();
    assert!(failed.is_empty(), "{failed:#?}\n{:#?}", played.outcome.figures);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_holds() {
    let stage = Stage::set(StageOptions::default()).await.unwrap();
    let played = demo::play_story(&stage, Shown::No).await.unwrap();
    // Tickets for three conversations, and one tag: later messages of the same day change nothing.
    let figures = &played.outcome.figures;
    let stuck = &played.outcome.stuck;
    assert_eq!((figures.tickets_at_provider, figures.tags_at_provider), (3, 1), "{figures:?} {stuck:#?}");
    assert_eq!((figures.duplicates, figures.refused, figures.parked), (4, 2, 1), "{figures:?}");
    check_closes(stage, played).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_told_twice_is_told_once() {
    let stage = Stage::set(StageOptions::default()).await.unwrap();
    let scenes = demo::story::story(jiff::Timestamp::now());
    let progress = demo::progress::Progress::hidden();
    demo::play::story(&stage, &scenes, &progress).await.unwrap();
    let first = stage.admin().unwrap().status().await.unwrap();
    let at_providers = stage.providers().counts();
    demo::play::story(&stage, &scenes, &progress).await.unwrap();
    let second = stage.admin().unwrap().status().await.unwrap();
    assert_eq!(first.counts.deliveries, second.counts.deliveries);
    let new = records_after(&stage, first.journal.last);
    assert!(new.is_empty(), "the second time nothing is new: {new:#?}");
    assert_eq!(at_providers, stage.providers().counts());
}

/// What the journal has got since.
fn records_after(stage: &Stage, last: u64) -> Vec<Record> {
    let dir = stage.dir().join("data/journal");
    let (journal, _) = Journal::open_read_only(&dir, Options::default()).unwrap();
    let mut reader = journal.reader(Seq::new(last).next());
    let mut new = Vec::new();
    while let Some(record) = reader.next().unwrap() {
        new.push(Record::decode(record.kind, &record.payload).unwrap());
    }
    new
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_folder_is_played_whole() {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("shopify/bare.json", r#"{"id": 5001, "updated_at": "2026-03-01T10:00:00Z"}"#);
    write(
        "shopify/wrapped.json",
        r#"{"headers": {"x-shopify-topic": "orders/create", "x-shopify-hmac-sha256": "b2xk", "content-length": "7"},
            "body": {"id": 5002, "updated_at": "2026-03-01T10:00:00Z"}}"#,
    );
    write(
        "shopify/same.json",
        r#"{"headers": {"x-shopify-webhook-id": "shopify/wrapped.json"}, "topic": "orders/create", "body": {"id": 5002}}"#,
    );
    write("loyalty/not-json.json", "points, many of them");
    write("inventory/answer.json", r#"{"counts": []}"#);
    write("unheard-of/thing.json", r#"{"id": 1}"#);
    write(
        "index.json",
        r#"[{"file": "shopify/bare.json", "kind": "webhook", "topic": "orders/create"},
            {"file": "inventory/answer.json", "kind": "polled"}]"#,
    );
    let stage = Stage::set(StageOptions::default()).await.unwrap();
    let played = demo::play_recordings(&stage, dir.path(), Shown::No).await.unwrap();
    let figures = &played.outcome.figures;
    assert_eq!(
        (figures.deliveries, figures.duplicates, figures.refused, figures.parked),
        (5, 1, 1, 1),
        "{figures:?}"
    );
    assert_eq!(played.outcome.processed, 2);
    check_closes(stage, played).await;
}
