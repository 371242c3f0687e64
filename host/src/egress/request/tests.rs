//! Paths and headers a connector might try.

use std::collections::BTreeMap;

use hub_runtime::manifest::{Auth, Endpoint};

use super::*;
use crate::config::EndpointConfig;
use crate::egress::bind::bind;
use crate::secret::Secret;

fn endpoint(base_url: &str, paths: &[&str], auth: Auth) -> BoundEndpoint {
    let endpoint = Endpoint {
        name: "admin".to_owned(),
        purpose: "tests".to_owned(),
        base_url: base_url.to_owned(),
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        auth,
        rate: None,
    };
    let secrets = BTreeMap::from([("api_token".to_owned(), vec![Secret::new("s3cret").unwrap()])]);
    bind(&endpoint, &EndpointConfig::default(), &BTreeMap::new(), &secrets).unwrap()
}

fn shop() -> BoundEndpoint {
    endpoint("https://shop.example.com", &["/admin/api/", "/v"], Auth::None)
}

#[test]
fn declared_paths_are_called_as_they_are() {
    let long = format!("/v/{}", "x".repeat(8_000));
    let paths = [
        "/admin/api/",
        "/admin/api/2026-04/graphql.json",
        "/v21.0/me/messages",
        "/v/a%20b/%C3%A9",
        "/v/it's;x=1,(2)*!$&+=:~_-.json",
        "/v/...",
        "/v/.well-known/x",
        "/v/x?",
        "/v/x?email=ana%40example.com&at=a@b&next=https://elsewhere.example.com/../x",
        &long,
    ];
    for path in paths {
        let url = target(&shop(), path).unwrap_or_else(|denied| panic!("{path}: {denied}"));
        assert_eq!(url.as_str(), format!("https://shop.example.com{path}"));
    }
    let quoted = target(&shop(), "/v/x?q='a'").unwrap();
    assert_eq!(quoted.query(), Some("q=%27a%27"), "a query may be encoded further");
}

#[test]
fn a_base_path_stays_in_front() {
    for base in ["https://shop.example.com/tenant/7", "https://shop.example.com/tenant/7/"] {
        let endpoint = endpoint(base, &["/v1/"], Auth::None);
        let url = target(&endpoint, "/v1/x?y=1").unwrap();
        assert_eq!(url.as_str(), "https://shop.example.com/tenant/7/v1/x?y=1");
        assert_eq!(target(&endpoint, "/tenant/7/v1/x"), Err(Denied::PathUndeclared(vec!["/v1/".to_owned()])));
    }
}

#[test]
fn tricks_with_paths_are_denied() {
    use Denied::{PathCharacter, PathEncoding, PathLong, PathSegment, PathStart};
    let too_long = format!("/v/{}", "x".repeat(8 * 1024));
    let undeclared = || Denied::PathUndeclared(vec!["/admin/api/".to_owned(), "/v".to_owned()]);
    let cases: Vec<(&str, Denied)> = vec![
        ("", PathStart),
        ("v/x", PathStart),
        ("?v", PathStart),
        ("https://elsewhere.example.com/v/x", PathStart),
        ("//elsewhere.example.com/v/x", PathStart),
        ("///v/x", PathStart),
        ("@elsewhere.example.com/v/x", PathStart),
        (":8443/v/x", PathStart),
        (".elsewhere.example.com/v/x", PathStart),
        ("\\\\elsewhere.example.com/v", PathStart),
        ("/\\elsewhere.example.com/v", PathCharacter),
        ("/v\\..\\x", PathCharacter),
        ("/v/@x", PathCharacter),
        ("/v/a b", PathCharacter),
        ("/v/a\tb", PathCharacter),
        ("/\t/elsewhere.example.com", PathCharacter),
        ("/v/a\r\nhost: elsewhere.example.com", PathCharacter),
        ("/v/a\0", PathCharacter),
        ("/v/a#b", PathCharacter),
        ("/v/é", PathCharacter),
        ("/v/\u{ff0e}\u{ff0e}/x", PathCharacter),
        ("/v/\"x\"", PathCharacter),
        ("/v/{x}", PathCharacter),
        ("/v/x?a b", PathCharacter),
        ("/v/x?a\nb", PathCharacter),
        ("/v/x?a#b", PathCharacter),
        ("/v/x?a\\b", PathCharacter),
        ("/v/x?é", PathCharacter),
        ("/v/..", PathSegment),
        ("/v/../x", PathSegment),
        ("/v/./x", PathSegment),
        ("/admin/api/../../x", PathSegment),
        ("/admin/api//x", PathSegment),
        ("/v//", PathSegment),
        ("/v/..;/x", PathSegment),
        ("/v/.;a=b/x", PathSegment),
        ("/v/;a/x", PathSegment),
        ("/v/%2e%2e/x", PathEncoding),
        ("/v/%2E./x", PathEncoding),
        ("/v/.%2e/x", PathEncoding),
        ("/v/a%2fb", PathEncoding),
        ("/v/a%2Fb", PathEncoding),
        ("/v/a%5cb", PathEncoding),
        ("/v/%252e%252e/x", PathEncoding),
        ("/v/..%3b/x", PathEncoding),
        ("/v/%00", PathEncoding),
        ("/v/%0d%0a", PathEncoding),
        ("/v/%7f", PathEncoding),
        ("/v/%", PathEncoding),
        ("/v/%4", PathEncoding),
        ("/v/%zz", PathEncoding),
        ("/v/%u002e", PathEncoding),
        ("/admin", undeclared()),
        ("/admin/api", undeclared()),
        ("/ADMIN/API/x", undeclared()),
        ("/", undeclared()),
        ("/x/v", undeclared()),
        ("/?/admin/api/", undeclared()),
        (&too_long, PathLong),
    ];
    for (path, expected) in cases {
        assert_eq!(target(&shop(), path), Err(expected), "{path:?}");
    }
}

