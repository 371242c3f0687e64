//! Each signature against one made by `openssl dgst -sha256` (`-hmac KEY`, or `-macopt hexkey:` for the
//! Standard Webhooks key) over the same bytes.

use super::*;

/// Not ASCII throughout, with a blank and characters that escaping would touch.
const BODY: &str = r#"{"order":"ä <1> & \"quoted\"","n":1}"#;

fn check_header(headers: &Headers, name: &str, value: &str) {
    let found: Vec<_> =
        headers.iter().filter(|(given, _)| *given == name).map(|(_, it)| it.as_str()).collect();
    assert_eq!(found, [value], "{name}");
}

#[test]
fn shopify_signs_the_body() {
    let delivery = ShopifyDelivery {
        topic: "orders/create",
        shop_domain: "example.myshopify.com",
        api_version: "2026-04",
        webhook_id: "w-1",
        event_id: "e-1",
        triggered_at: "2026-03-01T10:00:00.000000001Z",
    };
    let headers = shopify("shop secret", &delivery, BODY.as_bytes());
    check_header(&headers, "x-shopify-hmac-sha256", "/2iDdD3a11pN4qgs3pVa3vXAZctYQatEjgTN29bvB4s=");
    check_header(&headers, "x-shopify-topic", "orders/create");
    let newer = shopify_events("shop secret", &delivery, BODY.as_bytes());
    let shorter =
        |(name, value): &(&'static str, String)| (name.strip_prefix("x-").expect("x-"), value.clone());
    assert_eq!(newer, headers.iter().map(shorter).collect::<Headers>());
}

#[test]
fn zendesk_signs_timestamp_and_body_with_the_secret_as_text() {
    let delivery = ZendeskDelivery {
        account_id: "1",
        webhook_id: "w",
        invocation_id: "i",
        timestamp: "2026-03-01T10:00:00Z",
    };
    // The secret is the base64 of something, and must not be decoded.
    let headers = zendesk("dGV4dCBub3QgYmFzZTY0", &delivery, BODY.as_bytes());
    let expected = "HKrevI+FaHQjDvQ3th4Qab6N0/Ygv409LibRd4NPFKc=";
    check_header(&headers, "x-zendesk-webhook-signature", expected);
    check_header(&headers, "x-zendesk-webhook-signature-timestamp", "2026-03-01T10:00:00Z");
}

#[test]
fn meta_signs_the_body_in_hex() {
    let headers = meta("app secret", BODY.as_bytes());
    let expected = "sha256=f4df801904deed28e58c77f1718f11087b353aa445f7acad6747f5eb9b29079a";
    check_header(&headers, "x-hub-signature-256", expected);
}

#[test]
fn square_signs_url_and_body() {
    let delivery = SquareDelivery {
        notification_url: "https://hub.example/in/square",
        initial_delivery_timestamp: "2026-03-01T10:00:00Z",
    };
    let headers = square("square key", &delivery, BODY.as_bytes());
    let expected = "4ahEjOA9PJ6Bua97khoxtsFb+87rPOqBUrO62HZakeo=";
    check_header(&headers, "x-square-hmacsha256-signature", expected);
}

#[test]
fn standard_webhooks_signs_id_time_and_body_with_the_decoded_key() {
    let delivery = StandardDelivery { id: "msg_1", timestamp: 1_772_359_200 };
    let encoded = "YSBzaWduaW5nIGtleSBvZiB0aGlydHktdHdvIGJ5dGU=";
    for secret in [encoded.to_owned(), format!("whsec_{encoded}")] {
        let headers = standard_webhooks(&secret, &delivery, BODY.as_bytes()).expect("a good secret");
        check_header(&headers, "webhook-signature", "v1,5NkPjde7S/mhMDi+HEHZTErxuXbIZLaVVukrYRwTBLc=");
        check_header(&headers, "webhook-timestamp", "1772359200");
    }
    assert_eq!(standard_webhooks("whsec_*", &delivery, b""), Err(BadSecret));
}

#[test]
fn voucherify_signs_the_body_in_hex() {
    let headers = voucherify("project secret", BODY.as_bytes());
    let expected = "76384c3d73408ccd6d0692c2e288082330fe06653da5df81c533939ad3613c8f";
    check_header(&headers, "x-voucherify-signature", expected);
}
