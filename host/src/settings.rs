//! What the fold needs to know of configuration, plugins and rules, gathered into one journal record. A rule that does
//! not check never gets there.

use std::collections::BTreeMap;
use std::path::Path;

use hub_fold::record::{ActionRoute, ConnectionSettings, Role as RouteRole, Settings};
use hub_model::Salt;
use hub_rules::{
    ActionSpec, Bounds, Catalogue, Changes, Declared, FieldKind, Grade, ParamSpec, RuleFile, RuleProblem,
    Takes, review,
};
use hub_runtime::manifest::Role;
use serde::Serialize;

use crate::config::Config;
use crate::plugins::{Connection, Installed};

/// The rule files of a folder as name and text, by name. A folder that does not exist holds none.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn rule_files(dir: &Path) -> std::io::Result<Vec<(String, String)>> {
    if !dir.exists() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            files.push((name, std::fs::read_to_string(&path)?));
        }
    }
    files.sort();
    Ok(files)
}

/// Everything together; a salt that is in use stays as it is, whatever the settings say.
///
/// # Errors
/// All errors of all rules; warnings keep none out.
pub(crate) fn gather(
    config: &Config,
    installed: &Installed,
    rules: Vec<(String, String)>,
    salt: Salt,
) -> Result<Settings, Vec<RuleProblem>> {
    let (catalogue, actions) = catalogue(config, installed);
    let files: Vec<RuleFile<'_>> = rules.iter().map(|(name, text)| RuleFile { name, text }).collect();
    let reviewed = review(&files, &catalogue);
    if reviewed.rules.is_none() {
        return Err(reviewed.problems.into_iter().filter(RuleProblem::is_error).collect());
    }
    let connections = config.connections.iter().map(|(name, connection)| ConnectionSettings {
        name: name.clone(),
        connector: connection.connector.clone(),
        default_country: connection.default_country.clone(),
        reaches: installed.connections.get(name).map(|connection| connection.reaches()).unwrap_or_default(),
    });
    Ok(Settings {
        connections: connections.collect(),
        blocked_keys: config.blocked_keys.clone(),
        rules,
        catalogue,
        actions,
        identity: config.identity_limits,
        salt,
        given: None,
    })
}

/// What it changes to take other rule files over, by the files' names.
#[must_use]
pub(crate) fn changes(before: &[(String, String)], now: &[(String, String)]) -> Vec<FileChange> {
    let mut known: BTreeMap<&String, &String> = before.iter().map(|(file, text)| (file, text)).collect();
    let mut changes: BTreeMap<&String, FileChange> = BTreeMap::new();
    for (file, text) in now {
        let before = known.remove(file).cloned();
        if before.as_ref() != Some(text) {
            changes.insert(file, FileChange { file: file.clone(), before, now: Some(text.clone()) });
        }
    }
    for (file, text) in known {
        changes.insert(file, FileChange { file: file.clone(), before: Some(text.clone()), now: None });
    }
    changes.into_values().collect()
}

/// A rule file that is new, other or gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FileChange {
    pub(crate) file: String,
    /// Its text until now; `None` for a new one.
    pub(crate) before: Option<String>,
    /// Its text from now on; `None` for one that is gone.
    pub(crate) now: Option<String>,
}

impl FileChange {
    pub(crate) fn word(&self) -> &'static str {
        match (&self.before, &self.now) {
            (None, _) => "new",
            (_, None) => "gone",
            _ => "changed",
        }
    }
}

/// Names rule files by what is in them: as much of a hash as a person compares.
#[must_use]
pub(crate) fn digest(files: &[(String, String)]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in files.iter().flat_map(|(file, text)| [file, text]) {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex().chars().take(16).collect()
}

/// A new installation's.
///
/// # Errors
/// The machine gives no random numbers.
pub(crate) fn salt() -> anyhow::Result<Salt> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
    Ok(Salt::new(random))
}

