//! Requests of actions, answers to them, and how a doubt is cleared before anything is sent again.

use omnihub_plugin::host::http::HttpError;
use omnihub_plugin::testing::mutated;
use omnihub_plugin::{Effect, Failure, Header, Receipt, Role};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Script, answer};
use crate::{act, manifest};

const ID: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
const PLANNED_AT: i64 = 1_772_446_531_000_000_000;
const NEW: &str = "POST /api/v2/tickets.json";
const TICKET: &str = "/api/v2/tickets/7.json";
const AUDITS: &str = "GET /api/v2/tickets/7/audits.json?page%5Bsize%5D=100";

fn effect(action: &str, arguments: &[(&str, &str)]) -> Effect {
    let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Effect {
        id: ID.into(),
        action: action.into(),
        arguments: arguments.collect(),
        attempt: 1,
        uncertain: false,
        planned_at: PLANNED_AT,
        now: PLANNED_AT + 1,
        last_inbound_at: None,
    }
}

fn creation(arguments: &[(&str, &str)]) -> Effect {
    let needed = [("subject", "Unhappy: Ana"), ("body", "She wrote twice.")];
    effect("create_ticket", &needed.iter().chain(arguments).copied().collect::<Vec<_>>())
}

fn performed(effect: &Effect, script: &mut Script) -> Result<Receipt, Failure> {
    let result = act::perform(effect, &mut |endpoint, request| script.send(endpoint, request));
    assert!(script.is_over(), "{:?}", script.expected);
    assert!(script.asked.iter().all(|(endpoint, _)| endpoint == "support"));
    result
}

/// Reference, and whether it had been done before.
fn outcome(effect: &Effect, mut script: Script) -> Result<(String, bool), Failure> {
    performed(effect, &mut script).map(|receipt| (receipt.reference.unwrap(), receipt.already_done))
}

fn done(reference: &str) -> Result<(String, bool), Failure> {
    Ok((reference.into(), false))
}

fn done_before(reference: &str) -> Result<(String, bool), Failure> {
    Ok((reference.into(), true))
}

fn rejected(why: &str) -> Result<(String, bool), Failure> {
    Err(Failure::Rejected(why.into()))
}

fn of_ticket<'a>(name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("ticket_id", "7"), (name, value)]
}

