//! Runs gates: `hub-gate <name>|all|self-test [--level commit|night|release] [--seed NUMBER] [--json]`. Without a name it lists
//! them.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use hub_gates::{Ahead, GATES, Level, Report, Setup, look, self_test};

/// Any number will do; a fixed one makes two runs comparable.
const SEED: u64 = 20_261_123;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<ExitCode, String> {
    let mut arguments = arguments.iter().map(String::as_str);
    let Some(name) = arguments.next() else {
        list();
        return Ok(ExitCode::SUCCESS);
    };
    if name == "look" {
        return Ok(looked(arguments));
    }
    let mut setup = Setup::new(Level::Commit, SEED);
    let mut form = Form::Table;
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument {
            "--level" => setup.level = value()?.parse()?,
            "--seed" => setup.seed = value()?.parse().map_err(|error| format!("--seed: {error}"))?,
            "--json" => form = Form::Json,
            other => return Err(format!("unknown argument {other}")),
        }
    }
    let chosen: Vec<_> = GATES.iter().filter(|gate| name == "all" || gate.name == name).collect();
    if chosen.is_empty() && name != "self-test" {
        return Err(format!("no gate is called {name}"));
    }
    let mut is_green = true;
    for gate in chosen {
        is_green &= tell(form, || (gate.run)(&setup));
    }
    if name == "self-test" {
        is_green = tell(form, || self_test(&setup));
    }
    Ok(if is_green { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[derive(Clone, Copy)]
enum Form {
    Table,
    Json,
}

fn tell(form: Form, run: impl FnOnce() -> Report) -> bool {
    let start = Instant::now();
    let report = run();
    match form {
        Form::Json => println!("{}", serde_json::to_string(&report).unwrap_or_default()),
        Form::Table => {
            print!("{report}");
            println!("  {:>9.1}  seconds, seed {}\n", start.elapsed().as_secs_f64(), report.seed);
        }
    }
    report.is_green()
}

fn list() {
    for gate in &GATES {
        println!("{:<12} {}", gate.name, gate.says);
    }
    println!("{:<12} every protection is taken out in turn, and its gate must turn red", "self-test");
}

/// One damaged view, for the gate that has started this process.
fn looked<'a>(mut arguments: impl Iterator<Item = &'a str>) -> ExitCode {
    let Some(case) = arguments.next() else { return ExitCode::from(2) };
    let ahead = if arguments.next() == Some("--trust-ahead") { Ahead::Trusted } else { Ahead::Refused };
    println!("{}", look(Path::new(case), ahead));
    ExitCode::SUCCESS
}
