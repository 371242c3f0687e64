//! Real calls to servers on loopback that answer, stall, flood and break off.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use hub_runtime::HttpMethod;
use hub_runtime::manifest::{Auth, Endpoint};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::bind::BindError;
use super::resolve::{ResolveError, allowed};
use super::*;
use crate::config::EndpointConfig;
use crate::secret::Secret;

/// What a server does after it has read a request.
#[derive(Clone)]
enum Then {
    /// Sends this and closes.
    Close(Vec<u8>),
    /// Sends this and keeps the connection for the next request.
    Keep(Vec<u8>),
    /// Sends this and nothing more, with the connection open.
    Stall(Vec<u8>),
    /// Sends this and breaks the connection.
    Reset(Vec<u8>),
    /// Sends the first and then the second for as long as anyone listens.
    Flood(Vec<u8>, Vec<u8>),
}

struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<u32>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Server {
    async fn start(then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, connections) = (Arc::default(), Arc::default());
        let serving = tokio::spawn(serve(listener, then, Arc::clone(&seen), Arc::clone(&connections)));
        Self { address, seen, connections, serving }
    }

    async fn answering(answer: &str) -> Self {
        Self::start(Then::Close(answer.as_bytes().to_vec())).await
    }

    fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    fn connections(&self) -> u32 {
        *self.connections.lock().unwrap()
    }
}

async fn serve(
    listener: TcpListener,
    then: Then,
    seen: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<u32>>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        *connections.lock().unwrap() += 1;
        tokio::spawn(converse(stream, then.clone(), Arc::clone(&seen)));
    }
}

async fn converse(mut stream: TcpStream, then: Then, seen: Arc<Mutex<Vec<String>>>) {
    while let Some(request) = read_request(&mut stream).await {
        seen.lock().unwrap().push(request);
        match &then {
            Then::Keep(bytes) => stream.write_all(bytes).await.unwrap(),
            Then::Close(bytes) => {
                stream.write_all(bytes).await.unwrap();
                return stream.shutdown().await.unwrap();
            }
            Then::Stall(bytes) => {
                stream.write_all(bytes).await.unwrap();
                return std::future::pending().await;
            }
            Then::Reset(bytes) => {
                stream.write_all(bytes).await.unwrap();
                stream.set_zero_linger().unwrap();
                return;
            }
            Then::Flood(first, again) => {
                stream.write_all(first).await.unwrap();
                while stream.write_all(again).await.is_ok() {}
                return;
            }
        }
    }
}

/// Head and body; `None` at the end of the connection.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(text);
            }
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(&buffer[..count]),
            _ => return None,
        }
    }
}

fn egress() -> Egress {
    Egress::new(EgressOptions::default()).unwrap()
}

/// For servers that never answer.
fn impatient() -> Egress {
    let short = Duration::from_millis(200);
    Egress::new(EgressOptions { connect_timeout: short, timeout: short, ..EgressOptions::default() }).unwrap()
}

fn bound(base_url: &str, auth: Auth, allow_private: bool) -> Result<BoundEndpoint, BindError> {
    let endpoint = Endpoint {
        name: "admin".to_owned(),
        purpose: "tests".to_owned(),
        base_url: "https://api.example.com".to_owned(),
        paths: vec!["/v1/".to_owned()],
        auth,
        rate: None,
    };
    let operator = EndpointConfig { base_url: Some(base_url.to_owned()), allow_private };
    let secrets = BTreeMap::from([("api_token".to_owned(), vec![Secret::new("s3cret").unwrap()])]);
    bind(&endpoint, &operator, &BTreeMap::new(), &secrets)
}

fn at(server: &Server) -> BoundEndpoint {
    bound(&format!("http://{}", server.address), Auth::Bearer("api_token".to_owned()), true).unwrap()
}

