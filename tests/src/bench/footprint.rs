//! What a hub costs that has nothing to do: six connectors, nobody who delivers.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::server::Server;
use super::table::Table;
use super::{components, megabytes, target};
use crate::support::connections::{Listen, changed, configuration, left_alone};

/// After a start, before anything is looked at.
const SETTLING: Duration = Duration::from_secs(2);
/// How long the idle hub is watched: its kernel counts CPU in ticks of 10 ms.
const WATCHED: Duration = Duration::from_secs(20);
/// Starts with everything compiled; the middle one counts.
const STARTS: usize = 5;

pub(super) async fn measure(table: &mut Table) -> Result<(), String> {
    let binary = std::fs::metadata(target().join("release/omnihub")).map_err(|error| error.to_string())?;
    table.row("binary", format!("{:.1} MB", binary.len() as f64 / 1e6), "≤ 40 MB");
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let config = write_config(scratch.path())?;
    eprintln!("starting the hub with six connectors, nothing compiled");
    let (hub, cold) = Server::hub(&config, scratch.path()).await?;
    table.row("start to ready, nothing compiled", format!("{} ms", cold.as_millis()), "≤ 5000 ms");
    hub.stop().await?;
    let mut warm = Vec::new();
    for _ in 0..STARTS {
        let (hub, taken) = Server::hub(&config, scratch.path()).await?;
        warm.push(taken);
        hub.stop().await?;
    }
    warm.sort();
    let warm = warm.get(STARTS / 2).copied().unwrap_or_default();
    table.row("start to ready, plugins cached", format!("{} ms", warm.as_millis()), "≤ 150 ms");
    let (hub, _) = Server::hub(&config, scratch.path()).await?;
    tokio::time::sleep(SETTLING).await;
    table.row("resident memory, idle", megabytes(hub.resident_kb()), "≤ 50 MB");
    eprintln!("watching it do nothing for {} s", WATCHED.as_secs());
    let before = hub.cpu_micros();
    tokio::time::sleep(WATCHED).await;
    let share = hub.cpu_micros().saturating_sub(before) as f64 / WATCHED.as_micros() as f64;
    table.row("CPU, idle", format!("{:.2} %", share * 100.0), "≤ 0.5 %");
    hub.stop().await
}

/// The six connections of the tests; nobody is polled, and nobody answers.
fn write_config(dir: &Path) -> Result<PathBuf, String> {
    let text = configuration("http://127.0.0.1:9", &components(), Listen::default());
    let text = changed(&text, &left_alone()).map_err(|error| error.to_string())?;
    std::fs::create_dir_all(dir.join("rules")).map_err(|error| error.to_string())?;
    let path = dir.join("hub.toml");
    std::fs::write(&path, text).map_err(|error| error.to_string())?;
    Ok(path)
}
