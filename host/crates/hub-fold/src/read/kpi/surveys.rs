//! What customers answered: one pass over all answers, those of nobody included.

use hub_model::model::Survey;
use hub_store::{Order, Range, Table};

use super::behind::{Behind, Case};
use super::figure::Figure;
use super::scores::counted;
use super::tickets::{customer, place, subject_of};
use super::window::KpiWindow;
use crate::FoldError;
use crate::read::{View, Walk};
use crate::row::{SubjectKind, decode};

pub(super) fn walk(view: View<'_>, window: &KpiWindow, each: &mut dyn FnMut(Case)) -> Result<(), FoldError> {
    view.walk(Table::Survey, Range::all(), Order::Ascending, |row_key, row| {
        let survey: Survey = decode(Table::Survey, row)?;
        let figure = match survey.kind.value.as_str() {
            "csat" => Figure::Csat,
            "ces" => Figure::Ces,
            "nps" => Figure::Nps,
            _ => return Ok(Walk::On),
        };
        let at = survey.at.value;
        let Some(subject) = subject_of(row_key, SubjectKind::Survey).filter(|_| window.holds(at)) else {
            return Ok(Walk::On);
        };
        let (channel, queue) = match &survey.ticket {
            Some(ticket) => place(view, &subject.connection, &ticket.value)?,
            None => (None, None),
        };
        each(Case {
            figure,
            at,
            outcome: counted(figure, survey.score.as_ref().map(|score| score.value.as_str())),
            customer: customer(view, survey.who.as_ref().map(|who| who.value))?,
            conversation: None,
            channel,
            queue,
            behind: Behind::new(SubjectKind::Survey, &subject),
        });
        Ok(Walk::On)
    })
}
