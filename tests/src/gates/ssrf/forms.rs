//! The addresses that are tried: `forms.txt`, with the escapes it uses.

use std::net::{IpAddr, Ipv6Addr};

use anyhow::{Context as _, bail};

const FORMS: &str = include_str!("forms.txt");

/// One way to write a place that no connector may call.
pub(super) struct Form {
    /// Of `forms.txt`.
    pub(super) line: usize,
    /// What the writer means to reach.
    pub(super) address: IpAddr,
    pub(super) text: String,
}

/// All of them, with this port.
///
/// # Errors
/// All lines of the file that are not in its form.
pub(super) fn all(port: u16) -> anyhow::Result<Vec<Form>> {
    let lines = FORMS.lines().zip(1..).filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
    let mut forms = Vec::new();
    let mut problems = Vec::new();
    for (text, line) in lines {
        match form(text, line, port) {
            Ok(form) => forms.push(form),
            Err(problem) => problems.push(format!("forms.txt:{line}: {problem:#}")),
        }
    }
    if problems.is_empty() { Ok(forms) } else { bail!("{}", problems.join("; ")) }
}

fn form(text: &str, line: usize, port: u16) -> anyhow::Result<Form> {
    let (address, text) = text.split_once(' ').context("an address, spaces and a form are expected")?;
    let address: IpAddr = address.parse().context("not an address")?;
    let text = unescaped(text.trim())?.replace("{port}", &port.to_string());
    let another = |read: &IpAddr| read.to_canonical() != address.to_canonical();
    if let Some(read) = literal(&text).filter(another) {
        // Also keeps a slip of the pen from sending a request somewhere.
        bail!("it is written for {address} and reads as {read}");
    }
    Ok(Form { line, address, text })
}

/// The address that a URL's host is, as the URL type reads it.
fn literal(text: &str) -> Option<IpAddr> {
    let url = reqwest::Url::parse(text).ok()?;
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

fn unescaped(text: &str) -> anyhow::Result<String> {
    let mut plain = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        plain.push(match letters.next().context("a backslash at the end")? {
            't' => '\t',
            'r' => '\r',
            'n' => '\n',
            '0' => '\0',
            's' => ' ',
            '\\' => '\\',
            'u' => {
                let digits: String = letters.by_ref().skip(1).take_while(|digit| *digit != '}').collect();
                char::from_u32(u32::from_str_radix(&digits, 16)?).context("no character")?
            }
            other => bail!("\\{other} stands for nothing"),
        });
    }
    Ok(plain)
}

impl Form {
    /// Whether a canary would hear a connection to it.
    pub(super) fn is_heard(&self) -> bool {
        match self.address.to_canonical() {
            IpAddr::V4(address) => address.is_loopback() || address.is_unspecified(),
            IpAddr::V6(address) => [Ipv6Addr::LOCALHOST, Ipv6Addr::UNSPECIFIED].contains(&address),
        }
    }

    /// Whether it can be called without asking for a name.
    pub(super) fn is_literal(&self) -> bool {
        literal(&self.text).is_some()
    }

    /// Host and port alone, where the form is an address of the web.
    pub(super) fn authority(&self) -> &str {
        let rest = self.text.split_once("://").map_or(self.text.as_str(), |(_, rest)| rest);
        rest.split_once('/').map_or(rest, |(authority, _)| authority)
    }
}
