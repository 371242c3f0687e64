//! `omnihub connector`: what is installed, what a component says of itself, what it makes of a delivery, and building
//! one. Works without a hub, so that a connector can be proven before it is used.

mod fixture;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;
use hub_model::Timestamp;
use hub_model::event::{Event, Note};
use hub_runtime::manifest::Role;
use hub_runtime::{Failure, Manifest, Patience, PluginKind};
use serde::Serialize;

use super::build::{BuildArgs, build};
use super::exit::Failed;
use super::out::Out;
use super::table::Table;
use super::{ConfigArg, check};
use crate::clock::Clock;
use crate::config::{Config, ConnectionConfig};
use crate::pipeline::Verified;
use crate::plugins::{Connection, Loaded, Plugins};
use fixture::Fixture;

#[derive(Debug, Subcommand)]
pub(super) enum ConnectorCommand {
    /// Lists the plugins of plugins_dir
    #[command(after_long_help = "Examples:\n  omnihub connector list")]
    List {
        #[command(flatten)]
        config: ConfigArg,
        /// Print the list as JSON
        #[arg(long)]
        json: bool,
    },
    /// Shows what a connector says of itself: settings, secrets, endpoints, actions
    #[command(after_long_help = "\
Examples:
  omnihub connector inspect shopify
  omnihub connector inspect target/component/connector-mine.wasm --json")]
    Inspect {
        /// A component's file, or the id of a plugin in plugins_dir
        connector: String,
        #[command(flatten)]
        config: ConfigArg,
        /// Print the manifest as JSON
        #[arg(long)]
        json: bool,
    },
    /// Hands a recorded delivery to a connector and prints what it makes of it
    #[command(after_long_help = "\
A fixture is a bare body, JSON with the members body, headers and topic, or the text of an HTTP request (*.http). The
connector gets the headers and the topic its manifest asks for, as from a provider; the signature is not checked. Exit
code 1 when the connector fails.

Examples:
  omnihub connector test mine.wasm --fixture order.json --topic orders/paid
  omnihub connector test mine.wasm --fixture delivery.http --settings shop=example --json")]
    Test(TestArgs),
    /// Builds a connector crate into a component
    Build(BuildArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct TestArgs {
    /// The component's file, or the id of a plugin in plugins_dir
    connector: String,
    /// The recorded delivery
    #[arg(long, value_name = "FILE")]
    fixture: PathBuf,
    /// The topic, over what fixture and headers say
    #[arg(long)]
    topic: Option<String>,
    /// A setting of the connection; may be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,
    /// When it was received; now, if it is not said
    #[arg(long, value_name = "TIME")]
    received_at: Option<Timestamp>,
    #[command(flatten)]
    config: ConfigArg,
    /// Print events and notes as one JSON document
    #[arg(long)]
    json: bool,
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as key=value")?;
    Ok((key.to_owned(), value.to_owned()))
}

pub(super) fn connector(out: &Out, command: ConnectorCommand) -> Result<ExitCode, Failed> {
    match command {
        ConnectorCommand::List { config, json } => list(out, &config, json),
        ConnectorCommand::Inspect { connector, config, json } => inspect(out, &connector, &config, json),
        ConnectorCommand::Test(args) => test(out, &args),
        ConnectorCommand::Build(args) => build(out, &args),
    }
}

#[derive(Serialize)]
struct Listed {
    plugins: Vec<ListedPlugin>,
    problems: Vec<crate::plugins::PluginProblem>,
}

#[derive(Serialize)]
struct ListedPlugin {
    id: String,
    version: String,
    kind: &'static str,
    abilities: Vec<&'static str>,
    connections: Vec<String>,
    file: PathBuf,
    digest: String,
    /// The name of the key in [plugin_keys] that it is signed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_by: Option<String>,
}

fn list(out: &Out, config: &ConfigArg, json: bool) -> Result<ExitCode, Failed> {
    let found = check::install(config.load()?)?;
    let installed = found.plugins.now();
    let plugins = installed.connectors.values().chain(&installed.enricher);
    let plugins: Vec<ListedPlugin> = plugins.map(|loaded| listed(loaded, &found.config)).collect();
    if json {
        return out.json(&Listed { plugins, problems: found.refused });
    }
    for problem in &found.refused {
        out.tell(&format!("{}: {}", problem.file.display(), problem.message));
    }
    let mut table = Table::new(&["id", "version", "kind", "abilities", "connections", "signed by", "file"]);
    for plugin in plugins {
        table.row([
            plugin.id,
            plugin.version,
            plugin.kind.to_owned(),
            plugin.abilities.join(", "),
            plugin.connections.join(", "),
            plugin.signed_by.unwrap_or_default(),
            plugin.file.display().to_string(),
        ]);
    }
    out.table(&table)
}

fn listed(loaded: &Loaded, config: &Config) -> ListedPlugin {
    let id = loaded.plugin.id();
    let used_by = config.connections.iter().filter(|(_, connection)| connection.connector == id);
    ListedPlugin {
        id: id.to_owned(),
        version: loaded.plugin.version().to_owned(),
        kind: kind(loaded),
        abilities: abilities(loaded),
        connections: used_by.map(|(name, _)| name.clone()).collect(),
        file: loaded.path.clone(),
        digest: loaded.plugin.digest_hex(),
        signed_by: loaded.signed_by.clone(),
    }
}

fn kind(loaded: &Loaded) -> &'static str {
    match loaded.plugin.kind() {
        PluginKind::Connector(_) => "connector",
        PluginKind::Enricher => "enricher",
    }
}

fn abilities(loaded: &Loaded) -> Vec<&'static str> {
    let has = loaded.plugin.abilities();
    [("webhook", has.webhook), ("poll", has.poll), ("action", has.action), ("subscription", has.subscription)]
        .into_iter()
        .filter_map(|(name, has)| has.then_some(name))
        .collect()
}

