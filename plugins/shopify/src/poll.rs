//! Orders and customers, oldest change first, as pages of the Admin API.
//!
//! A run reads what changed from where the last run ended up to now. Shopify pages no deeper than 25,000 objects, so a
//! long run moves the beginning of its window forward and starts paging anew from there.

use omnihub_plugin::exact::Text;
use omnihub_plugin::{Failure, Page, Position, Remark, Report, members};

use crate::admin::{Admin, After, TOO_COSTLY};
use crate::json::Object;
use crate::map::{self, Polled};
use crate::node;
use crate::wire::admin::{CustomersData, LinePage, OneOrderData, OrderNode, OrdersData, PageInfo};

pub(crate) const ORDERS: &str = "orders";
pub(crate) const CUSTOMERS: &str = "customers";

/// Objects of a page unless the operator says otherwise: some hundred kilobytes of orders.
pub(crate) const PAGE_SIZE: u32 = 100;
/// Shopify's own limit.
const PAGE_SIZE_MAX: u32 = 250;
/// Objects read in one window, well below the 25,000 at which Shopify ends.
const WINDOW_MAX: u64 = 20_000;
/// Read again by the next run: the search index runs some seconds behind, and clocks differ.
const OVERLAP: i64 = 300 * SECOND;
/// More requests for lines that a page has no room for. With those for the page it stays below what the host allows.
const MORE_LINES_MAX: u32 = 10;
/// Shopify in trouble.
const UNREADABLE_MS: u64 = 2_000;
const SECOND: i64 = 1_000_000_000;

macro_rules! lines {
    () => {
        "pageInfo { hasNextPage endCursor } nodes { id sku title quantity \
         originalUnitPriceSet { shopMoney { amount currencyCode } } }"
    };
}

/// An order as far as webhooks say the same.
const ORDERS_PAGE: &str = concat!(
    "query Orders($first: Int!, $after: String, $query: String!) { \
     orders(first: $first, after: $after, sortKey: UPDATED_AT, query: $query) { \
     pageInfo { hasNextPage endCursor } nodes { \
     id name email phone createdAt updatedAt processedAt closedAt cancelledAt cancelReason displayFinancialStatus \
     displayFulfillmentStatus currencyCode presentmentCurrencyCode tags note sourceName customerLocale test \
     statusPageUrl totalPriceSet { ...M } subtotalPriceSet { ...M } totalTaxSet { ...M } totalDiscountsSet { ...M } \
     currentTotalPriceSet { ...M } \
     customer { id firstName lastName state tags verifiedEmail createdAt updatedAt \
     defaultEmailAddress { emailAddress } defaultPhoneNumber { phoneNumber } } \
     lineItems(first: 50) { ",
    lines!(),
    " } \
     fulfillments(first: 50) { id status displayStatus createdAt updatedAt trackingInfo(first: 50) { company number url } } \
     refunds(first: 50) { id createdAt processedAt transactions(first: 50) { nodes { kind status amountSet { ...M } } } } \
     } } } fragment M on MoneyBag { shopMoney { amount currencyCode } }"
);

const MORE_LINES: &str = concat!(
    "query Lines($id: ID!, $after: String) { order(id: $id) { lineItems(first: 250, after: $after) { ",
    lines!(),
    " } } }"
);

const CUSTOMERS_PAGE: &str = "query Customers($first: Int!, $after: String, $query: String!) { \
    customers(first: $first, after: $after, sortKey: UPDATED_AT, query: $query) { \
    pageInfo { hasNextPage endCursor } nodes { \
    id firstName lastName state tags locale verifiedEmail numberOfOrders createdAt updatedAt \
    amountSpent { amount currencyCode } \
    defaultEmailAddress { emailAddress marketingState marketingOptInLevel marketingUpdatedAt } \
    defaultPhoneNumber { phoneNumber marketingState marketingOptInLevel marketingUpdatedAt marketingCollectedFrom } \
    } } }";

/// One page of a stream. `size` is what the operator wants of it.
pub(crate) fn poll(
    position: &Position,
    settings: &map::Settings,
    size: Option<u32>,
    admin: &mut Admin<'_>,
) -> Result<Page, Failure> {
    let read: Reader = match position.stream.as_str() {
        ORDERS => orders,
        CUSTOMERS => customers,
        other => return Err(Failure::Unsupported(other.to_owned())),
    };
    let mut place = Place::of(position, size.unwrap_or(PAGE_SIZE).clamp(1, PAGE_SIZE_MAX))?;
    loop {
        let mut sheet = Sheet::new(position.now, *settings);
        match read(&place, admin, &mut sheet) {
            Ok(after) => return place.page(after, sheet),
            Err(Failure::Rejected(why)) if why == TOO_COSTLY && place.size > 1 => place.size /= 2,
            Err(failure) => return Err(failure),
        }
    }
}

