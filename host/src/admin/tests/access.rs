//! Who is let in, for what: the route table is asked through, route by route, so that a new route is covered as it stands.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::http::HeaderMap;
use hub_fold::Scope;

use super::super::guard::SEALS;
use super::super::routes::Declared;
use super::super::{own, reads};
use super::*;

/// What a request was answered.
struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    json: Value,
}

impl Answered {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn message(&self) -> &str {
        self.json["error"]["message"].as_str().unwrap_or_default()
    }
}

/// One who asks: from an address, with a token or without.
#[derive(Clone, Copy)]
struct From<'a> {
    peer: u32,
    token: Option<&'a str>,
}

fn stranger(peer: u32) -> From<'static> {
    From { peer, token: None }
}

fn holder(peer: u32, token: &str) -> From<'_> {
    From { peer, token: Some(token) }
}

async fn answered(router: &Router, method: Method, uri: &str, from: From<'_>) -> Answered {
    let peer = SocketAddr::new(std::net::Ipv4Addr::from_bits(0x0a00_0000 + from.peer).into(), 40_000);
    let mut request = Request::builder().method(method).uri(uri).header("host", "127.0.0.1:8081");
    if let Some(token) = from.token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let request = request.extension(ConnectInfo(peer)).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let json = serde_json::from_slice(&body).unwrap_or_default();
    Answered { status: parts.status, headers: parts.headers, json }
}

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 24 * 3_600 * SECOND;

impl Fixture {
    async fn by(&self, from: From<'_>, method: Method, uri: &str) -> Answered {
        answered(&self.router, method, uri, from).await
    }

    /// As whoever has the data.
    async fn here(&self, method: Method, uri: &str) -> Answered {
        answered(&router_here(Arc::clone(&self.admin)), method, uri, stranger(0)).await
    }

    /// Makes a token; its text and its id.
    async fn token(&self, name: &str, scopes: &str) -> (String, String) {
        let made = self.here(Method::POST, &format!("/v1/tokens?name={name}&scopes={scopes}&by=ana")).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.json);
        let text = |field: &str| made.json[field].as_str().unwrap().to_owned();
        (text("token"), text("id"))
    }

    fn pass(&self, time_ns: i64) {
        self.clock.fetch_add(time_ns, Ordering::SeqCst);
    }
}

const ALL: &str = "read,operate,erase,install";

