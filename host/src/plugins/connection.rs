//! One account at a provider: its connector, its settings, its secrets and the endpoints it may call.

use std::collections::BTreeMap;
use std::sync::Arc;

use hub_runtime::manifest::{Auth, Handshake, SettingKind, Signature};
use hub_runtime::{Manifest, Settings};

use super::Loaded;
use crate::config::ConnectionConfig;
use crate::egress::{BoundEndpoint, bind};
use crate::secret::Secret;

pub struct Connection {
    pub name: String,
    pub connector: Arc<Loaded>,
    /// Without secrets: this is what the plugin may read.
    pub settings: Settings,
    pub public_url: String,
    pub signature_tolerance: Option<u32>,
    webhook_keys: Vec<Secret>,
    handshake_tokens: Vec<Secret>,
    endpoints: BTreeMap<String, BoundEndpoint>,
    /// What is missing; a connection with problems still accepts deliveries it can verify.
    pub problems: Vec<ConnectionProblem>,
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
            webhook: None,
            endpoints: Vec::new(),
            actions: Vec::new(),
            streams: Vec::new(),
            extra: Vec::new(),
        };
        let manifest = connector.plugin.manifest().cloned().unwrap_or_else(empty);
        let settings = settings(&manifest, config);
        let mut problems = problems(&manifest, config, &settings);
        let mut endpoints = BTreeMap::new();
        for endpoint in &manifest.endpoints {
            let operator = config.endpoints.get(&endpoint.name).cloned().unwrap_or_default();
            match bind(endpoint, &operator, &settings, &config.secrets) {
                Ok(bound) => {
                    endpoints.insert(endpoint.name.clone(), bound);
                }
                Err(error) => problems.push(ConnectionProblem {
                    key: format!("endpoints.{}", endpoint.name),
                    message: error.to_string(),
                }),
            }
        }
        let keys = |setting: &str| config.secrets.get(setting).cloned().unwrap_or_default();
        let webhook = manifest.webhook.as_ref();
        Self {
            name: name.to_owned(),
            settings: settings.into(),
            public_url: config.public_url.clone(),
            signature_tolerance: config.signature_tolerance,
            webhook_keys: webhook
                .map(|webhook| keys(signature_secret(&webhook.signature)))
                .unwrap_or_default(),
            handshake_tokens: webhook
                .and_then(|webhook| webhook.handshake.as_ref())
                .map(|Handshake::Meta(secret)| keys(secret))
                .unwrap_or_default(),
            endpoints,
            problems,
            connector,
        }
    }

    #[must_use]
    pub fn manifest(&self) -> Option<&Manifest> {
        self.connector.plugin.manifest()
    }

    #[must_use]
    pub fn webhook_keys(&self) -> &[Secret] {
        &self.webhook_keys
    }

    #[must_use]
    pub fn handshake_tokens(&self) -> &[Secret] {
        &self.handshake_tokens
    }

    #[must_use]
    pub(crate) fn endpoint(&self, name: &str) -> Option<&BoundEndpoint> {
        self.endpoints.get(name)
    }
}

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
    let known = |key: &String, secret: bool| {
        manifest
            .settings
            .iter()
            .any(|setting| &setting.key == key && (setting.kind == SettingKind::Secret) == secret)
    };
    for key in config.settings.keys().filter(|key| !known(key, false)) {
        problem(format!("settings.{key}"), format!("is no setting of {}", manifest.id));
    }
    for key in config.secrets.keys().filter(|key| !known(key, true)) {
        problem(format!("secrets.{key}"), format!("is no secret of {}", manifest.id));
    }
    for name in
        config.endpoints.keys().filter(|name| !manifest.endpoints.iter().any(|one| &one.name == *name))
    {
        problem(format!("endpoints.{name}"), format!("is no endpoint of {}", manifest.id));
    }
    for endpoint in &manifest.endpoints {
        let secret = match &endpoint.auth {
            Auth::None => continue,
            Auth::Bearer(secret) | Auth::Header(_, secret) | Auth::Basic(_, secret) => secret,
        };
        if !config.secrets.contains_key(secret)
            && !manifest.settings.iter().any(|one| &one.key == secret && one.required)
        {
            problem(format!("secrets.{secret}"), format!("is missing: endpoint {} needs it", endpoint.name));
        }
    }
    problems
}
