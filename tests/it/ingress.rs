//! What providers, and those who pretend to be one, are answered, over real HTTP: limits, signatures, handshakes,
//! rotation of secrets, duplicates, a full backlog, and payloads nobody understands.

use std::collections::BTreeSet;
use std::path::Path;

use hub_tests::support::binaries::copy_components;
use hub_tests::support::connections::{self, Change, INSTAGRAM, SHOPIFY, WHATSAPP, ZENDESK};
use hub_tests::support::delivery::{Outgoing, Signer};
use hub_tests::support::sender::{Answered, Sender};
use hub_tests::support::stage::{Stage, StageOptions};
use hub_tests::support::until;
use hub_tests::support::wire::{self, Answer, Ended};
use jiff::Timestamp;
use serde_json::json;

const BODY_BYTES_MAX: usize = 64 * 1024;
const HOOK: &str = "/hooks/shopify";
const ACCEPTED: &str = "omnihub_deliveries_accepted_total";
const DUPLICATE: &str = "omnihub_deliveries_duplicate_total";
const REFUSED: &str = "omnihub_deliveries_refused_total";

async fn stage(changes: Vec<Change>) -> Stage {
    let mut all = connections::left_alone();
    all.extend(changes);
    // Rules name actions of connectors, and here one of those goes missing.
    Stage::set(StageOptions { changes: all, rules: Vec::new(), ..StageOptions::default() }).await.unwrap()
}

fn order(id: &str) -> Outgoing {
    let body =
        json!({"id": 7_001, "updated_at": "2026-03-01T10:00:00Z", "currency": "EUR", "total_price": "1.00"});
    Outgoing::json(SHOPIFY, id, &body).with_topic("orders/create")
}

/// The fields of a signed delivery, as lines.
fn fields(delivery: &Outgoing, signer: Signer) -> Vec<String> {
    let headers = delivery.signed(signer, Timestamp::now());
    headers.into_iter().map(|(name, value)| format!("{name}: {value}")).collect()
}

fn head(method: &str, path: &str, fields: &[String]) -> Vec<u8> {
    wire::head(method, path, &fields.iter().map(String::as_str).collect::<Vec<_>>())
}

