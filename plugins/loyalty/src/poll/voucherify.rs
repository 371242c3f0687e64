//! Voucherify lists transactions card by card. A run goes through the cards of a campaign in the order they changed,
//! from where the last run began, and reads of each what is newer. Cards that change meanwhile move behind: they are
//! met again, never missed; so the walk goes by time and not by page number.

use omnihub_plugin::exact::Text;
use omnihub_plugin::host::http::Method;
use omnihub_plugin::lenient::said;
use omnihub_plugin::square::api::{Outside, encoded, segment};
use omnihub_plugin::square::time;
use omnihub_plugin::square::window::{BROKEN_ANSWER_MS, OVERLAP_NS, rfc3339};
use omnihub_plugin::{Failure, Page, Position, Remark, Report, members};
use serde_json::json;

use crate::map::voucherify::{polled_card, polled_transaction};
use crate::settings::Settings;
use crate::voucherify::{self, look, request};
use crate::wire::voucherify::{Member, Members};

/// Cards at once: one request for the list and one or more for each, of twenty.
const CARDS: usize = 8;

/// Pages of transactions in one call, over all its cards.
const PAGES_MAX: usize = 16;

/// Voucherify's times have milliseconds; whether "after" takes in its own moment is not said.
const MILLISECOND_NS: i64 = 1_000_000;

/// Where a run stands: what changed from `from` is told, and the next run goes on from where this one began.
struct Walk {
    from: Option<i64>,
    until: i64,
    /// Cards that changed before are done.
    after: Option<i64>,
    /// More cards of one moment than fit on a page: then pages are counted after all.
    page: u32,
    /// The card in the middle of whose transactions the last call stopped, and behind which of them.
    card: Option<String>,
    transaction: Option<String>,
}

omnihub_plugin::members! {
    Cursor {
        text: from, until, after, page, card, transaction;
    }
}

impl Walk {
    fn at(position: &Position) -> Result<Self, Failure> {
        let begin = |from, until| Self { from, until, after: from, page: 1, card: None, transaction: None };
        let Some(cursor) = &position.cursor else { return Ok(begin(position.since, position.now)) };
        let unreadable = || Failure::Rejected("a cursor that is none of this stream's".into());
        let cursor: Cursor = members::read(cursor).ok_or_else(unreadable)?;
        let number = |text: &Option<Text>| text.as_ref().and_then(|text| text.0.parse::<i64>().ok());
        let from = number(&cursor.from);
        let Some(until) = number(&cursor.until) else {
            return from.map(|from| begin(Some(from), position.now)).ok_or_else(unreadable);
        };
        let page = number(&cursor.page).and_then(|page| u32::try_from(page).ok()).unwrap_or(1);
        let (card, transaction) = (said(cursor.card), said(cursor.transaction));
        Ok(Self { from, until, after: number(&cursor.after), page, card, transaction })
    }

    fn goes_on(&self, report: Report) -> Page {
        let mut cursor = json!({"until": self.until.to_string(), "page": self.page});
        let members = [
            ("from", self.from.map(|from| from.to_string())),
            ("after", self.after.map(|after| after.to_string())),
            ("card", self.card.clone()),
            ("transaction", self.transaction.clone()),
        ];
        for (name, value) in members {
            if let (Some(cursor), Some(value)) = (cursor.as_object_mut(), value) {
                cursor.insert(name.to_owned(), value.into());
            }
        }
        Page { report, cursor: Some(cursor.to_string()), more: true, reached: self.after }
    }

    fn ends(&self, report: Report) -> Page {
        let next = json!({"from": self.until.saturating_sub(OVERLAP_NS).to_string()});
        Page { report, cursor: Some(next.to_string()), more: false, reached: Some(self.until) }
    }
}

