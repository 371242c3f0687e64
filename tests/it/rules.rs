//! Rules in a hub that runs: those that act when a time has passed, and others taken over without a restart.

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

const WRITERS: (&str, &str) = (
    "writers.yaml",
    "segment: writers\nsays: Who has written of late.\nwho: {count: message.received, within: 30d, at_least: 1}\n",
);

const GREET_WRITERS: (&str, &str) = (
    "greet-writers.yaml",
    "rule: greet-writers\nmode: on\non: segment.writers.entered\n\
     when: {field: customer.email, contains: ana}\n\
     then:\n  - {id: tag, do: customer.add_tag, with: {tag: writer}}\n",
);

const TAG_EMAILS: (&str, &str) = (
    "tag-emails.yaml",
    "rule: tag-emails\nmode: on\non: message.received\n\
     when: {all: [{field: interaction.channel, is: email}, {field: customer.email, contains: ana}, \
     {field: customer.open_tickets, at_least: 1}]}\n\
     then:\n  - {id: tag, do: customer.add_tag, with: {tag: by-email}}\n",
);

/// Ana comes into a segment because she writes, a rule acts on it, and another says who told what it was told.
#[tokio::test(flavor = "multi_thread")]
async fn a_segment_fills_and_its_rule_tells_where_its_values_come_from() {
    let options = StageOptions { rules: vec![WRITERS, GREET_WRITERS, TAG_EMAILS], ..StageOptions::default() };
    let mut stage = Stage::set(options).await.unwrap();
    let scenes = story::set_up(jiff::Timestamp::now());
    demo::play::story(&stage, &scenes[..1], &demo::progress::Progress::hidden()).await.unwrap();
    let found = stage.admin().unwrap().find_customers("ana.ferreira@example.com").await.unwrap();
    let ana = found.first().unwrap().id.clone();
    let admin = stage.hub().unwrap().addresses().admin.clone();
    let ask = async |words: &[&str]| -> Value {
        let output = stage.files().command(&[words, &["--json", "--admin", &admin]].concat()).await.unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    until("she is greeted", async || {
        let card = ask(&["customer", "show", &ana]).await;
        card.pointer("/summary/tags").is_some_and(|tags| tags.to_string().contains("writer"))
    })
    .await;
    let listed = ask(&["segment", "list"]).await;
    assert_eq!(listed.pointer("/segments/0/customers"), Some(&Value::from(1)), "{listed:#}");
    let members = ask(&["segment", "show", "writers"]).await;
    assert!(members.to_string().contains(&ana), "{members:#}");

    let mut messages = Vec::new();
    for delivery in stage.admin().unwrap().deliveries(None).await.unwrap() {
        let delivery = ask(&["delivery", "show", &delivery.seq.to_string()]).await;
        let events =
            delivery.pointer("/report/events").and_then(Value::as_array).cloned().unwrap_or_default();
        let is_message = |one: &&Value| one.pointer("/event/name") == Some(&"message.received".into());
        messages
            .extend(events.iter().filter(is_message).filter_map(|one| one["id"].as_str().map(str::to_owned)));
    }
    let message = messages.first().expect("she has written");
    let why = ask(&["rule", "why", "tag-emails", message]).await;
    let sources = why.pointer("/sources").and_then(Value::as_array).unwrap();
    let source = |field: &str, member: &str| -> String {
        let of_field = sources.iter().find(|one| one.get("field") == Some(&field.into())).unwrap();
        of_field.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    assert_eq!(&source("interaction.channel", "event"), message, "{why:#}");
    assert!(source("interaction.channel", "by").starts_with("zendesk (zendesk "), "{why:#}");
    assert!(source("interaction.channel", "learned_at") > source("interaction.channel", "happened_at"));
    assert_eq!(source("customer.email", "says"), "ana.ferreira@example.com");
    assert!(source("customer.open_tickets", "of").starts_with("tickets zendesk/"), "{why:#}");
    stage.stop().await.unwrap();
    assert_eq!(stage.verify_journal().await.unwrap(), Ok(()));
}

const TAG_EVERYBODY: &str = "rule: tag-everybody\nmode: on\non: message.received\nwhen: always\n\
    then:\n  - {id: tag, do: customer.add_tag, with: {tag: heard}}\n";

/// The command's exit code and what it printed, which is JSON when all went well.
async fn told(stage: &Stage, words: &[&str]) -> (i32, Value, String) {
    let admin = stage.hub().unwrap().addresses().admin.clone();
    let asks_hub = words.contains(&"apply");
    let more: &[&str] = if asks_hub { &["--json", "--admin", &admin] } else { &["--json"] };
    let output = stage.files().command(&[words, more].concat()).await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let json = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code().unwrap(), json, said)
}

#[tokio::test(flavor = "multi_thread")]
async fn other_rules_are_taken_over_whole_while_the_hub_runs() {
    let mut stage =
        Stage::set(StageOptions { rules: vec![UNANSWERED], ..StageOptions::default() }).await.unwrap();
    let scenes = story::set_up(jiff::Timestamp::now());
    let fired =
        async |stage: &Stage| stage.admin().unwrap().counter("omnihub_rules_fired_total").await.unwrap();
    let text =
        |json: &Value, at: &str| json.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    let rules = stage.dir().join("rules");
    demo::play::story(&stage, &scenes[..1], &demo::progress::Progress::hidden()).await.unwrap();

    std::fs::write(rules.join("tag.yaml"), TAG_EVERYBODY).unwrap();
    let (code, plan, said) = told(&stage, &["rule", "plan"]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(text(&plan, "/changes/0/file"), "tag.yaml");
    assert_eq!(plan.pointer("/tried/0/fired"), Some(&Value::from(1)), "it would have acted: {plan:#}");
    let (code, _, said) = told(&stage, &["rule", "apply", "--by", "ana", "--plan", "0000"]).await;
    assert!(code != 0 && said.contains("not those of the plan"), "{said}");

    // One that is wrong keeps all of them out.
    std::fs::write(rules.join("wrong.yaml"), "rule: wrong\n").unwrap();
    let (code, plan_of_wrong, _) = told(&stage, &["rule", "plan"]).await;
    assert_eq!((code, plan_of_wrong.pointer("/ok")), (1, Some(&Value::from(false))));
    let (code, _, said) = told(&stage, &["rule", "apply", "--by", "ana"]).await;
    assert!(code != 0 && said.contains("wrong.yaml") && said.contains("`mode` is missing"), "{said}");
    std::fs::remove_file(rules.join("wrong.yaml")).unwrap();

    let digest = text(&plan, "/digest");
    let words = ["rule", "apply", "--by", "ana", "--reason", "to hear all", "--plan", &digest];
    let (code, applied, said) = told(&stage, &words).await;
    assert_eq!((code, text(&applied, "/changes/0/what").as_str()), (0, "new"), "{said}");
    let before = fired(&stage).await;
    demo::play::story(&stage, &scenes[1..2], &demo::progress::Progress::hidden()).await.unwrap();
    assert_eq!(fired(&stage).await, before + 1, "the chat is tagged by the new rule");
    let (_, again, _) = told(&stage, &["rule", "apply", "--by", "ana"]).await;
    assert_eq!(again.pointer("/command"), Some(&Value::Null), "nothing to change: {again}");

    let (_, history, _) = told(&stage, &["rule", "history", "tag.yaml"]).await;
    assert_eq!(
        (text(&history, "/versions/0/by"), text(&history, "/versions/0/reason")),
        ("ana".into(), "to hear all".into())
    );
    let words = ["rule", "history", "tag.yaml", "--version", &text(&history, "/versions/0/version")];
    let printed = stage.files().command(&words).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&printed.stdout), TAG_EVERYBODY);
    stage.stop().await.unwrap();
    stage.start().await.unwrap();
    let (_, history, _) = told(&stage, &["rule", "history"]).await;
    let versions = history.pointer("/versions").and_then(Value::as_array).unwrap();
    assert_eq!(versions.len(), 2, "a start changes nothing: {history:#}");
    stage.stop().await.unwrap();
    assert_eq!(stage.verify_journal().await.unwrap(), Ok(()));
}

