//! Reading a list between two moments, page by page. Square lists newest first as often as oldest first and its page
//! cursors go stale after minutes, so a run fixes both moments at its start and keeps them in its own cursor: wherever
//! it stops, it goes on in the same window, and what arrives meanwhile is the next run's.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::api::{Outside, look};
use crate::exact::Text;
use crate::host::http::Request;
use crate::members::{self, Members};
use crate::{Failure, Page, Position, Report};

/// The next run reads a little again: clocks differ, and a change may be listed later than it happened.
pub const OVERLAP_NS: i64 = 10 * 60 * 1_000_000_000;

/// An answer of success that is no JSON, a proxy's page or one cut short, is asked for again.
pub const BROKEN_ANSWER_MS: u64 = 2_000;

/// A page cursor that has gone stale costs the pages read so far. Stale three times over, something else is wrong.
const RESTARTS_MAX: i64 = 3;

/// Where a run stands, or where the next one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Absent: as far back as there is.
    pub from: Option<i64>,
    pub to: i64,
    /// Square's cursor of the next page.
    pub page: Option<String>,
    restarts: i64,
    /// The run ends here; a window may end before.
    until: i64,
}

crate::members! {
    Wire {
        text: from, to, page, restarts, until;
    }
    Listed {
        text: cursor;
    }
}

impl Window {
    /// The window that a position is in; `span` is the longest one, so that a long backfill moves on in steps that are
    /// kept.
    ///
    /// # Errors
    /// [`Failure::Rejected`] when the cursor was not written here.
    pub fn at(position: &Position, span: i64) -> Result<Self, Failure> {
        let Some(cursor) = &position.cursor else {
            return Ok(Self::new(position.since, position.now, span));
        };
        let unreadable = || Failure::Rejected("a cursor that is none of this stream's".into());
        let wire: Wire = members::read(cursor).ok_or_else(unreadable)?;
        let number = |text: &Option<Text>| text.as_ref().and_then(|text| text.0.parse::<i64>().ok());
        let from = number(&wire.from);
        let (Some(to), Some(until)) = (number(&wire.to), number(&wire.until)) else {
            return match from {
                Some(from) => Ok(Self::new(Some(from), position.now, span)),
                None => Err(unreadable()),
            };
        };
        let page = wire.page.map(|page| page.0);
        Ok(Self { from, to, page, restarts: number(&wire.restarts).unwrap_or_default(), until })
    }

    /// Whether it reaches up to the beginning of the run.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.to == self.until
    }

    fn new(from: Option<i64>, until: i64, span: i64) -> Self {
        let to = from.map_or(until, |from| from.saturating_add(span).min(until));
        Self { from, to, page: None, restarts: 0, until }
    }

    fn cursor(&self) -> String {
        let mut cursor = json!({"to": self.to.to_string(), "until": self.until.to_string()});
        let mut set = |name: &str, value: Option<Value>| {
            if let (Some(cursor), Some(value)) = (cursor.as_object_mut(), value) {
                cursor.insert(name.to_owned(), value);
            }
        };
        set("from", self.from.map(|from| from.to_string().into()));
        set("page", self.page.clone().map(Value::from));
        set("restarts", (self.restarts > 0).then(|| self.restarts.into()));
        cursor.to_string()
    }

    /// The page whose items are `report` and whose successor is `page`.
    fn told(mut self, report: Report, page: Option<String>, span: i64) -> Page {
        let page = page.filter(|page| !page.is_empty());
        if page.is_some() {
            self.page = page;
            // Nothing is known to be read up to any moment: the list may be newest first.
            return Page { report, cursor: Some(self.cursor()), more: true, reached: self.from };
        }
        if !self.is_last() {
            let reached = Some(self.to);
            let next = Self::new(reached, self.until, span);
            return Page { report, cursor: Some(next.cursor()), more: true, reached };
        }
        let next = json!({"from": self.to.saturating_sub(OVERLAP_NS).to_string()});
        Page { report, cursor: Some(next.to_string()), more: false, reached: Some(self.to) }
    }

    fn restarted(mut self) -> Result<Page, Failure> {
        if self.restarts >= RESTARTS_MAX {
            return Err(Failure::Rejected("Square refuses its own page cursors".into()));
        }
        self.restarts += 1;
        self.page = None;
        let reached = self.from;
        Ok(Page { report: Report::new(), cursor: Some(self.cursor()), more: true, reached })
    }
}

/// One page of a list: `ask` writes the request for a window, `tell` makes events of the answer's body.
///
/// # Errors
/// Whatever reading or telling fails with.
pub fn page(
    position: &Position,
    span: i64,
    outside: &mut dyn Outside,
    ask: impl FnOnce(&Window) -> Result<Request, Failure>,
    tell: impl FnOnce(&str, &Window, &mut dyn Outside) -> Result<Report, Failure>,
) -> Result<Page, Failure> {
    let window = Window::at(position, span)?;
    let request = ask(&window)?;
    let response = match look(outside, &request) {
        Ok(response) => response,
        Err(Failure::Rejected(reason)) if window.page.is_some() && is_stale(&reason) => {
            return window.restarted();
        }
        Err(failure) => return Err(failure),
    };
    let listed: Listed = members::read(&response.body).ok_or(Failure::RetryAfterMs(BROKEN_ANSWER_MS))?;
    let report = tell(&response.body, &window, outside)?;
    Ok(window.told(report, listed.cursor.map(|cursor| cursor.0), span))
}

/// `reason` is how [`look`] words a refusal: status and Square's code.
fn is_stale(reason: &str) -> bool {
    reason.ends_with("INVALID_CURSOR")
}

/// The items of a list in an answer. Square leaves out a list that is empty; one that is something else was damaged on
/// its way, and skipping it would lose what it held.
///
/// # Errors
/// [`Failure::RetryAfterMs`] when it is no list.
pub fn items<T: Members>(body: &str, name: &str) -> Result<Vec<Option<T>>, Failure> {
    let object = members::parse(body).ok_or(Failure::RetryAfterMs(BROKEN_ANSWER_MS))?;
    match (members::list(&object, name), object.get(name)) {
        (Some(items), _) => Ok(items),
        (None, None) => Ok(Vec::new()),
        (None, Some(raw)) if raw.get() == "null" => Ok(Vec::new()),
        (None, Some(_)) => Err(Failure::RetryAfterMs(BROKEN_ANSWER_MS)),
    }
}

/// A moment as Square writes it.
#[must_use]
pub fn rfc3339(at: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp_nanos(at.into()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    time.format(&Rfc3339).unwrap_or_default()
}
