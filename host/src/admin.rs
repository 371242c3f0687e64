//! Reads for people and tools, and the few things an operator may ask for: JSON over HTTP for the command line, for
//! scrapers and for whoever writes a console. Answers come from the view and the journal; what changes state is
//! journalled as a command, never written to the view. The command line asks this same router when no hub runs.

mod as_of;
mod asked;
mod audit;
mod connections;
mod corrections;
mod customers;
mod deliveries;
mod effects;
mod error;
mod events;
mod facts;
mod follow_ups;
mod guard;
mod held;
mod hub;
mod identity;
mod journal;
mod kpi;
mod privacy;
mod rules;
mod segments;
mod sources;

use std::sync::Arc;

use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use axum::{Json, Router};
use hub_fold::record::{Command, Record};
use hub_journal::{Entry, Seq};
use hub_model::Timestamp;
use tokio::sync::Semaphore;

use error::AdminError;
pub(crate) use journal::Verified;

#[derive(Clone)]
pub(crate) struct Admin {
    pub(crate) config: Arc<crate::config::Config>,
    pub(crate) journal: hub_journal::Journal,
    pub(crate) store: Arc<dyn hub_store::Store>,
    /// Absent when the data was opened without starting a hub.
    pub(crate) plugins: Option<Arc<crate::plugins::Plugins>>,
    pub(crate) metrics: Arc<crate::metrics::Metrics>,
    pub(crate) health: Arc<crate::health::Health>,
    /// Absent when the data was opened without starting a hub.
    pub(crate) inbox: Option<Arc<crate::inbox::Inbox>>,
    /// Absent when the data was opened without starting a hub.
    pub(crate) poller: Option<Arc<crate::poller::Poller>>,
    /// Absent when the data was opened without starting a hub.
    pub(crate) watchdog: Option<Arc<crate::watchdog::Watchdog>>,
    pub(crate) clock: crate::clock::Clock,
    /// The moment its answers are of; what is written is of now all the same.
    pub(crate) as_of: Option<Timestamp>,
}

impl Admin {
    /// The moment to answer for.
    fn now(&self) -> Timestamp {
        self.as_of.unwrap_or_else(|| self.clock.now())
    }
}

/// What the routes share.
struct Api {
    admin: Arc<Admin>,
    /// A comparison folds the whole journal into memory: one at a time.
    verifying: Arc<Semaphore>,
    /// Rules are taken over one folder after the other: each is held against those before.
    applying: tokio::sync::Mutex<()>,
}

type Shared = axum::extract::State<Arc<Api>>;
type Answer<T> = Result<Json<T>, AdminError>;

/// All routes, behind the guard.
pub(crate) fn router(admin: Arc<Admin>) -> Router {
    let guard = Arc::new(guard::Guard::new(&admin.config));
    let past = as_of::Past::new(Arc::clone(&admin));
    let api = Api::new(admin);
    Router::new()
        .route("/readyz", get(hub::ready))
        .route("/metrics", get(hub::metrics))
        .route("/v1/status", get(hub::status))
        .route("/v1/connections", get(connections::list))
        .route("/v1/connections/{name}", get(connections::one))
        .route("/v1/connections/{name}/poll", post(connections::poll))
        .route("/v1/deliveries/{seq}/redrive", post(deliveries::redrive))
        .route("/v1/effects/{id}/retry", post(effects::retry))
        .route("/v1/effects/release", post(held::release))
        .route("/v1/effects/cancel", post(held::cancel))
        .route("/v1/effects/stop", post(held::stop))
        .route("/v1/effects/resume", post(held::resume))
        .route("/v1/effects/verify", post(journal::prove))
        .route("/v1/customers/{id}/merge/{other}", post(identity::merge))
        .route("/v1/customers/{id}/reject/{other}", post(identity::reject))
        .route("/v1/customers/{id}/unmerge/{account}", post(identity::unmerge))
        .route("/v1/customers/{id}/erase", get(privacy::preview).post(privacy::erase))
        .route("/v1/customers/{id}/follow-ups", post(follow_ups::add))
        .route("/v1/follow-ups/{id}/postpone", post(follow_ups::postpone))
        .route("/v1/follow-ups/{id}/close", post(follow_ups::close))
        .route("/v1/interactions/{connection}/{id}/corrections", post(corrections::correct))
        .route("/v1/rules/apply", post(rules::apply))
        .route("/v1/privacy", get(privacy::list))
        .route("/v1/privacy/{erasure}/close", post(privacy::close))
        .route("/v1/journal/stats", get(journal::stats))
        .route("/v1/journal/verify", post(journal::verify))
        .merge(reads().layer(from_fn_with_state(past, as_of::answer)))
        .fallback(|| async { AdminError::NoRoute })
        .method_not_allowed_fallback(|| async { AdminError::Method })
        .layer(from_fn_with_state(guard, guard::check))
        // Outside the guard: whether the process lives is no secret, and whoever restarts it has no token.
        .route("/healthz", get(|| async { "ok\n" }))
        .layer(from_fn(guard::seal))
        .with_state(api)
}

