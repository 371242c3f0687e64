//! Rules that act on each thing of a list.

use hub_fold::read::{EffectQuery, backtest, effects, why};
use hub_fold::{Verdict, record::Record};
use hub_model::EventId;
use hub_model::event::{self, Fulfilment, OrderLine, Payload, Refund};

use crate::support::events::{at, euros, event, line, order, party};
use crate::support::{Hub, settings, told};

fn rule(for_each: &str, then: &str) -> String {
    format!("rule: it\nmode: on\non: order.updated\nwhen: always\nfor_each: {for_each}\nthen: [{then}]\n")
}

const TICKET: &str = "{id: ticket, do: desk.create_ticket, with: {subject: \"{{item.sku}} × {{item.quantity}} of {{order.number}}\"}}";

fn ordered(lines: Vec<OrderLine>) -> Payload {
    let buyer = Some(party(&["customer:1"]));
    Payload::Order(event::Order { number: Some("#7".into()), buyer, lines: Some(lines), ..order("7") })
}

/// What is owed, by subject.
fn owed(hub: &Hub) -> Vec<(String, String)> {
    let all = effects(&hub.store, &EffectQuery { limit: 100, ..EffectQuery::default() }).unwrap();
    let mut owed: Vec<_> =
        all.into_iter().map(|effect| (effect.step, effect.arguments[0].1.clone())).collect();
    owed.sort();
    owed
}

fn explained(hub: &Hub, event: EventId) -> String {
    why(&hub.store, "it", event).unwrap().unwrap().explain()
}

#[test]
fn every_line_that_fits_is_acted_on_and_told_of() {
    let gifts = "{list: order.lines, where: {field: item.sku, starts_with: gift}}";
    let mut hub = Hub::new(&[&rule(gifts, TICKET)]);
    let lines = vec![line("gift-mug", 2), line("tee", 1), line("gift-card", 1)];
    let event = hub.happens("shop", 1, "order.updated", ordered(lines));
    let expected =
        [("ticket#line-gift-card", "gift-card × 1 of #7"), ("ticket#line-gift-mug", "gift-mug × 2 of #7")];
    assert_eq!(owed(&hub), expected.map(|(step, subject)| (step.to_owned(), subject.to_owned())));
    let explained = explained(&hub, event);
    for part in [
        "2 of 3 in order.lines fit",
        "true    line-gift-mug: item.sku starts with",
        "false   line-tee: item.sku",
    ] {
        assert!(explained.contains(part), "{part}: {explained}");
    }
}

#[test]
fn an_effect_is_the_same_wherever_its_line_stands() {
    let ids = |lines: Vec<OrderLine>| {
        let mut hub = Hub::new(&[&rule("order.lines", TICKET)]);
        let mut planned =
            hub.tell(&told("shop", 1, vec![event("order.updated", 1, ordered(lines))])).effects_planned;
        planned.sort();
        planned
    };
    let (mug, tee) = (line("mug", 2), line("tee", 1));
    let both = ids(vec![mug.clone(), tee.clone()]);
    assert_eq!(both.len(), 2);
    assert_eq!(ids(vec![tee.clone(), mug.clone()]), both);
    assert!(ids(vec![mug.clone()]).iter().all(|id| both.contains(id)));
    // Two lines with one id are one thing.
    assert_eq!(ids(vec![mug.clone(), mug]).len(), 1);
}

#[test]
fn more_than_its_cap_and_nothing_at_all_hold_a_rule_back() {
    let mut hub = Hub::new(&[&rule("{list: order.lines, at_most: 2}", TICKET)]);
    let lines = |count: i64| (0..count).map(|number| line(&format!("s{number}"), 1)).collect::<Vec<_>>();
    let many = hub.happens("shop", 1, "order.updated", ordered(lines(3)));
    assert!(
        explained(&hub, many)
            .contains("held back: 3 things in order.lines fit, and it acts on at most 2 at once")
    );
    let none = hub.happens("shop", 2, "order.updated", ordered(vec![]));
    assert!(explained(&hub, none).contains("does not fire: decided by 0 of 0 in order.lines fit"));
    assert_eq!(owed(&hub), []);
    hub.happens("shop", 3, "order.updated", ordered(lines(2)));
    assert_eq!(owed(&hub).len(), 2);

    let test = backtest(&hub.store, None, "it", (at(0), at(10))).unwrap();
    assert_eq!((test.asked, test.fired, test.items), (3, 1, 2));
}

