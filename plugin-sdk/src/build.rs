//! Constructors for records with many optional fields: name what the provider said, take the rest from `new`.

use crate::model::{
    Checkout, Consent, Customer, Event, Fulfilment, Identity, IdentityKind, Interaction, InventoryItem,
    InventoryLevel, LoyaltyAccount, LoyaltyEntry, Note, Order, Other, Party, Payload, PrivacyRequest, Proof,
    Refund, Remark, Report, ReturnRequest, SurveyResponse, Ticket,
};
use crate::{Manifest, Role, Setting, SettingKind, Stream};

impl Identity {
    /// The provider's own id of a person: `Identity::provider("customer", "7")`.
    pub fn provider(scope: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            kind: IdentityKind::ProviderId,
            scope: scope.into(),
            value: value.into(),
            proof: Proof::Provider,
        }
    }

    /// An e-mail address and how we know it.
    pub fn email(value: impl Into<String>, proof: Proof) -> Self {
        Self { kind: IdentityKind::Email, scope: String::new(), value: value.into(), proof }
    }

    /// A phone number as written, and how we know it.
    pub fn phone(value: impl Into<String>, proof: Proof) -> Self {
        Self { kind: IdentityKind::Phone, scope: String::new(), value: value.into(), proof }
    }

    /// A public name. Never links people by itself.
    pub fn handle(scope: impl Into<String>, value: impl Into<String>) -> Self {
        Self { kind: IdentityKind::Handle, scope: scope.into(), value: value.into(), proof: Proof::Claimed }
    }

    /// An unguessable value that only this person was given.
    pub fn token(scope: impl Into<String>, value: impl Into<String>) -> Self {
        Self { kind: IdentityKind::Token, scope: scope.into(), value: value.into(), proof: Proof::Channel }
    }
}

impl Party {
    /// A person of these identities, `None` when there is none.
    #[must_use]
    pub fn of(ids: Vec<Identity>, name: Option<String>) -> Option<Self> {
        (!ids.is_empty()).then_some(Self { ids, name })
    }
}

impl Customer {
    /// A profile of which only the person is known.
    #[must_use]
    pub fn new(who: Party) -> Self {
        Self {
            who,
            given_name: None,
            family_name: None,
            locale: None,
            tags: None,
            tags_added: Vec::new(),
            tags_removed: Vec::new(),
            state: None,
            deleted: false,
            extra: Vec::new(),
        }
    }
}

impl Consent {
    /// What a person allows on a channel for a purpose.
    pub fn new(
        who: Party,
        channel: impl Into<String>,
        purpose: impl Into<String>,
        state: impl Into<String>,
    ) -> Self {
        Self {
            who,
            channel: channel.into(),
            purpose: purpose.into(),
            state: state.into(),
            at: None,
            extra: Vec::new(),
        }
    }
}

impl Order {
    /// An order of which only the id is known.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            number: None,
            buyer: None,
            total: None,
            subtotal: None,
            tax: None,
            discount: None,
            financial_status: None,
            fulfilment_status: None,
            placed_at: None,
            cancelled_at: None,
            closed_at: None,
            tags: None,
            tags_added: Vec::new(),
            tags_removed: Vec::new(),
            note: None,
            source: None,
            lines: None,
            fulfilments: Vec::new(),
            refunds: Vec::new(),
            returns: Vec::new(),
            deleted: false,
            extra: Vec::new(),
        }
    }
}

impl Fulfilment {
    /// A parcel of which only the id is known.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            status: None,
            carrier: None,
            tracking_numbers: Vec::new(),
            tracking_urls: Vec::new(),
            updated_at: None,
        }
    }
}

impl Refund {
    /// A refund of which only the id is known.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), amount: None, at: None }
    }
}

impl ReturnRequest {
    /// A return of which only the id is known.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), status: None, at: None }
    }
}

impl Checkout {
    /// A cart of which only the id is known.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            buyer: None,
            total: None,
            url: None,
            lines: None,
            started_at: None,
            completed_at: None,
            order: None,
            deleted: false,
            extra: Vec::new(),
        }
    }
}

impl Interaction {
    /// An interaction of which only the id is known.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            channel: None,
            kind: None,
            direction: None,
            author: None,
            customer: None,
            thread: None,
            text: None,
            attachments: Vec::new(),
            reply_to: None,
            ticket: None,
            order: None,
            sent_at: None,
            status: None,
            status_detail: None,
            edited: false,
            reaction: None,
            erased: false,
            extra: Vec::new(),
        }
    }
}

impl Ticket {
    /// A ticket of which only the id is known.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            external_id: None,
            subject: None,
            status: None,
            priority: None,
            kind: None,
            channel: None,
            requester: None,
            assignee: None,
            group: None,
            tags: None,
            tags_added: Vec::new(),
            tags_removed: Vec::new(),
            created_at: None,
            deleted: false,
            extra: Vec::new(),
        }
    }
}

