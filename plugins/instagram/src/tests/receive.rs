//! What webhooks say.

use omnihub_plugin::model::{Direction, Payload};
use omnihub_plugin::{Failure, Remark};

use super::{ACCOUNT, ADA, BEN, MS, RECEIVED, THEN, extra, golden, interaction, read, remarks, report, told};

#[test]
fn a_message_is_told_with_customer_thread_and_time() {
    let report = report("text");
    let [event] = report.events.as_slice() else { panic!("one event") };
    assert_eq!((event.name.as_str(), event.happened_at, event.version), ("message.received", THEN, THEN));
    let it = interaction(event);
    assert_eq!(event.key, it.id);
    assert!(it.id.starts_with(&format!("{ADA}:")));
    assert_eq!(it.text.as_deref(), Some("Grüße 👋 wo ist meine Bestellung/Lieferung?"));
    assert_eq!(it.thread, Some(format!("{ACCOUNT}:{ADA}")));
    assert_eq!(it.direction, Some(Direction::Inbound));
    let id = &it.customer.as_ref().unwrap().ids[0];
    assert_eq!((id.scope.as_str(), id.value.as_str()), ("igsid", ADA));
}

#[test]
fn attachments_of_one_mid_stay_together_and_unknown_kinds_are_kept() {
    let report = report("attachments");
    let it = interaction(&report.events[0]);
    let kinds: Vec<&str> = it.attachments.iter().map(|attachment| attachment.kind.as_str()).collect();
    assert_eq!(kinds, ["image", "ig_reel", "like_heart", "hologram"]);
    assert_eq!(it.attachments[2].url, None);
    assert_eq!(it.attachments[1].id.as_deref(), Some("18000000000000009"));
}

#[test]
fn an_echo_is_ours_whichever_way_round_the_ids_are() {
    for case in ["echo", "echo_with_customer_as_sender"] {
        let report = report(case);
        let it = interaction(&report.events[0]);
        assert_eq!(report.events[0].name, "message.sent");
        assert_eq!(it.direction, Some(Direction::Outbound));
        assert_eq!(it.customer.as_ref().unwrap().ids[0].value, ADA);
        assert_eq!(it.thread, Some(format!("{ACCOUNT}:{ADA}")));
    }
}

#[test]
fn news_of_a_message_carries_its_id() {
    let message = report("text").events[0].key.clone();
    let unsent = report("unsent");
    assert_eq!(unsent.events[0].name, "message.deleted");
    assert_eq!(interaction(&unsent.events[0]).id, message);
    assert!(interaction(&unsent.events[0]).erased);
    assert!(report("edits").events.iter().all(|event| interaction(event).id == message));
    let echo = report("echo").events[0].key.clone();
    assert_eq!(interaction(&report("read").events[0]).id, echo);
    let reactions = report("reaction_and_unreact");
    assert!(reactions.events.iter().all(|event| interaction(event).id == echo));
    assert_eq!(interaction(&report("quick_reply_and_reply").events[1]).reply_to, Some(echo));
}

#[test]
fn a_reaction_can_be_taken_back() {
    let report = report("reaction_and_unreact");
    let emojis: Vec<Option<&str>> = report
        .events
        .iter()
        .map(|event| interaction(event).reaction.as_ref().unwrap().emoji.as_deref())
        .collect();
    assert_eq!(emojis, [Some("❤️"), None]);
    assert_ne!(report.events[0].key, report.events[1].key);
}

#[test]
fn the_last_edit_wins_within_a_millisecond_and_a_bare_one_is_passed_over() {
    let report = report("edits");
    let versions: Vec<i64> = report.events.iter().map(|event| event.version).collect();
    assert_eq!(versions, [THEN + 10_000 * MS + 1, THEN + 10_000 * MS + 2]);
    assert_eq!(interaction(&report.events[1]).text.as_deref(), Some("Where is my order #1001?"));
    assert_eq!(remarks(&report), [("/entry/0/messaging/2", Remark::Ignored)]);
}

