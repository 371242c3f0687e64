//! Rules that act when a time has passed, in a hub that runs.

use hub_tests::demo::{self, story};
use hub_tests::support::http_client;
use hub_tests::support::stage::{Stage, StageOptions};
use hub_tests::support::until;
use serde_json::Value;

const UNANSWERED: (&str, &str) = (
    "unanswered-anywhere.yaml",
    "rule: unanswered-anywhere\nmode: on\n\
     on: {after: 36h, since: message.received, unless: message.sent, same: customer}\nwhen: always\n\
     then:\n  - {id: tag, do: customer.add_tag, with: {tag: unanswered}}\n",
);

/// Ana's e-mail of 37 hours ago has waited too long, her chat of an hour ago has not; the answer ends the waiting of both.
#[tokio::test(flavor = "multi_thread")]
async fn who_waits_too_long_is_tagged_although_nothing_happens() {
    let options = StageOptions { rules: vec![UNANSWERED], ..StageOptions::default() };
    let mut stage = Stage::set(options).await.unwrap();
    let client = http_client().unwrap();
    let scenes = story::set_up(jiff::Timestamp::now());
    let play = async |stage: &Stage, scenes: &[story::Scene]| {
        demo::play::story(stage, scenes, &demo::progress::Progress::hidden()).await.unwrap();
    };
    let get = async |stage: &Stage, path: String| -> Value {
        let base = &stage.hub().unwrap().addresses().admin;
        let answer = client.get(format!("{base}/v1/{path}")).send().await.unwrap();
        let text = answer.text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}: {text}"))
    };
    play(&stage, &scenes[..1]).await;
    let found = stage.admin().unwrap().find_customers("ana.ferreira@example.com").await.unwrap();
    let ana = found.first().unwrap().id.clone();
    until("she is tagged", async || {
        let card = get(&stage, format!("customers/{ana}")).await;
        card.pointer("/summary/tags").is_some_and(|tags| tags.to_string().contains("unanswered"))
    })
    .await;
    // The chat's time has not come, and the e-mail's comes once, over a crash.
    play(&stage, &scenes[1..2]).await;
    stage.kill().await.unwrap();
    stage.start().await.unwrap();
    let file = stage.dir().join("rules").join(UNANSWERED.0);
    let words = ["rule", "backtest", &file.to_string_lossy(), "--json"];
    let output = stage.files().command(&words).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tried: Value = serde_json::from_slice(&output.stdout).unwrap();
    let count = |name: &str| tried.pointer(name).and_then(Value::as_u64);
    assert_eq!((count("/fired"), count("/waiting")), (Some(1), Some(1)), "{tried:#}");
    stage.stop().await.unwrap();
    assert_eq!(stage.verify_journal().await.unwrap(), Ok(()));
}
