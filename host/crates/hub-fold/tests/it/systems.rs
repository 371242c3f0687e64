//! Forgetting elsewhere: systems are asked by effects, named to people where they cannot be asked, and the ids they are
//! asked with go once they have answered.

use hub_fold::read::{self, EffectQuery, deliveries_to_erase};
use hub_fold::record::{
    ActionRoute, AskErasure, Attempt, Command, ErasureAt, Outcome, Receipt, Record, Role, Settings,
};
use hub_fold::{
    ActiveSettings, ErasureState, Sequenced, SystemErasure, Verdict, asked_erasures, effects_due,
    is_erasure_owed, sift_command, systems_of, view_digest,
};
use hub_model::event::{self, Payload};
use hub_model::{EffectId, NodeId};
use hub_rules::{ActionSpec, Bounds, Changes, FieldKind, Grade, ParamSpec, Takes};
use hub_store::{Order, Range, Store, Table};

use crate::privacy::{asks, request};
use crate::support::events::{at, customer, event, named, order, party};
use crate::support::rewriting::{folded, push, rewritten};
use crate::support::{Hub, fold_into, journal, node, settings, told};

/// Connectors of shop, desk and club can erase.
pub(crate) fn erasing_settings(rules: &[&str]) -> Settings {
    let mut settings = settings(&[]);
    let parameter =
        ParamSpec { kind: FieldKind::Text, required: true, help: String::new(), takes: Takes::Any };
    let erasing = [
        ("shop", "customer", Some("customer_id")),
        ("desk", "user", Some("user")),
        ("club", "loyalty-customer", None),
    ];
    for (connection, object, target) in erasing {
        let name = format!("{connection}.erase_person");
        // Rules need not know of an action that none of them may ask for.
        if let Some(target) = target {
            let params = [(target.to_owned(), parameter.clone())].into();
            let spec = ActionSpec {
                params,
                grade: Grade::Keyed,
                channel: None,
                about: None,
                changes: Changes::default(),
                bounds: Bounds::default(),
                help: String::new(),
            };
            settings.catalogue.actions.insert(name.clone(), spec);
        }
        settings.actions.push(ActionRoute {
            name,
            connection: connection.into(),
            action: "erase-person".into(),
            target: target.map(str::to_owned),
            role: Role::Erase(object.into()),
        });
    }
    settings.rules = rules.iter().map(|rule| ("rule.yaml".to_owned(), (*rule).to_owned())).collect();
    settings
}

