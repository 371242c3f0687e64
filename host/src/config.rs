//! hub.toml, read twice: as written, then as checked types that the rest trusts. All problems are told at once, each
//! with the key it is about and what to write instead.

mod discreet;
mod raw;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hub_model::Timestamp;
use hub_rules::{Timetable, TimetableError};

use crate::plugins::Publishers;
use crate::poller::Schedules;
use crate::secret::{Secret, SecretRef};
use raw::{RawConfig, RawConnection};

/// Every key with its default and what it means; also what `omnihub config default` prints.
pub const DEFAULT: &str = include_str!("config/default.toml");

#[derive(Debug)]
pub struct Config {
    pub data_dir: PathBuf,
    pub plugins_dir: PathBuf,
    pub rules_dir: PathBuf,
    /// Who may make plugins.
    pub(crate) publishers: Publishers,
    pub ingress: Ingress,
    pub admin: Admin,
    pub processing: Processing,
    pub effects: Effects,
    pub erasing: Erasing,
    pub polling: Polling,
    pub blocked_keys: Vec<String>,
    /// When a key stops joining customers by itself.
    pub identity_limits: hub_model::identity::Limits,
    pub connections: BTreeMap<String, ConnectionConfig>,
}

#[derive(Debug)]
pub struct Ingress {
    pub listen: SocketAddr,
    pub body_bytes_max: usize,
    pub connections_max: usize,
    pub header_timeout: Duration,
    pub body_timeout: Duration,
    pub backlog_max: usize,
}

#[derive(Debug)]
pub struct Admin {
    pub listen: SocketAddr,
    pub token: Option<Secret>,
    /// Names the admin interface is called by, besides addresses and localhost.
    pub hosts: Vec<String>,
}

#[derive(Debug)]
pub struct Processing {
    pub normalise_threads: usize,
    pub retry_delays: Vec<Duration>,
    /// Of a processor's time, in percent: what trying failed deliveries again in vain may take.
    pub retry_share: u32,
    pub view_cache_bytes: u64,
    pub journal_kept: Duration,
}

#[derive(Clone, Debug)]
pub struct Effects {
    pub per_connection_max: usize,
    pub attempts_max: u32,
    pub retry_delay: Duration,
    pub retry_delay_max: Duration,
    /// How long after an effect was owed it is parked, whatever held it up.
    pub give_up_after: Duration,
}

#[derive(Clone, Debug)]
pub struct Erasing {
    /// How long after the last erased record the view is built anew.
    pub view_after: Duration,
}

#[derive(Clone, Debug)]
pub struct Polling {
    /// Whether streams follow the schedules their connectors suggest.
    pub is_on: bool,
    /// How far back a stream's very first run begins.
    pub first_reach: Duration,
}

#[derive(Debug)]
pub struct ConnectionConfig {
    pub connector: String,
    pub default_country: Option<String>,
    /// The whole address the provider calls.
    pub public_url: String,
    pub signature_tolerance: Option<u32>,
    pub settings: BTreeMap<String, String>,
    pub secrets: BTreeMap<String, Vec<Secret>>,
    pub endpoints: BTreeMap<String, EndpointConfig>,
    /// The operator's schedules by stream; `None` is "off".
    pub(crate) schedules: Schedules,
}

/// What the operator changes of an endpoint a connector declares.
#[derive(Clone, Debug, Default)]
pub struct EndpointConfig {
    pub base_url: Option<String>,
    pub allow_private: bool,
}

/// One thing to mend in hub.toml.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Problem {
    /// File, and line where the parser knows it.
    pub place: String,
    /// "connections.shop.secrets.api_token".
    pub key: String,
    pub message: String,
    pub help: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}: {}", self.place, self.key, self.message)?;
        if self.help.is_empty() { Ok(()) } else { write!(f, "\n  help: {}", self.help) }
    }
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// Every problem found.
    pub fn load(path: &Path) -> Result<Self, Vec<Problem>> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            vec![Problem {
                place: path.display().to_string(),
                key: "file".into(),
                message: error.to_string(),
                help: "name a file with --config; `omnihub config default` prints one to start from".into(),
            }]
        })?;
        let base = path.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf);
        Self::parse(&path.display().to_string(), &text, &base)
    }

    /// Checks the text of a file that lies in `base`.
    ///
    /// # Errors
    /// Every problem found.
    pub fn parse(place: &str, text: &str, base: &Path) -> Result<Self, Vec<Problem>> {
        let raw: RawConfig = toml::from_str(text).map_err(|error| {
            let line = error
                .span()
                .map_or(1, |span| text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1);
            vec![Problem {
                place: format!("{place}:{line}"),
                key: "syntax".into(),
                message: discreet::message(error.message()),
                help: "`omnihub config default` shows every key".into(),
            }]
        })?;
        let mut checker = Checker { place, text, base, problems: Vec::new() };
        let config = checker.config(raw);
        if checker.problems.is_empty() { Ok(config) } else { Err(checker.problems) }
    }

    /// Data from before this moment may go.
    #[must_use]
    pub fn keep_since(&self, now: Timestamp) -> Timestamp {
        now.minus(self.processing.journal_kept)
    }
}

