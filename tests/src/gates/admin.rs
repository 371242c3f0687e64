//! Every route of the admin interface of a running hub, asked for by whoever may and by everybody who may not: without a
//! token, with each that is good for nothing or for something else, under another name, in other spellings.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use hub_fold::Scope;
use hub_gates::{Fault, Gate, Report, Setup};
use jiff::Timestamp;
use omnihub::app::lone::{Declared, admin_routes};
use reqwest::header::{AUTHORIZATION, HOST};
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;

use crate::support::connections;
use crate::support::stage::{Stage, StageOptions};
use crate::support::wire::{self, Answer, Ended};

/// Whose page may have a visitor's browser call the hub.
const STRANGERS_NAME: &str = "shop.example";
const ALL: &str = "read,operate,erase,install";
/// After which a token that is to end has ended.
const SHORT: Duration = Duration::from_secs(2);
/// What one address may ask for, before it could be slowed for asking too often or for trying tokens out.
const QUESTIONS_OF_ONE: u32 = 8;

/// What browsers and proxies are told with every answer.
const SEALS: [(&str, &str); 5] = [
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
];

const ANY_NAME: Fault = Fault("a stranger's page may have a browser call the hub by the page's own name");
const NO_END: Fault = Fault("a token never ends");
const NOT_REVOKED: Fault = Fault("a revoked token is good as before");
const EVERY_SCOPE: Fault = Fault("every token is good for everything");

pub(crate) const GATE: Gate = Gate {
    name: "admin",
    says: "every route asks for a token with its scope, under a name of the hub's, and every answer is sealed",
    run,
    faults: &[ANY_NAME, NO_END, NOT_REVOKED, EVERY_SCOPE],
};

fn run(setup: &Setup) -> Report {
    let mut report = Report::new(GATE.name, setup.seed);
    if let Err(error) = super::on_runtime(ask_all(setup, &mut report)) {
        report.failures.push(format!("the hub could not be asked: {error:#}"));
    }
    report
}

async fn ask_all(setup: &Setup, report: &mut Report) -> anyhow::Result<()> {
    let mut changes = connections::left_alone();
    if setup.has(ANY_NAME) {
        changes.push(("admin.hosts".to_owned(), vec![STRANGERS_NAME].into()));
    }
    let mut stage = Stage::set(StageOptions { changes, ..StageOptions::default() }).await?;
    let mut asker = Asker::new(stage.hub()?.addresses().admin.clone())?;
    let tokens = Tokens::make(&mut asker, setup).await?;
    let routes = admin_routes();
    ensure!(!routes.is_empty(), "the table has no routes");
    let mut answers = 0;
    for route in &routes {
        for question in questions(route, &tokens) {
            let answer = asker.ask(&question).await?;
            answers += 1;
            report.failures.extend(complaint(&question, &answer));
        }
    }
    report.figure("routes", routes.len() as u64);
    report.figure("questions", answers);
    stage.stop().await
}

/// Tokens of every sort.
struct Tokens {
    /// One for each scope, good for that alone.
    scoped: BTreeMap<Scope, String>,
    /// What lets nobody in, each with the word for it.
    useless: Vec<(&'static str, String)>,
}

impl Tokens {
    async fn make(asker: &mut Asker, setup: &Setup) -> anyhow::Result<Self> {
        let root = asker.token(None, ALL, None).await?;
        let mut scoped = BTreeMap::new();
        for scope in Scope::ALL {
            let scopes = if setup.has(EVERY_SCOPE) { ALL } else { scope.word() };
            scoped.insert(scope, asker.token(Some(&root.shown), scopes, None).await?.shown);
        }
        let revoked = asker.token(Some(&root.shown), ALL, None).await?;
        if !setup.has(NOT_REVOKED) {
            asker.post(Some(&root.shown), &format!("/v1/tokens/{}/revoke", revoked.id)).await?;
        }
        let ends = if setup.has(NO_END) { Duration::from_secs(3_600) } else { SHORT };
        let ended = asker.token(Some(&root.shown), ALL, Some(ends)).await?;
        tokio::time::sleep(SHORT).await;
        let damaged = root.shown.get(..root.shown.len() - 1).context("a token is a word")?.to_owned();
        let bearer = |token: &str| format!("Bearer {token}");
        let useless = vec![
            ("an unknown token", bearer("sesame")),
            ("a damaged token", bearer(&damaged)),
            ("a revoked token", bearer(&revoked.shown)),
            ("a token that has ended", bearer(&ended.shown)),
            ("a token in another scheme", format!("Basic {}", root.shown)),
            ("no scheme", root.shown),
        ];
        Ok(Self { scoped, useless })
    }
}

struct Made {
    id: String,
    shown: String,
}

/// What is asked, and what is the right answer.
struct Question {
    says: String,
    method: Method,
    path: String,
    authorization: Option<String>,
    host: Option<&'static str>,
    right: Right,
}

/// Which answers are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    /// Whatever the route says to somebody it has let in.
    LetIn,
    This(StatusCode),
    /// No success: there may be no such route at all.
    NotServed,
}

