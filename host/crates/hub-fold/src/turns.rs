//! Events no provider tells of: a thing takes a turn, or the time has passed in which something was to happen to it. Rules
//! act on them as on others. They are of the event they follow from: forgotten with it, and read from its record.

use hub_model::event::{Event, Other, Payload};
use hub_model::model::{Birthday, Checkout, InventoryLevel, Order, Profile, Ticket};
use hub_model::{EventId, Timestamp};
use hub_rules::{Fixture, Scope};
use std::time::Duration;

use crate::FoldError;
use crate::apply::About;
use crate::decide::{Occasion, decide_all};
use crate::facts::EventFacts;
use crate::fold::{Folding, Witnessed};
use crate::follow::Cause;
use crate::read::Late;
use crate::row::{EventRow, key};
use crate::timers::{Timer, begin_waiting, happened_to_same};

pub(crate) const TICKET_REOPENED: &str = "ticket.reopened";
pub(crate) const BACK_IN_STOCK: &str = "inventory.back_in_stock";
pub(crate) const ORDER_DELAYED: &str = "order.delayed";
pub(crate) const CHECKOUT_ABANDONED: &str = "checkout.abandoned";

pub(crate) const CUSTOMER_BIRTHDAY: &str = "customer.birthday";

/// Who was away for longer congratulates next year.
const BIRTHDAY_LASTS: Duration = Duration::from_secs(24 * 3_600);

/// A cart nobody has touched for so long is abandoned: the time after which Shopify's own reminders begin.
const ABANDONED_AFTER: Duration = Duration::from_secs(3_600);

/// What a change makes of a thing beside the change itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turn {
    /// The event that follows at once.
    pub(crate) now: Option<&'static str>,
    /// The event that follows when this time has come, unless the thing changes before.
    pub(crate) expected: Option<(Timestamp, &'static str)>,
}

pub(crate) fn of_ticket(before: Option<&Ticket>, after: &Ticket) -> Turn {
    let is_reopened = before.is_some_and(|before| !before.is_open() && !before.deleted) && after.is_open();
    Turn { now: is_reopened.then_some(TICKET_REOPENED), expected: None }
}

pub(crate) fn of_level(before: Option<&InventoryLevel>, after: &InventoryLevel, state: &str) -> Turn {
    let quantity = |level: &InventoryLevel| level.quantity.as_ref().map(|quantity| quantity.value);
    let was_out = before.and_then(quantity).is_some_and(|quantity| quantity <= 0);
    let is_back = state == "available" && was_out && quantity(after).is_some_and(|quantity| quantity > 0);
    Turn { now: is_back.then_some(BACK_IN_STOCK), expected: None }
}

pub(crate) fn of_order(before: Option<&Order>, after: &Order) -> Turn {
    let failed = |order: &Order| Late::has_failed(order);
    let is_failing = failed(after) && !before.is_some_and(failed);
    let due = Late::expected(after).filter(|due| before.and_then(Late::expected) != Some(*due));
    Turn { now: is_failing.then_some(ORDER_DELAYED), expected: due.map(|due| (due, ORDER_DELAYED)) }
}

pub(crate) fn of_checkout(after: &Checkout, happened_at: Timestamp) -> Turn {
    let due = happened_at.plus(ABANDONED_AFTER);
    Turn { now: None, expected: is_under_way(after).then_some((due, CHECKOUT_ABANDONED)) }
}

/// It comes every year from then on, whatever rules there are: one that is written later wants those known before as well.
pub(crate) fn of_birthday(before: Option<Birthday>, after: Option<Birthday>, happened_at: Timestamp) -> Turn {
    let due = after.filter(|after| before != Some(*after)).and_then(|after| after.next_after(happened_at));
    Turn { now: None, expected: due.map(|due| (due, CUSTOMER_BIRTHDAY)) }
}

fn is_under_way(checkout: &Checkout) -> bool {
    checkout.completed_at.is_none() && checkout.order.is_none() && !checkout.deleted && !checkout.erased
}

/// Marks the timer of an event that is expected: no rule's name begins so.
const EXPECTED: char = ':';

