use std::time::Duration;

use super::{Ended, Permit, Suspension, SuspensionPolicy};

const POLICY: SuspensionPolicy = SuspensionPolicy {
    failures_max: 3,
    backoff_min: Duration::from_nanos(10),
    backoff_max: Duration::from_nanos(35),
};

/// Plays a script of `ok@t`, `bad@t`, `again@t`, `probe@t` and `ask@t`; the answers to `ask` are the result.
#[track_caller]
fn check_suspension(script: &str, answers: &[Permit]) {
    let mut suspension = Suspension::new(POLICY);
    let mut heard = Vec::new();
    for step in script.split_whitespace() {
        let (what, at) = step.split_once('@').expect("what@when");
        let at: i64 = at.parse().expect("a time");
        match what {
            "ok" => suspension.on_result(Ended::Well, at),
            "bad" => suspension.on_result(Ended::Broken, at),
            "again" => suspension.on_result(Ended::BrokenAgain, at),
            "probe" => suspension.on_probe(at),
            "ask" => heard.push(suspension.may_call(at)),
            other => panic!("{other}?"),
        }
    }
    assert_eq!(heard, answers, "{script}");
}

#[test]
fn failures_in_a_row_suspend() {
    use Permit::{NotUntil, Probe, Yes};
    check_suspension("ask@0 bad@1 bad@2 ask@3", &[Yes, Yes]);
    check_suspension("bad@1 bad@2 ok@3 bad@4 bad@5 ask@6", &[Yes]);
    check_suspension("bad@1 bad@2 bad@3 ask@3 ask@12 ask@13", &[NotUntil(13), NotUntil(13), Probe]);
}

#[test]
fn one_probe_at_a_time_decides() {
    use Permit::{NotUntil, Probe, Yes};
    check_suspension("bad@0 bad@0 bad@0 probe@10 ask@11 ok@12 ask@12", &[NotUntil(20), Yes]);
    check_suspension("bad@0 bad@0 bad@0 probe@10 bad@12 ask@31 ask@32", &[NotUntil(32), Probe]);
    // A probe that never reports does not suspend for ever.
    check_suspension("bad@0 bad@0 bad@0 probe@10 ask@20", &[Probe]);
}

#[test]
fn what_fails_again_suspends_nobody_but_a_probe() {
    use Permit::{NotUntil, Yes};
    check_suspension("bad@0 again@1 again@2 again@3 ask@4", &[Yes]);
    check_suspension("bad@0 again@1 bad@2 again@3 bad@4 ask@4", &[NotUntil(14)]);
    check_suspension("bad@0 bad@0 bad@0 probe@10 again@12 ask@12", &[NotUntil(32)]);
}

#[test]
fn the_silence_doubles_up_to_its_cap_and_late_results_change_nothing() {
    use Permit::NotUntil;
    check_suspension(
        "bad@0 bad@0 bad@0 bad@5 ask@5 probe@10 bad@10 ask@10 probe@30 bad@30 ask@30 probe@65 bad@65 ask@65",
        &[NotUntil(10), NotUntil(30), NotUntil(65), NotUntil(100)],
    );
}

#[test]
fn the_end_of_time_is_no_overflow() {
    let at = i64::MAX - 1;
    check_suspension(&format!("bad@{at} bad@{at} bad@{at} ask@{at}"), &[Permit::NotUntil(i64::MAX)]);
}
