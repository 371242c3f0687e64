//! Voucherify's events, in their envelope or as the bare `data` of one: points, balances, tiers and customers.
//! One change is told as `customer.voucher.…` and again as `voucher.…`; both give the same events under the same keys,
//! and so does a polled transaction.

use omnihub_plugin::dated::fingerprint;
use omnihub_plugin::lenient::said;
use omnihub_plugin::members::{self, extras};
use omnihub_plugin::model::{Customer, Identity, LoyaltyAccount, LoyaltyEntry, Other, Party, Proof};
use omnihub_plugin::square::api::effect_id;
use omnihub_plugin::square::{time, whole};
use omnihub_plugin::{Delivery, Event, Payload, Remark, Report};

use crate::wire::voucherify::{Balance, Card, Data, Envelope, Member, Order, Tier, Transaction, Voucher};

/// The scope of a customer's id.
pub(crate) const CUSTOMER: &str = "voucherify-customer";

/// Stands in for the type of a bare tier event that came without topic: it changed, up or down is not said.
const UNNAMED_TIER_CHANGE: &str = "customer.loyalty.tier.changed";

/// An event of Voucherify's, whether it came in its envelope or bare.
pub(super) struct Told {
    /// Where `data` stands in the body.
    path: &'static str,
    kind: String,
    id: Option<String>,
    made_at: Option<i64>,
    data: Data,
}

/// What an event is about, by its type or by what it carries.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subject {
    Points,
    Balance,
    Tier,
    Customer,
    Other,
}

pub(super) fn enveloped(body: &str) -> Option<Told> {
    let envelope: Envelope = members::read(body)?;
    said(envelope.project_id)?;
    Some(Told {
        path: "/data",
        kind: said(envelope.kind)?,
        id: said(envelope.id),
        made_at: time(&envelope.created_at),
        data: envelope.data.unwrap_or_default(),
    })
}

/// The `data` part alone, or an envelope without project. The topic says its type; without one its shape has to.
pub(super) fn bare(delivery: &Delivery) -> Option<Told> {
    let envelope: Envelope = members::read(&delivery.body)?;
    let kind = said(envelope.kind).filter(|kind| kind.contains('.'));
    if let (Some(kind), Some(data)) = (kind, envelope.data) {
        return Some(Told {
            path: "/data",
            kind,
            id: said(envelope.id),
            made_at: time(&envelope.created_at),
            data,
        });
    }
    let data: Data = members::read(&delivery.body)?;
    let kind = delivery.topic.clone().filter(|topic| topic.contains('.'));
    let kind = kind.or_else(|| shape(&data).map(str::to_owned))?;
    Some(Told { path: "", kind, id: None, made_at: time(&data.created_at), data })
}

fn shape(data: &Data) -> Option<&'static str> {
    if data.transaction.is_some() {
        return Some("voucher.loyalty_card.transaction.created");
    }
    if data.loyalty_tier_to.is_some() || data.loyalty_tier_from.is_some() {
        return Some(UNNAMED_TIER_CHANGE);
    }
    if data.voucher.as_ref().is_some_and(|voucher| voucher.loyalty_card.is_some()) {
        return Some("voucher.loyalty_card.updated");
    }
    if data.loyalty_tier.is_some() && data.customer.is_some() {
        return Some("customer.loyalty.tier.assigned");
    }
    // A customer alone; with a voucher of another kind beside it, it is somebody's event we cannot name.
    (data.customer.is_some() && data.voucher.is_none()).then_some("customer.updated")
}

impl Told {
    fn subject(&self) -> Subject {
        let data = &self.data;
        match self.kind.as_str() {
            "customer.created" | "customer.updated" | "customer.deleted" => Subject::Customer,
            kind if kind.starts_with("customer.loyalty.tier.") => Subject::Tier,
            // Pending points are promised, not had: neither entry nor balance.
            kind if kind.contains(".pending_points") => Subject::Other,
            kind if !kind.contains("loyalty") => Subject::Other,
            _ if data.transaction.is_some() => Subject::Points,
            _ if data.voucher.is_some() => Subject::Balance,
            _ => Subject::Other,
        }
    }

