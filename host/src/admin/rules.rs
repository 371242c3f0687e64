//! The rules in force, and why one acted on an event or did not.

use axum::Json;
use hub_fold::read::{self, WatchView};
use hub_fold::record::{Given, Record, Settings};
use hub_model::EventId;
use hub_rules::{Mode, Rule, RuleFile, RuleProblem};
use serde::{Deserialize, Serialize};

use super::asked::{Asked, Named, Said, Word};
use super::error::AdminError;
use super::events::{self, Explained};
use super::{Answer, Shared, sources};
use crate::settings;

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
    /// How often it acts beside what is expected of it, where something is.
    #[serde(skip_serializing_if = "Option::is_none")]
    watch: Option<WatchView>,
}

impl RuleSummary {
    fn new(file: &str, rule: &Rule, watches: &[WatchView]) -> Self {
        Self {
            id: rule.id.clone(),
            says: rule.says.clone(),
            mode: rule.mode,
            on: rule.on.event().to_owned(),
            sentence: rule.sentence(),
            file: file.to_owned(),
            tests: rule.tests.len(),
            watch: watches.iter().find(|watch| watch.rule == rule.id).cloned(),
        }
    }
}

pub(super) async fn list(api: Shared) -> Answer<Rules> {
    api.read(|admin| {
        let settings = hub_fold::settings(&*admin.store)?.unwrap_or_default();
        let files: Vec<RuleFile<'_>> =
            settings.rules.iter().map(|(name, text)| RuleFile { name, text }).collect();
        let catalogue = hub_rules::with_new_names(&files, &settings.catalogue);
        let watches = read::watches(&*admin.store, admin.clock.now())?;
        // The hub checked them before it took them over; one that no longer checks is not in force either.
        let checked = settings.rules.iter().filter_map(|(file, text)| {
            let rule = hub_rules::check(file, text, &catalogue).ok()?;
            Some(RuleSummary::new(file, &rule, &watches))
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
        let decision = read::why(&*admin.store, &rule, event)?.ok_or(NOT_ASKED)?;
        let sources = sources::of(admin, &decision)?;
        Ok(Explained::from(decision).sourced(sources))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApplyAsked {
    /// The digest a plan was shown with: another folder by now is not taken over.
    plan: Option<String>,
    by: Option<String>,
    reason: Option<String>,
}

/// What taking the folder over changed.
#[derive(Serialize)]
pub(super) struct Applied {
    digest: String,
    changes: Vec<AppliedChange>,
    /// Sequence number of the record; `None` when nothing was to be changed.
    command: Option<u64>,
    running: bool,
}

#[derive(Serialize)]
struct AppliedChange {
    file: String,
    what: &'static str,
}

const NO_HUB: AdminError =
    AdminError::Conflict { message: "no hub runs", help: "start it: it takes over what lies in rules_dir" };

const OTHER_BY_NOW: AdminError = AdminError::Conflict {
    message: "the rules in rules_dir are not those of the plan any more",
    help: "look at `omnihub rule plan` again",
};

/// Takes over what lies in the rules' folder: all of it or, when something is wrong with it, nothing. Events journalled
/// before are decided on by the rules before.
pub(super) async fn apply(api: Shared, Asked(asked): Asked<ApplyAsked>) -> Answer<Applied> {
    let ApplyAsked { plan, by, reason } = asked;
    let Said { by, reason } = Word { by, reason }.checked(&api.caller)?;
    let _one_at_a_time = api.applying.lock().await;
    let Json((record, applied)) = api
        .read(move |admin| {
            let installed = admin.plugins.as_ref().ok_or(NO_HUB)?.now();
            let rules = settings::rule_files(&admin.config.rules_dir).map_err(|error| {
                let dir = admin.config.rules_dir.display();
                AdminError::Question(format!("rules_dir {dir} cannot be read: {error}"))
            })?;
            let digest = settings::digest(&rules);
            if plan.is_some_and(|plan| plan != digest) {
                return Err(OTHER_BY_NOW);
            }
            let before = hub_fold::settings(&*admin.store)?.unwrap_or_default();
            let wanted = settings::gather(&admin.config, &installed, rules, before.salt);
            let wanted = wanted.map_err(|problems| AdminError::Rules(told(&problems)))?;
            let changes = settings::changes(&before.rules, &wanted.rules);
            let changes =
                changes.iter().map(|one| AppliedChange { file: one.file.clone(), what: one.word() });
            let applied = Applied { digest, changes: changes.collect(), command: None, running: true };
            let given = Some(Given { by, reason });
            let record = (!before.decide_as(&wanted)).then_some(Settings { given, ..wanted });
            Ok((record, applied))
        })
        .await?;
    let Some(settings) = record else { return Ok(Json(applied)) };
    let record = Record::Settings(Box::new(settings));
    let seq = api.admin.journal.append(api.entry_of(&record)).await?;
    Ok(Json(Applied { command: Some(seq.get()), ..applied }))
}

fn told(problems: &[RuleProblem]) -> String {
    let told: Vec<String> =
        problems.iter().map(|problem| format!("{}:{problem}", problem.file_name())).collect();
    told.join("\n")
}
