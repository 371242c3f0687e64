//! Meta's Graph API, as far as messages go through it: WhatsApp and Instagram, their windows, limits, subscriptions and
//! conversations. Owns what was said on either side; hands the webhooks about it to the outbox and sends none itself.

mod accounts;
mod conversations;
mod instagram;
mod people;
mod webhooks;
mod whatsapp;

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, Answered};
use crate::credentials;
use crate::options::Unknown;
use crate::state::{Shared, Worlds};

use self::accounts::{Subscription, Template, Throttle};
use self::people::{Comment, Inbound};

/// Free-form messages are for a day after the customer last wrote.
const WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// What the messaging accounts remember.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Graph {
    /// Sent through us, oldest first.
    pub messages: Vec<Message>,
    /// What customers wrote, oldest first.
    pub inbound: Vec<Inbound>,
    /// Under posts of an Instagram account, oldest first.
    pub comments: Vec<Comment>,
    /// Messages shown as read to who wrote them.
    pub read: BTreeSet<String>,
    /// WhatsApp's catalogue. While it is empty every template is known.
    pub templates: Vec<Template>,
    /// Of accounts whose subscription was changed; all others get all webhooks.
    pub subscriptions: BTreeMap<String, Subscription>,
    /// Accounts that are refused for a while.
    pub throttles: BTreeMap<String, Throttle>,
    /// The business account of each phone that is not of the usual one.
    pub business_accounts: BTreeMap<String, String>,
    #[serde(serialize_with = "as_windows")]
    windows: BTreeMap<(String, String), Option<Timestamp>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Whatsapp,
    Instagram,
}

/// A message the provider accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// `wamid....`, or a mid.
    pub id: String,
    pub at: Timestamp,
    pub channel: Channel,
    /// Phone number id, or Instagram account id (`me` as called).
    pub account: String,
    pub to: String,
    /// `text`, `template`, `image`, ...
    pub kind: String,
    pub text: Option<String>,
    pub template: Option<String>,
    /// The message this one answers.
    pub reply_to: Option<String>,
    /// `biz_opaque_callback_data`: the sender's own id, echoed in statuses.
    pub callback_data: Option<String>,
    /// Where a medium is fetched from.
    pub media_url: Option<String>,
    /// The comment this one answers in private.
    pub comment: Option<String>,
    /// `HUMAN_AGENT`.
    pub tag: Option<String>,
}

/// When a customer last wrote to an account; `None` is never.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Window {
    pub account: String,
    pub user: String,
    pub last_message_at: Option<Timestamp>,
}

fn as_windows<S: serde::Serializer>(
    windows: &BTreeMap<(String, String), Option<Timestamp>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(windows.iter().map(|((account, user), last_message_at)| Window {
        account: account.clone(),
        user: user.clone(),
        last_message_at: *last_message_at,
    }))
}

impl Graph {
    /// Says when the customer last wrote. Until this is said, their window is open.
    pub(crate) fn set_window(&mut self, window: Window) {
        self.windows.insert((window.account, window.user), window.last_message_at);
    }

    /// The customer wrote, which opens the window anew.
    fn wrote(&mut self, account: &str, user: &str, at: Timestamp) {
        let last = self.windows.entry((account.to_owned(), user.to_owned())).or_default();
        *last = (*last).max(Some(at));
    }

    /// How long the customer has been silent; none when nothing is known about them.
    fn silence(&self, account: &str, user: &str, now: Timestamp) -> Option<SignedDuration> {
        let last = self.windows.get(&(account.to_owned(), user.to_owned()))?;
        Some(last.map_or(SignedDuration::MAX, |last| now.duration_since(last)))
    }
}

pub(crate) fn router(shared: &Shared) -> Router {
    Router::new()
        .route("/{version}/{account}/messages", post(send).get(conversations::messages))
        .route("/{version}/{account}/conversations", get(conversations::list))
        .route("/{version}/{node}", get(conversations::node))
        .route(
            "/{version}/{account}/subscribed_apps",
            get(accounts::subscribed).post(accounts::subscribe).delete(accounts::unsubscribe),
        )
        .route("/{version}/{account}/message_templates", post(accounts::add_template))
        .merge(people::router())
        .with_state(shared.clone())
}

