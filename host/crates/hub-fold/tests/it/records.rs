//! What the journal holds: reads back as written, refuses what a newer version wrote, and never panics.

use hub_fold::record::{
    AfterSetback, AskErasure, AskedFollowUp, Attempt, Chosen, Command, CorrectedMessage, Delivery, ErasureAt,
    Outcome, PluginState, Polled, Receipt, Record, RecordError, Reported, Role, Setback,
};
use hub_fold::row::Word;
use hub_fold::{NewToken, Scope};
use hub_model::event::{self, Note, Payload, Remark};
use hub_model::identity::{Judgement, Limits};
use hub_model::model::{Corrected, Finding, Intent};
use hub_model::{EffectId, FollowUpId, InteractionId, NodeId, TokenId};
use proptest::prelude::*;

use crate::support::events::{
    at, checkout, consent, customer, euros, event, interaction, item, level, line, loyalty_account,
    loyalty_entry, merge, named, order, survey, ticket,
};
use crate::support::settings;

fn reported() -> Reported {
    let who = || named(&["customer:1", "a@example.com?"], "Ana");
    let payloads = [
        Payload::Customer(customer(who())),
        Payload::Consent(consent(who(), "granted")),
        Payload::Order(event::Order {
            total: Some(euros(-5)),
            lines: Some(vec![line("mug", 1)]),
            extra: vec![("risk".into(), "low".into())],
            ..order("1")
        }),
        Payload::Checkout(checkout("c")),
        Payload::Interaction(event::Interaction { sent_at: Some(at(-1)), ..interaction("m") }),
        Payload::Ticket(ticket("t")),
        Payload::InventoryLevel(level("i", "l", -3)),
        Payload::InventoryItem(item("i", "mug")),
        Payload::LoyaltyAccount(loyalty_account("L", who(), 4)),
        Payload::LoyaltyEntry(loyalty_entry("L", "e", -4)),
        Payload::SurveyResponse(survey("s", who(), "good")),
        Payload::PersonMerge(merge("customer:1", "customer:2")),
        Payload::PrivacyRequest(event::PrivacyRequest {
            id: "p".into(),
            kind: "erase-customer".into(),
            who: Some(who()),
            orders: vec!["1".into()],
            extra: vec![],
        }),
        Payload::Other(event::Other { topic: "themes/publish".into(), extra: vec![] }),
    ];
    Reported {
        delivery: Some(4),
        connection: "shop".into(),
        connector: "shopify".into(),
        version: "1.2.3".into(),
        events: (0_i64..).zip(payloads).map(|(minute, payload)| event("any.name", minute, payload)).collect(),
        notes: vec![Note { path: "/a/0".into(), remark: Remark::Unknown, reason: "new field".into() }],
        findings: vec![(
            4,
            Finding {
                language: None,
                sentiment: "neutral".into(),
                score: 0,
                cues: vec![("x".into(), 1)],
                confidence: Some(60),
                method: Some("cues".into()),
                intents: vec![Intent {
                    name: "refund".into(),
                    confidence: 90,
                    evidence: vec!["refund".into()],
                }],
                topic: Some("refund".into()),
            },
        )],
    }
}

fn erase(systems: Vec<ErasureAt>) -> Record {
    let (by, reason) = ("mia".into(), "asked by letter".into());
    let account = NodeId([4; 16]);
    Record::Command(Command::Erase { account, by, reason, at: at(5), deliveries: vec![300, 7], systems })
}

fn word() -> Word {
    Word { at: at(7), by: "mia".into(), reason: "looked at".into() }
}

