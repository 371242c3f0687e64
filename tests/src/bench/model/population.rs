//! The customers of a shop and what happens with them, always the same: names as common as real ones, an order each,
//! messages of all of them; and twenty regulars, of whom every second message is, with orders, parcels, refunds and
//! points beyond number.

use std::time::Duration;

use hub_fold::Sequenced;
use hub_fold::record::{Delivery, Polled, Record, Reported};
use hub_model::event::{
    Author, Direction, Event, Fulfilment, Identity, IdentityKind, Interaction, LoyaltyAccount, LoyaltyEntry,
    Order, OrderLine, Party, Payload, Proof, Refund,
};
use hub_model::identity::{KeyContext, normalise};
use hub_model::{Money, NodeId, Salt, Timestamp};

/// However long the history: theirs grows with it.
pub(super) const REGULARS: u64 = 20;

/// Events of one record, as a page of a first reading has.
const EVENTS_PER_PAGE: usize = 250;

/// Records folded at once while deliveries come in.
const DELIVERIES_AT_ONCE: u64 = 128;

/// So many interactions for every customer, and for every order or ledger entry of a regular.
const PER_CUSTOMER: u64 = 10;
const PER_REGULARS_ORDER: u64 = 20;

const BEGINNING: Timestamp = Timestamp(1_780_000_000_000_000_000);

/// Between two interactions.
const STEP: Duration = Duration::from_secs(60);

const CONNECTION: &str = "shop";

#[derive(Clone, Copy)]
pub(super) struct Population {
    interactions: u64,
}

impl Population {
    pub(super) fn new(interactions: u64) -> Self {
        Self { interactions }
    }

    pub(super) fn customers(self) -> u64 {
        self.interactions / PER_CUSTOMER
    }

    pub(super) fn deliveries(self) -> u64 {
        self.customers()
    }

    pub(super) fn events(self) -> u64 {
        self.all().count() as u64
    }

    pub(super) fn middle(self) -> Timestamp {
        moment(self.interactions / 2)
    }

    pub(super) fn end(self) -> Timestamp {
        moment(self.interactions)
    }

    /// Everything that happened, as polling reads it: a page at a time.
    pub(super) fn pages(self) -> impl Iterator<Item = Vec<Sequenced>> {
        let mut events = self.all();
        let mut seq = 0;
        std::iter::from_fn(move || {
            let page: Vec<Event> = events.by_ref().take(EVENTS_PER_PAGE).map(|make| make.event()).collect();
            seq += 1;
            (!page.is_empty()).then(|| vec![polled(seq, page)])
        })
    }

    /// Orders as webhooks bring them, a third of them of somebody who bought before: two records and two events each.
    pub(super) fn orders(self) -> impl Iterator<Item = Vec<Sequenced>> {
        let batches = 0..self.deliveries().div_ceil(DELIVERIES_AT_ONCE);
        batches.map(move |batch| {
            let first = batch * DELIVERIES_AT_ONCE;
            let last = self.deliveries().min(first + DELIVERIES_AT_ONCE);
            (first..last).flat_map(delivered).collect()
        })
    }

    fn all(self) -> impl Iterator<Item = Happening> {
        let members = (0..REGULARS).map(Happening::Member);
        members.chain((0..self.interactions).flat_map(|number| {
            let order =
                number.is_multiple_of(PER_CUSTOMER).then_some(Happening::Order(number / PER_CUSTOMER));
            let more = match number % PER_REGULARS_ORDER {
                3 => Some(Happening::RegularsOrder(number)),
                7 => Some(Happening::Points(number)),
                _ => None,
            };
            order.into_iter().chain([Happening::Said(number)]).chain(more)
        }))
    }
}

#[derive(Clone, Copy)]
enum Happening {
    Member(u64),
    Order(u64),
    RegularsOrder(u64),
    Points(u64),
    Said(u64),
}

impl Happening {
    fn event(self) -> Event {
        match self {
            Self::Member(who) => member(who),
            Self::Order(who) => {
                let order = order(who, person(who), moment(who * PER_CUSTOMER));
                event("order.created", who, moment(who * PER_CUSTOMER), Payload::Order(order))
            }
            Self::RegularsOrder(number) => regulars_order(number),
            Self::Points(number) => points(number),
            Self::Said(number) => said(number),
        }
    }
}

