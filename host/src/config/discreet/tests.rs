//! Complaints as the parser writes them.

use super::*;

#[track_caller]
fn check_message(text: &str, expected: &str) {
    assert_eq!(message(text), expected);
}

#[test]
fn values_are_not_repeated() {
    check_message(
        r#"invalid type: string "s3cret", expected u64"#,
        r#"invalid type: string "…", expected u64"#,
    );
    check_message(
        r#"invalid type: string "a"b, expected c", expected u64"#,
        r#"invalid type: string "…", expected u64"#,
    );
    check_message(
        "invalid value: integer `123456789`, expected u32",
        "invalid value: integer `…`, expected u32",
    );
    check_message("missing field `connector`", "missing field `connector`");
    check_message("unclosed table, expected `]`", "unclosed table, expected `]`");
}

#[test]
fn keys_are_repeated_when_they_look_like_keys() {
    check_message(
        "unknown field `lissten`, expected `listen` or `token`",
        "unknown field `lissten`, expected `listen` or `token`",
    );
    for secret in ["shpat_0123456789abcdef", "Bearer abc", "AbCdEf", "a`b", "x".repeat(41).as_str()] {
        check_message(&format!("unknown field `{secret}`, expected `a`"), "unknown field `…`, expected `a`");
    }
    assert_eq!(key("connections.shop-2.secrets.api_token"), "connections.shop-2.secrets.api_token");
    assert_eq!(key("connections.shop.secrets.shpat_0123456789abcdef"), "connections.shop.secrets.…");
}
