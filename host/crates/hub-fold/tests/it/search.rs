//! Finding people by whatever somebody has at hand, however it is written.

use hub_fold::read::find_customers;
use hub_model::event::{self, Payload};

use crate::support::Hub;
use crate::support::events::{at, customer, loyalty_account, named, order, party, ticket};

const PEOPLE: [(&str, &str); 9] = [
    ("1", "José García-Núñez"),
    ("2", "Jürgen Müller"),
    ("3", "Joerg Mueller"),
    ("4", "Łukasz Żółć"),
    ("5", "Siobhán O'Brien"),
    ("6", "Anna Berg"),
    ("7", "Annabel Bergmann"),
    ("8", "Bergljot Anna"),
    ("9", "Ольга Иванова"),
];

fn hub() -> Hub {
    let mut hub = Hub::new(&[]);
    for (number, name) in PEOPLE {
        let id = format!("customer:{number}");
        let mail = format!("p{number}@example.com");
        let phone = format!("+49309018{number}0");
        let who = named(&[&id, &mail, &phone, &format!("@handle.{number}")], name);
        hub.happens("shop", 1, "customer.created", Payload::Customer(customer(who)));
    }
    let ordered = event::Order {
        number: Some("#1042".into()),
        buyer: Some(party(&["customer:6"])),
        placed_at: Some(at(2)),
        ..order("77")
    };
    hub.happens("shop", 2, "order.created", Payload::Order(ordered));
    let member = loyalty_account("LOY-0815", party(&["customer:2"]), 5);
    hub.happens("shop", 2, "loyalty.account_changed", Payload::LoyaltyAccount(member));
    let asked = event::Ticket { requester: Some(party(&["user:5", "p5@example.com"])), ..ticket("35436") };
    hub.happens("desk", 2, "ticket.created", Payload::Ticket(asked));
    hub
}

fn found(hub: &Hub, query: &str) -> String {
    let found = find_customers(&hub.store, query, 10).unwrap();
    let number = |name: Option<String>| {
        let name = name.unwrap_or_default();
        PEOPLE.iter().find(|(_, known)| *known == name).map_or("?", |(number, _)| number)
    };
    found.into_iter().map(|one| number(one.display_name)).collect::<Vec<_>>().join(" ")
}

/// What was typed, and whom it finds, best first.
const CASES: [(&str, &str); 50] = [
    ("José", "1"),
    ("jose", "1"),
    ("JOSE\u{301} garcia", "1"),
    ("nunez, jose", "1"),
    ("garcía-núñez", "1"),
    ("gar nu jo", "1"),
    ("muller", "2"),
    ("müller", "2 3"),
    ("mueller", "3 2"),
    ("Jörg Müller", "3"),
    ("lukasz zolc", "4"),
    ("obrien", "5"),
    ("o'brien siob", "5"),
    ("O’Brien", "5"),
    ("anna", "6 8 7"),
    ("ann", "6 7 8"),
    ("anna berg", "6 8 7"),
    ("berg anna", "6 8 7"),
    ("bergm", "7"),
    ("ольга", "9"),
    ("ИВАН", "9"),
    ("p1@example.com", "1"),
    (" P1@EXAMPLE.COM ", "1"),
    ("p1@example", ""),
    ("+49 30 90 18 10", "1"),
    ("030/901810", "1"),
    ("(030) 9018-10", "1"),
    ("0049 (30) 901810", "1"),
    ("tel:+4930901810", "1"),
    ("+49 (0)30 901810", "1"),
    ("+49\u{2011}30\u{2011}901810", "1"),
    ("０３０ ９０１８１０", "1"),
    ("1042", "6"),
    ("#1042", "6"),
    ("berg #1042", "6"),
    ("müller #1042", ""),
    ("104", ""),
    ("handle.3", "3"),
    ("@handle.3", "3"),
    ("@HAND", "1 2 3 4 5 6 7 8 9"),
    ("loy-0815", "2"),
    ("LOY-08", "2"),
    ("35436", "5"),
    ("#35436", "5"),
    ("", ""),
    ("  - , ", ""),
    ("%", ""),
    ("anna nobody", ""),
    ("\0", ""),
    ("cus_", ""),
];

#[test]
fn people_are_found_however_it_is_typed() {
    let hub = hub();
    for (query, expected) in CASES {
        let mut found = found(&hub, query);
        // Between equals the order is the store's.
        if ["@HAND", "ann", "müller", "mueller", "anna", "anna berg", "berg anna"].contains(&query) {
            let sorted = |text: &str| {
                let mut numbers: Vec<_> = text.split(' ').map(str::to_owned).collect();
                numbers.sort();
                numbers.join(" ")
            };
            if query.contains("anna") {
                let best: Vec<_> = found.split(' ').collect();
                assert_eq!(best.last(), Some(&"7"), "{query:?}: whole words first");
                assert!(query == "anna" || best[0] == "6", "{query:?}: {best:?}");
            }
            assert_eq!(sorted(&found), sorted(expected), "{query:?}");
            found = expected.to_owned();
        }
        assert_eq!(found, expected, "{query:?}");
    }
}

#[test]
fn a_name_that_was_changed_is_found_by_the_new_one() {
    let mut hub = hub();
    let renamed = |name: &str| Payload::Customer(customer(named(&["customer:1"], name)));
    // Two words that are one without their accents: the one that stays keeps the customer findable.
    hub.happens("shop", 5, "customer.updated", renamed("Jose José"));
    assert_eq!(find_customers(&hub.store, "jose", 5).unwrap().len(), 1);
    hub.happens("shop", 6, "customer.updated", renamed("José"));
    assert_eq!(find_customers(&hub.store, "jose", 5).unwrap().len(), 1);
    assert_eq!(find_customers(&hub.store, "garcia", 5).unwrap(), []);
    hub.happens("shop", 7, "customer.updated", renamed("Pepa"));
    assert_eq!(find_customers(&hub.store, "jose", 5).unwrap(), []);
}

#[test]
fn a_common_word_is_narrowed_by_the_others() {
    let mut hub = Hub::new(&[]);
    let mut events = Vec::new();
    for number in 0..5_000 {
        let who = named(&[&format!("customer:{number}")], &format!("Maria Mar{number:04}ski"));
        events.push(event::Event {
            key: number.to_string(),
            ..crate::support::events::event("customer.created", 1, Payload::Customer(customer(who)))
        });
    }
    hub.tell(&crate::support::told("shop", 1, events));
    for query in ["maria mar4711", "mar4711 maria", "mar4711ski mar"] {
        let found = find_customers(&hub.store, query, 10).unwrap();
        assert_eq!(found.len(), 1, "{query}");
        assert_eq!(found[0].display_name.as_deref(), Some("Maria Mar4711ski"));
    }
    assert_eq!(find_customers(&hub.store, "maria", 10).unwrap().len(), 10);
}
