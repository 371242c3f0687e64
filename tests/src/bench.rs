//! The benchmark: starts the hub as a process, loads it over HTTP with signed Shopify orders, reads its memory from the
//! kernel and its progress from its own metrics. The model is measured in this process, without a hub.

mod connectors;
mod footprint;
mod limit;
mod load;
mod model;
mod order;
mod overload;
mod polling;
mod scaling;
mod server;
mod table;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use server::Server;
use table::Table;

/// Orders sent in the timed burst, unless the first argument says otherwise.
const ORDERS: usize = 20_000;
/// A backfill is larger than a burst: 100,000 orders for 20,000 deliveries.
const POLLED_PER_ORDER: usize = 5;
/// The history of a busy shop over some years.
const INTERACTIONS: u64 = 1_000_000;
const CONNECTIONS: usize = 64;
const SECRET: &str = "bench-webhook-secret";

/// Measures the hub on this machine and prints tables.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench")]
struct Arguments {
    /// Orders sent in the timed burst; a backfill reads five times as many
    #[arg(default_value_t = ORDERS)]
    orders: usize,
    /// Interactions of the longest history the model is measured with; shorter ones are a tenth and a hundredth of it
    #[arg(long, default_value_t = INTERACTIONS, value_name = "COUNT")]
    interactions: u64,
    /// Only one part
    #[arg(long, value_enum, value_name = "PART")]
    only: Option<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Events into the model and reads from it, as the history grows
    Model,
    /// Size, start, memory and CPU of a hub that has nothing to do
    Footprint,
    /// Deliveries under load, and memory
    Hub,
    /// A hub that is offered twice what it can process
    Overload,
    /// A large backfill
    Polling,
    /// The hub beside a bare program that does the least, over more and more connections
    Limit,
    /// Larger and larger deliveries, more and more connections to providers
    Scaling,
    /// Connectors beside the same code compiled natively
    Connectors,
}

pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let outcome =
        runtime.map_err(|error| error.to_string()).and_then(|runtime| runtime.block_on(run(&arguments)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), String> {
    let is_asked = |part| arguments.only.is_none_or(|only| only == part);
    let mut told = Vec::new();
    // First, while this process holds nothing else: it is the one that is measured.
    if is_asked(Part::Model) {
        told.push(model::measure(arguments.interactions)?.render());
    }
    let mut figures = Table::new();
    if is_asked(Part::Footprint) {
        footprint::measure(&mut figures).await?;
    }
    if is_asked(Part::Hub) {
        hub(&mut figures, arguments.orders).await?;
    }
    if is_asked(Part::Overload) {
        overload::measure(&mut figures).await?;
    }
    if is_asked(Part::Polling) {
        polling::measure(&mut figures, arguments.orders * POLLED_PER_ORDER).await?;
    }
    if [Part::Footprint, Part::Hub, Part::Overload, Part::Polling].into_iter().any(is_asked) {
        told.push(figures.render());
    }
    if is_asked(Part::Limit) {
        told.extend(limit::measure(arguments.orders).await?.map(|table| table.render()));
    }
    if is_asked(Part::Scaling) {
        told.extend(scaling::measure().await?.map(|table| table.render()));
    }
    if is_asked(Part::Connectors) {
        eprintln!("connectors, one after the other");
        told.push(connectors::measure(&components())?.render());
    }
    writeln!(std::io::stdout(), "{}", told.join("\n\n")).map_err(|error| error.to_string())
}

async fn hub(table: &mut Table, orders: usize) -> Result<(), String> {
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let config = write_config(scratch.path())?;

    let (hub, _) = Server::hub(&config, scratch.path()).await?;
    eprintln!("preparing {orders} signed orders");
    let requests = order::requests(orders, SECRET);
    let bytes = requests.iter().map(Vec::len).sum::<usize>() / orders.max(1);
    eprintln!("sending them over {CONNECTIONS} connections ({bytes} bytes each)");
    let began = Instant::now();
    let burst = load::send(hub.ingress, requests, CONNECTIONS).await?;
    let acknowledged = began.elapsed();
    if burst.other > 0 {
        return Err(format!("{} answers were not 200", burst.other));
    }
    hub.wait_processed(orders).await?;
    let processed = began.elapsed();
    table.row("acknowledged, durable", per_second(orders, acknowledged), "≥ 10000/s");
    table.row("acknowledgement, p50", millis(burst.percentile(50)), "");
    table.row("acknowledgement, p99", millis(burst.percentile(99)), "≤ 20 ms");
    table.row("fully processed", per_second(orders, processed), "≥ 4000/s");
    table.row("resident memory, after the load", megabytes(hub.resident_kb()), "");
    table.row("CPU per delivery, whole hub", format!("{} µs", hub.cpu_micros() / orders as u128), "");

    eprintln!("one connection");
    let few = order::requests_from(orders, orders / 20 + 1, SECRET);
    let single = load::send(hub.ingress, few, 1).await?;
    table.row("acknowledgement, one connection, p50", millis(single.percentile(50)), "");
    hub.stop().await?;

    let call = plugin_call()?;
    table.row("fresh plugin call (shopify order), p50", format!("{} µs", call.0.as_micros()), "");
    table.row("fresh plugin call (echo), p50", format!("{} µs", call.1.as_micros()), "≤ 60 µs");
    Ok(())
}

/// The middle of many calls in this process: a whole order, and the smallest connector.
fn plugin_call() -> Result<(Duration, Duration), String> {
    let runtime = hub_runtime::Runtime::new(hub_runtime::RuntimeOptions::default())
        .map_err(|error| error.to_string())?;
    let measure = |package: &str, topic: Option<&str>, body: String| -> Result<Duration, String> {
        let bytes =
            std::fs::read(components().join(format!("{package}.wasm"))).map_err(|error| error.to_string())?;
        let plugin = runtime.install(&bytes).map_err(|error| error.to_string())?;
        let settings = hub_runtime::Settings::default();
        let mut taken = Vec::new();
        for _ in 0..2_000 {
            let delivery = hub_runtime::Delivery {
                topic: topic.map(str::to_owned),
                headers: Vec::new(),
                body: body.clone(),
                received_at_ns: 0,
            };
            let began = Instant::now();
            let answer = plugin.normalise(delivery, &settings, hub_runtime::Patience::Short);
            taken.push(began.elapsed());
            answer.map_err(|error| error.to_string())?.map_err(|failure| failure.to_string())?;
        }
        taken.sort();
        taken.get(taken.len() / 2).copied().ok_or_else(|| "nothing was measured".to_owned())
    };
    let order = measure("connector-shopify", Some("orders/create"), order::body(1))?;
    let echo = measure("connector-echo", None, r#"{"id":"1","from":"ana","text":"hello"}"#.to_owned())?;
    Ok((order, echo))
}

fn per_second(count: usize, taken: Duration) -> String {
    format!("{:.0}/s", count as f64 / taken.as_secs_f64())
}

fn millis(taken: Duration) -> String {
    format!("{:.2} ms", taken.as_secs_f64() * 1_000.0)
}

fn megabytes(kilobytes: u64) -> String {
    format!("{} MB", kilobytes / 1_024)
}

fn write_config(dir: &Path) -> Result<PathBuf, String> {
    let path = dir.join("hub.toml");
    let text = format!(
        "plugins_dir = {:?}\n[ingress]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n\
         [connections.shopify]\nconnector = \"shopify\"\nsettings = {{ shop = \"bench.example.com\" }}\n\
         secrets = {{ webhook_secret = \"env:BENCH_SECRET\", api_token = \"env:BENCH_SECRET\" }}\n",
        components()
    );
    std::fs::write(&path, text).map_err(|error| error.to_string())?;
    // Rules take part in what is measured: one that looks at every order.
    let rules = dir.join("rules");
    std::fs::create_dir_all(&rules).map_err(|error| error.to_string())?;
    std::fs::write(rules.join("large-orders.yaml"), RULE).map_err(|error| error.to_string())?;
    Ok(path)
}

const RULE: &str = "\
rule: large-orders
says: Tag customers with large orders in the hub.
mode: on
on: order.created
when:
  all:
    - {field: order.total, more_than: \"150.00 EUR\"}
    - {field: customer.open_orders, at_least: 1}
then:
  - {id: tag, do: customer.add_tag, with: {tag: large-order}}
limits: {once_per: customer, within: 24h}
";

fn components() -> PathBuf {
    target().join("components")
}

/// The build directory this binary lies in.
fn target() -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_default();
    exe.parent().and_then(Path::parent).map(Path::to_path_buf).unwrap_or_default()
}
