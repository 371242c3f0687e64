//! `omnihub run`: starts the hub, says when it is ready, and ends it in order when it is told to.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::ValueEnum;
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use super::ConfigArg;
use super::exit::{Failed, INTERRUPTED};
use crate::app::{Acting, Addresses, Hub};
use crate::clock::Clock;
use crate::record::{Folder, FolderError};

#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
One line on stderr tells when it is ready and where it listens. SIGTERM or Ctrl-C stops it: requests under way are
answered and what is in hand is finished; a second signal ends it at once, which loses nothing acknowledged.

--record DIR keeps each accepted delivery and each call of a provider with its answer, in a folder that is new, empty or a
recording. Names, e-mail addresses, phone numbers, texts and ids are replaced by stand-ins of the same form, the same
value by the same stand-in for as long as the hub runs; signatures, credentials and secrets are left out. Moments,
amounts, counts, names of fields and the providers' own words stay, as do the connections' settings. Look through it
before you send it: what a provider calls a status or type is believed. A run ends after 100,000 files or 1 GiB, or when
the disk is full; the hub goes on without. `omnihub replay --deliveries DIR` plays it.

OMNIHUB_LOG sets what is logged, as in OMNIHUB_LOG=warn,omnihub=debug; without it everything from info up.

Examples:
  omnihub run
  omnihub run --config /etc/omnihub/hub.toml --log text
  omnihub run --record failing-case/")]
pub(super) struct RunArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// How log lines look; JSON unless stderr is a terminal
    #[arg(long, value_enum, value_name = "FORM")]
    log: Option<LogForm>,
    /// Write the addresses in use to this file as JSON, {"ingress": …, "admin": …}, once the hub is ready
    #[arg(long, value_name = "FILE")]
    port_file: Option<PathBuf>,
    /// Record deliveries and calls into this folder, with personal data and secrets masked
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogForm {
    Json,
    Text,
}

pub(super) async fn run(args: RunArgs) -> Result<ExitCode, Failed> {
    let config = Arc::new(args.config.load()?);
    start_log(args.log)?;
    outlive_full_files()?;
    allow_open_files(config.ingress.connections_max);
    let record = args.record.as_deref().map(Folder::open).transpose().map_err(not_recorded)?;
    if let Some(folder) = &record {
        announce(&format!(
            "recording into {}, masked; look through it before you send it",
            folder.dir().display()
        ));
    }
    let (stop, stopped) = watch::channel(false);
    listen_for_signals(stop.clone())?;
    let hub = Hub::start_recorded(config, Clock::System, Acting::Yes, record).await?;
    for problem in &hub.plugin_problems {
        announce(&format!("plugin {} refused: {}", problem.file.display(), problem.message));
    }
    let mut told = Ok(());
    let served = hub
        .serve(stopped, |addresses| {
            told = tell_ready(addresses, args.port_file.as_deref());
            if told.is_err() {
                stop.send_replace(true);
            }
        })
        .await;
    tracing::info!("stopping");
    hub.stop().await?;
    served?;
    told?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

fn not_recorded(error: FolderError) -> Failed {
    let message = format!("nothing can be recorded: {error}");
    match error {
        FolderError::Taken(_) | FolderError::Unreadable(_) => {
            Failed::problem(message, "name a folder that is new or empty with --record")
        }
        FolderError::Disk(..) => {
            Failed::unavailable(message, "check the path of --record and who may write there")
        }
    }
}

/// Only `tracing`'s own lines are taken. The `log` crate is left unconnected on purpose: the view's engine writes there,
/// and could name a row's key.
fn start_log(form: Option<LogForm>) -> Result<(), Failed> {
    let is_terminal = std::io::stderr().is_terminal();
    let form = form.unwrap_or(if is_terminal { LogForm::Text } else { LogForm::Json });
    let filter =
        EnvFilter::builder().with_default_directive(tracing::Level::INFO.into()).with_env_var("OMNIHUB_LOG");
    let filter = filter.from_env().map_err(|error| {
        Failed::usage(format!("OMNIHUB_LOG is not understood: {error}"), "write it as warn,omnihub=debug")
    })?;
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    // A line that cannot be written is given up: telling of it on stderr would fail too, and panic.
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    let set = match form {
        LogForm::Json => tracing::subscriber::set_global_default(lines.json().flatten_event(true).finish()),
        LogForm::Text => {
            tracing::subscriber::set_global_default(lines.with_ansi(is_terminal && !no_color).finish())
        }
    };
    set.map_err(|error| Failed::Internal(error.into()))
}

/// A file at its size limit is an error of that write, as a full disk is, and not the end of the process. Once somebody
/// listens to a signal its default is off for good.
fn outlive_full_files() -> Result<(), Failed> {
    use tokio::signal::unix::{SignalKind, signal};
    /// The same number on Linux, macOS and the BSDs.
    const SIGXFSZ: i32 = 25;
    signal(SignalKind::from_raw(SIGXFSZ)).map(drop).map_err(|error| Failed::Internal(error.into()))
}

/// As many files as the system lets us have: what a shell gives by default, 1,024, is for programs that ask the kernel with
/// `select`. Each connection takes one, beside those of journal and view.
fn allow_open_files(connections_max: usize) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    const BESIDE: u64 = 512;
    let limits = getrlimit(Resource::Nofile);
    let is_raised = setrlimit(Resource::Nofile, Rlimit { current: limits.maximum, ..limits }).is_ok();
    let allowed = if is_raised { limits.maximum } else { limits.current };
    let wanted = connections_max as u64 + BESIDE;
    if let Some(allowed) = allowed.filter(|allowed| *allowed < wanted) {
        tracing::warn!(
            allowed,
            wanted,
            "fewer files may be open than ingress.connections_max asks for: raise the limit (ulimit -n, LimitNOFILE), or lower \
             connections_max in hub.toml"
        );
    }
}

/// The first signal stops in order, the second at once.
fn listen_for_signals(stop: watch::Sender<bool>) -> Result<(), Failed> {
    use tokio::signal::unix::{SignalKind, signal};
    let unavailable = |error: std::io::Error| Failed::Internal(error.into());
    let mut terminate = signal(SignalKind::terminate()).map_err(unavailable)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(unavailable)?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if stop.send_replace(true) {
                announce("ended at once; everything acknowledged is in the journal");
                std::process::exit(INTERRUPTED.into());
            }
        }
    });
    Ok(())
}

fn tell_ready(addresses: &Addresses, port_file: Option<&Path>) -> Result<(), Failed> {
    let (ingress, admin) = (format!("http://{}", addresses.ingress), format!("http://{}", addresses.admin));
    if let Some(path) = port_file {
        let text = serde_json::json!({ "ingress": ingress, "admin": admin }).to_string();
        write_whole(path, &text).map_err(|error| {
            Failed::unavailable(format!("{} cannot be written: {error}", path.display()), "check --port-file")
        })?;
    }
    announce(&format!("ready: ingress {ingress}, admin {admin}"));
    Ok(())
}

/// Whoever waits for the file never sees half of it.
fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    std::fs::write(&aside, text)?;
    std::fs::rename(&aside, path)
}

/// A line for whoever started the hub, in either form of log.
fn announce(line: &str) {
    use std::io::Write as _;
    // Whoever closed stderr does not want to know.
    drop(writeln!(std::io::stderr(), "omnihub {line}"));
}
