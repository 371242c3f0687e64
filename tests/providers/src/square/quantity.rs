//! Square's quantities: decimal text with up to five places, counted in hundred-thousandths. No floats.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

const PLACES: usize = 5;
const ONE: i64 = 100_000;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quantity(i64);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotAQuantity;

impl Quantity {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl FromStr for Quantity {
    type Err = NotAQuantity;

    /// Not negative: only counts become negative, never what a caller says.
    fn from_str(text: &str) -> Result<Self, NotAQuantity> {
        let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(places) || places.len() > PLACES {
            return Err(NotAQuantity);
        }
        let places: i64 = format!("{places:0<PLACES$}").parse().map_err(|_| NotAQuantity)?;
        let whole: i64 = whole.parse().map_err(|_| NotAQuantity)?;
        whole.checked_mul(ONE).and_then(|whole| whole.checked_add(places)).map(Self).ok_or(NotAQuantity)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = ONE.unsigned_abs();
        let (whole, rest) = (self.0.unsigned_abs() / one, self.0.unsigned_abs() % one);
        let sign = if self.0 < 0 { "-" } else { "" };
        if rest == 0 {
            write!(formatter, "{sign}{whole}")
        } else {
            let places = format!("{rest:0>PLACES$}");
            write!(formatter, "{sign}{whole}.{}", places.trim_end_matches('0'))
        }
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{NotAQuantity, Quantity};

    fn check_quantity(text: &str, shown: Result<&str, NotAQuantity>) {
        let read = text.parse::<Quantity>().map(|quantity| quantity.to_string());
        assert_eq!(read.as_deref().map_err(|error| *error), shown, "{text}");
    }

    #[test]
    fn quantities_are_decimal_text() {
        check_quantity("3", Ok("3"));
        check_quantity("2.50", Ok("2.5"));
        check_quantity("0.00001", Ok("0.00001"));
        for refused in ["", "-1", "1.", ".5", "1.000001", "1e3", "99999999999999999999"] {
            check_quantity(refused, Err(NotAQuantity));
        }
        let oversold = Quantity::default().minus("2.5".parse().expect("a quantity"));
        assert_eq!(oversold.to_string(), "-2.5");
    }
}
