use super::*;

#[test]
fn a_body_without_envelope_is_rejected() {
    for body in ["", "7", "[]", "[\"instagram\", []]", "{}", "{\"entry\": 7}", "{\"object\":"] {
        assert!(matches!(Envelope::read(body), Err(Failure::Rejected(_))), "{body}");
    }
}

#[test]
fn an_entry_of_another_type_keeps_its_place() {
    let envelope = Envelope::read(r#"{"object": "instagram", "entry": [7, {"id": 12}]}"#).unwrap();
    assert!(envelope.is_about("instagram") && !envelope.is_about("page"));
    let entries = envelope.into_entries();
    assert!(entries[0].is_none());
    assert_eq!(entries[1].as_ref().unwrap().id, Some(Text("12".into())));
}

#[test]
fn what_is_said_twice_counts_once() {
    let event = || Event::new("message.received", "m1", 7, Payload::Other(Other::new("t")));
    let mut gather = Gather::default();
    gather.add("/entry/0", event());
    gather.add("/entry/1", event());
    let report = gather.finish();
    assert_eq!(report.events.len(), 1);
    assert_eq!(report.notes[0].path, "/entry/1");
    assert_eq!(Gather::default().finish().notes.len(), 1);
}

#[test]
fn times_of_all_forms_and_placeholders() {
    let of = |text: &str| time(Some(&Text(text.into())));
    let expected = Some(1_735_732_800_000_000_000);
    for text in ["1735732800000", "1735732800", "2025-01-01T12:00:00+0000"] {
        assert_eq!(of(text), expected, "{text}");
    }
    for text in ["<TIME>", "0", "-5", "", "99999999999999999999", "-9223372036854775808"] {
        assert_eq!(of(text), None, "{text}");
    }
}

#[test]
fn a_notice_is_the_same_in_every_copy_and_shows_what_was_asked_for() {
    let said = r#"{"event": "DISABLED", "phone": "15550100", "n": 7, "list": []}"#;
    let early = notice("account_update", said, None, 1, &["event", "n", "list", "absent"]);
    let late = notice("account_update", said, None, 2, &["event", "n", "list", "absent"]);
    assert_eq!((&early.key, early.version), (&late.key, late.version));
    let Payload::Other(other) = early.payload else { panic!("a notice has an Other") };
    assert_eq!(other.extra, [("event".into(), "DISABLED".into()), ("n".into(), "7".into())]);
    assert_ne!(early.key, notice("account_update", said, Some(5), 1, &[]).key);
}

#[test]
fn a_topic_is_a_word() {
    assert_eq!(word("message_edit"), "message_edit");
    for odd in ["", "Ada Example", "a@example.com", &"x".repeat(65)] {
        assert_eq!(word(odd), "unnamed");
    }
}
