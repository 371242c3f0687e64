//! A hub without its ends: records go into the fold as a journal would give them, and a store holds the view.

pub(crate) mod chance;
pub(crate) mod days;
pub(crate) mod events;
pub(crate) mod rewriting;

use hub_fold::record::{
    ActionRoute, Command, ConnectionSettings, Delivery, Polled, Record, Reported, Role, Settings,
};
use hub_fold::{Consequences, Fold, Sequenced, catalogue};
use hub_model::event::{self, Author, Direction, Event, Payload};
use hub_model::identity::Limits;
use hub_model::model::Finding;
use hub_model::{EventId, NodeId, Salt, Timestamp};
use hub_rules::{ActionSpec, Bounds, Changes, FieldKind, Grade, ParamSpec, Takes};
use hub_store::{MemoryStore, Store};

use events::at;

/// Connections every test may use; each is called as its connector.
pub(crate) const CONNECTIONS: [&str; 6] = ["shop", "desk", "ig", "wa", "club", "stock"];

/// One delivery's events.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) connection: &'static str,
    /// When the hub learned of it.
    pub(crate) minute: i64,
    pub(crate) events: Vec<Event>,
    pub(crate) findings: Vec<(u32, Finding)>,
}

pub(crate) fn told(connection: &'static str, minute: i64, events: Vec<Event>) -> Told {
    Told { connection, minute, events, findings: vec![] }
}

/// The delivery and its report, as two records of a journal.
pub(crate) fn records(told: &Told, seq: u64) -> [Sequenced; 2] {
    let delivery = Delivery {
        connection: told.connection.into(),
        connector: told.connection.into(),
        topic: Some("topic".into()),
        headers: vec![],
        dedupe: dedupe(seq),
        body: b"{}".to_vec(),
    };
    let reported = Reported {
        delivery: Some(seq),
        connection: told.connection.into(),
        connector: told.connection.into(),
        version: "1.0.0".into(),
        events: told.events.clone(),
        notes: vec![],
        findings: told.findings.clone(),
    };
    let at = at(told.minute);
    [
        Sequenced { seq, at, record: Record::Delivery(delivery) },
        Sequenced { seq: seq + 1, at, record: Record::Reported(reported) },
    ]
}

/// A key of its own for the delivery at this place in the journal.
pub(crate) fn dedupe(seq: u64) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&seq.to_be_bytes());
    key
}

/// The same events as a page of a stream, in one record.
pub(crate) fn page(told: &Told, seq: u64) -> Sequenced {
    let [_, reported] = records(told, seq);
    let Record::Reported(reported) = reported.record else { panic!("the second record is the report") };
    let polled = Polled {
        stream: "all".into(),
        cursor: Some(format!("after {seq}")),
        more: false,
        reached: Some(at(told.minute)),
        reported: Reported { delivery: None, ..reported },
        beginning: None,
    };
    Sequenced { seq, at: at(told.minute), record: Record::Polled(polled) }
}

pub(crate) const SALT: Salt = Salt::new([7; 32]);

/// Connections with a default country, actions that go out, and these rules.
pub(crate) fn settings(rules: &[&str]) -> Settings {
    let mut catalogue = catalogue(CONNECTIONS.into_iter());
    let text =
        |required| ParamSpec { kind: FieldKind::Text, required, help: String::new(), takes: Takes::Any };
    for (name, _, channel, params) in ACTIONS {
        let params = params.iter().map(|(param, required)| ((*param).to_owned(), text(*required)));
        let spec = ActionSpec {
            params: params.collect(),
            grade: Grade::Keyed,
            channel: channel.map(str::to_owned),
            about: None,
            changes: Changes::default(),
            bounds: Bounds::default(),
            help: String::new(),
        };
        catalogue.actions.insert(name.into(), spec);
    }
    Settings {
        connections: CONNECTIONS
            .iter()
            .map(|name| ConnectionSettings {
                name: (*name).into(),
                connector: (*name).into(),
                default_country: Some("DE".into()),
                reaches: vec![],
            })
            .collect(),
        blocked_keys: vec!["Team@Shop.example".into()],
        rules: rules
            .iter()
            .enumerate()
            .map(|(number, text)| (format!("{number}.yaml"), (*text).to_owned()))
            .collect(),
        catalogue,
        actions: ACTIONS
            .iter()
            .map(|(name, target, ..)| {
                let (connection, action) = name.split_once('.').expect("a connection and its action");
                ActionRoute {
                    name: (*name).into(),
                    connection: connection.into(),
                    action: action.replace('_', "-"),
                    target: target.map(str::to_owned),
                    role: Role::Work,
                }
            })
            .collect(),
        identity: Limits::default(),
        salt: SALT,
        given: None,
    }
}

