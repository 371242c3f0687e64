//! The hub as a child process: started with a configuration, ready when its port file is there, stopped by SIGTERM or
//! killed without warning. A child that is dropped is killed; its log stays beside its configuration.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;

use super::binaries;
use super::connections;

/// How long a start may take: the first one compiles all components, on a machine busy with other tests.
const READY_WITHIN: Duration = Duration::from_secs(120);
/// How long the hub may take to finish what it has in hand; its longest call of a provider ends before.
const STOPPED_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Lines of the log shown when something went wrong.
const LOG_LINES_SHOWN: usize = 30;

/// Where a running hub listens, as base addresses.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Addresses {
    pub ingress: String,
    pub admin: String,
}

/// A running hub.
#[derive(Debug)]
pub struct Hub {
    process: Process,
    addresses: Addresses,
    log: PathBuf,
}

/// What `omnihub run` is started with.
#[derive(Clone, Debug)]
pub struct HubFiles {
    /// hub.toml, with data and rules beside it.
    pub config: PathBuf,
    /// What the hub logs, over all its starts.
    pub log: PathBuf,
    port_file: PathBuf,
}

impl HubFiles {
    #[must_use]
    pub fn below(dir: &Path) -> Self {
        Self { config: dir.join("hub.toml"), log: dir.join("hub.log"), port_file: dir.join("hub.ports.json") }
    }

    /// Runs another command of `omnihub` on the same configuration and waits for its end.
    ///
    /// # Errors
    /// The binary cannot be started.
    pub async fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> anyhow::Result<std::process::Output> {
        let mut command = Command::new(binaries::omnihub()?);
        command
            .args(arguments)
            .arg("--config")
            .arg(&self.config)
            .envs(connections::environment())
            .stdin(Stdio::null());
        let ended = tokio::task::spawn_blocking(move || command.output());
        ended.await?.context("omnihub could not be started")
    }
}

impl Hub {
    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    /// It is not built, or it ended or did not become ready; with the end of its log.
    pub async fn start(files: &HubFiles) -> anyhow::Result<Self> {
        remove_if_there(&files.port_file)?;
        let log = File::options()
            .create(true)
            .append(true)
            .open(&files.log)
            .context("no log file could be opened")?;
        let mut command = Command::new(binaries::omnihub()?);
        command.args(["run", "--log", "json", "--config"]).arg(&files.config);
        command.arg("--port-file").arg(&files.port_file);
        command.envs(connections::environment());
        // A group of its own: Ctrl-C is for whoever started the hub, who then stops it in order.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).process_group(0);
        let mut process = Process(command.spawn().context("omnihub could not be started")?);
        let ready = tokio::time::timeout(READY_WITHIN, ready(&mut process, &files.port_file)).await;
        let addresses = ready
            .unwrap_or_else(|_| bail!("omnihub was not ready in {READY_WITHIN:?}"))
            .with_context(|| format!("the end of its log:\n{}", log_end(&files.log)))?;
        Ok(Self { process, addresses, log: files.log.clone() })
    }

    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// From now on no file of the hub may grow beyond so many bytes, as if the disk were full; `None` gives it room again.
    ///
    /// # Errors
    /// The system does not let us.
    #[cfg(target_os = "linux")]
    pub fn limit_files(&self, bytes_max: Option<u64>) -> anyhow::Result<()> {
        use rustix::process::{Resource, Rlimit, getrlimit, prlimit};
        // The hard limit is ours as well, and stays: without privileges it could not be lifted again.
        let Rlimit { maximum, .. } = getrlimit(Resource::Fsize);
        let wanted = Rlimit { current: bytes_max.or(maximum), maximum };
        prlimit(Some(self.process.id()?), Resource::Fsize, wanted)
            .map(drop)
            .context("the hub's files could not be limited")
    }

