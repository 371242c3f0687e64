//! Draws the API's answers for people. Reads them as JSON trees on purpose: what is drawn here is what every other
//! client of the API sees, whichever version of the hub answered.

use std::process::ExitCode;

use serde_json::Value;

use super::api::Answer;
use super::exit::Failed;
use super::out::Out;
use super::table::{Table, printable};

pub(super) type Drawn = Result<ExitCode, Failed>;

/// A column: its head, and where its value stands in a row.
pub(super) type Column = (&'static str, &'static str);

/// The value at a pointer in one word or line; empty when there is none.
pub(super) fn cell(row: &Value, pointer: &str) -> String {
    row.pointer(pointer).map(words).unwrap_or_default()
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => short_time(text).unwrap_or_else(|| text.clone()),
        Value::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::Object(_) => match serde_json::from_value::<hub_model::Money>(value.clone()) {
            Ok(money) => money.to_string(),
            Err(_) => value.to_string(),
        },
        other => other.to_string(),
    }
}

/// Times down to the second, in UTC as the API gives them.
pub(super) fn short_time(text: &str) -> Option<String> {
    let looks_like = text.len() >= 20 && text.ends_with('Z') && text.as_bytes().get(10) == Some(&b'T');
    let (seconds, fraction) = text.split_once('.')?;
    (looks_like && fraction.trim_end_matches('Z').bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| format!("{seconds}Z"))
}

pub(super) fn rows<'a>(tree: &'a Value, pointer: &str) -> &'a [Value] {
    tree.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn table(rows: &[Value], columns: &[Column]) -> Table {
    let head: Vec<&'static str> = columns.iter().map(|(name, _)| *name).collect();
    let mut table = Table::new(&head);
    for row in rows {
        table.row(columns.iter().map(|(_, pointer)| cell(row, pointer)));
    }
    table
}

/// A listing, or a word that it is empty: an empty screen looks like a mistake.
pub(super) fn listed(out: &Out, answer: &Answer, pointer: &str, columns: &[Column], what: &str) -> Drawn {
    let table = table(rows(&answer.json, pointer), columns);
    if table.is_empty() {
        out.tell(&format!("no {what}"));
        return Ok(ExitCode::SUCCESS);
    }
    out.table(&table)
}

/// A heading with a table below it; nothing when there are no rows.
pub(super) fn section(out: &Out, heading: &str, rows: &[Value], columns: &[Column]) -> Result<(), Failed> {
    if !rows.is_empty() {
        out.line(&format!("\n{heading}"))?;
        out.table(&table(rows, columns))?;
    }
    Ok(())
}

pub(super) fn pairs(tree: &Value, names: &[Column]) -> Table {
    let mut table = Table::pairs();
    for (name, pointer) in names {
        let value = cell(tree, pointer);
        if !value.is_empty() {
            table.pair(name, value);
        }
    }
    table
}