/// The component with this file or id, installed.
fn find(connector: &str, config: &ConfigArg) -> Result<Arc<Loaded>, Failed> {
    let path = Path::new(connector);
    if path.is_file() {
        return install(path);
    }
    if connector.contains(['/', '.']) {
        return Err(Failed::not_found(format!("there is no file {connector}"), "check the path"));
    }
    let found = check::install(config.load()?)?;
    let installed = found.plugins.now();
    let enricher = installed.enricher.iter().find(|loaded| loaded.plugin.id() == connector);
    installed.connectors.get(connector).or(enricher).cloned().ok_or_else(|| {
        let refused: Vec<String> =
            found.refused.iter().map(|one| format!("{}: {}", one.file.display(), one.message)).collect();
        let help = match refused.is_empty() {
            true => "`omnihub connector list` shows those there are".to_owned(),
            false => format!("refused were: {}", refused.join("; ")),
        };
        Failed::not_found(format!("no plugin with the id {connector} is in plugins_dir"), help)
    })
}

pub(super) fn install(path: &Path) -> Result<Arc<Loaded>, Failed> {
    let config =
        Config::parse("connector", "", Path::new(".")).map_err(|problems| Failed::Config { problems })?;
    let plugins = Plugins::new(check::runtime(None)?, Arc::new(config));
    let refused = plugins.load(&[path.to_owned()]);
    let installed = plugins.now();
    installed.connectors.values().next().or(installed.enricher.as_ref()).cloned().ok_or_else(|| {
        let why = refused.into_iter().next().map(|problem| problem.message).unwrap_or_default();
        Failed::problem(format!("{}: {why}", path.display()), "the hub would refuse it for the same reason")
    })
}

#[derive(Serialize)]
struct Inspected<'a> {
    id: &'a str,
    version: &'a str,
    kind: &'static str,
    abilities: Vec<&'static str>,
    digest: String,
    /// An enricher has none.
    manifest: Option<&'a Manifest>,
}

