//! Who it is: phones, user ids, numbers that change, what people wish, and in which thread they speak.

use omnihub_plugin::Report;
use omnihub_plugin::model::{Direction, Payload};

use super::{ADA, BEN, PHONE, SECOND, THEN, ids, interactions, names, report, topics};

/// Who was kept, and who went up in them.
fn merges(report: &Report) -> Vec<(String, String)> {
    let merge = |event: &omnihub_plugin::Event| match &event.payload {
        Payload::PersonMerge(merge) => Some((merge.kept.value.clone(), merge.absorbed.value.clone())),
        _ => None,
    };
    report.events.iter().filter_map(merge).collect()
}

fn parties(report: &Report) -> Vec<Vec<String>> {
    let party = |event: &omnihub_plugin::Event| match &event.payload {
        Payload::Customer(customer) => Some(ids(Some(&customer.who))),
        _ => None,
    };
    report.events.iter().filter_map(party).collect()
}

#[test]
fn a_user_id_needs_no_phone_and_is_none() {
    let without = report("user_id_without_phone");
    for it in interactions(&without) {
        assert_eq!(ids(it.customer.as_ref()), ["wa US.1349120000000001", "handle cleo.example"]);
    }
    let instead = report("user_id_where_the_number_was");
    assert_eq!(ids(interactions(&instead)[0].customer.as_ref()), ["wa US.1349120000000001"]);
    let both = report("user_id_and_phone");
    for it in interactions(&both) {
        assert_eq!(ids(it.customer.as_ref()), ["wa US.1349120000000002", &format!("phone +{ADA}")]);
        assert_eq!(it.thread.as_deref(), Some("106540000000001:US.1349120000000002"));
    }
}

#[test]
fn a_new_number_takes_the_person_along() {
    let report = report("number_changed");
    assert_eq!(
        merges(&report),
        [("12025550199".into(), ADA.into()), ("US.1349120000000009".into(), "US.1349120000000002".into()),]
    );
    let parties = parties(&report);
    assert_eq!(parties[0], ["wa 12025550199", "phone +12025550199"]);
    assert_eq!(parties[3], ["wa US.1349120000000002", "phone +12025550199"]);
    assert_eq!(topics(&report), ["system.customer_identity_changed"]);
    assert_eq!(report.notes.len(), 1);
}

#[test]
fn wishes_about_marketing_are_consents() {
    let report = report("marketing_preferences");
    let states: Vec<(String, String, Option<i64>)> = report
        .events
        .iter()
        .filter_map(|event| match &event.payload {
            Payload::Consent(it) => Some((it.purpose.clone(), it.state.clone(), it.at)),
            _ => None,
        })
        .collect();
    let marketing =
        |state: &str, at: i64| ("marketing".to_owned(), state.to_owned(), Some(THEN + at * SECOND));
    assert_eq!(states, [marketing("denied", 0), marketing("granted", 3_600), marketing("denied", 7_200)]);
    assert_eq!(report.notes[0].path, "/entry/0/changes/0/value/user_preferences/2");
}

#[test]
fn what_the_business_writes_in_the_app_is_sent() {
    let report = report("echoes_of_the_business_app");
    assert_eq!(names(&report), ["message.sent", "message.edited", "message.deleted"]);
    for it in interactions(&report) {
        assert_eq!(it.id, "wamid.ECHO0001");
        assert_eq!(it.direction, Some(Direction::Outbound));
        assert_eq!(it.thread, Some(format!("{PHONE}:{BEN}")));
    }
}

#[test]
fn every_business_phone_has_its_threads() {
    let report = report("two_numbers");
    let threads: Vec<&str> = interactions(&report).iter().map(|it| it.thread.as_deref().unwrap()).collect();
    assert_eq!(
        threads,
        [format!("{PHONE}:{ADA}"), format!("106540000000002:{ADA}"), format!("106540000000003:{BEN}"),]
    );
    let group = self::report("group");
    let threads: Vec<&str> = interactions(&group).iter().map(|it| it.thread.as_deref().unwrap()).collect();
    assert_eq!(threads, ["106540000000001:GROUPID0001"; 3]);
    assert_eq!(group.events[1].key, format!("wamid.SENTG001@read@{ADA}"));
    assert_eq!(group.events[2].key, format!("wamid.SENTG001@read@{BEN}"));
}

#[test]
fn a_new_user_id_takes_the_person_along_with_or_without_a_number() {
    let report = report("user_id_changed");
    assert_eq!(
        merges(&report),
        [
            ("US.1349120000000011".into(), "US.1349120000000010".into()),
            ("US.1349120000000013".into(), "US.1349120000000012".into()),
        ]
    );
    let of_old = parties(&report).into_iter().find(|ids| ids[0] == "wa US.1349120000000012");
    assert_eq!(of_old, Some(vec!["wa US.1349120000000012".into(), format!("phone +{ADA}")]));
    assert!(report.notes.is_empty());
}