#[test]
fn a_postback_without_mid_has_the_same_id_in_every_copy() {
    let body = golden("postback_without_mid");
    let (one, two) = (read(&body, 1).unwrap(), read(&body, 2).unwrap());
    assert_eq!(one.events[0].key, two.events[0].key);
    let later = body.replace("1767261600000", "1767261600001");
    assert_ne!(read(&later, 1).unwrap().events[0].key, one.events[0].key);
    let it = interaction(&one.events[0]);
    assert_eq!(
        (it.kind.as_deref(), it.text.as_deref()),
        (Some("postback"), Some("What are your opening hours?"))
    );
    assert_eq!(extra(&it.extra, "payload"), Some("HOURS"));
}

#[test]
fn a_link_from_an_order_page_proves_whose_order_it_is() {
    let opened = report("referral_of_an_order");
    let Payload::Customer(customer) = &opened.events[0].payload else { panic!("a customer") };
    let token = &customer.who.ids[1];
    assert_eq!((token.scope.as_str(), token.value.as_str()), ("order-status", "0f9c5d8e7b6a41"));
    assert_eq!(extra(&customer.extra, "referral_ref"), None);

    let started = report("postback_with_mid_and_referral");
    let party = interaction(&started.events[0]).customer.clone().unwrap();
    assert_eq!(party.ids[1].value, "c2hvcnQtdG9rZW4");

    let ad = report("message_from_an_ad");
    let it = interaction(&ad.events[0]);
    assert_eq!(it.customer.as_ref().unwrap().ids.len(), 1);
    assert_eq!(extra(&it.extra, "referral_ref"), Some("summer"));
}

#[test]
fn times_in_seconds_iso_and_not_at_all() {
    assert_eq!(report("story_reply_with_iso_times").events[0].version, THEN);
    let seconds = report("messages_in_changes_with_seconds");
    assert!(seconds.events.iter().all(|event| event.version == THEN));
    let none = report("placeholder_times");
    let versions: Vec<(i64, i64)> =
        none.events.iter().map(|event| (event.happened_at, event.version)).collect();
    assert_eq!(versions, [(RECEIVED, 0), (RECEIVED, 0)]);
    assert_eq!(interaction(&none.events[0]).sent_at, None);
}

#[test]
fn comments_have_threads_of_their_own_and_ours_are_sent() {
    let report = report("comments");
    let names: Vec<&str> = report.events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names, ["comment.received", "message.sent", "comment.received"]);
    let threads: Vec<&str> =
        report.events.iter().map(|event| interaction(event).thread.as_deref().unwrap()).collect();
    assert_eq!(threads[0], threads[1]);
    let asked = interaction(&report.events[0]).customer.clone().unwrap();
    assert_eq!(asked.ids.iter().map(|id| id.value.as_str()).collect::<Vec<_>>(), [BEN, "ben.example"]);
    assert_eq!(interaction(&report.events[2]).customer, None);
    assert_eq!(report.events[0].version, THEN);
}

#[test]
fn a_mention_says_where_and_no_more() {
    let report = report("mentions");
    let keys: Vec<&str> = report.events.iter().map(|event| event.key.as_str()).collect();
    assert_eq!(keys, ["17900000000000011", "mention:18100000000000009"]);
    for event in &report.events {
        let it = interaction(event);
        assert_eq!((event.name.as_str(), it.kind.as_deref()), ("comment.received", Some("mention")));
        assert_eq!((&it.customer, &it.text, event.version), (&None, &None, THEN));
    }
    assert_eq!(extra(&interaction(&report.events[1]).extra, "media_id"), Some("18100000000000009"));
}

#[test]
fn a_comment_of_the_account_is_ours_by_either_id() {
    let report = report("own_comment_by_scoped_id");
    assert_eq!(report.events[0].name, "message.sent");
    assert_eq!(interaction(&report.events[0]).customer, None);
}