/// A path that is asked for, whatever its ids are.
fn filled(declared: &Declared) -> String {
    let parts = declared.path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// Tokens of every sort, made by one hub.
struct Tokens {
    /// One for each scope, good for that alone.
    scoped: BTreeMap<Scope, String>,
    /// What lets nobody in, and a word of why.
    refused: [(Option<String>, &'static str); 6],
}

impl Tokens {
    async fn make(hub: &Fixture) -> Self {
        hub.token("ana", ALL).await;
        let mut scoped = BTreeMap::new();
        for scope in Scope::ALL {
            scoped.insert(scope, hub.token(scope.word(), scope.word()).await.0);
        }
        let (revoked, id) = hub.token("gone", ALL).await;
        let taken_back = hub.here(Method::POST, &format!("/v1/tokens/{id}/revoke")).await;
        assert_eq!(taken_back.status, StatusCode::ACCEPTED);
        let uri = format!("/v1/tokens?scopes={ALL}&expires_at={}", Timestamp(6));
        let expired = hub.here(Method::POST, &uri).await.json["token"].as_str().unwrap().to_owned();
        hub.pass(1);
        let unknown = String::clone(&super::super::bearer::make().unwrap());
        let damaged = revoked.get(..revoked.len() - 1).unwrap().to_owned();
        let refused = [
            (None, "needed"),
            (Some(unknown), "unknown"),
            (Some("sesame".to_owned()), "unknown"),
            (Some(damaged), "cut off"),
            (Some(expired), "expired"),
            (Some(revoked), "revoked"),
        ];
        Self { scoped, refused }
    }
}

/// Asks for a route with each of the tokens; tells each answer that is not as it should be.
async fn check_route(router: &Router, declared: &Declared, tokens: &Tokens, peer: &mut u32) -> Vec<String> {
    let Declared { method, scope, .. } = declared;
    let path = filled(declared);
    // Whoever is not let in is told so before anything else is looked at.
    let nonsense = format!("{path}?as_of=yesterday&no=such");
    let mut wrong = Vec::new();
    let mut check = |with: &str, uri: &str, answer: Answered, is_right: bool| {
        if !is_right {
            wrong.push(format!("{method} {uri} with {with}: {} {}", answer.status, answer.json));
        }
    };
    for (token, why) in &tokens.refused {
        for uri in [&path, &nonsense] {
            // Each from another address: wrong tokens from one are slowed.
            *peer += 1;
            let from = From { peer: *peer, token: token.as_deref() };
            let answer = answered(router, method.clone(), uri, from).await;
            let is_right = answer.status == StatusCode::UNAUTHORIZED && answer.message().contains(why);
            check(why, uri, answer, is_right);
        }
    }
    for (held, token) in &tokens.scoped {
        let uris = if held == scope { vec![&path] } else { vec![&path, &nonsense] };
        for uri in uris {
            let answer = answered(router, method.clone(), uri, holder(0, token)).await;
            let challenge = format!("scope=\"{scope}\"");
            let names_scope = answer.message().contains(&format!("`{scope}`"))
                && answer.header("www-authenticate").is_some_and(|header| header.ends_with(&challenge));
            let is_right = match held == scope {
                true => ![StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&answer.status),
                false => answer.status == StatusCode::FORBIDDEN && names_scope,
            };
            check(held.word(), uri, answer, is_right);
        }
    }
    wrong
}

#[tokio::test]
async fn every_route_asks_for_its_scope() {
    let hub = fixture("");
    let tokens = Tokens::make(&hub).await;
    let (mut wrong, mut peer) = (Vec::new(), 0);
    for declared in own().and(reads()).declared() {
        wrong.extend(check_route(&hub.router, declared, &tokens, &mut peer).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(peer > 0, "the table has routes");
}

#[tokio::test]
async fn a_route_that_lets_everybody_in_would_be_found() {
    let hub = fixture("");
    let tokens = Tokens::make(&hub).await;
    let unguarded = router_here(Arc::clone(&hub.admin));
    for declared in own().and(reads()).declared() {
        let wrong = check_route(&unguarded, declared, &tokens, &mut 0).await;
        // With each token that lets nobody in, and with those of three other scopes, plain and with nonsense.
        assert_eq!(wrong.len(), 2 * (tokens.refused.len() + 3), "{declared:?}: {}", wrong.join("\n"));
    }
}

#[test]
fn what_changes_something_takes_more_than_reading() {
    // Comparisons are asked for with POST because they take long; they change nothing.
    let compares = ["/v1/effects/verify", "/v1/journal/verify"];
    for Declared { method, path, scope } in own().and(reads()).declared() {
        let only_reads = *method == Method::GET || compares.contains(path);
        assert!(only_reads || *scope != Scope::Read, "{method} {path} changes something with the scope read");
        assert!(!path.contains("erase") || *scope == Scope::Erase, "{method} {path}");
        assert!(!path.contains("token") || *scope == Scope::Install, "{method} {path}");
    }
    assert!(reads().declared().all(|declared| declared.method == Method::GET), "as_of is for reads");
}

/// The router is made of the table, so nothing is served that is not in it but what is added beside it.
#[test]
fn no_route_is_added_beside_the_table() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/admin");
    let mut files: Vec<_> = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.push(dir.with_extension("rs"));
    let mut found = Vec::new();
    for path in files.iter().filter(|path| path.is_file() && !path.ends_with("routes.rs")) {
        let text = std::fs::read_to_string(path).unwrap();
        let adds = |line: &&str| {
            [".route(", ".route_service(", ".nest", ".merge("].iter().any(|add| line.contains(add))
        };
        found.extend(text.lines().filter(adds).map(|line| line.trim().to_owned()));
    }
    assert_eq!(
        found,
        ["router.route(\"/healthz\", get(|| async { \"ok\\n\" })).layer(from_fn(guard::seal))"],
        "add routes with Routes::get and Routes::post in admin.rs, which ask for a scope"
    );
}

#[tokio::test]
async fn a_token_is_shown_once_and_kept_as_a_hash() {
    let hub = fixture("");
    let (token, id) = hub.token("ana", ALL).await;
    let used = hub.by(holder(1, &token), Method::GET, "/v1/tokens").await;
    let listed = &used.json["tokens"][0];
    assert_eq!((&listed["id"], &listed["name"]), (&Value::from(id), &Value::from("ana")));
    assert_eq!(listed["scopes"], serde_json::json!(["read", "operate", "erase", "install"]));
    assert_eq!((&listed["state"], &listed["made_by"]), (&Value::from("in_force"), &Value::from("ana")));
    assert_eq!(listed["used_at"], Timestamp(5).to_string());
    assert_eq!(listed["expires_at"], Timestamp(5 + 90 * DAY).to_string(), "90 days where nobody says");
    let digits = token.strip_prefix("omnihub_").unwrap();
    let secret = hex::decode(digits).unwrap();
    assert!(!used.json.to_string().contains(digits), "{}", used.json);
    for seq in 1..=hub.journal.durable().get() {
        let payload = hub.journal.read(hub_journal::Seq::new(seq)).unwrap().payload;
        let holds = |part: &[u8]| payload.windows(part.len()).any(|window| window == part);
        assert!(!holds(digits.as_bytes()) && !holds(&secret[..32]), "record {seq}");
    }
    let read_back = Keyring::open(&hub.admin.config, &*hub.admin.store).unwrap();
    assert!(!read_back.is_needed(), "the view of this test is not folded yet");
    catch_up(&hub.journal, &*hub.admin.store, &mut |_| {}).unwrap();
    let (_, audit) = hub.here_audit().await;
    assert_eq!(audit["entries"][0]["act"]["made_token"]["name"], "ana", "{audit}");
    assert!(!audit.to_string().contains(digits) && !audit.to_string().contains("hash\":["));
}

impl Fixture {
    async fn here_audit(&self) -> (StatusCode, Value) {
        let answer = self.here(Method::GET, "/v1/audit").await;
        (answer.status, answer.json)
    }

    /// The same hub, started anew.
    fn started_anew(self) -> Self {
        catch_up(&self.journal, &*self.admin.store, &mut |_| {}).unwrap();
        let keyring = Arc::new(Keyring::open(&self.admin.config, &*self.admin.store).unwrap());
        let admin = Arc::new(Admin { keyring, ..Admin::clone(&self.admin) });
        Self { router: router(Arc::clone(&admin)), admin, ..self }
    }
}

#[tokio::test]
async fn tokens_and_what_was_revoked_outlive_a_restart() {
    let hub = fixture("");
    let (kept, _) = hub.token("kept", ALL).await;
    let (gone, id) = hub.token("gone", ALL).await;
    let status =
        async |hub: &Fixture, token: &str| hub.by(holder(1, token), Method::GET, "/v1/status").await.status;
    assert_eq!(status(&hub, &gone).await, StatusCode::OK);
    let uri = format!("/v1/tokens/{id}/revoke?reason=left&by=tom");
    assert_eq!(hub.by(holder(2, &kept), Method::POST, &uri).await.status, StatusCode::ACCEPTED);
    assert_eq!(status(&hub, &gone).await, StatusCode::UNAUTHORIZED, "at once: nothing is folded here");
    let hub = hub.started_anew();
    assert_eq!(status(&hub, &kept).await, StatusCode::OK);
    assert_eq!(status(&hub, &gone).await, StatusCode::UNAUTHORIZED);
    assert_eq!(hub.by(stranger(1), Method::GET, "/v1/status").await.status, StatusCode::UNAUTHORIZED);
    let listed = hub.by(holder(1, &kept), Method::GET, "/v1/tokens?all=true").await.json;
    let revoked = listed["tokens"].as_array().unwrap().iter().find(|token| token["name"] == "gone").unwrap();
    assert_eq!(revoked["revoked"]["by"], "tom (token kept)", "{listed}");
    let in_force = hub.by(holder(1, &kept), Method::GET, "/v1/tokens").await.json;
    assert_eq!(in_force["tokens"].as_array().map(Vec::len), Some(1), "{in_force}");
    let again = hub
        .by(holder(1, &kept), Method::POST, "/v1/tokens/tok_00000000000000000000000000000000/revoke")
        .await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nobody_is_locked_out_by_the_first_token_and_whoever_is_has_the_data() {
    let hub = fixture("");
    let first = hub.by(stranger(1), Method::POST, "/v1/tokens?scopes=read,operate,erase").await;
    assert_eq!(first.status, StatusCode::CONFLICT, "{}", first.json);
    assert_eq!(hub.by(stranger(1), Method::GET, "/v1/status").await.status, StatusCode::OK, "as before");
    let (token, id) = hub.token("ana", ALL).await;
    hub.token("grafana", "read").await;
    assert_eq!(hub.by(stranger(1), Method::GET, "/v1/status").await.status, StatusCode::UNAUTHORIZED);
    hub.pass(91 * DAY);
    let late = hub.by(holder(1, &token), Method::GET, "/v1/status").await;
    assert_eq!((late.status, late.message()), (StatusCode::UNAUTHORIZED, "this token has expired"), "{id}");
    assert_eq!(
        hub.by(stranger(1), Method::GET, "/v1/status").await.status,
        StatusCode::UNAUTHORIZED,
        "what expires opens nothing"
    );
    let (again, _) = hub.token("ana", ALL).await;
    assert_eq!(hub.by(holder(1, &again), Method::GET, "/v1/status").await.status, StatusCode::OK);
    let configured = fixture_with_token(&"r".repeat(40));
    configured.token("grafana", "read").await;
}

#[tokio::test]
async fn a_token_is_made_as_it_should_be_or_not_at_all() {
    let hub = fixture("");
    let (ana, _) = hub.token("ana", ALL).await;
    let (installer, _) = hub.token("ci", "install").await;
    let last = hub.journal.durable();
    let year = Timestamp(5 + 366 * DAY + 1);
    for (by, asked, status) in [
        (&installer, "scopes=install,read&name=x".to_owned(), StatusCode::FORBIDDEN),
        (&ana, "scopes=read&name=ana".to_owned(), StatusCode::CONFLICT),
        (&ana, "scopes=&name=x".to_owned(), StatusCode::BAD_REQUEST),
        (&ana, "scopes=read,write&name=x".to_owned(), StatusCode::BAD_REQUEST),
        (&ana, "name=x".to_owned(), StatusCode::BAD_REQUEST),
        (&ana, "scopes=read&name=".to_owned(), StatusCode::BAD_REQUEST),
        (&ana, "scopes=read&name=x)%20(token%20ana".to_owned(), StatusCode::BAD_REQUEST),
        (&ana, format!("scopes=read&name={}", "x".repeat(41)), StatusCode::BAD_REQUEST),
        (&ana, format!("scopes=read&expires_at={year}"), StatusCode::BAD_REQUEST),
        (&ana, format!("scopes=read&expires_at={}", Timestamp(5)), StatusCode::BAD_REQUEST),
    ] {
        let answer = hub.by(holder(1, by), Method::POST, &format!("/v1/tokens?{asked}")).await;
        assert_eq!(answer.status, status, "{asked}: {}", answer.json);
        assert!(answer.json["error"]["help"].is_string(), "{asked}");
    }
    assert_eq!(hub.journal.durable(), last, "nothing is journalled");
    let unnamed = hub.by(holder(1, &installer), Method::POST, "/v1/tokens?scopes=install").await;
    assert_eq!(unnamed.status, StatusCode::CREATED, "as much as one has may be given away");
    assert_eq!(unnamed.json["name"], unnamed.json["id"]);
    for number in 3..100 {
        hub.token(&format!("t{number}"), "read").await;
    }
    let full = hub.by(holder(1, &ana), Method::POST, "/v1/tokens?scopes=read").await;
    assert_eq!(
        (full.status, full.message()),
        (StatusCode::CONFLICT, "there are as many tokens as there may be")
    );
}

/// A file holds the token, because tests may not set environment variables.
fn fixture_with_token(token: &str) -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, token).unwrap();
    fixture(&format!("[admin]\ntoken = \"file:{}\"", file.display()))
}

#[tokio::test]
async fn a_token_that_could_be_guessed_is_guarded_while_somebody_tries() {
    let hub = fixture_with_token("sesame");
    let (made, _) = hub.token("ana", ALL).await;
    let status = async |from: From<'_>| hub.by(from, Method::GET, "/v1/status").await.status;
    for number in 0..10 {
        let guess = format!("guess{number}");
        assert_eq!(status(holder(7, &guess)).await, StatusCode::UNAUTHORIZED, "{guess}");
    }
    let paused = hub.by(holder(7, "guess10"), Method::GET, "/v1/status").await;
    assert_eq!((paused.status, paused.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, Some("5")));
    let right = hub.by(holder(7, "sesame"), Method::GET, "/v1/status").await;
    assert_eq!(
        (right.status, right.header("retry-after"), &right.json),
        (paused.status, Some("5"), &paused.json),
        "whoever tries does not learn that it was right"
    );
    assert_eq!(status(holder(8, "sesame")).await, StatusCode::OK, "nobody else waits");
    assert_eq!(status(holder(7, &made)).await, StatusCode::OK, "nobody finds a made one by trying");
    assert_eq!(status(stranger(7)).await, StatusCode::UNAUTHORIZED, "no token is no try");
    hub.pass(5 * SECOND);
    assert_eq!(status(holder(7, "sesame")).await, StatusCode::OK);
    let (_, metrics) = hub.ask(Method::GET, "/metrics", &[("authorization", "Bearer sesame")]).await;
    let counted = |reason: &str, count: u32| {
        metrics.contains(&format!("omnihub_admin_refused_total{{reason=\"{reason}\"}} {count}"))
    };
    assert!(counted("unknown_token", 10) && counted("too_many", 2) && counted("no_token", 1), "{metrics}");
}

#[tokio::test]
async fn a_long_configured_token_is_never_kept_waiting() {
    let long = "s".repeat(32);
    let hub = fixture_with_token(&long);
    for number in 0..12 {
        let guess = format!("guess{number}");
        assert!(hub.by(holder(7, &guess), Method::GET, "/v1/status").await.status.is_client_error());
    }
    assert_eq!(hub.by(holder(7, &long), Method::GET, "/v1/status").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_flood_is_slowed_and_keeps_nobody_else_waiting() {
    let hub = fixture("");
    let (ana, _) = hub.token("ana", ALL).await;
    let (flood, _) = hub.token("flood", "read").await;
    let path = "/v1/nothing";
    for number in 0..2_000 {
        let status = hub.by(holder(7, &flood), Method::GET, path).await.status;
        assert_eq!(status, StatusCode::NOT_FOUND, "{number}");
    }
    let slowed = hub.by(holder(7, &flood), Method::GET, path).await;
    assert_eq!((slowed.status, slowed.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, Some("1")));
    assert_eq!(hub.by(holder(7, &ana), Method::GET, path).await.status, StatusCode::NOT_FOUND);
    for _ in 0..2_001 {
        hub.by(stranger(7), Method::GET, path).await;
    }
    assert_eq!(hub.by(stranger(7), Method::GET, path).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(hub.by(holder(7, &ana), Method::GET, path).await.status, StatusCode::NOT_FOUND);
    hub.pass(i64::try_from(Duration::from_millis(2).as_nanos()).unwrap());
    assert_eq!(hub.by(holder(7, &flood), Method::GET, path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn only_known_names_are_answered_with_a_token_too() {
    let token = "t".repeat(32);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, &token).unwrap();
    let secured =
        format!("[admin]\ntoken = \"file:{}\"\nhosts = [\"omnihub\", \"Hub.Shop.internal\"]", file.display());
    let bearer = format!("Bearer {token}");
    for (hub, authorization) in [
        (fixture(&secured), bearer.as_str()),
        (fixture("[admin]\nhosts = [\"omnihub\", \"hub.shop.internal\"]"), ""),
    ] {
        for (host, expected) in [
            ("omnihub:8081", StatusCode::OK),
            ("OMNIHUB", StatusCode::OK),
            ("hub.shop.internal.", StatusCode::OK),
            ("hub.shop.internal.:8081", StatusCode::OK),
            ("localhost", StatusCode::OK),
            ("10.1.2.3:8081", StatusCode::OK),
            ("[::1]:8081", StatusCode::OK),
            ("omnihub.rebound.example", StatusCode::MISDIRECTED_REQUEST),
            ("rebound.example:8081", StatusCode::MISDIRECTED_REQUEST),
            ("xomnihub", StatusCode::MISDIRECTED_REQUEST),
            ("", StatusCode::MISDIRECTED_REQUEST),
        ] {
            let headers = [("host", host), ("authorization", authorization)];
            assert_eq!(hub.ask(Method::GET, "/v1/journal/stats", &headers).await.0, expected, "{host:?}");
        }
        let twice = [("host", "omnihub"), ("host", "rebound.example"), ("authorization", authorization)];
        let (status, body) = hub.ask(Method::GET, "/v1/journal/stats", &twice).await;
        assert_eq!(status, StatusCode::MISDIRECTED_REQUEST);
        assert!(body.contains("admin.hosts"), "{body}");
    }
    for wrong in ["http://omnihub", "omnihub:8081", "*.shop.internal", "", "omnihub."] {
        let config = format!("[admin]\nhosts = [{wrong:?}]");
        let problems = Config::parse("hub.toml", &config, Path::new(".")).expect_err(wrong);
        assert_eq!(problems[0].key, "admin.hosts", "{wrong}");
    }
}

#[tokio::test]
async fn every_answer_is_sealed_against_browsers_and_proxies() {
    let hub = fixture("");
    let (token, _) = hub.token("reader", ALL).await;
    let (reader, _) = hub.token("grafana", "read").await;
    let answers = [
        (hub.by(stranger(1), Method::GET, "/healthz").await, StatusCode::OK),
        (hub.by(stranger(1), Method::GET, "/v1/status").await, StatusCode::UNAUTHORIZED),
        (hub.by(holder(1, &reader), Method::POST, "/v1/effects/stop").await, StatusCode::FORBIDDEN),
        (hub.by(holder(1, &token), Method::GET, "/v1/status").await, StatusCode::OK),
        (hub.by(holder(1, &token), Method::GET, "/v1/nothing").await, StatusCode::NOT_FOUND),
        (hub.by(holder(1, &token), Method::POST, "/v1/status").await, StatusCode::METHOD_NOT_ALLOWED),
        (hub.by(holder(1, &token), Method::POST, "/v1/tokens?scopes=read").await, StatusCode::CREATED),
        (hub.here(Method::GET, "/v1/status").await, StatusCode::OK),
    ];
    let expected = [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
    ];
    assert_eq!(SEALS.len(), expected.len());
    for (answer, status) in answers {
        assert_eq!(answer.status, status);
        for (name, value) in expected {
            assert_eq!(answer.header(name), Some(value), "{name} of {status}");
        }
        assert_eq!(answer.header("access-control-allow-origin"), None, "{status}");
    }
}

#[tokio::test]
async fn the_audit_names_the_token_a_word_came_with() {
    let hub = fixture("");
    let (token, _) = hub.token("ci", ALL).await;
    for (by, reason) in [("&by=tom", "one"), ("", "two")] {
        let uri = format!("/v1/effects/stop?reason={reason}{by}");
        assert_eq!(hub.by(holder(1, &token), Method::POST, &uri).await.status, StatusCode::ACCEPTED);
    }
    hub.here(Method::POST, "/v1/effects/stop?reason=three&by=tom").await;
    catch_up(&hub.journal, &*hub.admin.store, &mut |_| {}).unwrap();
    let (_, audit) = hub.here_audit().await;
    let by: Vec<&str> = (0..3).filter_map(|entry| audit["entries"][entry]["by"].as_str()).collect();
    assert_eq!(by, ["tom", "token ci", "tom (token ci)"], "{audit}");
}
