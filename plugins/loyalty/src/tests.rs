//! Webhooks, case by case and provider by provider. What must hold for any body at all is in `any`.

use omnihub_plugin::model::{Customer, IdentityKind, LoyaltyAccount, LoyaltyEntry, Other, Party, Proof};
use omnihub_plugin::{Connector, Delivery, Event, Failure, Payload, Remark, Report};

mod act;
mod any;
mod poll;
mod subscription;

use super::Loyalty;

const RECEIVED: i64 = 1_800_000_000_000_000_000;
/// 2026-03-01T10:00:00Z, when everything below was made unless it says otherwise.
const MADE: i64 = 1_772_359_200_000_000_000;

fn delivery(topic: Option<&str>, body: &str) -> Delivery {
    Delivery { topic: topic.map(Into::into), headers: Vec::new(), body: body.into(), received_at: RECEIVED }
}

fn report(topic: Option<&str>, body: &str) -> Report {
    Loyalty::normalise(delivery(topic, body)).unwrap()
}

fn names(report: &Report) -> Vec<&str> {
    report.events.iter().map(|event| event.name.as_str()).collect()
}

fn find<'a>(report: &'a Report, name: &str) -> &'a Event {
    report.events.iter().find(|event| event.name == name).unwrap_or_else(|| panic!("no {name} in {report:?}"))
}

fn account(event: &Event) -> &LoyaltyAccount {
    let Payload::LoyaltyAccount(account) = &event.payload else { panic!("{event:?}") };
    account
}

fn entry(event: &Event) -> &LoyaltyEntry {
    let Payload::LoyaltyEntry(entry) = &event.payload else { panic!("{event:?}") };
    entry
}

fn customer(event: &Event) -> &Customer {
    let Payload::Customer(customer) = &event.payload else { panic!("{event:?}") };
    customer
}

fn notice(event: &Event) -> &Other {
    let Payload::Other(other) = &event.payload else { panic!("{event:?}") };
    other
}

/// `kind scope value proof` of each identity.
fn ids(party: &Party) -> Vec<(IdentityKind, &str, &str, Proof)> {
    party.ids.iter().map(|id| (id.kind, id.scope.as_str(), id.value.as_str(), id.proof)).collect()
}

fn square(kind: &str, object: &str) -> String {
    format!(
        r#"{{"merchant_id": "M1", "type": "{kind}", "event_id": "E1", "created_at": "2026-03-01T10:00:00Z",
            "data": {{"type": "x", "id": "D1", "object": {object}}}}}"#
    )
}

const ACCOUNT: &str = r#"{"loyalty_account": {"id": "A1", "program_id": "P1", "balance": -4, "lifetime_points": 120,
    "customer_id": "C1", "enrolled_at": "2025-01-01T00:00:00Z", "updated_at": "2025-01-01T00:00:00Z",
    "mapping": {"id": "MAP", "phone_number": "+12025550143"},
    "expiring_point_deadlines": [{"points": 5, "expires_at": "2026-09-01T00:00:00Z"},
        {"points": 2, "expires_at": "2026-05-01T00:00:00Z"}]}}"#;

#[test]
fn a_square_account_names_its_member_by_account_phone_and_customer() {
    let report = report(None, &square("loyalty.account.updated", ACCOUNT));
    let event = find(&report, "loyalty.account_changed");
    let told = account(event);
    assert_eq!((told.balance, told.lifetime, told.deleted), (Some(-4), Some(120), false));
    assert_eq!(
        ids(told.member.as_ref().unwrap()),
        [
            (IdentityKind::ProviderId, "loyalty-account", "A1", Proof::Provider),
            (IdentityKind::Phone, "", "+12025550143", Proof::Verified),
            (IdentityKind::ProviderId, "square-customer", "C1", Proof::Provider),
        ]
    );
    assert_eq!(told.extra[0], ("next_expiry_at".into(), "2026-05-01T00:00:00Z".into()));
    // `updated_at` stands still while the balance changes, so the webhook's own time orders accounts.
    assert_eq!((event.version, event.key.as_str()), (MADE, format!("A1@{MADE}").as_str()));
}

#[test]
fn only_the_type_tells_that_a_square_account_is_gone() {
    let report = report(None, &square("loyalty.account.deleted", ACCOUNT));
    assert!(account(find(&report, "loyalty.account_changed")).deleted);
}

