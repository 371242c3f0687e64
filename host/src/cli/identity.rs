//! `omnihub identity`: what other limits would make of everybody.

use std::process::ExitCode;

use clap::Subcommand;
use hub_fold::read::{Difference, Planned, Regrouped};
use hub_journal::{Journal, Options};

use super::ConfigArg;
use super::api::require_data;
use super::exit::Failed;
use super::out::Out;
use super::table::Table;
use super::upkeep::{blocking, progress};
use crate::config::Config;
use crate::data::in_memory;
use crate::what_if::{self, If};

/// Rows of a table for people; `--json` has a thousand.
const SHOWN_MAX: usize = 20;

#[derive(Debug, Subcommand)]
pub(super) enum IdentityCommand {
    /// Tells which customers other limits or another block list would join or part, and which effects would change
    #[command(after_long_help = "\
Folds the journal twice into memory, as it was folded and with the [identity] of the configuration named here, and prints
the difference. Nothing is written, and a hub may run meanwhile.

Examples:
  cp hub.toml try.toml && edit try.toml && omnihub identity try --config try.toml")]
    Try {
        #[command(flatten)]
        config: ConfigArg,
        /// Print the difference as JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn identity(out: &Out, command: IdentityCommand) -> Result<ExitCode, Failed> {
    let IdentityCommand::Try { config, json } = command;
    let config = config.load()?;
    let difference = blocking(move || tried(&config)).await?;
    if json { out.json(&difference) } else { draw(out, &difference) }
}

fn tried(config: &Config) -> Result<Difference, Failed> {
    let dir = require_data(config)?;
    // Looking takes no lock, so a hub may run.
    let (journal, _) = Journal::open_read_only(&dir, Options::default()).map_err(anyhow::Error::from)?;
    let bar = progress(journal.durable().get().saturating_mul(2));
    let now = in_memory(&journal, journal.durable().get(), &mut |at| bar.set_position(at))
        .map_err(anyhow::Error::from)?;
    let folded = bar.position();
    let change = If::Identity { limits: config.identity_limits, blocked_keys: config.blocked_keys.clone() };
    let difference = what_if::against(&now, &journal, &change, &mut |at| bar.set_position(folded + at));
    bar.finish_and_clear();
    Ok(difference?)
}

fn draw(out: &Out, difference: &Difference) -> Result<ExitCode, Failed> {
    let mut table = Table::pairs();
    table.pair("customers now", difference.customers);
    table.pair("customers then", difference.customers_other);
    table.pair("joined", difference.joined.count);
    table.pair("parted", difference.split.count);
    table.pair("effects more", difference.effects_more.count);
    table.pair("effects fewer", difference.effects_fewer.count);
    out.table(&table)?;
    regrouped(out, "Would be one", &difference.joined.first)?;
    regrouped(out, "Would be several", &difference.split.first)?;
    if !difference.rules.is_empty() {
        let mut table = Table::new(&["rule", "more", "fewer"]);
        for (rule, change) in &difference.rules {
            table.row([rule.clone(), change.more.to_string(), change.fewer.to_string()]);
        }
        out.line("\nRules")?;
        out.table(&table)?;
    }
    planned(out, "Effects that would not have been planned", &difference.effects_fewer.first)
}

fn regrouped(out: &Out, heading: &str, rows: &[Regrouped]) -> Result<(), Failed> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(&["customer", "customers"]);
    for row in rows.iter().take(SHOWN_MAX) {
        let several = row.several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        table.row([row.one.to_string(), several]);
    }
    out.line(&format!("\n{heading}"))?;
    out.table(&table)?;
    Ok(())
}

fn planned(out: &Out, heading: &str, rows: &[Planned]) -> Result<ExitCode, Failed> {
    if rows.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["effect", "rule", "action", "planned"]);
    for row in rows.iter().take(SHOWN_MAX) {
        let action = format!("{}.{}", row.connection, row.action);
        table.row([row.effect.to_string(), row.rule.clone(), action, row.planned_at.to_string()]);
    }
    out.line(&format!("\n{heading}"))?;
    out.table(&table)
}
