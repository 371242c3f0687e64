//! The one form of a key: e-mail lower case, phone E.164, provider ids under their connection.

use crate::event::{Identity, IdentityKind};

use super::{IdentityKey, Phones};

/// What a connection adds to the keys its connector reports.
#[derive(Clone, Copy, Debug)]
pub struct KeyContext<'a> {
    pub connection: &'a str,
    /// ISO 3166 alpha-2, for phones written without a country.
    pub default_country: Option<&'a str>,
    /// Numbers read before, where many are.
    pub phones: Option<&'a Phones>,
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
        IdentityKind::Phone => (String::new(), phone_in(value, context)?),
    };
    (!value.is_empty()).then_some(IdentityKey { kind: identity.kind, scope, value })
}

/// The longest original kept beside a normal form; what is longer is no way to write a key.
const WRITTEN_CHARS_MAX: usize = 120;

/// What the source wrote, where a person would miss it: the normal form of an address, phone or handle reads otherwise.
#[must_use]
pub fn written(identity: &Identity, key: &IdentityKey) -> Option<String> {
    let kept = matches!(key.kind, IdentityKind::Email | IdentityKind::Phone | IdentityKind::Handle);
    let value = identity.value.trim();
    (kept && value != key.value && value.chars().count() <= WRITTEN_CHARS_MAX).then(|| value.to_owned())
}

fn scoped(context: KeyContext<'_>, scope: &str) -> String {
    format!("{}/{scope}", context.connection)
}

/// Lower case, the domain in its ASCII form; dots and plus-tags are kept because they tell mailboxes apart. `None`
/// unless it looks like one address.
fn email(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let (local, domain) = lower.rsplit_once('@')?;
    let plausible = !local.is_empty()
        && domain.contains(['.', '。', '．', '｡'])
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !lower.chars().any(|character| character.is_whitespace() || character.is_control());
    if !plausible || domain.is_ascii() {
        return plausible.then_some(lower);
    }
    Some(format!("{local}@{}", idna::domain_to_ascii(domain).ok()?))
}

fn phone_in(text: &str, context: KeyContext<'_>) -> Option<String> {
    match context.phones {
        Some(phones) => phones.read(text, context.default_country, phone),
        None => phone(text, context.default_country),
    }
}

/// E.164, `None` unless it is a number that could exist by its length. An extension stays: behind it is another person.
fn phone(text: &str, default_country: Option<&str>) -> Option<String> {
    let country = default_country.and_then(|code| code.parse().ok());
    let number = phonenumber::parse(country, text).ok()?;
    let international = number.format().mode(phonenumber::Mode::E164).to_string();
    let international = one_form(italian_zero(international, text));
    // E.164 allows 15 digits; numbers under 7 are short codes, shared by many.
    let plausible = (8..=16).contains(&international.len());
    plausible.then(|| match number.extension() {
        Some(extension) => format!("{international};ext={extension}"),
        None => international,
    })
}

/// The zero of Italy's landlines is part of the number, and the library takes it for a prefix.
fn italian_zero(international: String, text: &str) -> String {
    let Some(national) = international.strip_prefix("+39") else { return international };
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.ends_with(&format!("0{national}")) { format!("+390{national}") } else { international }
}

/// Mobile phones that are still written as they were before their country changed its numbers, by WhatsApp above all.
fn one_form(international: String) -> String {
    if let Some(national) = international.strip_prefix("+55")
        && let (Some(area), Some(subscriber)) = (national.get(..2), national.get(2..))
        && subscriber.len() == 8
        && subscriber.starts_with(['6', '7', '8', '9'])
    {
        // Brazil put a 9 before every mobile number of eight digits; those of landlines begin with 2 to 5.
        return format!("+55{area}9{subscriber}");
    }
    if let Some(national) = international.strip_prefix("+521")
        && national.len() == 10
    {
        // Mexico's mobile numbers had a 1 before the ten digits until 2019.
        return format!("+52{national}");
    }
    international
}
