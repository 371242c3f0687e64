//! The binary: everything is in the library, so that tests can start a hub in their own process.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    omnihub::cli::main()
}
