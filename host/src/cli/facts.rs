//! `omnihub facts`: each field with where it came from.

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::api::{Answer, Question};
use super::exit::Failed;
use super::listing::Reading;
use super::out::Out;
use super::show::{self, Column, Drawn, cell, rows};

#[derive(Debug, Args)]
#[command(after_long_help = "\
Of every field: its value, the event that taught it with its connection, when that happened and when the hub learned it.

Examples:
  omnihub facts cus_0123456789abcdef0123456789abcdef      a customer, system by system
  omnihub facts order shop 6120034418233947201            a thing, by kind, connection and the provider's id
  omnihub facts inventory_level shop 808950810/655441491/available    by item, place and state
  omnihub facts order shop 6120034418233947201 --as-of 2026-03-01T00:00:00Z")]
pub(super) struct FactsArgs {
    /// A customer's id, or the kind of a thing: order, checkout, interaction, ticket, loyalty_account, survey,
    /// inventory_level
    what: String,
    /// The thing's connection
    #[arg(requires = "id")]
    connection: Option<String>,
    /// The provider's id of it
    id: Option<String>,
    #[command(flatten)]
    reading: Reading,
}

const COLUMNS: [Column; 7] = [
    ("field", "/field"),
    ("value", "/value"),
    ("event", "/source/name"),
    ("happened", "/source/happened_at"),
    ("learned", "/source/learned_at"),
    ("delivery", "/source/delivery"),
    ("said by", "/said/by"),
];

pub(super) async fn facts(out: &Out, args: FactsArgs) -> Result<ExitCode, Failed> {
    let FactsArgs { what, connection, id, reading } = args;
    match (connection, id) {
        (Some(connection), Some(id)) => {
            reading.print(out, Question::get(&["facts", &what, &connection, &id]), thing).await
        }
        _ => reading.print(out, Question::get(&["customers", &what, "facts"]), profiles).await,
    }
}

fn thing(out: &Out, answer: &Answer) -> Drawn {
    sourced(out, &answer.json)?;
    Ok(ExitCode::SUCCESS)
}

fn profiles(out: &Out, answer: &Answer) -> Drawn {
    rows(&answer.json, "/profiles").iter().try_for_each(|profile| sourced(out, profile))?;
    Ok(ExitCode::SUCCESS)
}

fn sourced(out: &Out, facts: &Value) -> Result<(), Failed> {
    let heading = ["/kind", "/connection", "/id"].map(|pointer| cell(facts, pointer)).join(" ");
    show::section(out, &heading, rows(facts, "/facts"), &COLUMNS)
}
