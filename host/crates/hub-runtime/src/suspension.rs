//! When a plugin that keeps failing is left alone for a while: a pure state machine, told the time. Only
//! [`crate::CallError`]s count; a [`crate::Failure`] is an answer.

use std::time::Duration;

/// How many failures, and how long the silence after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuspensionPolicy {
    /// Failures in a row that suspend.
    pub failures_max: u32,
    /// The first silence; each failed probe doubles it.
    pub backoff_min: Duration,
    pub backoff_max: Duration,
}

impl Default for SuspensionPolicy {
    /// Five in a row is no bad luck; a minute lets a human see it; an hour keeps a broken connector cheap.
    fn default() -> Self {
        Self {
            failures_max: 5,
            backoff_min: Duration::from_secs(60),
            backoff_max: Duration::from_secs(60 * 60),
        }
    }
}

/// Whether a call may be made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    Yes,
    /// One call, to see whether it works again; say so with [`Suspension::on_probe`] before making it.
    Probe,
    /// Nobody calls before this moment.
    NotUntil(i64),
}

/// How a call of a plugin ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With an answer, whatever it says.
    Well,
    /// In a [`crate::CallError`].
    Broken,
    /// In one, and the same call had failed before.
    BrokenAgain,
}

impl Ended {
    /// How a call ended that is made for the so-manieth time, beginning with 1.
    #[must_use]
    pub fn of<T>(call: &Result<T, crate::CallError>, attempt: u32) -> Self {
        match call {
            Ok(_) => Self::Well,
            Err(_) if attempt <= 1 => Self::Broken,
            Err(_) => Self::BrokenAgain,
        }
    }
}

/// One plugin's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspension {
    policy: SuspensionPolicy,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open {
        failures: u32,
    },
    Suspended {
        until_ns: i64,
        backoff: Duration,
    },
    /// A probe is on its way; others wait for its result, or until this moment if it never comes.
    Probing {
        until_ns: i64,
        backoff: Duration,
    },
}

impl Suspension {
    #[must_use]
    pub fn new(policy: SuspensionPolicy) -> Self {
        Self { policy, state: State::Open { failures: 0 } }
    }

    #[must_use]
    pub fn may_call(&self, now_ns: i64) -> Permit {
        match self.state {
            State::Open { .. } => Permit::Yes,
            State::Suspended { until_ns, .. } | State::Probing { until_ns, .. } if now_ns < until_ns => {
                Permit::NotUntil(until_ns)
            }
            State::Suspended { .. } | State::Probing { .. } => Permit::Probe,
        }
    }

    /// The one probing call begins: until its result everybody else waits.
    pub fn on_probe(&mut self, now_ns: i64) {
        if let State::Suspended { backoff, .. } | State::Probing { backoff, .. } = self.state {
            self.state = State::Probing { until_ns: later(now_ns, backoff), backoff };
        }
    }

    /// A call has ended.
    pub fn on_result(&mut self, ended: Ended, now_ns: i64) {
        self.state = match (ended, self.state) {
            (Ended::Well, _) => State::Open { failures: 0 },
            (Ended::Broken, State::Open { failures }) => self.count(failures.saturating_add(1), now_ns),
            (Ended::Broken | Ended::BrokenAgain, State::Probing { backoff, .. }) => {
                self.suspended(backoff.saturating_mul(2).min(self.policy.backoff_max), now_ns)
            }
            // What broke it before breaks it again: that says nothing of the plugin's other calls.
            (Ended::BrokenAgain, open @ State::Open { .. }) => open,
            // The result of a call made before the suspension says nothing new.
            (Ended::Broken | Ended::BrokenAgain, suspended @ State::Suspended { .. }) => suspended,
        };
    }

    fn count(&self, failures: u32, now_ns: i64) -> State {
        if failures < self.policy.failures_max {
            State::Open { failures }
        } else {
            self.suspended(self.policy.backoff_min, now_ns)
        }
    }

    fn suspended(&self, backoff: Duration, now_ns: i64) -> State {
        State::Suspended { until_ns: later(now_ns, backoff), backoff }
    }
}

fn later(now_ns: i64, wait: Duration) -> i64 {
    now_ns.saturating_add(i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
