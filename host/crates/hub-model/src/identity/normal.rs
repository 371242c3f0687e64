//! The one form of a key: e-mail lower case, phone E.164, provider ids under their connection.

use crate::event::{Identity, IdentityKind};

use super::IdentityKey;

/// What a connection adds to the keys its connector reports.
#[derive(Clone, Copy, Debug)]
pub struct KeyContext<'a> {
    pub connection: &'a str,
    /// ISO 3166 alpha-2, for phones written without a country.
    pub default_country: Option<&'a str>,
}

/// The key in its normal form; `None` when the value is empty or cannot be a key of its kind.
#[must_use]
pub fn normalise(identity: &Identity, context: KeyContext<'_>) -> Option<IdentityKey> {
    let value = identity.value.trim();
    let (scope, value) = match identity.kind {
        IdentityKind::ProviderId => (scoped(context, &identity.scope), value.to_owned()),
        IdentityKind::Handle => (scoped(context, &identity.scope), value.to_lowercase()),
        IdentityKind::Token => (identity.scope.clone(), value.to_owned()),
        IdentityKind::Email => (String::new(), email(value)?),
        IdentityKind::Phone => (String::new(), phone(value, context.default_country)?),
    };
    (!value.is_empty()).then_some(IdentityKey { kind: identity.kind, scope, value })
}

fn scoped(context: KeyContext<'_>, scope: &str) -> String {
    format!("{}/{scope}", context.connection)
}

/// Lower case; dots and plus-tags are kept because they tell mailboxes apart. `None` unless it looks like one address.
fn email(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let (local, domain) = lower.rsplit_once('@')?;
    let plausible = !local.is_empty()
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !lower.chars().any(|character| character.is_whitespace() || character.is_control());
    plausible.then_some(lower)
}

/// E.164, `None` unless it is a number that could exist by its length.
fn phone(text: &str, default_country: Option<&str>) -> Option<String> {
    let country = default_country.and_then(|code| code.parse().ok());
    let number = phonenumber::parse(country, text).ok()?;
    let international = number.format().mode(phonenumber::Mode::E164).to_string();
    // E.164 allows 15 digits; numbers under 7 are short codes, shared by many.
    (8..=16).contains(&international.len()).then_some(international)
}
