//! The domain: what is reported ([`event`]), what is known ([`model`]), how the two meet ([`join`]) and who is who
//! ([`identity`]); what was said on one matter ([`conversation`]) and how words are compared ([`words`]). Pure: no I/O, no clock, no randomness; storage is hub-store's, order of work is hub-fold's.

pub mod conversation;
pub mod event;
pub mod identity;
pub mod ids;
pub mod join;
pub mod model;
pub mod money;
pub mod time;
pub mod words;

pub use identity::CustomerId;
pub use ids::{ConversationId, EffectId, EventId, FollowUpId, InteractionId, NodeId, Salt, TokenId};
pub use money::Money;
pub use time::Timestamp;
