//! Forgetting: nothing of the content stays in any row, nothing puts it back, and when the request came does not matter.

use hub_fold::read::{
    self, EffectQuery, StoredContent, customer as card, decisions, deliveries_to_erase, delivery, effects,
    find_customers, privacy_requests,
};
use hub_fold::record::{Attempt, Command, Outcome, Receipt, Record};
use hub_fold::row::key;
use hub_model::event::{self, Author, Direction, Event, Payload, PrivacyRequest, Reaction};
use hub_model::model::Finding;
use hub_store::{Order, Range, Store, Table};

use crate::support::events::{
    at, checkout, consent, customer, euros, event, interaction, line, named, order, party, survey, ticket,
};
use crate::support::{Hub, Told, node, told};

pub(crate) fn request(kind: &str, who: &[&str], orders: &[&str]) -> PrivacyRequest {
    PrivacyRequest {
        id: format!("{kind}-{}{}", who.join("-"), orders.join("-")),
        kind: kind.into(),
        who: (!who.is_empty()).then(|| named(who, "Ana Secretname")),
        orders: orders.iter().map(|order| (*order).to_owned()).collect(),
        extra: vec![],
    }
}

pub(crate) fn asks(connection: &'static str, minute: i64, request: PrivacyRequest) -> Told {
    let event = Event {
        key: request.id.clone(),
        ..event("privacy.requested", minute, Payload::PrivacyRequest(request))
    };
    told(connection, minute, vec![event])
}

/// What a person says and is called in this file's story; none of it may be found once they are forgotten.
const SECRETS: [&str; 15] = [
    "secretname",
    "Secretname",
    "secret@example.com",
    "4930901899",
    "secrethandle",
    "secret-token",
    "secret words",
    "secret picture",
    "secret subject",
    "secret comment",
    "secret note",
    "secret-tag",
    "secret-number",
    "secret-cart",
    "secret-locale",
];

/// A rule that sees content in its conditions and puts it into what it sends.
pub(crate) const RULE: &str = "rule: see\nmode: on\non: message.received\n\
                    when: {any: [{field: interaction.text, contains: secret}, {field: customer.is_known, is: true}]}\n\
                    then:\n  - {id: ticket, do: desk.create_ticket, with: {subject: \"{{interaction.text}}\"}}\n  \
                    - {id: tag, do: customer.add_tag, with: {tag: secret-tag}}\n  \
                    - {id: quote, do: customer.add_tag, with: {tag: \"{{interaction.text}}\"}}\n  \
                    - {id: untag, do: customer.remove_tag, with: {tag: \"{{interaction.text}}!\"}}\n  \
                    - {id: note, do: customer.note, with: {text: \"Said: {{interaction.text}}\"}}\n  \
                    - {id: said, do: customer.set_attribute, with: {name: said, value: \"{{interaction.text}}\"}}\n  \
                    - {id: later, do: customer.follow_up, with: {text: \"{{interaction.text}}\", in: 48h}}\n  \
                    - {id: queue, do: conversation.assign, with: {to: \"{{interaction.text}}\"}}\n  \
                    - {id: now, do: conversation.set_priority, with: {priority: high}}";

