//! The simulated providers as a program: prints one JSON line when ready, and runs until told to stop.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use jiff::Timestamp;
use provider_simulator::{Clock, Credentials, Sending, Simulator, SimulatorOptions, StartError, Unknown};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// Shopify, Zendesk, Meta's Graph API, Square and Voucherify, simulated on one local port.
#[derive(Debug, Parser)]
#[command(name = "provider-simulator")]
struct Args {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Write the port here once calls are served.
    #[arg(long, value_name = "FILE")]
    port_file: Option<PathBuf>,
    /// Refuse customers, orders, accounts and articles that were not seeded.
    #[arg(long)]
    strict: bool,
    /// Accept only this token, at every provider.
    #[arg(long, env = "PROVIDER_SIMULATOR_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Zendesk requests allowed in a minute.
    #[arg(long, value_name = "N")]
    zendesk_per_minute: Option<u32>,
    /// How long a new Zendesk ticket stays invisible to search.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    zendesk_search_lag_ms: u64,
    /// Let the providers' clock stand still here until it is turned over /control. It runs with the machine's otherwise.
    #[arg(long, value_name = "TIME")]
    clock: Option<Timestamp>,
    /// Let it run from there instead, so many times as fast as the machine's.
    #[arg(long, value_name = "TIMES", requires = "clock")]
    clock_speed: Option<u32>,
    /// Send webhooks as their time comes, not only when told to over /control.
    #[arg(long)]
    send_by_itself: bool,
    /// Stop when standard input closes, so that no simulator outlives what started it.
    #[arg(long)]
    until_stdin_closes: bool,
}

#[derive(Debug, thiserror::Error)]
enum MainError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("could not watch for signals")]
    Signals(#[source] std::io::Error),
    #[error("could not say where it listens")]
    Announce(#[source] std::io::Error),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            eprintln!("provider-simulator: {error}{}", cause.unwrap_or_default());
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), MainError> {
    // Before it is announced: whoever reads the line may send a signal at once.
    let interrupted = signal(SignalKind::interrupt()).map_err(MainError::Signals)?;
    let terminated = signal(SignalKind::terminate()).map_err(MainError::Signals)?;
    let simulator = Simulator::start(options(&args)).await?;
    announce(simulator.base_url(), args.port_file.as_deref()).map_err(MainError::Announce)?;
    until_told(interrupted, terminated, args.until_stdin_closes).await;
    simulator.stop().await;
    Ok(())
}

fn options(args: &Args) -> SimulatorOptions {
    let defaults = SimulatorOptions::default();
    SimulatorOptions {
        listen: args.listen,
        unknown: if args.strict { Unknown::Refused } else { Unknown::Created },
        credentials: args.token.as_ref().map_or_else(Credentials::any, Credentials::only),
        zendesk_requests_per_minute: args.zendesk_per_minute.unwrap_or(defaults.zendesk_requests_per_minute),
        zendesk_search_lag: Duration::from_millis(args.zendesk_search_lag_ms),
        clock: match (args.clock, args.clock_speed) {
            (None, _) => defaults.clock,
            (Some(start), None) => Clock::stopped_at(start),
            (Some(start), Some(times)) => Clock::compressed(start, times),
        },
        sending: if args.send_by_itself { Sending::ByItself } else { Sending::WhenAsked },
        ..defaults
    }
}

fn announce(base_url: &str, port_file: Option<&Path>) -> std::io::Result<()> {
    if let Some(path) = port_file {
        let port = base_url.rsplit(':').next().unwrap_or_default();
        // Renamed into place, so a reader finds the whole number or no file.
        let unfinished = path.with_extension("unfinished");
        std::fs::write(&unfinished, format!("{port}\n"))?;
        std::fs::rename(&unfinished, path)?;
    }
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", serde_json::json!({ "base_url": base_url }))?;
    stdout.flush()
}

async fn until_told(mut interrupted: Signal, mut terminated: Signal, watch_stdin: bool) {
    let (closed, stdin_closed) = oneshot::channel::<()>();
    if watch_stdin {
        // A thread of its own: a blocking read would keep the runtime from ending.
        std::thread::spawn(move || {
            let mut ignored = [0; 256];
            while std::io::stdin().read(&mut ignored).is_ok_and(|read| read > 0) {}
            drop(closed);
        });
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
            _ = stdin_closed => {}
        }
    } else {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    }
}
