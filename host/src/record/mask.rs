//! Decides what of a delivery or call may be written down. Moments, amounts, counts, the providers' own words and the
//! names of fields stay (`known.rs` lists them); everything else gets a stand-in of its form (`stand_in.rs`), because a
//! field nobody thought of must not give a customer away. Secrets are looked for again in what comes out.

mod json;
mod known;
mod stand_in;

use form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

use json::Scalar;
use known::Field;
use stand_in::StandIns;

use crate::secret::spellings;

/// Documents inside texts of documents; a form's answers are one level deep.
const DEPTH_MAX: usize = 4;
/// A name has three parts. What is longer is a text: the same text gives the same stand-in, the same word does not, or
/// somebody could count words.
const NAME_PARTS_MAX: usize = 3;
const NAME_BYTES_MAX: usize = 64;
/// Ids of fewer digits are "nobody" and the like.
const ID_DIGITS_MIN: usize = 3;
/// A number of more digits may be a telephone's, whatever its field is called.
const COUNT_DIGITS_MAX: usize = 4;
/// Providers' error codes: WhatsApp's have six digits.
const ERROR_CODE_DIGITS_MAX: usize = 6;
/// Wherever on earth it was, from here on it was there.
const PLACE: &str = "10.5";
const BIRTHDAY: &str = "2000-01-01";
/// A shorter secret would be found in every second word. Nothing a provider gives out is that short.
const SECRET_BYTES_MIN: usize = 6;
/// A shorter setting of the operator's says nothing where it happens to stand.
const OWN_BYTES_MIN: usize = 6;

/// Masks one recording: equal values become equal stand-ins in all of it.
pub(super) struct Mask {
    stand_ins: StandIns,
    own: Vec<String>,
    /// As they would stand in what is written, the longest first.
    secrets: Vec<Zeroizing<String>>,
    origin: Origin,
}

/// Who wrote what is being masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Provider,
    /// Its GraphQL documents stay, but for what they quote.
    Connector,
}

/// What is left of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// A document of the same shape.
    Json(String),
    /// As many bytes of nothing, and what there was.
    Filler { text: String, shape: String },
}