/// What is answered from view and journal alone, now or as of a moment.
fn reads() -> Router<Arc<Api>> {
    Router::new()
        .route("/v1/customers", get(customers::list))
        .route("/v1/customers/{id}", get(customers::one))
        .route("/v1/customers/{id}/timeline", get(customers::timeline))
        .route("/v1/customers/{id}/context", get(customers::context))
        .route("/v1/customers/{id}/conversations", get(customers::conversations))
        .route("/v1/customers/{id}/conversations/{conversation}", get(customers::conversation))
        .route("/v1/customers/{id}/may-contact", get(customers::may_contact))
        .route("/v1/customers/{id}/links", get(identity::links))
        .route("/v1/customers/{id}/links/{other}", get(identity::pair))
        .route("/v1/customers/{id}/suggestions", get(identity::suggestions))
        .route("/v1/suggestions", get(identity::all_suggestions))
        .route("/v1/breaches", get(customers::breaches))
        .route("/v1/customers/{id}/export", get(privacy::export))
        .route("/v1/deliveries", get(deliveries::list))
        .route("/v1/deliveries/{seq}", get(deliveries::one))
        .route("/v1/events/{id}", get(events::one))
        .route("/v1/events/{id}/decisions", get(events::decisions))
        .route("/v1/customers/{id}/facts", get(facts::of_customer))
        .route("/v1/facts/{kind}/{connection}/{id}", get(facts::of_thing))
        .route("/v1/follow-ups", get(follow_ups::list))
        .route("/v1/follow-ups/{id}", get(follow_ups::one))
        .route("/v1/corrections", get(corrections::list))
        .route("/v1/audit", get(audit::list))
        .route("/v1/audit/verify", get(audit::verify))
        .route("/v1/kpi", get(kpi::report))
        .route("/v1/kpi/{figure}", get(kpi::cases))
        .route("/v1/rules", get(rules::list))
        .route("/v1/rules/{rule}/why/{event}", get(rules::why))
        .route("/v1/segments", get(segments::list))
        .route("/v1/segments/{segment}/customers", get(segments::members))
        .route("/v1/effects", get(effects::list))
        .route("/v1/effects/{id}", get(effects::one))
}

impl Api {
    fn new(admin: Arc<Admin>) -> Arc<Self> {
        Arc::new(Self {
            admin,
            verifying: Arc::new(Semaphore::new(1)),
            applying: tokio::sync::Mutex::default(),
        })
    }

    /// Asks the view or the journal on a thread that may block.
    async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Admin) -> Result<T, AdminError> + Send + 'static,
    ) -> Answer<T> {
        let admin = Arc::clone(&self.admin);
        tokio::task::spawn_blocking(move || question(&admin)).await?.map(Json)
    }

    /// Journals what an operator asked for; answers when it is durable.
    async fn command(&self, command: Command) -> Result<Seq, AdminError> {
        Ok(self.admin.journal.append(self.entry(command)).await?)
    }

    /// Several that belong together. A crash before the answer may leave the first few: asking again does no harm.
    async fn commands(&self, commands: Vec<Command>) -> Result<Vec<Seq>, AdminError> {
        let entries = commands.into_iter().map(|command| self.entry(command)).collect();
        Ok(self.admin.journal.append_all(entries).await?)
    }

    fn entry(&self, command: Command) -> Entry {
        self.entry_of(&Record::Command(command))
    }

    fn entry_of(&self, record: &Record) -> Entry {
        Entry { kind: record.kind(), time_ns: self.admin.clock.now().0, payload: record.encode() }
    }
}

#[cfg(test)]
mod tests;
