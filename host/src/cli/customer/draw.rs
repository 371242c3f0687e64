//! Draws a customer's context, conversations and links.

use std::process::ExitCode;

use serde_json::Value;

use crate::cli::api::Answer;
use crate::cli::out::Out;
use crate::cli::show::{self, Column, Drawn, cell, listed, pairs, rows, section};
use crate::cli::table::Table;

pub(super) fn context(out: &Out, answer: &Answer) -> Drawn {
    let tree = &answer.json;
    let mut who = pairs(
        tree,
        &[
            ("customer", "/customer"),
            ("name", "/display_name"),
            ("e-mails", "/emails"),
            ("phones", "/phones"),
            ("handles", "/handles"),
            ("languages", "/locales"),
        ],
    );
    if let Some(concern) = tree.pointer("/concern/topic") {
        let reasons = rows(tree, "/concern/reasons").iter().map(named).collect::<Vec<_>>().join(", ");
        who.pair("probably about", format!("{} ({reasons})", named(concern)));
    }
    for (name, attribute) in tree.pointer("/attributes").and_then(Value::as_object).into_iter().flatten() {
        who.pair(name, cell(attribute, "/value"));
    }
    if let Some(latest) = tree.pointer("/mood/latest").and_then(Value::as_str) {
        who.pair("mood", format!("{latest}, {}", cell(tree, "/mood/trend")));
    }
    out.table(&who)?;
    orders(out, rows(tree, "/orders"))?;
    section(out, "Waiting for an answer", rows(tree, "/awaiting"), &CONVERSATIONS)?;
    section(
        out,
        "To follow up",
        rows(tree, "/follow_ups"),
        &[
            ("due", "/follow_up/due"),
            ("overdue", "/overdue"),
            ("what", "/follow_up/text"),
            ("by", "/follow_up/by"),
        ],
    )?;
    section(out, "Notes", rows(tree, "/notes"), &[("at", "/at"), ("rule", "/rule"), ("note", "/text")])?;
    section(
        out,
        "Last contacts",
        rows(tree, "/last_contacts"),
        &[("at", "/at"), ("channel", "/channel"), ("direction", "/direction"), ("said", "/excerpt")],
    )?;
    section(
        out,
        "Open tickets",
        rows(tree, "/tickets"),
        &[("id", "/id"), ("status", "/status"), ("priority", "/priority"), ("subject", "/subject")],
    )?;
    section(
        out,
        "Loyalty",
        rows(tree, "/loyalty"),
        &[("program", "/program"), ("balance", "/balance"), ("tier", "/tier"), ("account", "/id")],
    )?;
    section(
        out,
        "Consents",
        rows(tree, "/consents"),
        &[
            ("channel", "/channel"),
            ("purpose", "/purpose"),
            ("state", "/state"),
            ("at", "/at"),
            ("told by", "/connection"),
        ],
    )?;
    Ok(ExitCode::SUCCESS)
}

/// A parcel a line, beside its order.
fn orders(out: &Out, orders: &[Value]) -> Drawn {
    let mut table = Table::new(&["order", "placed", "total", "late", "parcel", "tracking"]);
    for order in orders {
        let late = order.pointer("/late").map(named).unwrap_or_default();
        let whole = ["/order/number", "/order/placed_at", "/order/total"].map(|pointer| cell(order, pointer));
        let parcels = rows(order, "/order/parcels");
        let none = [Value::Null];
        for parcel in if parcels.is_empty() { &none } else { parcels } {
            let parcel = [cell(parcel, "/status"), cell(parcel, "/tracking_numbers")];
            table.row(whole.iter().cloned().chain([late.clone()]).chain(parcel));
        }
    }
    if table.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    out.line("\nOrders under way")?;
    out.table(&table)
}

const CONVERSATIONS: [Column; 8] = [
    ("conversation", "/id"),
    ("channel", "/channel"),
    ("last", "/last_at"),
    ("messages", "/interactions"),
    ("topic", "/topic"),
    ("waiting since", "/awaiting_since"),
    ("resolved", "/resolved"),
    ("last said", "/last_excerpt"),
];

pub(super) fn conversations(out: &Out, answer: &Answer) -> Drawn {
    listed(out, answer, "/conversations", &CONVERSATIONS, "conversations")
}

