//! Whether providers still accept our credentials, as the last call to each connection told. A connection without
//! goes on taking deliveries; what it owes waits until somebody mends the configuration.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use hub_model::Timestamp;
use hub_runtime::Failure;
use serde::Serialize;

/// A provider does not let us in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Unauthorised {
    pub since: Timestamp,
    /// The connector's word for it.
    pub reason: String,
}

/// By connection.
#[derive(Debug, Default)]
pub(crate) struct Standings(Mutex<BTreeMap<String, Unauthorised>>);

impl Standings {
    /// Takes up what a call to the provider told. Answers whether that is news.
    pub(crate) fn note<T>(&self, connection: &str, answer: &Result<T, Failure>, now: Timestamp) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Ok(_) => all.remove(connection).is_some(),
            Err(Failure::Unauthorised(reason)) if !all.contains_key(connection) => {
                all.insert(connection.to_owned(), Unauthorised { since: now, reason: reason.clone() });
                true
            }
            // A call that failed otherwise may not have got as far as the credentials.
            Err(_) => false,
        }
    }

    pub(crate) fn of(&self, connection: &str) -> Option<Unauthorised> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(connection).cloned()
    }

    /// One line for each connection that is not let in.
    pub(crate) fn problems(&self) -> Vec<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = |(name, standing): (&String, &Unauthorised)| {
            format!(
                "connection {name}: unauthorised since {} ({}); set its secrets right and restart",
                standing.since, standing.reason
            )
        };
        all.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_refusal_is_news_and_so_is_the_first_success() {
        let standings = Standings::default();
        let refused = || Err::<(), _>(Failure::Unauthorised("HTTP 401".into()));
        assert!(!standings.note("shop", &Ok(()), Timestamp(1)));
        assert!(standings.note("shop", &refused(), Timestamp(2)));
        assert!(!standings.note("shop", &refused(), Timestamp(3)));
        assert!(!standings.note("shop", &Err::<(), _>(Failure::RetryAfterMs(5)), Timestamp(4)));
        assert_eq!(standings.of("shop").map(|standing| standing.since), Some(Timestamp(2)));
        assert_eq!(standings.of("desk"), None);
        assert_eq!(
            standings.problems(),
            [
                "connection shop: unauthorised since 1970-01-01T00:00:00.000000002Z (HTTP 401); set its secrets \
              right and restart"
            ]
        );
        assert!(standings.note("shop", &Ok(()), Timestamp(5)));
        assert!(standings.problems().is_empty());
    }
}
