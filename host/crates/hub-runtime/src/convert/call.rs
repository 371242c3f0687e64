//! What calls take and give, beside events.

use hub_model::Timestamp;

use super::{event, wit_headers};
use crate::bindings::acts::exports::omnihub::connector::action as wit_action;
use crate::bindings::enriches::exports::omnihub::enricher::enrich as wit_enrich;
use crate::bindings::polls::exports::omnihub::connector::poll as wit_poll;
use crate::bindings::receives::exports::omnihub::connector::webhook as wit_webhook;
use crate::bindings::subscribes::exports::omnihub::connector::subscription as wit_subscription;
pub(crate) use crate::bindings::types::Failure as WitFailure;
use crate::exchange::{
    Cue, Delivery, Effect, Finding, Intent, Page, Position, Receipt, Standing, Subscribed, Text, Wanted,
};
use crate::limits::REASON_BYTES_MAX;
use crate::outcome::Failure;
use crate::plain_text::plain;

pub(crate) fn delivery(delivery: Delivery) -> wit_webhook::Delivery {
    wit_webhook::Delivery {
        topic: delivery.topic,
        headers: wit_headers(delivery.headers),
        body: delivery.body,
        received_at: delivery.received_at_ns,
    }
}

pub(crate) fn position(position: Position) -> wit_poll::Position {
    wit_poll::Position {
        stream: position.stream,
        cursor: position.cursor,
        since: position.since.map(|Timestamp(ns)| ns),
        now: position.now.0,
    }
}

pub(crate) fn page(page: wit_poll::Page) -> Page {
    Page {
        report: event::report(page.report),
        cursor: page.cursor,
        more: page.more,
        reached: page.reached.map(Timestamp),
    }
}

pub(crate) fn wanted(wanted: Wanted) -> wit_subscription::Wanted {
    wit_subscription::Wanted { callback: wanted.callback, repair: wanted.repair }
}

pub(crate) fn subscribed(subscribed: Vec<wit_subscription::Subscribed>) -> Vec<Subscribed> {
    let one = |said: wit_subscription::Subscribed| Subscribed {
        topic: plain(&said.topic, REASON_BYTES_MAX),
        standing: match said.standing {
            wit_subscription::Standing::Active => Standing::Active,
            wit_subscription::Standing::Repaired => Standing::Repaired,
            wit_subscription::Standing::Broken => Standing::Broken,
        },
        detail: said.detail.map(|detail| plain(&detail, REASON_BYTES_MAX)),
    };
    subscribed.into_iter().map(one).collect()
}

pub(crate) fn effect(effect: Effect) -> wit_action::Effect {
    wit_action::Effect {
        id: effect.id,
        action: effect.action,
        arguments: effect.arguments,
        attempt: effect.attempt,
        uncertain: effect.uncertain,
        planned_at: effect.planned_at.0,
        now: effect.now.0,
        last_inbound_at: effect.last_inbound_at.map(|Timestamp(ns)| ns),
    }
}

pub(crate) fn receipt(receipt: wit_action::Receipt) -> Receipt {
    Receipt { reference: receipt.reference, already_done: receipt.already_done, extra: receipt.extra }
}

pub(crate) fn text(text: Text) -> wit_enrich::Text {
    wit_enrich::Text { text: text.text, language: text.language, channel: text.channel }
}

pub(crate) fn finding(finding: wit_enrich::Finding) -> Finding {
    let cue = |cue: wit_enrich::Cue| Cue { evidence: cue.evidence, weight: cue.weight };
    let intent = |intent: wit_enrich::Intent| Intent {
        name: intent.name,
        confidence: intent.confidence,
        evidence: intent.evidence,
    };
    Finding {
        language: finding.language,
        sentiment: finding.sentiment,
        score: finding.score,
        confidence: finding.confidence,
        method: finding.method,
        cues: finding.cues.into_iter().map(cue).collect(),
        intents: finding.intents.into_iter().map(intent).collect(),
        topic: finding.topic,
        extra: finding.extra,
    }
}

/// Failures are shown to people and logged, so their words are made harmless here, once.
pub(crate) fn failure(failure: WitFailure) -> Failure {
    let plain = |text: String| plain(&text, REASON_BYTES_MAX);
    match failure {
        WitFailure::RetryAfterMs(ms) => Failure::RetryAfterMs(ms),
        WitFailure::Rejected(why) => Failure::Rejected(plain(why)),
        WitFailure::Misconfigured(why) => Failure::Misconfigured(plain(why)),
        WitFailure::Unauthorised(why) => Failure::Unauthorised(plain(why)),
        WitFailure::OutcomeUnknown(why) => Failure::OutcomeUnknown(plain(why)),
        WitFailure::Unsupported(why) => Failure::Unsupported(plain(why)),
    }
}
