//! An export as a page to read: one file, nothing loaded from anywhere, and whatever a customer wrote is text.

use maud::{DOCTYPE, Markup, html};
use serde_json::Value;

/// The page allows itself nothing but its own style, should something in it ever be taken for markup all the same.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
    table{border-collapse:collapse;width:100%}td,th{border:1px solid #ccc;padding:.3rem .5rem;text-align:left;\
    vertical-align:top;overflow-wrap:anywhere}th{width:14rem;background:#f5f5f5}pre{white-space:pre-wrap;\
    overflow-wrap:anywhere;background:#f5f5f5;padding:.5rem}";

/// The parts, in the order read, and their headings.
const PARTS: [(&str, &str); 7] = [
    ("customer", "Who it is, why we think so, and what they agreed to"),
    ("context", "As whoever serves them sees it"),
    ("timeline", "What happened, newest first"),
    ("conversations", "Conversations"),
    ("effects", "What the hub did because of it"),
    ("events", "What connected systems reported"),
    ("deliveries", "What arrived, as it arrived"),
];

/// Draws the document that the API answers.
pub(crate) fn page(export: &Value) -> String {
    let text = |pointer: &str| export.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let name = match text("/customer/summary/display_name") {
        "" => text("/customer/summary/id"),
        name => name,
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { "Everything about " (name) }
                style { (maud::PreEscaped(STYLE)) }
            }
            body {
                h1 { "Everything about " (name) }
                p { "As of " (text("/made_at")) ". The JSON document beside this page has the same for machines." }
                @for (part, heading) in PARTS {
                    @if let Some(value) = export.get(part).filter(|value| !is_empty(value)) {
                        h2 { (heading) }
                        @match value {
                            Value::Array(items) => { @for item in items { (tree(item)) br; } }
                            other => { (tree(other)) }
                        }
                    }
                }
            }
        }
    };
    page.into_string()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A value with all that is in it; what is empty is left out.
fn tree(value: &Value) -> Markup {
    match value {
        Value::Object(members) => html! {
            table {
                @for (name, value) in members.iter().filter(|(_, value)| !is_empty(value)) {
                    tr { th { (name.replace('_', " ")) } td { (tree(value)) } }
                }
            }
        },
        Value::Array(items) if items.iter().all(is_plain) => {
            let words: Vec<String> = items.iter().map(plain).collect();
            html! { (words.join(", ")) }
        }
        Value::Array(items) => html! { @for item in items { (tree(item)) } },
        Value::String(text) if text.contains('\n') || text.len() > 200 => html! { pre { (text) } },
        other => html! { (plain(other)) },
    }
}

fn is_plain(value: &Value) -> bool {
    !matches!(value, Value::Object(_) | Value::Array(_))
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_customer_wrote_is_no_markup() {
        let attack = "<script>alert(1)</script>\"'&";
        let export = serde_json::json!({
            "made_at": "2026-01-01T00:00:00Z",
            "customer": {"summary": {"id": "cus_1", "display_name": attack}},
            "timeline": [{"<b>": attack, "lines": [attack, {"note": format!("{attack}\n")}]}],
        });
        let drawn = page(&export);
        assert!(!drawn.contains("<script") && !drawn.contains("<b>"), "{drawn}");
        assert_eq!(drawn.matches("&lt;script&gt;").count(), 6, "{drawn}");
    }
}
