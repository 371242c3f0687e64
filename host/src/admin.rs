//! Reads for people and tools, and the few things an operator may ask for: JSON over HTTP for the command line, for
//! scrapers and for whoever writes a console. Answers come from the view and the journal; what changes state is
//! journalled as a command, never written to the view. The command line asks this same router when no hub runs.

mod as_of;
mod asked;
mod audit;
mod bearer;
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
mod keyring;
mod kpi;
mod pace;
mod privacy;
mod routes;
mod rules;
mod segments;
mod sources;
mod tokens;

use std::ops::Deref;
use std::sync::Arc;

use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use axum::{Json, Router};
use hub_fold::Scope::{Erase, Install, Operate, Read};
use hub_fold::record::{Command, Record};
use hub_journal::{Entry, Seq};
use hub_model::Timestamp;
use tokio::sync::Semaphore;

use error::AdminError;
pub(crate) use journal::Verified;
use keyring::Caller;
pub(crate) use keyring::Keyring;
pub use routes::Declared;
use routes::Routes;

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
    pub(crate) keyring: Arc<Keyring>,
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

/// What every handler is given: the above, and who asks.
struct Shared {
    api: Arc<Api>,
    caller: Caller,
}

impl Deref for Shared {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

type Answer<T> = Result<Json<T>, AdminError>;

/// All routes, for whoever comes over the network.
pub(crate) fn router(admin: Arc<Admin>) -> Router {
    let guard = Arc::new(guard::Guard::new(Arc::clone(&admin)));
    served(unguarded(admin).layer(from_fn_with_state(guard, guard::check)))
}

/// The same for whoever has the data itself, in this process: nobody is asked for a token. So an operator whose tokens
/// are lost makes another where the hub is stopped.
pub(crate) fn router_here(admin: Arc<Admin>) -> Router {
    served(unguarded(admin).layer(from_fn(guard::let_in)))
}

fn served(router: Router) -> Router {
    // Outside the guard and without a scope, the only one: whether the process lives is no secret, and whoever restarts
    // it has no token.
    router.route("/healthz", get(|| async { "ok\n" })).layer(from_fn(guard::seal))
}

/// What is served behind the guard.
pub(crate) fn declared() -> Vec<Declared> {
    own().and(reads()).declared().cloned().collect()
}

fn unguarded(admin: Arc<Admin>) -> Router {
    let past = as_of::Past::new(Arc::clone(&admin));
    let reads =
        reads().each(|handler| handler.route_layer(from_fn_with_state(Arc::clone(&past), as_of::answer)));
    own()
        .and(reads)
        .router()
        .fallback(|| async { AdminError::NoRoute })
        .method_not_allowed_fallback(|| async { AdminError::Method })
        .with_state(Api::new(admin))
}

/// What is asked of the hub as it is now, and what changes something.
fn own() -> Routes {
    Routes::default()
        .get("/readyz", Read, hub::ready)
        .get("/metrics", Read, hub::metrics)
        .get("/v1/status", Read, hub::status)
        .get("/v1/connections", Read, connections::list)
        .get("/v1/connections/{name}", Read, connections::one)
        .post("/v1/connections/{name}/poll", Operate, connections::poll)
        .post("/v1/deliveries/{seq}/redrive", Operate, deliveries::redrive)
        .post("/v1/effects/{id}/retry", Operate, effects::retry)
        .post("/v1/effects/release", Operate, held::release)
        .post("/v1/effects/cancel", Operate, held::cancel)
        .post("/v1/effects/stop", Operate, held::stop)
        .post("/v1/effects/resume", Operate, held::resume)
        .post("/v1/effects/verify", Read, journal::prove)
        .post("/v1/customers/{id}/merge/{other}", Operate, identity::merge)
        .post("/v1/customers/{id}/reject/{other}", Operate, identity::reject)
        .post("/v1/customers/{id}/unmerge/{account}", Operate, identity::unmerge)
        .get("/v1/customers/{id}/erase", Erase, privacy::preview)
        .post("/v1/customers/{id}/erase", Erase, privacy::erase)
        .post("/v1/customers/{id}/follow-ups", Operate, follow_ups::add)
        .post("/v1/follow-ups/{id}/postpone", Operate, follow_ups::postpone)
        .post("/v1/follow-ups/{id}/close", Operate, follow_ups::close)
        .post("/v1/interactions/{connection}/{id}/corrections", Operate, corrections::correct)
        .post("/v1/rules/apply", Install, rules::apply)
        .get("/v1/privacy", Read, privacy::list)
        .post("/v1/privacy/{erasure}/close", Erase, privacy::close)
        .get("/v1/journal/stats", Read, journal::stats)
        .post("/v1/journal/verify", Read, journal::verify)
        .get("/v1/tokens", Install, tokens::list)
        .post("/v1/tokens", Install, tokens::make)
        .post("/v1/tokens/{id}/revoke", Install, tokens::revoke)
}

/// What is answered from view and journal alone, now or as of a moment.
fn reads() -> Routes {
    Routes::default()
        .get("/v1/customers", Read, customers::list)
        .get("/v1/customers/{id}", Read, customers::one)
        .get("/v1/customers/{id}/timeline", Read, customers::timeline)
        .get("/v1/customers/{id}/context", Read, customers::context)
        .get("/v1/customers/{id}/conversations", Read, customers::conversations)
        .get("/v1/customers/{id}/conversations/{conversation}", Read, customers::conversation)
        .get("/v1/customers/{id}/may-contact", Read, customers::may_contact)
        .get("/v1/customers/{id}/links", Read, identity::links)
        .get("/v1/customers/{id}/links/{other}", Read, identity::pair)
        .get("/v1/customers/{id}/suggestions", Read, identity::suggestions)
        .get("/v1/suggestions", Read, identity::all_suggestions)
        .get("/v1/breaches", Read, customers::breaches)
        .get("/v1/customers/{id}/export", Read, privacy::export)
        .get("/v1/deliveries", Read, deliveries::list)
        .get("/v1/deliveries/{seq}", Read, deliveries::one)
        .get("/v1/events/{id}", Read, events::one)
        .get("/v1/events/{id}/decisions", Read, events::decisions)
        .get("/v1/customers/{id}/facts", Read, facts::of_customer)
        .get("/v1/facts/{kind}/{connection}/{id}", Read, facts::of_thing)
        .get("/v1/follow-ups", Read, follow_ups::list)
        .get("/v1/follow-ups/{id}", Read, follow_ups::one)
        .get("/v1/corrections", Read, corrections::list)
        .get("/v1/audit", Read, audit::list)
        .get("/v1/audit/verify", Read, audit::verify)
        .get("/v1/kpi", Read, kpi::report)
        .get("/v1/kpi/{figure}", Read, kpi::cases)
        .get("/v1/rules", Read, rules::list)
        .get("/v1/rules/{rule}/why/{event}", Read, rules::why)
        .get("/v1/segments", Read, segments::list)
        .get("/v1/segments/{segment}/customers", Read, segments::members)
        .get("/v1/effects", Read, effects::list)
        .get("/v1/effects/{id}", Read, effects::one)
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