/// Ana at shop, desk, club and WhatsApp, with a guest's order; and Ben.
fn hub_of(rules: &[&str]) -> Hub {
    let mut hub = Hub::with(erasing_settings(rules));
    let accounts: [(&'static str, &[&str]); 6] = [
        ("shop", &["customer:s-1", "ana@example.com", "+4930901820"]),
        ("shop", &["guest-order:900", "ana@example.com"]),
        ("desk", &["user:d-1", "ana@example.com"]),
        ("club", &["loyalty-customer:c_1", "+4930901820"]),
        ("wa", &["wa-id:w1", "+4930901820"]),
        ("shop", &["customer:s-2", "ben@example.com"]),
    ];
    for (minute, (connection, ids)) in (1_i64..).zip(accounts) {
        let who = Payload::Customer(customer(named(ids, "Somebody")));
        hub.happens(connection, minute, "customer.created", who);
    }
    hub
}

fn ana() -> NodeId {
    node("shop", "customer:s-1")
}

fn asked_at(store: &dyn Store, customer: NodeId) -> Vec<ErasureAt> {
    let active = ActiveSettings::new(&hub_fold::settings(store).unwrap().unwrap()).unwrap();
    systems_of(store, &active, customer).unwrap().expect("somebody")
}

fn erase(hub: &mut Hub, minute: i64, account: NodeId) -> u64 {
    let systems = asked_at(&hub.store, account);
    let (by, reason) = ("mia".into(), "asked by letter".into());
    let erase = Command::Erase { account, by, reason, at: at(minute), deliveries: vec![], systems };
    hub.command(minute, erase);
    hub.seq
}

fn receipt_of(store: &dyn Store) -> Vec<SystemErasure> {
    asked_erasures(store).unwrap().remove(0).systems
}

fn there(store: &dyn Store, connection: &str) -> SystemErasure {
    let mut all = receipt_of(store).into_iter();
    all.find(|one| one.connection == connection && one.object != "guest-order").expect("it is in the receipt")
}

fn perform(hub: &mut Hub, minute: i64, effect: EffectId, number: u32, outcome: Outcome) {
    hub.record(minute, Record::Attempt(Attempt { effect, number }));
    hub.record(minute, Record::Receipt(Receipt { effect, number, outcome }));
}

fn done(reference: &str) -> Outcome {
    Outcome::Confirmed { reference: Some(reference.into()), already_done: false }
}

fn close(hub: &mut Hub, minute: i64, effect: EffectId) {
    let (by, reason) = ("tom".into(), "done by hand".into());
    hub.command(minute, Command::CloseErasure { effect, by, reason, at: at(minute) });
}

#[test]
fn every_account_of_a_customer_is_asked_for_or_left_to_a_person() {
    let hub = hub_of(&[]);
    let mut systems = asked_at(&hub.store, node("desk", "user:d-1"));
    systems.sort_by_key(|one| (one.connection.clone(), one.object.clone()));
    let shown = systems.iter().map(|one| {
        let ask = one.ask.as_ref().map(|ask| (ask.parameter.as_str(), ask.id.as_deref()));
        (one.connection.as_str(), one.object.as_str(), ask)
    });
    let expected = [
        ("club", "loyalty-customer", Some(("customer_id", Some("c_1")))),
        ("desk", "user", Some(("user", Some("d-1")))),
        ("shop", "customer", Some(("customer_id", Some("s-1")))),
        ("shop", "guest-order", None),
        ("wa", "wa-id", None),
    ];
    assert_eq!(shown.collect::<Vec<_>>(), expected);
    assert!(systems.iter().all(|one| one.ask.as_ref().is_none_or(|ask| ask.action == "erase-person")));
    let active = ActiveSettings::new(&erasing_settings(&[])).unwrap();
    assert_eq!(systems_of(&hub.store, &active, NodeId([9; 16])).unwrap(), None);
}

#[test]
fn whoever_is_forgotten_already_cannot_be_asked_for() {
    let mut hub = hub_of(&[]);
    hub.tell(&asks("shop", 10, request("erase-customer", &["customer:s-2"], &[])));
    assert_eq!(asked_at(&hub.store, node("shop", "customer:s-2")), []);
}

#[test]
fn systems_are_asked_and_answer() {
    let mut hub = hub_of(&[]);
    let command = erase(&mut hub, 20, ana());
    let state = |hub: &Hub, name: &str| there(&hub.store, name).state;
    let due: Vec<EffectId> = effects_due(&hub.store, 9).unwrap().into_iter().map(|(_, id)| id).collect();
    assert_eq!(due.len(), 3);
    for (connection, name, id, grade) in [
        ("shop", "customer_id", "s-1", Grade::Keyed),
        ("desk", "user", "d-1", Grade::Keyed),
        ("club", "customer_id", "c_1", Grade::Natural),
    ] {
        let effect = hub_fold::effect(&hub.store, there(&hub.store, connection).effect).unwrap().unwrap();
        assert_eq!(effect.arguments, [(name.to_owned(), id.to_owned())]);
        assert_eq!((effect.action.as_str(), effect.grade), ("erase-person", grade));
    }
    assert!(receipt_of(&hub.store).iter().all(|one| one.due_at == at(20 + 30 * 24 * 60)));
    assert_eq!(state(&hub, "wa"), ErasureState::ByHand);
    assert_eq!(state(&hub, "shop"), ErasureState::Asked { waits_for: None });
    assert!(is_erasure_owed(&hub.store).unwrap());

    let shop = there(&hub.store, "shop").effect;
    let again = Outcome::RetryAt { at: at(30), reason: "s-1 is busy".into(), uncertain: false };
    perform(&mut hub, 21, shop, 1, again);
    assert_eq!(state(&hub, "shop"), ErasureState::Asked { waits_for: Some("s-1 is busy".into()) });
    let said = hub.seq;
    perform(&mut hub, 30, shop, 2, done("erasure-77"));
    let reference = Some("erasure-77".to_owned());
    assert_eq!(state(&hub, "shop"), ErasureState::Confirmed { at: at(30), reference });
    assert!(!there(&hub.store, "shop").id_kept && there(&hub.store, "desk").id_kept);
    assert_eq!(hub_fold::effect(&hub.store, shop).unwrap().unwrap().arguments, []);
    // What is to be rewritten: the command, and what the provider said before.
    let owed: Vec<u64> =
        deliveries_to_erase(&hub.store, 99).unwrap().iter().map(|owed| owed.report).collect();
    assert!(owed.contains(&command) && owed.contains(&said) && !owed.contains(&hub.seq), "{owed:?}");
    // A second answer, or a person's wish, changes nothing.
    perform(&mut hub, 31, shop, 3, Outcome::Parked { reason: "no such customer".into() });
    perform(&mut hub, 31, shop, 4, done("another"));
    hub.command(32, Command::RetryEffect { effect: shop });
    close(&mut hub, 32, shop);
    let reference = Some("erasure-77".to_owned());
    assert_eq!(state(&hub, "shop"), ErasureState::Confirmed { at: at(30), reference });
    assert_eq!(hub.store.scan(Table::OwnWrite, Range::all(), Order::Ascending, 9).unwrap(), []);
}

#[test]
fn a_parked_erasure_keeps_its_id_until_a_person_decides() {
    let mut hub = hub_of(&[]);
    erase(&mut hub, 20, ana());
    for connection in ["shop", "desk", "club"] {
        let effect = there(&hub.store, connection).effect;
        let outcome = match connection {
            "desk" => Outcome::Unknown { reason: "silence".into() },
            _ => Outcome::Parked { reason: "not allowed".into() },
        };
        perform(&mut hub, 21, effect, 1, outcome);
        let now = there(&hub.store, connection);
        assert!(matches!(now.state, ErasureState::Parked { .. }) && now.id_kept && now.is_open(), "{now:?}");
    }
    // Asked once more, and done.
    let shop = there(&hub.store, "shop").effect;
    hub.command(22, Command::RetryEffect { effect: shop });
    assert_eq!(effects_due(&hub.store, 9).unwrap(), [(at(22), shop)]);
    assert!(there(&hub.store, "shop").id_kept);
    perform(&mut hub, 23, shop, 2, done("r"));
    // A person did the others.
    for connection in ["desk", "club", "wa"] {
        let effect = there(&hub.store, connection).effect;
        close(&mut hub, 24, effect);
        let now = there(&hub.store, connection);
        let (by, reason) = ("tom".into(), "done by hand".into());
        assert_eq!(now.state, ErasureState::Closed { at: at(24), by, reason });
        assert!(!now.id_kept && !now.is_open());
        hub.command(25, Command::RetryEffect { effect });
    }
    assert_eq!(effects_due(&hub.store, 9).unwrap(), []);
    let guest = receipt_of(&hub.store).into_iter().find(|one| one.object == "guest-order").unwrap();
    assert!(guest.is_open());
    close(&mut hub, 26, guest.effect);
    assert!(receipt_of(&hub.store).iter().all(|one| !one.is_open()));
    let query = EffectQuery { limit: 9, ..EffectQuery::default() };
    assert!(read::effects(&hub.store, &query).unwrap().iter().all(|effect| effect.arguments.is_empty()));
}

#[test]
fn one_closed_while_it_is_under_way_is_not_taken_up_again() {
    let mut hub = hub_of(&[]);
    erase(&mut hub, 20, ana());
    let [shop, desk] = ["shop", "desk"].map(|name| there(&hub.store, name).effect);
    hub.record(21, Record::Attempt(Attempt { effect: shop, number: 1 }));
    close(&mut hub, 22, shop);
    close(&mut hub, 22, desk);
    // The dispatcher had it in hand.
    hub.record(22, Record::Attempt(Attempt { effect: desk, number: 1 }));
    let again = || Outcome::RetryAt { at: at(30), reason: "d-1".into(), uncertain: true };
    for effect in [shop, desk] {
        hub.record(23, Record::Receipt(Receipt { effect, number: 1, outcome: again() }));
    }
    let club = there(&hub.store, "club").effect;
    assert_eq!(effects_due(&hub.store, 9).unwrap(), [(at(20), club)]);
    assert!(matches!(there(&hub.store, "shop").state, ErasureState::Closed { .. }));
    // It went through after all.
    hub.record(24, Record::Receipt(Receipt { effect: shop, number: 2, outcome: done("s-1") }));
    let state = there(&hub.store, "shop").state;
    assert_eq!(state, ErasureState::Confirmed { at: at(24), reference: None });
}

#[test]
fn a_reference_that_names_the_person_is_not_kept() {
    for (reference, kept) in [
        ("s-1", false),
        (" gid://shop/Customer/s-1 ", false),
        ("job 12 (s-1)", false),
        ("job s-12", true),
        ("s 1", true),
    ] {
        let mut hub = hub_of(&[]);
        erase(&mut hub, 20, ana());
        let effect = there(&hub.store, "shop").effect;
        perform(&mut hub, 21, effect, 1, done(reference));
        let state = there(&hub.store, "shop").state;
        let expected = kept.then(|| reference.to_owned());
        assert_eq!(state, ErasureState::Confirmed { at: at(21), reference: expected });
        let owed = deliveries_to_erase(&hub.store, 99).unwrap();
        assert_eq!(owed.iter().any(|owed| owed.report == hub.seq), !kept, "{reference}");
    }
}

#[test]
fn a_rule_asks_no_system_to_forget() {
    const RULE: &str = "rule: purge\nmode: on\non: order.created\nwhen: always\n\
                        then: [{id: e, do: shop.erase_person, with: {customer_id: 's-1'}}]";
    let mut hub = hub_of(&[RULE]);
    let bought = event::Order { buyer: Some(party(&["customer:s-1"])), ..order("1") };
    let bought = hub.happens("shop", 10, "order.created", Payload::Order(bought));
    let decision = read::why(&hub.store, "purge", bought).unwrap().unwrap();
    assert!(matches!(decision.verdict, Verdict::Held { .. }), "{decision:?}");
    assert_eq!(effects_due(&hub.store, 9).unwrap(), []);
}

/// Ana asked for, and taken out of the journal but for the ids the systems are asked with.
fn owing() -> (Vec<Sequenced>, u64) {
    let who = |ids: &[&str]| Payload::Customer(customer(named(ids, "Somebody")));
    let tellings = [
        ("shop", who(&["customer:s-1", "ana@example.com"])),
        ("desk", who(&["user:d-1", "ana@example.com"])),
        ("club", who(&["loyalty-customer:c_1", "ana@example.com"])),
        ("wa", who(&["wa-id:w1", "ana@example.com"])),
    ];
    let tellings: Vec<_> = (1_i64..)
        .zip(tellings)
        .map(|(minute, (connection, who))| {
            told(connection, minute, vec![event("customer.created", minute, who)])
        })
        .collect();
    let mut journal = journal(&erasing_settings(&[]), tellings.iter());
    let all = asked_at(&folded(&journal), ana());
    let mut command = 0;
    for (position, account) in all.iter().map(|one| one.account).enumerate() {
        // The first takes all systems with it.
        let systems = if position == 0 { all.clone() } else { vec![] };
        let (by, reason) = ("mia".into(), String::new());
        let erase = Command::Erase { account, by, reason, at: at(20), deliveries: vec![], systems };
        push(&mut journal, 20, Record::Command(erase));
        if position == 0 {
            command = journal.len() as u64;
        }
    }
    (rewritten(journal), command)
}

fn ids_in(journal: &[Sequenced]) -> Vec<&'static str> {
    let holds = |id: &&str| {
        journal.iter().any(|record| record.record.encode().windows(3).any(|part| part == id.as_bytes()))
    };
    ["s-1", "d-1", "c_1"].into_iter().filter(holds).collect()
}

