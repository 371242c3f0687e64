//! The demo as a program; `cargo xtask demo` builds what it needs and runs it.

use std::process::ExitCode;

use clap::Parser as _;
use hub_tests::demo::report::Report;
use hub_tests::demo::{self, Options};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// As shells count a process that SIGINT ended.
const INTERRUPTED: u8 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Options::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let mut interruption = Interruption::listen()?;
    // Before it serves, an interruption ends it at once; what was started goes with it.
    let (mut stage, mut played) = tokio::select! {
        performed = demo::perform(options, std::io::stdout()) => performed?,
        () = interruption.comes() => return Ok(INTERRUPTED.into()),
    };
    if !options.exit {
        interruption.comes().await;
        demo::close(&mut stage, &mut played.expectations).await?;
        if !played.expectations.all_held() {
            Report::new(std::io::stderr()).expectations(&played.expectations)?;
        }
    }
    Ok(if played.expectations.all_held() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Ctrl-C, or the SIGTERM of whoever runs this.
struct Interruption {
    interrupt: Signal,
    terminate: Signal,
}

impl Interruption {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn comes(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