fn one_of_each() -> Vec<Record> {
    let effect = EffectId([3; 16]);
    let outcomes = [
        Outcome::Confirmed { reference: Some("T-1".into()), already_done: false },
        Outcome::RetryAt { at: at(3), reason: "busy".into(), uncertain: true },
        Outcome::Parked { reason: "no".into() },
        Outcome::Unknown { reason: "silence".into() },
        Outcome::Postponed { until: at(4), reason: "down".into(), uncertain: false },
    ];
    let mut all = vec![
        Record::Delivery(Delivery {
            connection: "shop".into(),
            connector: "shopify".into(),
            topic: Some("orders/paid".into()),
            headers: vec![("x-topic".into(), "orders/paid".into())],
            dedupe: [5; 16],
            body: vec![0, 159, 255],
        }),
        Record::Reported(reported()),
        Record::Setback(Setback {
            delivery: 1,
            attempt: 2,
            reason: "trap".into(),
            next: AfterSetback::RetryAt(at(1)),
        }),
        Record::Setback(Setback { delivery: 1, attempt: 3, reason: "trap".into(), next: AfterSetback::Park }),
        Record::Attempt(Attempt { effect, number: 1 }),
        Record::Settings(Box::new(settings(&["rule: x\n", "anything: at all"]))),
        Record::Command(Command::Redrive { delivery: 7 }),
        Record::Command(Command::RetryEffect { effect }),
        Record::Tick,
        Record::PluginState(PluginState {
            connection: "club".into(),
            values: vec![("cursor".into(), "9".into())],
        }),
        Record::Command(Command::PollFrom {
            connection: "shop".into(),
            stream: "orders".into(),
            since: Some(at(1)),
        }),
        Record::Command(Command::CloseRequest { connection: "shop".into(), id: "p".into() }),
        Record::Command(Command::FollowUp(AskedFollowUp {
            account: NodeId([4; 16]),
            id: FollowUpId([5; 16]),
            due: at(90),
            text: "ask whether it works".into(),
            until: Some("message.received".into()),
            by: "mia".into(),
            at: at(8),
        })),
        Record::Command(Command::CloseFollowUp {
            account: NodeId([4; 16]),
            id: FollowUpId([5; 16]),
            by: "tom".into(),
            at: at(9),
        }),
        Record::Command(Command::ReleaseEffects { chosen: Chosen::Rule("thanks".into()), word: word() }),
        Record::Command(Command::CancelEffects { chosen: Chosen::Effects(vec![effect]), word: word() }),
        Record::Command(Command::StopEffects(word())),
        Record::Command(Command::ResumeEffects(word())),
        Record::Command(Command::Correct(CorrectedMessage {
            interaction: InteractionId([6; 16]),
            place: Some(("ig".into(), "m1".into())),
            says: vec![
                Corrected::Language(Some("de".into())),
                Corrected::Sentiment(Some("negative".into())),
                Corrected::Intents(Some(vec!["return".into()])),
                Corrected::Topic(None),
            ],
            by: "mia".into(),
            at: at(9),
        })),
        Record::Command(Command::MakeToken(NewToken {
            id: TokenId([7; 16]),
            name: "grafana".into(),
            scopes: [Scope::Read].into(),
            hash: [8; 32],
            expires_at: at(99),
            by: "mia".into(),
            at: at(9),
        })),
        Record::Command(Command::RevokeToken { token: TokenId([7; 16]), word: word() }),
        Record::Command(Command::Judge {
            pairs: vec![
                (NodeId([1; 16]), NodeId([2; 16]), Judgement::Same),
                (NodeId([1; 16]), NodeId([3; 16]), Judgement::Apart),
                (NodeId([2; 16]), NodeId([3; 16]), Judgement::Open),
            ],
            by: "mia".into(),
            reason: "said so on the phone".into(),
            at: at(5),
        }),
        erase(vec![
            ErasureAt {
                connection: "shop".into(),
                object: "customer".into(),
                account: NodeId([4; 16]),
                ask: Some(AskErasure {
                    action: "erase".into(),
                    parameter: "customer_id".into(),
                    id: Some("7".into()),
                }),
            },
            ErasureAt {
                connection: "ig".into(),
                object: "igsid".into(),
                account: NodeId([5; 16]),
                ask: None,
            },
        ]),
        Record::Command(Command::CloseErasure {
            effect,
            by: "mia".into(),
            reason: "done by hand".into(),
            at: at(6),
        }),
        Record::Polled(Polled {
            stream: "orders".into(),
            cursor: Some("7|a".into()),
            more: true,
            reached: None,
            reported: Reported { delivery: None, ..reported() },
            beginning: Some(3),
        }),
    ];
    all.extend(outcomes.map(|outcome| Record::Receipt(Receipt { effect, number: 1, outcome })));
    all
}

