//! What has to be true at the end of a play, each with what was found. The demo's exit code and the end-to-end test
//! are these.

use serde_json::Value;

use super::figures::Outcome;
use super::story::{ANA_EMAIL, TAG_RULE};
use crate::support::admin::{CustomerSummary, TimelineEntry};
use crate::support::connections;
use crate::support::stage::Stage;

/// Something that should be so.
#[derive(Clone, Debug)]
pub struct Expectation {
    pub what: String,
    pub held: bool,
    pub found: String,
}

/// Collects expectations.
#[derive(Clone, Debug, Default)]
pub struct Expectations(Vec<Expectation>);

impl Expectations {
    pub fn add(&mut self, what: impl Into<String>, held: bool, found: impl Into<String>) {
        self.0.push(Expectation { what: what.into(), held, found: found.into() });
    }

    fn at_least_one(&mut self, what: &str, found: u64) {
        self.add(format!("at least one {what}"), found >= 1, found.to_string());
    }

    /// Something that went well, or why not.
    pub fn outcome<E: std::fmt::Display>(&mut self, what: &str, outcome: Result<(), E>) {
        match outcome {
            Ok(()) => self.add(what, true, "yes"),
            Err(error) => self.add(what, false, error.to_string()),
        }
    }

    #[must_use]
    pub fn all_held(&self) -> bool {
        self.0.iter().all(|expectation| expectation.held)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Expectation> {
        self.0.iter()
    }
}

/// What holds whatever was played.
#[must_use]
pub fn of_any_play(outcome: &Outcome) -> Expectations {
    let Outcome { figures, sent, processed, .. } = outcome;
    let mut expectations = Expectations::default();
    let answered = match sent.unexpected.as_slice() {
        [] => format!("{} of {}", sent.deliveries, sent.deliveries),
        [first, ..] => format!("{} were not; {first}", sent.unexpected.len()),
    };
    expectations.add("every delivery was answered as it should be", sent.unexpected.is_empty(), answered);
    let accounted = processed + figures.parked + figures.duplicates + figures.refused;
    let found = format!(
        "{processed} processed + {} parked + {} duplicates + {} refused = {accounted} of {} sent",
        figures.parked, figures.duplicates, figures.refused, figures.deliveries
    );
    expectations.add("no delivery was lost", accounted == figures.deliveries, found);
    expectations
}

/// What the story adds.
#[must_use]
pub fn of_the_story(outcome: &Outcome, tale: &Tale) -> Expectations {
    let Outcome { figures, status, stuck, .. } = outcome;
    let mut expectations = of_any_play(outcome);
    expectations.at_least_one("merge", figures.merges);
    expectations.at_least_one("duplicate", figures.duplicates);
    expectations.at_least_one("refusal", figures.refused);
    expectations.at_least_one("parked delivery", figures.parked);
    tale.expect(&mut expectations);
    expectations.add(
        "the lamp's stock came from the sixth system",
        status.counts.inventory >= 1,
        format!("stock levels: {}", status.counts.inventory),
    );
    let done = figures.tickets_at_provider + figures.tags_at_provider;
    let found = format!(
        "{} tickets + {} tags, {} confirmed",
        figures.tickets_at_provider, figures.tags_at_provider, figures.effects_confirmed
    );
    let each_kind = figures.tickets_at_provider >= 1 && figures.tags_at_provider >= 1;
    let agrees = done == figures.effects_confirmed && each_kind;
    expectations.add("tickets and tags at the providers are the effects confirmed", agrees, found);
    let found = stuck.first().map_or_else(
        || "none".to_owned(),
        |effect| format!("{} {}: {}", effect.id, effect.state, effect.reason.as_deref().unwrap_or_default()),
    );
    expectations.add("no effect waits for a person", stuck.is_empty(), found);
    expectations
}

/// What the hub knows of Ana.
#[derive(Clone, Debug)]
pub struct Tale {
    pub customers: Vec<CustomerSummary>,
    /// Newest first.
    pub timeline: Vec<TimelineEntry>,
    /// Why the rule tagged her.
    pub why: Option<String>,
}

/// Where a person can be heard of, besides orders and points.
const CHANNELS: [&str; 4] = ["email", "phone", "instagram", "whatsapp"];

impl Tale {
    /// Asks the hub.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn of_ana(stage: &Stage, outcome: &Outcome) -> anyhow::Result<Self> {
        let admin = stage.admin()?;
        let customers = admin.find_customers(ANA_EMAIL).await?;
        let timeline = match customers.first() {
            Some(ana) => admin.timeline(&ana.id).await?,
            None => Vec::new(),
        };
        let tagged = outcome.confirmed.iter().find(|effect| effect.rule == TAG_RULE);
        let why = match tagged {
            Some(effect) => Some(admin.why(TAG_RULE, &effect.cause).await?),
            None => None,
        };
        Ok(Self { customers, timeline, why })
    }

    fn expect(&self, expectations: &mut Expectations) {
        self.expect_one_customer(expectations);
        let heard = |channel: &&str| {
            self.timeline
                .iter()
                .any(|entry| entry.kind == "interaction" && entry.channel.as_deref() == Some(channel))
        };
        let missing: Vec<&str> = CHANNELS.iter().filter(|channel| !heard(channel)).copied().collect();
        let of_kind = |kind: &str| self.timeline.iter().any(|entry| entry.kind == kind);
        let whole = missing.is_empty() && of_kind("order") && of_kind("loyalty_entry");
        let found = match missing.as_slice() {
            [] => format!("{} entries", self.timeline.len()),
            missing => format!("nothing on {}", missing.join(", ")),
        };
        expectations.add(
            "her timeline has e-mail, call, Instagram, WhatsApp, order and points",
            whole,
            found,
        );
        self.expect_order_of_time(expectations);
        let said = self.why.as_deref().unwrap_or_default();
        expectations.add(
            "the hub says why it tagged her",
            said.contains("acted"),
            format!("{} lines", said.lines().count()),
        );
    }

    fn expect_one_customer(&self, expectations: &mut Expectations) {
        let known_at = |name: &str| {
            self.customers.iter().any(|ana| ana.accounts.iter().any(|account| account.connection == name))
        };
        let people = connections::all().iter().filter(|connection| connection.knows_people);
        let missing: Vec<&str> =
            people.map(|connection| connection.name).filter(|name| !known_at(name)).collect();
        let found = match (self.customers.as_slice(), missing.as_slice()) {
            ([ana], []) => ana.id.clone(),
            ([_], missing) => format!("not known at {}", missing.join(", ")),
            (customers, _) => format!("{} customers", customers.len()),
        };
        let is_one = self.customers.len() == 1 && missing.is_empty();
        expectations.add("Ana is one customer, known at every system that knows people", is_one, found);
    }

    /// The newest word counts, not the last to arrive.
    fn expect_order_of_time(&self, expectations: &mut Expectations) {
        let detail = |kind: &str, pointer: &str, wanted: &str| {
            let mut entries = self.timeline.iter().filter(|entry| entry.kind == kind);
            entries.any(|entry| entry.details.pointer(pointer).and_then(Value::as_str) == Some(wanted))
        };
        let paid = detail("order", "/order/financial_status", "paid");
        let read = detail("interaction", "/interaction/status", "read");
        let found = format!("order paid: {}, notice read: {}", yes(paid), yes(read));
        expectations.add("late news undid nothing", paid && read, found);
    }
}

fn yes(so: bool) -> &'static str {
    if so { "yes" } else { "no" }
}
