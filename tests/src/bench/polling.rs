//! How fast a backfill is: orders of a simulated shop, read page by page by `omnihub poll` into journal and view.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use provider_simulator::{BucketSize, Simulator, SimulatorOptions};

use super::table::Table;
use super::{SECRET, components, load, order, per_second, target};

/// No limit of the provider's is measured here.
const UNLIMITED: BucketSize = BucketSize { points_max: 100_000_000, points_per_second: 100_000_000 };
const CONNECTIONS: usize = 16;

pub(super) async fn measure(table: &mut Table, orders: usize) -> Result<(), String> {
    let options = SimulatorOptions { shopify_bucket: UNLIMITED, ..SimulatorOptions::default() };
    let simulator = Simulator::start(options).await.map_err(|error| error.to_string())?;
    eprintln!("placing {orders} orders in the simulated shop");
    let address = simulator.base_url().trim_start_matches("http://").parse();
    let placed = load::send(address.map_err(|_| "no address")?, placings(orders), CONNECTIONS).await?;
    if placed.other > 0 {
        return Err(format!("{} orders were not placed", placed.other));
    }
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let config = scratch.path().join("hub.toml");
    std::fs::write(&config, configuration(simulator.base_url())).map_err(|error| error.to_string())?;
    eprintln!("reading them");
    let began = Instant::now();
    let (events, peak_kb) = poll(&config).await?;
    let taken = began.elapsed();
    if events < orders as u64 {
        return Err(format!("{events} events came of {orders} orders"));
    }
    table.row("polled orders, backfill", per_second(orders, taken), "≥ 5000/s");
    table.row("resident memory at most, polling", format!("{} MB", peak_kb / 1_024), "flat");
    simulator.stop().await;
    Ok(())
}

fn placings(orders: usize) -> Vec<Vec<u8>> {
    let placing = |number: usize| {
        let order: serde_json::Value = serde_json::from_str(&order::body(number)).unwrap_or_default();
        let body = serde_json::json!({ "fields": order, "topics": [] }).to_string();
        let id = 7_000_000_000_000_u64 + number as u64;
        format!(
            "PUT /shopify/merchant/orders/{id} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    };
    (0..orders).map(placing).collect()
}

fn configuration(simulator: &str) -> String {
    format!(
        "plugins_dir = {:?}\n[polling]\non = false\n\
         [connections.shopify]\nconnector = \"shopify\"\n\
         settings = {{ shop = \"bench.example.com\", page_size = 250 }}\n\
         secrets = {{ webhook_secret = \"env:BENCH_SECRET\", api_token = \"env:BENCH_SECRET\" }}\n\
         [connections.shopify.endpoints.admin]\nbase_url = \"{simulator}/shopify\"\nallow_private = true\n",
        components()
    )
}

/// Runs `omnihub poll`; tells the events read and the most memory the process held.
async fn poll(config: &Path) -> Result<(u64, u64), String> {
    let mut child = Command::new(target().join("release/omnihub"))
        .args(["poll", "shopify", "--stream", "orders", "--since", "2020-01-01", "--json", "--config"])
        .arg(config)
        .env("BENCH_SECRET", SECRET)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())?;
    let mut peak = 0;
    while child.try_wait().map_err(|error| error.to_string())?.is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok());
        peak = peak.max(now.unwrap_or(0));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let told: serde_json::Value =
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("omnihub poll ended with {}: {told}", output.status));
    }
    let events = told.pointer("/streams/0/events").and_then(serde_json::Value::as_u64);
    Ok((events.unwrap_or(0), peak))
}
