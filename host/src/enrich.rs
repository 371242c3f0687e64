//! Asks the enricher what texts mean, for whoever has events: deliveries and polled pages alike.

use hub_model::Timestamp;
use hub_model::event::{Event, Payload};
use hub_model::model::{Finding, Intent};
use hub_runtime::{CallError, Ended, Plugin, Text};

use crate::plugins::{MayCall, Plugins};

/// What the enricher says of inbound texts. Without one, or when it fails, events go on without findings: a message
/// is not held up by an opinion about it.
pub(crate) fn enrich(plugins: &Plugins, events: &[Event], now: Timestamp) -> Vec<(u32, Finding)> {
    let texts: Vec<(u32, Text)> =
        (0_u32..).zip(events).filter_map(|(index, event)| Some((index, text(event)?))).collect();
    if texts.is_empty() {
        return Vec::new();
    }
    let Some(enricher) = plugins.now().enricher.clone() else { return Vec::new() };
    if enricher.may_call(now) != MayCall::Yes {
        return Vec::new();
    }
    let (indexes, texts): (Vec<u32>, Vec<Text>) = texts.into_iter().unzip();
    let answer = found(&enricher.plugin, texts);
    enricher.on_result(Ended::of(&answer, 1), now);
    match answer {
        Ok(findings) => indexes.into_iter().zip(findings).collect(),
        Err(error) => {
            tracing::warn!(%error, "texts not enriched");
            Vec::new()
        }
    }
}

/// What one enricher says of texts, in their order.
///
/// # Errors
/// The enricher breaks its contract.
pub(crate) fn found(enricher: &Plugin, texts: Vec<Text>) -> Result<Vec<Finding>, CallError> {
    Ok(enricher.enrich(texts)?.into_iter().map(finding).collect())
}

fn text(event: &Event) -> Option<Text> {
    match &event.payload {
        Payload::Interaction(said) => {
            let text = said.text.as_deref().filter(|text| !text.trim().is_empty())?.to_owned();
            Some(Text { text, language: None, channel: said.channel.clone() })
        }
        _ => None,
    }
}

fn finding(found: hub_runtime::Finding) -> Finding {
    Finding {
        language: found.language,
        sentiment: found.sentiment,
        score: found.score,
        cues: found.cues.into_iter().map(|cue| (cue.evidence, cue.weight)).collect(),
        confidence: Some(found.confidence),
        method: Some(found.method),
        intents: found.intents.into_iter().map(intent).collect(),
        topic: found.topic,
    }
}

fn intent(found: hub_runtime::Intent) -> Intent {
    Intent { name: found.name, confidence: found.confidence, evidence: found.evidence }
}
