//! The whole model at once: every sort of event, pages and deliveries, what people say of customers and want done for
//! them, and what is to be forgotten. In whatever order it comes, how often and in what batches, it ends in one model
//! and in the same answers; what came later changes nothing of what was known; and an un-merge leaves nothing behind but
//! the words.

use std::collections::BTreeMap;

use hub_fold::read::{
    self, ConversationQuery, CorrectionQuery, FactView, FactsOf, FollowUpQuery, TimelineQuery,
};
use hub_fold::record::{AskedFollowUp, Command, Record};
use hub_fold::row::{Forgotten, NodeRow, Subject, SubjectKind};
use hub_fold::{Fold, Sequenced, model_digest, plan_merge, plan_unmerge, view_digest};
use hub_model::event::{self, Payload};
use hub_model::{FollowUpId, NodeId};
use hub_store::{MemoryStore, Order, Range, Store, Table};
use proptest::prelude::*;

use super::corrections::words_on;
use super::forgetting::{forgettings, fuller_days};
use super::judging::any_order::words;
use crate::support::events::{at, event, loyalty_account, loyalty_entry, order, party};
use crate::support::{Hub, Told, fold_into, journal, message, node, page, records, settings, told};

/// Something for the rules to do meanwhile. What rules do within the hub depends on when they hear of things.
const RULE: &str = r#"
rule: greet
mode: on
on: order.created
when: always
then:
  - {id: ticket, do: desk.create_ticket, with: {subject: "{{order.number}}"}}
limits: {once_per: customer}
"#;

/// What happens to a hub.
#[derive(Clone, Debug)]
enum Step {
    Tell(Told),
    Say(Command),
}

fn wanted(account: NodeId, mark: &str, due: i64, until: Option<&str>, when: i64) -> Command {
    let id = FollowUpId::of(account, "mia", mark);
    let (text, until) = (format!("ask about {mark} {due}"), until.map(str::to_owned));
    Command::FollowUp(AskedFollowUp {
        account,
        id,
        due: at(due),
        text,
        until,
        by: "mia".into(),
        at: at(when),
    })
}

fn done(account: NodeId, mark: &str, when: i64) -> Command {
    let id = FollowUpId::of(account, "mia", mark);
    Command::CloseFollowUp { account, id, by: "tom".into(), at: at(when) }
}

/// Wanted, changed, done and wanted again; at one moment too; for people who are forgotten and for nobody yet known.
fn follow_ups() -> Vec<Command> {
    let (shop, desk, ig) = (node("shop", "customer:1"), node("desk", "user:77"), node("ig", "igsid:9"));
    vec![
        wanted(shop, "mug", 100, None, 10),
        wanted(shop, "mug", 200, None, 11),
        wanted(shop, "mug", 150, None, 11),
        wanted(desk, "reply", 90, Some("message.received"), 9),
        wanted(desk, "reply", 95, Some("survey.answered"), 10),
        wanted(ig, "parcel", 80, Some("order.updated"), 3),
        done(ig, "parcel", 90),
        wanted(node("wa", "wa-id:4930901820"), "call", 70, None, 10),
        done(node("wa", "wa-id:4930901820"), "call", 12),
        wanted(node("wa", "wa-id:4930901820"), "call", 75, None, 14),
        done(desk, "never wanted", 5),
        wanted(NodeId([9; 16]), "nobody", 60, None, 4),
        wanted(node("shop", "guest-order:502"), "page", 60, None, 4),
    ]
}

/// What was said and denied, at one moment too; of messages that are deleted, forgotten or never heard of.
fn corrections() -> Vec<Command> {
    let (sad, glad) = ([Some("very_negative"), None], [Some("positive"), Some("thanks")]);
    vec![
        words_on("ig", "m1", sad, "mia", 30),
        words_on("ig", "m1", glad, "tom", 31),
        words_on("ig", "m1", [None, None], "mia", 31),
        words_on("ig", "m2", glad, "mia", 20),
        words_on("wa", "w1", sad, "mia", 9),
        words_on("wa", "w1", [None, None], "mia", 10),
        words_on("desk", "c1", glad, "tom", 5),
        words_on("desk", "c2", sad, "tom", 5),
        words_on("desk", "c3", sad, "tom", 6),
        words_on("shop", "nobody's", sad, "tom", 6),
    ]
}

