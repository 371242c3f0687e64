//! What must hold for any body at all.

use omnihub_plugin::{Connector, Delivery, Failure};
use proptest::prelude::*;

use super::{ACCOUNT, CUSTOMER, Loyalty, POINTS, delivery, square, voucherify};

/// JSON of any shape, its names drawn from those the connector reads.
fn json() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        "[0-9]{20,40}|-?[0-9]{1,3}e[0-9]{1,4}|0\\.[0-9]{1,30}",
        ".{0,12}".prop_map(|text| serde_json::to_string(&text).unwrap()),
        prop::sample::select(vec![
            "2026-03-01T10:00:00Z",
            "loyalty.event.created",
            "customer.deleted",
            "OTHER"
        ])
        .prop_map(|text| format!("\"{text}\"")),
        Just(format!("{}{}", "[".repeat(300), "]".repeat(300))),
    ];
    let name = prop::sample::select(vec![
        "type",
        "event_id",
        "merchant_id",
        "project_id",
        "data",
        "object",
        "loyalty_account",
        "loyalty_event",
        "id",
        "customer",
        "voucher",
        "transaction",
        "balance",
        "points",
        "details",
        "loyalty_card",
        "loyalty_tier_to",
        "campaign",
        "created_at",
        "updated_at",
        "mapping",
        "phone_number",
        "expiring_point_deadlines",
        "other_event",
        "loyalty_account_id",
        "event_context",
        "merge",
        "from_customer_ids",
        "to_customer_id",
        "holder",
        "order",
    ]);
    scalar.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((name.clone(), inner), 0..6).prop_map(|members| {
                let members: Vec<_> =
                    members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// A valid body with one of its values replaced by any JSON.
fn mutated() -> impl Strategy<Value = String> {
    let entry = r#"{"loyalty_event": {"id": "L1", "type": "ADJUST_POINTS", "loyalty_account_id": "A1",
        "adjust_points": {"points": 120}}}"#;
    let valid = [
        square("loyalty.account.updated", ACCOUNT),
        square("loyalty.event.created", entry),
        square("customer.deleted", CUSTOMER),
        POINTS.to_owned(),
        voucherify("voucher.loyalty_card.points_added", POINTS),
    ];
    let parts = [
        "\"A1\"",
        "\"E1\"",
        "120",
        "\"ADJUST_POINTS\"",
        "\"vtx_1\"",
        "\"cust_1\"",
        "null",
        "\"v_1\"",
        "10",
        "\"C1\"",
        "\"2026-03-01T10:00:00Z\"",
        "\"L1\"",
    ];
    let values: Vec<(String, &str)> = valid
        .iter()
        .flat_map(|body| {
            parts.into_iter().filter(|part| body.contains(part)).map(|part| (body.clone(), part))
        })
        .collect();
    (prop::sample::select(values), json()).prop_map(|((body, value), json)| body.replacen(value, &json, 1))
}

fn topic() -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop::sample::select(
        [
            "customer.loyalty.tier.left",
            "customer.rewarded.loyalty_points",
            "customer.deleted",
            "x.y",
            "",
            ".",
        ]
        .map(str::to_owned)
        .to_vec(),
    ))
}

proptest! {
    #[test]
    fn every_body_is_told_noted_or_refused(topic in topic(), body in prop_oneof![json(), mutated(), ".{0,40}"]) {
        match Loyalty::normalise(delivery(topic.as_deref(), &body)) {
            Ok(report) => prop_assert!(!report.events.is_empty() || !report.notes.is_empty()),
            Err(failure) => prop_assert!(matches!(failure, Failure::Rejected(_))),
        }
    }

    #[test]
    fn when_it_arrived_changes_neither_key_nor_version(topic in topic(), body in mutated()) {
        let at = |received_at| {
            let delivery = Delivery { received_at, ..delivery(topic.as_deref(), &body) };
            let report = Loyalty::normalise(delivery).unwrap_or_default();
            report.events.into_iter().map(|event| (event.name, event.key, event.version)).collect::<Vec<_>>()
        };
        prop_assert_eq!(at(1), at(i64::MAX));
    }
}
