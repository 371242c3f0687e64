//! A folder of recordings, read as `omnihub replay` reads it: `DIR/<connection>/<file>`, a bare body or
//! `{"headers", "body", "topic"}` or the text of an HTTP request (`.http`); an `index.json` at the top may name kind and
//! topic. Only webhooks are played. Everything is signed anew, with the demo's secrets.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::story::Step;
use crate::support::connections;
use crate::support::delivery::{Outgoing, Signer};

const INDEX: &str = "index.json";
const WEBHOOK: &str = "webhook";
const OK: u16 = 200;
/// A folder that names no connection is answered as one that does not exist.
const UNAUTHORIZED: u16 = 401;

#[derive(Deserialize)]
struct IndexEntry {
    file: String,
    kind: Option<String>,
    topic: Option<String>,
}

#[derive(Deserialize)]
struct Wrapper<'a> {
    #[serde(default)]
    headers: BTreeMap<String, serde_json::Value>,
    #[serde(borrow)]
    body: &'a RawValue,
    topic: Option<String>,
}

/// All deliveries of a folder, by file name.
///
/// # Errors
/// The folder cannot be read, or holds no delivery.
pub fn read(dir: &Path) -> anyhow::Result<Vec<Step>> {
    let index = read_index(dir)?;
    let mut files = Vec::new();
    collect(dir, "", &mut files).with_context(|| format!("{} cannot be read", dir.display()))?;
    files.sort();
    files.retain(|file| {
        index.get(file).and_then(|entry| entry.kind.as_deref()).is_none_or(|kind| kind == WEBHOOK)
    });
    if files.is_empty() {
        bail!("{} holds no deliveries: files in folders named by connection are expected", dir.display());
    }
    // A folder of one connection may be named itself.
    let own_name =
        dir.canonicalize().ok().and_then(|dir| Some(dir.file_name()?.to_string_lossy().into_owned()));
    let own_name = own_name.unwrap_or_default();
    files.iter().map(|file| Ok(step(read_one(dir, file, index.get(file), &own_name)?))).collect()
}

fn step(delivery: Outgoing) -> Step {
    let expected_status = if connections::named(&delivery.connection).is_some() { OK } else { UNAUTHORIZED };
    Step { delivery, signer: Signer::Provider, expected_status }
}

fn read_index(dir: &Path) -> anyhow::Result<BTreeMap<String, IndexEntry>> {
    let path = dir.join(INDEX);
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let text = std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let entries: Vec<IndexEntry> = serde_json::from_slice(&text)
        .with_context(|| format!("{} is not a list of files", path.display()))?;
    Ok(entries.into_iter().map(|entry| (entry.file.clone(), entry)).collect())
}

fn collect(dir: &Path, below: &str, files: &mut Vec<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{below}{name}");
        let is_recording = name.ends_with(".json") || name.ends_with(".http");
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files)?;
        } else if is_recording && path != INDEX && name != "events.json" {
            files.push(path);
        }
    }
    Ok(())
}

fn read_one(dir: &Path, file: &str, entry: Option<&IndexEntry>, own_name: &str) -> anyhow::Result<Outgoing> {
    let path = dir.join(file);
    let bytes = std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let bare = Outgoing {
        connection: file.split_once('/').map_or(own_name, |(connection, _)| connection).to_owned(),
        // Unique in the folder, and the same whenever it is played.
        id: file.to_owned(),
        topic: entry.and_then(|entry| entry.topic.clone()),
        headers: Vec::new(),
        body: Vec::new(),
    };
    if file.ends_with(".http") {
        return Ok(from_http(bare, &bytes));
    }
    Ok(match serde_json::from_slice::<Wrapper<'_>>(&bytes) {
        Ok(wrapper) => from_wrapper(bare, wrapper),
        Err(_) => Outgoing { body: bytes, ..bare },
    })
}

fn from_wrapper(bare: Outgoing, wrapper: Wrapper<'_>) -> Outgoing {
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    // A body recorded as text is the text; one recorded as JSON is taken byte for byte.
    let raw = wrapper.body.get();
    let body = serde_json::from_str::<String>(raw).unwrap_or_else(|_| raw.to_owned());
    let headers = wrapper.headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), text(value)));
    Outgoing {
        headers: headers.filter(is_sendable).collect(),
        topic: wrapper.topic.or(bare.topic),
        body: body.into_bytes(),
        ..bare
    }
}

/// Request line, headers, an empty line, the body.
fn from_http(bare: Outgoing, bytes: &[u8]) -> Outgoing {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let headers = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    Outgoing { headers: headers.filter(is_sendable).collect(), body: body.as_bytes().to_vec(), ..bare }
}

/// What HTTP allows in a header; a recording may say more.
fn is_sendable((name, value): &(String, String)) -> bool {
    let name = reqwest::header::HeaderName::from_bytes(name.as_bytes());
    name.is_ok() && reqwest::header::HeaderValue::from_str(value).is_ok()
}
