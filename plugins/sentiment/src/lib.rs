//! Says in which language a short message to a shop is written, how its writer feels, what they want and about what,
//! each with its evidence. Cue lists per language lead, because what makes a customer unhappy ("still not", "third
//! time") is not in general word lists. The README says how each answer comes about.

mod cues;
mod general;
mod intents;
mod language;
#[cfg(test)]
mod lists;
mod report;
mod score;
mod signs;
mod tables;
mod topics;
mod word_hash;
mod words;

use omnihub_plugin::{Cue, Enricher, Finding, Intent, Text, enricher};

use tables::Tables;

/// The enricher. Pure: the same text always gives the same finding.
pub struct Sentiment;

impl Enricher for Sentiment {
    fn describe() -> (&'static str, &'static str) {
        ("sentiment", env!("CARGO_PKG_VERSION"))
    }

    fn enrich(texts: Vec<Text>) -> Vec<Finding> {
        texts.iter().map(finding).collect()
    }
}

fn finding(text: &Text) -> Finding {
    let words = words::split(&text.text);
    let language = language::of(&text.text, &words, text.language.as_deref());
    let lists = language.as_deref().and_then(Tables::of);
    let verdict = score::verdict(&text.text, &words, lists);
    let by_words = topics::of_words(&words, lists);
    let meant = intents::of(&words, lists, &verdict, by_words);
    let topic = topics::of(by_words, &meant);
    Finding {
        language,
        sentiment: score::label(verdict.score).into(),
        score: verdict.score,
        confidence: verdict.confidence(),
        method: verdict.method.name().into(),
        cues: verdict
            .parts
            .into_iter()
            .map(|part| Cue { evidence: part.evidence, weight: part.weight })
            .collect(),
        intents: meant.into_iter().map(intent).collect(),
        topic: topic.map(Into::into),
        extra: Vec::new(),
    }
}

fn intent(meant: intents::Meant) -> Intent {
    Intent { name: meant.name.into(), confidence: meant.confidence, evidence: meant.evidence }
}

enricher!(Sentiment);

#[cfg(test)]
mod tests;