pub(super) fn status(out: &Out, answer: &Answer) -> Drawn {
    let tree = &answer.json;
    let running = tree.pointer("/running") == Some(&Value::Bool(true));
    let mut table = Table::pairs();
    table.pair("hub", if running { "running" } else { "not running; this is its data" });
    for (name, pointer) in [
        ("version", "/version"),
        ("problems", "/problems"),
        ("backlog", "/backlog"),
        ("journal", "/journal/last"),
        ("view", "/view/applied"),
        ("behind", "/view/behind"),
        ("customers", "/counts/customers"),
        ("merges", "/merges"),
        ("orders", "/counts/orders"),
        ("interactions", "/counts/interactions"),
        ("tickets", "/counts/tickets"),
        ("deliveries", "/counts/deliveries"),
        ("events", "/counts/events"),
        ("effects", "/counts/effects"),
        ("open effects", "/counts/effects_open"),
        ("held effects", "/held"),
        ("nothing is sent since", "/stopped/at"),
        ("stopped by", "/stopped/by"),
        ("stopped because", "/stopped/reason"),
        ("enricher", "/enricher/id"),
    ] {
        let value = cell(tree, pointer);
        if !value.is_empty() {
            table.pair(name, value);
        }
    }
    out.table(&table)?;
    section(out, "Connections", rows(tree, "/connections"), &CONNECTIONS)?;
    let alarms = [
        ("rule", "/rule"),
        ("is", "/state"),
        ("since", "/alarms/0/since"),
        ("acted", "/alarms/0/count"),
        ("expected", "/expected"),
    ];
    section(out, "Rules that do not act as expected", rows(tree, "/alarms"), &alarms)?;
    let mut problems = Table::new(&["connection", "key", "problem"]);
    for connection in rows(tree, "/connections") {
        for problem in rows(connection, "/problems") {
            problems.row([cell(connection, "/name"), cell(problem, "/key"), cell(problem, "/message")]);
        }
    }
    if !problems.is_empty() {
        out.line("\nProblems")?;
        out.table(&problems)?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn connections(out: &Out, answer: &Answer) -> Drawn {
    let columns = [
        ("name", "/name"),
        ("connector", "/connector"),
        ("deliveries", "/deliveries"),
        ("last delivery", "/last_delivery_at"),
        ("silent since", "/silent_since"),
        ("problems", "/problems/0/message"),
    ];
    listed(out, answer, "/connections", &columns, "connections")
}

pub(super) fn connection(out: &Out, answer: &Answer) -> Drawn {
    let tree = &answer.json;
    out.table(&pairs(
        tree,
        &[
            ("name", "/name"),
            ("connector", "/connector"),
            ("version", "/plugin/version"),
            ("suspended until", "/plugin/suspended_until"),
            ("unauthorised since", "/unauthorised/since"),
            ("unauthorised because", "/unauthorised/reason"),
            ("delivers to", "/public_url"),
            ("deliveries", "/deliveries"),
            ("last delivery", "/last_delivery_at"),
            ("usual gap, seconds", "/usual_gap"),
            ("silent since", "/silent_since"),
            ("subscriptions checked", "/checked_at"),
            ("check failed", "/problem"),
        ],
    ))?;
    section(out, "Problems", rows(tree, "/problems"), &[("key", "/key"), ("problem", "/message")])?;
    let subscriptions = [("topic", "/topic"), ("standing", "/standing"), ("detail", "/detail")];
    section(out, "Subscriptions", rows(tree, "/subscriptions"), &subscriptions)?;
    section(out, "Streams", rows(tree, "/streams"), &STREAMS)?;
    let closed = [("endpoint", "/endpoint"), ("until", "/until")];
    section(out, "Left alone for now", rows(tree, "/closed"), &closed)?;
    Ok(ExitCode::SUCCESS)
}

const STREAMS: [Column; 8] = [
    ("stream", "/stream"),
    ("schedule", "/schedule"),
    ("next", "/next"),
    ("reached", "/reached"),
    ("pages", "/pages"),
    ("events", "/events"),
    ("malformed", "/malformed"),
    ("problem", "/problem"),
];

pub(super) fn streams(out: &Out, answer: &Answer) -> Drawn {
    listed(out, answer, "/streams", &STREAMS, "streams")
}

const CONNECTIONS: [Column; 5] = [
    ("name", "/name"),
    ("connector", "/connector"),
    ("version", "/plugin/version"),
    ("suspended until", "/plugin/suspended_until"),
    ("delivers to", "/public_url"),
];

pub(super) fn deliveries(out: &Out, answer: &Answer) -> Drawn {
    let columns = [
        ("number", "/seq"),
        ("received", "/received_at"),
        ("connection", "/connection"),
        ("topic", "/topic"),
        ("state", "/state"),
        ("events", "/events"),
        ("ignored", "/ignored"),
        ("unknown", "/unknown"),
        ("malformed", "/malformed"),
        ("reason", "/reason"),
    ];
    listed(out, answer, "/deliveries", &columns, "deliveries")
}

pub(super) fn delivery(out: &Out, answer: &Answer) -> Drawn {
    let tree = &answer.json;
    out.table(&pairs(
        tree,
        &[
            ("number", "/summary/seq"),
            ("connection", "/summary/connection"),
            ("connector", "/summary/connector"),
            ("version", "/report/version"),
            ("topic", "/summary/topic"),
            ("received", "/summary/received_at"),
            ("state", "/summary/state"),
            ("due", "/summary/due"),
            ("setbacks", "/summary/setbacks"),
            ("reason", "/summary/reason"),
        ],
    ))?;
    section(out, "Headers", rows(tree, "/received/headers"), &[("name", "/0"), ("value", "/1")])?;
    body(out, tree)?;
    let events =
        [("id", "/id"), ("event", "/event/name"), ("happened", "/event/happened_at"), ("key", "/event/key")];
    section(out, "Events", rows(tree, "/report/events"), &events)?;
    section(
        out,
        "Notes",
        rows(tree, "/report/notes"),
        &[("remark", "/remark"), ("where", "/path"), ("reason", "/reason")],
    )?;
    Ok(ExitCode::SUCCESS)
}

fn body(out: &Out, tree: &Value) -> Result<(), Failed> {
    let Some(body) = tree.pointer("/received/body") else {
        out.line("\nThe journal no longer holds the body.")?;
        return Ok(());
    };
    out.line("\nBody")?;
    // As it arrived: drawing it as a tree would round large numbers.
    let text = body.get("text").or_else(|| body.get("base64")).and_then(Value::as_str).unwrap_or_default();
    for line in text.lines() {
        out.line(&printable(line))?;
    }
    Ok(())
}

pub(super) fn commanded(out: &Out, answer: &Answer) -> Drawn {
    let command = cell(&answer.json, "/command");
    match answer.json.pointer("/running") {
        Some(Value::Bool(true)) => out.line(&format!("asked for, as record {command} of the journal")),
        _ => out.line(&format!("journalled as record {command}; it is done when a hub runs")),
    }
}

pub(super) fn customers(out: &Out, answer: &Answer) -> Drawn {
    let columns = [
        ("id", "/id"),
        ("name", "/display_name"),
        ("e-mails", "/emails"),
        ("phones", "/phones"),
        ("orders", "/orders"),
        ("open", "/open_orders"),
        ("tickets", "/open_tickets"),
        ("points", "/loyalty_points"),
        ("last contact", "/last_contact_at"),
    ];
    listed(out, answer, "/customers", &columns, "customers")
}

pub(super) fn customer(out: &Out, answer: &Answer) -> Drawn {
    let tree = &answer.json;
    out.table(&pairs(
        tree,
        &[
            ("id", "/summary/id"),
            ("name", "/summary/display_name"),
            ("e-mails", "/summary/emails"),
            ("phones", "/summary/phones"),
            ("tags", "/summary/tags"),
            ("open orders", "/summary/open_orders"),
            ("orders", "/summary/orders"),
            ("open tickets", "/summary/open_tickets"),
            ("loyalty points", "/summary/loyalty_points"),
            ("last contact", "/summary/last_contact_at"),
        ],
    ))?;
    for (heading, pointer, columns) in CARD {
        section(out, heading, rows(tree, pointer), columns)?;
    }
    Ok(ExitCode::SUCCESS)
}

const CARD: [(&str, &str, &[Column]); 7] = [
    ("Accounts", "/summary/accounts", &[("connection", "/connection"), ("object", "/object"), ("id", "/id")]),
    (
        "Orders",
        "/orders",
        &[
            ("number", "/number"),
            ("placed", "/placed_at"),
            ("total", "/total"),
            ("payment", "/financial_status"),
            ("fulfilment", "/fulfilment_status"),
            ("connection", "/connection"),
            ("id", "/id"),
        ],
    ),
    (
        "Tickets",
        "/tickets",
        &[
            ("id", "/id"),
            ("status", "/status"),
            ("priority", "/priority"),
            ("subject", "/subject"),
            ("created", "/created_at"),
            ("connection", "/connection"),
        ],
    ),
    (
        "Loyalty",
        "/loyalty",
        &[("connection", "/connection"), ("id", "/id"), ("balance", "/balance"), ("tier", "/tier")],
    ),
    (
        "Consents",
        "/consents",
        &[
            ("channel", "/channel"),
            ("purpose", "/purpose"),
            ("state", "/state"),
            ("at", "/at"),
            ("in force", "/in_force"),
            ("connection", "/account/connection"),
        ],
    ),
    ("Keys", "/links", &[("kind", "/kind"), ("value", "/value"), ("state", "/state"), ("scope", "/scope")]),
    (
        "May be the same person",
        "/suggestions",
        &[
            ("customer", "/customer"),
            ("name", "/display_name"),
            ("score", "/score"),
            ("sign", "/signs/0/kind"),
        ],
    ),
];

pub(super) fn timeline(out: &Out, answer: &Answer) -> Drawn {
    let columns = [
        ("at", "/at"),
        ("kind", "/kind"),
        ("channel", "/channel"),
        ("connection", "/connection"),
        ("sentiment", "/sentiment"),
        ("what", "/summary"),
    ];
    listed(out, answer, "/entries", &columns, "entries")
}

pub(super) fn effects(out: &Out, answer: &Answer) -> Drawn {
    let columns = [
        ("id", "/id"),
        ("planned", "/planned_at"),
        ("rule", "/rule"),
        ("action", "/action"),
        ("connection", "/connection"),
        ("state", "/state"),
        ("attempts", "/attempts"),
        ("reason", "/reason"),
    ];
    listed(out, answer, "/effects", &columns, "effects")
}

pub(super) fn effect(out: &Out, answer: &Answer) -> Drawn {
    let tree = &answer.json;
    out.table(&pairs(
        tree,
        &[
            ("id", "/id"),
            ("rule", "/rule"),
            ("cause", "/cause"),
            ("step", "/step"),
            ("connection", "/connection"),
            ("action", "/action"),
            ("grade", "/grade"),
            ("planned", "/planned_at"),
            ("state", "/state"),
            ("since or until", "/state_at"),
            ("reason", "/reason"),
            ("by", "/by"),
            ("reference", "/reference"),
            ("already done", "/already_done"),
            ("attempts", "/attempts"),
            ("uncertain", "/uncertain"),
        ],
    ))?;
    section(out, "Arguments", rows(tree, "/arguments"), &[("name", "/0"), ("value", "/1")])?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn rules(out: &Out, answer: &Answer) -> Drawn {
    let columns = [
        ("rule", "/id"),
        ("mode", "/mode"),
        ("on", "/on"),
        ("tests", "/tests"),
        ("acts", "/watch/state"),
        ("file", "/file"),
        ("what", "/sentence"),
    ];
    listed(out, answer, "/rules", &columns, "rules")
}

pub(super) fn applied(out: &Out, answer: &Answer) -> Drawn {
    let changes = answer.json.pointer("/changes").and_then(Value::as_array).cloned().unwrap_or_default();
    for change in &changes {
        out.line(&printable(&format!("{} {}", cell(change, "/what"), cell(change, "/file"))))?;
    }
    match answer.json.pointer("/command") {
        Some(Value::Number(record)) => out.line(&format!("in force from record {record} of the journal on")),
        _ => out.line("nothing to change: these are the rules in force"),
    }
}

pub(super) fn why(out: &Out, answer: &Answer) -> Drawn {
    for line in answer.json.pointer("/explanation").and_then(Value::as_str).unwrap_or_default().lines() {
        out.line(&printable(line))?;
    }
    let columns = [
        ("field", "/field"),
        ("says", "/says"),
        ("of", "/of"),
        ("by", "/by"),
        ("in", "/name"),
        ("event", "/event"),
        ("happened", "/happened_at"),
        ("learned", "/learned_at"),
        ("only since", "/is_newer"),
    ];
    section(out, "Where the values come from", rows(&answer.json, "/sources"), &columns)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn journal_stats(out: &Out, answer: &Answer) -> Drawn {
    let tree = &answer.json;
    out.table(&pairs(
        tree,
        &[
            ("segments", "/segments"),
            ("bytes", "/bytes"),
            ("first record", "/first"),
            ("last record", "/last"),
            ("oldest", "/oldest_at"),
            ("entries since start", "/entries"),
            ("batches", "/batches"),
            ("syncs", "/syncs"),
            ("queued", "/queued"),
            ("failure", "/failure"),
        ],
    ))?;
    let damage = [("segment", "/segment"), ("offset", "/offset"), ("bytes", "/bytes")];
    section(out, "Damage, put aside", rows(tree, "/damage"), &damage)?;
    Ok(ExitCode::SUCCESS)
}

/// Also says by its exit code whether the two agree.
pub(super) fn verified(out: &Out, answer: &Answer) -> Drawn {
    out.table(&pairs(&answer.json, &[("records", "/records"), ("view", "/view"), ("journal", "/journal")]))
}

/// Also says by its exit code whether every effect happened once.
pub(super) fn proven(out: &Out, answer: &Answer) -> Drawn {
    let tree = &answer.json;
    out.table(&pairs(
        tree,
        &[
            ("proven", "/proven"),
            ("records", "/records"),
            ("records not read", "/missing"),
            ("attempts", "/attempts"),
            ("receipts", "/receipts"),
            ("effects", "/effects"),
            ("of them erasures", "/erasures"),
            ("of them erased", "/erased"),
            ("events erased", "/without_event"),
        ],
    ))?;
    let counts = [("grade", "/grade"), ("state", "/state"), ("effects", "/effects")];
    section(out, "Effects", rows(tree, "/counts"), &counts)?;
    let breaches = [("effect", "/effect"), ("breach", "/says"), ("records", "/records")];
    section(out, "Breaches", rows(tree, "/breaches"), &breaches)?;
    Ok(ExitCode::SUCCESS)
}