impl InventoryLevel {
    /// The level of an item at a location in a state, count not known.
    pub fn new(item: impl Into<String>, location: impl Into<String>, state: impl Into<String>) -> Self {
        Self {
            item: item.into(),
            sku: None,
            location: location.into(),
            state: state.into(),
            quantity: None,
            deleted: false,
            extra: Vec::new(),
        }
    }
}

impl InventoryItem {
    /// An item of which only the id is known.
    pub fn new(item: impl Into<String>) -> Self {
        Self { item: item.into(), sku: None, title: None, deleted: false, extra: Vec::new() }
    }
}

impl LoyaltyAccount {
    /// An account of which only the id is known.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            program: None,
            member: None,
            balance: None,
            lifetime: None,
            tier: None,
            enrolled_at: None,
            deleted: false,
            extra: Vec::new(),
        }
    }
}

impl LoyaltyEntry {
    /// An entry of an account, points not known.
    pub fn new(id: impl Into<String>, account: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            account: account.into(),
            kind: kind.into(),
            points: None,
            reason: None,
            order: None,
            extra: Vec::new(),
        }
    }
}

impl SurveyResponse {
    /// An answer of which only id and kind of survey are known.
    pub fn new(id: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            kind: kind.into(),
            ticket: None,
            who: None,
            score: None,
            comment: None,
            extra: Vec::new(),
        }
    }
}

impl PrivacyRequest {
    /// A request of which only id and kind are known.
    pub fn new(id: impl Into<String>, kind: impl Into<String>) -> Self {
        Self { id: id.into(), kind: kind.into(), who: None, orders: Vec::new(), extra: Vec::new() }
    }
}

impl Other {
    /// Something the hub has no model for.
    pub fn new(topic: impl Into<String>) -> Self {
        Self { topic: topic.into(), extra: Vec::new() }
    }
}

impl Report {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { events: Vec::new(), notes: Vec::new() }
    }

    /// Says what became of a part that gave no event.
    pub fn note(&mut self, path: impl Into<String>, remark: Remark, reason: impl Into<String>) {
        self.notes.push(Note { path: path.into(), remark, reason: reason.into() });
    }
}

impl Default for Report {
    fn default() -> Self {
        Self::new()
    }
}

impl Event {
    /// An event whose source version is the time it happened at (nanoseconds); set `version` where the provider has
    /// a better one, such as `updated_at`.
    pub fn new(name: impl Into<String>, key: impl Into<String>, happened_at: i64, payload: Payload) -> Self {
        Self { name: name.into(), key: key.into(), happened_at, version: happened_at, payload }
    }
}

impl Manifest {
    /// A connector that asks for nothing and can do nothing yet.
    pub fn new(id: impl Into<String>, version: impl Into<String>, title: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            version: version.into(),
            title: title.into(),
            settings: Vec::new(),
            webhooks: Vec::new(),
            endpoints: Vec::new(),
            actions: Vec::new(),
            streams: Vec::new(),
            extra: Vec::new(),
        }
    }

    /// The fields rules may count on from this connector's events, by their names in the catalogue (`omnihub rule fields`),
    /// those of a thing in a list as `order.lines.sku`. Said again it adds to what was said. `omnihub connector test` tells
    /// which are not declared.
    pub fn fills(&mut self, fields: &[&str]) {
        self.extra.push(("fills".to_owned(), fields.join(" ")));
    }

    /// What holds for an action beyond its record, so that rules hear of it when they are saved and not when a message
    /// is refused: its provider's window for answers, the action that needs none, the settings it needs or that list what
    /// may be given to it. The README names the forms.
    pub fn bound(&mut self, action: &str, what: &str, value: impl Into<String>) {
        self.extra.push((format!("action.{action}.{what}"), value.into()));
    }
}

impl Setting {
    /// A required secret: the host reads and uses it, the connector never sees it.
    pub fn secret(key: impl Into<String>, help: impl Into<String>) -> Self {
        Self { key: key.into(), kind: SettingKind::Secret, required: true, default: None, help: help.into() }
    }

    /// A setting with a default.
    pub fn optional(
        key: impl Into<String>,
        kind: SettingKind,
        default: Option<&str>,
        help: impl Into<String>,
    ) -> Self {
        Self { key: key.into(), kind, required: false, default: default.map(Into::into), help: help.into() }
    }
}

impl Role {
    /// Of an action that writes to a person on this channel: "email", "whatsapp", "instagram".
    pub fn message(channel: impl Into<String>) -> Self {
        Self::Message(channel.into())
    }

    /// Of an action that erases whoever has this id, one that is reported under this scope, see [`Identity::provider`].
    pub fn erase(scope: impl Into<String>) -> Self {
        Self::Erase(scope.into())
    }
}

impl Stream {
    /// Something to poll: its name, the endpoint it is read from, and how often (cron, UTC) where the operator does not
    /// say otherwise.
    pub fn new(
        name: impl Into<String>,
        endpoint: impl Into<String>,
        schedule: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { name: name.into(), help: help.into(), endpoint: endpoint.into(), schedule: schedule.into() }
    }
}