async fn answered(base: &str, request: &[u8]) -> Answer {
    match wire::send(base, request).await.unwrap() {
        Ended::Answered(answer) => answer,
        Ended::CutOff => panic!("cut off: {}", String::from_utf8_lossy(request)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_provider_sends_is_refused() {
    let stage = stage(vec![
        ("ingress.body_bytes_max".to_owned(), i64::try_from(BODY_BYTES_MAX).unwrap().into()),
        ("ingress.header_timeout".to_owned(), 1.into()),
        ("ingress.body_timeout".to_owned(), 1.into()),
    ])
    .await;
    let base = stage.hub().unwrap().addresses().ingress.clone();
    methods(&base).await;
    let refused = lengths(&base).await + encodings(&base).await + slow_ones(&base).await;

    let admin = stage.admin().unwrap();
    assert_eq!(admin.counter(REFUSED).await.unwrap(), refused, "each refusal is counted");
    assert_eq!(admin.status().await.unwrap().counts.deliveries, 0, "nothing of all that was kept");
    at_the_limit(&stage).await;
}

async fn methods(base: &str) {
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
        let answer = answered(base, &head(method, HOOK, &["content-length: 0".to_owned()])).await;
        assert_eq!(answer.status, 405, "{method}");
        let allowed = answer.header("allow").expect("405 says what is allowed").to_owned();
        assert!(allowed.split(',').any(|allowed| allowed.trim() == "POST"), "{method}: {allowed}");
    }
    // Shopify shakes no hands.
    let answer = answered(base, &head("GET", HOOK, &[])).await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
    assert_eq!(answered(base, &head("POST", "/", &["content-length: 0".to_owned()])).await.status, 404);
}

/// The number of refusals, as with those below.
async fn lengths(base: &str) -> u64 {
    assert_eq!(answered(base, &head("POST", HOOK, &[])).await.status, 411);
    // Told by its head alone: nobody has to send a megabyte to hear that it is too much.
    let too_long = [format!("content-length: {}", BODY_BYTES_MAX + 1)];
    assert_eq!(answered(base, &head("POST", HOOK, &too_long)).await.status, 413);
    let mut chunked = head("POST", HOOK, &["transfer-encoding: chunked".to_owned()]);
    chunked.extend(format!("{:x}\r\n", BODY_BYTES_MAX + 1).as_bytes());
    chunked.extend(vec![b' '; BODY_BYTES_MAX + 1]);
    chunked.extend(b"\r\n0\r\n\r\n");
    assert_eq!(answered(base, &chunked).await.status, 413, "a length that is not told");
    // Never reaches the routes, so it is not among the refused.
    let answer = answered(base, &head("POST", HOOK, &[format!("x-long: {}", "a".repeat(64 * 1024))])).await;
    assert_eq!(answer.status, 431);
    3
}

async fn encodings(base: &str) -> u64 {
    let encodings = ["gzip", "br", "deflate", "identity, gzip"];
    for encoding in encodings {
        let delivery = order("compressed");
        let mut fields = fields(&delivery, Signer::Provider);
        fields.push(format!("content-encoding: {encoding}"));
        fields.push(format!("content-length: {}", delivery.body.len()));
        let mut request = head("POST", HOOK, &fields);
        request.extend(&delivery.body);
        assert_eq!(answered(base, &request).await.status, 415, "{encoding}");
    }
    encodings.len() as u64
}

async fn slow_ones(base: &str) -> u64 {
    let unfinished = b"POST /hooks/shopify HTTP/1.1\r\nhost: hub\r\nx-slow: ";
    assert_eq!(wire::send(base, unfinished).await.unwrap(), Ended::CutOff, "a head that stops");
    assert_eq!(wire::drip(base, unfinished, b"a").await.unwrap(), Ended::CutOff, "a head that never ends");
    let waiting = head("POST", HOOK, &["content-length: 60000".to_owned()]);
    let stopped = answered(base, &[waiting.as_slice(), b"{\"id\":"].concat()).await;
    assert_eq!(stopped.status, 408, "a body that stops");
    match wire::drip(base, &waiting, b" ").await.unwrap() {
        Ended::Answered(answer) => assert_eq!(answer.status, 408, "a body that never ends"),
        Ended::CutOff => panic!("a slow body is told so"),
    }
    2
}

/// One byte less is a delivery like any other.
async fn at_the_limit(stage: &Stage) {
    let sender = stage.sender().unwrap();
    let sized = |id: &str, bytes: usize| {
        let mut delivery = order(id);
        delivery.body.resize(bytes, b' ');
        delivery
    };
    let fits = sized("fits", BODY_BYTES_MAX);
    assert_eq!(sender.deliver(&fits, Signer::Provider).await.unwrap(), 200);
    let over = sized("over", BODY_BYTES_MAX + 1);
    assert_eq!(sender.deliver(&over, Signer::Provider).await.unwrap(), 413);
    let plain = order("plain");
    let mut headers = plain.signed(Signer::Provider, Timestamp::now());
    headers.push(("content-encoding".to_owned(), "identity".to_owned()));
    assert_eq!(sender.post(&plain, headers).await.unwrap().status, 200);
    let status = stage.admin().unwrap().quiet(|_| {}).await.unwrap();
    assert_eq!(status.counts.deliveries, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_connection_does_not_keep_the_place_of_others() {
    let stage = stage(vec![
        ("ingress.connections_max".to_owned(), 1.into()),
        ("ingress.header_timeout".to_owned(), 1.into()),
    ])
    .await;
    let silent = wire::open(&stage.hub().unwrap().addresses().ingress).await.unwrap();
    let answer = stage.sender().unwrap().deliver(&order("after-silence"), Signer::Provider).await;
    assert_eq!(answer.unwrap(), 200);
    drop(silent);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_knows_the_secret_is_believed() {
    let keys = tempfile::tempdir().unwrap();
    let stage = stage(two_secrets_each(keys.path())).await;
    let base = stage.hub().unwrap().addresses().ingress.clone();
    let refused = refusals_are_one(&base).await;
    let refused = refused + rotation(&stage.sender().unwrap()).await;
    handshakes(&base).await;
    let status = stage.admin().unwrap().quiet(|_| {}).await.unwrap();
    assert_eq!(status.counts.deliveries, 2 * connections::all().len() as u64, "one for each secret");
    assert_eq!(stage.admin().unwrap().counter(REFUSED).await.unwrap(), refused);
}

/// Secrets as they stand in a file while one replaces the other.
fn two_secrets_each(dir: &Path) -> Vec<Change> {
    let changes = connections::all().iter().map(|connection| {
        let file = dir.join(connection.name);
        std::fs::write(&file, format!("{}\n{}\n", newer(connection.name), connection.webhook_secret()))
            .unwrap();
        let key = format!("connections.{}.secrets.webhook_secret", connection.name);
        (key, format!("file:{}", file.display()).into())
    });
    changes.collect()
}

fn newer(connection: &str) -> String {
    format!("{connection}-signs-with-this-from-now-on")
}

/// Who asks without a secret does not even learn which connections there are.
async fn refusals_are_one(base: &str) -> u64 {
    let delivery = order("refused");
    let signed = fields(&delivery, Signer::Provider);
    let unsigned: Vec<String> =
        signed.iter().filter(|field| !field.starts_with("x-shopify-hmac")).cloned().collect();
    let with = |signature: &str| {
        let mut fields = unsigned.clone();
        fields.push(format!("x-shopify-hmac-sha256: {signature}"));
        fields
    };
    let twice = [signed.clone(), fields(&delivery, Signer::Stranger)].concat();
    let cases: [(&str, &str, Vec<String>); 8] = [
        ("an unknown connection", "/hooks/nobody", signed.clone()),
        ("a name that is no name", "/hooks/%2e%2e%2f", signed),
        ("a wrong signature", HOOK, fields(&delivery, Signer::Stranger)),
        ("no signature", HOOK, unsigned.clone()),
        ("an empty one", HOOK, with("")),
        ("one that is no base64", HOOK, with("!!!")),
        ("two", HOOK, twice),
        ("another provider's", "/hooks/zendesk", with("AAAA")),
    ];
    let count = cases.len() as u64;
    let mut answers = BTreeSet::new();
    for (case, path, mut fields) in cases {
        fields.push(format!("content-length: {}", delivery.body.len()));
        let mut request = head("POST", path, &fields);
        request.extend(&delivery.body);
        let mut answer = answered(base, &request).await;
        assert_eq!(answer.status, 401, "{case}");
        answer.headers.retain(|(name, _)| name != "date");
        answers.insert(format!("{answer:?}"));
    }
    assert_eq!(answers.len(), 1, "{answers:#?}");
    count
}

/// Both secrets are good at every provider, a third is not.
async fn rotation(sender: &Sender) -> u64 {
    for connection in connections::all() {
        let old = connection.webhook_secret();
        let new = newer(connection.name);
        let signed_by = |id: &str, secret: &str| {
            let body = json!({"id": id, "event_id": format!("{}-{id}", connection.name)});
            let delivery = Outgoing::json(connection.name, id, &body);
            let headers = delivery.signed_with(secret, Timestamp::now());
            (delivery, headers)
        };
        for (id, secret, status) in [("old", &*old, 200), ("new", &*new, 200), ("third", "a-third", 401)] {
            let (delivery, headers) = signed_by(id, secret);
            let answer = sender.post(&delivery, headers).await.unwrap();
            assert_eq!(answer.status, status, "{} signed with the {id} secret", connection.name);
        }
    }
    connections::all().len() as u64
}

async fn handshakes(base: &str) {
    for name in [INSTAGRAM, WHATSAPP] {
        let token = connections::named(name).unwrap().verify_token().unwrap();
        let ask =
            async |query: String| answered(base, &head("GET", &format!("/hooks/{name}?{query}"), &[])).await;
        let known = format!("hub.mode=subscribe&hub.verify_token={token}&hub.challenge=1158201444");
        let answer = ask(known.clone()).await;
        assert_eq!((answer.status, answer.body.as_slice()), (200, b"1158201444".as_slice()), "{name}");
        assert_eq!(answer.header("content-type"), Some("text/plain"));
        let refused = [
            String::new(),
            known.replace(&token, "a-guess"),
            known.replace("subscribe", "unsubscribe"),
            known.replace("hub.verify_token", "token"),
            known.replace("hub.challenge", "challenge"),
            // Nobody's page under our address.
            known.replace("1158201444", "%3Cscript%3E%20alert(1)"),
            format!("{known}&hub.verify_token=a-guess"),
        ];
        for query in refused {
            let answer = ask(query.clone()).await;
            assert_eq!((answer.status, answer.body.len()), (403, 0), "{name}: {query}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_is_answered_as_the_first_was_and_counted() {
    const COPIES: usize = 12;
    let mut stage = stage(Vec::new()).await;
    let sender = stage.sender().unwrap();
    // Named by a header, by a member of the body, and by nothing but the body itself.
    let deliveries = [
        order("once"),
        Outgoing::json("loyalty", "-", &json!({"event_id": "once", "type": "loyalty.account.created"})),
        Outgoing::json(INSTAGRAM, "-", &json!({"object": "instagram", "entry": []})),
    ];
    let kinds = deliveries.len() as u64;
    for delivery in &deliveries {
        let copies = (0..COPIES).map(|_| sender.deliver(delivery, Signer::Provider));
        let answers: Vec<u16> = futures_util::future::join_all(copies).await.into_iter().flatten().collect();
        assert_eq!(answers, [200; COPIES], "{}", delivery.connection);
    }
    let admin = stage.admin().unwrap();
    admin.quiet(|_| {}).await.unwrap();
    assert_eq!(admin.counter(ACCEPTED).await.unwrap(), kinds);
    assert_eq!(admin.counter(DUPLICATE).await.unwrap(), kinds * (COPIES as u64 - 1));
    assert_eq!(admin.status().await.unwrap().counts.deliveries, kinds);

    stage.stop().await.unwrap();
    stage.start().await.unwrap();
    let sender = stage.sender().unwrap();
    for delivery in &deliveries {
        assert_eq!(sender.deliver(delivery, Signer::Provider).await.unwrap(), 200, "after a restart");
    }
    let admin = stage.admin().unwrap();
    assert_eq!(admin.counter(DUPLICATE).await.unwrap(), kinds);
    assert_eq!(admin.quiet(|_| {}).await.unwrap().counts.deliveries, kinds);
}

/// The one place of the backlog is taken by a delivery whose connector is gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_backlog_asks_to_come_again() {
    let plugins = tempfile::tempdir().unwrap();
    copy_components(plugins.path()).unwrap();
    let mut stage = stage(vec![
        ("plugins_dir".to_owned(), plugins.path().display().to_string().into()),
        ("ingress.backlog_max".to_owned(), 1.into()),
        ("processing.retry_delays".to_owned(), vec![86_400_i64].into()),
    ])
    .await;
    assert_eq!(stage.sender().unwrap().deliver(&order("first"), Signer::Provider).await.unwrap(), 200);
    let admin = stage.admin().unwrap();
    admin.quiet(|_| {}).await.unwrap();
    let first = admin.deliveries(None).await.unwrap().pop().unwrap().seq;
    stage.stop().await.unwrap();

    let component = plugins.path().join("connector-shopify.wasm");
    let aside = plugins.path().join("connector-shopify.aside");
    std::fs::rename(&component, &aside).unwrap();
    stage.start_unchecked().await.unwrap();
    let admin = stage.admin().unwrap();
    admin.redrive(first).await.unwrap();
    until("the delivery waits for its connector", async || {
        let pending = admin.deliveries(Some("pending")).await.unwrap();
        pending.first().is_some_and(|delivery| delivery.reason.is_some())
    })
    .await;

    let second = Outgoing::json(ZENDESK, "second", &json!({"id": "second"}));
    let answer = stage.sender().unwrap().answer(&second, Signer::Provider).await.unwrap();
    assert!(matches!(answer, Answered { status: 503, retry_after: Some(1..) }), "{answer:?}");
    assert_eq!(admin.deliveries(None).await.unwrap().len(), 1, "refused, and kept all the same");

    std::fs::rename(&aside, &component).unwrap();
    until("the connector is back", async || {
        let connections = admin.status().await.unwrap().connections;
        connections.iter().any(|connection| connection.name == SHOPIFY && connection.plugin.is_some())
    })
    .await;
    admin.redrive(first).await.unwrap();
    stage.stop().await.unwrap();
    stage.start().await.unwrap();
    let admin = stage.admin().unwrap();
    assert_eq!(admin.quiet(|_| {}).await.unwrap().backlog, 0);
    let answer = stage.sender().unwrap().deliver(&second, Signer::Provider).await.unwrap();
    assert_eq!(answer, 200, "there is room again");
    admin.quiet(|_| {}).await.unwrap();
    assert_eq!(admin.deliveries(Some("processed")).await.unwrap().len(), 2);
}

/// A payload is never the provider's fault, nor a reason for it to send the same again.
#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_understands_is_acknowledged_and_parked() {
    let stage = stage(Vec::new()).await;
    let sender = stage.sender().unwrap();
    let deep = [vec![b'['; 20_000], vec![b']'; 20_000]].concat();
    let broken: [&[u8]; 7] =
        [b"", b"points, many of them", b"\xff\xfe\x00", b"{\"id\":", b"\"", b"{}{}", &deep];
    let odd: [&[u8]; 6] =
        [b"{}", b"[]", b"null", b"0", b"{\"id\":1e400}", b"{\"id\":{\"id\":[]},\"entry\":{}}"];
    let mut sent = 0;
    for connection in connections::all() {
        for (number, body) in (0..).zip(broken.iter().chain(&odd)) {
            let mut delivery = Outgoing::json(connection.name, format!("odd-{number}"), &json!(null));
            delivery.body = body.to_vec();
            let mut headers = delivery.signed(Signer::Provider, Timestamp::now());
            // The client says nothing of a body that is empty.
            headers.push(("content-length".to_owned(), body.len().to_string()));
            let answer = sender.post(&delivery, headers).await.unwrap();
            assert_eq!(answer.status, 200, "{}: {}", connection.name, String::from_utf8_lossy(body));
            sent += 1;
        }
    }
    let admin = stage.admin().unwrap();
    let status = admin.quiet(|_| {}).await.unwrap();
    assert_eq!(status.counts.deliveries, sent);
    let parked = admin.deliveries(Some("parked")).await.unwrap();
    for connection in connections::all() {
        let of_it = parked.iter().filter(|delivery| delivery.connection == connection.name).count();
        assert!(of_it >= broken.len(), "{}: {of_it} parked of {}", connection.name, broken.len());
    }
    let without: Vec<_> = parked.iter().filter(|delivery| delivery.reason.is_none()).collect();
    assert!(without.is_empty(), "parked without a reason: {without:?}");
    let processed = admin.deliveries(Some("processed")).await.unwrap();
    assert_eq!((parked.len() + processed.len()) as u64, sent, "each is one or the other");
    // A connector that gave up on one is still there for the next.
    assert_eq!(sender.deliver(&order("sound"), Signer::Provider).await.unwrap(), 200);
    admin.quiet(|_| {}).await.unwrap();
    let newest = admin.deliveries(None).await.unwrap().into_iter().next().unwrap();
    assert_eq!(newest.state, "processed", "{newest:?}");
}