fn effects_of(store: &dyn Store) -> Vec<(String, EffectId)> {
    let all = asked_erasures(store).unwrap().into_iter().flat_map(|asked| asked.systems);
    all.filter(|one| one.id_kept).map(|one| (one.connection, one.effect)).collect()
}

#[test]
fn ids_leave_the_journal_one_by_one_and_the_view_stays_what_it_was() {
    let (mut journal, _) = owing();
    let store = folded(&journal);
    let mut effects = effects_of(&store);
    effects.sort();
    assert_eq!(effects.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["club", "desk", "shop"]);
    assert_eq!(ids_in(&journal), ["s-1", "d-1", "c_1"], "all are still owed");
    let [club, desk, shop] = [effects[0].1, effects[1].1, effects[2].1];

    let attempt = |effect| Record::Attempt(Attempt { effect, number: 1 });
    let receipt = |effect, number, outcome| Record::Receipt(Receipt { effect, number, outcome });
    let wait = |reason: &str| Outcome::RetryAt { at: at(40), reason: reason.into(), uncertain: true };
    let (by, reason) = ("tom".into(), String::new());
    let steps: [(Vec<Record>, &[&str]); 4] = [
        (vec![attempt(club), receipt(club, 1, done("ref-1"))], &["s-1", "d-1"]),
        (
            vec![attempt(desk), receipt(desk, 1, wait("d-1 is locked")), receipt(desk, 2, done("d-1"))],
            &["s-1"],
        ),
        (vec![attempt(shop), receipt(shop, 1, Outcome::Parked { reason: "s-1: no".into() })], &["s-1"]),
        (vec![Record::Command(Command::CloseErasure { effect: shop, by, reason, at: at(50) })], &[]),
    ];
    for (records, left) in steps {
        records.into_iter().for_each(|record| push(&mut journal, 30, record));
        let after = rewritten(journal.clone());
        // The same, had the disk kept what it had: only the records appended by the pass.
        let before: Vec<Sequenced> = journal.iter().chain(&after[journal.len()..]).cloned().collect();
        assert_eq!(ids_in(&after), left);
        let digest = |journal: &[Sequenced], sizes: &[usize]| {
            let store = hub_store::MemoryStore::new();
            fold_into(&store, journal, sizes);
            view_digest(&store).unwrap()
        };
        assert_eq!(digest(&after, &[5]), digest(&before, &[2, 3]), "{left:?}");
        assert_eq!(deliveries_to_erase(&folded(&after), 9).unwrap(), []);
        journal = after;
    }
    let store = folded(&journal);
    assert_eq!(effects_of(&store), []);
    assert!(is_erasure_owed(&store).unwrap(), "WhatsApp cannot be asked, and nobody has seen to it");
}

