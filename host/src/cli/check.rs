//! `omnihub check`: everything that is wrong with configuration, plugins, connections and rules, at once and before a
//! hub is started with it. Starts nothing and changes no data.

use std::process::ExitCode;
use std::sync::Arc;

use hub_rules::{RuleFile, RuleProblem, review};
use hub_runtime::{LogLevel, LogSink, PluginName, Runtime, RuntimeOptions};
use serde::Serialize;

use super::ConfigArg;
use super::exit::{Failed, PROBLEMS};
use super::out::Out;
use crate::config::{Config, Problem};
use crate::plugins::{PluginProblem, Plugins, components};
use crate::settings;

#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Reads the configuration with its secrets, installs the plugins, asks each connection what it lacks, and checks the rules
against them. Nothing is started. Exit code 1 when there are problems.

Examples:
  omnihub check
  omnihub check --config /etc/omnihub/hub.toml --json")]
pub(super) struct CheckArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Everything found. Plugins and rules stay empty while the configuration itself does not check.
#[derive(Serialize)]
struct Found {
    ok: bool,
    config: Vec<Problem>,
    plugins: Vec<PluginProblem>,
    connections: Vec<ConnectionProblem>,
    rules: Vec<RuleProblemDetails>,
    #[serde(skip)]
    drawn: Vec<RuleProblem>,
    #[serde(skip)]
    counted: String,
}

#[derive(Serialize)]
struct ConnectionProblem {
    connection: String,
    key: String,
    message: String,
}

#[derive(Serialize)]
pub(super) struct RuleProblemDetails {
    file: String,
    line: usize,
    column: usize,
    /// "error" or "warning"; a hub starts with warnings.
    severity: &'static str,
    kind: &'static str,
    message: String,
    help: String,
}

impl RuleProblemDetails {
    pub(super) fn new(problem: &RuleProblem) -> Self {
        let (line, column) = problem.line_column();
        Self {
            file: problem.file_name().to_owned(),
            line,
            column,
            severity: problem.severity.as_str(),
            kind: problem.kind.as_str(),
            message: problem.message.clone(),
            help: problem.help.clone(),
        }
    }
}

pub(super) fn check(out: &Out, args: &CheckArgs) -> Result<ExitCode, Failed> {
    let place = args.config.config.display().to_string();
    let found = match Config::load(&args.config.config) {
        Ok(config) if !config.plugins_dir.is_dir() => Found::of_config(vec![no_plugins_dir(place, &config)]),
        Ok(config) => look(config)?,
        Err(problems) => Found::of_config(problems),
    };
    if args.json {
        out.json(&found)?;
    } else {
        tell(out, &found)?;
    }
    Ok(if found.ok { ExitCode::SUCCESS } else { PROBLEMS.into() })
}

fn no_plugins_dir(place: String, config: &Config) -> Problem {
    Problem {
        place,
        key: "plugins_dir".to_owned(),
        message: format!("{} is no folder", config.plugins_dir.display()),
        help: "make it and put the connectors' *.wasm files there".to_owned(),
    }
}

/// The plugins of a configuration, installed without a hub.
pub(super) struct Installation {
    pub(super) config: Arc<Config>,
    pub(super) plugins: Plugins,
    pub(super) refused: Vec<PluginProblem>,
}

pub(super) fn install(config: Config) -> Result<Installation, Failed> {
    let config = Arc::new(config);
    let runtime = runtime(Some(&config))?;
    let paths = components(&config.plugins_dir).map_err(|error| Failed::file(&config.plugins_dir, &error))?;
    let plugins = Plugins::new(runtime, Arc::clone(&config));
    let refused = plugins.load(&paths);
    Ok(Installation { config, plugins, refused })
}

/// Uses the hub's cache of compiled code where there is one, and makes none.
pub(super) fn runtime(config: Option<&Config>) -> Result<Runtime, Failed> {
    let cache_dir = config.map(|config| config.data_dir.join("compiled")).filter(|dir| dir.is_dir());
    Runtime::new(RuntimeOptions { cache_dir, log: Arc::new(ToStderr), ..RuntimeOptions::default() })
        .map_err(|error| Failed::Internal(error.into()))
}

/// What plugins say while they are tried.
struct ToStderr;

impl LogSink for ToStderr {
    fn line(&self, plugin: &PluginName, level: LogLevel, message: &str, fields: &[(String, String)]) {
        use std::io::Write as _;
        let fields: String = fields.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        // Whoever closed stderr does not want to know.
        drop(writeln!(std::io::stderr(), "{plugin}: {level:?}: {message}{fields}"));
    }
}

fn look(config: Config) -> Result<Found, Failed> {
    let Installation { config, plugins, refused } = install(config)?;
    let installed = plugins.now();
    let mut connections = Vec::new();
    for (name, configured) in &config.connections {
        match installed.connections.get(name) {
            Some(connection) => {
                connections.extend(connection.problems.iter().map(|problem| ConnectionProblem {
                    connection: name.clone(),
                    key: problem.key.clone(),
                    message: problem.message.clone(),
                }))
            }
            None => connections.push(ConnectionProblem {
                connection: name.clone(),
                key: "connector".to_owned(),
                message: format!("no plugin with the id {} is in plugins_dir", configured.connector),
            }),
        }
    }
    let files =
        settings::rule_files(&config.rules_dir).map_err(|error| Failed::file(&config.rules_dir, &error))?;
    let (catalogue, _) = settings::catalogue(&config, &installed);
    let read: Vec<RuleFile<'_>> = files.iter().map(|(name, text)| RuleFile { name, text }).collect();
    let drawn = review(&read, &catalogue).problems;
    let counted = format!(
        "{} connection(s), {} connector(s), {} rule(s)",
        config.connections.len(),
        installed.connectors.len(),
        files.len()
    );
    Ok(Found {
        ok: refused.is_empty() && connections.is_empty() && !drawn.iter().any(RuleProblem::is_error),
        config: Vec::new(),
        plugins: refused,
        connections,
        rules: drawn.iter().map(RuleProblemDetails::new).collect(),
        drawn,
        counted,
    })
}

impl Found {
    fn of_config(problems: Vec<Problem>) -> Self {
        Self {
            ok: false,
            config: problems,
            plugins: Vec::new(),
            connections: Vec::new(),
            rules: Vec::new(),
            drawn: Vec::new(),
            counted: String::new(),
        }
    }

    fn count(&self) -> usize {
        self.config.len() + self.plugins.len() + self.connections.len() + self.rules.len()
    }
}

fn tell(out: &Out, found: &Found) -> Result<(), Failed> {
    for problem in &found.config {
        out.tell(&problem.to_string());
    }
    for problem in &found.plugins {
        out.tell(&format!("{}: {}", problem.file.display(), problem.message));
    }
    for problem in &found.connections {
        out.tell(&format!("connections.{}.{}: {}", problem.connection, problem.key, problem.message));
    }
    found.drawn.iter().for_each(|problem| out.diagnostic(problem));
    if !found.config.is_empty() {
        out.tell("plugins and rules are checked once these are mended");
    }
    if found.ok && !found.drawn.is_empty() {
        out.line(&format!("{} warning(s) and no errors in {}", found.drawn.len(), found.counted))?;
    } else if found.ok {
        out.line(&format!("no problems in {}", found.counted))?;
    } else {
        out.tell(&format!("{} problem(s)", found.count()));
    }
    Ok(())
}
