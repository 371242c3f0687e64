//! `omnihub interaction backtest`: what the enricher is worth by what people say. Asks the hub for all corrected
//! interactions and runs the component here, so that one can be tried before it is installed.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use hub_model::model::{Corrected, Finding};
use hub_runtime::{PluginKind, Text};
use serde::Serialize;
use serde_json::Value;

use super::labelled::{self, Case};
use super::score::{FieldScore, Found, Judged, Names, per_cent, scores};
use crate::cli::api::{Question, ask};
use crate::cli::exit::Failed;
use crate::cli::listing::Listing;
use crate::cli::out::Out;
use crate::cli::show::rows;
use crate::cli::table::Table;
use crate::cli::upkeep::blocking;
use crate::cli::{check, connector, privacy};
use crate::config::Config;
use crate::enrich;
use crate::plugins::Loaded;

/// Corrections asked for at once: the most one answer holds.
const PAGE: usize = 1_000;

/// Texts of one call: a busy delivery's, whose time limit holds here as well.
const TEXTS_AT_ONCE: usize = 32;

#[derive(Debug, Args)]
pub(in crate::cli) struct BackTestArgs {
    /// The enricher's component instead of the one in plugins_dir
    #[arg(long, value_name = "FILE")]
    enricher: Option<PathBuf>,
    /// Write the messages as labelled cases into this folder
    #[arg(long, value_name = "DIR")]
    export: Option<PathBuf>,
    #[command(flatten)]
    listing: Listing,
}

/// What the enricher is worth.
#[derive(Serialize)]
struct BackTest {
    /// Id and version.
    enricher: String,
    /// Messages people spoke of.
    messages: u64,
    /// Those of them with no text to ask about.
    without_text: u64,
    fields: Vec<FieldScore>,
}

/// A message people spoke of.
pub(super) struct Message {
    text: String,
    channel: Option<String>,
    found: Option<Understood>,
    said: Said,
}

/// The four fields as the API writes them.
#[derive(Clone, Default)]
struct Understood {
    language: Option<String>,
    sentiment: Option<String>,
    intents: Vec<String>,
    topic: Option<String>,
}

/// What people say of them; an empty name says that it is none.
#[derive(Default)]
struct Said {
    language: Option<String>,
    sentiment: Option<String>,
    intents: Option<Vec<String>>,
    topic: Option<String>,
}

pub(super) async fn backtest(out: &Out, args: BackTestArgs) -> Result<ExitCode, Failed> {
    let BackTestArgs { enricher, export, listing } = args;
    let config = listing.hub.config.load()?;
    let corrections = all(&listing).await?;
    let messages: Vec<Message> = corrections.iter().filter_map(Message::read).collect();
    if let Some(dir) = &export {
        write(out, dir, &messages)?;
    }
    let counted = corrections.len() as u64;
    let test = blocking(move || test(config, enricher.as_deref(), counted, &messages)).await?;
    if listing.json { out.json(&test) } else { draw(out, &test) }
}

/// Every correction there is, page by page.
async fn all(listing: &Listing) -> Result<Vec<Value>, Failed> {
    let mut corrections = Vec::new();
    let mut before = None;
    loop {
        let question = Question::get(&["corrections"]).with("before", before).with("limit", Some(PAGE));
        let answer = ask(&listing.hub, question).await?;
        corrections.extend_from_slice(rows(&answer.json, "/corrections"));
        before = answer.json.pointer("/next").and_then(Value::as_u64);
        if before.is_none() {
            return Ok(corrections);
        }
    }
}

