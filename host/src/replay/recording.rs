//! Recordings on disk: a bare body, `{"headers", "body", "topic"}`, or the text of an HTTP request (`.http`). The folder
//! names the connection; an `index.json` at the top may say more of each file. What `run --record` wrote also says of
//! itself which connections there were.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::record::{ABOUT, About, CALLS};

/// One recorded delivery.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Below the folder that is replayed.
    pub file: String,
    pub connection: String,
    pub headers: Vec<(String, String)>,
    pub topic: Option<String>,
    pub body: Vec<u8>,
    /// What the index calls it, where there is one.
    pub kind: Option<String>,
    /// Only webhooks are delivered.
    pub is_delivery: bool,
}

#[derive(Deserialize)]
struct IndexEntry {
    file: String,
    kind: Option<String>,
    topic: Option<String>,
}

#[derive(Deserialize)]
struct Wrapper<'a> {
    headers: Option<BTreeMap<String, serde_json::Value>>,
    #[serde(borrow)]
    body: &'a RawValue,
    topic: Option<String>,
}

const INDEX: &str = "index.json";

/// All recordings of a folder, by file name.
///
/// # Errors
/// The folder or the index cannot be read.
pub(super) fn read_all(dir: &Path) -> anyhow::Result<Vec<Recording>> {
    let index = read_index(dir)?;
    let mut files = Vec::new();
    collect(dir, "", &mut files).with_context(|| format!("{} cannot be read", dir.display()))?;
    files.sort();
    let about = About::of(dir)?;
    if about.is_some() {
        files.retain(|file| file != ABOUT);
        // As they were heard: numbered through, whatever their connection.
        files.sort_by_key(|file| (is_call(file), file.rsplit('/').next().map(str::to_owned)));
    }
    // A folder of one connection may be named itself.
    let own_name =
        dir.canonicalize().ok().and_then(|dir| Some(dir.file_name()?.to_string_lossy().into_owned()));
    files
        .into_iter()
        .map(|file| {
            let recording = read(dir, &file, index.get(&file), own_name.as_deref().unwrap_or("replay"))?;
            // The index of a hub that was killed may not name it.
            Ok(match about.is_some() && is_call(&file) {
                true => Recording { kind: Some("call".into()), is_delivery: false, ..recording },
                false => recording,
            })
        })
        .collect()
}

fn is_call(file: &str) -> bool {
    file.split('/').nth(1) == Some(CALLS)
}

fn read_index(dir: &Path) -> anyhow::Result<BTreeMap<String, IndexEntry>> {
    let path = dir.join(INDEX);
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let entries: Vec<IndexEntry> =
        serde_json::from_str(&text).with_context(|| format!("{} is not a list of files", path.display()))?;
    Ok(entries.into_iter().map(|entry| (entry.file.clone(), entry)).collect())
}

fn collect(dir: &Path, below: &str, files: &mut Vec<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{below}{name}");
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files)?;
        } else if (name.ends_with(".json") || name.ends_with(".http"))
            && path != INDEX
            && name != "events.json"
        {
            files.push(path);
        }
    }
    Ok(())
}

fn read(dir: &Path, file: &str, entry: Option<&IndexEntry>, own_name: &str) -> anyhow::Result<Recording> {
    let path = dir.join(file);
    let bytes = std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let connection = file.split_once('/').map_or(own_name, |(connection, _)| connection).to_owned();
    let kind = entry.and_then(|entry| entry.kind.clone());
    let is_delivery = kind.as_deref().is_none_or(|kind| kind == "webhook");
    let topic = entry.and_then(|entry| entry.topic.clone());
    let bare = Recording {
        file: file.to_owned(),
        connection,
        headers: Vec::new(),
        topic,
        body: Vec::new(),
        kind,
        is_delivery,
    };
    if file.ends_with(".http") {
        return Ok(from_http(bare, &bytes));
    }
    Ok(match serde_json::from_slice::<Wrapper<'_>>(&bytes) {
        // A provider's own payload may have a member "body" as well; a recording says more than that.
        Ok(wrapper) if wrapper.headers.is_some() || wrapper.topic.is_some() => from_wrapper(bare, &wrapper),
        _ => Recording { body: bytes, ..bare },
    })
}

fn from_wrapper(bare: Recording, wrapper: &Wrapper<'_>) -> Recording {
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    // A body recorded as text is the text; one recorded as JSON is taken byte for byte.
    let raw = wrapper.body.get();
    let body = serde_json::from_str::<String>(raw).unwrap_or_else(|_| raw.to_owned());
    Recording {
        headers: wrapper
            .headers
            .iter()
            .flatten()
            .map(|(name, value)| (name.to_ascii_lowercase(), text(value)))
            .collect(),
        topic: wrapper.topic.clone().or(bare.topic),
        body: body.into_bytes(),
        ..bare
    }
}

/// Request line, headers, an empty line, the body.
fn from_http(bare: Recording, bytes: &[u8]) -> Recording {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let headers = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    Recording {
        headers: headers
            .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
        body: body.as_bytes().to_vec(),
        ..bare
    }
}
