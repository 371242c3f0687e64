//! No guest, whatever it does, does more than end its own call: every one of `tests/guests` is contained as `expected.txt`
//! says, the next call is fine, neighbours are as fast as before, and memory comes back. Beside them go connectors that are
//! replaced under way, compiled code that was changed, and modules made by chance.

mod code;
#[path = "../../../host/crates/hub-runtime/tests/guests/mod.rs"]
pub(in crate::gates) mod guests;
mod neighbours;
mod provider;
mod scene;
mod smith;
mod swaps;
mod table;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use hub_gates::{Fault, Gate, Level, Report, Setup, parallel};
use hub_runtime::{Plugin, RuntimeOptions};
use rustix::time::{ClockId, clock_gettime};

use scene::{Granted, Scene, Stage, check_sound};
use table::{Call, Row};

/// A guest that has not ended by then never will; the longest are given a minute twice.
const ENDS_WITHIN: Duration = Duration::from_secs(180);
/// What all guests together may leave behind.
const MEMORY_GROWTH_MAX: u64 = 64 << 20;

const CLOCK: Fault = Fault("nobody looks at the clock of a busy guest");
const MEMORY: Fault = Fault("a guest may have as much memory as it likes");
const LOG: Fault = Fault("a guest may write as many lines as it likes");
const HOSTS: Fault = Fault("a guest may call every endpoint it declares");
const CODE: Fault = Fault("compiled code is taken for what was checked");
const POOL: Fault = Fault("all guests share one place to run");

pub(crate) const GATE: Gate = Gate {
    name: "hostile-plugins",
    says: "every hostile guest is contained as its line says, and neither its neighbours nor the next call notice",
    run,
    faults: &[CLOCK, MEMORY, LOG, HOSTS, CODE, POOL],
};

fn run(setup: &Setup) -> Report {
    let mut report = Report::new(GATE.name, setup.seed);
    if let Err(error) = run_all(setup, &mut report) {
        report.failures.push(format!("the gate could not be run: {error:#}"));
    }
    report
}

fn run_all(setup: &Setup, report: &mut Report) -> anyhow::Result<()> {
    if setup.has(CODE) {
        return code::change(setup, true, report);
    }
    let granted = if setup.has(HOSTS) { Granted::Everything } else { Granted::Api };
    let stage = Arc::new(Stage::set(options(setup), granted)?);
    let rows: Vec<Row> = table::rows()?.into_iter().filter(|row| is_tried(setup, row)).collect();
    prepare(&stage, &rows, report)?;
    let sound = stage.runtime.install(&guests::named("sound").component())?;
    if !setup.has(POOL) {
        walk(&stage, &rows, &sound, report);
    }
    if setup.fault().is_none() || setup.has(POOL) {
        neighbours::time(&sound, &neighbours(&stage, &rows)?, setup, report);
    }
    if setup.fault().is_none() {
        swaps::swap(&stage, setup, report)?;
        code::change(setup, false, report)?;
        smith::install_all(&stage.runtime, setup, report)?;
    }
    Ok(())
}

fn options(setup: &Setup) -> RuntimeOptions {
    let mut options = RuntimeOptions::default();
    match setup.fault() {
        Some(CLOCK) => options.tick = Duration::from_secs(3),
        Some(MEMORY) => options.memory_bytes_max = 1 << 30,
        Some(LOG) => options.log_lines_max = u32::MAX,
        Some(POOL) => options.instances_max = 1,
        _ => {}
    }
    options
}

/// With a fault only those are, whom it lets go.
fn is_tried(setup: &Setup, row: &Row) -> bool {
    let guests: &[&str] = match setup.fault() {
        // A minute's wait each; the runtime's own tests do the same on a clock that need not be waited for.
        None => return setup.level != Level::Commit || row.call != Call::PerformInVain,
        Some(CLOCK) => &["loop", "loop-in-perform"],
        Some(MEMORY) => &["memory-growth", "memory-at-start", "two-memories"],
        Some(LOG) => &["log-flood", "log-fake-json"],
        Some(HOSTS) => &["elsewhere", "echoed-secret"],
        Some(_) => &["loop", "memory-touched", "log-flood"],
    };
    guests.contains(&row.guest.as_str())
}