#[test]
fn the_creation_carries_the_effects_id() {
    let mut script = Script::of(&[(NEW, 201, r#"{"ticket": {"id": 4014}}"#)]);
    performed(&creation(&[]), &mut script).unwrap();
    let key = script.asked[0].1.headers.iter().find(|header| header.name == "idempotency-key");
    assert_eq!(key.map(|header| header.value.as_str()), Some(ID));
    let expected = json!({"ticket": {
        "subject": "Unhappy: Ana", "comment": {"body": "She wrote twice.", "public": false}, "external_id": ID,
        "metadata": {"omnihub_effect": ID},
    }});
    assert_eq!(script.body(0), expected);
}

#[test]
fn all_that_is_given_is_sent() {
    let arguments = [
        ("priority", "High"),
        ("requester_email", "ana@example.com"),
        ("external_id", "#2041/7"),
        ("tags", "a, b c"),
    ];
    let sent = |action: &str, arguments: &[(&str, &str)]| {
        let mut script = Script::of(&[(NEW, 201, r#"{"ticket": {"id": 4014}}"#)]);
        let effect = Effect { action: action.into(), ..creation(arguments) };
        performed(&effect, &mut script).map(|_| script.body(0)["ticket"].clone())
    };
    let ticket = sent("create_ticket", &arguments).unwrap();
    assert_eq!((&ticket["priority"], &ticket["tags"]), (&json!("high"), &json!(["a", "b", "c"])));
    assert_eq!(ticket["requester"], json!({"email": "ana@example.com", "name": "ana@example.com"}));
    assert_eq!((&ticket["external_id"], &ticket["comment"]["public"]), (&json!("#2041/7"), &json!(false)));
    let mut public = sent("create_public_ticket", &arguments).unwrap();
    assert_eq!(public["comment"]["public"].take(), json!(true));
    public["comment"]["public"] = json!(false);
    assert_eq!(public, ticket);
    let both = [("requester_id", "9001"), ("requester_email", "ana@example.com")];
    let ticket = sent("create_ticket", &both).unwrap();
    assert_eq!((&ticket["requester_id"], &ticket["requester"]), (&json!(9001), &Value::Null));
}

#[test]
fn what_makes_no_sense_is_refused_before_any_call() {
    let refused = |effect: &Effect| outcome(effect, Script::of(&[]));
    assert_eq!(
        refused(&creation(&[("priority", "medium")])),
        rejected("priority is none of low, normal, high, urgent")
    );
    assert_eq!(refused(&effect("create_ticket", &[])), rejected("subject is missing"));
    assert_eq!(refused(&creation(&[("public", "true")])), rejected("public is for create_public_ticket"));
    let to_nobody = Effect { action: "create_public_ticket".into(), ..creation(&[("requester_id", "9001")]) };
    assert_eq!(refused(&to_nobody), rejected("requester_email is missing"));
    for id in ["", "me", "../tickets/1", "-1"] {
        let refusal = refused(&effect("erase_customer", &[("customer_id", id)]));
        assert!(matches!(refusal, Err(Failure::Rejected(_))), "{id}");
    }
    assert_eq!(refused(&effect("add_public_reply", &[("ticket_id", "7")])), rejected("body is missing"));
    for id in ["", "../users/1", "7/tags", "99999999999999999999999", "-1"] {
        let refusal = refused(&effect("set_status", &[("ticket_id", id), ("status", "open")]));
        assert!(matches!(refusal, Err(Failure::Rejected(_))), "{id}");
    }
    assert_eq!(
        refused(&effect("set_status", &of_ticket("status", "done"))),
        rejected("status is none of new, open, pending, hold, solved, closed")
    );
    assert_eq!(refused(&effect("add_tags", &of_ticket("tags", " , "))), rejected("tags is missing"));
    let unknown = refused(&effect("set_subject", &of_ticket("subject", "x")));
    assert_eq!(unknown, Err(Failure::Unsupported("set_subject".into())));
}

#[test]
fn an_earlier_creation_is_recognised_and_a_stranger_is_not() {
    let look = |arguments: &[(&str, &str)], external_id: &str, tickets: &str, is_found: bool| {
        let again = Effect { uncertain: true, attempt: 2, ..creation(arguments) };
        let search = format!("GET /api/v2/tickets.json?external_id={external_id}");
        let script = Script::of(&[(&search, 200, &format!(r#"{{"tickets": {tickets}}}"#))]);
        match is_found {
            true => assert_eq!(outcome(&again, script), done_before("4"), "{tickets}"),
            false => {
                let script = script.then(NEW, Ok(answer(201, r#"{"ticket": {"id": 5}}"#)));
                assert_eq!(outcome(&again, script), done("5"), "{tickets}");
            }
        }
    };
    look(&[], ID, "[]", false);
    look(&[], ID, &format!(r#"[{{"id": 4, "external_id": "{ID}", "subject": "renamed"}}]"#), true);
    look(&[], ID, r#"[{"id": 4, "external_id": "other"}]"#, false);
    let chosen = [("external_id", "#7")];
    let ticket = |subject: &str, made: &str| {
        format!(r##"[{{"id": 4, "external_id": "#7", "subject": "{subject}", "created_at": "{made}"}}]"##)
    };
    look(&chosen, "%237", &ticket("Other", "2026-03-02T10:15:31Z"), false);
    look(&chosen, "%237", &ticket("Unhappy: Ana", "2026-03-02T10:15:31Z"), true);
    // Last week's, about the same order.
    look(&chosen, "%237", &ticket("Unhappy: Ana", "2026-02-23T10:15:31Z"), false);
}

#[test]
fn answers_to_the_creation() {
    let made = |status: u16, body: &str| outcome(&creation(&[]), Script::of(&[(NEW, status, body)]));
    assert_eq!(made(201, r#"{"ticket": {"id": 4014}, "audit": {}}"#), done("4014"));
    assert_eq!(made(201, "{}"), Err(Failure::OutcomeUnknown("an answer without a ticket".into())));
    let invalid = r#"{"error": "RecordInvalid", "description": "Requester: ana@example.com is suspended"}"#;
    assert_eq!(made(422, invalid), rejected("HTTP 422 RecordInvalid"));
    let titled = r#"{"error": {"title": "Invalid attribute", "message": "ana"}}"#;
    assert_eq!(made(400, titled), rejected("HTTP 400 Invalidattribute"));
    assert_eq!(made(409, ""), Err(Failure::RetryAfterMs(2_000)));
    assert_eq!(made(429, r#"{"error": "APIRateLimitExceeded"}"#), Err(Failure::RetryAfterMs(60_000)));
    assert_eq!(made(503, ""), Err(Failure::RetryAfterMs(2_000)));
    assert_eq!(
        made(401, r#"{"error": "Couldn't authenticate you"}"#),
        Err(Failure::Unauthorised("HTTP 401".into()))
    );

    let hit = Header { name: "X-Idempotency-Lookup".into(), value: "hit".into() };
    let mut repeated = answer(201, r#"{"ticket": {"id": 4014}}"#);
    repeated.headers.push(hit);
    assert_eq!(outcome(&creation(&[]), Script::of(&[]).then(NEW, Ok(repeated))), done_before("4014"));
    let lost = Script::of(&[]).then(NEW, Err(HttpError::Interrupted("reset".into())));
    assert_eq!(outcome(&creation(&[]), lost), Err(Failure::OutcomeUnknown("reset".into())));
}

#[test]
fn a_change_leaves_its_mark() {
    let sent = |action: &str, name: &str, value: &str| {
        let body = r#"{"ticket": {"id": 7}, "audit": {"id": 1, "events": [{"id": 33, "type": "Comment"}, {"id": 34, "type": "Change"}]}}"#;
        let mut script = Script::of(&[(&format!("PUT {TICKET}"), 200, body)]);
        let receipt = performed(&effect(action, &of_ticket(name, value)), &mut script).unwrap();
        (script.body(0)["ticket"].clone(), receipt.reference.unwrap())
    };
    let metadata = json!({"omnihub_effect": ID});
    let comment =
        |public: bool| json!({"comment": {"body": "Soon!", "public": public}, "metadata": metadata});
    assert_eq!(sent("add_public_reply", "body", "Soon!"), (comment(true), "33".into()));
    assert_eq!(sent("add_internal_note", "body", "Soon!"), (comment(false), "33".into()));
    for (action, name, value, written) in [
        ("set_status", "status", "Solved", json!("solved")),
        ("set_priority", "priority", "URGENT", json!("urgent")),
        ("set_group", "group_id", "360001", json!(360_001)),
        ("set_assignee", "assignee_id", "9223372036854775807", json!(9_223_372_036_854_775_807_u64)),
    ] {
        assert_eq!(sent(action, name, value), (json!({name: written, "metadata": metadata}), "7".into()));
    }
}

fn reply(attempt: u32, uncertain: bool) -> Effect {
    Effect { attempt, uncertain, ..effect("add_public_reply", &of_ticket("body", "Soon!")) }
}

#[test]
fn a_reply_in_doubt_is_looked_for_before_it_is_sent_again() {
    let get = format!("GET {TICKET}");
    let put = format!("PUT {TICKET}");
    let second = format!("{AUDITS}&page%5Bafter%5D=b");
    let shown = r#"{"ticket": {"id": 7, "updated_at": "2026-03-02T10:15:40Z"}}"#;
    let audit = |effect: &str| {
        format!(
            r#"{{"id": 1, "metadata": {{"system": {{}}, "custom": {{"omnihub_effect": "{effect}"}}}},
                "events": [{{"id": 33, "type": "Comment"}}]}}"#
        )
    };
    let page = |audits: &str, meta: &str| format!(r#"{{"audits": [{audits}], "meta": {meta}}}"#);
    let more = r#"{"has_more": true, "after_cursor": "b"}"#;
    let first = page(r#"{"id": 1, "metadata": {"custom": []}}, 7, {"id": 2}"#, more);

    let ours = page(&audit(ID), r#"{"has_more": false}"#);
    let script = Script::of(&[(&get, 200, shown), (AUDITS, 200, &first), (&second, 200, &ours)]);
    assert_eq!(outcome(&reply(2, true), script), done_before("33"));

    // An answer of 502 came back as a retry without doubt; it is looked for all the same.
    let others = page(&audit("another"), r#"{"has_more": false}"#);
    let mut script =
        Script::of(&[(&get, 200, shown), (AUDITS, 200, &first), (&second, 200, &others), (&put, 200, "{}")]);
    assert!(!performed(&reply(2, false), &mut script).unwrap().already_done);
    let sent = script.body(3);
    assert_eq!(sent["ticket"]["updated_stamp"], "2026-03-02T10:15:40Z");
    assert_eq!(sent["ticket"]["safe_update"], "true");

    // The first one arrived in between.
    let script = Script::of(&[(&get, 200, shown), (AUDITS, 200, &others), (&put, 409, "{}")]);
    assert_eq!(outcome(&reply(2, true), script), Err(Failure::RetryAfterMs(2_000)));
    let script = Script::of(&[]).then(&get, Err(HttpError::Interrupted("reset".into())));
    assert_eq!(outcome(&reply(2, true), script), Err(Failure::RetryAfterMs(2_000)));
}

#[test]
fn a_history_without_end_is_for_a_person() {
    let shown = r#"{"ticket": {"id": 7, "updated_at": "2026-03-02T10:15:40Z"}}"#;
    let mut script = Script::of(&[(&format!("GET {TICKET}"), 200, shown)]);
    for page in 0..16 {
        let after = if page > 0 { format!("&page%5Bafter%5D=c{page}") } else { String::new() };
        let body =
            format!(r#"{{"audits": [], "meta": {{"has_more": true, "after_cursor": "c{}"}}}}"#, page + 1);
        script = script.then(&format!("{AUDITS}{after}"), Ok(answer(200, &body)));
    }
    assert!(matches!(outcome(&reply(2, true), script), Err(Failure::Rejected(_))));
}

#[test]
fn a_closed_ticket_and_one_that_is_gone_stay_as_they_are() {
    let put = format!("PUT {TICKET}");
    let closed = r#"{"error": "RecordInvalid", "description": "Record validation errors",
        "details": {"status": [{"description": "Status: closed prevents ticket update"}]}}"#;
    let why = "the ticket is closed, which is for ever: open a new one";
    assert_eq!(outcome(&reply(1, false), Script::of(&[(&put, 422, closed)])), rejected(why));
    let invalid = r#"{"error": "RecordInvalid", "details": {"base": [{"description": "closed prevents"}]}}"#;
    assert_eq!(
        outcome(&reply(1, false), Script::of(&[(&put, 422, invalid)])),
        rejected("HTTP 422 RecordInvalid")
    );
    let missing = r#"{"error": "RecordNotFound", "description": "Not found"}"#;
    assert_eq!(
        outcome(&reply(1, false), Script::of(&[(&put, 404, missing)])),
        rejected("HTTP 404 RecordNotFound")
    );
}

#[test]
fn tags_are_added_and_taken_away_one_by_one() {
    let sent = |action: &str, line: &str| {
        let mut script = Script::of(&[(line, 200, r#"{"tags": ["a"]}"#)]);
        let effect = Effect { attempt: 3, ..effect(action, &of_ticket("tags", "vip, late")) };
        assert_eq!(performed(&effect, &mut script).unwrap().reference.as_deref(), Some("7"));
        script.body(0)
    };
    assert_eq!(sent("add_tags", "PUT /api/v2/tickets/7/tags.json"), json!({"tags": ["vip", "late"]}));
    assert_eq!(sent("remove_tags", "DELETE /api/v2/tickets/7/tags.json"), json!({"tags": ["vip", "late"]}));
}

const LOOK: &str = "GET /api/v2/users/9001.json";
const DELETE: &str = "DELETE /api/v2/users/9001.json";
const FOR_GOOD: &str = "DELETE /api/v2/deleted_users/9001.json";
const NOBODY: &str = r#"{"error": "RecordNotFound", "description": "Not found"}"#;

fn user(role: &str, active: bool) -> String {
    format!(r#"{{"user": {{"id": 9001, "name": "Ana", "role": "{role}", "active": {active}}}}}"#)
}

/// How it stands, with the reference.
fn erased(mut script: Script) -> Result<(String, Option<String>), Failure> {
    let receipt = performed(&effect("erase_customer", &[("customer_id", "9001")]), &mut script)?;
    let extra: std::collections::BTreeMap<_, _> = receipt.extra.into_iter().collect();
    assert_eq!(receipt.already_done, extra["erasure"] == "gone");
    assert!(extra["remains"].contains("closed tickets"));
    Ok((extra["erasure"].clone(), receipt.reference))
}

#[test]
fn a_user_is_deleted_and_then_for_good() {
    let active = user("end-user", true);
    let gone = r#"{"deleted_user": {"id": 9001, "active": false}}"#;
    let script = Script::of(&[(LOOK, 200, &active), (DELETE, 200, &active), (FOR_GOOD, 200, gone)]);
    assert_eq!(erased(script), Ok(("accepted".into(), Some("9001".into()))));
    // Somebody else was quicker.
    let script = Script::of(&[(LOOK, 200, &active), (DELETE, 404, NOBODY), (FOR_GOOD, 200, gone)]);
    assert_eq!(erased(script), Ok(("accepted".into(), Some("9001".into()))));
    // An earlier attempt came half way.
    let inactive = user("end-user", false);
    let script = Script::of(&[(LOOK, 200, &inactive), (FOR_GOOD, 200, gone)]);
    assert_eq!(erased(script), Ok(("accepted".into(), Some("9001".into()))));
    let script = Script::of(&[(LOOK, 404, NOBODY), (FOR_GOOD, 200, gone)]);
    assert_eq!(erased(script), Ok(("accepted".into(), Some("9001".into()))));
}

#[test]
fn who_is_not_there_is_erased() {
    for (status, shown) in [(404, NOBODY.to_owned()), (200, user("end-user", false))] {
        let script = Script::of(&[(LOOK, status, &shown), (FOR_GOOD, 404, NOBODY)]);
        assert_eq!(erased(script), Ok(("gone".into(), None)));
    }
    // A wrong subdomain knows nobody either, and a user just deleted may not be listed yet.
    let elsewhere = Script::of(&[(LOOK, 404, "<html>")]);
    assert_eq!(erased(elsewhere), Err(Failure::Rejected("HTTP 404".into())));
    let active = user("end-user", true);
    let script = Script::of(&[(LOOK, 200, &active), (DELETE, 200, &active), (FOR_GOOD, 404, NOBODY)]);
    assert_eq!(erased(script), Err(Failure::RetryAfterMs(10_000)));
}

#[test]
fn who_has_an_unclosed_ticket_or_works_there_stays() {
    let active = user("end-user", true);
    let refusal = r#"{"error": "RecordInvalid", "details": {"base": [{"description": "Ana is the requester of 2 tickets"}]}}"#;
    let refused = erased(Script::of(&[(LOOK, 200, &active), (DELETE, 422, refusal)]));
    assert!(
        matches!(&refused, Err(Failure::Rejected(why)) if why.contains("not closed") && !why.contains("Ana"))
    );
    for role in ["agent", "admin"] {
        let script = Script::of(&[(LOOK, 200, &user(role, true))]);
        let why = "customer_id is the id of an agent or administrator";
        assert_eq!(erased(script), Err(Failure::Rejected(why.into())));
    }
    // Nobody is erased of whom it is not known what they are.
    let unsaid = Script::of(&[(LOOK, 200, r#"{"user": {"id": 9001}}"#)]);
    assert_eq!(erased(unsaid), Err(Failure::RetryAfterMs(10_000)));
}

#[test]
fn a_doubt_while_looking_is_none_about_the_erasure() {
    let lost = || Err(HttpError::Interrupted("reset".into()));
    assert_eq!(erased(Script::of(&[]).then(LOOK, lost())), Err(Failure::RetryAfterMs(2_000)));
    let active = user("end-user", true);
    let unknown = || Err(Failure::OutcomeUnknown("reset".into()));
    assert_eq!(erased(Script::of(&[(LOOK, 200, &active)]).then(DELETE, lost())), unknown());
    let deleted = Script::of(&[(LOOK, 200, &active), (DELETE, 200, &active)]);
    assert_eq!(erased(deleted.then(FOR_GOOD, lost())), unknown());
    let denied = Script::of(&[(LOOK, 200, &active), (DELETE, 403, r#"{"error": "Forbidden"}"#)]);
    assert_eq!(erased(denied), Err(Failure::Unauthorised("HTTP 403 Forbidden".into())));
}

#[test]
fn actions_say_what_they_are_for() {
    let manifest = manifest::manifest();
    let named = |wanted: &Role| -> Vec<&str> {
        let actions = manifest.actions.iter().filter(|action| action.role == *wanted);
        actions.map(|action| action.name.as_str()).collect()
    };
    assert_eq!(named(&Role::message("email")), ["create_public_ticket", "add_public_reply"]);
    assert_eq!(named(&Role::erase("user")), ["erase_customer"]);
}

#[test]
fn every_action_of_the_manifest_exists_and_names_its_target() {
    for action in manifest::manifest().actions {
        let outcome = act::perform(&effect(&action.name, &[]), &mut |_, _| panic!("nothing is to be sent"));
        assert!(matches!(outcome, Err(Failure::Rejected(_))), "{}", action.name);
        assert_eq!(action.target.is_some(), action.name != "create_ticket", "{}", action.name);
        if let Some(target) = action.target {
            assert!(action.parameters.iter().any(|parameter| parameter.name == target && parameter.required));
        }
    }
}

proptest! {
    #[test]
    fn no_answer_does_harm(
        which in 0_usize..11,
        attempt in 1_u32..3,
        choices in prop::collection::vec(any::<(u16, u8)>(), 0..6),
    ) {
        let action = manifest::manifest().actions.swap_remove(which).name;
        let arguments = [
            ("subject", "s"), ("body", "b"), ("ticket_id", "7"), ("tags", "a"), ("status", "open"), ("priority", "low"),
            ("group_id", "1"), ("assignee_id", "1"), ("requester_email", "ana@example.com"), ("customer_id", "9001"),
        ];
        let said = format!(
            r#"{{"ticket": {{"id": 7, "updated_at": "2026-03-02T10:15:40Z"}}, "tickets": [{{"id": 7, "external_id": "{ID}"}}],
                "audits": [{{"id": 1, "metadata": {{"custom": {{"omnihub_effect": "{ID}"}}}}, "events": [{{"id": 3, "type": "Comment"}}]}}],
                "user": {{"id": 9001, "role": "end-user", "active": true}}, "audit": {{"events": [{{"id": 3, "type": "Comment"}}]}}, "meta": {{"has_more": true, "after_cursor": "b"}}}}"#
        );
        let body = mutated(&said, &choices);
        let mut requests = 0;
        let effect = Effect { attempt, ..effect(&action, &arguments) };
        let performed = act::perform(&effect, &mut |_, _| {
            requests += 1;
            Ok(answer(200, &body))
        });
        prop_assert!((1..=20).contains(&requests));
        if let Ok(receipt) = performed {
            prop_assert!(receipt.reference.is_some_and(|reference| !reference.is_empty()));
        }
    }
}
