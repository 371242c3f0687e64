//! The values rules compare: exact decimals, money in minor units, times and durations in
//! nanoseconds. Owns how each is written and read; knows nothing of YAML or of rules.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use crate::catalogue::FieldKind;

/// One value, of one [`FieldKind`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    Text(String),
    Number(Decimal),
    Money {
        minor: i64,
        currency: String,
    },
    Boolean(bool),
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    Time(i64),
    /// Nanoseconds.
    Duration(i64),
    TextList(Vec<String>),
}

/// Why a text is not the value it should be. Never repeats the text: it may be personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ValueError {
    #[error("not a decimal number of at most 38 digits, {} of them after the point", Decimal::SCALE_MAX)]
    Decimal,
    #[error("not an amount and a currency")]
    Money,
    #[error("more digits after the point than the currency has")]
    MinorDigits,
    #[error("not a time")]
    Time,
    #[error("not a whole number followed by s, m, h, d or w")]
    Duration,
    #[error("outside the range that can be stored")]
    Range,
}

impl Value {
    pub fn kind(&self) -> FieldKind {
        match self {
            Value::Text(_) => FieldKind::Text,
            Value::Number(_) => FieldKind::Number,
            Value::Money { .. } => FieldKind::Money,
            Value::Boolean(_) => FieldKind::Boolean,
            Value::Time(_) => FieldKind::Time,
            Value::Duration(_) => FieldKind::Duration,
            Value::TextList(_) => FieldKind::TextList,
        }
    }

    /// Reads money written as `12.50 EUR`.
    pub fn parse_money(text: &str) -> Result<Value, ValueError> {
        let mut words = text.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some(amount), Some(currency), None) => Value::money(amount, currency),
            _ => Err(ValueError::Money),
        }
    }

    pub fn money(amount: &str, currency: &str) -> Result<Value, ValueError> {
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(ValueError::Money);
        }
        let amount: Decimal = amount.parse().map_err(|_| ValueError::Money)?;
        let minor = amount.shifted(minor_digits(currency)).ok_or(ValueError::MinorDigits)?;
        let minor = i64::try_from(minor).map_err(|_| ValueError::Range)?;
        Ok(Value::Money { minor, currency: currency.to_owned() })
    }

    /// Reads an RFC 3339 time, or a date as its first moment in UTC.
    pub fn parse_time(text: &str) -> Result<Value, ValueError> {
        let is_date = text.len() == "2026-01-31".len();
        let timestamp = if is_date { parse_date(text) } else { text.parse().ok() };
        let timestamp: jiff::Timestamp = timestamp.ok_or(ValueError::Time)?;
        let nanoseconds = i64::try_from(timestamp.as_nanosecond()).map_err(|_| ValueError::Range)?;
        Ok(Value::Time(nanoseconds))
    }

    /// Reads `15m`, `24h`, `7d`, `2w`.
    pub fn parse_duration(text: &str) -> Result<Value, ValueError> {
        parse_duration(text).map(Value::Duration)
    }

    /// The value as a rule's sentence quotes it: texts in quotation marks, the rest plain.
    pub(crate) fn quoted(&self) -> String {
        match self {
            Value::Text(text) => quoted(text),
            Value::TextList(texts) => format!("[{}]", quoted_all(texts)),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) => f.write_str(text),
            Value::Number(number) => number.fmt(f),
            Value::Money { minor, currency } => write_money(f, *minor, currency),
            Value::Boolean(flag) => flag.fmt(f),
            Value::Time(nanoseconds) => f.write_str(&written_time(*nanoseconds)),
            Value::Duration(nanoseconds) => f.write_str(&written_duration(*nanoseconds)),
            Value::TextList(texts) => f.write_str(&texts.join(", ")),
        }
    }
}

/// A text in quotation marks, on one line and not too long for one.
pub(crate) fn quoted(text: &str) -> String {
    /// Two lines of a terminal; the whole text is in the rule or the message.
    const SHOWN_MAX: usize = 160;
    let mut shown: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = shown.char_indices().nth(SHOWN_MAX) {
        shown.truncate(end);
        shown.push('…');
    }
    format!("\"{shown}\"")
}

pub(crate) fn quoted_all(texts: &[String]) -> String {
    texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ")
}

/// Texts are compared trimmed and in lower case: people write `Negative ` and mean `negative`.
pub(crate) fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

/// An exact decimal number: `digits / 10^scale`, kept without trailing zeros so that equal numbers
/// are equal values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    digits: i128,
    scale: u32,
}

impl Decimal {
    /// Any fraction below 10^18 can be lined up with any other without leaving `i128`.
    pub const SCALE_MAX: u32 = 18;

    pub fn new(digits: i128, scale: u32) -> Result<Decimal, ValueError> {
        let (mut digits, mut scale) = (digits, scale);
        while scale > 0 && digits % 10 == 0 {
            digits /= 10;
            scale -= 1;
        }
        if scale > Decimal::SCALE_MAX {
            return Err(ValueError::Decimal);
        }
        Ok(Decimal { digits, scale })
    }

