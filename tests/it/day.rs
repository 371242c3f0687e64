//! A whole day on a fast clock: webhooks lost, doubled, late and out of order, limits, two outages of two hours. In the
//! end the hub's model is the providers' truth, and what rules asked for happened once.
//!
//! `HUB_DAY_SEED` tells another day, `HUB_DAY_SCALE` a busier one, `HUB_DAY_SPEED` a slower one (times the machine's
//! clock, 1440 without), `HUB_DAY_DOWN` another provider's outage.

use hub_tests::day::fast::{Fast, FastOptions};
use hub_tests::day::life::{Day, Scale};
use hub_tests::day::owed::{self, Owed};
use hub_tests::day::rules::STORY;
use hub_tests::day::truth::{self, Truth};
use hub_tests::support::number;
use jiff::{SignedDuration, Timestamp};
use omnihub::app::Acting;
use omnihub::data::{Data, verify};
use provider_simulator::{Claim, Control, Disorder, DownCalls, DownWebhooks, Ending, Outage, Provider, Rows};

const SEED: u64 = 20_260_301;
/// A day in a minute.
const SPEED: u64 = 1_440;
/// People go to bed; what they did last still has to arrive.
const MINUTES: u64 = 23 * 60;
/// Delays last up to an hour and streams are read within a quarter of one. Looked at once an hour, until nothing is
/// different; much later the watchdog would have found by silence alone what polling had missed.
const HOURS_MORE_MAX: i64 = 3;
const DIFFERENCES_SHOWN: usize = 20;

fn disorder(connection: &str) -> Disorder {
    // The seed is the story's, and each connection's own.
    let own = connection.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    Disorder {
        seed: seed() ^ own,
        drop_percent: 5,
        duplicate_percent: 5,
        delay_percent: 10,
        reorder_percent: 10,
        reorder_ms: [1, 60_000],
        ..Disorder::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_day_ends_with_the_truth() {
    let scale = Scale::times(number("HUB_DAY_SCALE").unwrap_or(1));
    let times = u32::try_from(number("HUB_DAY_SPEED").unwrap_or(SPEED)).unwrap();
    let from: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
    eprintln!("HUB_DAY_SEED={} {scale:?} x{times}", seed());
    let fast = Fast::start(FastOptions {
        from,
        times,
        rules: STORY.to_vec(),
        changes: Vec::new(),
        disorder,
        acting: Acting::Yes,
    })
    .await
    .unwrap();
    let hour = |hour: i64| from.checked_add(SignedDuration::from_hours(hour)).unwrap();
    fast.control().plan_outage(down(hour(9), hour(11))).unwrap();
    let start = fast.control().now();
    let day = Day::drawn(seed(), start, MINUTES, scale);
    let (lived, ()) = tokio::join!(day.live(&fast), cut_off(&fast, hour(15), hour(17)));
    let lived = lived.unwrap();
    eprintln!("lived until {}: {} acts, {} refused", fast.control().now(), lived.acts, lived.refused);
    settle(&fast, hour(24)).await;
    let stopped = fast.stop().await.unwrap();
    let control = stopped.simulator.control();

    let (data, _fold) = Data::open(&stopped.config).unwrap();
    let truth = Truth::of(&control).unwrap();
    let model = truth::model(&*data.store).unwrap();
    eprintln!("{:?}; never sent and nowhere to be read: {}", truth.tables.counts(), truth.beyond_reach.len());
    let differences = truth.tables.differences(&model);
    let owed = Owed::looked_at(&*data.store, &control.world(), &lived).unwrap();
    eprintln!("{:?}, {} tried more than once", owed.effects, owed.tried_again);
    // All that is wrong at once: a day is long.
    assert_eq!(owed.unknown, 0, "clocks agree");
    let wrong = [shown("differences", &differences), shown("problems with effects", &owed.problems)].concat();
    assert!(wrong.is_empty(), "{wrong}");
    check_effects(&owed, &control);
    check_disorder(&control);
    let verified = verify(&data.journal, &*data.store, &mut |_| {}).unwrap();
    assert_eq!(verified.view, verified.journal, "the view is what the journal says");
}

/// The hub cannot be reached from outside for a while.
async fn cut_off(fast: &Fast, from: Timestamp, until: Timestamp) {
    fast.until(from).await;
    fast.gate().set(false);
    fast.until(until).await;
    fast.gate().set(true);
}

/// Lets the clock run on until model and truth are one, or for so long that they will never be.
async fn settle(fast: &Fast, mut at: Timestamp) {
    for _ in 0..HOURS_MORE_MAX {
        at = at.checked_add(SignedDuration::from_hours(1)).unwrap();
        fast.until(at).await;
        let truth = Truth::of(&fast.control()).unwrap();
        let model = truth::model(&*fast.hub().data.store).unwrap();
        let differences = truth.tables.differences(&model).len();
        let counts = hub_fold::read::counts(&*fast.hub().data.store).unwrap();
        eprintln!("{at}: {differences} differences, {} effects open", counts.effects_open);
        if differences == 0 && counts.effects_open == 0 && fast.control().outbox().waiting == 0 {
            return;
        }
    }
}

fn check_effects(owed: &Owed, control: &Control) {
    let rules = owed::rules(owed);
    assert_eq!(rules.len(), 4, "every rule had something to do: {rules:?}");
    assert!(owed.effects.values().sum::<usize>() > 100, "a day of effects: {:?}", owed.effects);
    // No two tickets for one effect, whatever the view says.
    let unique =
        Rows { rows: "/zendesk/tickets".into(), unique: Some("/external_id".into()), ..Rows::default() };
    let claim = Claim { rows: unique.clone(), ..Claim::default() };
    assert!(claim.holds(&control.count(&unique).unwrap()), "one effect, one ticket");
}

/// A day on which nothing went wrong would show nothing.
fn check_disorder(control: &Control) {
    for (name, account) in control.outbox().connections {
        let tally = account.tally;
        eprintln!("{name}: {tally:?}");
        assert!(tally.dropped > 0 && tally.attempts > tally.delivered, "{name}: {tally:?}");
    }
    let late = control.deliveries().iter().filter(|it| it.late_ms >= 60_000).count();
    let during = control.calls().iter().filter(|call| call.fault.as_deref() == Some("outage")).count();
    let retried = control
        .deliveries()
        .iter()
        .filter(|it| it.ending == Ending::Delivered && it.attempts.len() > 1)
        .count();
    assert!(
        late > 50 && during > 0 && retried > 10,
        "{late} late, {during} calls in the outage, {retried} retried"
    );
}

fn down(from: Timestamp, until: Timestamp) -> Outage {
    let provider = match std::env::var("HUB_DAY_DOWN").as_deref() {
        Ok("shopify") => Provider::Shopify,
        Ok("graph") => Provider::Graph,
        Ok("square") => Provider::Square,
        _ => Provider::Zendesk,
    };
    Outage {
        provider: Some(provider),
        from,
        until,
        calls: DownCalls::Unavailable,
        webhooks: DownWebhooks::Held,
    }
}

fn shown(what: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let first: Vec<_> = lines.iter().take(DIFFERENCES_SHOWN).cloned().collect();
    format!("{} {what}:\n{}\n", lines.len(), first.join("\n"))
}

fn seed() -> u64 {
    number("HUB_DAY_SEED").unwrap_or(SEED)
}