/// One person of one shop, of whom everything is known that there is to know.
fn person() -> Vec<Told> {
    let ids = ["customer:1", "secret@example.com", "+4930901899", "@secrethandle", "~secret-token"];
    let who = || named(&ids, "Ana Secretname");
    let told_of =
        |minute: i64, name: &str, payload: Payload| told("shop", minute, vec![event(name, minute, payload)]);
    let mut said = told_of(
        6,
        "message.received",
        Payload::Interaction(event::Interaction {
            direction: Some(Direction::Inbound),
            author: Some(Author::Customer),
            customer: Some(party(&["customer:1"])),
            text: Some("secret words".into()),
            attachments: vec![event::Attachment {
                kind: "image".into(),
                url: Some("secret picture".into()),
                title: None,
                mime: None,
                id: None,
            }],
            reaction: Some(Reaction { by: "customer:1".into(), emoji: Some("secret words".into()) }),
            sent_at: Some(at(6)),
            ticket: Some("T1".into()),
            thread: Some("th".into()),
            ..interaction("m1")
        }),
    );
    let cues = vec![("secret words".to_owned(), -30)];
    said.findings.push((
        0,
        Finding { language: None, sentiment: "negative".into(), score: -30, cues, ..Finding::default() },
    ));
    vec![
        told_of(
            1,
            "customer.created",
            Payload::Customer(event::Customer {
                given_name: Some("Ana".into()),
                family_name: Some("Secretname".into()),
                locale: Some("secret-locale".into()),
                tags: Some(vec!["secret-tag".into()]),
                ..customer(who())
            }),
        ),
        told_of(
            2,
            "customer.updated",
            Payload::Customer(event::Customer { given_name: Some("Anna".into()), ..customer(who()) }),
        ),
        told_of(3, "consent.changed", Payload::Consent(consent(who(), "granted"))),
        told_of(
            4,
            "order.created",
            Payload::Order(event::Order {
                number: Some("#1001".into()),
                buyer: Some(who()),
                total: Some(euros(12_900)),
                note: Some("secret note".into()),
                tags: Some(vec!["secret-tag".into()]),
                placed_at: Some(at(4)),
                lines: Some(vec![line("mug", 1)]),
                fulfilments: vec![event::Fulfilment {
                    id: "p1".into(),
                    status: Some("delivered".into()),
                    carrier: None,
                    tracking_numbers: vec!["secret-number".into()],
                    tracking_urls: vec![],
                    updated_at: None,
                }],
                ..order("501")
            }),
        ),
        told_of(
            5,
            "checkout.created",
            Payload::Checkout(event::Checkout {
                buyer: Some(who()),
                url: Some("https://shop.example/secret-cart".into()),
                total: Some(euros(900)),
                ..checkout("c1")
            }),
        ),
        said,
        told_of(
            7,
            "ticket.created",
            Payload::Ticket(event::Ticket {
                requester: Some(party(&["customer:1"])),
                subject: Some("secret subject".into()),
                status: Some("open".into()),
                ..ticket("T1")
            }),
        ),
        told_of(
            8,
            "survey.answered",
            Payload::SurveyResponse(event::SurveyResponse {
                comment: Some("secret comment".into()),
                ..survey("s1", party(&["customer:1"]), "bad")
            }),
        ),
        // Somebody else's, whom nobody asked to forget.
        told_of(
            9,
            "order.created",
            Payload::Order(event::Order {
                number: Some("#1002".into()),
                buyer: Some(named(&["customer:2", "ben@example.com"], "Ben Openly")),
                note: Some("ring twice".into()),
                ..order("502")
            }),
        ),
    ]
}

/// Everywhere in the view where one of these texts is.
fn found(store: &dyn Store, texts: &[&str]) -> Vec<(Table, String)> {
    let mut found = Vec::new();
    // Settings hold the rules, which a person has written and may name anything.
    for table in Table::ALL.iter().filter(|table| **table != Table::Setting) {
        for (key, value) in store.scan(*table, Range::all(), Order::Ascending, usize::MAX).unwrap() {
            for text in texts {
                let holds = |bytes: &[u8]| bytes.windows(text.len()).any(|part| part == text.as_bytes());
                if holds(&key) || holds(&value) {
                    found.push((*table, (*text).to_owned()));
                }
            }
        }
    }
    found
}

/// Words under which somebody of this account is found.
fn words(store: &dyn Store, words: &[&str]) -> Vec<String> {
    let account = node("shop", "customer:1");
    let has = |word: &&&str| store.get(Table::Index, &key::word(word, account)).unwrap().is_some();
    words.iter().filter(has).map(|word| (*word).to_owned()).collect()
}

const WORDS: [&str; 5] = ["ana", "anna", "secretname", "secrethandle", "1001"];

#[test]
fn the_story_is_known_before_anybody_asks() {
    let mut hub = Hub::new(&[RULE]);
    person().iter().for_each(|told| drop(hub.tell(told)));
    let everywhere = found(&hub.store, &SECRETS);
    for secret in SECRETS.iter().filter(|secret| **secret != "secretname") {
        assert!(everywhere.iter().any(|(_, text)| text == secret), "{secret} is told");
    }
    for table in
        [Table::Profile, Table::Node, Table::Order, Table::Checkout, Table::Interaction, Table::Ticket]
    {
        assert!(everywhere.iter().any(|(found, _)| *found == table), "{table:?}");
    }
    for table in [Table::Survey, Table::Effect, Table::Annotation, Table::FollowUp] {
        assert!(everywhere.iter().any(|(found, _)| *found == table), "{table:?}");
    }
    assert_eq!(words(&hub.store, &WORDS), ["anna", "secretname", "secrethandle", "1001"]);
    assert_eq!(find_customers(&hub.store, "Secretname", 9).unwrap().len(), 1);
}