#[test]
fn a_commands_record_is_left_alone_while_nothing_is_answered() {
    let (journal, command) = owing();
    let store = folded(&journal);
    let Record::Command(erase) = &journal[usize::try_from(command).unwrap() - 1].record else {
        panic!("the command");
    };
    assert_eq!(sift_command(&store, command, erase).unwrap(), None);
    assert_eq!(sift_command(&store, 1, &Command::Redrive { delivery: 1 }).unwrap(), None);
}

#[test]
fn a_system_named_twice_is_asked_once() {
    let mut hub = hub_of(&[]);
    let id = Some("s-1".to_owned());
    let ask = Some(AskErasure { action: "erase-person".into(), parameter: "customer_id".into(), id });
    let shop = ErasureAt { connection: "shop".into(), object: "customer".into(), account: ana(), ask };
    let systems = vec![shop.clone(), shop];
    let (by, reason) = ("mia".into(), String::new());
    let erase = Command::Erase { account: ana(), by, reason, at: at(20), deliveries: vec![], systems };
    let planned = hub.command(20, erase.clone()).effects_planned;
    assert_eq!(planned.len(), 1);
    assert_eq!(receipt_of(&hub.store).len(), 1);
    // Asked for anew it is another erasure: the provider may have heard of the person again.
    assert_ne!(hub.command(21, erase).effects_planned, planned);
    assert_eq!(receipt_of(&hub.store).len(), 2);
}
