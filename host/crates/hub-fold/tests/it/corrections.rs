//! What people say where the enricher is wrong: it wins over every finding, can be taken back, is asked of no rule, and
//! goes with the message.

use hub_fold::read::{self, ConversationQuery, CorrectionQuery, Details, FactsOf, TimelineQuery};
use hub_fold::record::{Command, CorrectedMessage, Record};
use hub_fold::row::{Subject, SubjectKind};
use hub_fold::{
    Act, CorrectionError, CorrectionPlan, Sequenced, audit, is_erasure_owed, plan_correction, verify_audit,
};
use hub_model::InteractionId;
use hub_model::conversation::Topic;
use hub_model::event::{self, Payload};
use hub_model::model::{Corrected, Finding, Intent};
use hub_store::Store;

use crate::support::events::{at, event, interaction};
use crate::support::rewriting::{folded, names_in, push, rewritten};
use crate::support::{Hub, Told, journal, message, node, records, settings, told};

/// A command that says label and intent of a message, or takes back what was said of them.
pub(crate) fn words_on(
    connection: &str,
    id: &str,
    [label, intent]: [Option<&str>; 2],
    by: &str,
    minute: i64,
) -> Command {
    let says = vec![
        Corrected::Sentiment(label.map(str::to_owned)),
        Corrected::Intents(intent.map(|intent| vec![intent.to_owned()])),
    ];
    Command::Correct(CorrectedMessage {
        interaction: InteractionId([7; 16]),
        place: Some((connection.to_owned(), id.to_owned())),
        says,
        by: by.to_owned(),
        at: at(minute),
    })
}

fn plan(id: &str, says: &[Corrected]) -> CorrectionPlan {
    CorrectionPlan { connection: "ig".into(), id: id.into(), says: says.to_vec(), by: "mia".into() }
}

fn sentiment(label: &str) -> Corrected {
    Corrected::Sentiment(Some(label.to_owned()))
}

fn correct(hub: &mut Hub, minute: i64, id: &str, says: &[Corrected]) {
    let command = plan_correction(&hub.store, plan(id, says), at(minute)).unwrap();
    hub.command(minute, command);
}

/// Somebody writes, and the enricher takes it for praise.
fn praised(id: &str, minute: i64) -> Told {
    let said = message(id, minute, "instagram", "in", &["igsid:9"], "oh great, broken again");
    let intent = Intent { name: "thanks".into(), confidence: 80, evidence: vec!["great".into()] };
    let found = Finding {
        language: Some("en".into()),
        sentiment: "positive".into(),
        score: 45,
        cues: vec![("great".into(), 45)],
        confidence: Some(70),
        method: Some("cues".into()),
        intents: vec![intent],
        topic: Some("product".into()),
    };
    let mut told = told("ig", minute, vec![event("message.received", minute, Payload::Interaction(said))]);
    told.findings.push((0, found));
    told
}

/// Label, score, method, intents and what a person said, as the timeline shows them.
fn shown(store: &dyn Store, id: &str) -> String {
    let query = TimelineQuery { limit: 9, ..TimelineQuery::default() };
    let entries = read::timeline(store, node("ig", "igsid:9"), &query).unwrap().unwrap().entries;
    let views = entries.into_iter().filter_map(|entry| match entry.details {
        Details::Interaction(view) => Some(view),
        _ => None,
    });
    let view = views.into_iter().find(|view| view.id == id).unwrap();
    format!(
        "{:?} {:?} by {:?}, {:?}, said {:?}",
        view.sentiment.unwrap_or_default(),
        view.sentiment_score.unwrap_or_default(),
        view.sentiment_method.unwrap_or_default(),
        view.intents.iter().map(|intent| intent.name.as_str()).collect::<Vec<_>>(),
        view.corrected,
    )
}

const AS_FOUND: &str = r#""positive" 45 by "cues", ["thanks"], said []"#;