/// Requests that each have the person forgotten.
fn requests() -> [Told; 3] {
    [
        asks("shop", 20, request("erase-customer", &["customer:1", "secret@example.com?"], &[])),
        asks("shop", 20, request("erase-customer", &["secret@example.com?"], &[])),
        asks("shop", 20, request("erase-account", &[], &[])),
    ]
}

#[test]
fn nothing_of_a_forgotten_person_is_in_any_row_whenever_the_request_comes() {
    for asked in requests() {
        for place in 0..=person().len() {
            let mut hub = Hub::new(&[RULE]);
            let mut story = person();
            story.insert(place, asked.clone());
            // And once more, late.
            story.extend(person());
            story.iter().for_each(|told| drop(hub.tell(told)));
            assert_eq!(found(&hub.store, &SECRETS), [], "{place} {:?}", asked.events);
            assert_eq!(words(&hub.store, &WORDS), [""; 0], "{place} {:?}", asked.events);
            for query in ["Secretname", "secret@example.com", "+49 30 901899", "@secrethandle", "#1001"] {
                assert_eq!(find_customers(&hub.store, query, 9).unwrap(), [], "{query}");
            }
        }
    }
}

#[test]
fn amounts_counts_and_times_stay() {
    let mut hub = Hub::new(&[]);
    person().iter().for_each(|told| drop(hub.tell(told)));
    let before = read::counts(&hub.store).unwrap();
    hub.tell(&requests()[0]);
    let after = read::counts(&hub.store).unwrap();
    assert_eq!(
        (after.orders, after.interactions, after.tickets),
        (before.orders, before.interactions, before.tickets)
    );
    assert_eq!((after.surveys, after.consents), (1, 0));
    let row = hub.store.get(Table::Order, &key::object("shop", &["501"])).unwrap().unwrap();
    assert!(row.windows(3).any(|part| part == b"EUR"), "the total stays");
    let person = card(&hub.store, node("shop", "customer:1")).unwrap().expect("the id still resolves");
    assert_eq!((person.summary.display_name, person.summary.emails.len(), person.links.len()), (None, 0, 0));
    assert_eq!((person.tickets.len(), person.tickets[0].subject.as_deref()), (1, None));
    assert_eq!(person.tickets[0].status.as_deref(), Some("open"));
    // Ben is untouched.
    let ben = &find_customers(&hub.store, "ben@example.com", 9).unwrap()[0];
    assert_eq!((ben.display_name.as_deref(), ben.orders), (Some("Ben Openly"), 1));
}

#[test]
fn an_address_nobody_has_names_nobody() {
    let mut hub = Hub::new(&[]);
    let who = named(&["customer:1", "team@shop.example?"], "Ana Openly");
    hub.happens("shop", 1, "customer.created", Payload::Customer(customer(who)));
    hub.tell(&asks("shop", 2, request("erase-customer", &["team@shop.example?"], &[])));
    assert_eq!(find_customers(&hub.store, "Openly", 9).unwrap().len(), 1);
}

#[test]
fn orders_are_forgotten_by_name_and_nobody_else_is() {
    let mut hub = Hub::new(&[]);
    hub.tell(&asks("shop", 1, request("erase-customer", &[], &["501"])));
    person().iter().for_each(|told| drop(hub.tell(told)));
    assert_eq!(found(&hub.store, &["secret note", "secret-number"]), []);
    let ana = &find_customers(&hub.store, "Secretname", 9).unwrap()[0];
    assert_eq!((ana.orders, ana.emails.len()), (0, 1));
    assert_eq!(find_customers(&hub.store, "#1001", 9).unwrap(), []);
}

