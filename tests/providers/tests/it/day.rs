//! A compressed day: two connections on a bad way, a hub that is away for hours, a provider that is down. At the end
//! everything that was not lost on purpose has arrived, and the account says what became of the rest.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use provider_simulator::{
    Clock, Connection, Disorder, DownCalls, DownWebhooks, Ending, Outage, Parcel, Provider, Scheme,
    Simulator, SimulatorOptions,
};
use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::{client, good};

const START: &str = "2026-03-01T00:00:00Z";
const HOUR_MS: u64 = 3_600_000;
/// Per connection, one every 43 seconds or so.
const DELIVERIES: u64 = 2_000;

fn connection(receiver: &Receiver, scheme: &Value, seed: u64) -> Connection {
    let scheme: Scheme = serde_json::from_value(scheme.clone()).unwrap();
    let disorder = Disorder {
        seed,
        drop_percent: 5,
        duplicate_percent: 5,
        delay_percent: 10,
        reorder_percent: 10,
        unheard_percent: 2,
        ..Disorder::default()
    };
    Connection { disorder, ..Connection::new(receiver.url(), "secret", scheme) }
}

fn square_down() -> Outage {
    Outage {
        provider: Some(Provider::Square),
        from: "2026-03-01T15:00:00Z".parse().unwrap(),
        until: "2026-03-01T17:30:00Z".parse().unwrap(),
        calls: DownCalls::Unavailable,
        webhooks: DownWebhooks::Held,
    }
}

#[tokio::test]
async fn a_day_loses_only_what_was_to_be_lost() {
    let start: Timestamp = START.parse().unwrap();
    let options = SimulatorOptions { clock: Clock::stopped_at(start), ..SimulatorOptions::default() };
    let simulator = Simulator::start(options).await.unwrap();
    let (control, receiver) = (simulator.control(), Receiver::start().await);
    let square = json!({ "kind": "square", "notification_url": "https://hub.example.com/hooks/square" });
    control.connect("square", connection(&receiver, &square, 1)).unwrap();
    control.connect("meta", connection(&receiver, &json!({ "kind": "meta" }), 2)).unwrap();
    control.plan_outage(square_down()).unwrap();
    for number in 0..DELIVERIES {
        for name in ["square", "meta"] {
            let body = Bytes::from(json!({ "of": name, "number": number }).to_string());
            let after_ms = number * 24 * HOUR_MS / DELIVERIES;
            control.deliver(name, Parcel { body, after_ms, ..Parcel::default() }).unwrap();
        }
    }
    // The hub is away from six to eight; shorter than every provider's patience.
    for (hour, is_up) in [(6, true), (8, false), (24, true)] {
        receiver.set_up(is_up);
        let to = start + jiff::SignedDuration::from_hours(hour);
        control.advance_to(to, 16).await;
        assert_eq!(control.now(), to);
    }
    control.flush(16).await;

    let dropped = |name: &str| control.outbox().connections[name].tally.dropped;
    let all_dropped = dropped("square") + dropped("meta");
    assert!((100..=300).contains(&all_dropped), "{all_dropped}");
    let distinct: BTreeSet<_> = receiver.taken().into_iter().collect();
    assert_eq!(u64::try_from(distinct.len()).unwrap(), 2 * DELIVERIES - all_dropped);
    let claims = json!({ "claims": [
        { "rows": { "rows": "/deliveries", "where": { "/ending": "delivered" } }, "count": distinct.len() },
        { "rows": { "rows": "/deliveries", "where": { "/ending": "dropped" } }, "count": all_dropped },
        { "rows": { "rows": "/deliveries", "unique": "/id" }, "count": 2 * DELIVERIES },
    ] });
    good(client().post(format!("{}/control/assert", simulator.base_url())).json(&claims)).await;

    let outage = square_down();
    let deliveries = control.deliveries();
    let during = |name: &str| {
        let of = deliveries.iter().filter(|delivery| delivery.connection == name);
        of.flat_map(|delivery| &delivery.attempts)
            .filter(|attempt| outage.from <= attempt.at && attempt.at < outage.until)
            .count()
    };
    assert_eq!(during("square"), 0, "it was down");
    assert!(during("meta") > 100);
    let late = deliveries
        .iter()
        .filter(|delivery| delivery.ending == Ending::Delivered && delivery.attempts.len() > 2);
    assert!(late.count() > 100, "those of the hours without a hub were tried again");
    let longest = Duration::from_secs(48 * 3_600);
    assert!(control.now().duration_since(start) < longest.try_into().unwrap(), "{}", control.now());
}
