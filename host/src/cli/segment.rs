//! `omnihub segment`: the segments in force, and who is in them.

use std::process::ExitCode;

use clap::Subcommand;

use super::api::{Answer, Question};
use super::exit::Failed;
use super::listing::Reading;
use super::out::Out;
use super::show::{self, Drawn};

#[derive(Debug, Subcommand)]
pub(super) enum SegmentCommand {
    /// Lists the segments in force, each with how many customers are in it
    #[command(after_long_help = "\
A segment is a file in rules_dir that begins with `segment:` and says `who:`. Rules act on `segment.<name>.entered` and
`segment.<name>.left`, and ask `{field: customer.segments, contains: <name>}`.

Examples:
  omnihub segment list
  omnihub segment list --as-of 2026-03-01 --json | jq '.segments[] | {id, customers}'")]
    List {
        #[command(flatten)]
        reading: Reading,
    },
    /// Shows who is in a segment, and since when
    #[command(after_long_help = "\
Examples:
  omnihub segment show loyal
  omnihub segment show loyal --limit 500 --json | jq -r '.customers[].id'")]
    Show {
        /// The segment's name
        #[arg(value_name = "SEGMENT")]
        segment: String,
        /// How many customers at most
        #[arg(long, value_name = "COUNT")]
        limit: Option<usize>,
        #[command(flatten)]
        reading: Reading,
    },
}

pub(super) async fn segment(out: &Out, command: SegmentCommand) -> Result<ExitCode, Failed> {
    match command {
        SegmentCommand::List { reading } => reading.print(out, Question::get(&["segments"]), listed).await,
        SegmentCommand::Show { segment, limit, reading } => {
            let question = Question::get(&["segments", &segment, "customers"]).with("limit", limit);
            reading.print(out, question, members).await
        }
    }
}

fn listed(out: &Out, answer: &Answer) -> Drawn {
    let columns =
        [("segment", "/id"), ("customers", "/customers"), ("settling", "/settling"), ("who", "/sentence")];
    show::listed(out, answer, "/segments", &columns, "segments")
}

fn members(out: &Out, answer: &Answer) -> Drawn {
    let columns = [
        ("customer", "/id"),
        ("name", "/display_name"),
        ("since", "/since"),
        ("orders", "/orders"),
        ("last contact", "/last_contact_at"),
    ];
    show::listed(out, answer, "/customers", &columns, "customers")
}