#[test]
fn the_last_word_wins_over_the_finding_and_can_be_taken_back() {
    let mut hub = Hub::new(&[]);
    hub.tell(&praised("m1", 1));
    assert_eq!(shown(&hub.store, "m1"), AS_FOUND);
    correct(&mut hub, 5, "m1", &[sentiment("negative"), Corrected::Intents(Some(vec!["complaint".into()]))]);
    let said = r#""negative" -40 by "person", ["complaint"], said ["sentiment", "intents"]"#;
    assert_eq!(shown(&hub.store, "m1"), said);
    // Told again, and found anew: people have the last word.
    hub.tell(&praised("m1", 9));
    assert_eq!(shown(&hub.store, "m1"), said);
    // A word from before that is heard of later changes nothing, and the same word twice neither.
    hub.command(10, words_on("ig", "m1", [Some("neutral"), None], "tom", 4));
    hub.command(10, words_on("ig", "m1", [Some("negative"), Some("complaint")], "mia", 5));
    assert_eq!(shown(&hub.store, "m1"), said);
    correct(&mut hub, 11, "m1", &[Corrected::Intents(None)]);
    assert_eq!(shown(&hub.store, "m1"), r#""negative" -40 by "person", ["thanks"], said ["sentiment"]"#);
    correct(&mut hub, 12, "m1", &[Corrected::Sentiment(None)]);
    assert_eq!(shown(&hub.store, "m1"), AS_FOUND);
    // A clock that went back takes back nothing.
    correct(&mut hub, 3, "m1", &[sentiment("very_negative")]);
    assert!(shown(&hub.store, "m1").starts_with(r#""very_negative" -80"#));
}

#[test]
fn the_mood_on_the_card_is_that_of_what_people_say() {
    let mut hub = Hub::new(&[]);
    for minute in 1..=4 {
        hub.tell(&praised(&format!("m{minute}"), minute));
    }
    let mood = |hub: &Hub| {
        let card = read::context(&hub.store, node("ig", "igsid:9"), at(20)).unwrap().unwrap();
        let mood = card.mood.unwrap();
        (mood.scored, mood.latest, mood.newer_mean, mood.older_mean)
    };
    assert_eq!(mood(&hub), (4, "positive".into(), 45, Some(45)));
    correct(&mut hub, 9, "m3", &[sentiment("negative")]);
    correct(&mut hub, 9, "m4", &[sentiment("very_negative")]);
    assert_eq!(mood(&hub), (4, "very_negative".into(), -60, Some(45)));
    // A message of which only the language is told sounds like nothing.
    let plain = message("m5", 10, "instagram", "in", &["igsid:9"], "ok");
    hub.happens("ig", 10, "message.received", Payload::Interaction(plain));
    correct(&mut hub, 11, "m5", &[Corrected::Language(Some("en".into()))]);
    assert_eq!(mood(&hub), (4, "very_negative".into(), -60, Some(45)));
}

#[test]
fn a_conversation_is_about_what_people_say() {
    let mut hub = Hub::new(&[]);
    let said = message("m1", 1, "instagram", "in", &["igsid:9"], "I want to return the shoes");
    hub.happens("ig", 1, "message.received", Payload::Interaction(said));
    let about = |hub: &Hub| {
        let query = ConversationQuery { limit: 9, ..ConversationQuery::default() };
        read::conversations(&hub.store, node("ig", "igsid:9"), &query).unwrap().unwrap()[0].topic
    };
    assert_eq!(about(&hub), Some(Topic::Return), "by its words");
    for (minute, said, expected) in
        [(2, Some("delivery"), Some(Topic::Delivery)), (3, Some(""), None), (4, None, Some(Topic::Return))]
    {
        correct(&mut hub, minute, "m1", &[Corrected::Topic(said.map(str::to_owned))]);
        assert_eq!(about(&hub), expected, "{said:?}");
    }
}

const RULE: &str = r#"
rule: unhappy
mode: on
on: message.received
when: {all: [{field: interaction.sentiment.label, one_of: [negative, very_negative]}]}
then:
  - {id: ticket, do: desk.create_ticket, with: {subject: unhappy}}
"#;

#[test]
fn no_rule_is_asked_again_and_later_events_meet_the_corrected_message() {
    let mut hub = Hub::new(&[RULE]);
    assert_eq!(hub.tell(&praised("m1", 1)).rules_fired, 0);
    let command = plan_correction(&hub.store, plan("m1", &[sentiment("negative")]), at(2)).unwrap();
    assert_eq!(hub.command(2, command).rules_fired, 0);
    // The same message under an event of its own.
    let edited = event::Interaction { edited: true, ..interaction("m1") };
    let mut again = told("ig", 3, vec![event("message.received", 3, Payload::Interaction(edited))]);
    again.events[0].key = "another".into();
    assert_eq!(hub.tell(&again).rules_fired, 1);
}

#[test]
fn corrections_are_listed_with_what_was_found_and_who_says_what() {
    let mut hub = Hub::new(&[]);
    for minute in 1..=3 {
        hub.tell(&praised(&format!("m{minute}"), minute));
        correct(&mut hub, 10 + minute, &format!("m{minute}"), &[sentiment("negative")]);
    }
    correct(&mut hub, 20, "m1", &[Corrected::Topic(Some(String::new()))]);
    correct(&mut hub, 21, "m2", &[Corrected::Sentiment(None)]);
    let page = |before, limit| read::corrections(&hub.store, &CorrectionQuery { before, limit }).unwrap();
    let all = page(None, 9);
    let ids = |page: &read::CorrectionPage| -> Vec<String> {
        page.corrections.iter().map(|one| one.id.clone()).collect()
    };
    assert_eq!(
        (ids(&all), all.next),
        (vec!["m1".into(), "m3".into()], None),
        "of the second all is taken back"
    );
    let first = page(None, 1);
    assert_eq!((ids(&first), ids(&page(first.next, 1))), (vec!["m1".into()], vec!["m3".into()]));
    assert_eq!(
        serde_json::to_value(&all.corrections[0]).unwrap(),
        serde_json::json!({
            "connection": "ig", "id": "m1", "channel": "instagram", "sent_at": at(1).to_string(),
            "text": "oh great, broken again",
            "found": {"language": "en", "sentiment": "positive", "intents": ["thanks"], "topic": "product"},
            "said": {
                "sentiment": {"value": "negative", "by": "mia", "at": at(11).to_string()},
                "topic": {"value": "", "by": "mia", "at": at(20).to_string()},
            },
        })
    );
}

#[test]
fn the_facts_of_a_message_name_who_said_what() {
    let mut hub = Hub::new(&[]);
    hub.tell(&praised("m1", 1));
    correct(&mut hub, 5, "m1", &[sentiment("negative")]);
    let subject = Subject { kind: SubjectKind::Interaction, connection: "ig".into(), id: "m1".into() };
    let what = FactsOf::Thing(subject);
    let facts = read::facts(&hub.store, &what).unwrap().unwrap().facts;
    let fact = facts.iter().find(|fact| fact.field == "corrected.sentiment").unwrap();
    assert_eq!(fact.value, serde_json::json!({"value": "negative", "by": "mia"}));
    let command = words_on("ig", "m1", [Some("negative"), None], "mia", 5);
    let record =
        |seq, command: &Command| Sequenced { seq, at: at(6), record: Record::Command(command.clone()) };
    let said = read::said_by(&what, fact, &record(hub.seq, &command)).unwrap();
    assert_eq!((said.by.as_str(), said.at, said.learned_at), ("mia", at(5), at(6)));
    let of_another = words_on("ig", "m2", [Some("negative"), None], "mia", 5);
    for (seq, command) in [(hub.seq - 1, &command), (hub.seq, &of_another)] {
        assert_eq!(read::said_by(&what, fact, &record(seq, command)), None);
    }
}

#[test]
fn what_makes_no_sense_is_refused_in_words() {
    let mut hub = Hub::new(&[]);
    hub.tell(&praised("m1", 1));
    let refused =
        |says: &[Corrected]| plan_correction(&hub.store, plan("m1", says), at(2)).unwrap_err().to_string();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(refused(&[]), "nothing is said of what its finding should be");
    for language in ["german language", "d", "de_DE", "de-", "123"] {
        assert!(refused(&[Corrected::Language(text(language))]).contains("BCP 47"), "{language}");
    }
    assert!(refused(&[sentiment("sad")]).contains("very_negative"));
    assert!(refused(&[Corrected::Intents(Some(vec!["retrun".into()]))]).contains("return"));
    assert!(refused(&[Corrected::Topic(text("weather"))]).contains("is no topic"));
    let many = Corrected::Intents(Some(vec!["thanks".into(); 11]));
    assert_eq!(refused(&[many]), "at most 10 intents are kept of one interaction");
    for says in [
        Corrected::Language(text("pt-BR")),
        Corrected::Language(text("")),
        Corrected::Topic(text("product")),
        Corrected::Intents(Some(vec![])),
    ] {
        plan_correction(&hub.store, plan("m1", &[says]), at(2)).unwrap();
    }
    let unknown = plan_correction(&hub.store, plan("m9", &[sentiment("negative")]), at(2)).unwrap_err();
    assert!(matches!(unknown, CorrectionError::Unknown));
    let gone = event::Interaction { erased: true, ..interaction("m1") };
    hub.happens("ig", 3, "message.deleted", Payload::Interaction(gone));
    let forgotten = plan_correction(&hub.store, plan("m1", &[sentiment("negative")]), at(4)).unwrap_err();
    assert!(matches!(forgotten, CorrectionError::Forgotten));
}

/// A word that stands in no finding, so that it is looked for in bytes.
const SECRET: &str = "Secretintent";

#[test]
fn with_its_message_it_leaves_view_and_journal_and_the_audit_stays() {
    let says = |id: &str, minute| {
        Record::Command(words_on("ig", id, [Some("negative"), Some(SECRET)], "mia", minute))
    };
    for corrected_first in [false, true] {
        let mut journal = journal(&settings(&[]), std::iter::empty());
        if corrected_first {
            push(&mut journal, 1, says("wamid.9", 2));
        }
        journal.extend(records(&praised("wamid.9", 1), journal.len() as u64 + 1));
        journal.extend(records(&praised("m2", 2), journal.len() as u64 + 1));
        push(&mut journal, 3, says("wamid.9", 3));
        push(&mut journal, 3, Record::Command(words_on("ig", "m2", [Some("neutral"), None], "mia", 3)));
        let gone = event::Interaction { erased: true, ..interaction("wamid.9") };
        let gone = told("ig", 4, vec![event("message.deleted", 4, Payload::Interaction(gone))]);
        assert_eq!(names_in(&folded(&journal), SECRET), ["interaction"]);
        journal.extend(records(&gone, journal.len() as u64 + 1));
        // Somebody with an old page open.
        push(&mut journal, 5, says("wamid.9", 5));
        let store = folded(&journal);
        assert_eq!(names_in(&store, SECRET), [""; 0]);
        assert!(is_erasure_owed(&store).unwrap());
        let listed = read::corrections(&store, &CorrectionQuery { before: None, limit: 9 }).unwrap();
        assert_eq!(listed.corrections.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["m2"]);
        let head = verify_audit(&store, None).unwrap();
        let acts = audit(&store, None, 9).unwrap();
        let fields = vec!["sentiment".to_owned(), "intents".to_owned()];
        let act = Act::Corrected { interaction: InteractionId([7; 16]), fields };
        assert!(acts.iter().filter(|one| one.entry.act == act).count() >= 3, "{acts:?}");

        let journal = rewritten(journal);
        let told = |word: &str| {
            let holds = |bytes: &[u8]| bytes.windows(word.len()).any(|part| part == word.as_bytes());
            journal.iter().any(|record| holds(&record.record.encode()))
        };
        assert!(!told(SECRET) && !told("wamid.9"));
        assert!(told("m2") && told("neutral"), "another's word stays");
        let anew = folded(&journal);
        assert!(!is_erasure_owed(&anew).unwrap());
        assert_eq!(verify_audit(&anew, None).unwrap(), head, "the chain is as it was");
        assert_eq!(names_in(&anew, "wamid.9"), [""; 0]);
    }
}

#[test]
fn the_id_in_the_audit_is_the_same_for_one_message_and_says_nothing_without_the_salt() {
    let mut hub = Hub::new(&[]);
    hub.tell(&praised("m1", 1));
    hub.tell(&praised("m2", 1));
    let id = |hub: &Hub, message: &str, minute: i64| match plan_correction(
        &hub.store,
        plan(message, &[sentiment("negative")]),
        at(minute),
    )
    .unwrap()
    {
        Command::Correct(corrected) => corrected.interaction,
        other => panic!("{other:?}"),
    };
    assert_eq!(id(&hub, "m1", 2), id(&hub, "m1", 3));
    assert_ne!(id(&hub, "m1", 2), id(&hub, "m2", 2));
    let mut unsalted = settings(&[]);
    unsalted.salt = hub_model::Salt::default();
    let mut other = Hub::with(unsalted);
    other.tell(&praised("m1", 1));
    assert_ne!(id(&hub, "m1", 2), id(&other, "m1", 2));
}
