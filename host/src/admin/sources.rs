//! Where the values come from that a decision hung on: for each field that was asked, who told what stands behind it, in
//! which event and when. One line for each fact, event and word.

use hub_fold::Decision;
use hub_fold::read::{self, EventOrigin, Origin, Provenance, RuleOrigin, SaidBy, ThingsOrigin};
use hub_model::{EventId, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::Admin;
use super::error::AdminError;
use super::facts::Sources;

/// Lines told of one field: an order's tags, a family's addresses.
const LINES_MAX: usize = 20;

/// One thing behind the value of a field. What does not apply is absent.
#[derive(Default, Serialize)]
pub(super) struct Source {
    /// As the rule names it.
    field: String,
    /// "order shop/501, total": what the value was read from.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    /// What it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    says: Option<Value>,
    /// A connection with its connector, a rule, a person, or the hub, which counted.
    by: String,
    /// The event that told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<EventId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    happened_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    learned_at: Option<Timestamp>,
    /// The hub has learned it since the decision: then it was something else, which `as_of` shows.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_newer: bool,
}

/// The sources of everything the decision asked, in the order of its conditions.
pub(super) fn of(admin: &Admin, decision: &Decision) -> Result<Vec<Source>, AdminError> {
    let mut journal = Sources::new(admin)?;
    let mut sources = Vec::new();
    for field in decision.evaluation.trace.fields() {
        for origin in read::origins(&*admin.store, decision.event, field)?.into_iter().take(LINES_MAX) {
            let source = source(&mut journal, field, origin)?;
            let is_newer = source.learned_at.is_some_and(|learned| learned > decision.decided_at);
            sources.push(Source { is_newer, ..source });
        }
    }
    Ok(sources)
}

fn source(journal: &mut Sources<'_>, field: &str, origin: Origin) -> Result<Source, AdminError> {
    let source = match origin {
        Origin::Event(origin) => of_event(journal, origin)?,
        Origin::Rule(RuleOrigin { rule, event, at, says }) => Source {
            says: Some(Value::String(says)),
            by: format!("rule {rule}"),
            event: Some(event),
            happened_at: Some(at),
            ..Source::default()
        },
        Origin::Things(ThingsOrigin { kind, count, first }) => Source {
            of: Some(format!("{}s {}", kind.word(), first.join(", "))),
            says: Some(Value::from(count)),
            by: "the hub's count".to_owned(),
            ..Source::default()
        },
        Origin::Fact { of, id, fact } => {
            let (told, said) = journal.told(&of, &fact)?;
            let read_from = Some(format!("{id}, {}", fact.field));
            Source { of: read_from, says: Some(fact.value), ..of_fact(told, said) }
        }
    };
    Ok(Source { field: field.to_owned(), ..source })
}

fn of_event(journal: &mut Sources<'_>, origin: EventOrigin) -> Result<Source, AdminError> {
    let EventOrigin { event, name, connection, happened_at, learned, says } = origin;
    let connector = journal.connector(&connection);
    Ok(Source {
        says: says.map(Value::String),
        by: connector.map_or_else(|| connection.clone(), |connector| format!("{connection} ({connector})")),
        event: Some(event),
        name: Some(name),
        happened_at: Some(happened_at),
        learned_at: journal.learned_at(learned)?,
        ..Source::default()
    })
}

fn of_fact(told: Option<Provenance>, said: Option<SaidBy>) -> Source {
    match (told, said) {
        (_, Some(said)) => Source {
            by: said.by,
            happened_at: Some(said.at),
            learned_at: Some(said.learned_at),
            ..Source::default()
        },
        (Some(told), None) => Source {
            by: format!("{} ({} {})", told.connection, told.connector, told.connector_version),
            event: Some(told.event),
            name: Some(told.name),
            happened_at: Some(told.happened_at),
            learned_at: Some(told.learned_at),
            ..Source::default()
        },
        (None, None) => Source { by: "a record the journal no longer holds".to_owned(), ..Source::default() },
    }
}