struct Checker<'a> {
    place: &'a str,
    text: &'a str,
    base: &'a Path,
    problems: Vec<Problem>,
}

/// Used where a value could not be read; never seen, because a problem was told.
const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

impl Checker<'_> {
    fn problem(&mut self, key: &str, message: impl Into<String>, help: impl Into<String>) {
        let last = key.rsplit('.').next().unwrap_or(key);
        let line =
            self.text.lines().position(|line| line.trim_start().trim_start_matches('"').starts_with(last));
        let place = line.map_or_else(|| self.place.to_owned(), |line| format!("{}:{}", self.place, line + 1));
        let key = discreet::key(key);
        self.problems.push(Problem { place, key, message: message.into(), help: help.into() });
    }

    fn config(&mut self, raw: RawConfig) -> Config {
        let admin_listen = self.address("admin.listen", &raw.admin.listen);
        let token =
            raw.admin.token.as_deref().and_then(|text| self.secrets("admin.token", text)).and_then(first);
        if !admin_listen.ip().is_loopback() && token.is_none() {
            self.problem(
                "admin.token",
                "a token is needed because admin.listen is not loopback",
                "token = \"env:OMNIHUB_ADMIN_TOKEN\"",
            );
        }
        let public_url = raw.ingress.public_url.trim_end_matches('/').to_owned();
        Config {
            data_dir: self.base.join(&raw.data_dir),
            plugins_dir: self.base.join(&raw.plugins_dir),
            rules_dir: self.base.join(&raw.rules_dir),
            publishers: self.publishers(raw.plugin_keys),
            ingress: Ingress {
                listen: self.address("ingress.listen", &raw.ingress.listen),
                body_bytes_max: self.within(
                    "ingress.body_bytes_max",
                    raw.ingress.body_bytes_max,
                    1_024,
                    15 << 20,
                ),
                connections_max: self.within(
                    "ingress.connections_max",
                    raw.ingress.connections_max.into(),
                    1,
                    65_536,
                ),
                header_timeout: Duration::from_secs(raw.ingress.header_timeout.clamp(1, 3_600)),
                body_timeout: Duration::from_secs(raw.ingress.body_timeout.clamp(1, 3_600)),
                backlog_max: self.within(
                    "ingress.backlog_max",
                    raw.ingress.backlog_max.into(),
                    1,
                    10_000_000,
                ),
            },
            admin: Admin { listen: admin_listen, token, hosts: self.hosts(raw.admin.hosts) },
            processing: Processing {
                normalise_threads: threads(raw.processing.normalise_threads),
                retry_delays: raw
                    .processing
                    .retry_delays
                    .iter()
                    .map(|seconds| Duration::from_secs(*seconds))
                    .collect(),
                retry_share: u32::try_from(self.within(
                    "processing.retry_share",
                    raw.processing.retry_share.into(),
                    1,
                    100,
                ))
                .unwrap_or(u32::MAX),
                view_cache_bytes: raw.processing.view_cache_mb.max(1) << 20,
                journal_kept: Duration::from_secs(u64::from(raw.processing.journal_days) * 24 * 3_600),
            },
            effects: Effects {
                per_connection_max: self.within(
                    "effects.per_connection_max",
                    raw.effects.per_connection_max.into(),
                    1,
                    1_000,
                ),
                attempts_max: raw.effects.attempts_max.max(1),
                retry_delay: Duration::from_secs(raw.effects.retry_delay.max(1)),
                retry_delay_max: Duration::from_secs(raw.effects.retry_delay_max.max(1)),
                give_up_after: Duration::from_secs(raw.effects.give_up_hours.max(1).saturating_mul(3_600)),
            },
            erasing: Erasing { view_after: Duration::from_secs(u64::from(raw.erasing.view_minutes) * 60) },
            polling: Polling {
                is_on: raw.polling.on,
                first_reach: Duration::from_secs(u64::from(raw.polling.first_reach_hours) * 3_600),
            },
            blocked_keys: raw.identity.blocked_keys,
            identity_limits: raw.identity.limits,
            connections: raw
                .connections
                .into_iter()
                .map(|(name, connection)| {
                    let connection = self.connection(&name, connection, &public_url);
                    (name, connection)
                })
                .collect(),
        }
    }

    fn connection(&mut self, name: &str, raw: RawConnection, public_url: &str) -> ConnectionConfig {
        let key = format!("connections.{name}");
        if !is_name(name) {
            self.problem(
                &key,
                "a connection's name has lower-case letters, digits, '-' and '_'",
                "[connections.shop]",
            );
        }
        let schedules = raw
            .schedules
            .iter()
            .map(|(stream, text)| (stream.clone(), self.schedule(&format!("{key}.schedules.{stream}"), text)))
            .collect();
        let secrets = raw
            .secrets
            .iter()
            .filter_map(|(secret, text)| {
                Some((secret.clone(), self.secrets(&format!("{key}.secrets.{secret}"), text)?))
            })
            .collect();
        ConnectionConfig {
            connector: raw.connector,
            default_country: raw.default_country,
            public_url: raw.public_url.unwrap_or_else(|| format!("{public_url}/hooks/{name}")),
            signature_tolerance: raw.signature_tolerance,
            settings: raw.settings.into_iter().map(|(key, value)| (key, value.0)).collect(),
            secrets,
            endpoints: raw
                .endpoints
                .into_iter()
                .map(|(name, raw)| {
                    (name, EndpointConfig { base_url: raw.base_url, allow_private: raw.allow_private })
                })
                .collect(),
            schedules,
        }
    }

    fn schedule(&mut self, key: &str, text: &str) -> Option<Timetable> {
        if text == "off" {
            return None;
        }
        text.parse()
            .map_err(|error: TimetableError| {
                self.problem(key, error.to_string(), "a stream that should not be read is \"off\"");
            })
            .ok()
    }

    fn address(&mut self, key: &str, text: &str) -> SocketAddr {
        text.parse().unwrap_or_else(|_| {
            self.problem(key, "not an address and port", "write it as 127.0.0.1:8080 or [::1]:8080");
            NOWHERE
        })
    }

    /// Names as they stand in a request, without what a browser adds.
    fn hosts(&mut self, hosts: Vec<String>) -> Vec<String> {
        let is_host = |host: &String| {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            !host.is_empty() && !host.ends_with('.') && host.bytes().all(is_plain)
        };
        for host in hosts.iter().filter(|host| !is_host(host)) {
            self.problem(
                "admin.hosts",
                format!("{host:?} is not the name of a host"),
                "names without scheme, port or pattern: hosts = [\"omnihub\", \"omnihub.shop.internal\"]",
            );
        }
        hosts
    }

    fn publishers(&mut self, keys: BTreeMap<String, String>) -> Publishers {
        let mut publishers = Publishers::default();
        for (name, key) in keys {
            let place = format!("plugin_keys.{name}");
            if publishers.add(name, &key).is_err() {
                let help = "the second line of a minisign.pub, 56 characters that begin with RW";
                self.problem(&place, "this is no public key of minisign's", help);
            }
        }
        publishers
    }

    fn within(&mut self, key: &str, value: u64, min: u64, max: u64) -> usize {
        if value < min || value > max {
            self.problem(key, format!("{value} is not between {min} and {max}"), "");
        }
        usize::try_from(value.clamp(min, max)).unwrap_or(usize::MAX)
    }

    fn secrets(&mut self, key: &str, text: &str) -> Option<Vec<Secret>> {
        let resolved = text.parse::<SecretRef>().and_then(|reference| reference.resolve(self.base));
        resolved.map_err(|error| self.problem(key, error.to_string(), "write env:NAME or file:PATH")).ok()
    }
}

fn first(secrets: Vec<Secret>) -> Option<Secret> {
    secrets.into_iter().next()
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
}

fn threads(wanted: u32) -> usize {
    match wanted {
        0 => std::thread::available_parallelism().map_or(2, std::num::NonZero::get).max(2),
        wanted => usize::try_from(wanted).unwrap_or(2),
    }
}
