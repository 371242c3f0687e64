//! One account at a provider: its connector, its settings, its secrets and the endpoints it may call.

use std::collections::BTreeMap;
use std::sync::Arc;

use hub_runtime::manifest::{Handshake, Rate, Setting, SettingKind, Signature, Topic, Webhook};
use hub_runtime::{Manifest, Settings};

use super::Loaded;
use crate::config::ConnectionConfig;
use crate::egress::{BindError, BoundEndpoint, bind};
use crate::poller::Schedules;
use crate::secret::Secret;

pub struct Connection {
    pub name: String,
    pub connector: Arc<Loaded>,
    /// Without secrets: this is what the plugin may read.
    pub settings: Settings,
    pub public_url: String,
    pub signature_tolerance: Option<u32>,
    /// The operator's schedules of its streams.
    pub(crate) schedules: Schedules,
    hooks: Vec<Hook>,
    endpoints: BTreeMap<String, BoundEndpoint>,
    /// Why each of the others cannot be called, be it that nobody wants to.
    unbound: BTreeMap<String, ConnectionProblem>,
    /// What is missing; a connection with problems still accepts deliveries it can verify.
    pub problems: Vec<ConnectionProblem>,
}

/// One way deliveries come in: what the connector declares, and the secrets it is checked with.
pub struct Hook {
    pub declared: Webhook,
    pub(crate) keys: Vec<Secret>,
    pub(crate) tokens: Vec<Secret>,
}

impl Hook {
    fn new(declared: Webhook, config: &ConnectionConfig) -> Self {
        let secrets = |setting: &str| config.secrets.get(setting).cloned().unwrap_or_default();
        let keys = secrets(signature_secret(&declared.signature));
        let tokens = match &declared.handshake {
            Some(Handshake::Meta(setting)) => secrets(setting),
            None => Vec::new(),
        };
        Self { declared, keys, tokens }
    }
}

#[derive(Clone, Debug, serde::Serialize)]
pub struct ConnectionProblem {
    /// Below `[connections.<name>]`.
    pub key: String,
    pub message: String,
}

impl Connection {
    #[must_use]
    pub fn new(name: &str, config: &ConnectionConfig, connector: Arc<Loaded>) -> Self {
        let empty = || Manifest {
            id: String::new(),
            version: String::new(),
            title: String::new(),
            settings: Vec::new(),
            webhooks: Vec::new(),
            endpoints: Vec::new(),
            actions: Vec::new(),
            streams: Vec::new(),
            extra: Vec::new(),
        };
        let manifest = connector.plugin.manifest().cloned().unwrap_or_else(empty);
        let settings = settings(&manifest, config);
        let mut problems = problems(&manifest, config, &settings);
        let (endpoints, unbound) = bound(&manifest, config, &settings, &mut problems);
        let hooks: Vec<Hook> =
            manifest.webhooks.iter().map(|declared| Hook::new(declared.clone(), config)).collect();
        problems.extend(unverifiable(&hooks, &problems));
        Self {
            name: name.to_owned(),
            settings: settings.into(),
            public_url: config.public_url.clone(),
            signature_tolerance: config.signature_tolerance,
            schedules: config.schedules.clone(),
            hooks,
            endpoints,
            unbound,
            problems,
            connector,
        }
    }

    #[must_use]
    pub fn manifest(&self) -> Option<&Manifest> {
        self.connector.plugin.manifest()
    }

    /// The way a delivery came in, by the headers it has: those of its signature, or of its topic when it is a recording
    /// without signature, else the connector's first. A sender gains nothing by the choice: each way asks for its key.
    #[must_use]
    pub fn hook(&self, has_header: &dyn Fn(&str) -> bool) -> Option<&Hook> {
        let has_any = |names: &[String]| names.iter().any(|name| has_header(name));
        let signed = |hook: &&Hook| match &hook.declared.signature {
            Signature::Hmac(hmac) => has_any(&hmac.headers),
            Signature::StandardWebhooks(_) => has_header(STANDARD_SIGNATURE),
        };
        let named = |hook: &&Hook| matches!(&hook.declared.topic, Topic::Header(names) if has_any(names));
        let hooks = || self.hooks.iter();
        hooks().find(signed).or_else(|| hooks().find(named)).or_else(|| hooks().next())
    }

    /// How the provider asks whether the address is ours, and the tokens it may show.
    #[must_use]
    pub(crate) fn handshake(&self) -> Option<(&Handshake, &[Secret])> {
        self.hooks.iter().find_map(|hook| Some((hook.declared.handshake.as_ref()?, hook.tokens.as_slice())))
    }

    /// The endpoints it may call, each with its address: what the operator grants.
    #[must_use]
    pub(crate) fn reaches(&self) -> Vec<String> {
        self.endpoints.iter().map(|(name, endpoint)| format!("{name} {}", endpoint.base())).collect()
    }

    #[must_use]
    pub(crate) fn endpoint(&self, name: &str) -> Option<&BoundEndpoint> {
        self.endpoints.get(name)
    }

    /// Why an endpoint cannot be called: where hub.toml lacks something, and what.
    #[must_use]
    pub(crate) fn lacks(&self, endpoint: &str) -> Option<String> {
        let ConnectionProblem { key, message } = self.unbound.get(endpoint)?;
        Some(format!("connections.{}.{key}: {message}", self.name))
    }

    /// How much the endpoint's provider bears, as the connector declares it.
    #[must_use]
    pub(crate) fn rate(&self, endpoint: &str) -> Option<Rate> {
        self.manifest()?.endpoints.iter().find(|declared| declared.name == endpoint)?.rate
    }
}

/// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
const STANDARD_SIGNATURE: &str = "webhook-signature";

/// The setting that holds the key of a signature.
#[must_use]
pub(super) fn signature_secret(signature: &Signature) -> &str {
    match signature {
        Signature::Hmac(hmac) => &hmac.secret,
        Signature::StandardWebhooks(secret) => secret,
    }
}

/// The operator's settings over the manifest's defaults. A secret never gets in, even if it is written here.
fn settings(manifest: &Manifest, config: &ConnectionConfig) -> BTreeMap<String, String> {
    let plain = manifest.settings.iter().filter(|setting| setting.kind != SettingKind::Secret);
    plain
        .filter_map(|setting| {
            let value = config.settings.get(&setting.key).or(setting.default.as_ref())?;
            Some((setting.key.clone(), value.clone()))
        })
        .collect()
}

/// Of several ways for deliveries to come in one is enough; without a key for any, none can be believed.
fn unverifiable(hooks: &[Hook], problems: &[ConnectionProblem]) -> Option<ConnectionProblem> {
    let first = hooks.first().filter(|_| hooks.iter().all(|hook| hook.keys.is_empty()))?;
    let key = format!("secrets.{}", signature_secret(&first.declared.signature));
    let is_told = problems.iter().any(|problem| problem.key == key);
    let message = "is missing: without it no delivery can be believed, and all are refused".to_owned();
    (!is_told).then_some(ConnectionProblem { key, message })
}

/// The endpoints that can be called. One that lacks a value is a problem, unless the operator says nothing of it and the
/// connector has another: then it is an alternative not taken.
fn bound(
    manifest: &Manifest,
    config: &ConnectionConfig,
    settings: &BTreeMap<String, String>,
    problems: &mut Vec<ConnectionProblem>,
) -> (BTreeMap<String, BoundEndpoint>, BTreeMap<String, ConnectionProblem>) {
    let mut unbound = BTreeMap::new();
    let mut endpoints = BTreeMap::new();
    let mut left_out = Vec::new();
    for endpoint in &manifest.endpoints {
        let operator = config.endpoints.get(&endpoint.name).cloned().unwrap_or_default();
        match bind(endpoint, &operator, settings, &config.secrets) {
            Ok(bound) => {
                endpoints.insert(endpoint.name.clone(), bound);
            }
            Err(error) => left_out.push((&endpoint.name, error)),
        }
    }
    for (name, error) in left_out {
        let lacks_a_value = matches!(error, BindError::NoSetting(_) | BindError::NoSecret(_));
        let is_alternative = lacks_a_value && !endpoints.is_empty() && !config.endpoints.contains_key(name);
        let key = match &error {
            BindError::NoSecret(secret) => format!("secrets.{secret}"),
            _ => format!("endpoints.{name}"),
        };
        let problem =
            ConnectionProblem { key, message: format!("endpoint {name} cannot be called: {error}") };
        unbound.insert(name.clone(), problem.clone());
        if !is_alternative {
            problems.push(problem);
        }
    }
    (endpoints, unbound)
}

/// Where a setting's value is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Settings,
    Secrets,
}

impl Place {
    fn of(setting: &Setting) -> Self {
        if setting.kind == SettingKind::Secret { Self::Secrets } else { Self::Settings }
    }
}

/// What is wrong with a key that stands there.
fn misplaced(manifest: &Manifest, key: &str, place: Place) -> Option<String> {
    match manifest.settings.iter().find(|setting| setting.key == key) {
        Some(known) if Place::of(known) == place => None,
        Some(_) if place == Place::Settings => {
            Some("is a secret: move it to the connection's secrets".to_owned())
        }
        Some(_) => Some("is no secret: move it to the connection's settings".to_owned()),
        None => {
            let here = manifest.settings.iter().filter(|setting| Place::of(setting) == place);
            let keys: Vec<&str> = here.map(|setting| setting.key.as_str()).collect();
            Some(format!("is unknown to {}, which knows {}", manifest.id, keys.join(", ")))
        }
    }
}

fn problems(
    manifest: &Manifest,
    config: &ConnectionConfig,
    settings: &BTreeMap<String, String>,
) -> Vec<ConnectionProblem> {
    let mut problems = Vec::new();
    let mut problem = |key: String, message: String| problems.push(ConnectionProblem { key, message });
    for setting in manifest.settings.iter().filter(|setting| setting.required) {
        let (place, there) = match setting.kind {
            SettingKind::Secret => ("secrets", config.secrets.contains_key(&setting.key)),
            _ => ("settings", settings.contains_key(&setting.key)),
        };
        if !there {
            problem(format!("{place}.{}", setting.key), format!("is missing: {}", setting.help));
        }
    }
    for key in config.settings.keys() {
        misplaced(manifest, key, Place::Settings)
            .into_iter()
            .for_each(|says| problem(format!("settings.{key}"), says));
    }
    for key in config.secrets.keys() {
        misplaced(manifest, key, Place::Secrets)
            .into_iter()
            .for_each(|says| problem(format!("secrets.{key}"), says));
    }
    for name in config.schedules.keys().filter(|name| !manifest.streams.iter().any(|one| &one.name == *name))
    {
        problem(format!("schedules.{name}"), format!("is no stream of {}", manifest.id));
    }
    for name in
        config.endpoints.keys().filter(|name| !manifest.endpoints.iter().any(|one| &one.name == *name))
    {
        problem(format!("endpoints.{name}"), format!("is no endpoint of {}", manifest.id));
    }
    problems
}
