//! What people say of a message where the enricher is wrong. Their words stand beside its finding, which stays as it was:
//! a new version of the enricher is judged by both.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::interaction::{Finding, Intent, Interaction};
use crate::join::{Fact, join_fields};
use crate::time::Timestamp;

/// What a person is as sure of as an enricher can be, in hundredths.
const CERTAIN: i32 = 100;

/// What the sentiment was told by, where a person said it.
pub const BY_PERSON: &str = "person";

/// The labels of a sentiment, from the worst to the best, each with the middle of what enrichers score it.
const LABELS: [(&str, i32); 5] =
    [("very_negative", -80), ("negative", -40), ("neutral", 0), ("positive", 40), ("very_positive", 80)];

/// A person's last word on one field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Correction<T> {
    /// `None`: what they said before is taken back.
    pub value: Option<T>,
    pub by: String,
}

/// One field as a person says it is. `None` takes back what was said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Corrected {
    /// BCP 47; an empty one says that it is in none.
    Language(Option<String>),
    /// One of the five labels.
    Sentiment(Option<String>),
    /// All of them, the one to act on first first.
    Intents(Option<Vec<String>>),
    /// An empty one says that it is about none.
    Topic(Option<String>),
}

impl Corrected {
    /// The names of the fields, in the order of the variants.
    pub const FIELDS: [&'static str; 4] = ["language", "sentiment", "intents", "topic"];

    /// The field's name.
    #[must_use]
    pub fn field(&self) -> &'static str {
        match self {
            Self::Language(_) => "language",
            Self::Sentiment(_) => "sentiment",
            Self::Intents(_) => "intents",
            Self::Topic(_) => "topic",
        }
    }

    /// A word that takes back what was said of the field of this name.
    #[must_use]
    pub fn taken_back(field: &str) -> Option<Self> {
        Some(match field {
            "language" => Self::Language(None),
            "sentiment" => Self::Sentiment(None),
            "intents" => Self::Intents(None),
            "topic" => Self::Topic(None),
            _ => return None,
        })
    }
}

/// The last word of people on each field of a message's finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Corrections {
    pub language: Option<Fact<Correction<String>>>,
    pub sentiment: Option<Fact<Correction<String>>>,
    pub intents: Option<Fact<Correction<Vec<String>>>>,
    pub topic: Option<Fact<Correction<String>>>,
}

join_fields!(Corrections { language, sentiment, intents, topic });

impl Corrections {
    /// What one person says at `at`, as record `learned` has it.
    #[must_use]
    pub fn told(says: &[Corrected], by: &str, at: Timestamp, learned: u64) -> Self {
        let mut told = Self::default();
        for say in says {
            match say {
                Corrected::Language(value) => told.language = Some(word(value, by, at, learned)),
                Corrected::Sentiment(value) => told.sentiment = Some(word(value, by, at, learned)),
                Corrected::Intents(value) => told.intents = Some(word(value, by, at, learned)),
                Corrected::Topic(value) => told.topic = Some(word(value, by, at, learned)),
            }
        }
        told
    }

    /// The names of the fields that are as a person says.
    #[must_use]
    pub fn standing(&self) -> Vec<&'static str> {
        let fields = Corrected::FIELDS.into_iter().zip(self.stands());
        fields.filter_map(|(field, stands)| stands.then_some(field)).collect()
    }

    fn stands(&self) -> [bool; 4] {
        [
            value(&self.language).is_some(),
            value(&self.sentiment).is_some(),
            value(&self.intents).is_some(),
            value(&self.topic).is_some(),
        ]
    }

    /// When the last of these words was given, one that takes back included.
    #[must_use]
    pub fn last_word_at(&self) -> Option<Timestamp> {
        let versions = [
            self.language.as_ref().map(|fact| fact.version),
            self.sentiment.as_ref().map(|fact| fact.version),
            self.intents.as_ref().map(|fact| fact.version),
            self.topic.as_ref().map(|fact| fact.version),
        ];
        versions.into_iter().flatten().max().map(Timestamp)
    }

    fn over(&self, mut finding: Finding) -> Finding {
        if let Some(language) = value(&self.language) {
            finding.language = Some(language.clone()).filter(|language| !language.is_empty());
        }
        if let Some(label) = value(&self.sentiment) {
            finding.score = score(&finding, label);
            finding.cues = vec![(BY_PERSON.to_owned(), finding.score)];
            finding.sentiment.clone_from(label);
            finding.confidence = Some(CERTAIN);
            finding.method = Some(BY_PERSON.to_owned());
        }
        if let Some(intents) = value(&self.intents) {
            let said = |name: &String| Intent {
                name: name.clone(),
                confidence: CERTAIN,
                evidence: vec![BY_PERSON.to_owned()],
            };
            finding.intents = intents.iter().map(said).collect();
        }
        if let Some(topic) = value(&self.topic) {
            finding.topic = Some(topic.clone()).filter(|topic| !topic.is_empty());
        }
        finding
    }
}

fn word<T: Clone>(value: &Option<T>, by: &str, at: Timestamp, learned: u64) -> Fact<Correction<T>> {
    Fact { value: Correction { value: value.clone(), by: by.to_owned() }, version: at.0, learned }
}

fn value<T>(word: &Option<Fact<Correction<T>>>) -> Option<&T> {
    word.as_ref()?.value.value.as_ref()
}

/// The enricher's own where it said the same, else the middle of the label's.
fn score(found: &Finding, label: &str) -> i32 {
    let middle = LABELS.iter().find(|(name, _)| *name == label).map(|(_, middle)| *middle);
    if found.sentiment == label { found.score } else { middle.unwrap_or_default() }
}

impl Interaction {
    /// What is taken for true of its text: the enricher's finding, and over it what people say. `None` when neither says
    /// anything.
    #[must_use]
    pub fn understood(&self) -> Option<Cow<'_, Finding>> {
        let found = self.finding.as_ref().map(|fact| &fact.value);
        if self.corrected.stands() == [false; 4] {
            return found.map(Cow::Borrowed);
        }
        Some(Cow::Owned(self.corrected.over(found.cloned().unwrap_or_default())))
    }
}

impl Finding {
    /// Whether anybody said how it sounds: people may have spoken of other fields alone.
    #[must_use]
    pub fn has_sentiment(&self) -> bool {
        !self.sentiment.is_empty()
    }
}