pub(crate) fn token(headers: &HeaderMap) -> Option<String> {
    credentials::bearer(headers).map(str::to_owned)
}

pub(crate) fn failure_body(status: StatusCode) -> Value {
    let (code, message) = match status {
        StatusCode::UNAUTHORIZED => (190, "Invalid OAuth access token - Cannot parse access token"),
        StatusCode::TOO_MANY_REQUESTS => (4, "(#4) Application request limit reached"),
        StatusCode::SERVICE_UNAVAILABLE => (2, "Service temporarily unavailable"),
        status if status.is_server_error() => (1, "An unknown error occurred"),
        StatusCode::NOT_FOUND => (2500, "Unknown path components"),
        _ => (100, "Invalid request"),
    };
    MetaError { code, subcode: None, message, details: None, transient: status.is_server_error() }.body()
}

/// Meta's error object.
struct MetaError {
    code: u32,
    subcode: Option<u32>,
    message: &'static str,
    /// WhatsApp only.
    details: Option<&'static str>,
    transient: bool,
}

impl MetaError {
    fn permanent(code: u32, message: &'static str) -> Self {
        Self { code, subcode: None, message, details: None, transient: false }
    }

    fn body(&self) -> Value {
        let mut error = json!({
            "message": self.message,
            "type": "OAuthException",
            "code": self.code,
            "is_transient": self.transient,
            "fbtrace_id": "AsimulatedTraceOnly",
        });
        if let Some(entries) = error.as_object_mut() {
            if let Some(subcode) = self.subcode {
                entries.insert("error_subcode".to_owned(), json!(subcode));
            }
            if let Some(details) = self.details {
                let data = json!({ "messaging_product": "whatsapp", "details": details });
                entries.insert("error_data".to_owned(), data);
            }
        }
        json!({ "error": error })
    }
}

impl From<MetaError> for Answer {
    fn from(error: MetaError) -> Self {
        Answer::new(StatusCode::BAD_REQUEST, error.body())
    }
}

/// A send in progress: who sends, when, and what it may touch.
struct Sending<'a> {
    worlds: &'a mut Worlds,
    account: String,
    now: Timestamp,
    unknown: Unknown,
}

async fn send(
    State(shared): State<Shared>,
    Path((version, account)): Path<(String, String)>,
    body: Bytes,
) -> Answered {
    versioned(&version)?;
    let posted: Map<String, Value> = serde_json::from_slice(&body)
        .map_err(|_| MetaError::permanent(100, "(#100) The body must be a JSON object"))?;
    let now = shared.now();
    let mut worlds = shared.lock();
    worlds.graph.admit(&account)?;
    let sending = Sending { worlds: &mut worlds, account, now, unknown: shared.options().unknown };
    let answered = if posted.contains_key("messaging_product") {
        whatsapp::send(sending, &posted)
    } else {
        instagram::send(sending, &posted)
    };
    Ok(Answer::ok(answered?))
}

/// Meta knows no paths without a version.
fn versioned(version: &str) -> Result<(), Answer> {
    if is_version(version) { Ok(()) } else { Err(not_found()) }
}

fn not_found() -> Answer {
    Answer::new(StatusCode::NOT_FOUND, failure_body(StatusCode::NOT_FOUND))
}

/// `v25.0` and the like.
fn is_version(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.strip_prefix('v')
        .and_then(|numbers| numbers.split_once('.'))
        .is_some_and(|(major, minor)| digits(major) && digits(minor))
}

impl Sending<'_> {
    /// Whether the customer wrote within this time. One nobody knows of may always be written to, unless the simulator
    /// is to be strict about them.
    fn is_open(&self, user: &str, allowed: SignedDuration) -> bool {
        match self.worlds.graph.silence(&self.account, user, self.now) {
            Some(silence) => silence <= allowed,
            None => self.unknown == Unknown::Created,
        }
    }

    fn fresh_id(&mut self, prefix: &str) -> String {
        fresh_id(self.worlds, prefix)
    }
}

fn fresh_id(worlds: &mut Worlds, prefix: &str) -> String {
    format!("{prefix}{}", URL_SAFE.encode(worlds.ids.fresh()))
}

fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

fn text_at<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn object_at<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Map<String, Value>> {
    object.get(name).and_then(Value::as_object)
}