/// Everything but what is to be forgotten.
fn story() -> Vec<Step> {
    let other = Payload::Other(event::Other { topic: "themes/publish".into(), extra: vec![] });
    let mut days = fuller_days();
    days.push(told("shop", 16, vec![event("other", 16, other)]));
    let said = words().into_iter().chain(follow_ups()).chain(corrections()).map(Step::Say);
    days.into_iter().map(Step::Tell).chain(said).collect()
}

fn journal_of<'a>(steps: impl Iterator<Item = (&'a Step, bool)>) -> Vec<Sequenced> {
    let mut journal = journal(&settings(&[RULE]), std::iter::empty());
    for (step, is_page) in steps {
        let seq = journal.len() as u64 + 1;
        match (step, is_page) {
            (Step::Tell(told), true) => journal.push(page(told, seq)),
            (Step::Tell(told), false) => journal.extend(records(told, seq)),
            (Step::Say(command), _) => {
                journal.push(Sequenced { seq, at: at(0), record: Record::Command(command.clone()) });
            }
        }
    }
    journal
}

fn folded(journal: &[Sequenced], sizes: &[usize]) -> MemoryStore {
    let store = MemoryStore::new();
    fold_into(&store, journal, sizes);
    store
}

/// What is answered about a customer.
fn answers_on(store: &dyn Store, id: NodeId) -> String {
    let mut card = read::customer(store, id).unwrap();
    if let Some(card) = &mut card {
        check_counted(card);
        // Whom they may be as well is what people's words change.
        card.suggestions.clear();
    }
    let talks = ConversationQuery { limit: 1_000, ..ConversationQuery::default() };
    let entries = TimelineQuery { limit: 1_000, ..TimelineQuery::default() };
    serde_json::to_string_pretty(&(
        card,
        read::context(store, id, at(120)).unwrap(),
        read::conversations(store, id, &talks).unwrap(),
        read::timeline(store, id, &entries).unwrap(),
    ))
    .unwrap()
}

/// What the timeline's rows say is open is what is open.
fn check_counted(card: &read::CustomerCard) {
    let open_orders = card.orders.iter().filter(|order| order.is_open).count() as u64;
    let open_tickets = card.tickets.iter().filter(|ticket| ticket.is_open).count() as u64;
    let summary = &card.summary;
    assert_eq!(
        (summary.open_orders, summary.orders, summary.open_tickets),
        (open_orders, card.orders.len() as u64, open_tickets),
        "counted of {}",
        summary.id
    );
}

/// What is answered about everybody.
fn answers(store: &dyn Store) -> Vec<String> {
    let people = read::customers(store, None, 1_000).unwrap();
    let mut answers: Vec<String> = people.iter().map(|one| answers_on(store, one.id)).collect();
    let query = FollowUpQuery { limit: 1_000, ..FollowUpQuery::default() };
    for account in accounts_of_somebody(store) {
        let events = read::events_of(store, account).unwrap();
        answers.push(events.iter().map(|(id, row, _)| format!("{account} {id} {}\n", row.name)).collect());
    }
    answers.push(serde_json::to_string_pretty(&read::follow_ups(store, &query).unwrap()).unwrap());
    answers.push(serde_json::to_string_pretty(&read::suggestions_all(store, None, 1_000).unwrap()).unwrap());
    answers.push(serde_json::to_string_pretty(&read::breaches(store, 1_000).unwrap()).unwrap());
    let query = CorrectionQuery { before: None, limit: 1_000 };
    let mut corrected = read::corrections(store, &query).unwrap().corrections;
    // They are listed as they are heard of.
    corrected.sort_by(|left, right| (&left.connection, &left.id).cmp(&(&right.connection, &right.id)));
    answers.push(serde_json::to_string_pretty(&corrected).unwrap());
    answers
}

/// Every account of a person who is not forgotten.
fn accounts_of_somebody(store: &dyn Store) -> Vec<NodeId> {
    let nodes = store.scan(Table::Node, Range::all(), Order::Ascending, usize::MAX).unwrap();
    let nodes = nodes.into_iter().map(|(id, row)| (NodeId(id.try_into().unwrap()), node_row(&row)));
    let of_somebody = |row: &NodeRow| row.key.is_account() && row.forgotten != Forgotten::Person;
    nodes.filter(|(_, row)| of_somebody(row)).map(|(id, _)| id).collect()
}

fn node_row(row: &[u8]) -> NodeRow {
    postcard::from_bytes(&row[1..]).unwrap()
}