    /// `upgraded`, `downgraded`, `joined` …
    fn tier_change(&self) -> Option<String> {
        if self.kind == UNNAMED_TIER_CHANGE {
            return None;
        }
        self.kind.rsplit('.').next().map(str::to_owned)
    }

    /// When the event's change was made, as the payload says it.
    fn changed_at(&self) -> Option<i64> {
        let transaction =
            self.data.transaction.as_ref().and_then(|transaction| time(&transaction.created_at));
        let voucher = || self.data.voucher.as_ref().and_then(|voucher| time(&voucher.updated_at));
        transaction.or_else(voucher).or_else(|| time(&self.data.created_at)).or(self.made_at)
    }

    fn otherwise(&self, delivery: &Delivery) -> String {
        self.id.clone().unwrap_or_else(|| fingerprint(&delivery.body))
    }
}

pub(super) fn report(told: &Told, delivery: &Delivery) -> Report {
    let mut report = Report::new();
    match told.subject() {
        Subject::Points => {
            keep(&mut report, told, "/transaction", entry(told, delivery));
            keep(&mut report, told, "/voucher", balance(told, delivery));
            report.events.extend(profile(told, delivery));
        }
        Subject::Balance => {
            keep(&mut report, told, "/voucher", balance(told, delivery));
            report.events.extend(profile(told, delivery));
            // The ledger entry comes with the transaction's own event, under the transaction's id.
            report.note(told.path, Remark::Ignored, "points without a transaction are told by its own event");
        }
        Subject::Tier => {
            keep(&mut report, told, "", tier(told, delivery));
            report.events.extend(profile(told, delivery));
        }
        Subject::Customer => {
            keep(&mut report, told, "/customer", profile(told, delivery).ok_or("a customer without id"));
        }
        Subject::Other => report.events.push(notice(told, delivery)),
    }
    report
}

/// A polled transaction of a card, in the words of its webhook.
pub(crate) fn polled_transaction(card: &Member, transaction: Transaction, now: i64) -> Report {
    let data = Data { voucher: Some(voucher(card)), transaction: Some(transaction), ..Data::default() };
    polled("voucher.loyalty_card.transaction.created", data, now)
}

/// A polled card that nothing was told of by a transaction: its balance as it stands.
pub(crate) fn polled_card(card: &Member, now: i64) -> Report {
    let data = Data { voucher: Some(voucher(card)), ..Data::default() };
    let mut report = polled("voucher.loyalty_card.updated", data, now);
    report.notes.retain(|note| note.remark == Remark::Malformed);
    report
}

fn voucher(card: &Member) -> Voucher {
    let loyalty_card = card.loyalty_card.as_ref();
    Voucher {
        id: card.id.clone(),
        campaign_id: card.campaign_id.clone(),
        holder_id: card.holder_id.clone(),
        updated_at: card.updated_at.clone().or_else(|| card.created_at.clone()),
        loyalty_card: loyalty_card.map(|it| Card { points: it.points.clone(), balance: it.balance.clone() }),
    }
}

fn polled(kind: &str, data: Data, now: i64) -> Report {
    let told = Told { path: "", kind: kind.to_owned(), id: None, made_at: None, data };
    let delivery = Delivery { topic: None, headers: Vec::new(), body: String::new(), received_at: now };
    report(&told, &delivery)
}

fn keep(report: &mut Report, told: &Told, path: &str, event: Result<Event, &'static str>) {
    match event {
        Ok(event) => report.events.push(event),
        Err(reason) => report.note(format!("{}{path}", told.path), Remark::Malformed, reason),
    }
}

