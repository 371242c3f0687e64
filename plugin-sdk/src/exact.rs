//! Readers that lose nothing: ids of any length, amounts without floats, times with any offset and precision.
//! Providers write the same thing as number, text or null; these accept each and never round.

use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::model::Money;

/// A JSON scalar as the exact text the provider wrote: `820982911946154508`, `"17"`, `true`. Use it with
/// [`Option`] where null or absence is possible.
///
/// It reads raw JSON, so it works inside plain structs, not under `#[serde(flatten)]` or untagged enums.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(pub String);

impl Text {
    /// The text, or `None` where the provider writes an empty text or `"0"` for "nobody".
    #[must_use]
    pub fn id(self) -> Option<String> {
        (!self.0.is_empty() && self.0 != "0").then_some(self.0)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <Box<RawValue>>::deserialize(deserializer)?;
        scalar(&raw).ok_or_else(|| D::Error::custom("expected a text or number"))
    }
}

/// A scalar other than null as its text.
pub(crate) fn scalar(raw: &RawValue) -> Option<Text> {
    let raw = raw.get();
    match raw.as_bytes().first()? {
        b'"' => string(raw).ok().map(Text),
        b'{' | b'[' | b'n' => None,
        _ => Some(Text(raw.to_owned())),
    }
}

/// A JSON string; half of a surrogate pair, as left by a provider that cut an emoji in two, becomes U+FFFD instead of
/// costing the whole text.
fn string(raw: &str) -> serde_json::Result<String> {
    struct Lossy;

    impl serde::de::Visitor<'_> for Lossy {
        type Value = String;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("a text")
        }

        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
            Ok(String::from_utf8_lossy(bytes).into_owned())
        }
    }

    serde_json::from_str(raw).or_else(|_| {
        let mut deserializer = serde_json::Deserializer::from_str(raw);
        (&mut deserializer).deserialize_bytes(Lossy)
    })
}

/// Why an amount could not become whole minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AmountError {
    /// Not a decimal number.
    NotANumber,
    /// More decimals than the currency has, other than zeros.
    TooPrecise,
    /// Beyond 64 bits of minor units.
    TooLarge,
}

/// How many decimals a currency has (ISO 4217). Unknown codes have two.
#[must_use]
pub fn decimals(currency: &str) -> u32 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI"
        | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" | "UYW" => 4,
        _ => 2,
    }
}

/// A decimal in major units ("403.00", "23600", "-1.5", "143.97") as money. The currency is upper-cased.
///
/// # Errors
/// See [`AmountError`]; nothing is ever rounded.
pub fn money(amount: &str, currency: &str) -> Result<Money, AmountError> {
    let currency = currency.trim().to_ascii_uppercase();
    let minor = scaled(amount, decimals(&currency))?;
    Ok(Money { minor, currency })
}

/// A decimal count ("10", "2.5", "-0.00001") in millionths.
///
/// # Errors
/// See [`AmountError`].
pub fn quantity(count: &str) -> Result<i64, AmountError> {
    scaled(count, 6)
}

/// A decimal, an exponent allowed ("1e2"), times ten to the power of `places`, exactly.
fn scaled(decimal: &str, places: u32) -> Result<i64, AmountError> {
    let decimal = decimal.trim();
    let (mantissa, exponent) = match decimal.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, exponent.parse::<i32>().map_err(|_| AmountError::NotANumber)?)
        }
        None => (decimal, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return Err(AmountError::NotANumber);
    }
    let fraction = fraction.trim_end_matches('0');
    let mut units: i64 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        units = units
            .checked_mul(10)
            .and_then(|units| units.checked_add(i64::from(digit - b'0')))
            .ok_or(AmountError::TooLarge)?;
    }
    let fraction_len = i32::try_from(fraction.len()).map_err(|_| AmountError::TooPrecise)?;
    let places = i32::try_from(places).map_err(|_| AmountError::TooLarge)?;
    let shift = places
        .checked_add(exponent)
        .and_then(|sum| sum.checked_sub(fraction_len))
        .ok_or(AmountError::TooLarge)?;
    let units = if units == 0 { 0 } else { shifted(units, shift)? };
    Ok(if negative { -units } else { units })
}

fn shifted(units: i64, shift: i32) -> Result<i64, AmountError> {
    let power = 10_i64.checked_pow(shift.unsigned_abs());
    match (power, shift >= 0) {
        (Some(power), true) => units.checked_mul(power).ok_or(AmountError::TooLarge),
        (Some(power), false) if units % power == 0 => Ok(units / power),
        (None, true) => Err(AmountError::TooLarge),
        (_, false) => Err(AmountError::TooPrecise),
    }
}

/// An RFC 3339 time ("2022-01-01T00:00:00Z") with any offset ("Z", "-05:00", "+0000") and 0 to 9 fractional digits, as
/// nanoseconds. A leap second is the second before it.
#[must_use]
pub fn timestamp(text: &str) -> Option<i64> {
    let time = OffsetDateTime::parse(&strict(text.trim())?, &Rfc3339).ok()?;
    i64::try_from(time.unix_timestamp_nanos()).ok()
}

/// The text as the library reads it: it knows neither "+0000" nor leap seconds in the middle of a month. `None` for
/// what it would read and we do not.
fn strict(text: &str) -> Option<String> {
    const SEPARATOR: usize = 10;
    const SECONDS: usize = 17;
    /// More would be cut off.
    const FRACTION_DIGITS_MAX: usize = 9;
    let separator = text.as_bytes().get(SEPARATOR);
    let (_, fraction) = text.split_once('.').unwrap_or_default();
    let fraction_digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    if !matches!(separator, Some(b'T' | b't' | b' ')) || fraction_digits > FRACTION_DIGITS_MAX {
        return None;
    }
    let (text, colon, offset_minutes) = match text.as_bytes() {
        [.., b'+' | b'-', _, _, b'0'..=b'9', _] => {
            let (text, minutes) = text.split_at_checked(text.len() - 2)?;
            (text, ":", minutes)
        }
        _ => (text, "", ""),
    };
    let (minutes, seconds) = text.split_at_checked(SECONDS)?;
    let (leap, seconds) = seconds.strip_prefix("60").map_or(("", seconds), |rest| ("59", rest));
    Some([minutes, leap, seconds, colon, offset_minutes].concat())
}

/// A Unix time in seconds or milliseconds, told apart by its size (milliseconds since 1973 are beyond the year 5138 in
/// seconds), or ISO 8601 text. Meta's payloads hold all of them.
#[must_use]
pub fn unix_or_iso(text: &str) -> Option<i64> {
    /// 100,000,000,000 seconds are in the year 5138; as milliseconds it is March 1973.
    const MILLISECONDS_FROM: u64 = 100_000_000_000;
    let text = text.trim();
    match text.parse::<i64>() {
        Ok(number) if number.unsigned_abs() >= MILLISECONDS_FROM => number.checked_mul(1_000_000),
        Ok(number) => number.checked_mul(1_000_000_000),
        Err(_) => timestamp(text),
    }
}

#[cfg(test)]
mod tests;
