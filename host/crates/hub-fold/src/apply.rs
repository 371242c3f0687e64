//! One event into the model: find its people, join what it tells, keep the indexes right.

use hub_model::event::{self, Event, Payload};
use hub_model::join::{Join, Told};
use hub_model::model::{
    Checkout, Consent, Conversation, Finding, Interaction, InventoryItem, InventoryLevel, LoyaltyAccount,
    LoyaltyEntry, Order, Profile, Survey, Ticket,
};
use hub_model::{NodeId, Timestamp};
use hub_store::Table;

use crate::FoldError;
use crate::draft::Draft;
use crate::people::{PeopleContext, identify, learn_name, merge_accounts};
use crate::row::{Row, Subject, SubjectKind, key};

/// What an event turned out to be about.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    pub(crate) account: Option<NodeId>,
    pub(crate) subject: Option<Subject>,
}

/// A thing that stands in a customer's timeline.
trait Filed: Row + Join + Clone + PartialEq {
    const KIND: SubjectKind;

    fn account(&self) -> Option<NodeId>;

    /// When it happened; what has no time yet stands at the beginning.
    fn at(&self) -> Option<Timestamp>;

    fn place(&self) -> Option<(NodeId, Timestamp)> {
        self.account().map(|account| (account, self.at().unwrap_or(Timestamp::EPOCH)))
    }
}

macro_rules! filed {
    ($($thing:ty: $kind:ident, $account:ident, $at:ident;)+) => {
        $(impl Filed for $thing {
            const KIND: SubjectKind = SubjectKind::$kind;
            fn account(&self) -> Option<NodeId> {
                self.$account.as_ref().map(|account| account.value)
            }
            fn at(&self) -> Option<Timestamp> {
                self.$at.as_ref().map(|at| at.value)
            }
        })+
    };
}

filed! {
    Order: Order, buyer, placed_at;
    Checkout: Checkout, buyer, started_at;
    Interaction: Interaction, customer, sent_at;
    Ticket: Ticket, requester, created_at;
    LoyaltyAccount: LoyaltyAccount, member, enrolled_at;
}

impl Filed for Survey {
    const KIND: SubjectKind = SubjectKind::Survey;
    fn account(&self) -> Option<NodeId> {
        self.who.as_ref().map(|who| who.value)
    }
    fn at(&self) -> Option<Timestamp> {
        Some(self.at.value)
    }
}

/// One event on its way into the model.
pub(crate) struct Applying<'d, 's, 'a> {
    pub(crate) draft: &'d mut Draft<'s>,
    pub(crate) connection: &'a str,
    pub(crate) people: PeopleContext<'a>,
    pub(crate) event: &'a Event,
    pub(crate) finding: Option<&'a Finding>,
    pub(crate) told: Told,
}

