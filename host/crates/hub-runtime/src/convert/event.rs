//! Reports: the largest types of the contract. [`Twin`] turns a generated type into the model's; the macros below
//! spell out which fields and cases correspond, and the compiler checks that none is forgotten.

use hub_model::event as model;
use hub_model::{Money, Timestamp};

use crate::bindings::types as wit;
use crate::limits::REASON_BYTES_MAX;
use crate::plain_text::plain;

pub(crate) fn report(report: wit::Report) -> model::Report {
    model::Report { events: report.events.twin(), notes: report.notes.twin() }
}

/// A generated type with a counterpart in the model.
trait Twin {
    type Model;
    fn twin(self) -> Self::Model;
}

impl<T: Twin> Twin for Option<T> {
    type Model = Option<T::Model>;
    fn twin(self) -> Self::Model {
        self.map(T::twin)
    }
}

impl<T: Twin> Twin for Vec<T> {
    type Model = Vec<T::Model>;
    fn twin(self) -> Self::Model {
        self.into_iter().map(T::twin).collect()
    }
}

/// Types that both sides share.
macro_rules! same {
    ($($type:ty),+) => {
        $(impl Twin for $type {
            type Model = $type;
            fn twin(self) -> $type {
                self
            }
        })+
    };
}

same!(String, bool, i64, (String, String));

/// Records with the same fields; those after `at` are times.
macro_rules! record {
    ($name:ident { $($field:ident),* $(; at $($time:ident),+)? }) => {
        impl Twin for wit::$name {
            type Model = model::$name;
            fn twin(self) -> model::$name {
                model::$name {
                    $($field: self.$field.twin(),)*
                    $($($time: self.$time.map(Timestamp),)+)?
                }
            }
        }
    };
}

/// Enums with the same cases.
macro_rules! cases {
    ($name:ident { $($case:ident),+ }) => {
        impl Twin for wit::$name {
            type Model = model::$name;
            fn twin(self) -> model::$name {
                match self {
                    $(Self::$case => model::$name::$case,)+
                }
            }
        }
    };
}

impl Twin for wit::Money {
    type Model = Money;
    fn twin(self) -> Money {
        Money { minor: self.minor, currency: self.currency }
    }
}

cases!(IdentityKind { ProviderId, Email, Phone, Handle, Token });
cases!(Proof { Provider, Verified, Channel, Claimed });
cases!(Direction { Inbound, Outbound, Internal });
cases!(Author { Customer, Human, Bot, Rule, System, Unknown });
cases!(DeliveryStatus { Accepted, Sent, Delivered, Read, Played, Failed, Deleted });
cases!(Remark { Ignored, Unknown, Malformed });

record!(Identity { kind, scope, value, proof });
record!(Party { ids, name });
record!(Customer {
    who,
    given_name,
    family_name,
    locale,
    tags,
    tags_added,
    tags_removed,
    state,
    deleted,
    extra
});
record!(Consent { who, channel, purpose, state, extra; at at });
record!(OrderLine { id, sku, title, quantity, unit_price });
record!(Fulfilment { id, status, carrier, tracking_numbers, tracking_urls; at updated_at });
record!(Refund { id, amount; at at });
record!(ReturnRequest { id, status; at at });
record!(Order {
    id, number, buyer, total, subtotal, tax, discount, financial_status, fulfilment_status, tags, tags_added,
    tags_removed, note, source, lines, fulfilments, refunds, returns, deleted, extra;
    at placed_at, cancelled_at, closed_at
});
record!(Checkout { id, buyer, total, url, lines, order, deleted, extra; at started_at, completed_at });
record!(Attachment { kind, url, title, mime, id });
record!(Reaction { by, emoji });
record!(Interaction {
    id, channel, kind, direction, author, customer, thread, text, attachments, reply_to, ticket, order, status,
    status_detail, edited, reaction, erased, extra;
    at sent_at
});
record!(Ticket {
    id, external_id, subject, status, priority, kind, channel, requester, assignee, group, tags, tags_added,
    tags_removed, deleted, extra;
    at created_at
});
record!(InventoryLevel { item, sku, location, state, quantity, deleted, extra });
record!(InventoryItem { item, sku, title, deleted, extra });
record!(LoyaltyAccount { id, program, member, balance, lifetime, tier, deleted, extra; at enrolled_at });
record!(LoyaltyEntry { id, account, kind, points, reason, order, extra });
record!(SurveyResponse { id, kind, ticket, who, score, comment, extra });
record!(PrivacyRequest { id, kind, who, orders, extra });
record!(PersonMerge { kept, absorbed });
record!(Other { topic, extra });

impl Twin for wit::Payload {
    type Model = model::Payload;
    fn twin(self) -> model::Payload {
        match self {
            Self::Customer(it) => model::Payload::Customer(it.twin()),
            Self::Consent(it) => model::Payload::Consent(it.twin()),
            Self::Order(it) => model::Payload::Order(it.twin()),
            Self::Checkout(it) => model::Payload::Checkout(it.twin()),
            Self::Interaction(it) => model::Payload::Interaction(it.twin()),
            Self::Ticket(it) => model::Payload::Ticket(it.twin()),
            Self::InventoryLevel(it) => model::Payload::InventoryLevel(it.twin()),
            Self::InventoryItem(it) => model::Payload::InventoryItem(it.twin()),
            Self::LoyaltyAccount(it) => model::Payload::LoyaltyAccount(it.twin()),
            Self::LoyaltyEntry(it) => model::Payload::LoyaltyEntry(it.twin()),
            Self::SurveyResponse(it) => model::Payload::SurveyResponse(it.twin()),
            Self::PrivacyRequest(it) => model::Payload::PrivacyRequest(it.twin()),
            Self::PersonMerge(it) => model::Payload::PersonMerge(it.twin()),
            Self::Other(it) => model::Payload::Other(it.twin()),
        }
    }
}

impl Twin for wit::Event {
    type Model = model::Event;
    fn twin(self) -> model::Event {
        model::Event {
            name: self.name,
            key: self.key,
            happened_at: Timestamp(self.happened_at),
            version: self.version,
            payload: self.payload.twin(),
        }
    }
}

/// Notes are shown to people, so their words are made harmless here, once.
impl Twin for wit::Note {
    type Model = model::Note;
    fn twin(self) -> model::Note {
        model::Note {
            path: plain(&self.path, REASON_BYTES_MAX),
            remark: self.remark.twin(),
            reason: plain(&self.reason, REASON_BYTES_MAX),
        }
    }
}
