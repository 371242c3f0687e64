//! What people say of messages where the enricher is wrong: said, taken back, and listed with what was found.

use axum::Json;
use axum::http::StatusCode;
use hub_fold::CorrectionPlan;
use hub_fold::read::{self, CorrectionPage, CorrectionQuery};
use hub_model::model::Corrected;
use serde::Deserialize;

use super::asked::{Asked, Named, Said, Word, limit};
use super::deliveries::Commanded;
use super::error::AdminError;
use super::keyring::Caller;
use super::{Answer, Shared};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListAsked {
    /// `next` of the page before.
    before: Option<u64>,
    limit: Option<usize>,
}

pub(super) async fn list(api: Shared, Asked(asked): Asked<ListAsked>) -> Answer<CorrectionPage> {
    let query = CorrectionQuery { before: asked.before, limit: limit(asked.limit) };
    api.read(move |admin| Ok(read::corrections(&*admin.store, &query)?)).await
}

/// Who says that a field is none leaves its value empty.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CorrectAsked {
    language: Option<String>,
    sentiment: Option<String>,
    /// With commas between them, the one to act on first first.
    intents: Option<String>,
    topic: Option<String>,
    /// Fields of which nothing is said any more, with commas between them.
    take_back: Option<String>,
    by: Option<String>,
}

impl CorrectAsked {
    fn checked(self, caller: &Caller) -> Result<(Vec<Corrected>, String), AdminError> {
        let Said { by, .. } = Word { by: self.by, reason: None }.checked(caller)?;
        let mut says = Vec::new();
        says.extend(self.language.map(|language| Corrected::Language(Some(language))));
        says.extend(self.sentiment.map(|label| Corrected::Sentiment(Some(label))));
        says.extend(self.intents.map(|intents| Corrected::Intents(Some(listed(&intents)))));
        says.extend(self.topic.map(|topic| Corrected::Topic(Some(topic))));
        for field in self.take_back.as_deref().map(listed).unwrap_or_default() {
            says.push(taken_back(&field, &says)?);
        }
        Ok((says, by))
    }
}

fn listed(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn taken_back(field: &str, says: &[Corrected]) -> Result<Corrected, AdminError> {
    let fields = || Corrected::FIELDS.join(", ");
    let word = Corrected::taken_back(field)
        .ok_or_else(|| AdminError::Question(format!("take_back names some of {}", fields())))?;
    match says.iter().any(|said| said.field() == field) {
        true => Err(AdminError::Question(format!("{field} is named twice"))),
        false => Ok(word),
    }
}

pub(super) async fn correct(
    api: Shared,
    Named((connection, id)): Named<(String, String)>,
    Asked(asked): Asked<CorrectAsked>,
) -> Result<(StatusCode, Json<Commanded>), AdminError> {
    let (says, by) = asked.checked(&api.caller)?;
    let now = api.admin.clock.now();
    let plan = CorrectionPlan { connection, id, says, by };
    let planned = api.read(move |admin| Ok(hub_fold::plan_correction(&*admin.store, plan, now)?));
    let Json(command) = planned.await?;
    let command = api.command(command).await?.get();
    Ok((StatusCode::ACCEPTED, Json(Commanded { command, running: api.admin.plugins.is_some() })))
}
