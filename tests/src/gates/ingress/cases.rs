//! Deliveries with something changed: `cases.txt`.

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::signed::{Signed, Way};

const CASES: &str = include_str!("cases.txt");

pub(super) struct Case {
    /// Of `cases.txt`.
    pub(super) line: usize,
    believed: &'static str,
    changes: Vec<&'static str>,
}

pub(super) fn all() -> Vec<Case> {
    let lines = CASES.lines().zip(1..).filter(|(text, _)| !text.is_empty() && !text.starts_with('#'));
    lines
        .map(|(text, line)| {
            let (believed, changes) = text.split_once(' ').unwrap_or((text, ""));
            let changes = changes.split(" ; ").map(str::trim).filter(|change| !change.is_empty()).collect();
            Case { line, believed, changes }
        })
        .collect()
}

impl Case {
    /// Whether a delivery that is changed like this is to be believed.
    ///
    /// # Errors
    /// The line does not say so in a word that is known.
    pub(super) fn is_believed(&self, way: &Way) -> anyhow::Result<bool> {
        Ok(match self.believed {
            "yes" => true,
            "no" => false,
            "hex" => way.is_hex(),
            "minified" => way.is_minified(),
            "untimed" => !way.is_timed(),
            "unaddressed" => !way.is_addressed(),
            "several" => way.may_hold_several(),
            other => bail!("cases.txt:{}: {other} is no expectation", self.line),
        })
    }

    /// # Errors
    /// A change is none that is known.
    pub(super) fn delivery(&self, way: &Way) -> anyhow::Result<Signed> {
        let late = self.changes.iter().find_map(|change| change.strip_prefix("time late "));
        let mut signed = way.signed(late.map_or(Ok(0), str::parse)?)?;
        for change in self.changes.iter().filter(|change| !change.starts_with("time late ")) {
            let words: Vec<String> = change.split(' ').map(unescaped).collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            change_one(&mut signed, &words).with_context(|| format!("cases.txt:{}: {change}", self.line))?;
        }
        Ok(signed)
    }
}

fn unescaped(text: &str) -> String {
    let escapes = [
        ("\\s", " "),
        ("\\t", "\t"),
        ("\\r", "\r"),
        ("\\n", "\n"),
        ("\\0", "\0"),
        ("\\u{feff}", "\u{feff}"),
        ("\\u{301}", "\u{301}"),
    ];
    escapes.into_iter().fold(text.to_owned(), |text, (escape, letter)| text.replace(escape, letter))
}

fn change_one(signed: &mut Signed, words: &[&str]) -> anyhow::Result<()> {
    let (what, change) = words.split_first().context("what is changed is missing")?;
    match *what {
        "body" => signed.body = changed(&signed.body, change)?,
        "signature" => {
            let name = signed.signature.clone();
            change_header(signed, &name, change)?;
        }
        "time" => {
            if let Some(name) = signed.time.clone() {
                change_header(signed, &name, change)?;
            }
        }
        "key" => change_key(&mut signed.keys, change)?,
        "url" if *change == ["drop"] => signed.url = None,
        "url" => {
            let url = signed.url.take().unwrap_or_default();
            signed.url = Some(String::from_utf8(changed(url.as_bytes(), change)?)?);
        }
        other => bail!("{other} is nothing that can be changed"),
    }
    Ok(())
}

fn change_header(signed: &mut Signed, name: &str, change: &[&str]) -> anyhow::Result<()> {
    let value = signed.header(name).context("the header is gone")?.clone();
    match change {
        ["drop"] => signed.headers.retain(|(known, _)| known != name),
        ["again"] => signed.headers.push((name.to_owned(), value)),
        ["again-otherwise"] => signed.headers.push((name.to_owned(), b"x".to_vec())),
        change => {
            let value = changed(&value, change)?;
            *signed.header(name).context("the header is gone")? = value;
        }
    }
    Ok(())
}

fn change_key(keys: &mut Vec<String>, change: &[&str]) -> anyhow::Result<()> {
    match change {
        ["drop"] => keys.clear(),
        ["drop-own"] => drop(keys.pop()),
        ["before", other] => keys.insert(0, (*other).to_owned()),
        ["after", other] => keys.push((*other).to_owned()),
        change => {
            let key = keys.first_mut().context("there is no key")?;
            *key = String::from_utf8(changed(key.as_bytes(), change)?)?;
        }
    }
    Ok(())
}

fn changed(text: &[u8], change: &[&str]) -> anyhow::Result<Vec<u8>> {
    let mut bytes = text.to_vec();
    match change {
        ["set"] => bytes.clear(),
        ["set", other] => bytes = other.as_bytes().to_vec(),
        ["append", more] => bytes.extend_from_slice(more.as_bytes()),
        ["insert", more] => bytes = [more.as_bytes(), text].concat(),
        ["twice"] => bytes.extend_from_slice(text),
        ["cut", count] => bytes.truncate(text.len().saturating_sub(count.parse()?)),
        ["replace", from, to] => {
            let text = String::from_utf8(bytes)?;
            anyhow::ensure!(text.contains(from), "{from} is not in it");
            bytes = text.replace(from, to).into_bytes();
        }
        ["upper"] => {
            // The prefix of a signature is a word of its own; its digits stand at the end.
            let from = text.len().saturating_sub(64);
            bytes.iter_mut().skip(from).for_each(u8::make_ascii_uppercase);
        }
        ["turn", at] => {
            let byte = bytes.get_mut(at.parse::<usize>()?).context("it is not that long")?;
            *byte = if *byte == b'0' { b'1' } else { b'0' };
        }
        ["swap"] => {
            let places = bytes.windows(2).rposition(|pair| matches!(pair, [left, right] if left != right));
            let at = places.context("all of it is the same")?;
            bytes.swap(at, at + 1);
        }
        ["shown", seconds] => bytes = shown(text, seconds.parse()?)?,
        ["other-encoding"] => bytes = other_encoding(text)?,
        other => bail!("{other:?} is no change"),
    }
    Ok(bytes)
}

/// A time so much later.
fn shown(text: &[u8], seconds: i64) -> anyhow::Result<Vec<u8>> {
    let text = std::str::from_utf8(text)?;
    if let Ok(unix) = text.parse::<i64>() {
        return Ok((unix + seconds).to_string().into_bytes());
    }
    let time: jiff::Timestamp = text.parse()?;
    Ok(time.checked_add(jiff::SignedDuration::from_secs(seconds))?.to_string().into_bytes())
}

/// Hex as base64, and the other way round, behind the same prefix.
fn other_encoding(text: &[u8]) -> anyhow::Result<Vec<u8>> {
    let text = std::str::from_utf8(text)?;
    let begin = text.find(['=', ',']).filter(|at| at + 1 < text.len() && *at < 10).map_or(0, |at| at + 1);
    let (prefix, shown) = text.split_at_checked(begin).context("no text")?;
    let other = match STANDARD.decode(shown) {
        Ok(mac) if mac.len() == 32 => mac.iter().map(|byte| format!("{byte:02x}")).collect(),
        _ => {
            let digits: Vec<char> = shown.chars().collect();
            let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16);
            STANDARD.encode(digits.chunks(2).map(byte).collect::<Result<Vec<u8>, _>>()?)
        }
    };
    Ok(format!("{prefix}{other}").into_bytes())
}