#[test]
fn records_read_back_as_written() {
    for record in one_of_each() {
        assert_eq!(Record::decode(record.kind(), &record.encode()).unwrap(), record);
    }
}

/// Commands as the first version wrote them: an erasure ended in its deliveries.
#[test]
fn commands_of_version_1_still_read() {
    for record in one_of_each().into_iter().chain([erase(vec![])]) {
        let names_systems =
            matches!(&record, Record::Command(Command::Erase { systems, .. }) if !systems.is_empty());
        if !matches!(record, Record::Command(_)) || names_systems {
            continue;
        }
        let mut payload = record.encode();
        if matches!(record, Record::Command(Command::Erase { .. })) {
            assert_eq!(payload.pop(), Some(0), "the empty list of systems");
        }
        payload[0] = 1;
        assert_eq!(Record::decode(7, &payload).unwrap(), record);
        for length in 0..payload.len() {
            assert!(Record::decode(7, &payload[..length]).is_err(), "{length} bytes of {record:?}");
        }
    }
}

#[test]
fn actions_from_before_roles_do_work() {
    let mut json = serde_json::to_value(settings(&[])).unwrap();
    json["actions"][0].as_object_mut().unwrap().remove("role").unwrap();
    json["actions"][1]["role"] = serde_json::json!({"message": "email"});
    json["actions"][2]["role"] = serde_json::json!({"erase": "customer"});
    let Record::Settings(read) = Record::decode(6, &postcard_text(&json.to_string())).unwrap() else {
        panic!("settings")
    };
    let roles: Vec<Role> = read.actions.into_iter().take(3).map(|action| action.role).collect();
    assert_eq!(roles, [Role::Work, Role::Message("email".into()), Role::Erase("customer".into())]);
}

#[test]
fn settings_from_before_limits_were_settings_have_the_defaults() {
    let mut json = serde_json::to_value(settings(&[])).unwrap();
    assert!(json.as_object_mut().unwrap().remove("identity").is_some());
    let payload = postcard_text(&json.to_string());
    let Record::Settings(read) = Record::decode(6, &payload).unwrap() else { panic!("settings") };
    assert_eq!(read.identity, Limits::default());
    json["identity"] = serde_json::json!({"phone_unused_days_max": 90});
    let Record::Settings(read) = Record::decode(6, &postcard_text(&json.to_string())).unwrap() else {
        panic!("settings")
    };
    assert_eq!(read.identity, Limits { phone_unused_days_max: 90, ..Limits::default() });
}

/// A text as the journal has it, with its version.
fn postcard_text(text: &str) -> Vec<u8> {
    postcard::to_extend(text, vec![1]).unwrap()
}

#[test]
fn newer_versions_and_kinds_are_refused() {
    for record in one_of_each() {
        let mut payload = record.encode();
        payload[0] += 1;
        let newer = payload[0];
        assert!(
            matches!(Record::decode(record.kind(), &payload), Err(RecordError::Version(version)) if version == newer),
            "{record:?}"
        );
        assert!(matches!(Record::decode(99, &record.encode()), Err(RecordError::Kind(99))));
        assert!(matches!(Record::decode(record.kind(), &[]), Err(RecordError::Content(_))));
    }
}