fn check_headers(auth: Auth, wanted: &[(&str, &str)]) -> Result<HeaderMap, Denied> {
    let endpoint = endpoint("https://shop.example.com", &["/v"], auth);
    let headers = wanted.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let request = HttpRequest { method: HttpMethod::Post, path: "/v".to_owned(), headers, body: None };
    build(&endpoint, request).map(|request| request.headers().clone())
}

#[test]
fn harmless_headers_pass() {
    let wanted = [
        ("Accept", "application/json"),
        ("content-type", "application/json; charset=utf-8"),
        ("Idempotency-Key", "0f3a"),
        ("square-version", "2026-01-22"),
        ("X-App-Id", "shop"),
        ("x-request-id", "7"),
        ("if-none-match", "\"abc\""),
    ];
    let headers = check_headers(Auth::None, &wanted).unwrap();
    assert_eq!(headers.len(), wanted.len());
    for (name, value) in wanted {
        assert_eq!(headers.get(name).unwrap(), value, "{name}");
    }
}

#[test]
fn headers_with_power_are_denied() {
    let names = [
        "host",
        "Host",
        "authorization",
        "AUTHORIZATION",
        "cookie",
        "cookie2",
        "set-cookie",
        "connection",
        "keep-alive",
        "content-length",
        "transfer-encoding",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "via",
        "forwarded",
        "proxy-authorization",
        "proxy-connection",
        "x-forwarded-for",
        "X-Forwarded-Host",
        "x-forwarded",
        "x-real-ip",
        "x-client-ip",
        "x-original-url",
        "x-rewrite-url",
        "x-http-method-override",
        "x-http-method",
        "x-method-override",
        "x-api-key",
        "x-apikey",
        "x-auth-token",
        "x-shopify-access-token",
        "x-session-id",
        "x-my-secret",
        "x-cookie",
        "sec-websocket-version",
        "sec-fetch-site",
        "origin",
        "referer",
        "user-agent",
        "range",
        "accept-encoding",
        "content-encoding",
        "date",
        "from",
        "max-forwards",
        "pragma",
        "something-else",
    ];
    for name in names {
        let denied = check_headers(Auth::None, &[(name, "1")]).unwrap_err();
        assert_eq!(denied, Denied::Header(name.to_lowercase()));
    }
}

#[test]
fn broken_headers_are_denied() {
    let long = "x".repeat(8 * 1024);
    let cases = [
        ("", "1"),
        (":path", "/"),
        ("x y", "1"),
        ("x-a:", "1"),
        ("x-a\r\nhost", "1"),
        ("x-é", "1"),
        ("x-a\0", "1"),
        ("x-a", "1\r\nhost: elsewhere.example.com"),
        ("x-a", "1\n"),
        ("x-a", "\0"),
        ("x-a", "é"),
        ("x-a", "\t"),
        ("x-a", &long),
        (&long, "1"),
    ];
    for (name, value) in cases {
        assert_eq!(
            check_headers(Auth::None, &[(name, value)]),
            Err(Denied::HeaderForm),
            "{name:?}: {value:?}"
        );
    }
    let twice = check_headers(Auth::None, &[("accept", "a"), ("Accept", "b")]);
    assert_eq!(twice, Err(Denied::HeaderTwice("accept".to_owned())));
    assert_eq!(check_headers(Auth::None, &[("accept", "a"); 33]), Err(Denied::HeadersMany));
}

#[test]
fn the_host_adds_the_credential_and_nobody_else() {
    let header = || Auth::Header("X-Shop".to_owned(), "api_token".to_owned());
    let sent = check_headers(header(), &[("accept", "a")]).unwrap();
    assert_eq!(sent.get("x-shop").unwrap(), "s3cret");
    assert!(sent.get("x-shop").unwrap().is_sensitive());
    assert_eq!(check_headers(header(), &[("x-shop", "mine")]), Err(Denied::Header("x-shop".to_owned())));
    assert_eq!(check_headers(header(), &[("X-SHOP", "mine")]), Err(Denied::Header("x-shop".to_owned())));
    let bearer = check_headers(Auth::Bearer("api_token".to_owned()), &[]).unwrap();
    assert_eq!(bearer.get("authorization").unwrap(), "Bearer s3cret");
    assert_eq!(check_headers(Auth::None, &[]).unwrap().len(), 0);
}

#[test]
fn a_body_has_a_limit() {
    let request = |bytes: usize| HttpRequest {
        method: HttpMethod::Post,
        path: "/v".to_owned(),
        headers: vec![],
        body: Some("x".repeat(bytes)),
    };
    assert!(build(&shop(), request(1024 * 1024)).is_ok());
    assert_eq!(build(&shop(), request(1024 * 1024 + 1)).unwrap_err(), Denied::BodyLong);
}

#[test]
fn a_denial_does_not_repeat_the_path() {
    for path in ["/v/../s3cret", "/s3cret", "/v/s3cret b", "/v/%00s3cret", "s3cret"] {
        let denied = target(&shop(), path).unwrap_err();
        assert!(!format!("{denied} {denied:?}").contains("s3cret"), "{denied}");
    }
}