fn word(row: &Value, pointer: &str) -> Option<String> {
    row.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

fn words(row: &Value, pointer: &str) -> Option<Vec<String>> {
    let items = row.pointer(pointer)?.as_array()?;
    Some(items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect())
}

impl Message {
    /// `None` without a text: there is nothing to ask about.
    pub(super) fn read(row: &Value) -> Option<Self> {
        let text = word(row, "/text").filter(|text| !text.trim().is_empty())?;
        let found = row.pointer("/found").filter(|found| !found.is_null()).map(|found| Understood {
            language: word(found, "/language"),
            sentiment: word(found, "/sentiment"),
            intents: words(found, "/intents").unwrap_or_default(),
            topic: word(found, "/topic"),
        });
        let said = Said {
            language: word(row, "/said/language/value"),
            sentiment: word(row, "/said/sentiment/value"),
            intents: words(row, "/said/intents/value"),
            topic: word(row, "/said/topic/value"),
        };
        Some(Self { text, channel: word(row, "/channel"), found, said })
    }

    /// The fields people spoke of, beside what was found then and what is found now.
    pub(super) fn judged(&self, now: &Finding) -> Vec<Judged> {
        let before = self.found.clone().unwrap_or_default().fields();
        let now = Understood::of(now).fields();
        let said = [
            self.said.language.as_deref().map(one),
            self.said.sentiment.as_deref().map(one),
            self.said.intents.as_ref().map(|names| names.iter().cloned().collect()),
            self.said.topic.as_deref().map(one),
        ];
        let fields = Corrected::FIELDS.into_iter().zip(said).zip(before.into_iter().zip(now));
        let judged = fields.filter_map(|((field, said), (before, now))| {
            Some(Judged { field, said: said?, found: Found { before, now } })
        });
        judged.collect()
    }

    /// As a labelled case; `None` while nobody, not even the enricher, said how it sounds.
    pub(super) fn case(&self) -> Option<Case> {
        let found = self.found.clone().unwrap_or_default();
        let said = |word: &Option<String>, found: Option<String>| {
            word.clone().or(found).filter(|name| !name.is_empty())
        };
        Some(Case {
            language: said(&self.said.language, found.language),
            label: said(&self.said.sentiment, found.sentiment)?,
            intents: self.said.intents.clone().unwrap_or(found.intents),
            topic: said(&self.said.topic, found.topic),
            text: self.text.clone(),
        })
    }
}

fn one(name: &str) -> Names {
    Some(name.to_owned()).into_iter().filter(|name| !name.is_empty()).collect()
}

impl Understood {
    fn of(finding: &Finding) -> Self {
        Self {
            language: finding.language.clone(),
            sentiment: Some(finding.sentiment.clone()),
            intents: finding.intents.iter().map(|intent| intent.name.clone()).collect(),
            topic: finding.topic.clone(),
        }
    }

    /// In the order of [`Corrected::FIELDS`].
    fn fields(self) -> [Names; 4] {
        let one = |name: Option<String>| name.as_deref().map(one).unwrap_or_default();
        [one(self.language), one(self.sentiment), self.intents.into_iter().collect(), one(self.topic)]
    }
}

fn write(out: &Out, dir: &Path, messages: &[Message]) -> Result<(), Failed> {
    let cases: Vec<Case> = messages.iter().filter_map(Message::case).collect();
    std::fs::create_dir_all(dir).map_err(|error| Failed::file(dir, &error))?;
    for (name, text) in labelled::files(&cases) {
        let path = dir.join(name);
        privacy::write(&path, &text).map_err(|error| Failed::file(&path, &error))?;
        out.tell(&format!("{} holds customers' own words", path.display()));
    }
    Ok(())
}

fn test(
    config: Config,
    enricher: Option<&Path>,
    counted: u64,
    messages: &[Message],
) -> Result<BackTest, Failed> {
    let enricher = component(config, enricher)?;
    let mut judged = Vec::new();
    for some in messages.chunks(TEXTS_AT_ONCE) {
        let text =
            |one: &Message| Text { text: one.text.clone(), language: None, channel: one.channel.clone() };
        let findings = enrich::found(&enricher.plugin, some.iter().map(text).collect());
        let findings = findings.map_err(|error| {
            Failed::problem(
                format!("the enricher failed: {error}"),
                "the hub would leave messages without findings",
            )
        })?;
        judged.extend(some.iter().zip(&findings).flat_map(|(one, now)| one.judged(now)));
    }
    Ok(BackTest {
        enricher: format!("{} {}", enricher.plugin.id(), enricher.plugin.version()),
        messages: counted,
        without_text: counted.saturating_sub(messages.len() as u64),
        fields: scores(&Corrected::FIELDS, &judged),
    })
}

/// The enricher of a file, or the one installed.
fn component(config: Config, file: Option<&Path>) -> Result<Arc<Loaded>, Failed> {
    let Some(path) = file else {
        let installed = check::install(config)?.plugins.now();
        return installed.enricher.clone().ok_or_else(|| {
            Failed::not_found("no enricher is in plugins_dir", "name a component with --enricher")
        });
    };
    if !path.is_file() {
        return Err(Failed::not_found(format!("there is no file {}", path.display()), "check the path"));
    }
    let loaded = connector::install(path)?;
    match loaded.plugin.kind() {
        PluginKind::Enricher => Ok(loaded),
        PluginKind::Connector(_) => {
            Err(Failed::usage(format!("{} is a connector", path.display()), "name an enricher's component"))
        }
    }
}

fn draw(out: &Out, test: &BackTest) -> Result<ExitCode, Failed> {
    if test.fields.is_empty() {
        out.tell("nobody corrected a message with a text yet");
        return Ok(ExitCode::SUCCESS);
    }
    let without = match test.without_text {
        0 => String::new(),
        without => format!(", {without} of them without a text"),
    };
    out.line(&format!("{} over {} corrected messages{without}\n", test.enricher, test.messages))?;
    let of = |part: u64, whole: u64| percent(per_cent(part, whole));
    let mut fields = Table::new(&["field", "messages", "agreed before", "agree now"]);
    for score in &test.fields {
        let agreed = [score.agreed.before, score.agreed.now].map(|agreed| of(agreed, score.messages));
        let [before, now] = agreed;
        fields.row([score.field.to_owned(), score.messages.to_string(), before, now]);
    }
    out.table(&fields)?;
    out.line("")?;
    let head = ["field", "class", "said", "precision before", "now", "recall before", "now"];
    let mut classes = Table::new(&head);
    for score in &test.fields {
        for class in &score.classes {
            let Found { before, now } = class.score;
            classes.row([
                score.field.to_owned(),
                class.class.clone(),
                class.said.to_string(),
                percent(before.precision),
                percent(now.precision),
                percent(before.recall),
                percent(now.recall),
            ]);
        }
    }
    out.table(&classes)
}

fn percent(value: Option<u64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value} %"))
}
