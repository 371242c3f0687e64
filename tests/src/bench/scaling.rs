//! What grows with the size of a delivery and with the number of connections, and whether it grows faster than the work.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::server::Server;
use super::table::Table;
use super::{CONNECTIONS, SECRET, components, load, megabytes, order, write_config};
use crate::support::connections::{self, Listen, SHOP_DOMAIN, SHOPIFY, changed, configuration, left_alone};

/// Lines of an order: as many as make it about 1 KB (none, and nothing else that can be left out), 10 KB, 100 KB, 1 MB.
const LINES: [Option<usize>; 4] = [None, Some(5), Some(77), Some(800)];
/// Deliveries of the smallest; of larger ones so many bytes.
const SMALL_ORDERS: usize = 10_000;
const BYTES: usize = 100_000_000;
/// Connections, a sixth of them of each connector.
const CONNECTED: [usize; 4] = [6, 18, 36, 60];
const ORDERS: usize = 10_000;
const WATCHED: Duration = Duration::from_secs(10);
/// After a start, before anything is looked at.
const SETTLING: Duration = Duration::from_secs(2);

/// A table for each.
pub(super) async fn measure() -> Result<[Table; 2], String> {
    Ok([bodies().await?, connected().await?])
}

/// What a burst of deliveries took.
struct Burst {
    processed: Duration,
    p99: Duration,
    cpu_micros: u128,
}

async fn burst(hub: &Server, requests: Vec<Vec<u8>>) -> Result<Burst, String> {
    let (count, cpu_before) = (requests.len(), hub.cpu_micros());
    let before = hub.processed().await?;
    let began = Instant::now();
    let answers = load::send(hub.ingress, requests, CONNECTIONS).await?;
    if answers.other > 0 {
        return Err(format!("{} answers were not 200", answers.other));
    }
    hub.wait_processed(before + count).await?;
    let processed = began.elapsed();
    let cpu_micros = hub.cpu_micros().saturating_sub(cpu_before);
    Ok(Burst { processed, p99: answers.percentile(99), cpu_micros })
}

async fn bodies() -> Result<Table, String> {
    let mut table = Table::of(&[
        "bytes of a body",
        "deliveries",
        "processed",
        "of bytes",
        "acknowledgement, p99",
        "CPU each",
        "CPU for each KB",
    ]);
    for lines in LINES {
        let bytes = order::body_with(0, lines).len();
        let count = (BYTES / bytes).min(SMALL_ORDERS);
        eprintln!("{count} bodies of {bytes} bytes");
        let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
        let config = write_config(scratch.path())?;
        let (hub, _) = Server::hub(&config, scratch.path()).await?;
        let requests = (0..count)
            .map(|number| order::request_to(SHOPIFY, number, &order::body_with(number, lines), SECRET))
            .collect();
        let burst = burst(&hub, requests).await?;
        hub.stop().await?;
        let seconds = burst.processed.as_secs_f64();
        let each = burst.cpu_micros as f64 / count as f64;
        table.cells([
            bytes.to_string(),
            count.to_string(),
            format!("{:.0}/s", count as f64 / seconds),
            format!("{:.1} MB/s", (count * bytes) as f64 / 1e6 / seconds),
            format!("{:.1} ms", burst.p99.as_secs_f64() * 1e3),
            format!("{each:.0} µs"),
            format!("{:.0} µs", each * 1e3 / bytes as f64),
        ]);
    }
    Ok(table)
}

async fn connected() -> Result<Table, String> {
    let mut table = Table::of(&[
        "connections",
        "start to ready, cached",
        "resident memory, idle",
        "CPU, idle",
        "processed",
        "CPU per delivery",
    ]);
    for connected in CONNECTED {
        eprintln!("{connected} connections");
        let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
        let each = connected / connections::all().len();
        let config = write_many(scratch.path(), each)?;
        let (hub, _) = Server::hub(&config, scratch.path()).await?;
        hub.stop().await?;
        let (hub, taken) = Server::hub(&config, scratch.path()).await?;
        tokio::time::sleep(SETTLING).await;
        let resident_kb = hub.resident_kb();
        let cpu_before = hub.cpu_micros();
        tokio::time::sleep(WATCHED).await;
        let idle = hub.cpu_micros().saturating_sub(cpu_before) as f64 / WATCHED.as_micros() as f64;
        let secret = connections::named(SHOPIFY).ok_or("there is no shop")?.webhook_secret();
        let to = |number: usize| copy_of(SHOPIFY, number % each);
        let requests = (0..ORDERS)
            .map(|number| order::request_to(&to(number), number, &order::body(number), &secret))
            .collect();
        let burst = burst(&hub, requests).await?;
        hub.stop().await?;
        table.cells([
            connected.to_string(),
            format!("{} ms", taken.as_millis()),
            megabytes(resident_kb),
            format!("{:.2} %", idle * 100.0),
            format!("{:.0}/s", ORDERS as f64 / burst.processed.as_secs_f64()),
            format!("{} µs", burst.cpu_micros / ORDERS as u128),
        ]);
    }
    Ok(table)
}

/// The first keeps the name of its connector.
fn copy_of(name: &str, number: usize) -> String {
    if number == 0 { name.to_owned() } else { format!("{name}-{}", number + 1) }
}

/// The six connections of the tests, so many of each; nobody is polled, and nobody answers.
fn write_many(dir: &Path, each: usize) -> Result<PathBuf, String> {
    let text = configuration("http://127.0.0.1:9", &components(), Listen::default());
    let text = changed(&text, &left_alone()).map_err(|error| error.to_string())?;
    let mut root: toml::Table =
        text.replace(SHOP_DOMAIN, "bench.example.com").parse().map_err(|error| format!("{error}"))?;
    let six = root.get_mut("connections").and_then(toml::Value::as_table_mut).ok_or("no connections")?;
    for (name, connection) in six.clone() {
        six.extend((1..each).map(|number| (copy_of(&name, number), connection.clone())));
    }
    std::fs::create_dir_all(dir.join("rules")).map_err(|error| error.to_string())?;
    let path = dir.join("hub.toml");
    std::fs::write(&path, root.to_string()).map_err(|error| error.to_string())?;
    Ok(path)
}