#[test]
fn parcels_and_refunds_are_lists_too() {
    let parcel = |id: &str, numbers: &[&str]| Fulfilment {
        id: id.into(),
        status: Some("in_transit".into()),
        carrier: Some("DHL".into()),
        tracking_numbers: numbers.iter().map(|number| (*number).to_owned()).collect(),
        tracking_urls: vec![],
        updated_at: Some(at(1)),
    };
    let with_parcels = Payload::Order(event::Order {
        fulfilments: vec![parcel("f1", &["00340"]), parcel("f2", &[])],
        refunds: vec![Refund { id: "r1".into(), amount: Some(euros(1_250)), at: Some(at(2)) }],
        ..order("7")
    });
    let check = |list: &str, subject: &str, expected: &[(&str, &str)]| {
        let then = format!("{{id: t, do: desk.create_ticket, with: {{subject: \"{subject}\"}}}}");
        let mut hub = Hub::new(&[&rule(list, &then)]);
        hub.happens("shop", 3, "order.updated", with_parcels.clone());
        let expected: Vec<_> =
            expected.iter().map(|(step, text)| ((*step).to_owned(), (*text).to_owned())).collect();
        assert_eq!(owed(&hub), expected);
    };
    let tracked = "{list: order.parcels, where: {field: item.tracking_number, exists: true}}";
    check(tracked, "{{item.carrier}} {{item.tracking_number}}", &[("t#f1", "DHL 00340")]);
    check("order.refunds", "{{item.amount}} back", &[("t#r1", "12.50 EUR back")]);
}

#[test]
fn what_a_rule_does_within_the_hub_is_done_for_each() {
    let then = "{id: tag, do: customer.add_tag, with: {tag: \"bought {{item.sku}}\"}}, \
                {id: later, do: customer.follow_up, with: {text: \"ask about {{item.title | default: it}}\", in: 48h}}"
        .replace("default: it", "default: \\\"it\\\"");
    let mut hub = Hub::new(&[&rule("order.lines", &then)]);
    let event = hub.happens("shop", 1, "order.updated", ordered(vec![line("mug", 1), line("tee", 1)]));
    let decision = why(&hub.store, "it", event).unwrap().unwrap();
    assert!(matches!(decision.verdict, Verdict::Fired { .. }), "{}", decision.explain());
    let steps: Vec<&str> = decision.done.iter().map(|done| done.step.as_str()).collect();
    assert_eq!(steps, ["tag#line-mug", "later#line-mug", "tag#line-tee", "later#line-tee"]);
    let card = hub.card(crate::support::node("shop", "customer:1"));
    assert_eq!(card.summary.tags, ["bought mug", "bought tee"]);
    let says: std::collections::BTreeSet<&str> =
        decision.done.iter().map(|done| done.says.as_str()).collect();
    assert_eq!(says.len(), 4, "each follow-up has its own id");
}

#[test]
fn an_edited_rule_does_not_act_on_a_line_again() {
    let mut hub = Hub::new(&[&rule("order.lines", TICKET)]);
    let telling = told("shop", 1, vec![event("order.updated", 1, ordered(vec![line("mug", 1)]))]);
    hub.tell(&telling);
    let edited = rule("{list: order.lines, at_most: 3}", TICKET);
    hub.record(2, Record::Settings(Box::new(settings(&[&edited]))));
    hub.tell(&telling);
    assert_eq!(owed(&hub).len(), 1);
}
