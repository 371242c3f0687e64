//! For connectors' own tests, which run natively: recorded requests as the host would hand them over, and bodies that
//! went wrong on their way. Not for use in a connector itself.

use std::cell::RefCell;

use serde_json::Value;

use crate::{Delivery, Header, Topic, Webhook};

thread_local! {
    static SETTINGS: RefCell<Vec<(String, String)>> = const { RefCell::new(Vec::new()) };
}

/// Runs something while [`host::config`](crate::host::config) answers with these settings, on this thread.
pub fn with_settings<R>(settings: &[(String, String)], run: impl FnOnce() -> R) -> R {
    let before = SETTINGS.replace(settings.to_vec());
    let result = run();
    SETTINGS.replace(before);
    result
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn setting(key: &str) -> Option<String> {
    SETTINGS
        .with_borrow(|settings| settings.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone()))
}

/// A recorded request (a line `POST …`, lines `name: value`, an empty line, the body) as a delivery: with the topic
/// and the headers that `webhook` declares and no others. `None` when there is no empty line.
#[must_use]
pub fn delivery(http: &str, webhook: &Webhook, received_at: i64) -> Option<Delivery> {
    let (head, body) = http.split_once("\r\n\r\n").or_else(|| http.split_once("\n\n"))?;
    let headers: Vec<Header> = head.lines().skip(1).filter_map(header).collect();
    let topic = match &webhook.topic {
        Topic::Header(names) => names.iter().find_map(|name| {
            headers.iter().find(|header| header.name == *name).map(|header| header.value.clone())
        }),
        Topic::JsonPointer(pointer) => {
            let body: Option<Value> = serde_json::from_str(body).ok();
            body.and_then(|body| body.pointer(pointer)?.as_str().map(str::to_owned))
        }
        Topic::None => None,
    };
    let headers = headers.into_iter().filter(|header| webhook.headers.contains(&header.name)).collect();
    Some(Delivery { topic, headers, body: body.to_owned(), received_at })
}

fn header(line: &str) -> Option<Header> {
    let (name, value) = line.split_once(':')?;
    Some(Header { name: name.trim().to_ascii_lowercase(), value: value.trim().to_owned() })
}

/// A body after one small accident per choice: the first number says where, the second what. Same choices, same
/// result. A body that is not JSON comes back as it is.
#[must_use]
pub fn mutated(json: &str, choices: &[(u16, u8)]) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(json) else { return json.to_owned() };
    for (place, accident) in choices {
        let mut pointers = Vec::new();
        collect(&value, "", &mut pointers);
        let Some(pointer) = pointers.get(usize::from(*place) % pointers.len().max(1)) else { continue };
        if let Some(target) = value.pointer_mut(pointer) {
            *target = damaged(target.take(), *accident);
        }
    }
    // A number beyond what `Value` holds travels as a marked text until here.
    value.to_string().replace("\"HUGE\"", &"9".repeat(400))
}

fn collect(value: &Value, at: &str, pointers: &mut Vec<String>) {
    pointers.push(at.to_owned());
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(members) => {
            members
                .iter()
                .for_each(|(name, member)| collect(member, &format!("{at}/{}", escaped(name)), pointers));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| collect(item, &format!("{at}/{index}"), pointers));
        }
        _ => {}
    }
}

fn damaged(value: Value, accident: u8) -> Value {
    /// Beyond serde_json's own limit of 128.
    const DEEP: usize = 200;
    match accident % 12 {
        0 => Value::Null,
        1 => Value::Bool(true),
        2 => Value::from("HUGE"),
        3 => Value::from(""),
        4 => Value::from("-9223372036854775808"),
        5 => Value::from("\u{0}\u{202e}\u{1f9ff}e\u{301}\u{feff}"),
        6 => Value::Array(vec![value]),
        7 => Value::Object(serde_json::Map::new()),
        8 => (0..DEEP).fold(value, |inner, _| Value::Array(vec![inner])),
        9 => Value::from(-1.5),
        10 => Value::from(value.to_string()),
        _ => match value {
            Value::Object(members) => Value::Object(members.into_iter().skip(1).collect()),
            Value::Array(items) => items.iter().chain(&items).cloned().collect(),
            other => Value::from(format!("{other} {other}")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::square;

    #[test]
    fn settings_hold_while_something_runs() {
        let pairs = [("page_size".to_owned(), "50".to_owned())];
        let told = with_settings(&pairs, || crate::host::config::get("page_size"));
        assert_eq!(told.as_deref(), Some("50"));
        assert_eq!(crate::host::config::get("page_size"), None);
    }

    #[test]
    fn a_recorded_request_becomes_a_delivery() {
        let http =
            "POST /hooks/x HTTP/1.1\nSquare-Initial-Delivery-Timestamp: now\nother: 1\n\n{\"type\": \"a.b\"}";
        let delivery = delivery(http, &square::webhook(&[]), 7).unwrap();
        assert_eq!(delivery.topic.as_deref(), Some("a.b"));
        assert_eq!(delivery.header(&["square-initial-delivery-timestamp"]), Some("now"));
        assert_eq!((delivery.headers.len(), delivery.received_at), (1, 7));
        assert_eq!(delivery.body, "{\"type\": \"a.b\"}");
    }

    #[test]
    fn accidents_happen_where_and_as_chosen() {
        let body = r#"{"a": {"b": 1}}"#;
        assert_eq!(mutated(body, &[]), r#"{"a":{"b":1}}"#);
        assert_eq!(mutated(body, &[(2, 0)]), r#"{"a":{"b":null}}"#);
        assert_eq!(mutated(body, &[(2, 2)]), format!(r#"{{"a":{{"b":{}}}}}"#, "9".repeat(400)));
        assert_eq!(mutated("no json", &[(1, 1)]), "no json");
    }
}