fn inspect(out: &Out, connector: &str, config: &ConfigArg, json: bool) -> Result<ExitCode, Failed> {
    let loaded = find(connector, config)?;
    let inspected = Inspected {
        id: loaded.plugin.id(),
        version: loaded.plugin.version(),
        kind: kind(&loaded),
        abilities: abilities(&loaded),
        digest: loaded.plugin.digest_hex(),
        manifest: loaded.plugin.manifest(),
    };
    if json {
        return out.json(&inspected);
    }
    let mut table = Table::pairs();
    table.pair("id", inspected.id);
    table.pair("version", inspected.version);
    table.pair("kind", inspected.kind);
    table.pair("abilities", inspected.abilities.join(", "));
    table.pair("digest", &inspected.digest);
    out.table(&table)?;
    inspected.manifest.map_or(Ok(ExitCode::SUCCESS), |manifest| manifest_tables(out, manifest))
}

fn manifest_tables(out: &Out, manifest: &Manifest) -> Result<ExitCode, Failed> {
    let yes = |truth: bool| if truth { "required" } else { "" }.to_owned();
    let mut settings = Table::new(&["setting", "kind", "required", "default", "what"]);
    for setting in &manifest.settings {
        let kind = format!("{:?}", setting.kind).to_lowercase();
        let default = setting.default.clone().unwrap_or_default();
        settings.row([setting.key.clone(), kind, yes(setting.required), default, setting.help.clone()]);
    }
    let mut endpoints = Table::new(&["endpoint", "base url", "paths", "what for"]);
    for endpoint in &manifest.endpoints {
        let row = [&endpoint.name, &endpoint.base_url, &endpoint.paths.join(" "), &endpoint.purpose];
        endpoints.row(row.map(Clone::clone));
    }
    let mut actions = Table::new(&["action", "for", "grade", "parameters", "what"]);
    for action in &manifest.actions {
        let parameters = action.parameters.iter().map(|one| match one.required {
            true => one.name.clone(),
            false => format!("[{}]", one.name),
        });
        let parameters = parameters.collect::<Vec<_>>().join(" ");
        let grade = format!("{:?}", action.grade).to_lowercase();
        actions.row([action.name.clone(), role(&action.role), grade, parameters, action.help.clone()]);
    }
    let mut fills = Table::new(&["fills", "fields rules may count on"]);
    for (thing, fields) in by_thing(manifest.fills()) {
        fills.row([thing.to_owned(), fields.join(" ")]);
    }
    for table in [settings, endpoints, actions, fills].iter().filter(|table| !table.is_empty()) {
        out.line("")?;
        out.table(table)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Names of fields by what they are of: `order.lines.sku` is the field `lines.sku` of an order.
fn by_thing<'f>(fields: impl IntoIterator<Item = &'f str>) -> BTreeMap<&'f str, Vec<&'f str>> {
    let mut things: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (thing, field) in fields.into_iter().filter_map(|field| field.split_once('.')) {
        things.entry(thing).or_default().push(field);
    }
    things
}

fn role(role: &Role) -> String {
    match role {
        Role::Work => String::new(),
        Role::Message(channel) => format!("writing by {channel}"),
        Role::Erase(_) => "erasing".to_owned(),
    }
}

/// What the hub would do with a delivery that is answered so.
fn consequence(failure: &Failure) -> &'static str {
    match failure {
        Failure::RetryAfterMs(_) => "the hub would try again when that time is over",
        Failure::Rejected(_) | Failure::Unsupported(_) => {
            "the hub would keep the delivery, parked; `omnihub delivery redrive` tries it again with a better connector"
        }
        Failure::Misconfigured(_) | Failure::Unauthorised(_) | Failure::OutcomeUnknown(_) => {
            "the hub would try again a few times, then keep the delivery, parked"
        }
    }
}

/// The connection a fixture is tested with.
const TEST_CONNECTION: &str = "test";

#[derive(Serialize)]
struct Tested {
    plugin: String,
    version: String,
    topic: Option<String>,
    events: Vec<Event>,
    notes: Vec<Note>,
    /// Fields of the catalogue that these events fill.
    fills: BTreeSet<String>,
    /// Those of them that the connector does not declare.
    undeclared: BTreeSet<String>,
}

