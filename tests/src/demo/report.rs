//! The play told to a person: a table of figures, one timeline, one reason, and what held. And to a script: one line.

use std::io::Write;

use jiff::Timestamp;

use super::expectations::{Expectations, Tale};
use super::figures::Figures;
use crate::support::stage::Stage;

/// Prints to whatever takes text.
#[derive(Debug)]
pub struct Report<W> {
    out: W,
}

impl<W: Write> Report<W> {
    pub fn new(out: W) -> Self {
        Self { out }
    }

    fn line(&mut self, line: &str) -> anyhow::Result<()> {
        Ok(writeln!(self.out, "{line}")?)
    }

    /// The summary as a table.
    ///
    /// # Errors
    /// Nobody reads on; so it is with all of these.
    pub fn figures(&mut self, figures: &Figures) -> anyhow::Result<()> {
        let rows: [(&str, u64, &str); 11] = [
            ("deliveries", figures.deliveries, "sent over HTTP, signed as their providers sign"),
            ("duplicates", figures.duplicates, "known already: acknowledged, and nothing done twice"),
            ("refused", figures.refused, "not signed by whom they claim to come from"),
            ("parked", figures.parked, "kept, because no connector understands them"),
            ("events", figures.events, "what the connectors made of the rest"),
            ("customers", figures.customers, "people behind all of it"),
            ("merges", figures.merges, "accounts found to be somebody already known"),
            ("rules fired", figures.rules_fired, "times a rule acted"),
            ("effects confirmed", figures.effects_confirmed, "calls the providers answered with yes"),
            ("tickets", figures.tickets_at_provider, "at the simulated Zendesk"),
            ("tags", figures.tags_at_provider, "at the simulated Shopify"),
        ];
        self.line("")?;
        for (name, count, meaning) in rows {
            self.line(&format!("  {name:<18}{count:>6}   {meaning}"))?;
        }
        Ok(())
    }

    /// Who Ana is, and what happened with her, oldest first.
    pub fn tale(&mut self, tale: &Tale, now: Timestamp) -> anyhow::Result<()> {
        for ana in &tale.customers {
            let name = ana.display_name.as_deref().unwrap_or("nameless");
            self.line(&format!("\n  {name}, one customer: {}", ana.id))?;
            for account in &ana.accounts {
                self.line(&format!("    {:<12}{} {}", account.connection, account.object, account.id))?;
            }
        }
        self.line("\n  Her timeline over all channels")?;
        for entry in tale.timeline.iter().rev() {
            let at = since(entry.at, now);
            let mood = entry.sentiment.as_deref().filter(|mood| *mood != "neutral");
            let mood = mood.map(|mood| format!("  [{}]", mood.replace('_', " "))).unwrap_or_default();
            self.line(&format!("    {at}  {:<11}{}{mood}", entry.connection, entry.summary))?;
        }
        if let Some(why) = &tale.why {
            self.line("\n  Why she was tagged")?;
            for line in why.lines() {
                self.line(&format!("    {line}"))?;
            }
        }
        Ok(())
    }

    /// What held and what did not.
    pub fn expectations(&mut self, expectations: &Expectations) -> anyhow::Result<()> {
        self.line("")?;
        for expectation in expectations.iter() {
            let verdict = if expectation.held { "ok    " } else { "FAILED" };
            self.line(&format!("  {verdict}  {} ({})", expectation.what, expectation.found))?;
        }
        Ok(())
    }

    /// Where to look while it keeps serving.
    pub fn addresses(&mut self, stage: &Stage) -> anyhow::Result<()> {
        let addresses = stage.hub()?.addresses();
        self.line("\n  It keeps running; Ctrl-C ends it.")?;
        self.line(&format!("    hub, for providers   {}/hooks/<connection>", addresses.ingress))?;
        self.line(&format!("    hub, for people      {}/v1/status", addresses.admin))?;
        self.line(&format!("    simulated providers  {}/control/state", stage.simulator_url()))?;
        self.line(&format!("    configuration        {}", stage.files().config.display()))
    }

    /// The figures as one line for scripts.
    pub fn json(&mut self, figures: &Figures) -> anyhow::Result<()> {
        self.line(&serde_json::to_string(figures)?)
    }
}

/// "3 days ago, 09:14": the story is told by its days, not by dates.
fn since(at: Timestamp, now: Timestamp) -> String {
    const SECONDS_A_DAY: i64 = 24 * 3_600;
    let day = |moment: Timestamp| moment.as_second().div_euclid(SECONDS_A_DAY);
    let days = match day(now) - day(at) {
        0 => "today".to_owned(),
        1 => "1 day ago".to_owned(),
        days => format!("{days} days ago"),
    };
    format!("{days:>10}, {}", at.strftime("%H:%M"))
}