impl Mask {
    /// `own` are settings of connections: the operator's account ids and domains, which stay so that connectors still
    /// know their own side.
    pub(super) fn new<'a>(
        key: Zeroizing<[u8; 32]>,
        own: impl Iterator<Item = &'a str>,
        secrets: impl Iterator<Item = &'a str>,
    ) -> Self {
        let own = own.filter(|value| value.len() >= OWN_BYTES_MIN && is_plain_setting(value));
        let mut secrets: Vec<Zeroizing<String>> =
            secrets.filter(|secret| secret.len() >= SECRET_BYTES_MIN).flat_map(spellings).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self {
            stand_ins: StandIns::new(key),
            own: own.map(str::to_owned).collect(),
            secrets,
            origin: Origin::Provider,
        }
    }

    /// A body as it may be written.
    pub(super) fn body(&mut self, bytes: &[u8], origin: Origin) -> Body {
        self.origin = origin;
        let text = std::str::from_utf8(bytes);
        if let Some(json) = text.ok().and_then(|text| self.document(text, 0)) {
            return Body::Json(self.without_secrets(&json));
        }
        let kind = if text.is_ok() { "text" } else { "no text" };
        let shape = format!("not JSON: {} bytes, {kind}", bytes.len());
        Body::Filler { text: "x".repeat(bytes.len()), shape }
    }

    /// What a field of this name holds.
    pub(super) fn value(&mut self, field: &str, text: &str) -> String {
        let masked = self.text(field, text, 0);
        self.without_secrets(&masked)
    }

    /// A setting of the operator's.
    pub(super) fn setting(&mut self, key: &str, value: &str) -> String {
        let value = if is_plain_setting(value) { value.to_owned() } else { self.text(key, value, 0) };
        self.without_secrets(&value)
    }

    /// Path and query of a request.
    pub(super) fn address(&mut self, address: &str) -> String {
        let masked = self.path_and_query(address);
        self.without_secrets(&masked)
    }

    fn document(&mut self, text: &str, depth: usize) -> Option<String> {
        let this = std::cell::RefCell::new(self);
        json::rewritten(
            text,
            &mut |name| {
                let is_plain = known::is_field_name(name);
                (!is_plain).then(|| this.borrow_mut().text("", name, DEPTH_MAX))
            },
            &mut |name, scalar| match scalar {
                Scalar::Text(text) => this.borrow_mut().text(name, &text, depth),
                Scalar::Number(number) => this.borrow_mut().number(name, number),
            },
        )
    }

    /// Secrets that stayed because they look like something that may.
    fn without_secrets(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), &"x".repeat(secret.len()));
            }
        }
        text
    }

    fn text(&mut self, name: &str, text: &str, depth: usize) -> String {
        let bare = text.trim();
        if bare.is_empty() || known::is_value(bare) || self.own.iter().any(|own| own == bare) {
            return text.to_owned();
        }
        if depth < DEPTH_MAX
            && bare.starts_with(['{', '['])
            && let Some(document) = self.document(bare, depth + 1)
        {
            return document;
        }
        if self.origin == Origin::Connector && name == "query" && is_query(bare) {
            return self.query(text);
        }
        let field = Field::named(name);
        if field.is_birth() {
            return if known::is_moment(bare) { BIRTHDAY.to_owned() } else { self.words(text) };
        }
        if field.is_place() {
            return PLACE.to_owned();
        }
        if self.stays(&field, bare) {
            return text.to_owned();
        }
        // "-1" is a provider's way of saying that it was nobody.
        let digits = bare.strip_prefix('-').unwrap_or(bare);
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        match () {
            () if known::is_phone(bare) => self.stand_ins.phone(text),
            () if is_number && field.is_phone() && (8..=15).contains(&bare.len()) => {
                self.stand_ins.phone(text)
            }
            () if is_number && digits.len() < ID_DIGITS_MIN => text.to_owned(),
            () => self.unlisted(text),
        }
    }

    /// Whether it is one of the listed things.
    fn stays(&self, field: &Field, text: &str) -> bool {
        let is_placeholder =
            text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).is_some_and(known::is_word);
        known::is_moment(text)
            || (field.is_time() && known::is_epoch(text))
            || (field.is_amount() && known::is_decimal(text))
            || (field.is_word() && known::is_word(text))
            || is_placeholder
    }

    fn number(&mut self, name: &str, number: &str) -> String {
        let field = Field::named(name);
        let digits = known::count_digits(number);
        if field.is_place() {
            return PLACE.to_owned();
        }
        let unsigned = number.strip_prefix('-').unwrap_or(number);
        let is_whole = unsigned.len() == digits;
        let stays = (field.is_time() && known::is_epoch(unsigned))
            || field.is_amount()
            || (field.is_code() && digits <= ERROR_CODE_DIGITS_MAX)
            || digits < ID_DIGITS_MIN
            || (!field.is_id() && digits <= COUNT_DIGITS_MAX);
        if stays {
            return number.to_owned();
        }
        if is_whole && field.is_phone() && (8..=15).contains(&digits) {
            return self.stand_ins.phone(number);
        }
        let (mantissa, exponent) = number.split_at(number.find(['e', 'E']).unwrap_or(number.len()));
        let sign = if mantissa.starts_with('-') { "-" } else { "" };
        let mantissa = mantissa.trim_start_matches('-');
        let masked = match mantissa.split_once('.') {
            None => self.stand_ins.digits(mantissa),
            Some((whole, fraction)) => {
                format!("{}.{}", self.stand_ins.digits(whole), self.stand_ins.spelled(fraction, mantissa))
            }
        };
        format!("{sign}{masked}{exponent}")
    }

    /// Names, texts, ids and addresses of any kind.
    fn unlisted(&mut self, text: &str) -> String {
        if let Some((scheme @ ("http" | "https"), rest)) = text.trim().split_once("://") {
            return self.url(scheme, rest);
        }
        if let Some(own) =
            self.own.iter().find(|own| own.ends_with(['_', '-', ':', '/']) && text.starts_with(*own))
        {
            let rest = text.strip_prefix(own.as_str()).unwrap_or_default();
            return format!("{own}{}", self.words(rest));
        }
        if let Some(beginning) = known::beginning(text) {
            let rest = text.strip_prefix(beginning).unwrap_or_default();
            return format!("{beginning}{}", self.parts(rest));
        }
        self.words(text)
    }

    /// Text with the addresses of people in it.
    fn words(&self, text: &str) -> String {
        let mut masked = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, address, behind)) = split_at_email(rest) {
            masked.push_str(&self.spelled(before));
            masked.push_str(&self.stand_ins.email(address));
            rest = behind;
        }
        masked.push_str(&self.spelled(rest));
        masked
    }

    fn spelled(&self, text: &str) -> String {
        let is_name = text.len() <= NAME_BYTES_MAX && text.split_whitespace().count() <= NAME_PARTS_MAX;
        let is_token = !text.trim().contains(char::is_whitespace);
        match is_name || is_token {
            true => self.stand_ins.words(text),
            false => self.stand_ins.spelled(text, text),
        }
    }

    fn url(&mut self, scheme: &str, rest: &str) -> String {
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let host = authority.rsplit('@').next().unwrap_or(authority);
        let host = match self.own.iter().any(|own| own == host) {
            true => host.to_owned(),
            false => self.stand_ins.host(host),
        };
        format!("{scheme}://{host}{}", self.path_and_query(path))
    }

    fn path_and_query(&mut self, address: &str) -> String {
        let (path, query) =
            address.split_once('?').map_or((address, None), |(path, query)| (path, Some(query)));
        let path = self.parts(path);
        let Some(query) = query else { return path };
        let pairs = query.split('&').map(|pair| {
            let Some((name, value)) = pair.split_once('=') else { return self.parts(pair) };
            let own = if known::is_field_name(name) { name.to_owned() } else { self.parts(name) };
            let value = self.text(name, &decoded(value), 0);
            format!("{own}={}", byte_serialize(value.as_bytes()).collect::<String>())
        });
        let pairs: Vec<String> = pairs.collect();
        format!("{path}?{}", pairs.join("&"))
    }

    /// The parts of an address between its marks: the provider's words stay.
    fn parts(&self, address: &str) -> String {
        let mut masked = String::with_capacity(address.len());
        for piece in address.split_inclusive(['/', '.', ':', '?', '=', '&', '#', ',']) {
            let part = piece.trim_end_matches(['/', '.', ':', '?', '=', '&', '#', ',']);
            let mark = piece.strip_prefix(part).unwrap_or_default();
            let stays =
                part.is_empty() || known::is_address_word(part) || self.own.iter().any(|own| own == part);
            if stays {
                masked.push_str(part);
            } else {
                masked.push_str(&self.words(&decoded(part)).replace(' ', "%20"));
            }
            masked.push_str(mark);
        }
        masked
    }

    /// A GraphQL document is the connector's; what it holds in quotes and long numbers may be a person's.
    fn query(&mut self, text: &str) -> String {
        let mut masked = String::with_capacity(text.len());
        for (at, piece) in text.split('"').enumerate() {
            if at > 0 {
                masked.push('"');
            }
            if at % 2 == 1 {
                masked.push_str(&self.text("", piece, DEPTH_MAX));
                continue;
            }
            for run in piece.split_inclusive(|letter: char| !letter.is_ascii_digit()) {
                let digits = run.trim_end_matches(|letter: char| !letter.is_ascii_digit());
                match digits.len() > COUNT_DIGITS_MAX {
                    true => masked.push_str(&self.stand_ins.digits(digits)),
                    false => masked.push_str(digits),
                }
                masked.push_str(run.strip_prefix(digits).unwrap_or_default());
            }
        }
        masked
    }
}