pub(super) fn conversation(out: &Out, answer: &Answer) -> Drawn {
    let tree = &answer.json;
    out.table(&pairs(
        tree,
        &[
            ("conversation", "/conversation/id"),
            ("channel", "/conversation/channel"),
            ("began", "/conversation/first_at"),
            ("joined by", "/conversation/joined_by"),
            ("topic", "/conversation/topic"),
            ("waiting since", "/conversation/awaiting_since"),
            ("resolved", "/conversation/resolved"),
            ("queue", "/conversation/routing/queue"),
            ("skill", "/conversation/routing/skill"),
            ("priority", "/conversation/routing/priority"),
        ],
    ))?;
    let linked =
        [("conversation", "/conversation"), ("channel", "/channel"), ("last", "/last_at"), ("by", "/by")];
    section(out, "On the same matter", rows(tree, "/conversation/linked"), &linked)?;
    let said = [
        ("at", "/at"),
        ("direction", "/interaction/direction"),
        ("author", "/interaction/author"),
        ("joined by", "/by"),
        ("said", "/interaction/text"),
    ];
    section(out, "Said", rows(tree, "/interactions"), &said)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn may_contact(out: &Out, answer: &Answer) -> Drawn {
    let tree = &answer.json;
    let mut table = Table::pairs();
    table.pair("allowed", if tree.pointer("/allowed") == Some(&Value::Bool(true)) { "yes" } else { "no" });
    let because = tree.pointer("/because").unwrap_or(&Value::Null);
    table.pair("because", named(because).replace('_', " "));
    for (name, pointer) in [("statement", "/state"), ("made at", "/at"), ("told by", "/connection")] {
        let statement = because.as_object().and_then(|because| because.values().next());
        if let Some(statement) = statement {
            table.pair(name, cell(statement, pointer));
        }
    }
    out.table(&table)
}

pub(super) fn links(out: &Out, answer: &Answer) -> Drawn {
    chain(out, rows(&answer.json, "/links"))
}

pub(super) fn pair(out: &Out, answer: &Answer) -> Drawn {
    let tree = &answer.json;
    let one = tree.pointer("/one") == Some(&Value::Bool(true));
    out.line(if one { "one customer" } else { "two customers" })?;
    chain(out, rows(tree, "/chain"))
}

fn chain(out: &Out, links: &[Value]) -> Drawn {
    let mut table = Table::new(&["account", "linked to", "id", "because", "since", "in force"]);
    for link in links {
        let end = |end: &str| {
            let scope = cell(link, &format!("/{end}/scope"));
            let place = if scope.is_empty() { cell(link, &format!("/{end}/kind")) } else { scope };
            format!("{place} {}", cell(link, &format!("/{end}/value")))
        };
        let (because, since) = match link.pointer("/because/by").and_then(Value::as_str) {
            Some("person") => {
                let said = ["/because/person", "/because/reason"].map(|pointer| cell(link, pointer));
                (format!("{}: {}", said[0], said[1]), cell(link, "/because/at"))
            }
            Some("provider") => {
                ("the provider joined them".to_owned(), cell(link, "/because/evidence/happened_at"))
            }
            _ => {
                let told = [cell(link, "/because/evidence/name"), cell(link, "/because/evidence/event")];
                (told.join(" "), cell(link, "/because/evidence/happened_at"))
            }
        };
        let in_force = match link.pointer("/in_force") == Some(&Value::Bool(true)) {
            true => "yes".to_owned(),
            false => format!("no: {}", cell(link, "/obstacle/obstacle").replace('_', " ")),
        };
        table.row([end("left"), end("right"), cell(link, "/left/node"), because, since, in_force]);
    }
    if table.is_empty() {
        out.tell("nothing ties them");
        return Ok(ExitCode::SUCCESS);
    }
    out.table(&table)
}

pub(super) fn unmerged(out: &Out, answer: &Answer) -> Drawn {
    show::commanded(out, answer)?;
    let effects = rows(&answer.json, "/effects/first");
    let columns =
        [("effect", "/effect"), ("rule", "/rule"), ("action", "/action"), ("planned", "/planned_at")];
    section(out, "Planned because they were one", effects, &columns)?;
    if answer.json.pointer("/effects").is_some() && effects.is_empty() {
        out.tell("nothing was planned because they were one");
    }
    Ok(ExitCode::SUCCESS)
}

const SUGGESTIONS: [Column; 5] = [
    ("score", "/score"),
    ("who", "/display_name"),
    ("customer", "/customer"),
    ("sign", "/signs/0/kind"),
    ("another sign", "/signs/1/kind"),
];

pub(super) fn suggestions(out: &Out, answer: &Answer) -> Drawn {
    listed(out, answer, "/suggestions", &SUGGESTIONS, "suggestions")
}

pub(super) fn suggested_pairs(out: &Out, answer: &Answer) -> Drawn {
    let columns = [
        ("score", "/other/score"),
        ("who", "/display_name"),
        ("customer", "/customer"),
        ("may be", "/other/display_name"),
        ("customer", "/other/customer"),
        ("sign", "/other/signs/0/kind"),
    ];
    let drawn = listed(out, answer, "/pairs", &columns, "suggestions on this page")?;
    let next = cell(&answer.json, "/next");
    if !next.is_empty() {
        out.tell(&format!("more with --after {next}"));
    }
    Ok(drawn)
}

/// A word, or the name of what an object holds.
fn named(value: &Value) -> String {
    match value {
        Value::String(word) => word.clone(),
        Value::Object(members) => members.keys().next().cloned().unwrap_or_default(),
        _ => String::new(),
    }
}