#[test]
fn a_square_account_may_lack_its_customer_and_have_odd_members() {
    let object = r#"{"loyalty_account": {"id": "A1", "balance": "many", "mapping": ["+12025550143"]}}"#;
    let report = report(None, &square("loyalty.account.created", object));
    let told = account(find(&report, "loyalty.account_changed"));
    assert_eq!(told.balance, None);
    assert_eq!(ids(told.member.as_ref().unwrap()).len(), 1);
}

fn check_entry(square_kind: &str, detail: &str, kind: &str, points: Option<i64>) {
    let object = format!(
        r#"{{"loyalty_event": {{"id": "L1", "type": "{square_kind}", "created_at": "2026-03-01T10:00:00Z",
            "loyalty_account_id": "A1", "source": "SQUARE", {detail}}}}}"#
    );
    let report = report(None, &square("loyalty.event.created", &object));
    let event = find(&report, "loyalty.points_changed");
    assert_eq!((event.key.as_str(), event.version), ("L1", MADE), "{square_kind}");
    assert_eq!((entry(event).kind.as_str(), entry(event).points), (kind, points), "{square_kind}");
    assert_eq!(entry(event).account, "A1");
}

#[test]
fn the_points_of_a_square_entry_follow_its_type() {
    check_entry(
        "ACCUMULATE_POINTS",
        r#""accumulate_points": {"points": 7, "order_id": "O1"}"#,
        "accumulate",
        Some(7),
    );
    check_entry(
        "ACCUMULATE_PROMOTION_POINTS",
        r#""accumulate_promotion_points": {"points": 3}"#,
        "accumulate",
        Some(3),
    );
    check_entry("CREATE_REWARD", r#""create_reward": {"points": -10}"#, "create_reward", Some(-10));
    check_entry("CREATE_REWARD", r#""create_reward": {"points": 10}"#, "create_reward", Some(-10));
    check_entry("REDEEM_REWARD", r#""redeem_reward": {"reward_id": "R"}"#, "redeem", None);
    check_entry("DELETE_REWARD", r#""delete_reward": {"points": 10}"#, "delete_reward", Some(10));
    check_entry(
        "ADJUST_POINTS",
        r#""adjust_points": {"points": -2, "reason": "Goodwill"}"#,
        "adjust",
        Some(-2),
    );
    check_entry("EXPIRE_POINTS", r#""expire_points": {"points": 6}"#, "expire", Some(-6));
    check_entry("OTHER", r#""other_event": {"points": 1}"#, "other", Some(1));
    check_entry("BRAND_NEW", r#""brand_new": {"points": 8}"#, "brand_new", Some(8));
    check_entry("ADJUST_POINTS", r#""create_reward": {"points": 8}"#, "adjust", None);
    check_entry("EXPIRE_POINTS", r#""expire_points": {"points": -9223372036854775808}"#, "expire", None);
}

#[test]
fn a_square_entry_is_never_named_after_the_webhooks_data_id() {
    let object = r#"{"loyalty_event": {"type": "ADJUST_POINTS", "loyalty_account_id": "A1"}}"#;
    let report = report(None, &square("loyalty.event.created", object));
    assert_eq!((report.events.len(), report.notes[0].remark), (0, Remark::Malformed));
}

#[test]
fn programmes_and_promotions_are_notices() {
    for kind in [
        "loyalty.program.created",
        "loyalty.promotion.updated",
        "webhooks.test_notification",
        "order.created",
    ] {
        let report = report(None, &square(kind, "{}"));
        let event = find(&report, "provider.notice");
        assert_eq!((event.key.as_str(), notice(event).topic.as_str()), ("E1", kind));
    }
}

const CUSTOMER: &str = r#"{"customer": {"id": "C1", "given_name": "Noor", "family_name": "Example",
    "email_address": "noor@example.org", "phone_number": "+12025550143", "updated_at": "2026-02-01T00:00:00Z",
    "preferences": {"email_unsubscribed": true}}}"#;

#[test]
fn a_square_customer_has_claimed_addresses() {
    let report = report(None, &square("customer.updated", CUSTOMER));
    assert_eq!(names(&report), ["customer.updated", "consent.changed"]);
    let event = find(&report, "customer.updated");
    assert_eq!(event.version, 1_769_904_000_000_000_000);
    assert_eq!(
        ids(&customer(event).who),
        [
            (IdentityKind::ProviderId, "square-customer", "C1", Proof::Provider),
            (IdentityKind::Email, "", "noor@example.org", Proof::Claimed),
            (IdentityKind::Phone, "", "+12025550143", Proof::Claimed),
        ]
    );
    assert_eq!(customer(event).who.name.as_deref(), Some("Noor Example"));
    let subscribed = CUSTOMER.replace("true", "false");
    assert_eq!(names(&self::report(None, &square("customer.updated", &subscribed))), ["customer.updated"]);
}

#[test]
fn a_square_birthday_is_told_without_its_year() {
    let told = |birthday: &str| {
        let written = format!(r#""birthday": "{birthday}", "updated_at""#);
        let report =
            report(None, &square("customer.updated", &CUSTOMER.replace(r#""updated_at""#, &written)));
        let extra = customer(find(&report, "customer.updated")).extra.clone();
        extra.into_iter().find(|(name, _)| name == "birthday").map(|(_, day)| day)
    };
    let cases = [
        ("1998-09-21", Some("09-21")),
        ("0000-02-29", Some("02-29")),
        ("", None),
        ("soon", None),
        ("21 September 1998", None),
    ];
    for (written, expected) in cases {
        assert_eq!(told(written).as_deref(), expected, "{written}");
    }
}

#[test]
fn a_merged_square_customer_is_deleted_and_merged() {
    let object = CUSTOMER.replacen(
        '{',
        r#"{"event_context": {"merge": {"from_customer_ids": ["C1", "C2", "C9"], "to_customer_id": "C9"}}, "#,
        1,
    );
    let report = report(None, &square("customer.deleted", &object));
    assert_eq!(names(&report), ["customer.deleted", "person.merged", "person.merged"]);
    let gone = find(&report, "customer.deleted");
    assert!(customer(gone).deleted);
    assert_eq!(gone.version, MADE);
    let Payload::PersonMerge(merge) = &report.events[1].payload else { panic!() };
    assert_eq!((merge.kept.value.as_str(), merge.absorbed.value.as_str()), ("C9", "C1"));
}

const POINTS: &str = r#"{"customer": {"id": "cust_1", "name": "Noor Example", "source_id": "shop-7"},
    "voucher": {"id": "v_1", "code": "SECRETCODE", "campaign_id": "camp_1", "holder_id": "cust_1",
        "loyalty_card": {"points": 210, "balance": 180}, "updated_at": "2026-03-01T10:00:00Z"},
    "order": {"id": "ord_1", "source_id": "1001", "total_amount": 24900},
    "transaction": {"id": "vtx_1", "type": "POINTS_ACCRUAL", "voucher_id": "v_1", "reason": null,
        "created_at": "2026-03-01T10:00:00Z",
        "details": {"balance": {"points": 10, "balance": 190, "total": 220}}}}"#;

fn voucherify(kind: &str, data: &str) -> String {
    format!(
        r#"{{"id": "wh_1", "project_id": "proj_1", "created_at": "2026-03-01T10:00:01Z", "type": "{kind}", "data": {data}}}"#
    )
}

#[test]
fn voucherify_points_are_an_entry_a_balance_and_a_person() {
    for (topic, body) in [
        (None, POINTS.to_owned()),
        (Some("customer.voucher.loyalty_card.points_added"), POINTS.to_owned()),
        (None, voucherify("customer.voucher.loyalty_card.points_added", POINTS)),
    ] {
        let report = report(topic, &body);
        assert_eq!(names(&report), ["loyalty.points_changed", "loyalty.account_changed", "customer.updated"]);
        let event = find(&report, "loyalty.points_changed");
        assert_eq!(event.key, "vtx_1");
        assert_eq!((entry(event).points, entry(event).kind.as_str()), (Some(10), "accumulate"));
        assert_eq!((entry(event).account.as_str(), entry(event).order.as_deref()), ("v_1", Some("ord_1")));
        let event = find(&report, "loyalty.account_changed");
        assert_eq!((account(event).balance, account(event).lifetime), (Some(190), Some(220)));
        assert_eq!((event.version, event.key.as_str()), (MADE, format!("v_1@{MADE}").as_str()));
        assert!(!format!("{report:?}").contains("SECRETCODE"));
        assert!(!format!("{report:?}").contains("24900"));
    }
}

#[test]
fn both_tellings_of_a_voucherify_change_give_one_entry_and_one_balance() {
    let other = POINTS.replace("\"customer\":", "\"holder\":");
    let first = report(None, &voucherify("customer.voucher.loyalty_card.points_added", POINTS));
    let second = report(None, &voucherify("voucher.loyalty_card.points_added", &other));
    assert_eq!(first, second);
}

#[test]
fn an_expiry_takes_points_even_where_only_its_size_is_told() {
    let data = r#"{"points": 70, "transaction": {"id": "vtx_2", "type": "POINTS_EXPIRATION", "voucher_id": "v_1"},
        "voucher": {"id": "v_1", "loyalty_card": {"points": 99, "balance": 29}}}"#;
    let report = report(None, &voucherify("customer.voucher.loyalty_card.points_expired", data));
    assert_eq!(entry(find(&report, "loyalty.points_changed")).points, Some(-70));
    assert_eq!(account(find(&report, "loyalty.account_changed")).balance, Some(29));
}

#[test]
fn a_reward_without_transaction_changes_the_balance_and_says_so() {
    let data = r#"{"customer": {"id": "cust_1"}, "balance": {"points": 900, "balance": 900, "total": 900},
        "voucher": {"id": "v_1", "loyalty_card": {"points": 0, "balance": 0}, "updated_at": "2026-03-01T10:00:00Z"}}"#;
    let report = report(Some("customer.rewarded.loyalty_points"), data);
    assert_eq!(names(&report), ["loyalty.account_changed", "customer.updated"]);
    assert_eq!(account(&report.events[0]).balance, Some(900));
    assert_eq!(report.notes[0].remark, Remark::Ignored);
}

#[test]
fn the_card_knows_its_holder_better_than_the_event() {
    let data = POINTS.replace("\"holder_id\": \"cust_1\"", "\"holder_id\": \"cust_2\"");
    let report = report(None, &data);
    let member = account(find(&report, "loyalty.account_changed")).member.as_ref().unwrap();
    assert_eq!(ids(member)[1].2, "cust_2");
    assert_eq!(ids(&customer(find(&report, "customer.updated")).who)[0].2, "cust_1");
}

#[test]
fn a_tier_belongs_to_a_customer_in_a_campaign() {
    let data = r#"{"customer": {"id": "cust_1", "email": null}, "campaign": {"id": "camp_1", "name": "Club"},
        "loyalty_tier_from": {"id": "t1", "name": "Silver"}, "loyalty_tier_to": {"id": "t2", "name": "Gold"},
        "created_at": "2026-03-01T10:00:00Z"}"#;
    for (topic, body) in [
        (Some("customer.loyalty.tier.upgraded"), data.to_owned()),
        (None, voucherify("customer.loyalty.tier.upgraded", data)),
        (None, data.to_owned()),
    ] {
        let report = report(topic, &body);
        let event = find(&report, "loyalty.tier_changed");
        assert_eq!(
            (account(event).id.as_str(), account(event).tier.as_deref()),
            ("camp_1/cust_1", Some("Gold"))
        );
        assert!(account(event).extra.contains(&("tier_before".into(), "Silver".into())));
        assert_eq!(event.version, MADE);
    }
}

#[test]
fn voucherify_customers_are_told_and_gone() {
    let data = r#"{"customer": {"id": "cust_1", "name": "Noor", "email": "noor@example.org", "source_id": "n",
        "updated_at": "2026-03-01T10:00:00Z"}}"#;
    let event = |kind: &str| report(None, &voucherify(kind, data)).events[0].clone();
    assert_eq!(event("customer.updated").version, MADE);
    assert_eq!(event("customer.created").name, "customer.created");
    let gone = event("customer.deleted");
    assert!(customer(&gone).deleted);
    assert_eq!(gone.version, MADE + 1_000_000_000);
    assert_eq!(report(None, data).events[0].name, "customer.updated");
}

#[test]
fn what_voucherify_says_besides_is_a_notice() {
    for kind in
        ["campaign.created", "customer.voucher.loyalty_card.pending_points.created", "redemption.succeeded"]
    {
        let report = report(None, &voucherify(kind, POINTS));
        assert_eq!(names(&report), ["provider.notice"], "{kind}");
        assert_eq!(report.events[0].key, "wh_1");
    }
}

#[test]
fn what_is_nobodys_is_rejected() {
    for body in ["", "null", "[]", "{}", "{\"id\": 5}", "{", "7", "{\"type\": \"x\", \"data\": {}}"] {
        let said = Loyalty::normalise(delivery(None, body));
        assert!(matches!(said, Err(Failure::Rejected(_))), "{body}");
    }
}
