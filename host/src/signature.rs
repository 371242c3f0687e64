//! Checks that a delivery comes from who it says: the schemes a connector declares, over the raw body, before anything
//! is parsed. All keys are tried and compared in constant time. Whatever is wrong, ingress tells the sender one thing; the
//! [`Refusal`] is for metrics and the log.

mod handshake;
mod minified;
mod standard_webhooks;

pub(crate) use handshake::{Handshake, handshake};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderValue};
use hub_model::Timestamp;
use hub_runtime::manifest::{Encoding, Hmac, Signature, SignedPart, SignedTime, TimeFormat};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};

use crate::secret::Secret;
use minified::minified;

const MAC_BYTES: usize = 32;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// A delivery as it arrived.
#[derive(Clone, Copy)]
pub(crate) struct Incoming<'a> {
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    /// The address the provider was told to call, from the connection's settings and not from the request.
    pub(crate) public_url: Option<&'a str>,
    pub(crate) now: Timestamp,
}

/// Why a delivery was not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("a header the signature needs is missing")]
    Missing,
    #[error("a header the signature needs is not in the declared form, or there are two of it")]
    Malformed,
    #[error("the signature is right but its time is outside the tolerance")]
    Stale,
    #[error("the signature belongs to another key or other content")]
    Mismatch,
    #[error("the connection has no usable key, or no public_url although its signature covers it")]
    Unconfigured,
}

impl Refusal {
    /// The value of the metric's label.
    #[must_use]
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::Stale => "stale",
            Self::Mismatch => "mismatch",
            Self::Unconfigured => "unconfigured",
        }
    }
}

/// `tolerance` is the operator's word in seconds and stands before the connector's; 0 accepts any age.
///
/// # Errors
/// Why the delivery is not believed; the sender is not told.
pub(crate) fn verify(
    scheme: &Signature,
    incoming: &Incoming<'_>,
    keys: &[Secret],
    tolerance: Option<u32>,
) -> Result<(), Refusal> {
    let outcome = match scheme {
        Signature::Hmac(hmac) => verify_hmac(hmac, incoming, keys, tolerance),
        Signature::StandardWebhooks(_) => standard_webhooks::verify(incoming, keys, tolerance),
    };
    if let Err(Refusal::Missing | Refusal::Malformed | Refusal::Unconfigured) = outcome {
        spend(incoming);
    }
    outcome
}

/// For a delivery to a connection that does not exist: takes as long as a refusal by one that does, so that the
/// time of an answer does not tell which connections there are.
pub(crate) fn refuse_unknown(incoming: &Incoming<'_>) -> Refusal {
    spend(incoming);
    Refusal::Mismatch
}

/// A signature check whose result nobody sees; any key does.
fn spend(incoming: &Incoming<'_>) {
    const KEY: &[u8; MAC_BYTES] = &[0x5a; MAC_BYTES];
    std::hint::black_box(is_signed([KEY.as_slice()], &[incoming.body], &[[0; MAC_BYTES]]));
}

fn verify_hmac(
    hmac: &Hmac,
    incoming: &Incoming<'_>,
    keys: &[Secret],
    tolerance: Option<u32>,
) -> Result<(), Refusal> {
    if keys.is_empty() {
        return Err(Refusal::Unconfigured);
    }
    let claimed = [claimed_mac(hmac, incoming.headers)?];
    let signed_at = hmac.time.as_ref().map(|time| signed_at(time, incoming.headers)).transpose()?;
    let parts = signed_parts(hmac, incoming, incoming.body)?;
    let mut matches = is_signed(exposed(keys), &parts, &claimed);
    if !matches && hmac.or_minified {
        let body = minified(incoming.body);
        matches = is_signed(exposed(keys), &signed_parts(hmac, incoming, &body)?, &claimed);
    }
    if !matches {
        return Err(Refusal::Mismatch);
    }
    match (signed_at, &hmac.time) {
        (Some(at), Some(time)) => check_age(at, incoming.now, tolerance.unwrap_or(time.tolerance)),
        _ => Ok(()),
    }
}

