//! Bodies that administrators write: spellings, mapping, calls, mails, people.

use omnihub_plugin::Failure;
use omnihub_plugin::model::{Direction, Identity, IdentityKind, Proof};

use super::{SIGNED, check_events, event, interaction, ticket, told, told_with};

#[test]
fn triggers_say_things_in_many_spellings() {
    for body in [
        r#"{"ticket_id": "7", "status": "On-hold", "priority": "Normal", "tags": "a b"}"#,
        r#"{"type": "x", "ticketID": 7, "Status": "on hold", "priority": "NORMAL", "tags": ["a", "b"]}"#,
        r#"{"ticket": {"id": "7", "status": "Hold", "priority": "normal", "tags": "a b"}, "current_user": {"id": "9"}}"#,
    ] {
        let report = told(body).unwrap();
        let said = ticket(&report.events[0]);
        assert_eq!(
            (said.id.as_str(), said.status.as_deref(), said.priority.as_deref()),
            ("7", Some("hold"), Some("normal")),
            "{body}"
        );
        assert_eq!(said.tags, Some(vec!["a".into(), "b".into()]), "{body}");
        // No time in the body: the signature's orders what is said, and stays out of the key.
        assert_eq!(report.events[0].version, SIGNED, "{body}");
        assert!(report.events[0].key.starts_with("7@/"), "{body}");
    }
}

#[test]
fn the_operator_may_name_the_keys() {
    let mapping = r#"{"ticket_id": "case.number", "subject": "headline"}"#;
    let body = r#"{"id": "1", "case": {"number": "7"}, "headline": "h", "title": "t"}"#;
    let report = told_with(body, Some(mapping)).unwrap();
    assert_eq!(
        (ticket(&report.events[0]).id.as_str(), ticket(&report.events[0]).subject.as_deref()),
        ("7", Some("h"))
    );
    for wrong in ["[]", "no json", r#"{"tickt_id": "x"}"#, r#"{"ticket_id": 7}"#] {
        assert_eq!(
            told_with(body, Some(wrong)),
            Err(Failure::Misconfigured("trigger_mapping".into())),
            "{wrong}"
        );
    }
    // Events of subscriptions have nothing to do with it.
    assert!(told_with(&event("ticket.created", r#"{"id": "7"}"#, "{}"), Some("no json")).is_ok());
}

#[test]
fn what_has_no_value_says_nothing() {
    let body = r#"{"ticket_id": "7", "title": "-", "status": "", "requester_name": "{{ticket.requester.name}}", "updated_at": "January 8"}"#;
    let said = told(body).unwrap();
    let said = ticket(&said.events[0]);
    assert_eq!((&said.subject, &said.status, &said.requester), (&None, &None, &None));
}

#[test]
fn a_trigger_of_a_call_tells_of_one_call() {
    let body = |status: &str, time: &str| {
        format!(
            r#"{{"ticket_id": "7", "via": "Phone call (incoming)", "description": "call me", "status": "{status}",
                "requester_phone": "+12025550188", "created_at": "1970-01-01T00:00:01Z", "updated_at": "{time}"}}"#
        )
    };
    let made = check_events(
        &body("New", "1970-01-01T00:00:01Z"),
        &[("ticket.created", "7"), ("call.received", "7/call")],
    );
    let call = interaction(&made.events[1]);
    assert_eq!(
        (call.channel.as_deref(), call.direction, call.sent_at),
        (Some("phone"), Some(Direction::Inbound), Some(1_000_000_000))
    );
    let phone = &call.customer.as_ref().unwrap().ids[1];
    assert_eq!((phone.kind, phone.proof), (IdentityKind::Phone, Proof::Channel));
    let later = told(&body("Open", "1970-01-01T00:00:09Z")).unwrap();
    assert_eq!((later.events[1].key.as_str(), later.events[1].version), ("7/call", 1_000_000_000));
    let outgoing = told(r#"{"ticket_id": "7", "via": "Phone call (outbound)"}"#).unwrap();
    assert_eq!(
        (outgoing.events[1].name.as_str(), interaction(&outgoing.events[1]).direction),
        ("message.sent", Some(Direction::Outbound))
    );
}

#[test]
fn a_trigger_of_a_mail_tells_of_the_newest_comment_once() {
    let mail = |more: &str| {
        let body = format!(
            r#"{{"ticket_id": "7", "via": "Mail", "latest_comment": "hello", "requester_email": "a@example.com"{more}}}"#
        );
        let report = told(&body).unwrap();
        let said = interaction(&report.events[1]);
        assert_eq!(said.channel.as_deref(), Some("email"));
        (report.events[1].name.clone(), report.events[1].key.clone(), said.direction.unwrap())
    };
    let first = mail("");
    assert_eq!((first.0.as_str(), first.2), ("message.received", Direction::Inbound));
    assert_eq!(mail(r#", "status": "solved""#), first);
    assert_eq!(mail(r#", "comment_id": "33""#).1, "33");
    assert_eq!(mail(r#", "author_role": "Agent""#).0, "message.sent");
    assert_eq!(mail(r#", "is_public": "false""#).0, "note.added");
    assert_eq!(
        told(r#"{"ticket_id": "7", "via": "Web form", "latest_comment": "x"}"#).unwrap().events.len(),
        1
    );
}

#[test]
fn requesters_are_filed_under_their_user_or_their_ticket() {
    let requester = |more: &str| {
        let report = told(&format!(r#"{{"ticket_id": "7"{more}}}"#)).unwrap();
        ticket(&report.events[0]).requester.clone()
    };
    let party = requester(r#", "requester": "Ana Sample <ana@example.com>""#).unwrap();
    let filed = Identity::provider("ticket-requester", "7");
    assert_eq!(
        (party.name.as_deref(), party.ids),
        (Some("Ana Sample"), vec![filed, Identity::email("ana@example.com", Proof::Channel)])
    );
    let party = requester(r#", "requester": {"id": 5, "name": "Ana", "phone": "+12025550143"}"#).unwrap();
    let ids = vec![Identity::provider("user", "5"), Identity::phone("+12025550143", Proof::Claimed)];
    assert_eq!((party.name.as_deref(), party.ids), (Some("Ana"), ids));
    assert_eq!(requester(r#", "requester_name": "Ana""#), None);
}
