//! What a call costs: `call_cost <component.wasm> [body]`, in release. Prints the median and the 99th percentile of
//! fresh `normalise` calls, what compiling and installing from the cache take, and what the process keeps resident.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use hub_runtime::{Delivery, Patience, Runtime, RuntimeError, RuntimeOptions, Settings};

/// Enough for a steady 99th percentile; the first tenth warms up.
const CALLS: usize = 20_000;

/// A retailer's connectors and its enricher.
const PLUGINS: usize = 8;

const ECHO_BODY: &str =
    r#"{"id": 4711, "from": "someone", "text": "Where is my parcel? It should have come on Monday."}"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: call_cost <component.wasm> [body]")?;
    let body = arguments.next().unwrap_or_else(|| ECHO_BODY.to_owned());
    let bytes = std::fs::read(&path)?;
    if let Some(cache) = std::env::var_os(COMPILE_INTO) {
        return compile(&bytes, cache.into());
    }
    let cache = std::env::temp_dir().join(format!("call-cost-{}", std::process::id()));
    let measured = compile_elsewhere(&path, &cache).and_then(|()| measure(&bytes, &body, &cache));
    std::fs::remove_dir_all(&cache)?;
    measured
}

/// Set for the child process that compiles: a compiler leaves its heap behind, and a hub that starts from its cache
/// has not run one.
const COMPILE_INTO: &str = "CALL_COST_COMPILE_INTO";

fn compile_elsewhere(path: &str, cache: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let child = Command::new(std::env::current_exe()?).arg(path).env(COMPILE_INTO, cache).status()?;
    if child.success() { Ok(()) } else { Err("the compiling child failed".into()) }
}

fn compile(bytes: &[u8], cache: PathBuf) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    let runtime = runtime(&cache)?;
    let (took, plugin) = timed(|| runtime.install(bytes));
    plugin?;
    writeln!(out, "{:28} {took:>10.1?}", "install, compiling")?;
    writeln!(out, "{:28} {:>8} kB", "resident after compiling", resident_kb()?)?;
    Ok(())
}

fn measure(bytes: &[u8], body: &str, cache: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{:28} {:>8} kB", "resident before", resident_kb()?)?;
    let (start, runtime) = timed(|| runtime(cache));
    let runtime = runtime?;
    writeln!(out, "{:28} {start:>10.1?}", "engine start")?;
    let (install, plugin) = timed(|| runtime.install(bytes));
    let mut plugins = vec![plugin?];
    writeln!(out, "{:28} {install:>10.1?}", "install, from the cache")?;
    for _ in 1..PLUGINS {
        plugins.push(runtime.install(bytes)?);
    }
    writeln!(out, "{:28} {:>8} kB", format!("resident, {PLUGINS} plugins idle"), resident_kb()?)?;
    let mut fresh = Vec::with_capacity(CALLS);
    for plugin in plugins.iter().cycle().take(CALLS) {
        let delivery = Delivery {
            topic: None,
            headers: Vec::new(),
            body: body.to_owned(),
            received_at_ns: 1_750_000_000_000_000_000,
        };
        let (took, answer) = timed(|| plugin.normalise(delivery, &Settings::default(), Patience::Short));
        answer?.map_err(|failure| format!("the body is refused: {failure}"))?;
        fresh.push(took);
    }
    let mut steady = fresh.split_off(CALLS / 10);
    steady.sort_unstable();
    let (p50, p99) = (at(&steady, 50), at(&steady, 99));
    writeln!(out, "{:28} {p50:>10.1?} p50 {p99:>10.1?} p99", "normalise, fresh instance")?;
    writeln!(out, "{:28} {:>8} kB", "resident, after the calls", resident_kb()?)?;
    Ok(())
}

fn runtime(cache: &Path) -> Result<Runtime, RuntimeError> {
    Runtime::new(RuntimeOptions { cache_dir: Some(cache.to_owned()), ..RuntimeOptions::default() })
}

fn timed<R>(work: impl FnOnce() -> R) -> (Duration, R) {
    let start = Instant::now();
    let result = work();
    (start.elapsed(), result)
}

fn at(sorted: &[Duration], percent: usize) -> Duration {
    sorted.get(sorted.len() * percent / 100).copied().unwrap_or_default()
}

/// Resident memory as the kernel counts it.
fn resident_kb() -> Result<u64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
