//! Who is who, and what of them is known: the mission's story scene by scene, a merge and an un-merge by a person, and
//! what was known at a moment. Through real webhooks, the command line and the admin interface.

use std::process::{Command, Stdio};

use hub_tests::demo::{self, story};
use hub_tests::support::stage::{Stage, StageOptions};
use hub_tests::support::{binaries, connections, http_client, until};
use serde_json::Value;

const ANA: &str = "ana.ferreira@example.com";

/// The hub of a test, asked as its people ask it.
struct Desk {
    stage: Stage,
    client: reqwest::Client,
}

impl Desk {
    async fn open() -> Self {
        let stage = Stage::set(StageOptions::default()).await.unwrap();
        Self { stage, client: http_client().unwrap() }
    }

    async fn play(&self, scenes: &[story::Scene]) {
        demo::play::story(&self.stage, scenes, &demo::progress::Progress::hidden()).await.unwrap();
    }

    async fn get(&self, path: &str) -> Value {
        let base = &self.stage.hub().unwrap().addresses().admin;
        let answer = self.client.get(format!("{base}/v1/{path}")).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn ana(&self) -> String {
        let found = self.stage.admin().unwrap().find_customers(ANA).await.unwrap();
        let [ana] = found.as_slice() else { panic!("one customer has her address: {found:?}") };
        ana.id.clone()
    }

    fn run(&self, arguments: &[&str]) -> Value {
        let mut command = Command::new(binaries::omnihub().unwrap());
        command.args(arguments).arg("--json").arg("--config").arg(&self.stage.files().config);
        command.arg("--admin").arg(&self.stage.hub().unwrap().addresses().admin);
        let output = command.envs(connections::environment()).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn texts(tree: &Value, list: &str, member: &str) -> Vec<String> {
    let rows = tree.pointer(list).and_then(Value::as_array).cloned().unwrap_or_default();
    rows.iter().filter_map(|row| row.pointer(member)?.as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn at_every_step_the_card_shows_what_was_before() {
    let desk = Desk::open().await;
    let scenes = story::story(jiff::Timestamp::now());
    let card = async |scenes: &[story::Scene]| {
        desk.play(scenes).await;
        desk.get(&format!("customers/{}/context", desk.ana().await)).await
    };
    let channels = |card: &Value| texts(card, "/last_contacts", "/channel");

    let ordered = card(&scenes[..1]).await;
    assert_eq!(texts(&ordered, "/orders", "/order/number"), ["#2041"]);
    assert_eq!(channels(&ordered), [""; 0]);

    let monday = card(&scenes[..2]).await;
    assert_eq!(texts(&monday, "/orders", "/order/number"), ["#2041"]);
    assert_eq!(channels(&monday), ["email"]);
    assert_eq!(texts(&monday, "/tickets", "/subject"), ["Order #2041 has not arrived"]);
    assert_eq!(texts(&monday, "/awaiting", "/channel"), ["email"]);
    assert_eq!(texts(&monday, "/awaiting/0/orders", "/number"), ["#2041"]);

    let wednesday = card(&scenes[..3]).await;
    assert_eq!(channels(&wednesday), ["whatsapp", "phone", "email"]);
    assert_eq!(texts(&wednesday, "/awaiting", "/channel"), ["email"], "nobody has answered it yet");
    assert_eq!(wednesday.pointer("/loyalty/0/balance"), Some(&Value::from(129)));
    assert_eq!(wednesday.pointer("/concern/topic"), Some(&Value::from("delivery")));

    let thursday = card(&scenes[..4]).await;
    let on = channels(&thursday);
    for channel in ["instagram", "whatsapp", "phone", "email"] {
        assert!(on.iter().any(|on| on == channel), "{channel} of {on:?}");
    }
    assert_eq!(texts(&thursday, "/orders", "/order/number"), ["#2041"]);
    let conversations = desk.get(&format!("customers/{}/conversations", desk.ana().await)).await;
    assert!(texts(&conversations, "/conversations", "/id").len() >= 4, "{conversations:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_nobody_answers_is_on_the_card_of_the_chat_that_does() {
    let mut desk = Desk::open().await;
    let scenes = story::set_up(jiff::Timestamp::now());
    let card = async |desk: &Desk, scenes: &[story::Scene]| {
        desk.play(scenes).await;
        desk.get(&format!("customers/{}/context", desk.ana().await)).await
    };
    let channels = |card: &Value| texts(card, "/last_contacts", "/channel");
    let waiting = |card: &Value| texts(card, "/awaiting", "/channel");

    let asked = card(&desk, &scenes[..1]).await;
    assert_eq!((channels(&asked), waiting(&asked)), (vec!["email".into()], vec!["email".into()]));
    assert_eq!(asked.pointer("/concern/topic"), Some(&Value::from("setup")), "{asked:#}");

    let chat = card(&desk, &scenes[1..2]).await;
    assert_eq!(channels(&chat), ["messaging", "email"], "{chat:#}");
    assert_eq!(waiting(&chat), ["email", "messaging"]);
    assert_eq!(texts(&chat, "/awaiting/1/linked", "/channel"), ["email"], "one matter on two channels");

    let solved = card(&desk, &scenes[2..]).await;
    assert_eq!((channels(&solved), waiting(&solved).len()), (vec!["messaging".into(), "email".into()], 0));
    let text = "ask whether the lamp works now";
    let ana = desk.ana().await;
    let asked = ["follow-up", "add", &ana, text, "--due", "48h", "--until", "message.received"];
    desk.run(&asked);
    until("the follow-up is on the card", async || {
        let card = desk.get(&format!("customers/{ana}/context")).await;
        texts(&card, "/follow_ups", "/follow_up/text") == [text]
            && card.pointer("/follow_ups/0/overdue") == Some(&Value::from(false))
    })
    .await;
    let due = |by: &str| texts(&desk.run(&["follow-up", "list", "--due-by", by]), "/follow_ups", "/text");
    assert_eq!((due("47h").len(), due("49h")), (0, vec![text.to_owned()]), "in 48 hours");
    desk.stage.stop().await.unwrap();
    assert_eq!(desk.stage.verify_journal().await.unwrap(), Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_corrects_a_message_and_the_enricher_is_held_against_it() {
    let mut desk = Desk::open().await;
    desk.play(&story::set_up(jiff::Timestamp::now())[..1]).await;
    let path = format!("customers/{}/timeline?kind=interaction&limit=500", desk.ana().await);
    let said = async || {
        let timeline = desk.get(&path).await;
        let entries = timeline.pointer("/entries").and_then(Value::as_array).cloned().unwrap_or_default();
        let views = entries.iter().filter_map(|entry| entry.pointer("/details/interaction").cloned());
        let has_text = |view: &Value| view.pointer("/text").is_some_and(Value::is_string);
        views.into_iter().rfind(has_text).expect("she wrote something")
    };
    let word = |view: &Value, name: &str| view.get(name).and_then(Value::as_str).map(str::to_owned);
    let first = said().await;
    let (connection, id) = (word(&first, "connection").unwrap(), word(&first, "id").unwrap());
    let ours = if word(&first, "sentiment").as_deref() == Some("negative") { "positive" } else { "negative" };

    desk.run(&["interaction", "correct", &connection, &id, "--sentiment", ours, "--intent", "complaint"]);
    until("what a person says wins", async || {
        let now = said().await;
        word(&now, "sentiment").as_deref() == Some(ours)
            && word(&now, "sentiment_method").as_deref() == Some("person")
    })
    .await;
    let listed = desk.run(&["interaction", "corrections"]);
    assert_eq!(texts(&listed, "/corrections", "/said/sentiment/value"), [ours], "{listed:#}");
    assert_eq!(word(&listed["corrections"][0]["found"], "sentiment"), word(&first, "sentiment"));
    let test = desk.run(&["interaction", "backtest"]);
    assert_eq!(texts(&test, "/fields", "/field"), ["sentiment", "intents"], "{test:#}");
    let score = &test["fields"][0];
    assert_eq!(
        (&score["messages"], &score["agreed"]["before"]),
        (&Value::from(1), &Value::from(0)),
        "{test:#}"
    );
    assert_eq!(score["agreed"]["now"], score["agreed"]["before"], "the same enricher says the same");

    desk.run(&["interaction", "correct", &connection, &id, "--take-back", "sentiment"]);
    until("it is as it was found", async || word(&said().await, "sentiment") == word(&first, "sentiment"))
        .await;
    desk.stage.stop().await.unwrap();
    assert_eq!(desk.stage.verify_journal().await.unwrap(), Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_parts_and_joins_and_everything_is_as_it_was() {
    let mut desk = Desk::open().await;
    desk.play(&story::story(jiff::Timestamp::now())).await;
    let links = desk.get(&format!("customers/{}/links", desk.ana().await)).await;
    let account = |scope: &str| {
        let at = texts(&links, "/links", "/left/scope").iter().position(|found| found == scope);
        texts(&links, "/links", "/left/node")[at.expect("the account is linked")].clone()
    };
    // Any id of hers finds her; this one stays where it is when the other goes.
    let (ana, account) = (account("shopify/customer"), account("instagram/igsid"));
    let customers = async |desk: &Desk| desk.stage.admin().unwrap().status().await.unwrap().counts.customers;
    let before = (customers(&desk).await, desk.get(&format!("customers/{ana}/timeline?limit=500")).await);
    let known_at = jiff::Timestamp::now();

    let parted = desk.run(&["customer", "unmerge", &ana, &account, "--reason", "two people", "--effects"]);
    assert!(parted.pointer("/pairs").and_then(Value::as_u64) > Some(0), "{parted}");
    assert!(parted.pointer("/effects/count").is_some(), "{parted}");
    until("the two are parted", async || customers(&desk).await == before.0 + 1).await;
    let without = desk.get(&format!("customers/{ana}/timeline?limit=500")).await;
    assert_ne!(without, before.1, "her messages there went with their account");
    let why = desk.get(&format!("customers/{ana}/links/{account}")).await;
    assert_eq!(why.pointer("/one"), Some(&Value::from(false)), "{why:#}");

    desk.run(&["customer", "merge", &ana, &account, "--reason", "one after all", "--by", "desk"]);
    until("they are one again", async || customers(&desk).await == before.0).await;
    for id in [&ana, &account] {
        assert_eq!(
            desk.get(&format!("customers/{id}/timeline?limit=500")).await,
            before.1,
            "both ids find her"
        );
    }
    let as_of = format!("customers/{ana}/timeline?limit=500&as_of={known_at}");
    assert_eq!(desk.get(&as_of).await, before.1, "as it was known before all that");

    // Under limits that let no phone join anybody, she would be several.
    let config = std::fs::read_to_string(&desk.stage.files().config).unwrap();
    let strict =
        format!("{config}\n[identity.limits]\naccounts_per_phone_max = 0\naccounts_per_email_max = 0\n");
    let strict_file = desk.stage.dir().join("strict.toml");
    std::fs::write(&strict_file, strict).unwrap();
    let mut command = Command::new(binaries::omnihub().unwrap());
    command.args(["identity", "try", "--json", "--config"]).arg(&strict_file);
    let output = command.envs(connections::environment()).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let difference: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(difference.pointer("/split/count").and_then(Value::as_u64) > Some(0), "{difference:#}");
    assert_eq!(difference.pointer("/joined/count"), Some(&Value::from(0)));
    assert_eq!(customers(&desk).await, before.0, "nothing was written");
    desk.stage.stop().await.unwrap();
    assert_eq!(desk.stage.verify_journal().await.unwrap(), Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_tried_on_what_has_happened() {
    let desk = Desk::open().await;
    desk.play(&story::story(jiff::Timestamp::now())).await;
    let file = desk.stage.dir().join("draft.yaml");
    let draft = "rule: tag-unhappy-customer\nmode: off\non: message.received\nwhen: always\n\
                 then:\n  - {id: tag, do: customer.add_tag, with: {tag: heard}}\n";
    let tried = async |text: &str| -> Value {
        std::fs::write(&file, text).unwrap();
        let words = ["rule", "backtest", &file.to_string_lossy(), "--json"];
        let output = desk.stage.files().command(&words).await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let count = |test: &Value, name: &str| test.pointer(name).and_then(Value::as_u64).unwrap();

    // One message of five is taken back: the journal loses it a moment after.
    until("nothing is left of the message that was taken back", async || {
        count(&tried(draft).await, "/asked") == 4
    })
    .await;
    let always = tried(draft).await;
    let last = desk.stage.admin().unwrap().status().await.unwrap().journal.last;
    let held = |test: &Value| -> u64 {
        test.pointer("/held").and_then(Value::as_object).unwrap().values().filter_map(Value::as_u64).sum()
    };
    let (asked, fired) = (count(&always, "/asked"), count(&always, "/fired"));
    assert_eq!((fired, held(&always)), (asked, 0), "it is tried switched on: {always:#}");
    assert!(count(&always, "/customers") >= 2);
    let days = always.pointer("/days").and_then(Value::as_array).unwrap();
    assert_eq!(days.iter().map(|day| count(day, "/fired")).sum::<u64>(), fired);
    let (more, fewer) = (count(&always, "/change/more/count"), count(&always, "/change/fewer/count"));
    assert_eq!(fewer, 0, "whoever is unhappy has written");
    assert!(more > 0 && more < fired, "the rule in force acts for some: {always:#}");

    let limited = tried(&format!("{draft}limits: {{once_per: customer, within: 7d}}\n")).await;
    assert_eq!(count(&limited, "/asked"), asked);
    assert!(held(&limited) > held(&always), "limits hold as they would have: {limited:#}");
    assert_eq!(count(&limited, "/fired") + held(&limited), asked);

    let new = tried(&draft.replace("tag-unhappy-customer", "hears-all")).await;
    assert_eq!((count(&new, "/asked"), new.pointer("/change")), (asked, Some(&Value::Null)));
    let now = desk.stage.admin().unwrap().status().await.unwrap().journal.last;
    assert_eq!(now, last, "nothing was written");

    // A rule may read what another of the folder writes.
    let rule = |name: &str, when: &str, action: &str| {
        format!(
            "rule: {name}\nmode: on\non: message.received\nwhen: {when}\nthen:\n  - {{id: it, {action}}}\n"
        )
    };
    let checked = async || {
        let words = ["rule", "check", &file.to_string_lossy(), "--json"];
        let output = desk.stage.files().command(&words).await.unwrap();
        let checked: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.success(), texts(&checked, "/problems", "/kind"))
    };
    let reads =
        rule("reads", "{field: customer.attributes.size, is: XL}", "do: customer.add_tag, with: {tag: tall}");
    std::fs::write(&file, reads).unwrap();
    assert_eq!(checked().await, (false, vec!["unknown-field".to_owned()]));
    let writes = rule("writes", "always", "do: customer.set_attribute, with: {name: size, value: XL}");
    std::fs::write(desk.stage.dir().join("rules/writes.yaml"), writes).unwrap();
    assert_eq!(checked().await, (true, vec![]));
}
