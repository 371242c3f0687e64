//! Reads as of a moment: the same routes over a view of what the hub had heard by then. `?as_of=` at any read of the
//! view folds the journal up to that moment into memory, beside the view in use; nothing learned later is in it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use hub_model::Timestamp;
use hub_store::Store;
use tokio::sync::Mutex;
use tower::ServiceExt as _;

use super::error::AdminError;
use super::keyring::Caller;
use super::{Admin, Api, reads};
use crate::data::{heard_by, in_memory};

/// The parameter's name.
const AS_OF: &str = "as_of";

/// A view of the past is let go when nobody has asked it for so long.
const KEPT_FOR: Duration = Duration::from_secs(300);

/// Makes views of the past. One at a time is made and kept: a journal folded into memory is large.
pub(super) struct Past {
    admin: Arc<Admin>,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    /// The last record it knows.
    seq: u64,
    view: Arc<dyn Store>,
    asked_at: Instant,
}

impl Past {
    pub(super) fn new(admin: Arc<Admin>) -> Arc<Self> {
        Arc::new(Self { admin, kept: Mutex::default() })
    }

    /// The reads as they would have been answered then.
    async fn routes(self: &Arc<Self>, at: Timestamp) -> Result<Router, AdminError> {
        if at > self.admin.clock.now() {
            return Err(AdminError::Question(format!("{AS_OF} lies in the future")));
        }
        let store = self.view(at).await?;
        let then = Admin { store, as_of: Some(at), ..Admin::clone(&self.admin) };
        Ok(reads().router().with_state(Api::new(Arc::new(then))))
    }

    /// What the hub had heard by a moment.
    async fn view(self: &Arc<Self>, at: Timestamp) -> Result<Arc<dyn Store>, AdminError> {
        let mut kept = self.kept.lock().await;
        let journal = self.admin.journal.clone();
        let seq = tokio::task::spawn_blocking(move || heard_by(&journal, at)).await??;
        if let Some(kept) = kept.as_mut().filter(|kept| kept.seq == seq) {
            kept.asked_at = Instant::now();
            return Ok(Arc::clone(&kept.view));
        }
        // Let go before the next is made: there is room for one.
        *kept = None;
        let journal = self.admin.journal.clone();
        let folded = tokio::task::spawn_blocking(move || in_memory(&journal, seq, &mut |_| {}));
        let view: Arc<dyn Store> = Arc::new(folded.await??);
        *kept = Some(Kept { seq, view: Arc::clone(&view), asked_at: Instant::now() });
        drop(kept);
        tokio::spawn(Arc::clone(self).let_go(seq));
        Ok(view)
    }

    async fn let_go(self: Arc<Self>, seq: u64) {
        loop {
            tokio::time::sleep(KEPT_FOR).await;
            let mut kept = self.kept.lock().await;
            match kept.as_ref() {
                Some(this) if this.seq == seq && this.asked_at.elapsed() < KEPT_FOR => {}
                Some(this) if this.seq == seq => {
                    *kept = None;
                    return;
                }
                _ => return,
            }
        }
    }
}

/// Answers a read from the past where it asks for that.
pub(super) async fn answer(State(past): State<Arc<Past>>, mut request: Request, next: Next) -> Response {
    let at = match take(request.uri()) {
        Ok(None) => return next.run(request).await,
        Ok(Some((at, uri))) => {
            *request.uri_mut() = uri;
            at
        }
        Err(error) => return error.into_response(),
    };
    if request.method() != Method::GET {
        return AdminError::Question(format!("{AS_OF} is for reads")).into_response();
    }
    match past.routes(at).await {
        Ok(routes) => {
            // What this router found in the path would stand before what the other finds. Who asks is the same.
            let caller = request.extensions_mut().remove::<Caller>();
            request.extensions_mut().clear();
            if let Some(caller) = caller {
                request.extensions_mut().insert(caller);
            }
            routes.oneshot(request).await.into_response()
        }
        Err(error) => error.into_response(),
    }
}

/// The moment, and the address without it: what reads do not know they refuse.
fn take(uri: &Uri) -> Result<Option<(Timestamp, Uri)>, AdminError> {
    let query = uri.query().unwrap_or_default();
    let pairs = || form_urlencoded::parse(query.as_bytes());
    let Some((_, at)) = pairs().find(|(name, _)| name == AS_OF) else { return Ok(None) };
    let at = at
        .parse::<Timestamp>()
        .map_err(|_| AdminError::Question(format!("{AS_OF} is a moment such as 2026-03-01T09:30:00Z")))?;
    let rest: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs().filter(|(name, _)| name != AS_OF))
        .finish();
    let address = if rest.is_empty() { uri.path().to_owned() } else { format!("{}?{rest}", uri.path()) };
    let uri = address.parse().map_err(|_| AdminError::Question("this address cannot be read".to_owned()))?;
    Ok(Some((at, uri)))
}
