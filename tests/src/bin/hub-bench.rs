//! Speed and memory of the real binary, printed as a table: `cargo xtask bench`. The load comes from this process on the
//! same machine, so the figures are what a small sidecar host gives, not what the hub could do alone.

/// As the hub itself: what the model costs is measured in this process.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    hub_tests::bench::main()
}
