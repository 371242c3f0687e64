//! hub.toml as it is written. Unknown keys are refused; what the values mean is checked one level up.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawConfig {
    pub(super) data_dir: String,
    pub(super) plugins_dir: String,
    pub(super) rules_dir: String,
    pub(super) ingress: RawIngress,
    pub(super) admin: RawAdmin,
    pub(super) processing: RawProcessing,
    pub(super) effects: RawEffects,
    pub(super) erasing: RawErasing,
    pub(super) polling: RawPolling,
    pub(super) identity: RawIdentity,
    pub(super) plugin_keys: BTreeMap<String, String>,
    pub(super) connections: BTreeMap<String, RawConnection>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawIngress {
    pub(super) listen: String,
    pub(super) public_url: String,
    pub(super) body_bytes_max: u64,
    pub(super) connections_max: u32,
    pub(super) header_timeout: u64,
    pub(super) body_timeout: u64,
    pub(super) backlog_max: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawAdmin {
    pub(super) listen: String,
    pub(super) token: Option<String>,
    pub(super) hosts: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawProcessing {
    pub(super) normalise_threads: u32,
    pub(super) retry_delays: Vec<u64>,
    pub(super) retry_share: u32,
    pub(super) view_cache_mb: u64,
    pub(super) journal_days: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawEffects {
    pub(super) per_connection_max: u32,
    pub(super) attempts_max: u32,
    pub(super) retry_delay: u64,
    pub(super) retry_delay_max: u64,
    pub(super) give_up_hours: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawErasing {
    pub(super) view_minutes: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawPolling {
    pub(super) on: bool,
    pub(super) first_reach_hours: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawIdentity {
    pub(super) blocked_keys: Vec<String>,
    pub(super) limits: hub_model::identity::Limits,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConnection {
    pub(super) connector: String,
    pub(super) default_country: Option<String>,
    pub(super) public_url: Option<String>,
    pub(super) signature_tolerance: Option<u32>,
    #[serde(default)]
    pub(super) settings: BTreeMap<String, RawSetting>,
    #[serde(default)]
    pub(super) secrets: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) endpoints: BTreeMap<String, RawEndpoint>,
    #[serde(default)]
    pub(super) schedules: BTreeMap<String, String>,
}

/// A setting may be written as text, number or boolean; connectors read text.
#[derive(Debug)]
pub(super) struct RawSetting(pub(super) String);

impl<'de> Deserialize<'de> for RawSetting {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => Ok(Self(text)),
            toml::Value::Integer(number) => Ok(Self(number.to_string())),
            toml::Value::Boolean(truth) => Ok(Self(truth.to_string())),
            _ => Err(serde::de::Error::custom("a setting is a text, a whole number, true or false")),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEndpoint {
    pub(super) base_url: Option<String>,
    #[serde(default)]
    pub(super) allow_private: bool,
}

impl Default for RawConfig {
    fn default() -> Self {
        Self {
            data_dir: "data".into(),
            plugins_dir: "plugins".into(),
            rules_dir: "rules".into(),
            ingress: RawIngress::default(),
            admin: RawAdmin::default(),
            processing: RawProcessing::default(),
            effects: RawEffects::default(),
            erasing: RawErasing::default(),
            polling: RawPolling::default(),
            identity: RawIdentity::default(),
            plugin_keys: BTreeMap::new(),
            connections: BTreeMap::new(),
        }
    }
}

impl Default for RawIngress {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".into(),
            public_url: "http://127.0.0.1:8080".into(),
            body_bytes_max: 1 << 20,
            connections_max: 8_192,
            header_timeout: 10,
            body_timeout: 20,
            backlog_max: 100_000,
        }
    }
}

impl Default for RawAdmin {
    fn default() -> Self {
        Self { listen: "127.0.0.1:8081".into(), token: None, hosts: Vec::new() }
    }
}

impl Default for RawProcessing {
    fn default() -> Self {
        Self {
            normalise_threads: 0,
            retry_delays: vec![1, 10, 60, 600],
            retry_share: 1,
            view_cache_mb: 64,
            journal_days: 400,
        }
    }
}

impl Default for RawErasing {
    fn default() -> Self {
        Self { view_minutes: 60 }
    }
}

impl Default for RawPolling {
    fn default() -> Self {
        Self { on: true, first_reach_hours: 24 }
    }
}

impl Default for RawEffects {
    fn default() -> Self {
        Self {
            per_connection_max: 4,
            attempts_max: 8,
            retry_delay: 2,
            retry_delay_max: 900,
            give_up_hours: 72,
        }
    }
}