fn test(out: &Out, args: &TestArgs) -> Result<ExitCode, Failed> {
    let fixture = Fixture::read(&args.fixture)?;
    let loaded = find(&args.connector, &args.config)?;
    let tested = normalise(&loaded, fixture, args)?;
    if args.json {
        return out.json(&tested);
    }
    for event in &tested.events {
        out.json(event)?;
    }
    for note in &tested.notes {
        let place = if note.path.is_empty() { "the whole body" } else { &note.path };
        out.tell(&format!("{:?} {place}: {}", note.remark, note.reason));
    }
    out.tell(&format!("{} event(s), {} note(s)", tested.events.len(), tested.notes.len()));
    if !tested.undeclared.is_empty() {
        let names: Vec<&str> = tested.undeclared.iter().map(String::as_str).collect();
        out.tell(&format!(
            "fields filled and not declared: {}; add them with Manifest::fills, so that `omnihub rule fields` names this \
             connector",
            names.join(" ")
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn normalise(loaded: &Arc<Loaded>, fixture: Fixture, args: &TestArgs) -> Result<Tested, Failed> {
    let plugin = &loaded.plugin;
    let connection =
        Connection::new(TEST_CONNECTION, &configured(plugin.id(), &args.settings), Arc::clone(loaded));
    // What is missing may not matter to this delivery; what was given and is unknown was meant otherwise.
    let given = |key: &str| args.settings.iter().any(|(name, _)| key == format!("settings.{name}"));
    if let Some(problem) = connection.problems.iter().find(|problem| given(&problem.key)) {
        let help = "`omnihub connector inspect` lists a connector's settings";
        return Err(Failed::usage(format!("{} {}", problem.key, problem.message), help));
    }
    let topic = args.topic.clone().or(fixture.topic);
    // From here on as from the ingress, so that a test sees what a delivery would.
    let Some(verified) = Verified::trusted(&connection, &fixture.headers, topic, fixture.body) else {
        return Err(Failed::problem(
            format!("{} {} receives no webhooks", plugin.id(), plugin.version()),
            "only connectors with the ability `webhook` can be tested with a delivery",
        ));
    };
    let delivery = verified.into_delivery();
    let body = String::from_utf8(delivery.body)
        .map_err(|_| Failed::problem("the body is not UTF-8", "the hub would park such a delivery"))?;
    let received_at = args.received_at.unwrap_or_else(|| Clock::System.now());
    let asked = hub_runtime::Delivery {
        topic: delivery.topic.clone(),
        headers: delivery.headers,
        body,
        received_at_ns: received_at.0,
    };
    let failed = |message: String, help: &str| Failed::problem(message, help);
    let report = plugin
        .normalise(asked, &connection.settings, Patience::Whole)
        .map_err(|error| {
            failed(error.to_string(), "the connector broke its contract; the hub would try again, then park")
        })?
        .map_err(|failure| failed(format!("the connector answered: {failure}"), consequence(&failure)))?;
    let fills = hub_fold::fills(&report.events).map_err(|error| Failed::Internal(error.into()))?;
    let declared: BTreeSet<&str> = plugin.manifest().iter().flat_map(|manifest| manifest.fills()).collect();
    let undeclared = fills.iter().filter(|field| !declared.contains(field.as_str())).cloned().collect();
    Ok(Tested {
        plugin: plugin.id().to_owned(),
        version: plugin.version().to_owned(),
        topic: delivery.topic,
        events: report.events,
        notes: report.notes,
        fills,
        undeclared,
    })
}

fn configured(connector: &str, settings: &[(String, String)]) -> ConnectionConfig {
    ConnectionConfig {
        connector: connector.to_owned(),
        default_country: None,
        public_url: format!("http://localhost/hooks/{TEST_CONNECTION}"),
        signature_tolerance: None,
        settings: settings.iter().cloned().collect(),
        secrets: BTreeMap::new(),
        endpoints: BTreeMap::new(),
        schedules: BTreeMap::new(),
    }
}
