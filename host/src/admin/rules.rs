//! The rules in force, and why one acted on an event or did not.

use hub_fold::read;
use hub_model::EventId;
use hub_rules::{Mode, Rule, RuleFile};
use serde::Serialize;

use super::asked::Named;
use super::error::AdminError;
use super::events::{self, Explained};
use super::{Answer, Shared};

#[derive(Serialize)]
pub(super) struct Rules {
    rules: Vec<RuleSummary>,
}

#[derive(Serialize)]
struct RuleSummary {
    id: String,
    /// The author's sentence.
    says: String,
    mode: Mode,
    on: String,
    /// The rule read back.
    sentence: String,
    file: String,
    tests: usize,
}

impl RuleSummary {
    fn new(file: &str, rule: &Rule) -> Self {
        Self {
            id: rule.id.clone(),
            says: rule.says.clone(),
            mode: rule.mode,
            on: rule.on.event().to_owned(),
            sentence: rule.sentence(),
            file: file.to_owned(),
            tests: rule.tests.len(),
        }
    }
}

pub(super) async fn list(api: Shared) -> Answer<Rules> {
    api.read(|admin| {
        let settings = hub_fold::settings(&*admin.store)?.unwrap_or_default();
        let files: Vec<RuleFile<'_>> =
            settings.rules.iter().map(|(name, text)| RuleFile { name, text }).collect();
        let catalogue = hub_rules::with_new_fields(&files, &settings.catalogue);
        // The hub checked them before it took them over; one that no longer checks is not in force either.
        let checked = settings.rules.iter().filter_map(|(file, text)| {
            let rule = hub_rules::check(file, text, &catalogue).ok()?;
            Some(RuleSummary::new(file, &rule))
        });
        let mut rules: Vec<RuleSummary> = checked.collect();
        rules.sort_by(|left, right| left.id.cmp(&right.id));
        Ok(Rules { rules })
    })
    .await
}

const NOT_ASKED: AdminError = AdminError::NotFound {
    what: "decision",
    help: "the rule acts on another kind of event, was off, or did not exist when this event came",
};

pub(super) async fn why(api: Shared, Named((rule, event)): Named<(String, EventId)>) -> Answer<Explained> {
    api.read(move |admin| {
        read::event(&*admin.store, event)?.ok_or(events::UNKNOWN)?;
        Ok(read::why(&*admin.store, &rule, event)?.ok_or(NOT_ASKED)?.into())
    })
    .await
}
