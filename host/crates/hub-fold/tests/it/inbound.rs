//! When a customer last wrote, as providers' windows count it.

use hub_fold::read::last_inbound;
use hub_fold::{effect, effects_due};
use hub_model::event::{self, Direction, Payload};

use crate::support::Hub;
use crate::support::events::{at, interaction, merge, order, party};

const RULE: &str = "rule: thanks\nmode: on\non: order.paid\nwhen: always\n\
                    then: [{id: say, do: wa.send_message, purpose: service, with: {to: '+4930901820', text: thanks}}]";

fn writes(hub: &mut Hub, connection: &'static str, minute: i64, who: &[&str], direction: Direction) {
    let said = event::Interaction {
        direction: Some(direction),
        customer: Some(party(who)),
        sent_at: Some(at(minute)),
        ..interaction(&format!("m{minute}"))
    };
    hub.happens(connection, minute, "message.received", Payload::Interaction(said));
}

#[test]
fn the_newest_message_of_the_customer_on_the_effects_connection() {
    let mut hub = Hub::new(&[RULE]);
    let buyer = party(&["customer:1", "ana@example.com"]);
    let paid = event::Order { buyer: Some(buyer), ..order("1") };
    hub.happens("shop", 1, "order.paid", Payload::Order(paid));
    let (_, id) = effects_due(&hub.store, 1).unwrap()[0];
    let row = effect(&hub.store, id).unwrap().unwrap();
    let last = |hub: &Hub| last_inbound(&hub.store, &row).unwrap();
    assert_eq!(last(&hub), None, "nobody wrote");

    writes(&mut hub, "wa", 5, &["wa:49301", "ana@example.com"], Direction::Inbound);
    assert_eq!(last(&hub), Some(at(5)));
    // Ours, another connection's, another person's.
    writes(&mut hub, "wa", 6, &["wa:49301"], Direction::Outbound);
    writes(&mut hub, "ig", 7, &["igsid:9", "ana@example.com"], Direction::Inbound);
    writes(&mut hub, "wa", 8, &["wa:49302"], Direction::Inbound);
    assert_eq!(last(&hub), Some(at(5)));
    // Said in public: it opens no window.
    let said = event::Interaction {
        direction: Some(Direction::Inbound),
        customer: Some(party(&["wa:49301"])),
        kind: Some("comment".into()),
        sent_at: Some(at(7)),
        ..interaction("c7")
    };
    hub.happens("wa", 7, "comment.received", Payload::Interaction(said));
    assert_eq!(last(&hub), Some(at(5)));
    // A second account of hers, told late.
    writes(&mut hub, "wa", 4, &["wa:49301"], Direction::Inbound);
    assert_eq!(last(&hub), Some(at(5)));
    hub.happens("wa", 9, "person.merged", Payload::PersonMerge(merge("wa:49301", "wa:49302")));
    assert_eq!(last(&hub), Some(at(8)));
}