    /// The number times 10^places, when that is whole and fits.
    fn shifted(self, places: u32) -> Option<i128> {
        let missing = places.checked_sub(self.scale)?;
        self.digits.checked_mul(10_i128.checked_pow(missing)?)
    }

    /// Whether no whole number lies between these two whole ones.
    pub(crate) fn is_next_whole_after(self, before: Decimal) -> bool {
        let ((whole, fraction), (whole_before, fraction_before)) = (self.parts(), before.parts());
        fraction == 0 && fraction_before == 0 && whole.checked_sub(whole_before) == Some(1)
    }

    /// Whole part (rounded down) and the fraction as a count of 10^-18.
    fn parts(self) -> (i128, i128) {
        let one = 10_i128.pow(self.scale);
        let fraction = self.digits.rem_euclid(one) * 10_i128.pow(Decimal::SCALE_MAX - self.scale);
        (self.digits.div_euclid(one), fraction)
    }
}

impl From<i64> for Decimal {
    fn from(number: i64) -> Decimal {
        Decimal { digits: i128::from(number), scale: 0 }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        self.parts().cmp(&other.parts())
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for Decimal {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Decimal, ValueError> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match unsigned.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction.trim_end_matches('0')),
            Some(_) => return Err(ValueError::Decimal),
            None => (unsigned, ""),
        };
        if whole.is_empty() {
            return Err(ValueError::Decimal);
        }
        let mut digits: i128 = 0;
        for character in whole.chars().chain(fraction.chars()) {
            let digit = character.to_digit(10).ok_or(ValueError::Decimal)?;
            let longer = digits.checked_mul(10).and_then(|digits| digits.checked_add(i128::from(digit)));
            digits = longer.ok_or(ValueError::Decimal)?;
        }
        let scale = u32::try_from(fraction.len()).map_err(|_| ValueError::Decimal)?;
        Decimal::new(if negative { -digits } else { digits }, scale)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.digits < 0 { "-" } else { "" };
        let one = 10_u128.pow(self.scale);
        let (whole, fraction) = (self.digits.unsigned_abs() / one, self.digits.unsigned_abs() % one);
        match usize::try_from(self.scale) {
            Ok(places) if places > 0 => write!(f, "{sign}{whole}.{fraction:0places$}"),
            _ => write!(f, "{sign}{whole}"),
        }
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

const SECOND_NS: i64 = 1_000_000_000;

/// The units a duration is written in, largest first.
const DURATION_UNITS: [(char, i64); 5] = [
    ('w', 7 * 24 * 3600 * SECOND_NS),
    ('d', 24 * 3600 * SECOND_NS),
    ('h', 3600 * SECOND_NS),
    ('m', 60 * SECOND_NS),
    ('s', SECOND_NS),
];

pub(crate) fn parse_duration(text: &str) -> Result<i64, ValueError> {
    let mut characters = text.chars();
    let unit = characters.next_back().ok_or(ValueError::Duration)?;
    let (_, unit_ns) =
        DURATION_UNITS.into_iter().find(|(name, _)| *name == unit).ok_or(ValueError::Duration)?;
    let digits = characters.as_str();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ValueError::Duration);
    }
    let number: i64 = digits.parse().map_err(|_| ValueError::Range)?;
    number.checked_mul(unit_ns).ok_or(ValueError::Range)
}

/// Written in the largest unit that divides it, days and weeks only from two on: people write `24h` and `7d`.
pub(crate) fn written_duration(nanoseconds: i64) -> String {
    let fits = |unit_ns: i64, name: char| {
        let times = nanoseconds / unit_ns;
        nanoseconds % unit_ns == 0 && times != 0 && (times > 1 || !matches!(name, 'd' | 'w'))
    };
    match DURATION_UNITS.into_iter().find(|(name, unit_ns)| fits(*unit_ns, *name)) {
        Some((name, unit_ns)) => format!("{}{name}", nanoseconds / unit_ns),
        None if nanoseconds == 0 => "0s".to_owned(),
        None => format!("{nanoseconds}ns"),
    }
}

fn parse_date(text: &str) -> Option<jiff::Timestamp> {
    let date: jiff::civil::Date = text.parse().ok()?;
    Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
}

fn written_time(nanoseconds: i64) -> String {
    match jiff::Timestamp::from_nanosecond(i128::from(nanoseconds)) {
        Ok(timestamp) => timestamp.to_string(),
        Err(_) => format!("{nanoseconds}ns"),
    }
}

fn write_money(f: &mut fmt::Formatter<'_>, minor: i64, currency: &str) -> fmt::Result {
    let digits = minor_digits(currency);
    let one = 10_u64.pow(digits);
    let sign = if minor < 0 { "-" } else { "" };
    let (whole, cents) = (minor.unsigned_abs() / one, minor.unsigned_abs() % one);
    match usize::try_from(digits) {
        Ok(places) if places > 0 => write!(f, "{sign}{whole}.{cents:0places$} {currency}"),
        _ => write!(f, "{sign}{whole} {currency}"),
    }
}

/// ISO 4217's exceptions to two digits after the point.
fn minor_digits(currency: &str) -> u32 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND"
        | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}