/// Says where two lists of answers first differ.
fn check_same(left: &[String], right: &[String]) -> Result<(), TestCaseError> {
    let (left, right) = (left.concat(), right.concat());
    let [left, right]: [Vec<&str>; 2] = [left.lines().collect(), right.lines().collect()];
    let ends = left.len().max(right.len());
    let Some(first) = (0..ends).find(|line| left.get(*line) != right.get(*line)) else { return Ok(()) };
    let around = |lines: &[&str]| {
        let around = lines.iter().skip(first.saturating_sub(8)).take(12);
        around.fold(String::new(), |text, line| format!("{text}\n{line}"))
    };
    Err(TestCaseError::fail(format!("{}\nis not{}", around(&left), around(&right))))
}

/// Which of so many steps come, some of them again; whether as pages; and in what batches.
fn arrivals(steps: usize) -> impl Strategy<Value = (Vec<usize>, Vec<bool>, Vec<usize>)> {
    let order = prop::collection::vec(0..steps, 0..16)
        .prop_flat_map(move |again| Just((0..steps).chain(again).collect::<Vec<_>>()).prop_shuffle());
    (order, prop::collection::vec(any::<bool>(), 1..9), prop::collection::vec(1_usize..9, 1..5))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_in_whatever_order_ends_in_one_model_and_the_same_answers(
        asked in prop::sample::subsequence((0..forgettings().len()).collect::<Vec<_>>(), 0..=3),
        (order, pages, sizes) in arrivals(story().len() + 3),
    ) {
        let mut steps = story();
        let forgettings = forgettings();
        steps.extend(asked.iter().map(|one| Step::Tell(forgettings[*one].clone())));
        let straight = folded(&journal_of(steps.iter().map(|step| (step, false))), &[1]);
        let arriving = order.iter().filter_map(|place| steps.get(*place));
        let mixed = folded(&journal_of(arriving.zip(pages.iter().copied().cycle())), &sizes);
        check_same(&answers(&mixed), &answers(&straight))?;
        prop_assert_eq!(model_digest(&mixed).unwrap(), model_digest(&straight).unwrap());
    }

    #[test]
    fn what_comes_later_changes_nothing_of_what_was_known(
        (order, pages, sizes) in arrivals(story().len()),
        cut in any::<prop::sample::Index>(),
    ) {
        let steps = story();
        let arriving = order.iter().map(|place| &steps[*place]);
        let journal = journal_of(arriving.zip(pages.iter().copied().cycle()));
        let (before, after) = journal.split_at(cut.index(journal.len()) + 1);
        let store = folded(before, &sizes);
        let then = (model_digest(&store).unwrap(), view_digest(&store).unwrap(), answers(&store));
        let knew = all_facts(&store);

        // As of then, asked for when everything has come.
        let past = folded(before, &[before.len()]);
        prop_assert_eq!((model_digest(&past).unwrap(), view_digest(&past).unwrap(), answers(&past)), then);

        // And nothing that is known since says that it was known then, unless it was.
        fold_into(&store, after, &sizes);
        prop_assert_eq!(view_digest(&store).unwrap(), view_digest(&folded(&journal, &[7])).unwrap());
        let last = before.len() as u64;
        prop_assert!(knew.values().flatten().all(|fact| fact.learned.is_none_or(|learned| learned <= last)));
        for (what, facts) in all_facts(&store) {
            for fact in facts.into_iter().filter(|fact| fact.learned.is_some_and(|learned| learned <= last)) {
                let known = knew.get(&what).is_some_and(|known| known.contains(&fact));
                prop_assert!(known, "{} says of {}: {:?}", last, what, fact);
            }
        }
    }

    /// Any two customers of the shop, made one and parted again: of every row there is nothing is left but the words.
    #[test]
    fn un_merge_restores_every_row(
        (order, pages, sizes) in arrivals(story().len()),
        pick in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let steps = story();
        let arriving = order.iter().map(|place| &steps[*place]);
        let mut journal = journal_of(arriving.zip(pages.iter().copied().cycle()));
        let store = folded(&journal, &sizes);
        let people = read::customers(&store, None, 1_000).unwrap();
        let (left, right) = (pick.0.get(&people).id, pick.1.get(&people).id);
        prop_assume!(left != right);
        let (rows, told) = (rows(&store), [left, right].map(|id| answers_on(&store, id)));
        let theirs: Vec<NodeId> = accounts(&store, right);
        let mut say = |store: &MemoryStore, command: Command| {
            let seq = journal.len() as u64 + 1;
            journal.push(Sequenced { seq, at: at(0), record: Record::Command(command) });
            let last = journal.len() - 1;
            Fold::open(store).unwrap().apply(store, &journal[last..]).unwrap();
        };
        say(&store, plan_merge(&store, left, right).unwrap().into_command("mia", "one", at(500)));
        prop_assert_eq!(read::customer_id(&store, left).unwrap(), read::customer_id(&store, right).unwrap());
        say(&store, plan_unmerge(&store, left, &theirs).unwrap().into_command("tom", "two", at(501)));
        check_same(&[left, right].map(|id| answers_on(&store, id)), &told)?;
        prop_assert_eq!(self::rows(&store), rows);
    }
}