fn post() -> HttpRequest {
    HttpRequest {
        method: HttpMethod::Post,
        path: "/v1/x?email=ana%40example.com".to_owned(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: Some("{\"note\":\"private words\"}".to_owned()),
    }
}

async fn call(egress: &Egress, server: &Server) -> Result<HttpResponse, HttpError> {
    let result = egress.send(&at(server), post()).await;
    check_discreet(&result);
    result
}

/// No text of ours holds the secret, the query or the body.
#[track_caller]
fn check_discreet(result: &Result<HttpResponse, HttpError>) {
    if let Err(error) = result {
        let text = format!("{error:?}");
        for word in ["s3cret", "email", "ana", "private words", "/v1"] {
            assert!(!text.contains(word), "{text}");
        }
    }
}

#[tokio::test]
async fn a_request_arrives_as_it_was_meant_and_its_answer_comes_back() {
    let server = Server::answering(
        "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\nset-cookie: id=1\r\nlink: </v1/y>\r\n\
         x-odd: \u{e9}\r\ncontent-length: 12\r\n\r\n{\"ok\":\"\u{e9}\"}x",
    )
    .await;
    let answer = call(&egress(), &server).await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (201, "{\"ok\":\"\u{e9}\"}x"));
    let names: Vec<&str> = answer.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["content-type", "link", "content-length"]);
    let requests = server.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert!(request.starts_with("POST /v1/x?email=ana%40example.com HTTP/1.1\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\n{\"note\":\"private words\"}"), "{request}");
    let user_agent = format!("user-agent: {USER_AGENT}");
    let host = format!("host: {}", server.address);
    for line in ["authorization: Bearer s3cret", "content-type: application/json", &user_agent, &host] {
        assert_eq!(request.lines().filter(|known| known == &line).count(), 1, "{line} in {request}");
    }
    assert!(!request.contains("accept-encoding") && !request.contains("cookie"), "{request}");
}

#[tokio::test]
async fn every_status_is_an_answer() {
    for status in [200, 204, 400, 401, 404, 409, 422, 429, 500, 503] {
        let server = Server::answering(&format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n")).await;
        assert_eq!(call(&egress(), &server).await.unwrap().status, status);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("http://{}/v1/y", elsewhere.address);
        let server = Server::answering(&format!(
            "HTTP/1.1 {status} X\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
        ))
        .await;
        let answer = call(&egress(), &server).await.unwrap();
        assert_eq!(answer.status, status);
        assert!(answer.headers.contains(&("location".to_owned(), location)));
        assert_eq!(server.requests().len(), 1);
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn cookies_are_not_kept_and_connections_are() {
    let answer = b"HTTP/1.1 200 OK\r\nset-cookie: id=1; path=/\r\ncontent-length: 2\r\n\r\nok".to_vec();
    let server = Server::start(Then::Keep(answer)).await;
    let egress = egress();
    for _ in 0..3 {
        assert_eq!(call(&egress, &server).await.unwrap().body, "ok");
    }
    assert_eq!((server.requests().len(), server.connections()), (3, 1));
    assert!(server.requests().iter().all(|request| !request.contains("cookie")));
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let endpoint = bound(&format!("http://{address}"), Auth::None, true).unwrap();
    let result = egress().send(&endpoint, post()).await;
    check_discreet(&result);
    let Err(HttpError::Unreachable(text)) = result else { panic!("{result:?}") };
    assert!(text.contains("connection refused") && text.contains("\"admin\" at 127.0.0.1"), "{text}");
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_unreachable() {
    let endpoint = bound("https://nowhere.invalid", Auth::None, false).unwrap();
    let result = egress().send(&endpoint, post()).await;
    let Err(HttpError::Unreachable(text)) = result else { panic!("{result:?}") };
    assert!(text.contains("does not resolve"), "{text}");
}

#[tokio::test]
async fn no_tls_means_nothing_was_sent() {
    let stalling = Server::start(Then::Stall(vec![])).await;
    let endpoint = bound(&format!("https://{}", stalling.address), Auth::None, true).unwrap();
    let result = impatient().send(&endpoint, post()).await;
    assert!(matches!(result, Err(HttpError::Unreachable(_))), "{result:?}");

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = bound(&format!("https://{}", listener.local_addr().unwrap()), Auth::None, true).unwrap();
    let plain = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        std::future::pending::<()>().await;
    });
    let result = egress().send(&endpoint, post()).await;
    let Err(HttpError::Unreachable(text)) = result else { panic!("{result:?}") };
    assert!(text.contains("TLS"), "{text}");
    plain.abort();
}

#[tokio::test]
async fn silence_after_the_request_is_an_interruption() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n";
    for sent in ["", "HTTP/1.1 200", head, &format!("{head}12345")] {
        let server = Server::start(Then::Stall(sent.as_bytes().to_vec())).await;
        let result = call(&impatient(), &server).await;
        let Err(HttpError::Interrupted(text)) = result else { panic!("{sent:?}: {result:?}") };
        assert!(text.contains("out of time"), "{text}");
        assert_eq!(server.requests().len(), 1, "{sent:?}");
    }
}

#[tokio::test]
async fn a_broken_answer_is_an_interruption_and_nothing_is_repeated() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345";
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n";
    for sent in ["", "HTTP/1.1 200", head, chunked] {
        for then in [Then::Close, Then::Reset] {
            let server = Server::start(then(sent.as_bytes().to_vec())).await;
            let result = call(&egress(), &server).await;
            assert!(matches!(result, Err(HttpError::Interrupted(_))), "{sent:?}: {result:?}");
            assert_eq!(server.requests().len(), 1, "{sent:?}");
        }
    }
    for sent in ["SSH-2.0-x\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", "\0\0\0\0\r\n\r\n"] {
        let server = Server::answering(sent).await;
        let result = call(&egress(), &server).await;
        assert!(matches!(result, Err(HttpError::Interrupted(_))), "{sent:?}: {result:?}");
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut_at_the_cap() {
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x1_0000)).into_bytes();
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let unbounded = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    for head in [chunked, unbounded] {
        let server = Server::start(Then::Flood(head, chunk.clone())).await;
        let result = call(&egress(), &server).await;
        let Err(HttpError::Unreadable(text)) = result else { panic!("{result:?}") };
        assert!(text.contains("larger than 2097152 bytes"), "{text}");
    }
    let exact =
        |bytes: usize| format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n{}", "x".repeat(bytes));
    let small = EgressOptions { response_bytes_max: 1000, ..EgressOptions::default() };
    let small = Egress::new(small).unwrap();
    let server = Server::answering(&exact(1000)).await;
    assert_eq!(call(&small, &server).await.unwrap().body.len(), 1000);
    let server = Server::answering(&exact(1001)).await;
    assert!(matches!(call(&small, &server).await, Err(HttpError::Unreadable(_))));
}

