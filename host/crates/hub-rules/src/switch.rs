//! A rule's file with its mode changed, for whoever tries a rule that is off.

use std::sync::Arc;

use miette::NamedSource;

use crate::parse::{Content, parse};
use crate::problem::Source;

/// The file as it reads switched on; as it is where it says no mode.
#[must_use]
pub fn switched_on(file_name: &str, text: &str) -> String {
    let source: Source = NamedSource::new(file_name, Arc::from(text));
    let node = parse(&source).ok().map(|(node, _)| node.content);
    let Some(Content::Map(entries)) = node else { return text.to_owned() };
    let mode = entries.iter().find(|entry| entry.key == "mode").map(|entry| entry.value.span);
    let parts = mode.and_then(|span| Some((text.get(..span.offset)?, text.get(span.end()..)?)));
    parts.map_or_else(|| text.to_owned(), |(before, after)| format!("{before}on{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_alone_changes() {
        let on = "rule: a\nmode: on # mode: off\nsays: 'mode: off'\n";
        for mode in ["off", "shadow", "'off'", "on"] {
            let text = on.replacen("mode: on", &format!("mode: {mode}"), 1);
            assert_eq!(switched_on("a.yaml", &text), on, "{mode}");
        }
        for text in ["", "rule: a", "- mode: off", "{"] {
            assert_eq!(switched_on("a.yaml", text), text);
        }
    }
}