/// An action, the parameter that names what it writes to, the channel it writes on to a person, and its parameters with
/// whether they are required.
type Action = (&'static str, Option<&'static str>, Option<&'static str>, &'static [(&'static str, bool)]);

const ACTIONS: [Action; 4] = [
    ("desk.create_ticket", None, None, &[("subject", true), ("note", false)]),
    ("desk.add_tags", Some("ticket"), None, &[("ticket", true), ("tag", true)]),
    ("shop.add_customer_tag", Some("customer"), None, &[("customer", true), ("tag", true)]),
    ("wa.send_message", Some("to"), Some("whatsapp"), &[("to", true), ("text", true)]),
];

/// A fold over a store, told one thing after the other.
pub(crate) struct Hub {
    pub(crate) store: MemoryStore,
    fold: Fold,
    pub(crate) seq: u64,
}

impl Hub {
    pub(crate) fn with(settings: Settings) -> Self {
        let store = MemoryStore::new();
        let fold = Fold::open(&store).unwrap();
        let mut hub = Self { store, fold, seq: 0 };
        let changed = hub.record(0, Record::Settings(Box::new(settings)));
        assert!(changed.settings_changed, "the settings of a test check");
        hub
    }

    pub(crate) fn new(rules: &[&str]) -> Self {
        Self::with(settings(rules))
    }

    /// Folds one record at a minute.
    pub(crate) fn record(&mut self, minute: i64, record: Record) -> Consequences {
        self.seq += 1;
        self.fold.apply(&self.store, &[Sequenced { seq: self.seq, at: at(minute), record }]).unwrap()
    }

    /// Folds a delivery's events; returns what the report led to.
    pub(crate) fn tell(&mut self, told: &Told) -> Consequences {
        let pair = records(told, self.seq + 1);
        self.seq += 2;
        self.fold.apply(&self.store, &pair).unwrap()
    }

    /// Folds the same as a page of a stream.
    pub(crate) fn tell_page(&mut self, told: &Told) -> Consequences {
        self.seq += 1;
        self.fold.apply(&self.store, &[page(told, self.seq)]).unwrap()
    }

    /// One event that is learned of at once.
    pub(crate) fn happens(
        &mut self,
        connection: &'static str,
        minute: i64,
        name: &str,
        payload: Payload,
    ) -> EventId {
        let event = events::event(name, minute, payload);
        let id = EventId::of(connection, &event.name, &event.key);
        self.tell(&told(connection, minute, vec![event]));
        id
    }

    pub(crate) fn command(&mut self, minute: i64, command: Command) -> Consequences {
        self.record(minute, Record::Command(command))
    }

    /// The customer somebody has become.
    pub(crate) fn card(&self, id: NodeId) -> hub_fold::read::CustomerCard {
        hub_fold::read::customer(&self.store, id).unwrap().expect("a customer has this id")
    }

    /// Every customer as the sorted "connection/object:id" of its accounts.
    pub(crate) fn people(&self) -> Vec<Vec<String>> {
        let customers = hub_fold::read::customers(&self.store, None, 1_000).unwrap();
        let mut people: Vec<Vec<String>> = customers
            .into_iter()
            .map(|customer| {
                let name = |account: hub_fold::read::Account| {
                    format!("{}/{}:{}", account.connection, account.object, account.id)
                };
                let mut accounts: Vec<String> = customer.accounts.into_iter().map(name).collect();
                accounts.sort();
                accounts
            })
            .collect();
        people.sort();
        people
    }
}

/// The id a connection's account has, now and for ever.
pub(crate) fn node(connection: &str, id: &str) -> NodeId {
    let context = hub_model::identity::KeyContext { connection, default_country: None, phones: None };
    hub_model::identity::normalise(&events::identity(id), context).expect("a key").node(SALT)
}

/// Folds a journal in batches of these sizes, over and over, into a store.
pub(crate) fn fold_into(store: &dyn Store, journal: &[Sequenced], sizes: &[usize]) {
    let mut fold = Fold::open(store).unwrap();
    let mut rest = journal;
    let mut sizes = sizes.iter().cycle();
    while !rest.is_empty() {
        let size = sizes.next().copied().unwrap_or(1).clamp(1, rest.len());
        let (batch, after) = rest.split_at(size);
        fold.apply(store, batch).unwrap();
        rest = after;
    }
}

/// A journal that begins with the settings and tells these in this order.
pub(crate) fn journal<'a>(settings: &Settings, tellings: impl Iterator<Item = &'a Told>) -> Vec<Sequenced> {
    let settings = Record::Settings(Box::new(settings.clone()));
    let mut journal = vec![Sequenced { seq: 1, at: Timestamp::EPOCH, record: settings }];
    for told in tellings {
        let seq = journal.len() as u64 + 1;
        journal.extend(records(told, seq));
    }
    journal
}

/// Something said with a customer: "in" by them, "out" by us, "note" among ourselves.
pub(crate) fn message(
    id: &str,
    minute: i64,
    channel: &str,
    way: &str,
    who: &[&str],
    text: &str,
) -> event::Interaction {
    let (direction, author) = match way {
        "in" => (Direction::Inbound, Author::Customer),
        "out" => (Direction::Outbound, Author::Human),
        "note" => (Direction::Internal, Author::Human),
        other => panic!("no way to say something: {other}"),
    };
    event::Interaction {
        channel: Some(channel.into()),
        kind: Some("message".into()),
        direction: Some(direction),
        author: Some(author),
        customer: Some(events::party(who)),
        text: Some(text.into()),
        sent_at: Some(at(minute)),
        ..events::interaction(id)
    }
}