fn entry(told: &Told, delivery: &Delivery) -> Result<Event, &'static str> {
    let data = &told.data;
    let transaction = data.transaction.as_ref().ok_or("no transaction")?;
    let id = said(transaction.id.clone()).ok_or("a transaction without id")?;
    let account = card_id(data).ok_or("a transaction without voucher_id")?;
    let kind = transaction.kind.as_ref().map_or("", |kind| kind.0.as_str());

    let mut entry = LoyaltyEntry::new(id.clone(), account, hub_kind(kind));
    entry.points = change(transaction, data);
    entry.reason = said(transaction.reason.clone());
    let order = order(data);
    entry.order = order.and_then(|order| said(order.id.clone()));
    entry.extra = extras([
        ("type", said(transaction.kind.clone())),
        ("source_id", said(transaction.source_id.clone())),
        ("order_source_id", order.and_then(|order| said(order.source_id.clone()))),
        ("effect", transaction.source_id.as_ref().and_then(|source| effect_id(&source.0))),
    ]);
    let payload = Payload::LoyaltyEntry(entry);
    Ok(Event::once("loyalty.points_changed", id, told.changed_at(), delivery.received_at, payload))
}

fn hub_kind(kind: &str) -> String {
    match kind {
        "POINTS_ACCRUAL" => "accumulate".into(),
        "POINTS_ADDITION" | "POINTS_REMOVAL" => "adjust".into(),
        "POINTS_REDEMPTION" => "redeem".into(),
        "POINTS_EXPIRATION" => "expire".into(),
        "" => "other".into(),
        other => other.strip_prefix("POINTS_").unwrap_or(other).to_ascii_lowercase(),
    }
}

/// The signed change: from the transaction, else from the event, else what an expiry says it took.
fn change(transaction: &Transaction, data: &Data) -> Option<i64> {
    let of = |balance: Option<&Balance>| balance.and_then(|balance| whole(&balance.points));
    let details = transaction.details.as_ref().and_then(|details| details.balance.as_ref());
    of(details).or_else(|| of(data.balance.as_ref())).or_else(|| {
        let expired = transaction.kind.as_ref().is_some_and(|kind| kind.0 == "POINTS_EXPIRATION");
        expired.then(|| whole(&data.points).and_then(i64::checked_abs).map(|points| -points)).flatten()
    })
}

/// The order behind the points: told beside the transaction or, shorter, inside it.
fn order(data: &Data) -> Option<&Order> {
    let inside = || data.transaction.as_ref()?.details.as_ref()?.order.as_ref();
    data.order.as_ref().or_else(inside)
}

/// The card after the change. The balance that the change itself reports is newer than the card printed beside it.
fn balance(told: &Told, delivery: &Delivery) -> Result<Event, &'static str> {
    let data = &told.data;
    let id = card_id(data).ok_or("a loyalty card without id")?;
    let card = data.voucher.as_ref().and_then(|voucher| voucher.loyalty_card.as_ref());
    let details = data.transaction.as_ref().and_then(|transaction| transaction.details.as_ref());
    let after = details.and_then(|details| details.balance.as_ref()).or(data.balance.as_ref());

    let mut account = LoyaltyAccount::new(id.clone());
    account.program = program(data);
    account.balance =
        after.and_then(|after| whole(&after.balance)).or_else(|| card.and_then(|card| whole(&card.balance)));
    account.lifetime =
        after.and_then(|after| whole(&after.total)).or_else(|| card.and_then(|card| whole(&card.points)));
    account.member = member(&id, holder_id(data));
    let payload = Payload::LoyaltyAccount(account);
    let otherwise = told.otherwise(delivery);
    Ok(Event::dated(
        "loyalty.account_changed",
        &id,
        told.changed_at(),
        &otherwise,
        delivery.received_at,
        payload,
    ))
}

fn card_id(data: &Data) -> Option<String> {
    let voucher = data.voucher.as_ref().and_then(|voucher| said(voucher.id.clone()));
    voucher.or_else(|| said(data.transaction.as_ref()?.voucher_id.clone()))
}

fn program(data: &Data) -> Option<String> {
    let of_card = data.voucher.as_ref().and_then(|voucher| said(voucher.campaign_id.clone()));
    let of_transaction = || said(data.transaction.as_ref()?.campaign_id.clone());
    let beside = || said(data.campaign.as_ref()?.id.clone());
    of_card.or_else(of_transaction).or_else(beside)
}

