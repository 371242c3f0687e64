//! `omnihub rule new`: a rule from the library into rules_dir, with its fixtures and the rules it needs. Never replaces what
//! somebody has written without being told to.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::library::{self, TEMPLATES, Template};
use crate::cli::ConfigArg;
use crate::cli::exit::Failed;
use crate::cli::out::Out;
use crate::cli::table::Table;

/// As the rule language has it.
const NAME_BYTES_MAX: usize = 64;

#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Every template is a whole rule: a paragraph of explanation, the rule, and two tests of its own. It is written in the shadow:
taken over, it records what it would have done and sends nothing until its file says `mode: on`. Names of queues, tags,
message templates, amounts and time zones are examples and are to be changed. A template that needs another one brings it
along.

Examples:
  omnihub rule new --list
  omnihub rule new --from unanswered-2h
  omnihub rule new --from thank-after-purchase thank-in-german")]
pub(in crate::cli) struct NewArgs {
    /// What the rule and its file are to be called; as the template without
    #[arg(conflicts_with = "list")]
    name: Option<String>,
    /// The template to begin with
    #[arg(long, value_name = "TEMPLATE", required_unless_present = "list", conflicts_with = "list")]
    from: Option<String>,
    /// List the templates
    #[arg(long)]
    list: bool,
    /// Replace files that are there and say something else
    #[arg(long, conflicts_with = "list")]
    force: bool,
    #[command(flatten)]
    config: ConfigArg,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// What becomes of a file that is there and says something else.
#[derive(Clone, Copy)]
enum Existing {
    Refuse,
    Replace,
}

struct Draft {
    path: PathBuf,
    text: String,
}

pub(super) fn new(out: &Out, args: NewArgs) -> Result<ExitCode, Failed> {
    let NewArgs { name, from, list: _, force, config, json } = args;
    let Some(from) = from else { return list(out, json) };
    let Some(template) = library::find(&from) else {
        let message = format!("there is no template `{from}`");
        return Err(Failed::not_found(message, "`omnihub rule new --list` lists them"));
    };
    let name = name.unwrap_or(from);
    if !is_name(&name) {
        let message = format!("a rule cannot be called `{name}`");
        let help = format!("use lower-case letters, digits, `-` and `_`, at most {NAME_BYTES_MAX}");
        return Err(Failed::usage(message, help));
    }
    let existing = if force { Existing::Replace } else { Existing::Refuse };
    let dir = config.load()?.rules_dir;
    // Who has a needed one may have made it their own: it stays as it is.
    let needed: Vec<&Template> =
        template.needs().filter(|needed| !file_of(&dir, needed.name).exists()).collect();
    let mut drafts = drafts_of(template, &name, &dir);
    drafts.extend(needed.iter().flat_map(|needed| drafts_of(needed, needed.name, &dir)));
    let drafts = unwritten(drafts, existing)?;
    drafts.iter().try_for_each(write)?;
    let written: Vec<String> = drafts.iter().map(|draft| draft.path.display().to_string()).collect();
    if json {
        let needs: Vec<&str> = template.needs().map(|needed| needed.name).collect();
        return out.json(&serde_json::json!({ "rule": name, "needs": needs, "written": written }));
    }
    for path in written {
        out.line(&format!("wrote {path}"))?;
    }
    tell_next(out, template, &file_of(&dir, &name));
    Ok(ExitCode::SUCCESS)
}

fn list(out: &Out, json: bool) -> Result<ExitCode, Failed> {
    if json {
        let template = |template: &Template| {
            let needs: Vec<&str> = template.needs().map(|needed| needed.name).collect();
            serde_json::json!({ "name": template.name, "about": template.about(), "needs": needs })
        };
        let templates: Vec<serde_json::Value> = TEMPLATES.iter().map(template).collect();
        return out.json(&serde_json::json!({ "templates": templates }));
    }
    let mut table = Table::new(&["template", "what"]);
    for template in TEMPLATES {
        table.row([template.name.to_owned(), template.summary()]);
    }
    out.table(&table)
}

/// The name becomes a file's name too.
fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_plain)
}

fn file_of(dir: &Path, rule: &str) -> PathBuf {
    dir.join(format!("{rule}.yaml"))
}

/// A rule's file and its fixtures.
fn drafts_of(template: &Template, name: &str, dir: &Path) -> Vec<Draft> {
    let rule = Draft { path: file_of(dir, name), text: template.text_called(name) };
    let fixture = |(path, text): (String, &str)| Draft { path: dir.join(path), text: text.to_owned() };
    std::iter::once(rule).chain(template.fixtures().map(fixture)).collect()
}

/// Those that are not there as they should be. Looked at before anything is written, so that it is all of it or nothing.
fn unwritten(drafts: Vec<Draft>, existing: Existing) -> Result<Vec<Draft>, Failed> {
    let mut unwritten = Vec::new();
    for draft in drafts {
        match (std::fs::read(&draft.path), existing) {
            (Ok(text), _) if text == draft.text.as_bytes() => {}
            (Ok(_), Existing::Refuse) => {
                let message = format!("{} is there already and says something else", draft.path.display());
                let help = "give the rule another name, or replace it with --force";
                return Err(Failed::problem(message, help));
            }
            (Err(error), _) if error.kind() != ErrorKind::NotFound => {
                return Err(Failed::file(&draft.path, &error));
            }
            _ => unwritten.push(draft),
        }
    }
    Ok(unwritten)
}

fn write(draft: &Draft) -> Result<(), Failed> {
    let folder = draft.path.parent().map_or(Ok(()), std::fs::create_dir_all);
    folder.and_then(|()| std::fs::write(&draft.path, &draft.text)).map_err(|error| {
        let message = format!("{} cannot be written: {error}", draft.path.display());
        Failed::unavailable(message, "check who may write there")
    })
}

fn tell_next(out: &Out, template: &Template, file: &Path) {
    for needed in template.needs() {
        out.tell(&format!("it reads what the rule {} writes: switch that one on first", needed.name));
    }
    out.tell("it is in the shadow: nothing is sent until its file says `mode: on`. Read it, and go on with");
    out.tell("  omnihub rule check                   whether it fits your connections");
    out.tell(&format!("  omnihub rule backtest {}", file.display()));
    out.tell("  omnihub rule plan                    what taking it over changes, and how");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drafts(dir: &Path) -> Vec<Draft> {
        drafts_of(library::find("vip-first").unwrap(), "mine", dir)
    }

    #[test]
    fn what_somebody_wrote_is_replaced_only_when_told_to() {
        let dir = tempfile::tempdir().unwrap();
        let first = unwritten(drafts(dir.path()), Existing::Refuse).unwrap_or_default();
        assert_eq!(first.len(), 3);
        assert!(first.iter().all(|draft| write(draft).is_ok()));
        let again = unwritten(drafts(dir.path()), Existing::Refuse);
        assert!(again.is_ok_and(|drafts| drafts.is_empty()), "all is there as it should be");
        std::fs::write(dir.path().join("mine.yaml"), "rule: mine\n").unwrap();
        let refused = unwritten(drafts(dir.path()), Existing::Refuse);
        assert!(matches!(refused, Err(Failed::Problem { .. })));
        let replaced = unwritten(drafts(dir.path()), Existing::Replace).unwrap_or_default();
        assert_eq!(replaced.len(), 1);
    }

    #[test]
    fn a_name_leads_nowhere_else() {
        for name in ["a", "late-order_2", &"a".repeat(NAME_BYTES_MAX)] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "..", "../late", "Late", "a b", "a.yaml", "ä", &"a".repeat(NAME_BYTES_MAX + 1)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
