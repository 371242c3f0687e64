//! A connector replaced again and again while deliveries flow: no call fails, what is refused changes nothing, and what was
//! replaced leaves nothing behind.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use anyhow::Context as _;
use hub_gates::{Report, Setup};
use omnihub::app::lone::LonePlugins;

use super::scene::{Stage, check_sound};
use super::{guests, resident};

const SWAPS: [u64; 3] = [100, 1_000, 1_000];
/// Every so many-th time something comes that is no connector.
const GARBAGE_EVERY: u64 = 5;
const CALLERS: usize = 2;
/// What a connector that is no longer used may leave behind: less than its compiled code.
const LEFT_BYTES_MAX: u64 = 32 << 10;
/// What the allocators keep, whatever there was.
const KEPT_BYTES_MAX: u64 = 16 << 20;

/// # Errors
/// There is no folder for the file.
pub(super) fn swap(stage: &Stage, setup: &Setup, report: &mut Report) -> anyhow::Result<()> {
    let plugins = stage.plugins("http://127.0.0.1:9", "http://127.0.0.1:9")?;
    let file = stage.file("swapped");
    let sound = guests::named("sound").component();
    std::fs::write(&file, &sound)?;
    plugins.load(std::slice::from_ref(&file));
    let before = resident();
    let (calls, enough) = (AtomicU64::new(0), AtomicBool::new(false));
    let mut failures = thread::scope(|scope| {
        let callers: Vec<_> =
            (0..CALLERS).map(|_| scope.spawn(|| call_until(&enough, &calls, &plugins))).collect();
        let mut failures = replace(&plugins, &file, &sound, setup.cases(SWAPS), &calls);
        enough.store(true, Ordering::Relaxed);
        for caller in callers {
            failures.extend(caller.join().unwrap_or_else(|_| vec!["a caller panicked".to_owned()]));
        }
        failures
    });
    let growth = resident().saturating_sub(before);
    if growth > KEPT_BYTES_MAX + setup.cases(SWAPS) * LEFT_BYTES_MAX {
        failures.push(format!("the replaced connectors leave {} MiB behind", growth >> 20));
    }
    report.figure("replacements under way", setup.cases(SWAPS));
    report.figure("KiB more than before them", growth >> 10);
    report.figure("calls meanwhile", calls.into_inner());
    report.failures.append(&mut failures);
    Ok(())
}

fn replace(
    plugins: &LonePlugins,
    file: &std::path::Path,
    sound: &[u8],
    swaps: u64,
    calls: &AtomicU64,
) -> Vec<String> {
    let mut failures = Vec::new();
    let mut digests = BTreeSet::new();
    for number in 0..swaps {
        let is_garbage = number % GARBAGE_EVERY == GARBAGE_EVERY - 1;
        let before = in_force(plugins);
        let bytes = if is_garbage {
            sound.iter().take(sound.len() / 2).copied().collect()
        } else {
            marked(sound, number)
        };
        if let Err(error) = std::fs::write(file, bytes) {
            failures.push(format!("replacement {number}: {error}"));
        }
        let problems = plugins.load(&[file.to_owned()]);
        let now = in_force(plugins);
        if problems.is_empty() == is_garbage || (now == before) != is_garbage {
            failures.push(format!("replacement {number}: from {before:?} to {now:?}, told {problems:?}"));
        }
        if !is_garbage && !digests.insert(now) {
            failures.push(format!("replacement {number}: it was in force before"));
        }
        // Somebody calls each of them.
        let called = calls.load(Ordering::Relaxed);
        while calls.load(Ordering::Relaxed) < called + 1 {
            thread::yield_now();
        }
    }
    failures
}

fn in_force(plugins: &LonePlugins) -> Option<String> {
    Some(plugins.connection("guest")?.plugin().digest_hex())
}

fn call_until(enough: &AtomicBool, calls: &AtomicU64, plugins: &LonePlugins) -> Vec<String> {
    let mut failures = Vec::new();
    while !enough.load(Ordering::Relaxed) {
        let number = calls.fetch_add(1, Ordering::Relaxed);
        let called =
            plugins.connection("guest").context("nothing is in force").map_err(|error| error.to_string());
        if let Err(failure) =
            called.and_then(|connection| check_sound(connection.plugin(), &number.to_string()))
        {
            failures.push(format!("call {number} while connectors are replaced: {failure}"));
        }
    }
    failures
}

/// The same connector with other bytes: a custom section more, which nobody reads.
/// https://webassembly.github.io/spec/core/binary/modules.html#custom-section
fn marked(component: &[u8], mark: u64) -> Vec<u8> {
    const CUSTOM: u8 = 0;
    const NAME: &[u8] = b"build";
    const CONTENT_BYTES: u8 = 1 + 5 + 8;
    let section = [CUSTOM, CONTENT_BYTES, 5];
    [component, &section, NAME, &mark.to_le_bytes()].concat()
}