pub(super) fn transactions(
    position: &Position,
    settings: &Settings,
    outside: &mut dyn Outside,
) -> Result<Page, Failure> {
    let mut walk = Walk::at(position)?;
    let cards = cards(&walk, settings, outside)?;
    let is_full = cards.len() >= CARDS;
    let latest = cards.iter().flatten().filter_map(|card| time(&card.updated_at)).max();
    // The card we stopped at may have moved behind: then it is met later, from its newest transaction.
    let resumed = |card: &Member| walk.card.is_some() && said(card.id.clone()) == walk.card;
    let skipped = cards.iter().flatten().position(resumed).unwrap_or_default();

    let mut report = Report::new();
    let mut pages_left = PAGES_MAX;
    for (index, card) in cards.into_iter().enumerate() {
        let Some(card) = card else {
            report.note(format!("/vouchers/{index}"), Remark::Malformed, "not an object");
            continue;
        };
        if index < skipped {
            continue;
        }
        let begin = if resumed(&card) { walk.transaction.clone() } else { None };
        match read(&card, begin, &walk, position.now, settings, outside, &mut pages_left, &mut report)? {
            Card::Done => {}
            Card::StoppedBehind(transaction) => {
                (walk.card, walk.transaction) = (said(card.id), transaction);
                return Ok(walk.goes_on(report));
            }
        }
    }
    (walk.card, walk.transaction) = (None, None);
    if !is_full {
        return Ok(walk.ends(report));
    }
    let latest = latest.map(|latest| latest.saturating_sub(MILLISECOND_NS));
    if latest > walk.after {
        (walk.after, walk.page) = (latest, 1);
    } else {
        walk.page = walk.page.saturating_add(1);
    }
    Ok(walk.goes_on(report))
}

fn cards(
    walk: &Walk,
    settings: &Settings,
    outside: &mut dyn Outside,
) -> Result<Vec<Option<Member>>, Failure> {
    let campaign = segment(settings.campaign()?)
        .ok_or_else(|| Failure::Misconfigured("voucherify_campaign is no id of a campaign".into()))?;
    let mut path =
        format!("/v1/loyalties/{campaign}/members?limit={CARDS}&page={}&order=updated_at", walk.page);
    if let Some(after) = walk.after {
        path.push_str("&%5Bupdated_at%5D%5Bafter%5D=");
        path.push_str(&encoded(&rfc3339(after)));
    }
    let response = look(outside, &request(settings, Method::Get, path, None)?)?;
    let list: Members = members::read(&response.body).ok_or(Failure::RetryAfterMs(BROKEN_ANSWER_MS))?;
    list.vouchers.ok_or(Failure::RetryAfterMs(BROKEN_ANSWER_MS))
}

/// How far one card was read.
enum Card {
    Done,
    /// No requests are left; its next page begins behind this transaction.
    StoppedBehind(Option<String>),
}

#[expect(
    clippy::too_many_arguments,
    reason = "the loop above in one step; nothing of it is worth a type of its own"
)]
fn read(
    card: &Member,
    begin: Option<String>,
    walk: &Walk,
    now: i64,
    settings: &Settings,
    outside: &mut dyn Outside,
    pages_left: &mut usize,
    report: &mut Report,
) -> Result<Card, Failure> {
    // The code is the card's name in a path; where it cannot be, the id may be.
    let name = [&card.code, &card.id]
        .into_iter()
        .find_map(|name| segment(&said(name.clone())?).and(said(name.clone())));
    let Some(name) = name else {
        report.note("/vouchers", Remark::Malformed, "a card without code and id");
        return Ok(Card::Done);
    };
    let mut told_any = begin.is_some();
    let mut after = begin;
    loop {
        if *pages_left == 0 {
            return Ok(Card::StoppedBehind(after));
        }
        *pages_left -= 1;
        let page = voucherify::transactions(settings, outside, &name, after.as_deref())?;
        let next = page.next();
        let mut is_older = false;
        for transaction in page.data.ok_or(Failure::RetryAfterMs(BROKEN_ANSWER_MS))? {
            let Some(transaction) = transaction else {
                report.note("/data", Remark::Malformed, "not an object");
                continue;
            };
            if let (Some(at), Some(from)) = (time(&transaction.created_at), walk.from)
                && at < from
            {
                is_older = true;
                continue;
            }
            told_any = true;
            let told = polled_transaction(card, transaction, now);
            report.events.extend(told.events);
            report.notes.extend(told.notes);
        }
        if is_older || next.is_none() {
            break;
        }
        after = next;
    }
    if !told_any {
        let told = polled_card(card, now);
        report.events.extend(told.events);
        report.notes.extend(told.notes);
    }
    Ok(Card::Done)
}
