//! Orders in Shopify's shape and size, each of another id; every third customer comes back.

use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Whole HTTP requests, signed, for orders 0 to `count`.
pub(super) fn requests(count: usize, secret: &str) -> Vec<Vec<u8>> {
    requests_from(0, count, secret)
}

pub(super) fn requests_from(first: usize, count: usize, secret: &str) -> Vec<Vec<u8>> {
    (first..first + count).map(|number| request(number, secret)).collect()
}

fn request(number: usize, secret: &str) -> Vec<u8> {
    request_to("shopify", number, &body(number), secret)
}

/// A whole HTTP request to this connection.
pub(super) fn request_to(connection: &str, number: usize, body: &str, secret: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(body.as_bytes());
    let signature = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    format!(
        "POST /hooks/{connection} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         x-shopify-topic: orders/create\r\nx-shopify-shop-domain: bench.example.com\r\nx-shopify-api-version: 2026-04\r\n\
         x-shopify-webhook-id: bench-{number}\r\nx-shopify-hmac-sha256: {signature}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Between six and eight kilobytes, as a webhook with three lines, addresses, taxes and money sets is.
pub(super) fn body(number: usize) -> String {
    body_with_lines(number, LINES)
}

/// With so many lines, or with nothing in it that can be left out.
pub(super) fn body_with(number: usize, lines: Option<usize>) -> String {
    lines.map_or_else(|| short_body(number), |lines| body_with_lines(number, lines))
}

fn short_body(number: usize) -> String {
    let order = 7_000_000_000_000_u64 + number as u64;
    let customer = 5_000_000_000_000_u64 + (number as u64 * 2 / 3);
    format!(
        r#"{{"id":{order},"name":"{number}","created_at":"2026-03-01T10:00:00Z","updated_at":"2026-03-01T10:00:00Z","financial_status":"paid","currency":"EUR","total_price":"12.00","email":"kim{customer}@example.com","customer":{{"id":{customer},"email":"kim{customer}@example.com"}},"line_items":[],"note":"{}"}}"#,
        "As short as an order gets. ".repeat(25)
    )
}

/// Of most orders.
const LINES: usize = 3;

fn body_with_lines(number: usize, line_count: usize) -> String {
    let order = 7_000_000_000_000_u64 + number as u64;
    let customer = 5_000_000_000_000_u64 + (number as u64 * 2 / 3);
    let cents = 4_900 + (number % 400) as u64 * 50;
    let total = money(cents * line_count as u64);
    let set = |amount: &str| {
        format!(
            r#"{{"shop_money":{{"amount":"{amount}","currency_code":"EUR"}},"presentment_money":{{"amount":"{amount}","currency_code":"EUR"}}}}"#
        )
    };
    let address = format!(
        r#"{{"first_name":"Kim","last_name":"Muster {customer}","address1":"Beispielweg {}","address2":null,"phone":null,"city":"Musterstadt","zip":"12345","province":"Berlin","country":"Germany","company":null,"latitude":52.5,"longitude":13.4,"name":"Kim Muster {customer}","country_code":"DE","province_code":"BE"}}"#,
        number % 90
    );
    let lines: Vec<String> = (0..line_count)
        .map(|line| {
            let price = money(cents);
            format!(
                r#"{{"id":{},"admin_graphql_api_id":"gid://shopify/LineItem/{}","current_quantity":1,"fulfillable_quantity":1,"fulfillment_service":"manual","fulfillment_status":null,"gift_card":false,"grams":500,"name":"Rain jacket size {line}","price":"{price}","price_set":{},"product_exists":true,"product_id":{},"properties":[],"quantity":1,"requires_shipping":true,"sku":"JACKET-{line}","taxable":true,"title":"Rain jacket","total_discount":"0.00","total_discount_set":{},"variant_id":{},"variant_inventory_management":"shopify","variant_title":"size {line}","vendor":"Example","tax_lines":[{{"channel_liable":false,"price":"7.82","price_set":{},"rate":0.19,"title":"VAT"}}],"duties":[],"discount_allocations":[]}}"#,
                order * 1_000 + line as u64, order * 1_000 + line as u64, set(&price), 800_000 + line, set("0.00"), 900_000 + line, set("7.82")
            )
        })
        .collect();
    let minute = number / 60 % 60;
    let at = format!(
        "2026-03-{:02}T{:02}:{minute:02}:{:02}+01:00",
        number / 86_400 % 28 + 1,
        number / 3_600 % 24,
        number % 60
    );
    format!(
        r##"{{"id":{order},"admin_graphql_api_id":"gid://shopify/Order/{order}","app_id":580111,"browser_ip":null,"buyer_accepts_marketing":false,"cancel_reason":null,"cancelled_at":null,"cart_token":null,"checkout_id":{order},"checkout_token":"c{order}","closed_at":null,"confirmation_number":"C{number}","confirmed":true,"contact_email":"kim{customer}@example.com","created_at":"{at}","currency":"EUR","current_subtotal_price":"{total}","current_subtotal_price_set":{},"current_total_discounts":"0.00","current_total_price":"{total}","current_total_price_set":{},"current_total_tax":"23.46","customer_locale":"de","discount_codes":[],"email":"kim{customer}@example.com","estimated_taxes":false,"financial_status":"paid","fulfillment_status":null,"name":"#{number}","note":null,"note_attributes":[],"number":{number},"order_number":{number},"order_status_url":"https://bench.example.com/{order}/authenticate","payment_gateway_names":["example"],"phone":null,"presentment_currency":"EUR","processed_at":"{at}","source_name":"web","subtotal_price":"{total}","subtotal_price_set":{},"tags":"","tax_lines":[{{"price":"23.46","rate":0.19,"title":"VAT","price_set":{},"channel_liable":false}}],"taxes_included":true,"test":false,"token":"t{order}","total_discounts":"0.00","total_discounts_set":{},"total_line_items_price":"{total}","total_outstanding":"0.00","total_price":"{total}","total_price_set":{},"total_shipping_price_set":{},"total_tax":"23.46","total_tip_received":"0.00","total_weight":1500,"updated_at":"{at}","user_id":null,"billing_address":{address},"customer":{{"id":{customer},"email":"kim{customer}@example.com","created_at":"2025-01-01T00:00:00+01:00","updated_at":"{at}","first_name":"Kim","last_name":"Muster {customer}","state":"enabled","note":null,"verified_email":true,"multipass_identifier":null,"tax_exempt":false,"phone":null,"email_marketing_consent":null,"sms_marketing_consent":null,"tags":"","currency":"EUR","admin_graphql_api_id":"gid://shopify/Customer/{customer}","default_address":{address}}},"discount_applications":[],"fulfillments":[],"line_items":[{}],"payment_terms":null,"refunds":[],"shipping_address":{address},"shipping_lines":[]}}"##,
        set(&total),
        set(&total),
        set(&total),
        set("23.46"),
        set("0.00"),
        set(&total),
        set("0.00"),
        lines.join(",")
    )
}

fn money(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