fn exposed(keys: &[Secret]) -> impl Iterator<Item = &[u8]> {
    keys.iter().map(|key| key.expose().as_bytes())
}

/// What the sender says the signature is.
fn claimed_mac(hmac: &Hmac, headers: &HeaderMap) -> Result<[u8; MAC_BYTES], Refusal> {
    let name =
        hmac.headers.iter().find(|name| headers.contains_key(name.as_str())).ok_or(Refusal::Missing)?;
    let text = text_of(single_header(headers, name)?)?;
    let encoded = text.strip_prefix(&hmac.prefix).ok_or(Refusal::Malformed)?;
    decode_mac(encoded, hmac.encoding).ok_or(Refusal::Malformed)
}

fn decode_mac(encoded: &str, encoding: Encoding) -> Option<[u8; MAC_BYTES]> {
    let bytes = match encoding {
        Encoding::Base64 => STANDARD.decode(encoded).ok()?,
        Encoding::Hex => hex::decode(encoded).ok()?,
    };
    bytes.try_into().ok()
}

fn signed_parts<'a>(
    hmac: &'a Hmac,
    incoming: &Incoming<'a>,
    body: &'a [u8],
) -> Result<Vec<&'a [u8]>, Refusal> {
    let part = |part: &'a SignedPart| match part {
        SignedPart::Body => Ok(body),
        SignedPart::Header(name) => single_header(incoming.headers, name).map(HeaderValue::as_bytes),
        SignedPart::PublicUrl => incoming.public_url.map(str::as_bytes).ok_or(Refusal::Unconfigured),
        SignedPart::Literal(text) => Ok(text.as_bytes()),
    };
    hmac.signed.iter().map(part).collect()
}

/// Two of a header may mean that someone before us and we read different ones: refused.
fn single_header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a HeaderValue, Refusal> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Err(Refusal::Missing),
        (Some(value), None) => Ok(value),
        (Some(_), Some(_)) => Err(Refusal::Malformed),
    }
}

fn text_of(value: &HeaderValue) -> Result<&str, Refusal> {
    value.to_str().map_err(|_| Refusal::Malformed)
}

/// Whether one of the keys gives one of the claimed signatures. Every key meets every claim, so the time taken says
/// neither which key matched nor how far a comparison got.
fn is_signed<'k>(
    keys: impl IntoIterator<Item = &'k [u8]>,
    parts: &[&[u8]],
    claimed: &[[u8; MAC_BYTES]],
) -> bool {
    let mut found = Choice::from(0);
    for key in keys {
        let mac = mac_of(key, parts);
        for claim in claimed {
            found |= mac.ct_eq(claim);
        }
    }
    found.into()
}

fn mac_of(key: &[u8], parts: &[&[u8]]) -> [u8; MAC_BYTES] {
    let mut mac = hmac::Hmac::<Sha256>::new_from_slice(key).expect("an HMAC key may have any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn signed_at(time: &SignedTime, headers: &HeaderMap) -> Result<Timestamp, Refusal> {
    let text = text_of(single_header(headers, &time.header)?)?;
    match time.format {
        TimeFormat::Rfc3339 => text.parse().map_err(|_| Refusal::Malformed),
        TimeFormat::UnixSeconds => unix_seconds(text).ok_or(Refusal::Malformed),
    }
}

/// Digits only; a sign, a fraction or milliseconds are not seconds.
fn unix_seconds(text: &str) -> Option<Timestamp> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds: i64 = is_number.then(|| text.parse().ok())??;
    seconds.checked_mul(NANOS_PER_SECOND).map(Timestamp)
}

/// Asked only of a signature that is right: the time is part of what was signed.
fn check_age(at: Timestamp, now: Timestamp, tolerance: u32) -> Result<(), Refusal> {
    let apart = now.since(at).max(at.since(now));
    if tolerance == 0 || apart <= std::time::Duration::from_secs(tolerance.into()) {
        Ok(())
    } else {
        Err(Refusal::Stale)
    }
}

#[cfg(test)]
mod tests;
