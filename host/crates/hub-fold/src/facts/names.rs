//! What the object of an event is called, and whose word it is: for telling our own writes when they come back.

use hub_model::event::{Direction, Payload};
use hub_model::identity::IdentityKind;
use hub_model::model::{Interaction, Ticket};

use super::EventFacts;
use crate::row::{NodeRow, SubjectKind};

impl EventFacts<'_> {
    pub(crate) fn connection(&self) -> &str {
        self.connection
    }

    /// A message a customer wrote is never an echo of ours.
    pub(crate) fn is_inbound(&self) -> bool {
        let said: Option<Interaction> = self.thing(SubjectKind::Interaction);
        said.and_then(|said| said.direction).is_some_and(|direction| direction.value == Direction::Inbound)
    }

    pub(crate) fn external_id(&self) -> Option<String> {
        let ticket: Ticket = self.thing(SubjectKind::Ticket)?;
        ticket.external_id.map(|id| id.value)
    }

    /// Every name an action of this connection may have written to when this event came of it.
    pub(crate) fn names(&self) -> Vec<String> {
        let subject = self.about.subject.iter().map(|subject| subject.id.clone());
        let mut names: Vec<String> = subject.chain(self.named_in_payload()).collect();
        let said: Option<Interaction> = self.thing(SubjectKind::Interaction);
        names.extend(said.and_then(|said| said.ticket).map(|ticket| ticket.value));
        let accounts: Vec<NodeRow> = self.nodes().filter(|node| self.is_here(node)).collect();
        let claimed = accounts.iter().flat_map(|account| account.claims.keys());
        let claimed = claimed.filter_map(|key| self.draft.get::<NodeRow>(&key.0).ok().flatten());
        let phones = claimed.filter(|key| key.key.kind == IdentityKind::Phone).map(|key| key.key.value);
        names.extend(phones.collect::<Vec<_>>());
        names.extend(accounts.into_iter().map(|account| account.key.value));
        names.retain(|name| !name.is_empty());
        names
    }

    /// Things whose own id stands within the subject's.
    fn named_in_payload(&self) -> Option<String> {
        match &self.event.payload {
            Payload::LoyaltyEntry(entry) => Some(entry.account.clone()),
            Payload::InventoryLevel(level) => Some(level.item.clone()),
            Payload::InventoryItem(item) => Some(item.item.clone()),
            _ => None,
        }
    }

    /// An account at the event's connection.
    fn is_here(&self, node: &NodeRow) -> bool {
        node.key.is_account()
            && node.key.scope.strip_prefix(self.connection).is_some_and(|rest| rest.starts_with('/'))
    }
}