impl Folding<'_> {
    /// What follows from a new event's turn.
    pub(crate) fn take_turn(
        &mut self,
        (seq, at): (u64, Timestamp),
        connector: &str,
        row: &EventRow,
        (id, event, about): (EventId, &Event, &About),
    ) -> Result<(), FoldError> {
        if let Some((due, name)) = about.turn.expected
            && (name == CUSTOMER_BIRTHDAY || self.settings.rules.follow(name))
        {
            let timer = Timer { due, event: id, rule: format!("{EXPECTED}{name}") };
            self.draft.put_raw(hub_store::Table::Timer, timer.key(), Vec::new());
        }
        let Some(name) = about.turn.now else { return Ok(()) };
        let next = EventId::of(&row.connection, name, &event.key);
        let event = Event { name: name.to_owned(), ..event.clone() };
        self.happen(
            (seq, at),
            connector,
            EventRow { name: name.to_owned(), ..row.clone() },
            (next, &event, about),
        )
    }

    /// Tells of an expected event whose time has come, if nothing came between; `false` where the timer is a rule's.
    pub(crate) fn expected(&mut self, seq: u64, now: Timestamp, timer: &Timer) -> Result<bool, FoldError> {
        let Some(name) = timer.rule.strip_prefix(EXPECTED) else { return Ok(false) };
        let Some(row) = self.draft.get::<EventRow>(&timer.event.0)? else { return Ok(true) };
        if name == CUSTOMER_BIRTHDAY {
            self.birthday((seq, now), timer, row)?;
            return Ok(true);
        }
        if !self.has_come(name, timer, &row, now)? {
            return Ok(true);
        }
        let id = EventId::of(&row.connection, name, &timer.event.to_string());
        let row = EventRow { name: name.to_owned(), happened_at: timer.due, ..row };
        let event = retold(&row);
        let about = About { account: row.account, subject: row.subject.clone(), ..About::default() };
        let connector = self.settings.connector(&row.connection).unwrap_or_default().to_owned();
        self.happen((seq, now), &connector, row, (id, &event, &about))?;
        Ok(true)
    }

    /// Tells of a birthday, unless the day has passed, and waits for the next. Of several accounts of one customer each has
    /// its own.
    fn birthday(
        &mut self,
        (seq, now): (u64, Timestamp),
        timer: &Timer,
        row: EventRow,
    ) -> Result<(), FoldError> {
        let Some(account) = row.account else { return Ok(()) };
        let profile: Option<Profile> = self.draft.get(&account.0)?;
        // Another day was told of since, or the person is forgotten.
        let birthday = profile.and_then(|profile| profile.birthday()).filter(|day| day.is_at(timer.due));
        let Some(birthday) = birthday else { return Ok(()) };
        if let Some(due) = birthday.next_after(now.max(timer.due)) {
            let next = Timer { due, event: timer.event, rule: timer.rule.clone() };
            self.draft.put_raw(hub_store::Table::Timer, next.key(), Vec::new());
        }
        if now.since(timer.due) >= BIRTHDAY_LASTS {
            return Ok(());
        }
        let id = EventId::of(&row.connection, CUSTOMER_BIRTHDAY, &format!("{account}/{}", timer.due));
        let row = EventRow { name: CUSTOMER_BIRTHDAY.to_owned(), happened_at: timer.due, ..row };
        let event = retold(&row);
        let about = About { account: row.account, subject: row.subject.clone(), ..About::default() };
        let connector = self.settings.connector(&row.connection).unwrap_or_default().to_owned();
        self.happen((seq, now), &connector, row, (id, &event, &about))
    }

    fn has_come(&self, name: &str, timer: &Timer, row: &EventRow, now: Timestamp) -> Result<bool, FoldError> {
        let Some(subject) = &row.subject else { return Ok(false) };
        let thing = key::object(&subject.connection, &[&subject.id]);
        if name == ORDER_DELAYED {
            let order: Option<Order> = self.draft.get(&thing)?;
            return Ok(order.is_some_and(|order| Late::expected(&order) == Some(timer.due)));
        }
        let checkout: Option<Checkout> = self.draft.get(&thing)?;
        let changes = ["checkout.created", "checkout.updated"].map(str::to_owned);
        let changed = happened_to_same(&self.draft, &changes, Scope::Order, (timer.event, row), now)?;
        Ok(checkout.is_some_and(|checkout| is_under_way(&checkout)) && changed.is_none())
    }

    pub(crate) fn happen(
        &mut self,
        (seq, at): (u64, Timestamp),
        connector: &str,
        row: EventRow,
        (id, event, about): (EventId, &Event, &About),
    ) -> Result<(), FoldError> {
        if self.draft.has(hub_store::Table::Event, &id.0)? {
            return Ok(());
        }
        let connection = row.connection.clone();
        self.note_event(id, row, about);
        self.ask_rules((seq, at), (&connection, connector), (id, event, about))
    }

    /// Asks the rules that act on an event, and lets those wait that act some time after it.
    pub(crate) fn ask_rules(
        &mut self,
        (seq, at): (u64, Timestamp),
        (connection, connector): (&str, &str),
        (id, event, about): (EventId, &Event, &About),
    ) -> Result<(), FoldError> {
        let settings = self.settings.clone();
        let occasion = Occasion { event, id, account: about.account, now: at, derived: self.derived };
        let facts = EventFacts::new(&self.draft, connection, connector, event, about).asked_at(at);
        let mut decided = decide_all(&self.draft, &settings, &facts, &occasion, &self.keeps)?;
        let later = settings.rules.waiting_since(&event.name);
        let waiting = begin_waiting(&self.draft, later, &facts, &occasion, &mut decided)?;
        if let Some(witness) = self.witness.as_mut().filter(|witness| witness.event == id) {
            let fixture = match witness.rule {
                Some(rule) => Fixture::of_rule(&event.name, &facts, rule),
                None => Fixture::of_all(&event.name, &facts, &settings.catalogue),
            };
            let truth = witness.rule.map(|rule| rule.evaluate(&facts).truth);
            witness.found = Some(Witnessed { fixture, truth });
        }
        let told = self.write_decided(seq, decided)?;
        waiting.write(&mut self.draft);
        let cause = Cause { connector, id, event, about, at: event.happened_at };
        self.follow((seq, at), &cause, told)
    }
}

/// An event as far as the view remembers it.
pub(crate) fn retold(row: &EventRow) -> Event {
    Event {
        name: row.name.clone(),
        key: String::new(),
        happened_at: row.happened_at,
        version: row.happened_at.0,
        payload: Payload::Other(Other { topic: row.name.clone(), extra: Vec::new() }),
    }
}