/// Whose card it is: as the card says, else the person beside it. They can differ, and the card knows better.
fn holder_id(data: &Data) -> Option<String> {
    let of_card = data.voucher.as_ref().and_then(|voucher| said(voucher.holder_id.clone()));
    of_card.or_else(|| said(data.holder.as_ref().or(data.customer.as_ref())?.id.clone()))
}

/// Ids only: the same in both copies of an event. Name and addresses come with the profile.
fn member(account: &str, customer: Option<String>) -> Option<Party> {
    let mut ids = vec![Identity::provider("loyalty-account", account)];
    ids.extend(customer.map(|customer| Identity::provider(CUSTOMER, customer)));
    Party::of(ids, None)
}

/// A tier belongs to a customer in a campaign, not to a card; the pair names the membership.
fn tier(told: &Told, delivery: &Delivery) -> Result<Event, &'static str> {
    let data = &told.data;
    let now = data.loyalty_tier_to.as_ref().or(data.loyalty_tier.as_ref());
    let before = data.loyalty_tier_from.as_ref();
    let customer = said(data.customer.as_ref().and_then(|customer| customer.id.clone()))
        .ok_or("a tier without customer")?;
    let of_tier = |tier: Option<&Tier>| tier.and_then(|tier| said(tier.campaign_id.clone()));
    let campaign = program(data)
        .or_else(|| of_tier(now))
        .or_else(|| of_tier(before))
        .ok_or("a tier without campaign")?;
    let id = format!("{campaign}/{customer}");
    let name =
        |tier: Option<&Tier>| tier.and_then(|tier| said(tier.name.clone()).or_else(|| said(tier.id.clone())));

    let mut account = LoyaltyAccount::new(id.clone());
    account.member = member(&id, Some(customer));
    account.program = Some(campaign);
    account.tier = name(now);
    account.extra = extras([
        ("tier_change", told.tier_change()),
        ("tier_before", name(before)),
        ("tier_id", now.and_then(|tier| said(tier.id.clone()))),
        ("program_name", data.campaign.as_ref().and_then(|campaign| said(campaign.name.clone()))),
    ]);
    let at = time(&data.created_at).or(told.made_at);
    let payload = Payload::LoyaltyAccount(account);
    let otherwise = told.otherwise(delivery);
    Ok(Event::dated("loyalty.tier_changed", &id, at, &otherwise, delivery.received_at, payload))
}

/// The person an event names. Beside points they come without a time of their own: then the change's time is theirs.
fn profile(told: &Told, delivery: &Delivery) -> Option<Event> {
    let customer = told.data.customer.as_ref().or(told.data.holder.as_ref())?;
    let id = said(customer.id.clone())?;
    let deleted = told.kind == "customer.deleted";
    let name = if told.subject() == Subject::Customer { told.kind.as_str() } else { "customer.updated" };
    let own_time = time(&customer.updated_at).or_else(|| time(&customer.created_at)).filter(|_| !deleted);
    let at = own_time.or_else(|| told.made_at.filter(|_| deleted)).or_else(|| told.changed_at());

    let mut ids = vec![Identity::provider(CUSTOMER, id.clone())];
    ids.extend(said(customer.email.clone()).map(|email| Identity::email(email, Proof::Claimed)));
    ids.extend(said(customer.phone.clone()).map(|phone| Identity::phone(phone, Proof::Claimed)));
    let mut profile = Customer::new(Party { ids, name: said(customer.name.clone()) });
    profile.deleted = deleted;
    // The shop's own id of the person; some shops use the e-mail address, so it is no identity.
    profile.extra = extras([("source_id", said(customer.source_id.clone()))]);
    let otherwise = told.otherwise(delivery);
    Some(Event::dated(name, &id, at, &otherwise, delivery.received_at, Payload::Customer(profile)))
}

fn notice(told: &Told, delivery: &Delivery) -> Event {
    let mut other = Other::new(&told.kind);
    other.extra = extras([
        ("id", told.id.clone()),
        ("voucher_id", card_id(&told.data)),
        ("campaign_id", program(&told.data)),
    ]);
    let id = told.otherwise(delivery);
    Event::once("provider.notice", id, told.changed_at(), delivery.received_at, Payload::Other(other))
}
