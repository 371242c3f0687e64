//! The hub beside the limit: the same signed orders over the same connections, in turns, each time with a journal of its
//! own. What the machine does meanwhile happens to both.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::server::Server;
use super::table::Table;
use super::{SECRET, load, order, write_config};

/// How many connections deliver at once; the goals are for 64.
const CONNECTIONS: [usize; 4] = [1, 16, 64, 256];
/// Rounds each; the middle one of each figure counts.
const ROUNDS: usize = 3;
/// Where the hub's CPU time goes is told of the goals' number of connections.
const THREADS_SHOWN_AT: usize = 64;
/// One connection waits for each sync alone: fewer orders tell as much.
const ONE_CONNECTION_SHARE: usize = 20;

/// What one burst showed.
struct Burst {
    acknowledged: f64,
    processed: f64,
    p99: Duration,
    cpu_micros: f64,
    /// The same, thread by thread.
    threads: BTreeMap<String, f64>,
}

/// One row for each figure and number of connections; and where the hub's CPU time goes.
pub(super) async fn measure(orders: usize) -> Result<[Table; 2], String> {
    let mut threads = BTreeMap::new();
    let mut table = Table::of(&["beside the limit", "connections", "hub", "limit", "ratio", "goal at 64"]);
    for connections in CONNECTIONS {
        let orders = if connections == 1 { orders / ONE_CONNECTION_SHARE + 1 } else { orders };
        eprintln!("{connections} connection(s), {ROUNDS} rounds of {orders} orders each");
        let (mut hub, mut limit) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            hub.push(burst_of_hub(orders, connections).await?);
            limit.push(burst_of_limit(orders, connections).await?);
        }
        rows(&mut table, connections, &hub, &limit);
        if connections == THREADS_SHOWN_AT {
            threads = hub.pop().map(|burst| burst.threads).unwrap_or_default();
        }
    }
    Ok([table, by_thread(threads)])
}

fn rows(table: &mut Table, connections: usize, hub: &[Burst], limit: &[Burst]) {
    type Figure = (&'static str, fn(&Burst) -> f64, usize, &'static str, &'static str);
    let figures: [Figure; 4] = [
        ("acknowledged, durable", |burst| burst.acknowledged, 0, "/s", "≥ 0.8"),
        ("fully processed", |burst| burst.processed, 0, "/s", "≥ 0.35"),
        ("acknowledgement, p99", |burst| burst.p99.as_secs_f64() * 1_000.0, 2, " ms", "≤ 1.5"),
        ("CPU per delivery", |burst| burst.cpu_micros, 0, " µs", ""),
    ];
    for (name, figure, decimals, unit, goal) in figures {
        let (hub, limit) = (middle(hub, figure), middle(limit, figure));
        table.cells([
            name.to_owned(),
            connections.to_string(),
            format!("{hub:.decimals$}{unit}"),
            format!("{limit:.decimals$}{unit}"),
            format!("{:.2}", hub / limit.max(f64::MIN_POSITIVE)),
            goal.to_owned(),
        ]);
    }
}

fn by_thread(threads: BTreeMap<String, f64>) -> Table {
    let mut table = Table::of(&["threads of the hub", "CPU per delivery", "of all"]);
    let all: f64 = threads.values().sum();
    let mut threads: Vec<(String, f64)> = threads.into_iter().collect();
    threads.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    for (name, micros) in threads {
        table.cells([name, format!("{micros:.0} µs"), format!("{:.0} %", micros * 100.0 / all)]);
    }
    table
}

fn middle(bursts: &[Burst], figure: fn(&Burst) -> f64) -> f64 {
    let mut figures: Vec<f64> = bursts.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

async fn burst_of_hub(orders: usize, connections: usize) -> Result<Burst, String> {
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let config = write_config(scratch.path())?;
    let (server, _) = Server::hub(&config, scratch.path()).await?;
    burst(server, orders, connections).await
}

async fn burst_of_limit(orders: usize, connections: usize) -> Result<Burst, String> {
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    burst(Server::limit(scratch.path()).await?, orders, connections).await
}

async fn burst(server: Server, orders: usize, connections: usize) -> Result<Burst, String> {
    let requests = order::requests(orders, SECRET);
    // What it took to start is not part of a delivery.
    let (cpu_before, threads_before) = (server.cpu_micros(), server.cpu_by_thread());
    let began = Instant::now();
    let answers = load::send(server.ingress, requests, connections).await?;
    let acknowledged = began.elapsed();
    if answers.other > 0 {
        return Err(format!("{} answers were not 200", answers.other));
    }
    server.wait_processed(orders).await?;
    let processed = began.elapsed();
    let cpu = server.cpu_micros().saturating_sub(cpu_before);
    let each = |taken: Duration| orders as f64 / taken.as_secs_f64();
    let spent = |(name, micros): (String, u128)| {
        let before = threads_before.get(&name).copied().unwrap_or_default();
        (name, micros.saturating_sub(before) as f64 / orders as f64)
    };
    let threads = server.cpu_by_thread().into_iter().map(spent).collect();
    Ok(Burst {
        threads,
        acknowledged: each(acknowledged),
        processed: each(processed),
        p99: answers.percentile(99),
        cpu_micros: cpu as f64 / orders as f64,
    })
}
