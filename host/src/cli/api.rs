//! Asks the hub: over its admin interface, or, when no hub listens there, the same routes over the data itself. Which of
//! the two answered makes no difference to what is printed.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use reqwest::Url;
use serde_json::Value;
use tower::ServiceExt as _;

use super::ConfigArg;
use super::exit::Failed;
use crate::app::lone::lone_admin;
use crate::config::Config;
use crate::data::{self, Data};
use crate::secret::Secret;

/// The hub is on this machine or near.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A search over a large view takes seconds, a comparison with the journal minutes.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3_600);

/// Which hub a command asks.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct HubArg {
    #[command(flatten)]
    pub(super) config: ConfigArg,
    /// Ask the hub at this address; without it the one of the configuration, or its data when no hub runs
    #[arg(long, value_name = "URL", env = "OMNIHUB_ADMIN")]
    admin: Option<Url>,
}

/// What was asked, as path and query.
pub(super) struct Question {
    method: Method,
    url: Url,
}

impl Question {
    /// A read of the route these segments make.
    pub(super) fn get(segments: &[&str]) -> Self {
        Self::new(Method::GET, segments)
    }

    /// A request that changes something.
    pub(super) fn post(segments: &[&str]) -> Self {
        Self::new(Method::POST, segments)
    }

    fn new(method: Method, segments: &[&str]) -> Self {
        let mut url = Url::parse("http://localhost/v1").expect("a constant address is valid");
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend(segments);
        }
        Self { method, url }
    }

    /// Adds a parameter if there is one.
    pub(super) fn with(mut self, name: &str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            self.url.query_pairs_mut().append_pair(name, &value.to_string());
        }
        self
    }

    fn path_and_query(&self) -> String {
        match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        }
    }
}

/// An answer: its JSON as it came, and as a tree.
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) json: Value,
}

impl Answer {
    /// The answer a route would give.
    pub(super) fn of(value: &impl serde::Serialize) -> Result<Self, Failed> {
        let internal = |error: serde_json::Error| Failed::Internal(error.into());
        let text = serde_json::to_string(value).map_err(internal)?;
        Ok(Self { json: serde_json::from_str(&text).map_err(internal)?, text })
    }
}

impl HubArg {
    /// Whether a hub listens where it is asked; an address that was named must be one.
    pub(super) async fn is_answered(&self, config: &Config) -> Result<bool, Failed> {
        let question = Question::get(&["journal", "stats"]);
        Ok(online(self, config, &question).await?.is_some())
    }
}

/// Asks one question.
pub(super) async fn ask(hub: &HubArg, question: Question) -> Result<Answer, Failed> {
    let config = hub.config.load()?;
    let (status, body) = match online(hub, &config, &question).await? {
        Some(answered) => answered,
        None => offline(config, &question).await?,
    };
    understood(status, body)
}

fn understood(status: StatusCode, body: Vec<u8>) -> Result<Answer, Failed> {
    let no_hub = || {
        let help = "check admin.listen in the configuration, or --admin";
        Failed::unavailable("what answers at the admin address is no hub", help)
    };
    let text = String::from_utf8(body).map_err(|_| no_hub())?;
    let json: Value = serde_json::from_str(&text).map_err(|_| no_hub())?;
    if status.is_success() {
        return Ok(Answer { text, json });
    }
    let word = |pointer: &str| json.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let message = word("/error/message").ok_or_else(no_hub)?;
    let help = word("/error/help").unwrap_or_default();
    Err(match status {
        StatusCode::NOT_FOUND => Failed::not_found(message, help),
        StatusCode::BAD_REQUEST => Failed::usage(message, help),
        StatusCode::CONFLICT | StatusCode::FORBIDDEN => Failed::problem(message, help),
        _ => Failed::unavailable(message, help),
    })
}

