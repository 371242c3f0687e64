//! The settings in force: journalled as data, checked once when they change.

use std::collections::{BTreeMap, BTreeSet};

use hub_model::Salt;
use hub_model::event::{Identity, IdentityKind, Proof};
use hub_model::identity::{KeyContext, Limits, Phones, normalise};
use hub_rules::{Grade, RuleFile, RuleProblem, RuleSet, check_all};

use crate::people::PeopleContext;
use crate::record::{ActionRoute, ConnectionSettings, Role, Settings};

/// Settings made ready for use.
#[derive(Debug, Default)]
pub struct ActiveSettings {
    connections: BTreeMap<String, ConnectionSettings>,
    actions: BTreeMap<String, ActionRoute>,
    blocked: BTreeSet<String>,
    limits: Limits,
    salt: Salt,
    phones: Phones,
    pub(crate) rules: RuleSet,
    pub(crate) catalogue: hub_rules::Catalogue,
}

impl ActiveSettings {
    /// Checks the rules against the catalogue they came with.
    ///
    /// # Errors
    /// All problems of all rule files. The host checks before it journals, so in the fold this means that the checker
    /// has become stricter since; the rules before stay in force.
    pub fn new(settings: &Settings) -> Result<Self, Vec<RuleProblem>> {
        let files: Vec<RuleFile<'_>> =
            settings.rules.iter().map(|(name, text)| RuleFile { name, text }).collect();
        Ok(Self {
            rules: check_all(&files, &settings.catalogue)?,
            catalogue: settings.catalogue.clone(),
            connections: settings.connections.iter().map(|one| (one.name.clone(), one.clone())).collect(),
            actions: settings.actions.iter().map(|one| (one.name.clone(), one.clone())).collect(),
            blocked: blocked(settings),
            limits: settings.identity,
            salt: settings.salt,
            phones: Phones::default(),
        })
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// Where an action that a rule names is performed. A rule forgets nobody.
    pub(crate) fn route(&self, action: &str) -> Option<&ActionRoute> {
        self.actions.get(action).filter(|route| !matches!(route.role, Role::Erase(_)))
    }

    /// The parameter that names what an action of a connection writes to.
    pub(crate) fn target(&self, connection: &str, action: &str) -> Option<&str> {
        self.route_to(connection, action)?.target.as_deref()
    }

    /// What makes an action of a connection happen once. `None` for one that rules do not know.
    pub(crate) fn grade(&self, connection: &str, action: &str) -> Option<Grade> {
        let name = &self.route_to(connection, action)?.name;
        self.catalogue.actions.get(name).map(|spec| spec.grade)
    }

    fn route_to(&self, connection: &str, action: &str) -> Option<&ActionRoute> {
        let is_it = |route: &&ActionRoute| route.connection == connection && route.action == action;
        self.actions.values().find(is_it)
    }

    /// How the system behind a connection is asked to forget somebody by an id of this scope.
    pub(crate) fn erasing(&self, connection: &str, object: &str) -> Option<&ActionRoute> {
        let is_it = |route: &&ActionRoute| {
            route.connection == connection && matches!(&route.role, Role::Erase(scope) if scope == object)
        };
        self.actions.values().find(is_it)
    }

    /// The connections, by name.
    pub fn connections(&self) -> impl Iterator<Item = &ConnectionSettings> {
        self.connections.values()
    }

    /// The connector of a connection.
    pub(crate) fn connector(&self, connection: &str) -> Option<&str> {
        Some(self.connections.get(connection)?.connector.as_str())
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    pub(crate) fn salt(&self) -> Salt {
        self.salt
    }

    pub(crate) fn people<'a>(&'a self, connection: &'a str) -> PeopleContext<'a> {
        let settings = self.connections.get(connection);
        PeopleContext {
            keys: KeyContext {
                connection,
                default_country: settings.and_then(|settings| settings.default_country.as_deref()),
                phones: Some(&self.phones),
            },
            blocked: &self.blocked,
            limits: self.limits,
            salt: self.salt,
        }
    }
}

/// The keys that link nobody, in the form they have as nodes.
pub(crate) fn blocked(settings: &Settings) -> BTreeSet<String> {
    settings.blocked_keys.iter().map(|key| blocked_form(key)).collect()
}

/// A blocked key in the form it has as a node.
fn blocked_form(key: &str) -> String {
    let kind = if key.contains('@') { IdentityKind::Email } else { IdentityKind::Phone };
    let identity = Identity { kind, scope: String::new(), value: key.to_owned(), proof: Proof::Claimed };
    normalise(&identity, KeyContext { connection: "", default_country: None, phones: None })
        .map_or_else(|| key.trim().to_lowercase(), |key| key.value)
}
