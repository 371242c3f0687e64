//! Events of subscriptions: the traps one by one.

use omnihub_plugin::model::{Author, Direction, Identity, Proof};
use omnihub_plugin::{Delivery, Payload};

use super::{RECEIVED_AT, check_events, event, interaction, ticket, told};
use crate::map::{self, Settings};

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
fn all_of_a_conversation_is_of_whoever_asked_for_its_ticket() {
    let settings = Settings { subdomain: Some("acme".into()), ..Settings::default() };
    let told = |kind: &str, detail: &str, change: &str| {
        let delivery = Delivery {
            topic: None,
            headers: vec![],
            body: event(kind, detail, change),
            received_at: RECEIVED_AT,
        };
        map::report(&delivery, &settings).unwrap().events.remove(0)
    };
    let said_by = |actor: &str| {
        let change = format!(r#"{{"actor": {actor}, "message": {{"id": "m", "body": "hi"}}}}"#);
        let said = told("messaging_ticket.message_added", r#"{"id": "7"}"#, &change);
        interaction(&said).customer.clone().unwrap().ids
    };
    let asked_by = |via: &str| {
        let detail = format!(r#"{{"id": "7", "requester_id": "9001", "via": {{"channel": "{via}"}}}}"#);
        ticket(&told("ticket.created", &detail, "{}")).requester.clone().unwrap().ids
    };
    let shared = Identity::token("zendesk-conversation", "acme/7");
    let visitor = Identity::provider("messaging-user", "65e2f0a1");
    assert_eq!(said_by(r#"{"id": "65e2f0a1", "type": "end_user"}"#), [visitor, shared.clone()]);
    assert_eq!(
        said_by(r#"{"id": "8001", "type": "agent"}"#),
        std::slice::from_ref(&shared),
        "an answer names nobody else"
    );
    assert_eq!(asked_by("native_messaging"), [Identity::provider("user", "9001"), shared]);
    assert_eq!(
        asked_by("email"),
        [Identity::provider("user", "9001")],
        "others may write on a mail's ticket"
    );
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
        (Some(("7".into(), Some("good".into()))), 0)
    );
    assert_eq!(score(r#"{"satisfaction_rating": {"rating": 4}}"#), (Some(("7".into(), Some("4".into()))), 0));
    assert_eq!(score(r#"{"current": "BAD"}"#), (Some(("7".into(), Some("bad".into()))), 0));
    assert_eq!(score("{}"), (None, 1));
}

#[test]
fn unknown_types_are_kept_under_their_own_id() {
    let report = check_events(&event("community_post.created", "{}", "{}"), &[("provider.notice", "e1")]);
    assert_eq!(report.events[0].happened_at, 1_000_000_000);
    check_events(&event("ticket.something_new", r#"{"id": "7"}"#, "{}"), &[("provider.notice", "e1")]);
}

#[test]
fn companies_and_working_hours_are_left_out_on_purpose() {
    for kind in ["organization.created", "agent.state_changed", "agent_availability.work_item_added"] {
        let report = check_events(&event(kind, "{}", "{}"), &[]);
        assert_eq!(report.notes.len(), 1, "{kind}");
    }
    check_events(&event("agentless.thing", "{}", "{}"), &[("provider.notice", "e1")]);
}

#[test]
fn our_own_user_writes_as_a_rule() {
    let comment = |author: &str| {
        let change = format!(
            r#"{{"comment": {{"id": "1", "body": "x", "is_public": true, "author": {{"id": "{author}", "is_staff": true}}}}}}"#
        );
        let body = event("ticket.comment_added", r#"{"id": "7", "requester_id": "5"}"#, &change);
        let settings = Settings { api_user_id: Some("9".into()), ..Settings::default() };
        let delivery = Delivery { topic: None, headers: Vec::new(), body, received_at: 0 };
        interaction(&map::report(&delivery, &settings).unwrap().events[0]).author
    };
    assert_eq!((comment("9"), comment("8")), (Some(Author::Rule), Some(Author::Human)));
}
