//! What people corrected: each interaction with what the enricher had found and what they say instead. By this a new
//! enricher is judged before it is trusted.

use hub_model::Timestamp;
use hub_model::join::{Erase as _, Fact};
use hub_model::model::{Correction, Corrections, Finding, Interaction};
use hub_store::{Order, Range, Store, Table, prefix_range};
use serde::Serialize;

use super::{ANSWER_MAX, View, Walk};
use crate::FoldError;
use crate::row::{Subject, decode, key};

/// Which corrections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CorrectionQuery {
    /// Only those whose last word is in a record before this one: `next` of the page before.
    pub before: Option<u64>,
    pub limit: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CorrectionPage {
    /// The one spoken of last first.
    pub corrections: Vec<CorrectionView>,
    /// `before` of the next page; absent at the end.
    pub next: Option<u64>,
}

/// One interaction. Holds personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CorrectionView {
    pub connection: String,
    /// The provider's id.
    pub id: String,
    pub channel: Option<String>,
    pub sent_at: Option<Timestamp>,
    pub text: Option<String>,
    /// What the enricher found when it was heard of.
    pub found: Option<Understood>,
    /// What people say instead; fields nobody spoke of are absent.
    pub said: WordsOf,
}

/// What a message says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Understood {
    pub language: Option<String>,
    pub sentiment: Option<String>,
    /// The one to act on first leads.
    pub intents: Vec<String>,
    pub topic: Option<String>,
}

/// The last words of people on a message, those taken back left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WordsOf {
    /// An empty one says that it is in none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<PersonsWord<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sentiment: Option<PersonsWord<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intents: Option<PersonsWord<Vec<String>>>,
    /// An empty one says that it is about none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<PersonsWord<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PersonsWord<T> {
    pub value: T,
    pub by: String,
    pub at: Timestamp,
}

impl Understood {
    fn new(finding: &Finding) -> Self {
        Self {
            language: finding.language.clone(),
            sentiment: finding.has_sentiment().then(|| finding.sentiment.clone()),
            intents: finding.intents.iter().map(|intent| intent.name.clone()).collect(),
            topic: finding.topic.clone(),
        }
    }
}

impl WordsOf {
    fn new(corrected: &Corrections) -> Self {
        Self {
            language: word(&corrected.language),
            sentiment: word(&corrected.sentiment),
            intents: word(&corrected.intents),
            topic: word(&corrected.topic),
        }
    }
}

fn word<T: Clone>(fact: &Option<Fact<Correction<T>>>) -> Option<PersonsWord<T>> {
    let Fact { value: Correction { value, by }, version, .. } = fact.as_ref()?;
    Some(PersonsWord { value: value.clone()?, by: by.clone(), at: Timestamp(*version) })
}

/// A page of what people corrected. What is forgotten or all taken back is left out.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn corrections(store: &dyn Store, query: &CorrectionQuery) -> Result<CorrectionPage, FoldError> {
    let view = View { store };
    let limit = query.limit.min(ANSWER_MAX);
    let mut page = CorrectionPage { corrections: Vec::new(), next: None };
    if limit == 0 {
        return Ok(CorrectionPage { next: query.before, ..page });
    }
    let mut range = prefix_range(&key::corrections_prefix());
    range.to = query.before.map(key::corrections).or(range.to);
    let mut reached = None;
    view.walk(Table::Index, range, Order::Descending, |row_key, row| {
        if page.corrections.len() == limit {
            page.next = reached;
            return Ok(Walk::Enough);
        }
        let Some(seq) = row_key.last_chunk::<8>().map(|seq| u64::from_be_bytes(*seq)) else {
            return Ok(Walk::On);
        };
        reached = Some(seq);
        let subject: Subject = decode(Table::Index, row)?;
        if is_last_word(view, &subject, row_key)? {
            page.corrections.extend(correction(view, &subject)?);
        }
        Ok(Walk::On)
    })?;
    Ok(page)
}

/// Each interaction is listed once, where it was last spoken of.
fn is_last_word(view: View<'_>, subject: &Subject, row_key: &[u8]) -> Result<bool, FoldError> {
    let Range { from, to } = prefix_range(&key::corrected_in_prefix(subject));
    let last = view.store.scan(Table::Index, Range { from, to }, Order::Descending, 1)?;
    Ok(last.first().is_some_and(|(last, _)| last.last_chunk::<8>() == row_key.last_chunk::<8>()))
}

fn correction(view: View<'_>, subject: &Subject) -> Result<Option<CorrectionView>, FoldError> {
    let said: Option<Interaction> = view.get(&key::object(&subject.connection, &[&subject.id]))?;
    let stands = |said: &Interaction| !(said.is_erased() || said.corrected.standing().is_empty());
    Ok(said.filter(stands).map(|said| CorrectionView {
        connection: subject.connection.clone(),
        id: subject.id.clone(),
        channel: said.channel.map(|channel| channel.value),
        sent_at: said.sent_at.map(|at| at.value),
        text: said.text.map(|text| text.value),
        found: said.finding.map(|finding| Understood::new(&finding.value)),
        said: WordsOf::new(&said.corrected),
    }))
}
