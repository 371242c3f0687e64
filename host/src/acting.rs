//! What a connector gets to work with while it acts: its endpoints, each behind its throttle, and the few values it may
//! keep. One [`Acting`] serves one call.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hub_fold::record::PluginState;
use hub_model::Timestamp;
use hub_runtime::{ActingHost, BoxFuture, Failure, HttpError, HttpRequest, HttpResponse};
use hub_store::Store;

use crate::clock::Clock;
use crate::egress::Egress;
use crate::metrics::{ByConnection, Metrics};
use crate::plugins::Connection;
use crate::record::{HeardCall, Recorder};
use crate::standing::Standings;
use crate::throttle::{Answered, Purpose, Throttle, Throttles, Turn};

/// What all acting calls share.
#[derive(Clone)]
pub(crate) struct Outside {
    pub(crate) egress: Egress,
    pub(crate) throttles: Arc<Throttles>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    pub(crate) standings: Arc<Standings>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) recorder: Option<Arc<Recorder>>,
}

impl Outside {
    /// The means of one call.
    pub(crate) fn acting(&self, connection: &Arc<Connection>, purpose: Purpose) -> Arc<Acting> {
        let connection = Arc::clone(connection);
        Arc::new(Acting { outside: self.clone(), connection, purpose, kept: Mutex::default() })
    }

    /// Takes up whether the provider let the call in, and tells when that changed.
    pub(crate) fn note<T>(&self, connection: &Connection, answer: &Result<T, Failure>) {
        if !self.standings.note(&connection.name, answer, self.clock.now()) {
            return;
        }
        let by = ByConnection { connection: connection.name.clone() };
        self.metrics.unauthorised.get_or_create(&by).set(i64::from(answer.is_err()));
        match answer {
            Ok(_) => {
                tracing::info!(connection = %connection.name, "the provider accepts our credentials again")
            }
            Err(failure) => {
                tracing::error!(connection = %connection.name, %failure, "the provider does not accept our credentials; deliveries are still taken");
            }
        }
    }

    /// Until when an endpoint is being left alone.
    pub(crate) fn closed(&self, connection: &Connection, endpoint: &str) -> Option<Timestamp> {
        self.throttle(connection, endpoint).closed(self.clock.now())
    }

    pub(crate) fn throttle(&self, connection: &Connection, endpoint: &str) -> Arc<Throttle> {
        self.throttles.of(&connection.name, endpoint, connection.rate(endpoint))
    }
}

pub(crate) struct Acting {
    outside: Outside,
    connection: Arc<Connection>,
    purpose: Purpose,
    kept: Mutex<Vec<(String, String)>>,
}

/// How long a call waits for its turn; a longer wait is for the caller to plan. Both are well below the phase's wall time.
const fn patience(purpose: Purpose) -> Duration {
    match purpose {
        Purpose::Act => Duration::from_secs(10),
        Purpose::Look => Duration::from_secs(60),
    }
}

/// What a 429 without `Retry-After` means.
const TOO_MANY: Duration = Duration::from_secs(1);
/// A wrong `Retry-After` must not silence a connection for days.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);

impl Acting {
    /// What the connector wants kept, now that it has succeeded.
    pub(crate) fn state(&self) -> Option<PluginState> {
        let values = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        (!values.is_empty()).then(|| PluginState { connection: self.connection.name.clone(), values })
    }

    async fn send(&self, endpoint: &str, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let Some(bound) = self.connection.endpoint(endpoint) else {
            return Err(HttpError::NotGranted(format!(
                "endpoint {endpoint} is not bound; see [connections.{}.endpoints.{endpoint}] in hub.toml",
                self.connection.name
            )));
        };
        let throttle = self.outside.throttle(&self.connection, endpoint);
        self.turn(endpoint, &throttle).await?;
        let heard = self.outside.recorder.as_ref().map(|recorder| (recorder, request.clone()));
        let answer = self.outside.egress.send(bound, request).await;
        if let Some((recorder, request)) = heard {
            let (connection, endpoint) = (Arc::clone(&self.connection), endpoint.to_owned());
            let (purpose, answer) = (self.purpose, answer.clone());
            recorder.call(HeardCall { connection, purpose, endpoint, request, answer });
        }
        let now = self.outside.clock.now();
        if let Some(answered) = answered(&answer) {
            throttle.answered(answered, now);
        }
        if let Some(pause) = answer.as_ref().ok().and_then(asked_to_wait) {
            throttle.pause(now.plus(pause));
        }
        answer
    }

