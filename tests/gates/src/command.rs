//! The command line of a program that runs gates.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::process::ExitCode;
use std::time::Instant;

use crate::gate::{Gate, Level, Setup};
use crate::report::Report;
use crate::self_test::self_test;

/// Any number will do; a fixed one makes two runs comparable.
const SEED: u64 = 20_261_123;

/// What a program of gates does with its arguments: `<name>|all|self-test [--level commit|night|release] [--seed NUMBER]
/// [--json]`; a self-test may be of one gate, `--of NAME`. Without a name it lists the gates. Ends with 0 when all are green, 1 when one is red, 2 when it was asked for
/// something it does not know.
#[must_use]
pub fn command(gates: &[Gate], arguments: &[String]) -> ExitCode {
    match run(gates, arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(gates: &[Gate], arguments: &[String]) -> Result<ExitCode, String> {
    let mut arguments = arguments.iter().map(String::as_str);
    let Some(name) = arguments.next() else {
        list(gates);
        return Ok(ExitCode::SUCCESS);
    };
    let mut setup = Setup::new(Level::Commit, SEED);
    let mut form = Form::Table;
    let mut of = None;
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument {
            "--level" => setup.level = value()?.parse()?,
            "--seed" => setup.seed = value()?.parse().map_err(|error| format!("--seed: {error}"))?,
            "--of" if name == "self-test" => of = Some(value()?),
            "--json" => form = Form::Json,
            other => return Err(format!("unknown argument {other}")),
        }
    }
    let chosen: Vec<_> = gates.iter().filter(|gate| name == "all" || gate.name == name).collect();
    if chosen.is_empty() && !["all", "self-test"].contains(&name) {
        return Err(format!("no gate is called {name}"));
    }
    let mut red = Vec::new();
    for gate in chosen {
        if !tell(form, || (gate.run)(&setup)) {
            red.push(gate.name);
        }
    }
    if name == "self-test" {
        let tested = gates.iter().filter(|gate| of.is_none_or(|of| gate.name == of));
        if !tell(form, || self_test(tested, &setup)) {
            red.push("self-test");
        }
    }
    if name == "all" && !red.is_empty() {
        eprintln!("red: {}", red.join(", "));
    }
    Ok(if red.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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

fn list(gates: &[Gate]) {
    for gate in gates {
        println!("{:<16} {}", gate.name, gate.says);
    }
}