#[test]
fn what_holds_forgotten_content_is_marked_wherever_it_is_stored() {
    let ana = |told: &Told| told.minute != 9;
    for place in 0..=person().len() {
        let mut hub = Hub::new(&[RULE]);
        let mut story = person();
        story.insert(place, requests()[0].clone());
        let mut expected = Vec::new();
        for told in &story {
            let delivery = hub.seq + 1;
            hub.tell(told);
            expected.extend(
                ana(told).then_some(StoredContent { report: delivery + 1, delivery: Some(delivery) }),
            );
        }
        // Every event again, on a page that is no delivery.
        for told in &story {
            hub.tell_page(told);
            expected.extend(ana(told).then_some(StoredContent { report: hub.seq, delivery: None }));
        }
        assert_eq!(deliveries_to_erase(&hub.store, 100).unwrap(), expected, "{place}");
        let marked = (1..=hub.seq).filter_map(|seq| delivery(&hub.store, seq).unwrap());
        assert_eq!(marked.filter(|delivery| delivery.erase).count(), story.len() - 1, "{place}");
        assert_eq!(deliveries_to_erase(&hub.store, 2).unwrap(), expected[..2]);
    }
}

#[test]
fn what_was_told_twice_before_the_request_is_marked_twice() {
    let mut hub = Hub::new(&[]);
    let story = person();
    hub.tell(&story[3]);
    hub.tell(&story[3]);
    hub.tell_page(&story[3]);
    let pages = hub.seq;
    hub.tell(&requests()[0]);
    let marked: Vec<u64> =
        deliveries_to_erase(&hub.store, 9).unwrap().into_iter().map(|stored| stored.report).collect();
    assert_eq!(marked, [3, 5, pages, pages + 2]);
}

#[test]
fn what_was_to_be_sent_is_not_sent_any_more() {
    for claimed in [false, true] {
        let mut hub = Hub::new(&[RULE]);
        person().iter().for_each(|told| drop(hub.tell(told)));
        let (_, id) = hub_fold::effects_due(&hub.store, 9).unwrap()[0];
        if claimed {
            hub.record(19, Record::Attempt(Attempt { effect: id, number: 1 }));
        }
        hub.tell(&requests()[0]);
        if claimed {
            let again = Outcome::RetryAt { at: at(22), reason: "busy".into(), uncertain: false };
            hub.record(21, Record::Receipt(Receipt { effect: id, number: 1, outcome: again }));
        }
        let all = effects(&hub.store, &EffectQuery { limit: 9, ..EffectQuery::default() }).unwrap();
        assert_eq!((all.len(), all[0].state, all[0].arguments.len()), (1, "parked", 0));
        assert_eq!(hub_fold::effects_due(&hub.store, 9).unwrap(), []);
        hub.command(23, Command::RetryEffect { effect: id });
        assert_eq!(hub_fold::effects_due(&hub.store, 9).unwrap(), [], "not even if a person asks for it");
        let decided = decisions(&hub.store, all[0].cause).unwrap();
        assert!(decided[0].explain().contains("forgotten"), "{}", decided[0].explain());
    }
}

/// Tells the story with one more thing in it, at every place; returns where content was left.
fn after(story: &[Told], more: &Told, secrets: &[&str]) {
    for place in 0..=story.len() {
        let mut hub = Hub::new(&[RULE]);
        let (before, rest) = story.split_at(place);
        before.iter().chain([more]).chain(rest).chain(story).for_each(|told| drop(hub.tell(told)));
        assert_eq!(found(&hub.store, secrets), [], "{place}");
        let marks = deliveries_to_erase(&hub.store, 100).unwrap();
        assert!(marks.len() > 1, "its own and the other delivery are marked at {place}");
    }
}

#[test]
fn a_message_taken_back_is_gone_from_decisions_and_effects_too() {
    let story = &person()[5..6];
    let erased = event::Interaction { erased: true, ..interaction("m1") };
    let gone = told("shop", 20, vec![event("message.deleted", 20, Payload::Interaction(erased))]);
    after(story, &gone, &["secret words", "secret picture"]);
}

#[test]
fn a_deleted_ticket_takes_its_subject_and_what_was_said_on_it() {
    let story = &person()[5..7];
    let deleted = event::Ticket { deleted: true, ..ticket("T1") };
    let gone = told("shop", 20, vec![event("ticket.deleted", 20, Payload::Ticket(deleted))]);
    after(story, &gone, &["secret subject", "secret words", "secret picture"]);
}

