//! The documented numbers: how many retries, over how long.

use super::*;

fn at(second: u64) -> Timestamp {
    Timestamp::from_second(i64::try_from(second).unwrap()).unwrap()
}

/// When attempts are made, in seconds since the first, while every one meets the same.
fn attempts_meeting(provider: Provider, reply: Reply) -> Vec<u64> {
    let mut times = vec![0];
    let mut attempts = vec![Attempt { at: at(0), kind: AttemptKind::First, reply }];
    while let Some(due) = next_attempt(provider, None, &attempts, attempts.last().unwrap().at) {
        times.push(u64::try_from(due.as_second()).unwrap());
        attempts.push(Attempt { at: due, kind: AttemptKind::Retry, reply });
        assert!(times.len() < 100, "it has to end");
    }
    times
}

fn status(status: u16) -> Reply {
    Reply::Status { status, retry_after_s: None }
}

fn check_span(provider: Provider, retries: usize, hours: u64) {
    let times = attempts_meeting(provider, status(500));
    assert_eq!((times.len() - 1, times.last().unwrap() / HOUR), (retries, hours), "{times:?}");
    assert_eq!(times, attempts_meeting(provider, Reply::Refused));
    let waits: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(waits.iter().skip(1).is_sorted() || provider == Provider::Voucherify, "{waits:?}");
}

#[test]
fn every_provider_tries_as_often_and_as_long_as_documented() {
    check_span(Provider::Shopify, 8, 4);
    check_span(Provider::Graph, 10, 36);
    check_span(Provider::Square, 11, 24);
    check_span(Provider::Voucherify, 12, 24);
    assert_eq!(attempts_meeting(Provider::Graph, status(500))[1], 0, "Meta tries again at once");
}

#[test]
fn zendesk_tries_again_by_what_it_was_told() {
    let retries = |reply| attempts_meeting(Provider::Zendesk, reply).len() - 1;
    assert_eq!(retries(status(409)), 3);
    assert_eq!(retries(Reply::TimedOut), 5);
    for never in [status(500), status(404), status(429), status(503), Reply::Refused, Reply::Broken] {
        assert_eq!(retries(never), 0, "{never:?}");
    }
    let asked = |seconds| Reply::Status { status: 429, retry_after_s: Some(seconds) };
    assert_eq!(attempts_meeting(Provider::Zendesk, asked(7)), [0, 7, 14, 21]);
    assert_eq!(retries(asked(3_600)), 0, "not a short wait");
}

#[test]
fn a_list_of_ones_own_counts_from_the_first_attempt_and_copies_do_not() {
    let first = Attempt { at: at(100), kind: AttemptKind::First, reply: status(500) };
    let copy = Attempt { at: at(101), kind: AttemptKind::Duplicate, reply: status(200) };
    let next = |attempts: &[Attempt], now| next_attempt(Provider::Zendesk, Some(&[30]), attempts, at(now));
    assert_eq!(next(&[first, copy], 101), Some(at(130)));
    assert_eq!(next(&[first, copy], 500), Some(at(500)), "what is overdue is due now");
    let retry = Attempt { at: at(130), kind: AttemptKind::Retry, reply: status(500) };
    assert_eq!(next(&[first, copy, retry], 130), None);
}