    /// What it holds in memory now, as the kernel counts; 0 where the system does not tell.
    #[must_use]
    pub fn resident_kb(&self) -> u64 {
        let id = self.process.id().map(rustix::process::Pid::as_raw_nonzero);
        let status = id.ok().and_then(|id| std::fs::read_to_string(format!("/proc/{id}/status")).ok());
        let line = status.as_deref().unwrap_or_default().lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok()).unwrap_or(0)
    }

    /// What it has used of the processors until now, to a hundredth of a second; 0 where the system does not tell.
    #[must_use]
    pub fn cpu_time(&self) -> Duration {
        let id = self.process.id().map(rustix::process::Pid::as_raw_nonzero);
        let stat = id.ok().and_then(|id| std::fs::read_to_string(format!("/proc/{id}/stat")).ok());
        // The name before it may hold anything, a bracket too (proc(5)): utime and stime are the 12th and 13th after it.
        let after_name = stat.as_deref().and_then(|stat| Some(stat.rsplit_once(')')?.1)).unwrap_or_default();
        let ticks: u64 = after_name.split_whitespace().skip(11).take(2).flat_map(str::parse::<u64>).sum();
        // Linux counts in hundredths for every user program (`getconf CLK_TCK`).
        Duration::from_millis(ticks * 10)
    }

    /// Asks it to end by SIGTERM and waits until it has.
    ///
    /// # Errors
    /// It did not end in time, or not with success.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop_by(Signal::TERM).await
    }

    /// As [`Self::stop`], by another signal.
    ///
    /// # Errors
    /// As [`Self::stop`].
    pub async fn stop_by(mut self, signal: Signal) -> anyhow::Result<()> {
        self.process.tell(signal)?;
        let status = match tokio::time::timeout(STOPPED_WITHIN, self.process.end()).await {
            Ok(status) => status?,
            Err(_) => bail!(
                "omnihub did not stop in {STOPPED_WITHIN:?}; the end of its log:\n{}",
                log_end(&self.log)
            ),
        };
        if !status.success() {
            bail!("omnihub ended with {status}; the end of its log:\n{}", log_end(&self.log));
        }
        Ok(())
    }

    /// Ends it at once, as a crash would: SIGKILL.
    ///
    /// # Errors
    /// It had ended by itself before.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        if let Some(status) = self.process.ended()? {
            bail!("omnihub had ended by itself with {status}; the end of its log:\n{}", log_end(&self.log));
        }
        self.process.0.kill().context("omnihub could not be killed")?;
        self.process.end().await.map(drop)
    }
}

/// A child that does not outlive its owner.
#[derive(Debug)]
struct Process(Child);

impl Process {
    fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.0.try_wait().context("omnihub's state could not be learned")
    }

    async fn end(&mut self) -> anyhow::Result<ExitStatus> {
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn id(&self) -> anyhow::Result<Pid> {
        i32::try_from(self.0.id()).ok().and_then(Pid::from_raw).context("omnihub has no process id")
    }

    /// Only while it has not been waited for is the id surely its own.
    fn tell(&mut self, signal: Signal) -> anyhow::Result<()> {
        if let Some(status) = self.ended()? {
            bail!("omnihub had ended by itself with {status} before it was stopped");
        }
        kill_process(self.id()?, signal).context("omnihub could not be told to stop")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Either fails only for one that has ended.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

async fn ready(process: &mut Process, port_file: &Path) -> anyhow::Result<Addresses> {
    loop {
        if let Some(status) = process.ended()? {
            bail!("omnihub ended with {status} before it was ready");
        }
        match std::fs::read(port_file) {
            Ok(text) => return serde_json::from_slice(&text).context("the port file is not understood"),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                tokio::time::sleep(LOOK_EVERY).await
            }
            Err(error) => return Err(error).context("the port file cannot be read"),
        }
    }
}

fn remove_if_there(path: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).context("an old port file stays")
        }
        _ => Ok(()),
    }
}

fn log_end(path: &Path) -> String {
    let text =
        std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(LOG_LINES_SHOWN)..).unwrap_or_default().join("\n")
}