fn moment(number: u64) -> Timestamp {
    BEGINNING.plus(STEP.saturating_mul(u32::try_from(number).unwrap_or(u32::MAX)))
}

fn polled(seq: u64, events: Vec<Event>) -> Sequenced {
    let reported = Reported {
        delivery: None,
        connection: CONNECTION.into(),
        connector: "shop".into(),
        version: "1.0.0".into(),
        events,
        notes: Vec::new(),
        findings: Vec::new(),
    };
    let page =
        Polled { stream: "all".into(), cursor: None, more: true, beginning: None, reached: None, reported };
    Sequenced { seq, at: BEGINNING.plus(Duration::from_secs(seq)), record: Record::Polled(page) }
}

fn delivered(number: u64) -> [Sequenced; 2] {
    let at = moment(number);
    let seq = number * 2 + 1;
    let who = if number % 3 == 2 { number / 2 } else { number };
    let mut dedupe = [0; 16];
    let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    dedupe.copy_from_slice(&[spread.to_be_bytes(), number.to_be_bytes()].concat());
    let delivery = Delivery {
        connection: CONNECTION.into(),
        connector: "shop".into(),
        topic: Some("orders/create".into()),
        headers: Vec::new(),
        dedupe,
        body: Vec::new(),
    };
    let reported = Reported {
        delivery: Some(seq),
        connection: CONNECTION.into(),
        connector: "shop".into(),
        version: "1.0.0".into(),
        events: vec![
            event("customer.updated", number, at, Payload::Customer(customer(who))),
            event("order.created", number, at, Payload::Order(order(number, person(who), at))),
        ],
        notes: Vec::new(),
        findings: Vec::new(),
    };
    [
        Sequenced { seq, at, record: Record::Delivery(delivery) },
        Sequenced { seq: seq + 1, at, record: Record::Reported(reported) },
    ]
}

fn key(kind: IdentityKind, scope: &str, value: String, proof: Proof) -> Identity {
    Identity { kind, scope: scope.into(), value, proof }
}

fn account(who: u64) -> Identity {
    key(IdentityKind::ProviderId, "customer", who.to_string(), Proof::Provider)
}

/// The id of a customer: that of their account.
pub(super) fn id(who: u64) -> NodeId {
    let context = KeyContext { connection: CONNECTION, default_country: None, phones: None };
    normalise(&account(who), context).map_or(NodeId([0; 16]), |key| key.node(Salt::default()))
}

/// Two hundred first names, of which every twentieth person has one, and three thousand family names.
fn person(who: u64) -> Party {
    let given = match who % 20 {
        0 => "José".to_owned(),
        1 => "Maria".to_owned(),
        _ => format!("Given{}", who % 200),
    };
    Party {
        ids: vec![
            account(who),
            key(IdentityKind::Email, "", format!("person{who}@example.com"), Proof::Verified),
            key(IdentityKind::Phone, "", format!("+49301{who:06}"), Proof::Claimed),
            key(IdentityKind::Handle, "username", format!("handle.{who}"), Proof::Claimed),
        ],
        name: Some(format!("{given} Fam{} Müller{}", who % 3_000, who % 7)),
    }
}

fn customer(who: u64) -> hub_model::event::Customer {
    hub_model::event::Customer {
        who: person(who),
        given_name: None,
        family_name: None,
        locale: Some("de".into()),
        tags: Some(vec!["newsletter".into()]),
        tags_added: Vec::new(),
        tags_removed: Vec::new(),
        state: Some("enabled".into()),
        deleted: false,
        extra: Vec::new(),
    }
}

fn event(name: &str, number: u64, at: Timestamp, payload: Payload) -> Event {
    Event { name: name.into(), key: number.to_string(), happened_at: at, version: at.0, payload }
}

fn euros(minor: i64) -> Option<Money> {
    Some(Money { minor, currency: "EUR".into() })
}