#[tokio::test]
async fn endless_headers_are_cut_at_the_cap() {
    let head = b"HTTP/1.1 200 OK\r\n".to_vec();
    let server =
        Server::start(Then::Flood(head, format!("x-a: {}\r\n", "x".repeat(60_000)).into_bytes())).await;
    assert!(matches!(call(&egress(), &server).await, Err(HttpError::Unreadable(_))));
    let many = format!("HTTP/1.1 200 OK\r\n{}content-length: 0\r\n\r\n", "x-a: 1\r\n".repeat(100));
    assert!(matches!(call(&egress(), &Server::answering(&many).await).await, Err(HttpError::Unreadable(_))));
    let long = format!("HTTP/1.1 200 OK\r\nx-a: {}\r\ncontent-length: 0\r\n\r\n", "x".repeat(40_000));
    assert!(matches!(call(&egress(), &Server::answering(&long).await).await, Err(HttpError::Unreadable(_))));
}

#[tokio::test]
async fn what_an_answer_quotes_of_our_secrets_is_blanked() {
    let body = "{\"error\":\"unknown token s3cret\",\"url\":\"/?t=s3cret&u=1\"}";
    let head = format!("HTTP/1.1 401 No\r\nx-token: s3cret\r\ncontent-length: {}\r\n\r\n", body.len());
    let server = Server::answering(&format!("{head}{body}")).await;
    let answer = call(&egress(), &server).await.unwrap();
    assert_eq!(answer.body, body.replace("s3cret", "xxxxxx"));
    assert!(answer.headers.contains(&("x-token".to_owned(), "xxxxxx".to_owned())));
    assert!(server.requests().iter().all(|request| request.contains("Bearer s3cret")));
}

#[tokio::test]
async fn another_protocol_is_no_answer() {
    let switching = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
    let result = call(&egress(), &Server::answering(switching).await).await;
    assert!(matches!(result, Err(HttpError::Unreadable(_))), "{result:?}");
}

