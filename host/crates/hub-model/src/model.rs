//! What is known: one type per thing of the retailer's world. Each is built from one event as a small account of it
//! (`told`) and joined with what was known before; see [`crate::join`]. `*Id` of a provider is text, exact, and belongs
//! to one connection.

mod birthday;
mod breach;
mod correction;
mod follow_up;
mod interaction;
mod inventory;
mod loyalty;
mod order;
mod profile;
mod ticket;

pub use birthday::Birthday;
pub use breach::OrderBreach;
pub use correction::{BY_PERSON, Corrected, Correction, Corrections};
pub use follow_up::{FollowUp, Wanted};
pub use interaction::{Conversation, Finding, INTENTS, Intent, Interaction};
pub use inventory::{InventoryItem, InventoryLevel};
pub use loyalty::{LoyaltyAccount, LoyaltyEntry, Survey};
pub use order::{Checkout, Fulfilment, Order, OrderLine, Refund, Return};
pub use profile::{Consent, ConsentEvidence, Profile};
pub use ticket::Ticket;

#[cfg(test)]
mod tests;
