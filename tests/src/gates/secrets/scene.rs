//! A hub of its own for the gate: secrets that are canaries, a provider that quotes them, everything logged and recorded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use toml::Value;

use super::canary::Canary;
use crate::day::dice::Dice;
use crate::support::binaries;
use crate::support::connections::{self, Change, INSTAGRAM, INSTAGRAM_ACCOUNT, Listen};
use crate::support::delivery::Outgoing;
use crate::support::hub::Addresses;
use crate::support::sender::Sender;

const ADMIN_TOKEN: &str = "HUB_TESTS_ADMIN_TOKEN";
/// A first start compiles all connectors.
const READY_WITHIN: Duration = Duration::from_secs(120);
const STOPPED_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Two folders: what the operator wrote, secrets in wrong places included, and all that the hub makes of it.
pub(super) struct Scene {
    scratch: TempDir,
    pub(super) canaries: Vec<Canary>,
}

impl Scene {
    /// # Errors
    /// The folders cannot be made.
    pub(super) fn new(seed: u64) -> anyhow::Result<Self> {
        let mut dice = Dice::new(seed);
        let variables = connections::environment().into_iter().map(|(variable, _)| variable);
        let canaries = variables.chain([ADMIN_TOKEN.to_owned()]);
        let canaries = canaries.map(|variable| Canary::new(&variable, &mut dice)).collect();
        let scratch = tempfile::Builder::new().prefix("omnihub-").tempdir()?;
        std::fs::create_dir(scratch.path().join("etc"))?;
        std::fs::create_dir_all(scratch.path().join("var/rules"))?;
        Ok(Self { scratch, canaries })
    }

    /// What the operator wrote.
    pub(super) fn etc(&self) -> PathBuf {
        self.scratch.path().join("etc")
    }

    /// What came of it; nothing in here may show a secret.
    pub(super) fn var(&self) -> PathBuf {
        self.scratch.path().join("var")
    }

    /// # Errors
    /// There is no such secret.
    pub(super) fn secret(&self, variable: &str) -> anyhow::Result<&str> {
        let canary = self.canaries.iter().find(|canary| canary.variable == variable);
        Ok(&canary.with_context(|| format!("no secret is called {variable}"))?.value)
    }

    /// What each connection shows to its provider.
    pub(super) fn api_tokens(&self) -> BTreeMap<String, String> {
        let all = connections::all().iter().map(|connection| connection.name);
        all.filter_map(|name| {
            let token = self.secret(&format!("HUB_TESTS_{}_API_TOKEN", name.to_uppercase())).ok()?;
            Some((name.to_owned(), token.to_owned()))
        })
        .collect()
    }

    /// The text of a hub.toml whose connections call this provider, with some keys otherwise.
    ///
    /// # Errors
    /// The connectors are not built, or a key leads nowhere.
    pub(super) fn configuration(&self, provider: &str, changes: &[Change]) -> anyhow::Result<String> {
        let components = binaries::components()?;
        let text = connections::configuration(provider, &components, Listen::default());
        let mut own: Vec<Change> = vec![
            ("data_dir".to_owned(), path(&self.var().join("data"))),
            ("rules_dir".to_owned(), path(&self.var().join("rules"))),
            ("admin.token".to_owned(), format!("env:{ADMIN_TOKEN}").into()),
            ("effects.attempts_max".to_owned(), 2.into()),
        ];
        for (key, _) in connections::left_alone().iter().filter(|(key, _)| key.ends_with(".base_url")) {
            let name = key.split('.').nth(1).unwrap_or_default();
            own.push((key.clone(), format!("{provider}/{name}").into()));
        }
        connections::changed(&connections::changed(&text, &own)?, changes)
    }

    /// `omnihub` with these words, the secrets in its environment, and everything told that can be.
    ///
    /// # Errors
    /// The binary is not built.
    pub(super) fn command<'a>(
        &self,
        words: impl IntoIterator<Item = &'a str>,
        config: &Path,
    ) -> anyhow::Result<Command> {
        let mut command = Command::new(binaries::omnihub()?);
        command.args(words).arg("--config").arg(config).current_dir(self.var()).stdin(Stdio::null());
        command.envs(self.canaries.iter().map(|canary| (&canary.variable, &canary.value)));
        command.env("OMNIHUB_LOG", "trace").env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
        Ok(command)
    }
}

fn path(path: &Path) -> Value {
    path.to_string_lossy().into_owned().into()
}

/// Runs it to its end on a thread that may wait.
///
/// # Errors
/// It cannot be started.
pub(super) async fn output(mut command: Command) -> anyhow::Result<Output> {
    tokio::task::spawn_blocking(move || command.output()).await?.context("omnihub could not be started")
}

/// A hub at work, ended when it is dropped.
pub(super) struct Running {
    child: Child,
    pub(super) addresses: Addresses,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Running {
    /// # Errors
    /// It does not become ready.
    pub(super) async fn start(scene: &Scene, config: &Path) -> anyhow::Result<Self> {
        let ports = scene.var().join("ports.json");
        let mut command = scene.command(["run", "--log", "json", "--record", "recording"], config)?;
        command.arg("--port-file").arg(&ports);
        command.stdout(std::fs::File::create(scene.var().join("stdout"))?);
        command.stderr(std::fs::File::create(scene.var().join("stderr"))?);
        let mut child = command.spawn().context("omnihub could not be started")?;
        let ready = async {
            while !ports.exists() {
                if let Some(status) = child.try_wait()? {
                    bail!("the hub ended with {status}");
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
            Ok(serde_json::from_slice(&std::fs::read(&ports)?)?)
        };
        let addresses = tokio::time::timeout(READY_WITHIN, ready).await;
        let addresses = addresses.context("the hub was not ready in time").and_then(|addresses| addresses);
        match addresses {
            Ok(addresses) => Ok(Self { child, addresses }),
            Err(error) => {
                // It may have ended by itself.
                drop(child.kill());
                drop(child.wait());
                Err(error)
            }
        }
    }

    /// # Errors
    /// It does not end.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).context("no process")?;
        kill_process(id, Signal::TERM)?;
        let ended = async {
            while self.child.try_wait()?.is_none() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(STOPPED_WITHIN, ended).await.context("the hub does not end")?
    }

    /// Somebody writes to the shop.
    ///
    /// # Errors
    /// The hub does not take it.
    pub(super) async fn message(&self, scene: &Scene, number: usize) -> anyhow::Result<()> {
        let now = Timestamp::now();
        let body = serde_json::json!({
            "object": "instagram",
            "entry": [{
                "id": INSTAGRAM_ACCOUNT,
                "time": now.as_millisecond(),
                "messaging": [{
                    "sender": {"id": format!("8800{number:05}")},
                    "recipient": {"id": INSTAGRAM_ACCOUNT},
                    "timestamp": now.as_millisecond(),
                    "message": {"mid": format!("mid-{number}"), "text": "Where is my order? {{secret}} {api_token}"},
                }],
            }],
        });
        let delivery = Outgoing::json(INSTAGRAM, format!("message-{number}"), &body);
        let secret = scene.secret("HUB_TESTS_INSTAGRAM_WEBHOOK_SECRET")?;
        let sender = Sender::new(crate::support::http_client()?, &self.addresses.ingress);
        let answered = sender.post(&delivery, delivery.signed_with(secret, now)).await?;
        if answered.status != 200 {
            bail!("a delivery was answered {}", answered.status);
        }
        Ok(())
    }
}
