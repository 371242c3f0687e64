//! What is to be done for customers later: wanted, changed, done, ended by what happens; merged, parted and forgotten.

use hub_fold::read::{
    self, Details, FollowUpPage, FollowUpPlace, FollowUpQuery, FollowUpState, FollowUpTurn, TimelineQuery,
    deliveries_to_erase,
};
use hub_fold::record::{AskedFollowUp, Command, Record};
use hub_fold::row::SubjectKind;
use hub_fold::{
    FollowUpError, FollowUpPlan, Sequenced, TEXT_CHARS_MAX, is_erasure_owed, plan_close, plan_follow_up,
    plan_merge, plan_postpone, plan_unmerge,
};
use hub_model::event::{self, Payload};
use hub_model::{FollowUpId, NodeId, Timestamp};
use hub_store::{MemoryStore, Order, Range, Store, Table};

use crate::support::events::{at, customer, named};
use crate::support::rewriting::rewritten;
use crate::support::{Hub, fold_into, journal, message, node, settings, told};

fn ana() -> NodeId {
    node("shop", "customer:1")
}

fn ben() -> NodeId {
    node("shop", "customer:2")
}

/// Ana of shop and desk, and Ben.
fn hub() -> Hub {
    let mut hub = Hub::new(&[]);
    let told: [(&'static str, &[&str], &str); 3] = [
        ("shop", &["customer:1", "ana@example.com"], "Ana"),
        ("desk", &["user:1", "ana@example.com"], "Ana"),
        ("shop", &["customer:2", "ben@example.com"], "Ben"),
    ];
    for (minute, (connection, keys, name)) in (1_i64..).zip(told) {
        hub.happens(connection, minute, "customer.created", Payload::Customer(customer(named(keys, name))));
    }
    hub
}

fn plan(customer: NodeId, mark: &str, due: i64, until: Option<&str>) -> FollowUpPlan {
    let (text, until) = (format!("ask about {mark}"), until.map(str::to_owned));
    FollowUpPlan { customer, mark: mark.into(), due: at(due), text, until, by: "mia".into() }
}

fn want(hub: &mut Hub, minute: i64, plan: FollowUpPlan) -> FollowUpId {
    let (id, command) = plan_follow_up(&hub.store, plan, at(minute)).unwrap();
    hub.command(minute, command);
    id
}

fn state(hub: &Hub, id: FollowUpId) -> FollowUpState {
    read::follow_up(&hub.store, id).unwrap().unwrap().state
}

fn page(hub: &Hub, due_by: Option<i64>, after: Option<FollowUpPlace>, limit: usize) -> FollowUpPage {
    read::follow_ups(&hub.store, &FollowUpQuery { due_by: due_by.map(at), after, limit }).unwrap()
}

fn open(hub: &Hub) -> Vec<String> {
    page(hub, None, None, 100).follow_ups.into_iter().map(|one| one.text).collect()
}

/// What the card of a customer says is to be done, and whether it should have been.
fn on_card(hub: &Hub, id: NodeId, minute: i64) -> Vec<(String, bool)> {
    let card = read::context(&hub.store, id, at(minute)).unwrap().unwrap();
    card.follow_ups.into_iter().map(|owed| (owed.follow_up.text, owed.overdue)).collect()
}

fn writes(hub: &mut Hub, minute: i64, who: &str) {
    let said = message(&format!("m{minute}"), minute, "web", "in", &[who], "it works");
    hub.happens("desk", minute, "message.received", Payload::Interaction(said));
}

#[test]
fn a_person_wants_it_changes_it_and_does_it() {
    let mut hub = hub();
    let id = want(&mut hub, 10, plan(node("desk", "user:1"), "set-up", 100, None));
    let card = |minute| on_card(&hub, ana(), minute);
    assert_eq!(card(99), [("ask about set-up".to_owned(), false)]);
    assert_eq!(card(100), [("ask about set-up".to_owned(), true)]);
    assert_eq!(on_card(&hub, ben(), 100), []);

    // The same again is a change, by whatever id the customer is named.
    let (again, change) = plan_follow_up(&hub.store, plan(ana(), "set-up", 50, None), at(5)).unwrap();
    assert_eq!(again, id);
    hub.command(11, change);
    let known = read::follow_up(&hub.store, id).unwrap().unwrap();
    assert_eq!((known.due, known.made_at, known.by.as_str()), (at(50), at(10), "mia"));

    hub.command(20, plan_close(&hub.store, id, "tom", at(20)).unwrap());
    assert_eq!(state(&hub, id), FollowUpState::Done { by: "tom".into(), at: at(20) });
    assert_eq!((on_card(&hub, ana(), 100), open(&hub)), (vec![], vec![]));
    hub.command(21, plan_postpone(&hub.store, id, at(300), "tom", at(21)).unwrap());
    assert_eq!(open(&hub), ["ask about set-up"]);

    let query = TimelineQuery { limit: 9, kinds: vec![SubjectKind::FollowUp], ..TimelineQuery::default() };
    let lines = |hub: &Hub| -> Vec<(Timestamp, String, FollowUpTurn)> {
        let entries = read::timeline(&hub.store, ana(), &query).unwrap().unwrap().entries;
        let line = |entry: read::TimelineEntry| match entry.details {
            Details::FollowUp(news) => (entry.at, entry.summary, news.turn),
            other => panic!("{other:?}"),
        };
        entries.into_iter().map(line).collect()
    };
    let wanted = (at(10), format!("to follow up by {}: ask about set-up", at(300)), FollowUpTurn::Wanted);
    assert_eq!(lines(&hub), std::slice::from_ref(&wanted));
    hub.command(22, plan_close(&hub.store, id, "tom", at(22)).unwrap());
    assert_eq!(
        lines(&hub),
        [(at(22), "followed up: ask about set-up".to_owned(), FollowUpTurn::Ended), wanted]
    );
}

#[test]
fn what_happens_ends_it_whenever_it_is_told_and_whoever_they_have_become() {
    let mut hub = hub();
    let until = Some("message.received");
    writes(&mut hub, 9, "user:1");
    let id = want(&mut hub, 10, plan(ana(), "reply", 100, until));
    assert_eq!(state(&hub, id), FollowUpState::Open, "what was said before ends nothing");
    let bens = want(&mut hub, 10, plan(ben(), "reply", 90, until));
    writes(&mut hub, 30, "user:1");
    let FollowUpState::Happened { at: when, name, .. } = state(&hub, id) else {
        panic!("{:?}", state(&hub, id))
    };
    assert_eq!((when, name.as_str()), (at(30), "message.received"));
    assert_eq!(open(&hub), ["ask about reply"], "Ben's");
    let query = TimelineQuery { limit: 1, kinds: vec![SubjectKind::FollowUp], ..TimelineQuery::default() };
    let entry = &read::timeline(&hub.store, ana(), &query).unwrap().unwrap().entries[0];
    assert_eq!(entry.summary, "no follow-up needed after message.received: ask about reply");
    // One that is told later but happened before.
    writes(&mut hub, 20, "user:1");
    assert!(matches!(state(&hub, id), FollowUpState::Happened { at: when, .. } if when == at(20)));

    // Ben turns out to be Ana, and not to be after all.
    let merge = plan_merge(&hub.store, ana(), ben()).unwrap().into_command("mia", "same", at(40));
    hub.command(40, merge);
    assert!(matches!(state(&hub, bens), FollowUpState::Happened { .. }));
    assert_eq!(open(&hub), [""; 0]);
    let parted = plan_unmerge(&hub.store, ana(), &[ben()]).unwrap().into_command("mia", "not", at(41));
    hub.command(41, parted);
    assert_eq!(state(&hub, bens), FollowUpState::Open);
    assert_eq!(on_card(&hub, ben(), 95), [("ask about reply".to_owned(), true)]);
    // Wanted again after it happened.
    hub.command(42, plan_postpone(&hub.store, id, at(200), "mia", at(42)).unwrap());
    assert_eq!(state(&hub, id), FollowUpState::Open);
}

#[test]
fn what_is_to_be_done_comes_first_due_first_in_pages() {
    let mut hub = hub();
    for (minute, mark) in (0..7).zip(["c", "a", "d", "b", "g", "e", "f"]) {
        let due = i64::from(mark.as_bytes()[0]);
        let who = if minute % 2 == 0 { ana() } else { ben() };
        let until = (mark == "d").then_some("message.received");
        want(&mut hub, 10 + minute, plan(who, mark, due, until));
    }
    writes(&mut hub, 30, "user:1");
    let texts = |page: &FollowUpPage| -> String {
        page.follow_ups.iter().map(|one| one.text.trim_start_matches("ask about ")).collect()
    };
    let mut seen = String::new();
    let mut after = None;
    loop {
        let page = page(&hub, None, after, 2);
        assert!(page.follow_ups.len() <= 2);
        seen.push_str(&texts(&page));
        let Some(next) = page.next else { break };
        after = Some(next.to_string().parse().unwrap());
    }
    assert_eq!(seen, "abcefg", "one was ended by what happened");
    assert_eq!(texts(&page(&hub, Some(i64::from(b'e')), None, 100)), "abce");
    assert_eq!(texts(&page(&hub, Some(i64::from(b'a') - 1), None, 100)), "");
    assert_eq!(page(&hub, None, None, 0), FollowUpPage { follow_ups: vec![], next: None });
    for text in ["", "x", "2026-05-04T09:00:00Z", "2026-05-04T09:00:00Z_cus_00", "never_fup_00"] {
        assert!(text.parse::<FollowUpPlace>().is_err(), "{text:?}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_in_words() {
    let mut hub = hub();
    let refused = |plan| plan_follow_up(&hub.store, plan, at(10)).unwrap_err();
    assert!(matches!(refused(plan(NodeId([7; 16]), "x", 1, None)), FollowUpError::UnknownCustomer(_)));
    assert!(matches!(
        refused(FollowUpPlan { text: "  ".into(), ..plan(ana(), "x", 1, None) }),
        FollowUpError::Empty
    ));
    let long = FollowUpPlan { text: "ä".repeat(TEXT_CHARS_MAX + 1), ..plan(ana(), "x", 1, None) };
    assert_eq!(
        refused(long).to_string(),
        "what is to be done takes 1001 characters, and at most 1000 are kept"
    );
    let nobodys = FollowUpId([3; 16]);
    assert!(
        matches!(plan_close(&hub.store, nobodys, "mia", at(1)), Err(FollowUpError::Unknown(id)) if id == nobodys)
    );
    assert!(matches!(
        plan_postpone(&hub.store, nobodys, at(1), "mia", at(1)),
        Err(FollowUpError::Unknown(_))
    ));
    let long = FollowUpPlan { text: "ä".repeat(TEXT_CHARS_MAX), ..plan(ana(), "x", 1, Some(" ")) };
    let id = want(&mut hub, 10, long);
    assert_eq!(read::follow_up(&hub.store, id).unwrap().unwrap().until, None);
    // A clock that went back undoes nothing.
    hub.command(3, plan_close(&hub.store, id, "mia", at(3)).unwrap());
    assert!(matches!(state(&hub, id), FollowUpState::Done { .. }));
}

const SECRET: &str = "Secretword";

fn holds(store: &MemoryStore, word: &str) -> Vec<&'static str> {
    let holds = |table: &&Table| {
        let rows = store.scan(**table, Range::all(), Order::Ascending, usize::MAX).unwrap();
        rows.iter().any(|(_, row)| row.windows(word.len()).any(|window| window == word.as_bytes()))
    };
    Table::ALL.iter().filter(holds).map(|table| table.name()).collect()
}

fn push(journal: &mut Vec<Sequenced>, minute: i64, record: Record) {
    let seq = journal.len() as u64 + 1;
    journal.push(Sequenced { seq, at: at(minute), record });
}

fn folded(journal: &[Sequenced]) -> MemoryStore {
    let store = MemoryStore::new();
    fold_into(&store, journal, &[3]);
    store
}

#[test]
fn of_whoever_is_forgotten_it_leaves_view_and_journal() {
    let who = |id: &str, name: &str| Payload::Customer(customer(named(&[id], name)));
    let tellings = [
        told("shop", 1, vec![crate::support::events::event("customer.created", 1, who("customer:1", "Ana"))]),
        told("shop", 2, vec![crate::support::events::event("customer.created", 2, who("customer:2", "Ben"))]),
    ];
    let mut journal = journal(&settings(&[]), tellings.iter());
    let asked = |account: NodeId, mark: &str, text: &str, when: i64| {
        let id = FollowUpId::of(account, "mia", mark);
        let (text, by) = (text.to_owned(), "mia".to_owned());
        let asked = AskedFollowUp { account, id, due: at(90), text, until: None, by, at: at(when) };
        Record::Command(Command::FollowUp(asked))
    };
    push(&mut journal, 3, asked(ana(), "a", SECRET, 3));
    push(&mut journal, 4, asked(ana(), "a", &format!("{SECRET} again"), 4));
    push(&mut journal, 5, asked(ben(), "b", "ask Ben", 5));
    push(&mut journal, 6, asked(ana(), "a", SECRET, 3));
    let close = Command::CloseFollowUp {
        account: ana(),
        id: FollowUpId::of(ana(), "mia", "c"),
        by: "tom".into(),
        at: at(6),
    };
    push(&mut journal, 6, Record::Command(close));
    let first_wanted = journal.len() as u64 - 4;
    let store = folded(&journal);
    assert_eq!(holds(&store, SECRET), ["follow_up"]);
    assert!(!is_erasure_owed(&store).unwrap());

    let (by, reason) = ("operator".into(), "asked by letter".into());
    let erase =
        Command::Erase { account: ana(), by, reason, at: at(20), deliveries: vec![], systems: vec![] };
    push(&mut journal, 20, Record::Command(erase));
    // Somebody with an old page open.
    push(&mut journal, 20, asked(ana(), "d", SECRET, 20));
    let store = folded(&journal);
    assert_eq!(holds(&store, SECRET), [""; 0]);
    let open = read::follow_ups(&store, &FollowUpQuery { limit: 9, ..FollowUpQuery::default() }).unwrap();
    assert_eq!(open.follow_ups.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(), ["ask Ben"]);
    assert_eq!(read::follow_up(&store, FollowUpId::of(ana(), "mia", "a")).unwrap(), None);
    assert!(matches!(
        plan_follow_up(&store, FollowUpPlan { customer: ana(), ..plan(ana(), "x", 9, None) }, at(21)),
        Err(FollowUpError::Forgotten)
    ));
    let owed: Vec<u64> = deliveries_to_erase(&store, 100).unwrap().iter().map(|owed| owed.report).collect();
    let of_follow_ups = [0, 1, 3, 6].map(|after| first_wanted + after);
    assert!(of_follow_ups.iter().all(|seq| owed.contains(seq)), "{owed:?}");
    assert!(!owed.contains(&(first_wanted + 2)), "Ben's stays: {owed:?}");
    let journal = rewritten(journal);
    let bytes: Vec<u8> = journal.iter().flat_map(|record| record.record.encode()).collect();
    assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));

    let anew = folded(&journal);
    assert_eq!(rows(&anew), rows(&store), "as before the journal lost the words");
    assert!(!is_erasure_owed(&anew).unwrap());
}

fn rows(store: &MemoryStore) -> Vec<hub_store::Row> {
    store.scan(Table::FollowUp, Range::all(), Order::Ascending, usize::MAX).unwrap()
}

#[test]
fn a_deleted_profile_keeps_what_is_to_be_done() {
    let mut hub = hub();
    want(&mut hub, 10, plan(ana(), "refund", 90, None));
    let gone = event::Customer { deleted: true, ..customer(named(&["customer:1"], "Ana")) };
    hub.happens("shop", 11, "customer.deleted", Payload::Customer(gone));
    assert_eq!(open(&hub), ["ask about refund"]);
}
