//! What every golden body says, the traps one by one, and that no body whatever does harm.

use std::path::Path;

use omnihub_plugin::host::http::Response;
use omnihub_plugin::model::{Author, Direction, Identity, IdentityKind, Interaction, Proof, Ticket};
use omnihub_plugin::testing::{delivery, mutated};
use omnihub_plugin::{Delivery, Effect, Event, Failure, Header, Payload, Report};
use proptest::prelude::*;

use crate::act::Wanted;
use crate::{manifest, map};

const RECEIVED_AT: i64 = 1_800_000_000_000_000_000;
const SIGNED: i64 = 1_772_446_531_000_000_000;

fn told_with(body: &str, mapping: Option<&str>) -> Result<Report, Failure> {
    let signed = Header { name: manifest::SIGNED_AT.into(), value: "2026-03-02T10:15:31Z".into() };
    let delivery =
        Delivery { topic: None, headers: vec![signed], body: body.into(), received_at: RECEIVED_AT };
    map::report(&delivery, mapping)
}

fn told(body: &str) -> Result<Report, Failure> {
    told_with(body, None)
}

/// An event of a subscription, one second after 1970 began, about ticket or user 7.
fn event(kind: &str, detail: &str, event: &str) -> String {
    format!(
        r#"{{"type": "zen:event-type:{kind}", "id": "e1", "time": "1970-01-01T00:00:01Z", "subject": "zen:x:7",
            "detail": {detail}, "event": {event}}}"#
    )
}

/// Name and key of every event.
fn check_events(body: &str, expected: &[(&str, &str)]) -> Report {
    let report = told(body).unwrap();
    let events: Vec<_> =
        report.events.iter().map(|event| (event.name.as_str(), event.key.as_str())).collect();
    assert_eq!(events, expected, "{body}");
    report
}

fn ticket(event: &Event) -> &Ticket {
    let Payload::Ticket(ticket) = &event.payload else { panic!("{event:?}") };
    ticket
}

fn interaction(event: &Event) -> &Interaction {
    let Payload::Interaction(interaction) = &event.payload else { panic!("{event:?}") };
    interaction
}

/// Every golden body with the name of its folder.
fn golden() -> Vec<(String, Delivery)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/plugins/zendesk");
    let webhook = manifest::manifest().webhook.unwrap();
    let mut cases: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|case| {
            let case = case.unwrap();
            let http = std::fs::read_to_string(case.path().join("delivery.http")).unwrap();
            (case.file_name().into_string().unwrap(), delivery(&http, &webhook, RECEIVED_AT).unwrap())
        })
        .collect();
    cases.sort_by(|left, right| left.0.cmp(&right.0));
    cases
}

#[test]
fn every_golden_body_says_something_or_is_refused() {
    for (case, delivery) in golden() {
        let refused =
            matches!(case.as_str(), "body-empty" | "trigger-broken-by-a-quote" | "trigger-without-ticket-id");
        match map::report(&delivery, None) {
            Ok(report) => {
                assert!(!refused, "{case}");
                assert!(!(report.events.is_empty() && report.notes.is_empty()), "{case}");
            }
            Err(failure) => assert!(refused && matches!(failure, Failure::Rejected(_)), "{case} {failure:?}"),
        }
    }
}

#[test]
fn copies_of_a_delivery_agree_whenever_they_arrive() {
    for (case, delivery) in golden() {
        let later = Delivery { received_at: RECEIVED_AT + 1, ..delivery.clone() };
        let identity = |delivery: &Delivery| {
            let events = map::report(delivery, None).map(|report| report.events).unwrap_or_default();
            events
                .into_iter()
                .map(|event| (event.name, event.key, event.version, event.payload))
                .collect::<Vec<_>>()
        };
        assert_eq!(identity(&delivery), identity(&later), "{case}");
    }
}

