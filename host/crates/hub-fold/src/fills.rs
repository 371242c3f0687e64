//! Which fields a connector's events fill: what it declares is held against this.

use std::collections::BTreeSet;

use hub_model::event::Event;
use hub_model::{EventId, Timestamp};
use hub_store::MemoryStore;
use serde_json::Value;

use crate::FoldError;
use crate::catalogue::catalogue;
use crate::fold::{Fold, Sequenced};
use crate::record::{ConnectionSettings, Polled, Record, Reported, Settings};

/// The connection the events are said to come through; any would do.
const CONNECTION: &str = "connection";

/// The fields that these events fill, each told alone to a hub that knows nothing else; of a thing in a list as
/// `order.lines.sku`. What the hub or an enricher fills is left out.
///
/// # Errors
/// Those of a fold; a store in memory has none.
pub fn fills(events: &[Event]) -> Result<BTreeSet<String>, FoldError> {
    let catalogue = catalogue(std::iter::once(CONNECTION));
    let by_connectors =
        |name: &String| catalogue.fields.get(name).is_some_and(|spec| spec.filled_by.is_empty());
    let store = MemoryStore::new();
    let mut fold = Fold::open(&store)?;
    let settings = Settings {
        connections: vec![ConnectionSettings {
            name: CONNECTION.to_owned(),
            connector: CONNECTION.to_owned(),
            default_country: None,
            reaches: Vec::new(),
        }],
        catalogue: catalogue.clone(),
        ..Settings::default()
    };
    fold.apply(&store, &[at(1, Record::Settings(Box::new(settings)))])?;
    let mut filled = BTreeSet::new();
    for event in events {
        let told = at(2, Record::Polled(page(event)));
        let id = EventId::of(CONNECTION, &event.name, &event.key);
        let Some(witnessed) = fold.witness(&store, &told, id, None)? else { continue };
        let fields = witnessed.fixture.fields.into_iter().filter(|(_, value)| !is_empty(value));
        filled.extend(fields.map(|(name, _)| name).filter(by_connectors));
        for (list, things) in witnessed.fixture.items {
            filled
                .extend(things.iter().flat_map(|thing| thing.keys()).map(|field| format!("{list}.{field}")));
        }
    }
    Ok(filled)
}

/// A customer's lists are known even where nobody said anything of them.
fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
}

fn at(seq: u64, record: Record) -> Sequenced {
    Sequenced { seq, at: Timestamp::EPOCH, record }
}

fn page(event: &Event) -> Polled {
    Polled {
        stream: CONNECTION.to_owned(),
        cursor: None,
        more: false,
        reached: None,
        reported: Reported {
            delivery: None,
            connection: CONNECTION.to_owned(),
            connector: CONNECTION.to_owned(),
            version: String::new(),
            events: vec![event.clone()],
            notes: Vec::new(),
            findings: Vec::new(),
        },
        beginning: None,
    }
}