#[tokio::test]
async fn an_answer_is_text() {
    let mut answer = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\n".to_vec();
    answer.extend_from_slice(&[0x1f, 0x8b, 0x08]);
    let server = Server::start(Then::Close(answer)).await;
    let result = call(&egress(), &server).await;
    let Err(HttpError::Unreadable(text)) = result else { panic!("{result:?}") };
    assert!(text.contains("UTF-8"), "{text}");
}

#[tokio::test]
async fn a_private_place_is_not_called_although_someone_listens() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let port = server.address.port();
    let literal = bound(&format!("https://127.0.0.1:{port}"), Auth::None, false);
    assert!(matches!(literal, Err(BindError::PrivateAddress("loopback"))));
    for name in ["localhost", "LOCALHOST", "localhost."] {
        let endpoint = bound(&format!("https://{name}:{port}"), Auth::None, false).unwrap();
        let result = egress().send(&endpoint, post()).await;
        check_discreet(&result);
        match result {
            Err(HttpError::Denied(text)) => assert!(text.contains("allow_private = true"), "{text}"),
            // Not every resolver knows every spelling; none may lead to a connection.
            Err(HttpError::Unreachable(text)) => assert!(text.contains("does not resolve"), "{text}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    let endpoint = bound(&format!("http://localhost:{port}"), Auth::None, true).unwrap();
    assert_eq!(server.connections(), 0);
    assert_eq!(egress().send(&endpoint, post()).await.unwrap().status, 200, "the listener does answer");
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_name_with_both_kinds_of_addresses_leads_to_the_public_ones() {
    let mixed: Vec<SocketAddr> =
        ["10.0.0.1:0", "8.8.8.8:0", "[::1]:0", "[::ffff:127.0.0.1]:0", "[2606:4700::1]:0"]
            .map(|text| text.parse().unwrap())
            .to_vec();
    let public = allowed(mixed.clone().into_iter(), Reach::Public).unwrap();
    assert_eq!(public, [mixed[1], mixed[4]]);
    assert_eq!(allowed(mixed.clone().into_iter(), Reach::Private).unwrap(), mixed);
    let inside = mixed.into_iter().take(1);
    assert_eq!(allowed(inside, Reach::Public), Err(ResolveError::Blocked("private")));
    assert_eq!(allowed(std::iter::empty(), Reach::Private), Err(ResolveError::NotFound));
}

#[tokio::test]
async fn what_is_denied_does_not_leave() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let denied = [
        HttpRequest { path: "/v2/x".to_owned(), ..post() },
        HttpRequest { path: "/v1/../x".to_owned(), ..post() },
        HttpRequest { headers: vec![("authorization".to_owned(), "Bearer mine".to_owned())], ..post() },
        HttpRequest { headers: vec![("host".to_owned(), "elsewhere.example.com".to_owned())], ..post() },
    ];
    for request in denied {
        let result = egress().send(&at(&server), request).await;
        assert!(matches!(result, Err(HttpError::Denied(_))), "{result:?}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn credentials_of_endpoints_at_one_host_do_not_mix() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec();
    let server = Server::start(Then::Keep(answer)).await;
    let base = format!("http://{}", server.address);
    let auths = [
        Auth::Bearer("api_token".to_owned()),
        Auth::None,
        Auth::Header("x-shop".to_owned(), "api_token".to_owned()),
    ];
    let egress = egress();
    for auth in auths {
        egress.send(&bound(&base, auth, true).unwrap(), post()).await.unwrap();
    }
    let credentials = |line: &&str| line.contains("s3cret");
    let seen: Vec<Vec<String>> = server
        .requests()
        .iter()
        .map(|request| request.lines().filter(credentials).map(str::to_owned).collect())
        .collect();
    assert_eq!(seen, [vec!["authorization: Bearer s3cret"], vec![], vec!["x-shop: s3cret"]]);
}

#[tokio::test]
async fn nothing_shows_the_secret() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let endpoint = at(&server);
    let egress = egress();
    let request = request::build(&endpoint, post()).unwrap();
    let answer = egress.send(&endpoint, post()).await.unwrap();
    let shown = format!("{egress:?} {endpoint:?} {endpoint:#?} {request:?} {request:#?} {answer:?}");
    assert!(!shown.contains("s3cret"), "{shown}");
}
