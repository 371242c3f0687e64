//! Corrected messages as labelled cases: the form of the enricher's own labelled set, a file per language and a line
//! "label | intents | topic | text" per message.

use std::collections::{BTreeMap, BTreeSet};

/// Where messages in no language stand.
const NO_LANGUAGE: &str = "signs";
const NOTHING: &str = "-";

/// What a person who opens the file has to know, and the part of the set its cases belong to.
const HEAD: &str = "\
# Messages people corrected. These are customers' own words: keep the file as you keep their data, and do not commit it.

# develop
";

/// A message with what is taken for true of it.
pub(super) struct Case {
    pub(super) language: Option<String>,
    pub(super) label: String,
    /// The one to act on first leads.
    pub(super) intents: Vec<String>,
    pub(super) topic: Option<String>,
    pub(super) text: String,
}

impl Case {
    fn line(&self) -> String {
        let intents = match self.intents.is_empty() {
            true => NOTHING.to_owned(),
            false => self.intents.join(", "),
        };
        let topic = self.topic.as_deref().unwrap_or(NOTHING);
        let text = self.text.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("{} | {intents} | {topic} | {text}\n", self.label)
    }

    fn file(&self) -> String {
        let name = self.language.as_deref().unwrap_or(NO_LANGUAGE);
        // What a plugin says becomes part of a path: only what a language's name is made of.
        let name: String = name.chars().filter(|sign| sign.is_ascii_alphanumeric() || *sign == '-').collect();
        format!("{}.txt", if name.is_empty() { NO_LANGUAGE } else { &name })
    }
}

/// The files by name. The same message of two people is one case.
pub(super) fn files(cases: &[Case]) -> BTreeMap<String, String> {
    let mut lines: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for case in cases {
        lines.entry(case.file()).or_default().insert(case.line());
    }
    let whole = |(file, lines): (String, BTreeSet<String>)| {
        (file, HEAD.to_owned() + &lines.into_iter().collect::<String>())
    };
    lines.into_iter().map(whole).collect()
}