/// Makes every guest's file, and compiles it for the first time.
fn prepare(stage: &Stage, rows: &[Row], report: &mut Report) -> anyhow::Result<()> {
    let names: BTreeSet<&str> = rows.iter().map(|row| row.guest.as_str()).collect();
    let names: Vec<&str> = names.into_iter().collect();
    report.figure("guests", names.len() as u64);
    let written = parallel::each(names.len() as u64, |number| {
        let name =
            usize::try_from(number).ok().and_then(|number| names.get(number)).copied().unwrap_or_default();
        let component = guests::named(name).component();
        // What is refused is refused again when its line is read.
        drop(stage.runtime.install(&component));
        std::fs::write(stage.file(name), component)
    });
    Ok(written.into_iter().collect::<Result<_, _>>()?)
}

/// Every line of the table.
fn walk(stage: &Arc<Stage>, rows: &[Row], sound: &Plugin, report: &mut Report) {
    let before = resident();
    let walked = parallel::each(rows.len() as u64, |number| {
        let row = usize::try_from(number).ok().and_then(|number| rows.get(number)).cloned();
        row.map_or_else(Played::default, |row| in_time(stage, row, sound))
    });
    report.figure("calls of guests", walked.iter().map(|played| played.calls).sum());
    let longest = walked.iter().map(|played| played.cpu).max().unwrap_or_default();
    report.figure("ms of CPU of the longest call", u64::try_from(longest.as_millis()).unwrap_or(u64::MAX));
    report.failures.extend(walked.into_iter().flat_map(|played| played.wrong));
    let growth = resident().saturating_sub(before);
    report.figure("KiB more than before all of them", growth >> 10);
    if growth > MEMORY_GROWTH_MAX {
        report.failures.push(format!("the guests leave {} MiB behind", growth >> 20));
    }
}

#[derive(Default)]
struct Played {
    calls: u64,
    cpu: Duration,
    wrong: Vec<String>,
}

impl Played {
    fn wrong(what: String) -> Self {
        Self { wrong: vec![what], ..Self::default() }
    }
}

fn in_time(stage: &Arc<Stage>, row: Row, sound: &Plugin) -> Played {
    let guest = row.guest.clone();
    let (stage, sound) = (Arc::clone(stage), sound.clone());
    match parallel::within(ENDS_WITHIN, move || play(&stage, &row, &sound)) {
        Ok(played) => played.unwrap_or_else(|error| Played::wrong(format!("{guest}: {error:#}"))),
        Err(no_answer) => Played::wrong(format!("{guest}: {no_answer:?}")),
    }
}

/// One line: the guest is called as often as it takes, and after each call one that behaves.
fn play(stage: &Arc<Stage>, row: &Row, sound: &Plugin) -> anyhow::Result<Played> {
    let scene = Scene::set(stage)?;
    let mut played = Played::default();
    for number in 0..row.calls() {
        let refused = scene.install(&stage.file(&row.guest));
        let seen = match refused {
            Some(refused) => scene.refused(refused),
            None => scene.call(row.call, number)?,
        };
        played.calls += 1;
        played.cpu = played.cpu.max(seen.cpu);
        let complaints = row.complaint(number, &seen.said).into_iter().chain(seen.wrong);
        played.wrong.extend(complaints.map(|wrong| format!("{}, call {number}: {wrong}", row.guest)));
        if let Err(broken) = check_sound(sound, &row.guest) {
            played.wrong.push(format!("after {}: {broken}", row.guest));
        }
    }
    Ok(played)
}

/// Those that can be called on a delivery.
fn neighbours(stage: &Stage, rows: &[Row]) -> anyhow::Result<Vec<(String, Plugin)>> {
    let called = rows.iter().filter(|row| row.call == Call::Normalise);
    called
        .map(|row| {
            let component = std::fs::read(stage.file(&row.guest))?;
            Ok((row.guest.clone(), stage.runtime.install(&component)?))
        })
        .collect()
}

/// CPU time this thread has used.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or_default())
        + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or_default())
}

/// Memory of this process that is in use.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or_default() << 10
}
