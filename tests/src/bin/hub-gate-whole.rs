//! The gates that need a whole hub.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    hub_gates::command(hub_tests::gates::GATES, &arguments)
}