#[test]
fn a_deleted_customer_takes_profile_and_keys_and_leaves_orders() {
    let story = &person()[..4];
    let deleted = event::Customer { deleted: true, ..customer(party(&["customer:1"])) };
    let gone = told("shop", 20, vec![event("customer.deleted", 20, Payload::Customer(deleted))]);
    let names =
        ["Secretname", "secret@example.com", "4930901899", "secrethandle", "secret-token", "secret-locale"];
    after(story, &gone, &names);
    let mut hub = Hub::new(&[]);
    story.iter().chain([&gone]).for_each(|told| drop(hub.tell(told)));
    assert_eq!(words(&hub.store, &WORDS), ["1001"]);
    assert_eq!(hub.card(node("shop", "customer:1")).orders[0].note.as_deref(), Some("secret note"));
}

#[test]
fn one_accounts_deletion_lets_go_of_the_customers_it_tied_together() {
    let mut hub = Hub::new(&[]);
    let links = |who: &[&str]| Payload::Customer(customer(party(who)));
    hub.happens("shop", 1, "customer.created", links(&["customer:1", "ana@example.com", "+4930901820"]));
    hub.happens("desk", 2, "customer.created", links(&["user:7", "ana@example.com"]));
    hub.happens("wa", 3, "customer.created", links(&["wa:5", "+4930901820"]));
    assert_eq!(hub.people().len(), 1);
    hub.tell(&asks("shop", 4, request("erase-customer", &["customer:1"], &[])));
    assert_eq!(hub.people(), [vec!["desk/user:7"], vec!["shop/customer:"], vec!["wa/wa:5"]]);
}

#[test]
fn a_request_for_data_stays_open_for_thirty_days_and_can_be_closed() {
    let mut hub = Hub::new(&[]);
    person().iter().for_each(|told| drop(hub.tell(told)));
    for (minute, who) in [(30, "customer:2"), (20, "customer:1")] {
        hub.tell(&asks("shop", minute, request("export-customer", &[who], &["501"])));
    }
    let all = privacy_requests(&hub.store).unwrap();
    assert_eq!(all.iter().map(|request| request.requested_at).collect::<Vec<_>>(), [at(20), at(30)]);
    let first = &all[0];
    assert_eq!((first.connection.as_str(), first.id.as_str()), ("shop", "export-customer-customer:1501"));
    assert_eq!((first.customer, first.orders.len()), (Some(node("shop", "customer:1")), 1));
    assert_eq!((first.due_at, first.closed_at), (at(20 + 30 * 24 * 60), None));
    assert!(found(&hub.store, &["secret note"]).len() == 1, "nothing is forgotten by it");

    let close = Command::CloseRequest { connection: "shop".into(), id: first.id.clone() };
    hub.command(40, close.clone());
    hub.command(50, close);
    // The same request again does not open it anew.
    hub.tell(&asks("shop", 60, request("export-customer", &["customer:1"], &["501"])));
    let all = privacy_requests(&hub.store).unwrap();
    assert_eq!(all.iter().map(|request| request.closed_at).collect::<Vec<_>>(), [None, Some(at(40))]);
}

/// The first few who claim a key stand in its row, the others in rows of their own: everybody is found, and nobody is
/// left behind when all are forgotten one after the other.
#[test]
fn whoever_claims_a_key_of_many_is_found_until_they_are_forgotten() {
    let mut hub = Hub::new(&[]);
    let accounts: Vec<String> = (0..20).map(|number| format!("igsid:{number}")).collect();
    for account in &accounts {
        let who = party(&[account, "shared@example.com?"]);
        hub.happens("ig", 1, "customer.updated", Payload::Customer(customer(who)));
    }
    let claimed = key::claimed_by_prefix(node("", "shared@example.com"));
    let listed = |hub: &Hub| {
        let range = hub_store::prefix_range(&claimed);
        hub.store.scan(Table::Index, range, Order::Ascending, 100).unwrap().len()
    };
    assert!(listed(&hub) > 0, "they are more than a row holds");
    for (gone, account) in accounts.iter().enumerate() {
        let found = find_customers(&hub.store, "shared@example.com", 100).unwrap();
        assert_eq!(found.len(), accounts.len() - gone);
        hub.tell(&asks("ig", 2, request("erase-customer", &[account], &[])));
    }
    assert_eq!(find_customers(&hub.store, "shared@example.com", 100).unwrap(), []);
    assert_eq!(listed(&hub), 0);
    assert_eq!(hub.store.get(Table::Node, &node("", "shared@example.com").0).unwrap(), None);
}
