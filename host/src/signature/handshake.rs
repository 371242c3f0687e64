//! The question some providers ask before they send anything: give back this challenge if you know our token.

use hub_runtime::manifest;
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use crate::secret::Secret;

/// Meta's are ten digits; anything long would make us a mirror for other people's content.
const CHALLENGE_CHARS_MAX: usize = 256;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Handshake {
    /// To be sent back as it is, as `text/plain`.
    Answer(String),
    Refused,
}

/// `query` is the request's as it came.
#[must_use]
pub(crate) fn handshake(spec: &manifest::Handshake, query: &str, tokens: &[Secret]) -> Handshake {
    let query: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let answer = match spec {
        manifest::Handshake::Meta(_) => meta(&query, tokens),
    };
    answer.map_or(Handshake::Refused, |challenge| Handshake::Answer(challenge.to_owned()))
}

fn meta<'q>(query: &'q [(String, String)], tokens: &[Secret]) -> Option<&'q str> {
    let is_known = is_token(only(query, "hub.verify_token")?, tokens);
    let is_subscription = only(query, "hub.mode")? == "subscribe";
    let challenge = only(query, "hub.challenge")?;
    (is_known && is_subscription && is_harmless(challenge)).then_some(challenge)
}

/// A parameter that stands there once.
fn only<'q>(query: &'q [(String, String)], name: &str) -> Option<&'q str> {
    let mut values = query.iter().filter(|(key, _)| key == name);
    match (values.next(), values.next()) {
        (Some((_, value)), None) => Some(value),
        _ => None,
    }
}

/// Compares digests: a comparison of the texts themselves would tell their length.
fn is_token(given: &str, tokens: &[Secret]) -> bool {
    let given = Sha256::digest(given.as_bytes());
    let mut found = Choice::from(0);
    for token in tokens {
        found |= Sha256::digest(token.expose().as_bytes()).as_slice().ct_eq(given.as_slice());
    }
    found.into()
}

fn is_harmless(challenge: &str) -> bool {
    (1..=CHALLENGE_CHARS_MAX).contains(&challenge.len())
        && challenge.bytes().all(|byte| byte.is_ascii_graphic())
}
