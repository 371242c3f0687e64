//! What cannot be true is said aloud.

use hub_fold::read::{self, Breach};
use hub_model::Money;
use hub_model::event::{self, Payload, Refund};
use hub_model::model::OrderBreach;

use crate::support::Hub;
use crate::support::events::{at, euros, line, loyalty_account, loyalty_entry, order, party};
use crate::support::node;

fn refund(id: &str, amount: Money) -> Refund {
    Refund { id: id.into(), amount: Some(amount), at: Some(at(2)) }
}

fn hub(total: i64, refunds: Vec<Refund>, units: i64, balance: i64, points: &[i64]) -> Hub {
    let mut hub = Hub::new(&[]);
    let me = party(&["customer:1", "ana@example.com"]);
    let placed = event::Order {
        buyer: Some(me.clone()),
        total: Some(euros(total)),
        lines: Some(vec![line("mug", units)]),
        refunds,
        ..order("1")
    };
    hub.happens("shop", 1, "order.created", Payload::Order(placed));
    let member = loyalty_account("L", me, balance);
    hub.happens("shop", 1, "loyalty.account_changed", Payload::LoyaltyAccount(member));
    for (minute, points) in (2..).zip(points) {
        let entry = loyalty_entry("L", &format!("e{minute}"), *points);
        hub.happens("shop", minute, "loyalty.points_changed", Payload::LoyaltyEntry(entry));
    }
    hub
}

#[test]
fn breaches_are_reported_where_they_are() {
    let dollars = |minor| Money { minor, currency: "USD".into() };
    let cases = [
        (hub(100, vec![refund("a", euros(60)), refund("b", euros(40))], 1, 7, &[10, -3]), vec![], vec![]),
        (
            hub(100, vec![refund("a", euros(60)), refund("b", euros(41))], 1, 7, &[]),
            vec![OrderBreach::RefundedMoreThanPaid { refunded: euros(101), total: euros(100) }],
            vec![],
        ),
        (
            hub(100, vec![refund("a", dollars(5))], -1, 8, &[7]),
            vec![
                OrderBreach::NegativeQuantity { line: "line-mug".into() },
                OrderBreach::Currencies { total: "EUR".into(), refund: "USD".into() },
            ],
            vec![Breach::Balance { balance: 8, entries: 7 }],
        ),
        (
            hub(
                i64::MAX,
                vec![refund("a", euros(i64::MAX)), refund("b", euros(i64::MAX))],
                1,
                0,
                &[i64::MAX, i64::MAX],
            ),
            vec![OrderBreach::RefundsOverflow],
            vec![Breach::Balance { balance: 0, entries: i64::MAX }],
        ),
        (
            hub(100, vec![refund("a", euros(-5))], 1, 0, &[]),
            vec![OrderBreach::NegativeRefund { refund: "a".into(), amount: euros(-5) }],
            vec![],
        ),
    ];
    for (hub, of_order, of_loyalty) in cases {
        let card = hub.card(node("shop", "customer:1"));
        assert_eq!(card.orders[0].breaches, of_order);
        assert_eq!(card.loyalty[0].unexplained.is_some(), !of_loyalty.is_empty());
        let expected: Vec<Breach> = of_order.into_iter().map(Breach::Order).chain(of_loyalty).collect();
        let found = read::breaches(&hub.store, 100).unwrap();
        assert!(found.iter().all(|one| one.connection == "shop" && ["1", "L"].contains(&one.id.as_str())));
        let found: Vec<Breach> = found.into_iter().map(|one| one.breach).collect();
        assert_eq!(found, expected);
        let one = read::breaches(&hub.store, 1).unwrap();
        assert_eq!(one.len(), expected.len().min(1));
    }
}
