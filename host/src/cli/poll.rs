//! `omnihub poll`: reads a connection's streams now, and older things when asked to, and shows how far it has come.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use hub_model::Timestamp;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::Value;

use super::api::{Answer, HubArg, Question, ask, ask_router};
use super::exit::{Failed, PROBLEMS};
use super::moment::{Moment, moment};
use super::out::Out;
use super::show;
use crate::app::{Acting, Hub};
use crate::clock::Clock;

#[derive(Debug, Args)]
#[command(after_long_help = "\
Each page is kept as it is read, so an interrupted run goes on where it was: the running hub finishes it by itself, and
so does the next `omnihub run`. What is read twice counts once. Without a running hub the streams are read here; rules
may plan effects, which the next `omnihub run` carries out.

Examples:
  omnihub poll shop                                      what changed since the last page
  omnihub poll shop --stream orders --since 2026-01-01   orders of the whole year, again
  omnihub poll shop --since 30d --detach                 ask, and do not wait")]
pub(super) struct PollArgs {
    /// The connection
    connection: String,
    /// Only this stream
    #[arg(long, value_name = "NAME")]
    stream: Option<String>,
    /// Begin anew from this time (RFC 3339 or a date, UTC) or so long ago (90m, 12h, 30d)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Moment>,
    /// Do not wait for the end
    #[arg(long)]
    detach: bool,
    #[command(flatten)]
    hub: HubArg,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// How often to look how far it has come.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// Who is asked: a hub that runs, or one started here for the purpose.
enum Asked {
    Running,
    Here(Box<Hub>, axum::Router),
}

pub(super) async fn poll(out: &Out, args: PollArgs) -> Result<ExitCode, Failed> {
    let config = args.hub.config.load()?;
    let asked = if args.hub.is_answered(&config).await? {
        Asked::Running
    } else {
        let config = Arc::new(config);
        let hub = Hub::start(Arc::clone(&config), Clock::System, Acting::Reading).await?;
        let router = hub.admin_here();
        Asked::Here(Box::new(hub), router)
    };
    let done = run(out, &args, &asked).await;
    if let Asked::Here(hub, router) = asked {
        drop(router);
        hub.settle().await;
        hub.stop().await?;
    }
    done
}

impl Asked {
    async fn ask(&self, args: &PollArgs, question: Question) -> Result<Answer, Failed> {
        match self {
            Self::Running => ask(&args.hub, question).await,
            Self::Here(_, router) => ask_router(router.clone(), &question).await,
        }
    }
}

async fn run(out: &Out, args: &PollArgs, asked: &Asked) -> Result<ExitCode, Failed> {
    let since = args.since.map(|since| since.before(Clock::System.now()));
    let question = Question::post(&["connections", &args.connection, "poll"])
        .with("stream", args.stream.as_ref())
        .with("since", since);
    let started = asked.ask(args, question).await?;
    if args.detach && matches!(asked, Asked::Running) {
        return if args.json { out.line(&started.text) } else { told(out, args) };
    }
    let names = texts(started.json.pointer("/streams"));
    let bars = Bars::new(&names, since);
    loop {
        let status = asked.ask(args, Question::get(&["connections", &args.connection])).await?;
        let streams = chosen(&status.json, &names);
        bars.show(&streams);
        if streams.iter().all(|stream| stream.pointer("/busy") != Some(&Value::Bool(true))) {
            bars.clear();
            return ended(out, args, &streams);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn told(out: &Out, args: &PollArgs) -> Result<ExitCode, Failed> {
    out.line(&format!("asked for; `omnihub connection show {}` says how far it has come", args.connection))
}

fn texts(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn chosen(status: &Value, names: &[String]) -> Vec<Value> {
    let streams = status.pointer("/streams").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let is_chosen = |stream: &&Value| {
        let name = stream.pointer("/stream").and_then(Value::as_str);
        name.is_some_and(|name| names.iter().any(|chosen| chosen == name))
    };
    streams.iter().filter(is_chosen).cloned().collect()
}

fn ended(out: &Out, args: &PollArgs, streams: &[Value]) -> Result<ExitCode, Failed> {
    let answer = Answer::of(&serde_json::json!({ "connection": args.connection, "streams": streams }))?;
    if args.json {
        out.line(&answer.text)?;
    } else {
        show::streams(out, &answer)?;
    }
    let problem = |stream: &Value| stream.pointer("/problem").is_some_and(|problem| !problem.is_null());
    if streams.iter().any(problem) {
        out.tell("not everything was read; what was read is kept, and the rest is tried again");
        return Ok(PROBLEMS.into());
    }
    Ok(ExitCode::SUCCESS)
}

/// One bar a stream, over the time that is to be read.
struct Bars {
    all: MultiProgress,
    bars: Vec<(String, ProgressBar)>,
    since: Option<Timestamp>,
}

impl Bars {
    fn new(names: &[String], since: Option<Timestamp>) -> Self {
        let all = MultiProgress::new();
        let is_shown = std::io::stderr().is_terminal();
        let bar = |name: &String| {
            let bar = if is_shown { all.add(ProgressBar::new(0)) } else { ProgressBar::hidden() };
            let style = ProgressStyle::with_template("{prefix:16} {bar:30} {percent:>3}%  {msg}  {eta} left");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(name.clone());
            (name.clone(), bar)
        };
        Self { bars: names.iter().map(bar).collect(), all, since }
    }

    fn show(&self, streams: &[Value]) {
        let now = Clock::System.now();
        for stream in streams {
            let text = |pointer: &str| stream.pointer(pointer).and_then(Value::as_str);
            let number = |pointer: &str| stream.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
            let Some((_, bar)) = self.bars.iter().find(|(name, _)| Some(name.as_str()) == text("/stream"))
            else {
                continue;
            };
            bar.set_message(format!("{} pages, {} events in all", number("/pages"), number("/events")));
            let reached: Option<Timestamp> = text("/reached").and_then(|reached| reached.parse().ok());
            if let (Some(since), Some(reached)) = (self.since, reached) {
                bar.set_length(now.since(since).as_secs().max(1));
                bar.set_position(reached.since(since).as_secs());
            }
        }
    }

    fn clear(&self) {
        self.bars.iter().for_each(|(_, bar)| bar.finish_and_clear());
        // A terminal that is gone has nothing left to clear.
        drop(self.all.clear());
    }
}
