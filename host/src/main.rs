//! The binary: everything is in the library, so that tests can start a hub in their own process.

fn main() -> std::process::ExitCode {
    omnihub::cli::main()
}