type Reader = fn(&Place, &mut Admin<'_>, &mut Sheet) -> Result<After, Failure>;

fn unreadable() -> Failure {
    Failure::RetryAfterMs(UNREADABLE_MS)
}

/// What a page gave so far.
struct Sheet {
    now: i64,
    settings: map::Settings,
    report: Report,
    objects: u64,
    /// The last change on it.
    last: Option<i64>,
}

impl Sheet {
    fn new(now: i64, settings: map::Settings) -> Self {
        Self { now, settings, report: Report::new(), objects: 0, last: None }
    }

    /// Takes an object in. Without the time of its change it could not be told from its other states.
    fn take(&mut self, place: &str, updated_at: Option<&Text>, object: Polled) {
        let Some(changed) = map::time(&updated_at.cloned()) else {
            self.report.note(place, Remark::Malformed, "without the time of its change");
            return;
        };
        self.last = self.last.max(Some(changed));
        let Report { events, notes } = map::polled(object, place, self.now, &self.settings);
        self.report.events.extend(events);
        self.report.notes.extend(notes);
    }

    fn items<T>(&mut self, path: &str, list: Vec<Option<T>>) -> Vec<(String, T)> {
        self.objects = list.len() as u64;
        let mut items = Vec::with_capacity(list.len());
        for (index, item) in list.into_iter().enumerate() {
            let place = format!("{path}/{index}");
            match item {
                Some(item) => items.push((place, item)),
                None => self.report.note(place, Remark::Malformed, "not an object"),
            }
        }
        items
    }
}

fn orders(place: &Place, admin: &mut Admin<'_>, sheet: &mut Sheet) -> Result<After, Failure> {
    let page = admin.read::<OrdersData>(ORDERS_PAGE, place.variables())?.orders.ok_or_else(unreadable)?;
    let after = page.info.and_then(PageInfo::after).ok_or_else(unreadable)?;
    let mut requests_left = MORE_LINES_MAX;
    for (place, mut order) in sheet.items("/data/orders/nodes", page.nodes.ok_or_else(unreadable)?) {
        if !with_all_lines(&mut order, admin, &mut requests_left)? {
            sheet.report.note(
                format!("{place}/lineItems"),
                Remark::Ignored,
                "not all of the lines could be read",
            );
        }
        let updated_at = order.updated_at.clone();
        sheet.take(&place, updated_at.as_ref(), Polled::Order(Box::new(node::order(order))));
    }
    Ok(after)
}

fn customers(place: &Place, admin: &mut Admin<'_>, sheet: &mut Sheet) -> Result<After, Failure> {
    let page = admin.read::<CustomersData>(CUSTOMERS_PAGE, place.variables())?;
    let page = page.customers.ok_or_else(unreadable)?;
    let after = page.info.and_then(PageInfo::after).ok_or_else(unreadable)?;
    for (place, customer) in sheet.items("/data/customers/nodes", page.nodes.ok_or_else(unreadable)?) {
        let updated_at = customer.updated_at.clone();
        sheet.take(&place, updated_at.as_ref(), Polled::Customer(Box::new(node::customer(customer))));
    }
    Ok(after)
}

/// Reads the lines a page had no room for. An order must have all of its lines or say nothing of them, because a webhook
/// about the same state tells all: then `false`.
fn with_all_lines(
    order: &mut OrderNode,
    admin: &mut Admin<'_>,
    requests_left: &mut u32,
) -> Result<bool, Failure> {
    let Some(page) = order.line_items.take() else { return Ok(true) };
    let LinePage { info, nodes: Some(mut lines) } = page else { return Ok(false) };
    let mut after = info.and_then(PageInfo::after);
    loop {
        match after {
            Some(After::Nothing) => break,
            Some(After::Page(cursor)) if *requests_left > 0 => {
                *requests_left -= 1;
                let id = order.id.as_ref().map_or("", |id| id.0.as_str());
                let data: OneOrderData =
                    admin.read(MORE_LINES, Object::new().text("id", id).text("after", &cursor))?;
                let more = data.order.and_then(|order| order.line_items).ok_or_else(unreadable)?;
                lines.extend(more.nodes.ok_or_else(unreadable)?);
                after = more.info.and_then(PageInfo::after);
            }
            _ => return Ok(false),
        }
    }
    order.line_items = Some(LinePage { info: None, nodes: Some(lines) });
    Ok(true)
}

members! {
    /// A place as we keep it between pages.
    Cursor {
        text: from, until, after, seen, size;
    }
}

/// Where a page is: a window of changes, and how far it is read.
struct Place {
    from: Option<i64>,
    until: i64,
    after: Option<String>,
    /// Objects read in this window.
    seen: u64,
    size: u32,
}

impl Place {
    fn of(position: &Position, size: u32) -> Result<Self, Failure> {
        let start = Self { from: position.since, until: position.now, after: None, seen: 0, size };
        match &position.cursor {
            None => Ok(start),
            Some(cursor) => {
                start.moved(cursor).ok_or_else(|| Failure::Rejected("not a cursor of this stream".into()))
            }
        }
    }

    /// The place that a cursor names: inside a run, or at the beginning of the next one.
    fn moved(self, cursor: &str) -> Option<Self> {
        let cursor: Cursor = members::read(cursor)?;
        let from = match cursor.from {
            Some(from) => Some(map::time(&Some(from))?),
            None => None,
        };
        let Some(until) = cursor.until else { return from.map(|from| Self { from: Some(from), ..self }) };
        let number = |text: Option<Text>| text.and_then(|text| text.0.parse::<u64>().ok());
        let size = number(cursor.size).and_then(|size| u32::try_from(size).ok()).unwrap_or(self.size);
        Some(Self {
            from,
            until: map::time(&Some(until))?,
            after: cursor.after.and_then(Text::id),
            seen: number(cursor.seen).unwrap_or(0),
            size: size.clamp(1, self.size),
        })
    }

    fn variables(&self) -> Object {
        let until = format!("updated_at:<='{}'", instant(self.until));
        let query = match self.from {
            Some(from) => format!("updated_at:>='{}' AND {until}", instant(from)),
            None => until,
        };
        Object::new()
            .number("first", self.size.into())
            .maybe("after", self.after.as_deref())
            .text("query", &query)
    }

    /// What the host is told: the events, and where to go on.
    fn page(self, after: After, sheet: Sheet) -> Result<Page, Failure> {
        let Sheet { report, objects, last, .. } = sheet;
        let After::Page(after) = after else {
            let next = Object::new().text("from", &instant(self.until.saturating_sub(OVERLAP)));
            return Ok(Page { report, cursor: Some(next.end()), more: false, reached: Some(self.until) });
        };
        if self.after.as_ref() == Some(&after) {
            return Err(Failure::Rejected("a page that names itself as the next".into()));
        }
        let seen = self.seen.saturating_add(objects);
        let whole = |time: i64| time.div_euclid(SECOND);
        // A window moves only forward: where everything changed within one second, paging goes on.
        let begin =
            last.filter(|last| seen >= WINDOW_MAX && self.from.is_none_or(|from| whole(*last) > whole(from)));
        let next = match begin {
            Some(from) => Self { from: Some(from), after: None, seen: 0, ..self },
            None => Self { after: Some(after), seen, ..self },
        };
        let reached = last.map(|last| last.min(next.until));
        Ok(Page { report, cursor: Some(next.cursor()), more: true, reached })
    }

    fn cursor(&self) -> String {
        let from = self.from.map(instant);
        Object::new()
            .maybe("from", from.as_deref())
            .text("until", &instant(self.until))
            .maybe("after", self.after.as_deref())
            .number("seen", self.seen)
            .number("size", self.size.into())
            .end()
    }
}

/// A time as Shopify's search reads it, in whole seconds: "2026-03-02T10:15:31Z".
pub(crate) fn instant(nanoseconds: i64) -> String {
    const DAY: i64 = 86_400;
    let seconds = nanoseconds.div_euclid(SECOND);
    let (days, time) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (time / 3_600, time / 60 % 60, time % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day of a day since 1970 in the Gregorian calendar, counted in eras of 400 years whose years begin in
/// March, so that the leap day comes last.
fn civil(days: i64) -> (i64, i64, i64) {
    /// From the first of March of year 0 to 1970.
    const EPOCH: i64 = 719_468;
    const ERA: i64 = 146_097;
    let days = days + EPOCH;
    let (era, day) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (year + 400 * era + next_year, month, day)
}