/// `None` when nobody listens there and the data may be asked instead.
async fn online(
    hub: &HubArg,
    config: &Config,
    question: &Question,
) -> Result<Option<(StatusCode, Vec<u8>)>, Failed> {
    let base = hub.admin.clone().map_or_else(|| configured(config), Ok)?;
    let Ok(url) = base.join(&question.path_and_query()) else {
        return Err(Failed::usage(
            format!("{base} is no address of a hub"),
            "write it as http://127.0.0.1:8081",
        ));
    };
    let mut request = client()?.request(question.method.clone(), url);
    if let Some(token) = token(config)? {
        request = request.bearer_auth(token.expose());
    }
    let broken = |error: reqwest::Error| {
        Failed::unavailable(
            format!("the hub at {base} does not answer: {}", error.without_url()),
            "is it running?",
        )
    };
    match request.send().await {
        Ok(response) => {
            let status = response.status();
            Ok(Some((status, response.bytes().await.map_err(broken)?.to_vec())))
        }
        Err(error) if error.is_connect() && hub.admin.is_none() => Ok(None),
        Err(error) => Err(broken(error)),
    }
}

/// What the command line shows itself with: a token of whoever asks, or the configured one.
const TOKEN_VARIABLE: &str = "OMNIHUB_TOKEN";

fn token(config: &Config) -> Result<Option<Secret>, Failed> {
    // Neither error shows what stands there.
    let wrong = |problem: String| {
        Failed::usage(format!("{TOKEN_VARIABLE}: {problem}"), "set it to a token of `omnihub token create`")
    };
    match std::env::var_os(TOKEN_VARIABLE).filter(|own| !own.is_empty()) {
        None => Ok(config.admin.token.clone()),
        Some(own) => {
            let own = own.into_string().map_err(|_| wrong("it is not UTF-8 text".to_owned()))?;
            Secret::new(own.trim()).map(Some).map_err(|error| wrong(error.to_string()))
        }
    }
}

/// A hub that listens on all addresses is asked on loopback.
fn configured(config: &Config) -> Result<Url, Failed> {
    let mut address = config.admin.listen;
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            std::net::SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            std::net::SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    Url::parse(&format!("http://{address}")).map_err(|error| Failed::Internal(error.into()))
}

fn client() -> Result<reqwest::Client, Failed> {
    let internal = |error: anyhow::Error| Failed::Internal(error);
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| internal(error.into()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        // The token goes to the hub and nowhere else.
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(ANSWER_TIMEOUT)
        .build()
        .map_err(|error| internal(error.into()))
}

async fn offline(config: Config, question: &Question) -> Result<(StatusCode, Vec<u8>), Failed> {
    let config = Arc::new(config);
    let (router, journal) = open(Arc::clone(&config)).await?;
    let answered = routed(router, question).await;
    journal.close();
    answered
}

/// Asks a hub in this process.
pub(super) async fn ask_router(router: Router, question: &Question) -> Result<Answer, Failed> {
    let (status, body) = routed(router, question).await?;
    understood(status, body)
}

async fn routed(router: Router, question: &Question) -> Result<(StatusCode, Vec<u8>), Failed> {
    let request = Request::builder().method(question.method.clone()).uri(question.path_and_query());
    let request = request.body(Body::empty()).map_err(|error| Failed::Internal(error.into()))?;
    let Ok(response) = router.oneshot(request).await;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|error| Failed::Internal(error.into()))?.to_bytes();
    Ok((parts.status, body.to_vec()))
}

async fn open(config: Arc<Config>) -> Result<(Router, hub_journal::Journal), Failed> {
    let data = {
        let config = Arc::clone(&config);
        tokio::task::spawn_blocking(move || open_data(&config))
            .await
            .map_err(|error| Failed::Internal(error.into()))??
    };
    let journal = data.journal.clone();
    let router = lone_admin(config, data.journal, data.store).map_err(Failed::Internal)?;
    Ok((router, journal))
}

/// Opens the data without a hub. Data that does not exist is not made: the folder may be the wrong one.
pub(super) fn open_data(config: &Config) -> Result<Data, Failed> {
    require_data(config)?;
    let (data, _) = Data::open(config).map_err(|error| match Failed::from(error) {
        Failed::Unavailable { message, .. } => Failed::unavailable(
            message,
            format!(
                "if a hub runs with this data, it does not answer at {}: name its address with --admin",
                config.admin.listen
            ),
        ),
        other => other,
    })?;
    Ok(data)
}

/// The journal's folder, if there is one.
pub(super) fn require_data(config: &Config) -> Result<PathBuf, Failed> {
    let dir = data::journal_dir(config);
    if dir.is_dir() {
        return Ok(dir);
    }
    Err(Failed::unavailable(
        format!("there is no data in {}", config.data_dir.display()),
        "a hub makes it when it first runs; check data_dir, or --config",
    ))
}
