use proptest::prelude::*;

use super::{AmountError, Text, money, quantity, timestamp, unix_or_iso};
use crate::square::window::rfc3339;

fn check_money(amount: &str, currency: &str, expected: Result<i64, AmountError>) {
    assert_eq!(money(amount, currency).map(|money| money.minor), expected, "{amount} {currency}");
}

#[test]
fn amounts_are_exact_or_refused() {
    check_money("403.00", "USD", Ok(40_300));
    check_money("143.97", "usd", Ok(14_397));
    check_money("23600", "JPY", Ok(23_600));
    check_money("1.5", "BHD", Ok(1_500));
    check_money("-0.01", "EUR", Ok(-1));
    check_money("10.0000", "EUR", Ok(1_000));
    check_money("1e2", "EUR", Ok(10_000));
    check_money("0e99", "EUR", Ok(0));
    check_money("10.005", "EUR", Err(AmountError::TooPrecise));
    check_money("0.5", "JPY", Err(AmountError::TooPrecise));
    check_money("99999999999999999999", "EUR", Err(AmountError::TooLarge));
    check_money("1e40", "EUR", Err(AmountError::TooLarge));
    for bad in ["", "-", ".", "1.2.3", "12 EUR", "0x10", "1e", "NaN"] {
        check_money(bad, "EUR", Err(AmountError::NotANumber));
    }
}

#[test]
fn quantities_keep_five_decimals() {
    assert_eq!(quantity("2.5"), Ok(2_500_000));
    assert_eq!(quantity("-0.00001"), Ok(-10));
    assert_eq!(quantity("0.0000001"), Err(AmountError::TooPrecise));
}

#[test]
fn ids_of_any_length_stay_exact() {
    #[derive(Debug, serde::Deserialize)]
    struct Body {
        id: Text,
    }
    for (json, expected) in [
        (r#"{"id": 82098291194615450812345678}"#, "82098291194615450812345678"),
        (r#"{"id": "0017"}"#, "0017"),
        (r#"{"id": "gr\u00fc\u00df"}"#, "grüß"),
        (r#"{"id": "cut \ud83d"}"#, "cut \u{fffd}\u{fffd}\u{fffd}"),
    ] {
        assert_eq!(serde_json::from_str::<Body>(json).unwrap().id.0, expected);
    }
    assert!(serde_json::from_str::<Body>(r#"{"id": {}}"#).is_err());
    assert_eq!(Text("0".into()).id(), None);
}

#[test]
fn times_with_any_offset_and_precision() {
    let base = 1_640_995_200_000_000_000;
    for text in [
        "2022-01-01T00:00:00Z",
        "2021-12-31T19:00:00-05:00",
        "2022-01-01T00:00:00+0000",
        "2022-01-01T00:00:00.000000000Z",
        "1640995200",
        "1640995200000",
    ] {
        assert_eq!(unix_or_iso(text), Some(base), "{text}");
    }
    assert_eq!(timestamp("2022-01-01T00:00:00.672717030Z"), Some(base + 672_717_030));
    assert_eq!(timestamp("<TIME>"), None);
    assert_eq!(unix_or_iso("99999999999999999999"), None);
}

#[test]
fn times_at_the_borders_of_what_is_read() {
    let second = 1_483_228_799_000_000_000;
    assert_eq!(timestamp("2016-12-31T23:59:60Z"), Some(second));
    assert_eq!(timestamp("2016-12-31t23:59:60.5z"), Some(second + 500_000_000));
    assert_eq!(timestamp(" 2017-01-01 05:29:59+0530 "), Some(second));
    assert_eq!(timestamp("2262-04-11T23:47:16.854775807Z"), Some(i64::MAX));
    assert_eq!(timestamp("1677-09-21T00:12:43.145224192Z"), Some(i64::MIN));
    for unread in [
        "2262-04-11T23:47:16.854775808Z",
        "2017-02-29T00:00:00Z",
        "2017-01-01T24:00:00Z",
        "2017-01-01T00:00:61Z",
        "2017-01-01T00:00:00",
        "2017-01-01T00:00:00.Z",
        "2017-01-01T00:00:00.0123456789Z",
        "2017-01-01_00:00:00Z",
        "2017-01-01T00:00:00+00:60",
        "2017-01-01T00:00:00Z and more",
        "2017-01-01",
        "",
    ] {
        assert_eq!(timestamp(unread), None, "{unread}");
    }
}

/// The reader this one replaced, for its size alone.
fn by_jiff(text: &str) -> Option<i64> {
    let time: jiff::Timestamp = text.trim().parse().ok()?;
    i64::try_from(time.as_nanosecond()).ok()
}

proptest! {
    #[test]
    fn times_are_read_as_by_another_library(
        text in "(1[67]|19|20|22)[0-9]{2}-(0[0-9]|1[0-3])-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{1,10})?([Zz]|[+-][01][0-9]:?[0-6][0-9])",
    ) {
        prop_assert_eq!(timestamp(&text), by_jiff(&text), "{}", text);
    }

    #[test]
    fn what_is_no_time_to_another_library_is_none_here(
        text in "[0-9]{3,5}-[0-9]{2}-[0-9]{2}[T .]?[0-9]{2}:?[0-9]{2}(:[0-9]{2})?[.,]?[0-9]{0,3}[Z+-]?[0-9]{0,4}\\PC?",
    ) {
        if let Some(time) = timestamp(&text) {
            prop_assert_eq!(Some(time), by_jiff(&text), "{}", text);
        }
    }

    #[test]
    fn any_text_is_a_time_or_none(text in "\\PC{0,40}") {
        if let Some(time) = timestamp(&text) {
            prop_assert_eq!(Some(time), by_jiff(&text), "{}", text);
        }
    }

    #[test]
    fn times_are_written_as_by_another_library(at: i64) {
        let other = jiff::Timestamp::from_nanosecond(i128::from(at)).unwrap();
        prop_assert_eq!(rfc3339(at), other.to_string());
        prop_assert_eq!(timestamp(&rfc3339(at)), Some(at));
    }
}