    /// Waits until a request may leave.
    async fn turn(&self, endpoint: &str, throttle: &Throttle) -> Result<(), HttpError> {
        let _waiting = throttle.wait(self.purpose);
        let give_up = self.outside.clock.now().plus(patience(self.purpose));
        loop {
            let now = self.outside.clock.now();
            let until = match throttle.turn(self.purpose, now) {
                Turn::Now => return Ok(()),
                Turn::At(until) | Turn::Closed(until) => until,
            };
            if until > give_up {
                return Err(HttpError::Unreachable(format!(
                    "endpoint {endpoint} is left alone until {until}"
                )));
            }
            self.outside.clock.sleep(until.since(now)).await;
        }
    }
}

/// `None` for our own refusals: they say nothing about the provider.
fn answered(answer: &Result<HttpResponse, HttpError>) -> Option<Answered> {
    match answer {
        Ok(response) if response.status >= 500 => Some(Answered::Badly),
        Err(HttpError::Unreachable(_) | HttpError::Interrupted(_)) => Some(Answered::Badly),
        Ok(_) | Err(HttpError::Unreadable(_)) => Some(Answered::Soundly),
        Err(HttpError::NotGranted(_) | HttpError::Denied(_) | HttpError::Exhausted) => None,
    }
}

/// How long the provider asks to be left alone: 429, and 503 with `Retry-After` (RFC 9110, 10.2.3). Seconds come whole
/// or as "2.0"; no provider we know sends a date.
fn asked_to_wait(response: &HttpResponse) -> Option<Duration> {
    let header = response.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
    let asked = header
        .and_then(|(_, value)| value.trim().parse::<f64>().ok())
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    match response.status {
        429 => Some(asked.unwrap_or(TOO_MANY).min(RETRY_AFTER_MAX)),
        503 => asked.map(|asked| asked.min(RETRY_AFTER_MAX)),
        _ => None,
    }
}

impl ActingHost for Acting {
    fn http<'a>(
        &'a self,
        endpoint: &'a str,
        request: HttpRequest,
    ) -> BoxFuture<'a, Result<HttpResponse, HttpError>> {
        Box::pin(self.send(endpoint, request))
    }

    fn pause(&self, endpoint: &str, pause: Duration) {
        // A name the manifest does not have is no endpoint: nothing to leave alone.
        if self.connection.endpoint(endpoint).is_some() {
            let until = self.outside.clock.now().plus(pause);
            self.outside.throttle(&self.connection, endpoint).pause(until);
        }
    }

    fn state_get(&self, key: &str) -> Result<Option<String>, String> {
        let read = || hub_fold::read::plugin_state(&*self.outside.store, &self.connection.name, key);
        tokio::task::block_in_place(read).map_err(|error| error.to_string())
    }

    fn state_set(&self, key: &str, value: &str) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).push((key.to_owned(), value.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_taken_from_the_answer() {
        let check = |status, retry_after: Option<&str>, expected: Option<u64>| {
            let headers = retry_after.iter().map(|value| ("Retry-After".to_owned(), (*value).to_owned()));
            let response = HttpResponse { status, headers: headers.collect(), body: String::new() };
            let expected = expected.map(Duration::from_millis);
            assert_eq!(asked_to_wait(&response), expected, "{status} {retry_after:?}");
        };
        check(429, Some("7"), Some(7_000));
        check(429, Some("2.5"), Some(2_500));
        check(429, None, Some(1_000));
        check(429, Some("-1"), Some(1_000));
        check(429, Some("NaN"), Some(1_000));
        check(429, Some("1e300"), Some(1_000));
        check(429, Some("86400"), Some(3_600_000));
        check(503, Some("30"), Some(30_000));
        check(503, None, None);
        check(200, Some("30"), None);
    }
}
