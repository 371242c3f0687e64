//! Walks through JSON as it is written and lets every scalar be written anew. Nothing is read into numbers, and
//! whatever stands between the scalars stays as it was: order, doubled members, spaces.

use std::borrow::Cow;

use serde::de::IgnoredAny;

/// A scalar as it is written, and the name of the member it belongs to; in a list that of the list.
pub(super) enum Scalar<'a> {
    Text(Cow<'a, str>),
    /// Digits as written.
    Number(&'a str),
}

struct Level {
    is_object: bool,
    /// A member's name comes next.
    at_name: bool,
    name: String,
}

/// The document with every name and scalar replaced; `None` when it is not JSON.
pub(super) fn rewritten(
    json: &str,
    name: &mut dyn FnMut(&str) -> Option<String>,
    scalar: &mut dyn FnMut(&str, Scalar<'_>) -> String,
) -> Option<String> {
    serde_json::from_str::<IgnoredAny>(json).ok()?;
    let mut written = String::with_capacity(json.len());
    let mut levels: Vec<Level> = Vec::new();
    let mut rest = json;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => text_length(rest)?,
            '-' | '0'..='9' => number_length(rest),
            _ => first.len_utf8(),
        };
        let (piece, behind) = rest.split_at_checked(length)?;
        rest = behind;
        let at_name = levels.last().is_some_and(|level| level.is_object && level.at_name);
        match first {
            '{' | '[' => {
                let name = levels.last().map(|level| level.name.clone()).unwrap_or_default();
                levels.push(Level { is_object: first == '{', at_name: first == '{', name });
            }
            '}' | ']' => drop(levels.pop()),
            ',' | ':' => {
                if let Some(level) = levels.last_mut() {
                    level.at_name = level.is_object && first == ',';
                }
            }
            '"' if at_name => {
                let own = text(piece);
                match name(&own) {
                    Some(other) => written.push_str(&quoted(&other)),
                    None => written.push_str(piece),
                }
                if let Some(level) = levels.last_mut() {
                    level.name = own.into_owned();
                }
                continue;
            }
            '"' | '-' | '0'..='9' => {
                let of = levels.last().map_or("", |level| level.name.as_str());
                let is_text = first == '"';
                let value = if is_text { Scalar::Text(text(piece)) } else { Scalar::Number(piece) };
                let value = scalar(of, value);
                written.push_str(&if is_text { quoted(&value) } else { value });
                continue;
            }
            _ => {}
        }
        written.push_str(piece);
    }
    Some(written)
}

pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

/// Up to and with the closing quote.
fn text_length(json: &str) -> Option<usize> {
    let mut bytes = json.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return Some(at + 1),
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
    None
}

fn number_length(json: &str) -> usize {
    let is_part = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    json.bytes().take_while(|byte| is_part(*byte)).count()
}

/// A text with half a surrogate pair is none; its letters are counted, not read.
fn text(quoted: &str) -> Cow<'_, str> {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let read: Result<String, _> = serde_json::from_str(quoted);
    Cow::Owned(read.unwrap_or_else(|_| "x".repeat(inner.chars().count())))
}
