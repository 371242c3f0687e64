//! The gates that need no whole hub.
#![expect(clippy::print_stdout, reason = "a damaged view is told of on it")]

use std::path::Path;
use std::process::ExitCode;

use hub_gates::{Ahead, GATES, command, look};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((name, rest)) if name == "look" => looked(rest.iter().map(String::as_str)),
        _ => command(&GATES, &arguments),
    }
}

/// One damaged view, for the gate that has started this process.
fn looked<'a>(mut arguments: impl Iterator<Item = &'a str>) -> ExitCode {
    let Some(case) = arguments.next() else { return ExitCode::from(2) };
    let ahead = if arguments.next() == Some("--trust-ahead") { Ahead::Trusted } else { Ahead::Refused };
    println!("{}", look(Path::new(case), ahead));
    ExitCode::SUCCESS
}