impl Applying<'_, '_, '_> {
    pub(crate) fn apply(&mut self) -> Result<About, FoldError> {
        match &self.event.payload {
            Payload::Customer(customer) => self.customer(customer),
            Payload::Consent(consent) => self.consent(consent),
            Payload::Order(order) => self.order(order),
            Payload::Checkout(checkout) => self.checkout(checkout),
            Payload::Interaction(interaction) => self.interaction(interaction),
            Payload::Ticket(ticket) => self.ticket(ticket),
            Payload::InventoryLevel(level) => self.inventory_level(level),
            Payload::InventoryItem(item) => self.inventory_item(item),
            Payload::LoyaltyAccount(account) => self.loyalty_account(account),
            Payload::LoyaltyEntry(entry) => self.loyalty_entry(entry),
            Payload::SurveyResponse(survey) => self.survey(survey),
            Payload::PersonMerge(merge) => self.person_merge(merge),
            Payload::PrivacyRequest(request) => {
                Ok(About { account: self.party(request.who.as_ref())?, subject: None })
            }
            Payload::Other(_) => Ok(About::default()),
        }
    }

    fn party(&mut self, party: Option<&event::Party>) -> Result<Option<NodeId>, FoldError> {
        match party {
            Some(party) => identify(self.draft, party, self.people, self.event.happened_at, self.told),
            None => Ok(None),
        }
    }

    fn customer(&mut self, customer: &event::Customer) -> Result<About, FoldError> {
        let Some(account) = self.party(Some(&customer.who))? else { return Ok(About::default()) };
        learn_name(self.draft, account, Profile::told(customer, self.told))?;
        Ok(self.about(Some(account), SubjectKind::Customer, &account.to_string()))
    }

    fn consent(&mut self, consent: &event::Consent) -> Result<About, FoldError> {
        let Some(account) = self.party(Some(&consent.who))? else { return Ok(About::default()) };
        let mut row_key = account.0.to_vec();
        row_key.extend(key::object("", &[&consent.channel, &consent.purpose]));
        row_key.push(0);
        row_key.extend_from_slice(&key::time(Timestamp(self.told.version)));
        self.draft.join(&row_key, Consent::told(consent, self.told))?;
        Ok(self.about(
            Some(account),
            SubjectKind::Consent,
            &format!("{}/{}", consent.channel, consent.purpose),
        ))
    }

    fn order(&mut self, order: &event::Order) -> Result<About, FoldError> {
        let buyer = self.party(order.buyer.as_ref())?;
        let (subject, order_now) = self.file(&order.id, Order::told(order, buyer, self.told))?;
        if let (Some(buyer), Some(number)) = (order_now.account(), &order.number) {
            // Search leaves the sign away as well.
            self.draft.put_raw(Table::Index, key::word(number.trim_start_matches('#'), buyer), Vec::new());
        }
        Ok(About { account: order_now.account(), subject: Some(subject) })
    }

    fn checkout(&mut self, checkout: &event::Checkout) -> Result<About, FoldError> {
        let buyer = self.party(checkout.buyer.as_ref())?;
        let (subject, now) = self.file(&checkout.id, Checkout::told(checkout, buyer, self.told))?;
        Ok(About { account: now.account(), subject: Some(subject) })
    }

    fn interaction(&mut self, interaction: &event::Interaction) -> Result<About, FoldError> {
        let customer = self.party(interaction.customer.as_ref())?;
        let told = Interaction::told(interaction, customer, self.finding, self.told);
        let (subject, now) = self.file(&interaction.id, told)?;
        if let Some(thread) = &interaction.thread {
            let key = key::object(self.connection, &[thread]);
            self.draft.join(&key, Conversation::told(interaction, customer, self.told))?;
        }
        Ok(About { account: now.account(), subject: Some(subject) })
    }

    fn ticket(&mut self, ticket: &event::Ticket) -> Result<About, FoldError> {
        let requester = self.party(ticket.requester.as_ref())?;
        let (subject, now) = self.file(&ticket.id, Ticket::told(ticket, requester, self.told))?;
        if let Some(requester) = now.account() {
            self.draft.put_raw(Table::Index, key::word(&ticket.id, requester), Vec::new());
        }
        Ok(About { account: now.account(), subject: Some(subject) })
    }

    fn inventory_level(&mut self, level: &event::InventoryLevel) -> Result<About, FoldError> {
        let key = key::object(self.connection, &[&level.item, &level.location, &level.state]);
        self.draft.join(&key, InventoryLevel::told(level, self.told))?;
        Ok(self.about(
            None,
            SubjectKind::InventoryLevel,
            &format!("{}/{}/{}", level.item, level.location, level.state),
        ))
    }

    fn inventory_item(&mut self, item: &event::InventoryItem) -> Result<About, FoldError> {
        let key = key::object(self.connection, &[&item.item]);
        self.draft.join(&key, InventoryItem::told(item, self.told))?;
        Ok(About::default())
    }

    fn loyalty_account(&mut self, account: &event::LoyaltyAccount) -> Result<About, FoldError> {
        let member = self.party(account.member.as_ref())?;
        let (subject, now) = self.file(&account.id, LoyaltyAccount::told(account, member, self.told))?;
        Ok(About { account: now.account(), subject: Some(subject) })
    }

    fn loyalty_entry(&mut self, entry: &event::LoyaltyEntry) -> Result<About, FoldError> {
        let key = key::object(self.connection, &[&entry.account, &entry.id]);
        self.draft.join(&key, LoyaltyEntry::told(entry, self.event.happened_at, self.told))?;
        let account: Option<LoyaltyAccount> =
            self.draft.get(&key::object(self.connection, &[&entry.account]))?;
        let member = account.and_then(|account| account.account());
        Ok(self.about(member, SubjectKind::LoyaltyEntry, &format!("{}/{}", entry.account, entry.id)))
    }

    fn survey(&mut self, survey: &event::SurveyResponse) -> Result<About, FoldError> {
        let who = self.party(survey.who.as_ref())?;
        let told = Survey::told(survey, who, self.event.happened_at, self.told);
        let (subject, now) = self.file(&survey.id, told)?;
        Ok(About { account: now.account(), subject: Some(subject) })
    }

    fn person_merge(&mut self, merge: &event::PersonMerge) -> Result<About, FoldError> {
        let account =
            merge_accounts(self.draft, &merge.kept, &merge.absorbed, self.people, self.event.happened_at)?;
        Ok(About { account, subject: None })
    }

    fn about(&self, account: Option<NodeId>, kind: SubjectKind, id: &str) -> About {
        About { account, subject: Some(self.subject(kind, id)) }
    }

    fn subject(&self, kind: SubjectKind, id: &str) -> Subject {
        Subject { kind, connection: self.connection.to_owned(), id: id.to_owned() }
    }

    /// Joins a thing and moves its timeline entry to where it now belongs.
    fn file<T: Filed>(&mut self, id: &str, told: T) -> Result<(Subject, T), FoldError> {
        let subject = self.subject(T::KIND, id);
        let joined = self.draft.join(&key::object(self.connection, &[id]), told)?;
        let (was, is) = (joined.before.as_ref().and_then(T::place), joined.after.place());
        if was != is {
            if let Some((account, at)) = was {
                self.draft.delete(Table::Timeline, key::timeline(account, at, &subject));
                self.draft.delete(Table::Index, key::by_account(account, &subject));
            }
            if let Some((account, at)) = is {
                self.draft.put_raw(
                    Table::Timeline,
                    key::timeline(account, at, &subject),
                    crate::row::encode(&subject),
                );
                self.draft.put_raw(
                    Table::Index,
                    key::by_account(account, &subject),
                    crate::row::encode(&subject),
                );
            }
        }
        Ok((subject, joined.after))
    }
}