/// Ids, domains and switches; a person's address or words are none.
fn is_plain_setting(value: &str) -> bool {
    !value.contains('@') && !value.contains(char::is_whitespace)
}

fn is_query(text: &str) -> bool {
    let begins = ["query ", "query(", "query{", "mutation ", "mutation(", "mutation{"];
    begins.iter().any(|begin| text.starts_with(begin)) && text.ends_with('}') && text.contains('{')
}

/// The first address of a person, with what stands before and behind it.
fn split_at_email(text: &str) -> Option<(&str, &str, &str)> {
    let is_local = |letter: char| letter.is_alphanumeric() || "._%+-'".contains(letter);
    let is_domain = |letter: char| letter.is_alphanumeric() || ".-".contains(letter);
    let (before, behind) = text.split_once('@')?;
    let local = before.len() - before.trim_end_matches(is_local).len();
    let domain = behind.len() - behind.trim_start_matches(is_domain).len();
    let domain = behind.get(..domain)?.trim_end_matches(['.', '-']).len();
    if local == 0 || domain == 0 {
        return None;
    }
    let begin = before.len() - local;
    let end = before.len() + 1 + domain;
    Some((text.get(..begin)?, text.get(begin..end)?, text.get(end..)?))
}

/// Percent signs undone; what is no text then stays as it was.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let hex = (*first == b'%').then(|| behind.get(..2)).flatten();
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match byte {
            Some(byte) => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests;