#[test]
fn who_reads_a_message_did_not_write_it() {
    let report = report("read_by_either_side");
    let directions: Vec<Option<Direction>> =
        report.events.iter().map(|event| interaction(event).direction).collect();
    assert_eq!(directions, [Some(Direction::Outbound), Some(Direction::Inbound)]);
}

#[test]
fn every_container_is_read() {
    assert_eq!(told(&report("comment_directly_in_entry")), [format!("comment.received 000004 {BEN} Nice")]);
    let names: Vec<String> =
        report("messages_in_changes_with_seconds").events.into_iter().map(|event| event.name).collect();
    assert_eq!(names, ["message.received", "message.reaction"]);
    let standby = report("standby");
    assert_eq!(extra(&interaction(&standby.events[0]).extra, "standby"), Some("true"));
}

#[test]
fn a_mid_shared_by_three_senders_names_three_messages() {
    let report = report("same_mid_from_three_senders");
    let mut keys: Vec<&str> = report.events.iter().map(|event| event.key.as_str()).collect();
    keys.dedup();
    assert_eq!(keys.len(), 3);
    assert!(report.notes.is_empty());
}

#[test]
fn two_accounts_have_two_threads() {
    let report = report("two_accounts");
    let threads: Vec<&str> =
        report.events.iter().map(|event| interaction(event).thread.as_deref().unwrap()).collect();
    assert_eq!(threads, [format!("{ACCOUNT}:{ADA}"), format!("17840000000000002:{BEN}")]);
}

#[test]
fn a_bad_item_costs_only_itself() {
    let report = report("malformed_among_good");
    assert_eq!(told(&report), [format!("message.received GxlOK1 {ADA} -")]);
    let it = interaction(&report.events[0]);
    assert_eq!(it.attachments.len(), 1);
    let paths: Vec<&str> = remarks(&report).iter().map(|(path, _)| *path).collect();
    assert_eq!(
        paths,
        [
            "/entry/0/messaging/0",
            "/entry/0/messaging/1",
            "/entry/0/messaging/2",
            "/entry/0/messaging/3",
            "/entry/0/messaging/4/message/attachments/0",
        ]
    );
    assert!(report.notes.iter().all(|note| note.remark == Remark::Malformed));
}

#[test]
fn what_is_not_known_is_counted_and_what_is_ours_to_test_passed_over() {
    let names = told(&report("unknown_parts"));
    assert_eq!(
        names,
        [
            "provider.notice pass_thread_control",
            "provider.notice read",
            "provider.notice story_insights",
            "comment.received 000009 - -",
        ]
    );
    assert_eq!(remarks(&report("unknown_parts")), [("/entry/2", Remark::Unknown)]);
    assert_eq!(told(&report("another_object")), ["provider.notice page"]);
    assert!(report("own_test_message").events.is_empty());
    assert_eq!(report("own_test_message").notes.len(), 2);
    assert_eq!(remarks(&report("repeated_in_one_delivery")), [("/entry/0/messaging/1", Remark::Ignored)]);
    assert_eq!(remarks(&report("nothing_inside")), [("", Remark::Ignored)]);
}

#[test]
fn what_is_no_envelope_is_rejected() {
    for body in ["", "hello", "[]", "{}", "{\"message\": {}}", "null", "\u{feff}{}"] {
        assert!(matches!(read(body, 1), Err(Failure::Rejected(_))), "{body}");
    }
}

#[test]
fn every_golden_says_something_and_only_one_is_broken() {
    for (case, delivery) in super::goldens() {
        let report = read(&delivery.body, RECEIVED).unwrap();
        assert!(!report.events.is_empty() || !report.notes.is_empty(), "{case}");
        let malformed = report.notes.iter().any(|note| note.remark == Remark::Malformed);
        assert_eq!(malformed, case == "malformed_among_good", "{case}: {:?}", report.notes);
    }
}
