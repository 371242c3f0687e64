//! What a complaint about hub.toml may repeat of it. A secret in the wrong place is one of the things it complains about, so
//! values are never repeated, and keys only when they look like keys.

/// Our own keys are shorter; most keys and tokens of providers are longer.
const NAME_BYTES_MAX: usize = 40;
/// Names have a number in them, tokens many digits.
const NAME_DIGITS_MAX: usize = 4;
const HIDDEN: &str = "…";

/// The parser's message without the value it is about.
pub(super) fn message(text: &str) -> String {
    let (found, expected) = match text.rsplit_once(", expected ") {
        Some((found, expected)) => (found, format!(", expected {expected}")),
        None => (text, String::new()),
    };
    format!("{}{expected}", without_quoted(&without_quoted(found, '"'), '`'))
}

/// A key with dots between tables, without what is no name.
pub(super) fn key(key: &str) -> String {
    let shown = |part| if is_name(part) { part } else { HIDDEN };
    key.split('.').map(shown).collect::<Vec<_>>().join(".")
}

/// Everything from the first quotation mark to the last: what stands between may hold some itself.
fn without_quoted(text: &str, mark: char) -> String {
    match (text.split_once(mark), text.rsplit_once(mark)) {
        (Some((before, rest)), Some((_, behind))) if rest.contains(mark) => {
            let quoted = rest.rsplit_once(mark).map_or(rest, |(quoted, _)| quoted);
            let shown = if mark == '`' && is_name(quoted) { quoted } else { HIDDEN };
            format!("{before}{mark}{shown}{mark}{behind}")
        }
        _ => text.to_owned(),
    }
}

fn is_name(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    text.len() <= NAME_BYTES_MAX
        && text.bytes().all(is_letter)
        && text.bytes().filter(u8::is_ascii_digit).count() <= NAME_DIGITS_MAX
}

#[cfg(test)]
mod tests;
