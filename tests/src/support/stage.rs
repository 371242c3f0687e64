//! Everything a play needs, in a scratch directory: simulated providers, configuration, rules, and the hub, which may
//! be stopped, killed and started again. The directory goes when the stage does.

use std::path::Path;

use anyhow::{Context as _, bail};
use provider_simulator::{Control, Simulator, SimulatorOptions};
use rustix::process::Signal;
use tempfile::TempDir;

use super::admin::Admin;
use super::binaries;
use super::connections::{self, Change, Listen};
use super::hub::{Hub, HubFiles};
use super::sender::Sender;

/// A rule file: its name and its text.
pub type RuleFile = (&'static str, &'static str);

/// The two rules the hub was built for.
pub const RULES: [RuleFile; 2] = [
    ("tag-unhappy-customer.yaml", include_str!("../../story/rules/tag-unhappy-customer.yaml")),
    ("create-ticket-on-dm.yaml", include_str!("../../story/rules/create-ticket-on-dm.yaml")),
];

/// What is played on.
#[derive(Debug)]
pub struct Stage {
    // Declared before the directory it writes into: dropped first.
    hub: Option<Hub>,
    simulator: Simulator,
    client: reqwest::Client,
    files: HubFiles,
    scratch: TempDir,
}

/// What may differ from one stage to the next.
#[derive(Debug)]
pub struct StageOptions {
    pub simulator: SimulatorOptions,
    pub listen: Listen,
    pub rules: Vec<RuleFile>,
    /// Keys of hub.toml that are to be otherwise.
    pub changes: Vec<Change>,
}

impl Default for StageOptions {
    fn default() -> Self {
        Self {
            simulator: SimulatorOptions::default(),
            listen: Listen::default(),
            rules: RULES.to_vec(),
            changes: Vec::new(),
        }
    }
}

impl Stage {
    /// Sets everything up and starts the hub.
    ///
    /// # Errors
    /// Something is not built, or the hub does not start.
    pub async fn set(options: StageOptions) -> anyhow::Result<Self> {
        let components = binaries::components()?;
        let scratch = tempfile::Builder::new()
            .prefix("omnihub-")
            .tempdir()
            .context("no scratch directory could be made")?;
        let simulator = Simulator::start(options.simulator).await?;
        let files = HubFiles::below(scratch.path());
        let configuration = connections::configuration(simulator.base_url(), &components, options.listen);
        let configuration = connections::changed(&configuration, &options.changes)?;
        std::fs::write(&files.config, configuration).context("hub.toml could not be written")?;
        write_rules(scratch.path(), &options.rules)?;
        let mut stage = Self { hub: None, simulator, client: super::http_client()?, files, scratch };
        stage.start().await?;
        Ok(stage)
    }

    /// Starts the hub again after it was stopped or killed.
    ///
    /// # Errors
    /// It runs already, or does not start.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        self.start_unchecked().await?;
        self.check_connections().await
    }

    /// As [`Self::start`], with connections that cannot work.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_unchecked(&mut self) -> anyhow::Result<()> {
        if self.hub.is_some() {
            bail!("the hub runs already");
        }
        self.hub = Some(Hub::start(&self.files).await?);
        Ok(())
    }

    /// A connection that cannot work would only be seen by what does not happen.
    async fn check_connections(&self) -> anyhow::Result<()> {
        let status = self.admin()?.status().await?;
        for connection in &status.connections {
            if let Some(problem) = connection.problems.first() {
                bail!("connection {}: {}: {}", connection.name, problem.key, problem.message);
            }
            if connection.plugin.is_none() {
                bail!(
                    "connection {}: its connector is not installed; run `cargo xtask components`",
                    connection.name
                );
            }
        }
        Ok(())
    }

    /// Stops the hub in order.
    ///
    /// # Errors
    /// It does not run, or does not end as it should.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.hub.take().context("the hub does not run")?.stop().await
    }

    /// Stops the hub by this signal; it has to end as it would for SIGTERM.
    ///
    /// # Errors
    /// As [`Self::stop`].
    pub async fn stop_by(&mut self, signal: Signal) -> anyhow::Result<()> {
        self.hub.take().context("the hub does not run")?.stop_by(signal).await
    }

    /// Kills the hub as a crash would.
    ///
    /// # Errors
    /// It does not run any more.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.hub.take().context("the hub does not run")?.kill().await
    }

    /// The running hub.
    ///
    /// # Errors
    /// It does not run.
    pub fn hub(&self) -> anyhow::Result<&Hub> {
        self.hub.as_ref().context("the hub does not run")
    }

    /// Asks the running hub.
    ///
    /// # Errors
    /// It does not run.
    pub fn admin(&self) -> anyhow::Result<Admin> {
        Ok(Admin::new(self.client.clone(), &self.hub()?.addresses().admin))
    }

    /// Delivers to the running hub.
    ///
    /// # Errors
    /// It does not run.
    pub fn sender(&self) -> anyhow::Result<Sender> {
        Ok(Sender::new(self.client.clone(), &self.hub()?.addresses().ingress))
    }

    /// What really happened at the providers.
    #[must_use]
    pub fn providers(&self) -> Control {
        self.simulator.control()
    }

    /// Where the simulated providers are.
    #[must_use]
    pub fn simulator_url(&self) -> &str {
        self.simulator.base_url()
    }

    /// The scratch directory: hub.toml, rules, data, log.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.scratch.path()
    }

    #[must_use]
    pub fn files(&self) -> &HubFiles {
        &self.files
    }

    /// `omnihub journal verify` and `effect verify` on the stopped hub's data: whether view and journal agree and every effect
    /// happened once, and what was said.
    ///
    /// # Errors
    /// The hub still runs, or the binary cannot be started.
    pub async fn verify_journal(&self) -> anyhow::Result<Result<(), String>> {
        if self.hub.is_some() {
            bail!("the hub has to be stopped first");
        }
        // Where a message was taken back, the view can be compared only when it is built anew. One that is built anew says
        // nothing of the one before, so that is done only where it has to be.
        let listed = self.files.command(&["privacy", "list", "--json"]).await?;
        let listed: serde_json::Value = serde_json::from_slice(&listed.stdout)?;
        let finish = ["customer", "erase", "--now"];
        let owed =
            (listed.get("view_waiting") == Some(&serde_json::Value::Bool(true))).then_some(finish.as_slice());
        let proofs = [["journal", "verify"].as_slice(), ["effect", "verify"].as_slice()];
        for words in owed.into_iter().chain(proofs) {
            let output = self.files.command(words).await?;
            if !output.status.success() {
                let said = [output.stdout, output.stderr]
                    .map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
                return Ok(Err(format!("{words:?}: {}: {}", output.status, said.join(" "))));
            }
        }
        Ok(Ok(()))
    }
}

fn write_rules(dir: &Path, rules: &[RuleFile]) -> anyhow::Result<()> {
    let dir = dir.join("rules");
    std::fs::create_dir(&dir).context("the rules' folder could not be made")?;
    for (name, text) in rules {
        std::fs::write(dir.join(name), text).with_context(|| format!("{name} could not be written"))?;
    }
    Ok(())
}
