//! The processes under load: the hub, and the program it is compared with.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{SECRET, load, target};
use crate::support::connections;

/// A process that takes deliveries and counts what it has processed.
pub(super) struct Server {
    child: Child,
    pub(super) ingress: SocketAddr,
    admin: SocketAddr,
}

#[derive(serde::Deserialize)]
struct Addresses {
    /// "http://127.0.0.1:8080"
    ingress: String,
    admin: String,
}

fn address(url: &str) -> Option<SocketAddr> {
    url.strip_prefix("http://")?.parse().ok()
}

impl Server {
    /// Starts the hub and waits until it is ready; returns how long that took.
    pub(super) async fn hub(config: &Path, dir: &Path) -> Result<(Self, Duration), String> {
        let mut command = Command::new(target().join("release/omnihub"));
        command
            .args(["run", "--log", "json", "--config"])
            .arg(config)
            .arg("--port-file")
            .envs(connections::environment());
        Self::start(command, dir).await
    }

    /// Starts the program the hub is compared with.
    pub(super) async fn limit(dir: &Path) -> Result<Self, String> {
        let mut command = Command::new(target().join("release/bench-limit"));
        command.arg(dir.join("journal"));
        Ok(Self::start(command, dir).await?.0)
    }

    /// The command's last argument is to be a file that it writes its addresses to.
    async fn start(mut command: Command, dir: &Path) -> Result<(Self, Duration), String> {
        let port_file = dir.join("ports.json");
        drop(std::fs::remove_file(&port_file));
        let began = Instant::now();
        let child = command
            .arg(&port_file)
            .env("BENCH_SECRET", SECRET)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{} could not be started: {error}", command.get_program().display()))?;
        let mut server = Self { child, ingress: NOWHERE, admin: NOWHERE };
        for _ in 0..READY_LOOKS_MAX {
            if let Ok(text) = std::fs::read_to_string(&port_file)
                && let Ok(addresses) = serde_json::from_str::<Addresses>(&text)
            {
                server.ingress = address(&addresses.ingress).ok_or("it names no address")?;
                server.admin = address(&addresses.admin).ok_or("it names no address")?;
                if load::get(server.admin, "/readyz").await.is_ok_and(|answer| answer.status == 200) {
                    return Ok((server, began.elapsed()));
                }
            }
            tokio::time::sleep(READY_LOOK).await;
        }
        Err("it did not get ready".to_owned())
    }

    /// Deliveries turned into events since it started.
    pub(super) async fn processed(&self) -> Result<usize, String> {
        let metrics = load::get(self.admin, "/metrics").await?.body;
        let count = metrics
            .lines()
            .find_map(|line| line.strip_prefix("omnihub_deliveries_processed_total "))
            .and_then(|count| count.trim().parse::<usize>().ok());
        Ok(count.unwrap_or(0))
    }

    pub(super) async fn wait_processed(&self, deliveries: usize) -> Result<(), String> {
        let mut last = 0;
        let mut still = 0;
        while still < STILL_LOOKS_MAX {
            let processed = self.processed().await?;
            if processed >= deliveries {
                return Ok(());
            }
            still = if processed > last { 0 } else { still + 1 };
            last = processed;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(format!("processing stopped at {last} of {deliveries}"))
    }

    pub(super) fn resident_kb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok()).unwrap_or(0)
    }

    /// User and system time so far.
    pub(super) fn cpu_micros(&self) -> u128 {
        cpu_of(&std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default())
    }

    /// The same by the names of its threads, in microseconds, without the numbers at their ends.
    pub(super) fn cpu_by_thread(&self) -> BTreeMap<String, u128> {
        let mut by_name = BTreeMap::new();
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id()));
        for task in tasks.into_iter().flatten().flatten() {
            let name = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
            let name = name.trim().trim_end_matches(|sign: char| sign.is_ascii_digit() || sign == '-');
            let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
            *by_name.entry(name.to_owned()).or_default() += cpu_of(&stat);
        }
        by_name
    }

    /// Asks the hub to end, and waits until it has.
    pub(super) async fn stop(mut self) -> Result<(), String> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().map_err(|error| error.to_string())?;
        for _ in 0..3_000 {
            if let Some(status) = self.child.try_wait().map_err(|error| error.to_string())? {
                return if status.success() { Ok(()) } else { Err(format!("the hub ended with {status}")) };
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err("the hub did not stop in 30 s".to_owned())
    }
}

/// Field 14 and 15 of proc_pid_stat(5), which are in ticks of 10 ms.
fn cpu_of(stat: &str) -> u128 {
    let after_name = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks.filter_map(|field| field.parse::<u128>().ok()).sum::<u128>() * 10_000
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ended already, or not needed any more: nothing to do about either.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// A millisecond each: looking must not add to what is measured.
const READY_LOOK: Duration = Duration::from_millis(1);
const READY_LOOKS_MAX: usize = 30_000;
const STILL_LOOKS_MAX: usize = 1_000;