/// Templates in a shop as the demo's: every one is written, checks against the real connectors and passes its tests.
#[tokio::test(flavor = "multi_thread")]
async fn every_template_becomes_a_rule_of_the_shop() {
    let mut stage = Stage::set(StageOptions { rules: Vec::new(), ..StageOptions::default() }).await.unwrap();
    let texts = |json: &Value, at: &str, member: &str| -> Vec<String> {
        let members = json.pointer(at).and_then(Value::as_array).unwrap().iter();
        members
            .map(|one| one.pointer(member).and_then(Value::as_str).unwrap_or_default().to_owned())
            .collect()
    };
    let (code, listed, said) = told(&stage, &["rule", "new", "--list"]).await;
    assert_eq!(code, 0, "{said}");
    let names = texts(&listed, "/templates", "/name");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/templates");
    let files =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut there: Vec<String> =
        files.filter_map(|file| file.strip_suffix(".yaml").map(str::to_owned)).collect();
    there.sort();
    assert_eq!(names, there, "left: what the binary lists, right: the files; name them all in library.rs");
    for name in &names {
        let (code, _, said) = told(&stage, &["rule", "new", "--from", name]).await;
        assert_eq!(code, 0, "{name}: {said}");
    }
    let (code, checked, said) = told(&stage, &["rule", "check"]).await;
    assert_eq!(code, 0, "{checked:#} {said}");
    assert_eq!(texts(&checked, "/problems", "/message"), Vec::<String>::new());
    assert_eq!(texts(&checked, "/tests", "/rule").len(), 2 * names.len());

    // Made one's own, it is not replaced by mistake; under another name there may be a second one.
    let file = stage.dir().join("rules/vip-first.yaml");
    let own = std::fs::read_to_string(&file).unwrap().replace("5000", "9000");
    std::fs::write(&file, &own).unwrap();
    let (code, _, said) = told(&stage, &["rule", "new", "--from", "vip-first"]).await;
    assert!(code == 1 && said.contains("says something else"), "{code}: {said}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), own);
    let (code, written, said) = told(&stage, &["rule", "new", "--from", "vip-first", "vip-in-spring"]).await;
    assert_eq!((code, written.pointer("/rule")), (0, Some(&Value::from("vip-in-spring"))), "{said}");
    let (code, _, said) = told(&stage, &["rule", "new", "--from", "no-such-template"]).await;
    assert!(code == 3 && said.contains("--list"), "{code}: {said}");
    stage.stop().await.unwrap();
    assert_eq!(stage.verify_journal().await.unwrap(), Ok(()));
}