fn questions(route: &Declared, tokens: &Tokens) -> Vec<Question> {
    let path = filled(route.path);
    let ask = |says: &str, authorization: Option<String>, right| Question {
        says: says.to_owned(),
        method: route.method.clone(),
        path: path.clone(),
        authorization,
        host: None,
        right,
    };
    let mut questions = vec![ask("no token", None, Right::This(StatusCode::UNAUTHORIZED))];
    for (says, authorization) in &tokens.useless {
        questions.push(ask(says, Some(authorization.clone()), Right::This(StatusCode::UNAUTHORIZED)));
    }
    for (scope, token) in &tokens.scoped {
        let is_right = *scope == route.scope;
        let right = if is_right { Right::LetIn } else { Right::This(StatusCode::FORBIDDEN) };
        let bearer = format!("Bearer {token}");
        questions.push(ask(&format!("a token for {scope}"), Some(bearer.clone()), right));
        if is_right {
            let misdirected = Right::This(StatusCode::MISDIRECTED_REQUEST);
            let named = ask("the right token, under a stranger's name", Some(bearer), misdirected);
            questions.push(Question { host: Some(STRANGERS_NAME), ..named });
        }
    }
    for (says, method, path) in spellings(&route.method, &path) {
        let question = ask(&format!("no token, {says}"), None, Right::NotServed);
        questions.push(Question { method, path, ..question });
    }
    questions
}

/// Ways around a route's guard that have worked elsewhere: another method, or a path that only a router takes for the same.
fn spellings(method: &Method, path: &str) -> Vec<(&'static str, Method, String)> {
    let others = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let methods = others.into_iter().filter(|other| other != method);
    let mut ways: Vec<_> = methods.map(|other| ("by another method", other, path.to_owned())).collect();
    let same = |says, path: String| (says, method.clone(), path);
    ways.extend([
        same("with a slash at the end", format!("{path}/")),
        same("with two slashes", format!("/{path}")),
        same("with a dot", format!("/.{path}")),
        same("through a folder and back", format!("/healthz/..{path}")),
        same("through an encoded folder and back", format!("/healthz/%2e%2e{path}")),
        same("behind a semicolon", format!("/healthz;{path}")),
        same("in capitals", path.to_uppercase()),
        same("with an encoded letter", path.replacen('v', "%76", 1)),
        same("with the token asked for as a parameter", format!("{path}?access_token=sesame&token=sesame")),
        same("as of another time", format!("{path}?as_of=2026-01-01T00:00:00Z")),
    ]);
    ways
}

/// A path that is asked for, whatever its ids are.
fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn complaint(question: &Question, answer: &Answer) -> Option<String> {
    let Question { says, method, path, right, .. } = question;
    let status = answer.status;
    let is_right = match right {
        Right::LetIn => !matches!(status, 401 | 403 | 500..),
        Right::This(wanted) => status == wanted.as_u16(),
        Right::NotServed => matches!(status, 400..500),
    };
    let unsealed = SEALS.iter().find(|(name, value)| answer.header(name) != Some(value));
    let wrong = match (is_right, unsealed) {
        (false, _) => format!("is answered {status}, not {right:?}"),
        (true, Some((name, _))) => format!("is answered without the right {name}"),
        (true, None) => return None,
    };
    Some(format!("{method} {path} with {says} {wrong}"))
}

/// Asks from one address after the other: the hub slows whoever asks for much or tries tokens out.
struct Asker {
    base: String,
    client: Client,
    asked: u32,
}

impl Asker {
    fn new(base: String) -> anyhow::Result<Self> {
        Ok(Self { base, client: from_address(0)?, asked: 0 })
    }

    async fn ask(&mut self, question: &Question) -> anyhow::Result<Answer> {
        self.asked += 1;
        if self.asked.is_multiple_of(QUESTIONS_OF_ONE) {
            self.client = from_address(self.asked / QUESTIONS_OF_ONE)?;
        }
        if question.right == Right::NotServed {
            return self.ask_as_is(question).await;
        }
        let mut request =
            self.client.request(question.method.clone(), format!("{}{}", self.base, question.path));
        if let Some(authorization) = &question.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(host) = question.host {
            request = request.header(HOST, host);
        }
        let answer = request.send().await.with_context(|| format!("no answer with {}", question.says))?;
        let headers = answer.headers().iter().map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        Ok(Answer { status: answer.status().as_u16(), headers: headers.collect(), body: Vec::new() })
    }

    /// Without a client that would tidy up the path first.
    async fn ask_as_is(&self, Question { method, path, says, .. }: &Question) -> anyhow::Result<Answer> {
        let bytes = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        match wire::send(&self.base, bytes.as_bytes()).await? {
            Ended::Answered(answer) => Ok(answer),
            Ended::CutOff => bail!("{method} {path} with {says} was not answered"),
        }
    }

    async fn post(&self, token: Option<&str>, path: &str) -> anyhow::Result<Value> {
        let mut request = self.client.post(format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await?.error_for_status()?;
        Ok(answer.json().await?)
    }

    /// Makes a token, good for so long.
    async fn token(&self, by: Option<&str>, scopes: &str, ends: Option<Duration>) -> anyhow::Result<Made> {
        let ends = ends.map(|ends| format!("&expires_at={}", Timestamp::now() + ends)).unwrap_or_default();
        let made = self.post(by, &format!("/v1/tokens?scopes={scopes}{ends}")).await?;
        let text = |name: &str| made.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(Made { id: text("id").context("no id")?, shown: text("token").context("no token")? })
    }
}

/// Linux answers to all of 127.0.0.0/8.
fn from_address(number: u32) -> anyhow::Result<Client> {
    let address = Ipv4Addr::from_bits(Ipv4Addr::LOCALHOST.to_bits() + number);
    let client = Client::builder().no_proxy().local_address(std::net::IpAddr::from(address));
    client.build().context("no HTTP client")
}
