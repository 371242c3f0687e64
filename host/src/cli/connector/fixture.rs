//! A recorded delivery in one of three forms: the text of an HTTP request, JSON with `body` beside `headers` or `topic`,
//! or the bare body.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::cli::exit::Failed;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fixture {
    pub(super) headers: Vec<(String, String)>,
    pub(super) topic: Option<String>,
    pub(super) body: Vec<u8>,
}

/// Other members mean that the whole is a body which happens to have a `body`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrapper<'a> {
    headers: Option<BTreeMap<String, String>>,
    topic: Option<String>,
    #[serde(borrow)]
    body: &'a RawValue,
}

impl Fixture {
    pub(super) fn read(path: &Path) -> Result<Self, Failed> {
        let bytes = std::fs::read(path).map_err(|error| Failed::file(path, &error))?;
        if path.extension().is_some_and(|extension| extension == "http") {
            return Self::of_http(&bytes).ok_or_else(|| {
                Failed::problem(
                    format!("{} is no HTTP request", path.display()),
                    "a request line, headers, an empty line, then the body",
                )
            });
        }
        Ok(Self::of_wrapper(&bytes).unwrap_or(Self { headers: Vec::new(), topic: None, body: bytes }))
    }

    fn of_wrapper(bytes: &[u8]) -> Option<Self> {
        let wrapper: Wrapper<'_> = serde_json::from_slice(bytes).ok()?;
        if wrapper.headers.is_none() && wrapper.topic.is_none() {
            return None;
        }
        // A body recorded as text is that text; one recorded as JSON is taken byte for byte.
        let raw = wrapper.body.get();
        let body = serde_json::from_str::<String>(raw).unwrap_or_else(|_| raw.to_owned());
        Some(Self {
            headers: wrapper.headers.unwrap_or_default().into_iter().collect(),
            topic: wrapper.topic,
            body: body.into_bytes(),
        })
    }

    /// The body may be any bytes; what stands before the empty line must be text.
    fn of_http(bytes: &[u8]) -> Option<Self> {
        let (head, body) = split_at_empty_line(bytes);
        let head = std::str::from_utf8(head).ok()?;
        let mut lines = head.lines();
        let (method, _) = lines.next()?.split_once(" /")?;
        let headers: Option<Vec<(String, String)>> = lines
            .map(|line| {
                line.split_once(':').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            })
            .collect();
        let is_method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
        Some(Self { headers: headers.filter(|_| is_method)?, topic: None, body: body.to_vec() })
    }
}

fn split_at_empty_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let ends = [b"\r\n\r\n".as_slice(), b"\n\n"];
    let found = ends.iter().filter_map(|end| {
        let at = bytes.windows(end.len()).position(|window| window == *end)?;
        Some((at, at + end.len()))
    });
    match found.min() {
        Some((end, begin)) => (bytes.get(..end).unwrap_or(bytes), bytes.get(begin..).unwrap_or_default()),
        None => (bytes, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::Fixture;

    fn wrapped(header: Option<(&str, &str)>, topic: Option<&str>, body: &str) -> Option<Fixture> {
        Some(Fixture {
            headers: header.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            topic: topic.map(str::to_owned),
            body: body.as_bytes().to_vec(),
        })
    }

    fn check_wrapper(text: &str, expected: Option<Fixture>) {
        assert_eq!(Fixture::of_wrapper(text.as_bytes()), expected, "{text}");
    }

    #[test]
    fn a_wrapper_says_more_than_its_body() {
        check_wrapper(r#"{"topic": "t", "body": {"a":  1}}"#, wrapped(None, Some("t"), r#"{"a":  1}"#));
        check_wrapper(
            r#"{"headers": {"x": "1"}, "body": "raw text"}"#,
            wrapped(Some(("x", "1")), None, "raw text"),
        );
    }

    #[test]
    fn a_body_with_a_member_body_is_bare() {
        check_wrapper(r#"{"body": "hello"}"#, None);
        check_wrapper(r#"{"id": 1, "topic": "t", "body": "hello"}"#, None);
        check_wrapper("[1]", None);
        check_wrapper("not json", None);
    }

    #[test]
    fn a_request_has_a_head_and_any_body() {
        for (text, end) in [
            ("POST /x\nA: b:c\n\nbody\n\nmore", "body\n\nmore"),
            ("POST /x HTTP/1.1\r\nA: b:c\r\n\r\n\n\n", "\n\n"),
        ] {
            let fixture = Fixture::of_http(text.as_bytes()).expect("a request");
            assert_eq!(fixture.headers, [("A".to_owned(), "b:c".to_owned())]);
            assert_eq!(fixture.body, end.as_bytes());
        }
    }

    #[test]
    fn what_has_no_head_is_no_request() {
        for text in ["", "{\"a\": 1}\n\n", "{\"a\": \"b /\"}", "POST /x\nno colon here\n\n"] {
            assert_eq!(Fixture::of_http(text.as_bytes()), None, "{text}");
        }
    }
}