/// What rules may name here, and where each action goes. An action is named by its connection, and by its connector too
/// where that has only one connection.
#[must_use]
pub(crate) fn catalogue(config: &Config, installed: &Installed) -> (Catalogue, Vec<ActionRoute>) {
    let mut catalogue = hub_fold::catalogue(config.connections.keys().map(String::as_str));
    let mut routes = Vec::new();
    let mut connections_of: BTreeMap<&str, usize> = BTreeMap::new();
    for connection in config.connections.values() {
        *connections_of.entry(&connection.connector).or_default() += 1;
    }
    for connection in installed.connections.values() {
        add_fills(connection, &mut catalogue);
        let connector = connection.connector.plugin.id();
        let alias = (connections_of.get(connector) == Some(&1)).then_some(connector);
        let mut names = vec![connection.name.as_str()];
        names.extend(alias.filter(|alias| *alias != connection.name));
        for name in names {
            add_actions(name, connection, &mut catalogue, &mut routes);
        }
    }
    (catalogue, routes)
}

/// A field this hub does not have may be one of a newer hub: it is passed over.
fn add_fills(connection: &Connection, catalogue: &mut Catalogue) {
    for field in connection.manifest().iter().flat_map(|manifest| manifest.fills()) {
        if let Some(spec) = catalogue.field_mut(field) {
            spec.filled_by.insert(connection.name.clone());
        }
    }
}

fn add_actions(
    name: &str,
    connection: &Connection,
    catalogue: &mut Catalogue,
    routes: &mut Vec<ActionRoute>,
) {
    for action in connection.manifest().iter().flat_map(|manifest| &manifest.actions) {
        let params = action.parameters.iter().map(|parameter| {
            let kind = if parameter.name == "tags" { FieldKind::TextList } else { FieldKind::Text };
            let (required, help) = (parameter.required, parameter.help.clone());
            let spec = ParamSpec { kind, required, help, takes: Takes::Any };
            (parameter.name.clone(), spec)
        });
        let rule_name = format!("{name}.{}", action.name);
        let role = match &action.role {
            Role::Work => RouteRole::Work,
            Role::Message(channel) => RouteRole::Message(channel.clone()),
            // Where the account has no such system behind it, nobody can be asked.
            Role::Erase(_) if connection.endpoint(&action.endpoint).is_none() => continue,
            Role::Erase(scope) => RouteRole::Erase(scope.clone()),
        };
        routes.push(ActionRoute {
            name: rule_name.clone(),
            connection: connection.name.clone(),
            action: action.name.clone(),
            target: action.target.clone(),
            role: role.clone(),
        });
        let channel = match role {
            RouteRole::Work => None,
            RouteRole::Message(channel) => Some(channel),
            // No rule erases anybody.
            RouteRole::Erase(_) => continue,
        };
        // A message is told of by its provider, whoever sent it.
        let causes = channel.iter().map(|_| "message.sent".to_owned()).collect();
        let spec = ActionSpec {
            params: params.collect(),
            grade: grade(action.grade),
            channel,
            help: action.help.clone(),
            about: None,
            bounds: bounds(name, connection, action),
            changes: Changes { causes, ..Changes::default() },
        };
        catalogue.actions.insert(rule_name, spec);
    }
}

/// What the connector declares of an action, and what its connection lacks to do it.
fn bounds(name: &str, connection: &Connection, action: &hub_runtime::manifest::Action) -> Bounds {
    let extra = connection.manifest().map(|manifest| manifest.extra.as_slice()).unwrap_or_default();
    let setting = |key: &str| connection.settings.get(key).map(str::to_owned);
    let declared = Declared { extra, connection: &connection.name, called: name, setting: &setting };
    let mut bounds = declared.bounds(&action.name);
    bounds.missing.extend(connection.lacks(&action.endpoint));
    bounds
}

fn grade(grade: hub_runtime::manifest::Grade) -> Grade {
    match grade {
        hub_runtime::manifest::Grade::Keyed => Grade::Keyed,
        hub_runtime::manifest::Grade::Probed => Grade::Probed,
        hub_runtime::manifest::Grade::Natural => Grade::Natural,
        hub_runtime::manifest::Grade::Unsafe => Grade::Unsafe,
    }
}