fn accounts(store: &MemoryStore, customer: NodeId) -> Vec<NodeId> {
    let accounts = read::accounts(store, customer).unwrap().unwrap();
    accounts.into_iter().map(|(account, _)| account).collect()
}

type Rows = BTreeMap<(&'static str, Vec<u8>), Vec<u8>>;

/// Every row of the view but people's words and who gave them.
fn rows(store: &MemoryStore) -> Rows {
    let mut rows = Rows::new();
    // What was done stays in the audit.
    for table in Table::ALL.iter().filter(|table| !matches!(table, Table::Meta | Table::Audit)) {
        for (key, value) in store.scan(*table, Range::all(), Order::Ascending, usize::MAX).unwrap() {
            let is_word = *table == Table::Annotation && key.starts_with(b"j");
            if is_word || (*table == Table::Setting && key == b"audit-head") {
                continue;
            }
            let value = match *table == Table::Node {
                true => {
                    let mut row = node_row(&value);
                    row.judged.clear();
                    postcard::to_stdvec(&row).unwrap()
                }
                false => value,
            };
            rows.insert((table.name(), key), value);
        }
    }
    rows
}

const THINGS: [(SubjectKind, Table); 6] = [
    (SubjectKind::Order, Table::Order),
    (SubjectKind::Checkout, Table::Checkout),
    (SubjectKind::Interaction, Table::Interaction),
    (SubjectKind::Ticket, Table::Ticket),
    (SubjectKind::Survey, Table::Survey),
    (SubjectKind::LoyaltyAccount, Table::LoyaltyAccount),
];

/// The facts of every thing and every profile.
fn all_facts(store: &MemoryStore) -> BTreeMap<String, Vec<FactView>> {
    let mut all = BTreeMap::new();
    for (kind, table) in THINGS {
        for (row_key, _) in store.scan(table, Range::all(), Order::Ascending, usize::MAX).unwrap() {
            let row_key = String::from_utf8(row_key).unwrap();
            let (connection, id) = row_key.split_once('\0').unwrap();
            let subject = Subject { kind, connection: connection.to_owned(), id: id.to_owned() };
            let facts = read::facts(store, &FactsOf::Thing(subject)).unwrap();
            all.extend(facts.map(|facts| (format!("{kind:?} {row_key}"), facts.facts)));
        }
    }
    for customer in read::customers(store, None, 1_000).unwrap() {
        let profiles = read::profile_facts(store, customer.id).unwrap().unwrap();
        all.extend(profiles.into_iter().map(|(account, facts)| (account.to_string(), facts.facts)));
    }
    all
}

#[test]
fn there_is_something_to_compare() {
    let store = folded(&journal_of(story().iter().map(|step| (step, false))), &[5]);
    let answers = answers(&store);
    assert!(answers.len() > 8, "{}", answers.len());
    let all = all_facts(&store);
    assert!(all.len() > 12, "{:?}", all.keys());
    let open = &answers[answers.len() - 4];
    assert!(open.contains("ask about mug 200") && open.contains("ask about call 75"), "{open}");
    assert!(!open.contains("ask about reply") && !open.contains("nobody"), "{open}");
    let corrected = &answers[answers.len() - 1];
    assert!(["m1", "c2", "nobody's"].iter().all(|id| corrected.contains(id)), "{corrected}");
    assert!(!["m2", "w1"].iter().any(|id| corrected.contains(&format!("{id:?}"))), "{corrected}");
}

#[test]
fn a_timeline_with_everything_in_it_is_whole_in_pages() {
    let store = folded(&journal_of(story().iter().map(|step| (step, false))), &[5]);
    let mut kinds = std::collections::BTreeSet::new();
    for customer in read::customers(&store, None, 1_000).unwrap() {
        let page = |limit, after| {
            let query = TimelineQuery { limit, after, ..TimelineQuery::default() };
            read::timeline(&store, customer.id, &query).unwrap().unwrap()
        };
        let whole = page(1_000, None).entries;
        kinds.extend(whole.iter().map(|entry| entry.kind));
        let mut paged = Vec::new();
        let mut after = None;
        loop {
            let page = page(3, after);
            paged.extend(page.entries);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(paged, whole);
    }
    assert_eq!(kinds.len(), 12, "{kinds:?}");
}

#[test]
fn what_happened_before_and_was_told_later_was_not_known_then() {
    let who = || party(&["customer:1", "ana@example.com"]);
    let said = |id: &str, minute| {
        let said = message(id, minute, "web", "in", &["customer:1"], id);
        event("message.received", minute, Payload::Interaction(said))
    };
    let noted = |note: &str, minute| {
        let order = event::Order { note: Some(note.into()), buyer: Some(who()), ..order("1") };
        event("order.updated", minute, Payload::Order(order))
    };
    let tellings = [
        told("shop", 10, vec![said("second", 9), noted("newer", 9)]),
        told("shop", 20, vec![said("first", 1), noted("older", 1)]),
    ];
    let journal = journal(&settings(&[]), tellings.iter());
    let view = |records: usize| {
        let store = folded(&journal[..records], &[2]);
        let entries =
            TimelineQuery { kinds: vec![SubjectKind::Interaction], limit: 9, ..TimelineQuery::default() };
        let page = read::timeline(&store, node("shop", "customer:1"), &entries).unwrap().unwrap();
        let order =
            FactsOf::Thing(Subject { kind: SubjectKind::Order, connection: "shop".into(), id: "1".into() });
        let facts = read::facts(&store, &order).unwrap().unwrap().facts;
        let note = facts.into_iter().find(|fact| fact.field == "note").unwrap();
        (page.entries.into_iter().map(|entry| entry.id).collect::<Vec<_>>(), note)
    };
    let (then, known_then) = view(3);
    assert_eq!(then, ["second"]);
    // What it happened with stands in its own time, and what is newer stays as it was learned.
    let (now, known_now) = view(5);
    assert_eq!(now, ["second", "first"]);
    assert_eq!((known_now.value.as_str(), known_now.learned), (Some("newer"), Some(3)));
    assert_eq!(known_now, known_then);
}

#[test]
fn events_are_whoever_s_their_thing_is_however_late_that_is_told() {
    let noted = |buyer: Option<&str>, minute| {
        let order = event::Order { buyer: buyer.map(|buyer| party(&[buyer])), ..order("1") };
        event("order.updated", minute, Payload::Order(order))
    };
    let mut hub = Hub::new(&[]);
    let events = |hub: &Hub, id: &str| -> Vec<(String, Option<NodeId>)> {
        let events = read::events_of(&hub.store, node("shop", id)).unwrap();
        events.into_iter().map(|(_, row, _)| (row.happened_at.to_string(), row.account)).collect()
    };
    let of = |id: &str, minutes: &[i64]| -> Vec<(String, Option<NodeId>)> {
        minutes.iter().map(|minute| (at(*minute).to_string(), Some(node("shop", id)))).collect()
    };
    hub.tell(&told("shop", 1, vec![noted(None, 1)]));
    hub.tell(&told("shop", 2, vec![noted(None, 2), noted(Some("customer:1"), 3), noted(None, 4)]));
    assert_eq!(events(&hub, "customer:1"), of("customer:1", &[1, 2, 3, 4]));
    hub.tell(&told("shop", 5, vec![noted(Some("customer:2"), 5)]));
    assert_eq!(events(&hub, "customer:1"), []);
    assert_eq!(events(&hub, "customer:2"), of("customer:2", &[1, 2, 3, 4, 5]));
    // One told late of whose it was once.
    hub.tell(&told("shop", 6, vec![noted(Some("customer:1"), 0)]));
    assert_eq!(events(&hub, "customer:2"), of("customer:2", &[0, 1, 2, 3, 4, 5]));
    // Entries of a loyalty account that nobody had heard of.
    let entry = |id: &str| Payload::LoyaltyEntry(loyalty_entry("L1", id, 5));
    hub.happens("shop", 7, "loyalty.earned", entry("e1"));
    let account = loyalty_account("L1", party(&["customer:3"]), 5);
    hub.happens("shop", 8, "loyalty.enrolled", Payload::LoyaltyAccount(account));
    assert_eq!(events(&hub, "customer:3"), of("customer:3", &[7, 8]));
}