#[test]
fn a_change_says_only_what_changed() {
    let detail = r#"{"id": "7", "status": "OPEN", "priority": "LOW", "requester_id": "5", "subject": "s", "tags": ["t"]}"#;
    let body = event("ticket.status_changed", detail, r#"{"current": "SOLVED", "previous": "OPEN"}"#);
    let report = check_events(&body, &[("ticket.status_changed", "7/ticket.status_changed@1000000000")]);
    let changed = ticket(&report.events[0]);
    assert_eq!(
        (changed.status.as_deref(), &changed.priority, &changed.subject, &changed.tags),
        (Some("solved"), &None, &None, &None)
    );
    assert_eq!(report.events[0].version, 1_000_000_000);

    let assigned = |current: &str| {
        let change = format!(r#"{{"current": {current}}}"#);
        let report = told(&event("ticket.agent_assignment_changed", detail, &change)).unwrap();
        let changed = ticket(&report.events[0]).clone();
        (changed.assignee, changed.extra.iter().any(|(name, _)| name == "cleared"))
    };
    assert_eq!(assigned("360009912345"), (Some("360009912345".into()), false));
    assert_eq!(assigned("\"8001\""), (Some("8001".into()), false));
    assert_eq!(assigned("null"), (None, true));
}

#[test]
fn words_are_lower_case_and_nobody_is_nobody() {
    let detail = r#"{"id": "7", "status": "HOLD", "priority": "URGENT", "type": "PROBLEM", "requester_id": "0", "assignee_id": "",
        "tags": null, "external_id": null, "via": {"channel": "web_service"}}"#;
    let report = check_events(&event("ticket.created", detail, "{}"), &[("ticket.created", "7")]);
    let made = ticket(&report.events[0]);
    let words =
        (made.status.as_deref(), made.priority.as_deref(), made.kind.as_deref(), made.channel.as_deref());
    assert_eq!(words, (Some("hold"), Some("urgent"), Some("problem"), Some("api")));
    assert_eq!(
        (&made.requester, &made.assignee, &made.tags, &made.external_id),
        (&None, &None, &None, &None)
    );
}

#[test]
fn deletion_can_be_undone_until_it_is_permanent() {
    let detail = r#"{"id": "7", "status": "OPEN"}"#;
    let state = |what: &str| {
        let report = told(&event(what, detail, "{}")).unwrap();
        (
            report.events[0].name.clone(),
            ticket(&report.events[0]).status.clone(),
            ticket(&report.events[0]).deleted,
        )
    };
    assert_eq!(state("ticket.soft_deleted"), ("ticket.deleted".into(), Some("deleted".into()), false));
    assert_eq!(state("ticket.undeleted"), ("ticket.updated".into(), Some("open".into()), false));
    assert_eq!(state("ticket.permanently_deleted"), ("ticket.deleted".into(), None, true));
}

/// Name, direction, author and customer of a comment on a public ticket of requester 5.
fn check_comment(comment: &str, expected: (&str, Direction, Author, Option<&str>)) {
    let detail = r#"{"id": "7", "is_public": true, "requester_id": "5", "via": {"channel": "mail"}}"#;
    let report =
        told(&event("ticket.comment_added", detail, &format!(r#"{{"comment": {comment}}}"#))).unwrap();
    let said = interaction(&report.events[0]);
    let customer = said.customer.as_ref().map(|party| party.ids[0].value.as_str());
    let found = (report.events[0].name.as_str(), said.direction.unwrap(), said.author.unwrap(), customer);
    assert_eq!(found, expected, "{comment}");
    assert_eq!((said.ticket.as_deref(), said.channel.as_deref()), (Some("7"), Some("email")));
}

#[test]
fn direction_and_visibility_come_from_the_comment() {
    use Direction::{Inbound, Internal, Outbound};
    let by = |id: &str, staff: &str, public: &str| {
        format!(
            r#"{{"id": "1", "body": "x", "is_public": {public}, "author": {{"id": "{id}", "is_staff": {staff}}}}}"#
        )
    };
    check_comment(&by("5", "false", "true"), ("message.received", Inbound, Author::Customer, Some("5")));
    check_comment(&by("6", "false", "true"), ("message.received", Inbound, Author::Customer, Some("6")));
    check_comment(&by("8", "true", "true"), ("message.sent", Outbound, Author::Human, Some("5")));
    check_comment(&by("8", "true", "false"), ("note.added", Internal, Author::Human, Some("5")));
    check_comment(&by("5", "false", "false"), ("note.added", Internal, Author::Customer, Some("5")));
    check_comment(&by("-1", "false", "true"), ("message.sent", Outbound, Author::System, Some("5")));
    // Nothing said of visibility: an agent's words are taken for a note.
    check_comment(&by("8", "true", "null"), ("note.added", Internal, Author::Human, Some("5")));
    check_comment(&by("5", "null", "null"), ("message.received", Inbound, Author::Customer, Some("5")));
    check_comment(&by("8", "null", "true"), ("message.sent", Outbound, Author::Human, Some("5")));
}

#[test]
fn redaction_forgets_the_comment() {
    let body = event(
        "ticket.comment_redacted",
        r#"{"id": "7"}"#,
        r#"{"comment": {"id": "1", "body": "still here"}}"#,
    );
    let report = check_events(&body, &[("message.deleted", "1/ticket.comment_redacted@1000000000")]);
    assert!(interaction(&report.events[0]).erased);
    assert_eq!(interaction(&report.events[0]).text, None);
}

#[test]
fn conversations_know_visitors_agents_and_bots() {
    let message = |actor: &str| {
        let change = format!(
            r#"{{"actor": {actor}, "conversation_id": "c", "message": {{"id": "m", "body": "hi"}}}}"#
        );
        let report = told(&event("messaging_ticket.message_added", r#"{"id": "7"}"#, &change)).unwrap();
        let said = interaction(&report.events[0]).clone();
        let customer = said.customer.map(|party| party.ids[0].scope.clone());
        (report.events[0].name.clone(), said.author.unwrap(), customer)
    };
    let received = |scope: &str| ("message.received".to_owned(), Author::Customer, Some(scope.to_owned()));
    let sent = |author| ("message.sent".to_owned(), author, None);
    assert_eq!(message(r#"{"id": "65e2f0a1", "type": "end_user"}"#), received("messaging-user"));
    assert_eq!(message(r#"{"id": "9001", "type": "end_user"}"#), received("user"));
    assert_eq!(message(r#"{"id": "8001", "type": "agent"}"#), sent(Author::Human));
    assert_eq!(message(r#"{"id": "zd:answerBot", "type": "system"}"#), sent(Author::Bot));
    assert_eq!(message(r#"{"type": "system"}"#), sent(Author::System));
    assert_eq!(message("null"), sent(Author::Unknown));
}

#[test]
fn staff_are_no_customers() {
    let user = |role: &str| {
        told(&event(
            "user.created",
            &format!(r#"{{"id": "7", "role": "{role}", "email": "a@example.com"}}"#),
            "{}",
        ))
        .unwrap()
    };
    assert_eq!((user("agent").events.len(), user("agent").notes.len()), (0, 1));
    let made = user("end-user");
    let Payload::Customer(customer) = &made.events[0].payload else { panic!() };
    assert_eq!(
        customer.who.ids,
        [Identity::provider("user", "7"), Identity::email("a@example.com", Proof::Channel)]
    );
}

#[test]
fn a_new_phone_counts_when_verified() {
    let phone = |verified: &str| {
        let change = format!(
            r#"{{"identity": {{"type": "phone_number", "value": "+12025550143", "verified": {verified}}}}}"#
        );
        let report = told(&event("user.identity_created", r#"{"id": "7"}"#, &change)).unwrap();
        let Payload::Customer(customer) = &report.events[0].payload else { panic!() };
        customer.who.ids[1].proof
    };
    assert_eq!(phone("true"), Proof::Verified);
    assert_eq!(phone("false"), Proof::Claimed);
    assert_eq!(phone("null"), Proof::Claimed);
}

#[test]
fn merges_name_both_or_nobody() {
    let merge = |change: &str| told(&event("user.merged", r#"{"id": "7"}"#, change)).unwrap();
    assert_eq!(merge(r#"{"user": {"id": "9"}}"#).events[0].key, "7+9");
    assert_eq!(merge(r#"{"target_user_id": "9"}"#).events[0].key, "9+7");
    assert_eq!((merge("{}").events.len(), merge("{}").notes.len()), (0, 1));
}

#[test]
fn ratings_are_found_wherever_they_sit() {
    let score = |change: &str| {
        let report =
            told(&event("ticket.csat_received", r#"{"id": "7", "requester_id": "5"}"#, change)).unwrap();
        let answer = report.events.first().map(|event| match &event.payload {
            Payload::SurveyResponse(answer) => (answer.id.clone(), answer.score.clone()),
            other => panic!("{other:?}"),
        });
        (answer, report.notes.len())
    };
    assert_eq!(
        score(r#"{"csat": {"id": "3", "score": "GOOD"}}"#),
        (Some(("3".into(), Some("good".into()))), 0)
    );
    assert_eq!(score(r#"{"satisfaction_rating": {"rating": 4}}"#), (Some(("7".into(), Some("4".into()))), 0));
    assert_eq!(score(r#"{"current": "BAD"}"#), (Some(("7".into(), Some("bad".into()))), 0));
    assert_eq!(score("{}"), (None, 1));
}

#[test]
fn unknown_types_are_kept_under_their_own_id() {
    let report = check_events(&event("agent.state_changed", "{}", "{}"), &[("provider.notice", "e1")]);
    assert_eq!(report.events[0].happened_at, 1_000_000_000);
    check_events(&event("ticket.something_new", r#"{"id": "7"}"#, "{}"), &[("provider.notice", "e1")]);
}

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

#[test]
fn nonsense_is_refused() {
    for body in ["", "no json", "[]", "7", "null", r#"{"a": 1}"#, r#"{"ticket_id": "7""#] {
        assert!(matches!(told(body), Err(Failure::Rejected(_))), "{body}");
    }
    let nameless = r#"{"type": "zen:event-type:ticket.created", "detail": {}}"#;
    assert!(matches!(told(nameless), Err(Failure::Rejected(_))));
}

proptest! {
    #[test]
    fn no_accident_does_harm(case in 0_usize..1_000, choices in prop::collection::vec(any::<(u16, u8)>(), 0..6)) {
        let golden = golden();
        let (_, delivery) = &golden[case % golden.len()];
        let damaged = Delivery { body: mutated(&delivery.body, &choices), ..delivery.clone() };
        let report = map::report(&damaged, None);
        let says_something = report.map_or(true, |report| !(report.events.is_empty() && report.notes.is_empty()));
        prop_assert!(says_something);
    }
}

fn effect(arguments: &[(&str, &str)]) -> Effect {
    let needed = [("subject", "Unhappy: Ana"), ("body", "She wrote twice.")];
    let all = needed.iter().chain(arguments).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Effect {
        id: "effect-1".into(),
        action: "create_ticket".into(),
        arguments: all.collect(),
        attempt: 1,
        uncertain: false,
    }
}

fn wanted(arguments: &[(&str, &str)]) -> Wanted {
    Wanted::of(&effect(arguments)).unwrap_or_else(|failure| panic!("{failure:?}"))
}

fn answer(status: u16, body: &str) -> Response {
    Response { status, headers: Vec::new(), body: body.into() }
}

#[test]
fn the_request_carries_the_effects_id_twice() {
    let request = wanted(&[]).creation();
    assert_eq!(request.path, "/api/v2/tickets.json");
    let key = request
        .headers
        .iter()
        .find(|header| header.name == "idempotency-key")
        .map(|header| header.value.as_str());
    assert_eq!(key, Some("effect-1"));
    let body: serde_json::Value = serde_json::from_str(&request.body.unwrap()).unwrap();
    let expected = serde_json::json!({"ticket": {
        "subject": "Unhappy: Ana", "comment": {"body": "She wrote twice.", "public": false}, "external_id": "effect-1",
    }});
    assert_eq!(body, expected);
}

#[test]
fn all_that_is_given_is_sent() {
    let arguments = [
        ("priority", "High"),
        ("requester_email", "ana@example.com"),
        ("external_id", "#2041/7"),
        ("tags", "a, b c"),
        ("public", "true"),
    ];
    let wanted = wanted(&arguments);
    assert_eq!(wanted.search().path, "/api/v2/tickets.json?external_id=%232041%2F7");
    let body: serde_json::Value = serde_json::from_str(&wanted.creation().body.unwrap()).unwrap();
    let ticket = &body["ticket"];
    assert_eq!((&ticket["priority"], &ticket["tags"]), (&"high".into(), &serde_json::json!(["a", "b", "c"])));
    assert_eq!(
        ticket["requester"],
        serde_json::json!({"email": "ana@example.com", "name": "ana@example.com"})
    );
    assert_eq!((&ticket["external_id"], &ticket["comment"]["public"]), (&"#2041/7".into(), &true.into()));
    let refused = Wanted::of(&effect(&[("priority", "medium")])).err();
    assert_eq!(refused, Some(Failure::Rejected("priority is none of low, normal, high, urgent".into())));
    let empty = Effect { arguments: Vec::new(), ..effect(&[]) };
    assert_eq!(Wanted::of(&empty).err(), Some(Failure::Rejected("subject is missing".into())));
}

#[test]
fn an_earlier_attempt_is_recognised_and_a_stranger_is_not() {
    let found = |arguments: &[(&str, &str)], tickets: &str| {
        wanted(arguments).found(&answer(200, &format!(r#"{{"tickets": {tickets}}}"#)))
    };
    assert_eq!(found(&[], "[]"), Ok(None));
    assert_eq!(
        found(&[], r#"[{"id": 4, "external_id": "effect-1", "subject": "renamed"}]"#),
        Ok(Some("4".into()))
    );
    assert_eq!(found(&[], r#"[{"id": 4, "external_id": "effect-2"}]"#), Ok(None));
    let chosen = [("external_id", "o7")];
    assert_eq!(found(&chosen, r#"[{"id": 4, "external_id": "o7", "subject": "Other"}]"#), Ok(None));
    assert_eq!(
        found(&chosen, r#"[{"id": 4, "external_id": "o7", "subject": "Unhappy: Ana"}]"#),
        Ok(Some("4".into()))
    );
    assert_eq!(wanted(&[]).found(&answer(200, "<html>")), Err(Failure::RetryAfterMs(2_000)));
}

#[test]
fn answers_to_the_creation() {
    let made =
        |status: u16, body: &str| wanted(&[]).made(&answer(status, body)).map(|receipt| receipt.reference);
    assert_eq!(made(201, r#"{"ticket": {"id": 4014}, "audit": {}}"#), Ok(Some("4014".into())));
    assert_eq!(made(201, "{}"), Err(Failure::OutcomeUnknown("an answer without a ticket".into())));
    let invalid = r#"{"error": "RecordInvalid", "description": "Requester: ana@example.com is suspended"}"#;
    assert_eq!(made(422, invalid), Err(Failure::Rejected("HTTP 422 RecordInvalid".into())));
    let titled = r#"{"error": {"title": "Invalid attribute", "message": "ana"}}"#;
    assert_eq!(made(400, titled), Err(Failure::Rejected("HTTP 400 Invalidattribute".into())));
    assert_eq!(made(409, ""), Err(Failure::RetryAfterMs(2_000)));
    assert_eq!(made(429, r#"{"error": "APIRateLimitExceeded"}"#), Err(Failure::RetryAfterMs(60_000)));
    assert_eq!(made(503, ""), Err(Failure::RetryAfterMs(2_000)));
    assert_eq!(
        made(401, r#"{"error": "Couldn't authenticate you"}"#),
        Err(Failure::Unauthorised("HTTP 401".into()))
    );
    let hit = Header { name: "X-Idempotency-Lookup".into(), value: "hit".into() };
    let repeated = Response { headers: vec![hit], ..answer(201, r#"{"ticket": {"id": 4014}}"#) };
    assert_eq!(wanted(&[]).made(&repeated).map(|receipt| receipt.already_done), Ok(true));
}