/// A report as earlier versions of the journal had it. In version 1 its delivery was always there.
#[derive(serde::Serialize)]
struct EarlierReport<D> {
    delivery: D,
    connection: String,
    connector: String,
    version: String,
    events: Vec<event::Event>,
    notes: Vec<Note>,
    findings: Vec<(u32, SentimentOnly)>,
}

/// A finding before enrichers told intents.
#[derive(serde::Serialize)]
struct SentimentOnly {
    language: Option<String>,
    sentiment: String,
    score: i32,
    cues: Vec<(String, i32)>,
}

fn earlier<D>(delivery: D, now: &Reported) -> EarlierReport<D> {
    let finding = |(index, now): &(u32, Finding)| {
        let Finding { language, sentiment, score, cues, .. } = now.clone();
        (*index, SentimentOnly { language, sentiment, score, cues })
    };
    EarlierReport {
        delivery,
        connection: now.connection.clone(),
        connector: now.connector.clone(),
        version: now.version.clone(),
        events: now.events.clone(),
        notes: now.notes.clone(),
        findings: now.findings.iter().map(finding).collect(),
    }
}

/// What such a report is read as.
fn without_intents(mut now: Reported) -> Reported {
    for (_, finding) in &mut now.findings {
        let Finding { language, sentiment, score, cues, .. } = std::mem::take(finding);
        *finding = Finding { language, sentiment, score, cues, ..Finding::default() };
    }
    now
}

#[test]
fn a_report_of_version_1_still_reads() {
    let payload = postcard::to_extend(&earlier(4_u64, &reported()), vec![1]).unwrap();
    assert_eq!(Record::decode(2, &payload).unwrap(), Record::Reported(without_intents(reported())));
}

#[test]
fn a_report_of_version_2_still_reads() {
    let payload = postcard::to_extend(&earlier(Some(4_u64), &reported()), vec![2]).unwrap();
    assert_eq!(Record::decode(2, &payload).unwrap(), Record::Reported(without_intents(reported())));
}

#[test]
fn pages_of_earlier_versions_still_read() {
    let report = earlier(None::<u64>, &reported());
    let page = ("orders", Some("c2"), true, Some(at(9)), report);
    let payload = postcard::to_extend(&page, vec![1]).unwrap();
    let now = Polled {
        stream: "orders".into(),
        cursor: Some("c2".into()),
        more: true,
        reached: Some(at(9)),
        reported: Reported { delivery: None, ..without_intents(reported()) },
        beginning: None,
    };
    assert_eq!(Record::decode(9, &payload).unwrap(), Record::Polled(now.clone()));
    let payload = postcard::to_extend(&(page, Some(3_u32)), vec![2]).unwrap();
    assert_eq!(Record::decode(9, &payload).unwrap(), Record::Polled(Polled { beginning: Some(3), ..now }));
}

#[test]
fn no_beginning_of_a_record_is_a_record() {
    for record in one_of_each() {
        let payload = record.encode();
        for length in 0..payload.len() {
            assert!(
                Record::decode(record.kind(), &payload[..length]).is_err(),
                "{length} bytes of {record:?}"
            );
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(kind in 0_u8..12, mut payload in prop::collection::vec(any::<u8>(), 0..200), ours in any::<bool>()) {
        if ours && let Some(version) = payload.first_mut() {
            *version = 1;
        }
        if let Ok(record) = Record::decode(kind, &payload) {
            prop_assert_eq!(record.kind(), kind);
        }
    }

    #[test]
    fn no_flipped_byte_panics(which in 0_usize..16, place in any::<prop::sample::Index>(), to in any::<u8>()) {
        let records = one_of_each();
        let record = &records[which % records.len()];
        let mut payload = record.encode();
        let place = place.index(payload.len());
        payload[place] = to;
        if let Ok(read) = Record::decode(record.kind(), &payload) {
            prop_assert_eq!(read.kind(), record.kind());
        }
    }
}
