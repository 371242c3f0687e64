//! Says in which language a short message to a shop is written and how its writer feels, each score with its evidence.
//! Cue lists per language lead, because what makes a customer unhappy ("still not", "third time") is not in general
//! word lists; VADER adds its opinion on English. The README says how a score comes about.

mod cues;
mod language;
mod lists;
mod score;
mod words;

use omnihub_plugin::{Cue, Enricher, Finding, Text, enricher};

use score::Judge;

/// The enricher. Pure: the same text always gives the same finding.
pub struct Sentiment;

impl Enricher for Sentiment {
    fn describe() -> (&'static str, &'static str) {
        ("sentiment", env!("CARGO_PKG_VERSION"))
    }

    fn enrich(texts: Vec<Text>) -> Vec<Finding> {
        let judge = Judge::default();
        texts.iter().map(|text| finding(&judge, text)).collect()
    }
}

fn finding(judge: &Judge, text: &Text) -> Finding {
    let words = words::split(&text.text);
    let language = language::of(&text.text, &words, text.language.as_deref());
    let verdict = judge.verdict(&text.text, &words, language.as_deref());
    let cues =
        verdict.parts.into_iter().map(|part| Cue { evidence: part.evidence, weight: part.weight }).collect();
    Finding {
        language,
        sentiment: score::label(verdict.score).into(),
        score: verdict.score,
        cues,
        extra: Vec::new(),
    }
}

enricher!(Sentiment);

#[cfg(test)]
mod tests;