fn order(number: u64, buyer: Party, at: Timestamp) -> Order {
    let line = |line: u64| OrderLine {
        id: format!("80{number:010}{line}"),
        sku: Some(format!("SKU-{}", (number + line) % 900)),
        title: Some(format!("A thing people buy, number {line}")),
        quantity: 1_000_000,
        unit_price: euros(1_990),
    };
    Order {
        id: format!("60{number:010}"),
        number: Some(format!("#{number}")),
        buyer: Some(buyer),
        total: euros(5_970),
        subtotal: euros(5_016),
        tax: euros(954),
        discount: euros(0),
        financial_status: Some("paid".into()),
        fulfilment_status: Some("unfulfilled".into()),
        placed_at: Some(at),
        cancelled_at: None,
        closed_at: None,
        tags: Some(Vec::new()),
        tags_added: Vec::new(),
        tags_removed: Vec::new(),
        note: None,
        source: Some("web".into()),
        lines: Some((0..3).map(line).collect()),
        fulfilments: Vec::new(),
        refunds: Vec::new(),
        returns: Vec::new(),
        deleted: false,
        extra: Vec::new(),
    }
}

/// One of the past, with its parcel, and every fourth with a refund.
fn regulars_order(number: u64) -> Event {
    let at = moment(number);
    let later = at.plus(Duration::from_secs(36 * 3_600));
    let parcel = Fulfilment {
        id: format!("f{number}"),
        status: Some("delivered".into()),
        carrier: Some("DHL".into()),
        tracking_numbers: vec![format!("0034{number:010}")],
        tracking_urls: Vec::new(),
        updated_at: Some(later),
    };
    let refund = Refund { id: format!("r{number}"), amount: euros(1_990), at: Some(later) };
    let id = 1_000_000_000 + number;
    let order = Order {
        fulfilment_status: Some("fulfilled".into()),
        fulfilments: vec![parcel],
        refunds: Vec::from_iter((number / PER_REGULARS_ORDER).is_multiple_of(4).then_some(refund)),
        ..order(id, Party { ids: vec![account(regular(number))], name: None }, at)
    };
    event("order.updated", id, later, Payload::Order(order))
}

/// Whose order or points these are.
fn regular(number: u64) -> u64 {
    number / PER_REGULARS_ORDER % REGULARS
}

fn member(who: u64) -> Event {
    let account = LoyaltyAccount {
        id: format!("card{who}"),
        program: Some("points".into()),
        member: Some(Party { ids: vec![account(who)], name: None }),
        balance: Some(100),
        lifetime: None,
        tier: Some("gold".into()),
        enrolled_at: Some(BEGINNING),
        deleted: false,
        extra: Vec::new(),
    };
    event("loyalty.account.updated", who, BEGINNING, Payload::LoyaltyAccount(account))
}

fn points(number: u64) -> Event {
    let entry = LoyaltyEntry {
        id: format!("p{number}"),
        account: format!("card{}", regular(number)),
        kind: "accumulate".into(),
        points: Some(10),
        reason: None,
        order: None,
        extra: Vec::new(),
    };
    event("loyalty.points.changed", number, moment(number), Payload::LoyaltyEntry(entry))
}

/// Every second one is a regular's, the others of all who are customers by then.
fn said(number: u64) -> Event {
    let who = match number % 2 {
        0 => number / 2 % REGULARS,
        _ => number * 7_919 % (number / PER_CUSTOMER + 1),
    };
    let at = moment(number);
    let interaction = Interaction {
        id: format!("m{number:010}"),
        channel: Some(if number.is_multiple_of(3) { "email" } else { "whatsapp" }.into()),
        kind: Some("message".into()),
        direction: Some(if number.is_multiple_of(5) { Direction::Outbound } else { Direction::Inbound }),
        author: Some(Author::Customer),
        customer: Some(Party { ids: vec![account(who)], name: None }),
        thread: number.is_multiple_of(7).then(|| format!("t{}", number / 70)),
        text: Some(format!(
            "Hello, where is my order #{who}? I have been waiting for some days now, thank you. {number}"
        )),
        attachments: Vec::new(),
        reply_to: None,
        ticket: None,
        order: None,
        sent_at: Some(at),
        status: None,
        status_detail: None,
        edited: false,
        reaction: None,
        erased: false,
        extra: Vec::new(),
    };
    event("message.received", number, at, Payload::Interaction(interaction))
}
