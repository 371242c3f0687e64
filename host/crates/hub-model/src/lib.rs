//! The domain: what is reported ([`event`]), what is known ([`model`]), how the two meet ([`join`]) and who is who
//! ([`identity`]). Pure: no I/O, no clock, no randomness; storage is hub-store's, order of work is hub-fold's.

pub mod event;
pub mod identity;
pub mod ids;
pub mod join;
pub mod model;
pub mod money;
pub mod time;

pub use identity::CustomerId;
pub use ids::{EffectId, EventId, NodeId};
pub use money::Money;
pub use time::Timestamp;
