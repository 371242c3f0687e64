//! Sorts the lists into tables, so that a call searches and never reads or sorts. VADER's word list is turned into
//! hashes here: a component that carries the text and reads it at a call is five times as large and slow.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

#[path = "src/lists.rs"]
mod lists;
#[path = "src/word_hash.rs"]
mod word_hash;

use lists::{LISTS, Lists};
use word_hash::word_hash;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/lists.rs");
    println!("cargo::rerun-if-changed=src/lists");
    println!("cargo::rerun-if-changed=src/word_hash.rs");
    let mut code = String::new();
    write_shared(&mut code, "LITTLE_WORDS", "&str", LISTS.map(|lists| lists.little_words.to_vec()))?;
    write_shared(&mut code, "LETTERS", "char", LISTS.map(|lists| lists.letters.to_vec()))?;
    write_tables(&mut code)?;
    write_general_words(&mut code)?;
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("tables.rs"), code)?;
    Ok(())
}

/// What several languages may have: each entry with the bits of those that have it.
fn write_shared<T: Ord + std::fmt::Debug>(
    code: &mut String,
    name: &str,
    kind: &str,
    of_each: [Vec<T>; LISTS.len()],
) -> Result<(), Box<dyn Error>> {
    let mut speakers: BTreeMap<T, u16> = BTreeMap::new();
    for (index, entries) in of_each.into_iter().enumerate() {
        for entry in entries {
            *speakers.entry(entry).or_default() |= 1 << index;
        }
    }
    writeln!(code, "pub(crate) static {name}: &[({kind}, u16)] = &[")?;
    for (entry, bits) in speakers {
        writeln!(code, "    ({entry:?}, {bits}),")?;
    }
    writeln!(code, "];")?;
    Ok(())
}

fn write_tables(code: &mut String) -> Result<(), Box<dyn Error>> {
    writeln!(code, "pub(crate) static TABLES: [Tables; {}] = [", LISTS.len())?;
    for lists in LISTS {
        let Lists { code: language, negators, contrasts, reproaches, .. } = lists;
        writeln!(code, "    Tables {{\n        code: {language:?}, negators: &{negators:?},")?;
        writeln!(code, "        contrasts: &{contrasts:?}, reproaches: &{reproaches:?},")?;
        writeln!(code, "        cues: &[{}],", sorted(cues(lists)))?;
        writeln!(code, "        intents: &[{}],", sorted(intents(lists)))?;
        writeln!(code, "        topics: &[{}],\n    }},", sorted(topics(lists)))?;
    }
    writeln!(code, "];")?;
    Ok(())
}

fn cues(lists: &Lists) -> Vec<(&'static str, String)> {
    let all = lists.cues.iter().flat_map(|(weight, patterns)| patterns.iter().map(move |one| (one, weight)));
    all.map(|(pattern, weight)| (*pattern, weight.to_string())).collect()
}

fn intents(lists: &Lists) -> Vec<(&'static str, String)> {
    let of = |(name, confidence, patterns): &(&str, i32, &'static [&'static str])| {
        let says = format!("({name:?}, {confidence})");
        patterns.iter().map(|pattern| (*pattern, says.clone())).collect::<Vec<_>>()
    };
    lists.intents.iter().flat_map(of).collect()
}

fn topics(lists: &Lists) -> Vec<(&'static str, String)> {
    let of = |(name, patterns): &(&str, &'static [&'static str])| {
        patterns.iter().map(|pattern| (*pattern, format!("{name:?}"))).collect::<Vec<_>>()
    };
    lists.topics.iter().flat_map(of).collect()
}

fn sorted(mut entries: Vec<(&'static str, String)>) -> String {
    entries.sort_unstable();
    entries.into_iter().map(|(pattern, says)| format!("({pattern:?}, {says}), ")).collect()
}

/// Words that feel weaker are noise in messages to shops: "like", "please", "cancel".
const VALENCE_MIN: f64 = 1.0;

/// VADER's words as hashes, and how each feels in tenths.
fn write_general_words(code: &mut String) -> Result<(), Box<dyn Error>> {
    let mut words: BTreeMap<u32, (String, i32)> = BTreeMap::new();
    for line in fs::read_to_string(vader()?.join("data/vader_lexicon.txt"))?.lines() {
        let mut fields = line.split('\t');
        let (Some(word), Some(Ok(valence))) = (fields.next(), fields.next().map(str::parse::<f64>)) else {
            continue;
        };
        let is_word = word.len() >= 3 && word.bytes().all(|byte| byte.is_ascii_lowercase());
        if !is_word || valence.abs() < VALENCE_MIN {
            continue;
        }
        #[expect(clippy::cast_possible_truncation, reason = "valences lie between -4 and 4")]
        let tenths = (valence * 10.0).round() as i32;
        if let Some((other, _)) = words.insert(word_hash(word), (word.to_owned(), tenths))
            && other != word
        {
            return Err(format!("{word} and {other} have one hash: choose another start value").into());
        }
    }
    let list = |values: Vec<String>| values.join(", ");
    let (hashes, valences) =
        words.iter().map(|(hash, (_, tenths))| (hash.to_string(), tenths.to_string())).unzip();
    writeln!(code, "pub(crate) static GENERAL_WORDS: [u32; {}] = [{}];", words.len(), list(hashes))?;
    writeln!(code, "pub(crate) static GENERAL_VALENCES: [i8; {}] = [{}];", words.len(), list(valences))?;
    Ok(())
}

/// Where cargo keeps the crate that brings VADER's list. It has no other way to the file, and the list is not ours to
/// copy.
fn vader() -> Result<PathBuf, Box<dyn Error>> {
    let manifest = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("Cargo.toml");
    let (cargo, host) = (env::var("CARGO")?, env::var("HOST")?);
    let asked = |how: &str| {
        let words = ["metadata", "--format-version", "1", how, "--filter-platform", &host, "--manifest-path"];
        Command::new(&cargo).args(words).arg(&manifest).output()
    };
    // In a new clone crates of other members may not be there yet, and cargo has to fetch them before it tells of any.
    let mut output = asked("--offline")?;
    if !output.status.success() {
        output = asked("--locked")?;
    }
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let text = |package: &serde_json::Value, key| Some(package.get(key)?.as_str()?.to_owned());
    let packages = metadata.get("packages").and_then(serde_json::Value::as_array);
    let found = packages.ok_or("cargo metadata names no packages")?.iter();
    let vader = found.into_iter().find(|package| text(package, "name").as_deref() == Some("vader-parity"));
    let path = vader.and_then(|package| text(package, "manifest_path")).ok_or("vader-parity is not there")?;
    Ok(Path::new(&path).parent().ok_or("a manifest without a folder")?.to_owned())
}
