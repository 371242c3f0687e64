//! What a hostile neighbour costs a connector that behaves: its calls are timed beside one that is just as busy and sound,
//! and beside each guest, by turns, so that a machine with other work is as slow for both.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hub_gates::{Report, Setup};
use hub_runtime::{Patience, Plugin, Settings};

use super::scene::{check_sound, delivery};

/// Calls beside one neighbour: as many beside each, or those that cost most would count least.
const CALLS: usize = 200;
/// For so long at most, should they be far slower than they are.
const TURN_MAX: Duration = Duration::from_secs(2);
/// How many times slower the slowest hundredth of calls may be.
const RATIO_MAX: f64 = 2.0;
/// Another machine's work makes the ratio worse, never better: the best of so many walks counts.
const WALKS_MAX: usize = 4;

/// Times calls of `sound` beside each of these.
pub(super) fn time(sound: &Plugin, guests: &[(String, Plugin)], setup: &Setup, report: &mut Report) {
    let mut best: Option<Walk> = None;
    let walks = if setup.fault().is_some() { 1 } else { WALKS_MAX };
    for _ in 0..walks {
        let walk = Walk::of(sound, guests);
        if best.as_ref().is_none_or(|best| walk.ratio() < best.ratio()) {
            best = Some(walk);
        }
        if best.as_ref().is_some_and(|best| best.ratio() <= RATIO_MAX) {
            break;
        }
    }
    let Some(walk) = best else { return };
    report.figure("microseconds of a neighbour's slowest hundredth, calm", micros(p99(&walk.calm)));
    report
        .figure("microseconds of a neighbour's slowest hundredth, beside guests", micros(p99(&walk.beside)));
    if walk.ratio() > RATIO_MAX {
        let times = format!("{:.1}", walk.ratio());
        report.failures.push(format!("neighbours are {times} times slower, most beside {}", walk.worst()));
    }
    report.failures.extend(walk.failures);
}

#[derive(Default)]
struct Walk {
    calm: Vec<Duration>,
    beside: Vec<Duration>,
    by_guest: Vec<(String, Duration)>,
    failures: Vec<String>,
}

impl Walk {
    fn of(sound: &Plugin, guests: &[(String, Plugin)]) -> Self {
        let mut walk = Self::default();
        for (name, guest) in guests {
            let calm = timed(sound, sound);
            let beside = timed(sound, guest);
            for failure in [&calm, &beside].into_iter().filter_map(|turn| turn.failure.as_ref()) {
                walk.failures.push(format!("beside {name}: {failure}"));
            }
            walk.by_guest.push((name.clone(), p99(&beside.times)));
            walk.calm.extend(calm.times);
            walk.beside.extend(beside.times);
        }
        walk
    }

    fn ratio(&self) -> f64 {
        p99(&self.beside).as_secs_f64() / p99(&self.calm).as_secs_f64().max(1e-6)
    }

    fn worst(&self) -> &str {
        let worst = self.by_guest.iter().max_by_key(|(_, time)| *time);
        worst.map_or("nobody", |(name, _)| name)
    }
}

#[derive(Default)]
struct Turn {
    times: Vec<Duration>,
    failure: Option<String>,
}

/// Calls of `sound` while a thread of its own calls `other` again and again.
fn timed(sound: &Plugin, other: &Plugin) -> Turn {
    let enough = Arc::new(AtomicBool::new(false));
    let mut turn = Turn::default();
    thread::scope(|scope| {
        let settings = Settings::default();
        let ended = Arc::clone(&enough);
        scope.spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                // What becomes of it is the table's matter.
                drop(other.normalise(delivery("0"), &settings, Patience::Whole));
            }
        });
        let begin = Instant::now();
        while turn.times.len() < CALLS && begin.elapsed() < TURN_MAX {
            let called = Instant::now();
            if let Err(failure) = check_sound(sound, "beside") {
                turn.failure.get_or_insert(failure);
            }
            turn.times.push(called.elapsed());
        }
        enough.store(true, Ordering::Relaxed);
    });
    turn
}

fn p99(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() * 99 / 100).or(sorted.last()).copied().unwrap_or_default()
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
