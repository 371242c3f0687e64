//! Figures of contacts: walks customers one after the other and tells of each contact what it counts.

use std::time::Duration;

use hub_model::model::Ticket;
use hub_model::{NodeId, Timestamp};
use hub_store::{Order, Range, Table};

use super::behind::{Behind, Case};
use super::contact::{BACK_WITHIN, Contact, contacts};
use super::figure::Figure;
use super::window::KpiWindow;
use crate::FoldError;
use crate::read::conversations::{ConversationView, Talks};
use crate::read::people::Person;
use crate::read::{View, Walk};
use crate::row::{CustomerRow, SubjectKind, decode, key};

/// How far past the window is looked for answers and for who came back. What is answered later than that is taken for
/// not answered, so that a window long past costs no more than a new one.
const LOOK_AHEAD: Duration = Duration::from_secs(14 * 24 * 3_600);

const SEVEN_DAYS_OPEN: &str = "its seven days are not over";

type Each<'e> = dyn FnMut(Case) + 'e;

pub(super) fn walk(
    view: View<'_>,
    window: &KpiWindow,
    now: Timestamp,
    each: &mut Each<'_>,
) -> Result<(), FoldError> {
    view.walk(Table::Customer, Range::all(), Order::Ascending, |id, row| {
        let row: CustomerRow = decode(Table::Customer, row)?;
        if let Ok(id) = id.try_into()
            && has_words(view, &row, window)?
        {
            of_person(&Person::load(view, NodeId(id), row)?, window, now, each)?;
        }
        Ok(Walk::On)
    })
}

/// Whether anything was said in the window: one range read an account, of one row.
fn has_words(view: View<'_>, row: &CustomerRow, window: &KpiWindow) -> Result<bool, FoldError> {
    for account in &row.accounts {
        let prefix = key::timeline_prefix(*account, SubjectKind::Interaction);
        let at = |moment| [prefix.as_slice(), &key::time(moment)].concat();
        let range = Range { from: at(window.since()), to: Some(at(window.until())) };
        if !view.store.scan(Table::Timeline, range, Order::Ascending, 1)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn of_person(
    person: &Person<'_>,
    window: &KpiWindow,
    now: Timestamp,
    each: &mut Each<'_>,
) -> Result<(), FoldError> {
    let until = window.until().plus(LOOK_AHEAD).min(now.plus(Duration::from_nanos(1)));
    let talks = Talks::read(person, Some(until))?;
    let contacts = contacts(&talks);
    for (place, contact) in contacts.iter().enumerate() {
        if !window.holds(contact.begun) {
            continue;
        }
        let earlier = contacts.iter().take(place);
        let later = contacts.iter().skip(place + 1);
        let beside = Beside {
            earlier: earlier.filter(|earlier| contact.begun <= earlier.last.plus(BACK_WITHIN)).collect(),
            later: later
                .filter(|later| later.begun <= contact.last.plus(BACK_WITHIN))
                .filter(|later| contact.is_about_same(later))
                .collect(),
            is_over: contact.last.plus(BACK_WITHIN) <= now,
        };
        let queue = queue(person.view, contact.talk)?;
        for (figure, outcome) in outcomes(contact, &beside) {
            each(Case {
                figure,
                at: contact.begun,
                outcome,
                behind: Behind::new(SubjectKind::Interaction, &contact.first.subject),
                customer: Some(person.id),
                conversation: Some(contact.talk.id),
                channel: contact.channel(),
                queue: queue.clone(),
            });
        }
    }
    Ok(())
}

/// What the customer said around a contact.
struct Beside<'c> {
    /// Contacts about anything that ended within seven days before it.
    earlier: Vec<&'c Contact<'c>>,
    /// Contacts about the same matter that began within seven days after it.
    later: Vec<&'c Contact<'c>>,
    /// Nobody can come back in time any more.
    is_over: bool,
}

type Outcome = Result<i64, &'static str>;

fn outcomes(contact: &Contact<'_>, beside: &Beside<'_>) -> [(Figure, Outcome); 6] {
    let once_over = |holds: bool| if beside.is_over { Ok(i64::from(holds)) } else { Err(SEVEN_DAYS_OPEN) };
    [
        (Figure::FirstReply, first_reply(contact)),
        (Figure::FirstContactResolution, resolved_at_once(contact, beside)),
        (Figure::RepeatContact, Ok(i64::from(!beside.earlier.is_empty()))),
        (Figure::HandleTime, contact.worked().map(seconds).ok_or("no person wrote or noted anything")),
        (Figure::ChannelContainment, stayed(contact, beside).map_or_else(Err, once_over)),
        (Figure::Deflection, once_over(is_deflected(contact, beside))),
    ]
}

fn first_reply(contact: &Contact<'_>) -> Outcome {
    if contact.begins_with_call() {
        return Err("began with a call");
    }
    let replied_at = contact.replied_at().ok_or("not answered by a person")?;
    Ok(seconds(replied_at.since(contact.begun)))
}

fn resolved_at_once(contact: &Contact<'_>, beside: &Beside<'_>) -> Outcome {
    if beside.earlier.iter().any(|earlier| contact.is_about_same(earlier)) {
        return Err("came back about an earlier contact");
    }
    if !beside.is_over {
        return Err(SEVEN_DAYS_OPEN);
    }
    Ok(i64::from(contact.is_answered() && !contact.has_open_ticket() && beside.later.is_empty()))
}

fn stayed(contact: &Contact<'_>, beside: &Beside<'_>) -> Result<bool, &'static str> {
    let channel = contact.channel().ok_or("its channel is not known")?;
    Ok(contact.is_only_on(&channel) && beside.later.iter().all(|later| later.is_only_on(&channel)))
}

fn is_deflected(contact: &Contact<'_>, beside: &Beside<'_>) -> bool {
    contact.is_answered_by_machine()
        && !contact.has_person()
        && !beside.later.iter().any(|later| later.has_person())
}

/// Whole seconds; more than there are is as many as there are.
pub(super) fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// Where rules say the conversation belongs, else the desk.
fn queue(view: View<'_>, talk: &ConversationView) -> Result<Option<String>, FoldError> {
    if let Some(queue) = &talk.routing.queue {
        return Ok(Some(queue.clone()));
    }
    for ticket in &talk.tickets {
        let ticket: Option<Ticket> = view.get(&key::object(&ticket.connection, &[&ticket.id]))?;
        if let Some(group) = ticket.and_then(|ticket| ticket.group) {
            return Ok(Some(group.value));
        }
    }
    Ok(None)
}
