//! Every scheme through the same lies, and vectors that others computed: the published ones of Standard Webhooks,
//! Square and Voucherify, and our own from `openssl dgst -sha256 -hmac <key> -binary`.

use http::HeaderName;

use super::*;
use crate::secret::Secret;

/// 2026-03-25T05:09:27Z
const NOW: Timestamp = Timestamp(1_774_415_367 * NANOS_PER_SECOND);
const KEY: &str = "c2lnbmluZy1rZXk=";
const URL: &str = "https://hub.example.com/hooks/shop?tenant=1";

/// What a sender sends; a case changes one thing of a right one.
#[derive(Clone)]
struct Sent {
    scheme: Signature,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    public_url: Option<&'static str>,
    keys: Vec<&'static str>,
    tolerance: Option<u32>,
    now: Timestamp,
}

impl Sent {
    fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.and_header(name, value)
    }

    fn and_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    fn header(&self, name: &str) -> String {
        let value = self.headers.iter().find(|(known, _)| known == name).unwrap();
        String::from_utf8(value.1.clone()).unwrap()
    }

    fn with_body(mut self, body: &str) -> Self {
        self.body = body.as_bytes().to_vec();
        self
    }

    fn verify(&self) -> Result<(), Refusal> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, HeaderValue::from_bytes(value).unwrap());
        }
        let incoming =
            Incoming { headers: &headers, body: &self.body, public_url: self.public_url, now: self.now };
        let keys: Vec<Secret> = self.keys.iter().map(|key| Secret::new(key).unwrap()).collect();
        verify(&self.scheme, &incoming, &keys, self.tolerance)
    }
}

fn hmac_over(header: &str, signed: Vec<SignedPart>, encoding: Encoding) -> Hmac {
    Hmac {
        headers: vec![header.to_owned()],
        secret: "webhook_secret".to_owned(),
        signed,
        prefix: String::new(),
        encoding,
        time: None,
        or_minified: false,
    }
}

fn meta_like() -> Hmac {
    let hmac = hmac_over("x-hub-signature-256", vec![SignedPart::Body], Encoding::Hex);
    Hmac { prefix: "sha256=".to_owned(), ..hmac }
}

fn shop_like() -> Hmac {
    let headers = ["shop-hmac", "x-shop-hmac"].map(str::to_owned).to_vec();
    Hmac { headers, ..hmac_over("", vec![SignedPart::Body], Encoding::Base64) }
}

fn desk_like() -> Hmac {
    let signed = vec![SignedPart::Header("x-desk-time".to_owned()), SignedPart::Body];
    let time = SignedTime { header: "x-desk-time".to_owned(), format: TimeFormat::Rfc3339, tolerance: 300 };
    Hmac { time: Some(time), ..hmac_over("x-desk-signature", signed, Encoding::Base64) }
}

fn url_like() -> Hmac {
    hmac_over("x-till-signature", vec![SignedPart::PublicUrl, SignedPart::Body], Encoding::Base64)
}

fn minified_like() -> Hmac {
    Hmac { or_minified: true, ..hmac_over("x-points-signature", vec![SignedPart::Body], Encoding::Hex) }
}

fn literal_like() -> Hmac {
    let literal = |text: &str| SignedPart::Literal(text.to_owned());
    let signed =
        vec![literal("v0:"), SignedPart::Header("x-chat-time".to_owned()), literal(":"), SignedPart::Body];
    let time =
        SignedTime { header: "x-chat-time".to_owned(), format: TimeFormat::UnixSeconds, tolerance: 60 };
    let hmac = hmac_over("x-chat-signature", signed, Encoding::Hex);
    Hmac { prefix: "v0=".to_owned(), time: Some(time), ..hmac }
}

fn schemes() -> Vec<Hmac> {
    vec![meta_like(), shop_like(), desk_like(), url_like(), minified_like(), literal_like()]
}

/// Signed at `NOW` as the scheme says, with `KEY`.
fn right(hmac: &Hmac, body: &str) -> Sent {
    signed_with(hmac, body, KEY, &time_text(hmac, 0))
}

fn time_text(hmac: &Hmac, late_seconds: i64) -> String {
    let seconds = NOW.0 / NANOS_PER_SECOND - late_seconds;
    match hmac.time.as_ref().map(|time| time.format) {
        Some(TimeFormat::Rfc3339) => Timestamp(seconds * NANOS_PER_SECOND).to_string(),
        _ => seconds.to_string(),
    }
}

fn signed_with(hmac: &Hmac, body: &str, key: &str, time: &str) -> Sent {
    let part = |part: &SignedPart| match part {
        SignedPart::Body => body.to_owned(),
        SignedPart::Header(_) => time.to_owned(),
        SignedPart::PublicUrl => URL.to_owned(),
        SignedPart::Literal(text) => text.clone(),
    };
    let content: String = hmac.signed.iter().map(part).collect();
    let mac = mac_of(key.as_bytes(), &[content.as_bytes()]);
    let sent = Sent {
        scheme: Signature::Hmac(hmac.clone()),
        headers: vec![("content-type".to_owned(), b"application/json".to_vec())],
        body: body.as_bytes().to_vec(),
        public_url: Some(URL),
        keys: vec![KEY],
        tolerance: None,
        now: NOW,
    };
    let sent =
        sent.with_header(&hmac.headers[0], &format!("{}{}", hmac.prefix, encoded(&mac, hmac.encoding)));
    match &hmac.time {
        Some(signed_time) => sent.with_header(&signed_time.header, time),
        None => sent,
    }
}

fn encoded(mac: &[u8], encoding: Encoding) -> String {
    match encoding {
        Encoding::Base64 => STANDARD.encode(mac),
        Encoding::Hex => hex::encode(mac),
    }
}

fn shortened(text: &str, cut: usize) -> String {
    text.chars().take(text.len() - cut).collect()
}

const BODY: &str = r#"{"id":1,"text":"a b"}"#;

#[track_caller]
fn check_each(expected: Result<(), Refusal>, lie: impl Fn(Sent, &Hmac) -> Sent) {
    for hmac in schemes() {
        let sent = lie(right(&hmac, BODY), &hmac);
        assert_eq!(sent.verify(), expected, "{}", hmac.headers[0]);
    }
}

/// The signature header with `change` applied to what stands behind the prefix.
fn resigned(sent: Sent, hmac: &Hmac, change: impl Fn(&str) -> String) -> Sent {
    let name = &hmac.headers[0];
    let value = sent.header(name);
    let value = format!("{}{}", hmac.prefix, change(value.strip_prefix(&hmac.prefix).unwrap()));
    sent.with_header(name, &value)
}

#[test]
fn a_right_signature_is_believed() {
    check_each(Ok(()), |sent, _| sent);
}

#[test]
fn an_empty_body_can_be_signed() {
    for hmac in schemes() {
        assert_eq!(right(&hmac, "").verify(), Ok(()), "{}", hmac.headers[0]);
        assert_eq!(right(&hmac, "").with_body("{}").verify(), Err(Refusal::Mismatch), "{}", hmac.headers[0]);
    }
}

#[test]
fn another_key_or_body_is_a_mismatch() {
    check_each(Err(Refusal::Mismatch), |sent, _| Sent { keys: vec!["another"], ..sent });
    check_each(Err(Refusal::Mismatch), |sent, _| sent.with_body(r#"{"id":2,"text":"a b"}"#));
    check_each(Err(Refusal::Mismatch), |sent, _| sent.with_body(r#"{"id":1,"text":"ab"}"#));
    check_each(Err(Refusal::Mismatch), |sent, _| sent.with_body(&format!("{BODY}x")));
    check_each(Err(Refusal::Mismatch), |sent, _| sent.with_body(""));
    check_each(Err(Refusal::Mismatch), |sent, hmac| {
        resigned(sent, hmac, |_| encoded(&[0; MAC_BYTES], hmac.encoding))
    });
}

#[test]
fn every_key_counts_while_keys_rotate() {
    check_each(Ok(()), |sent, _| Sent { keys: vec!["new", KEY], ..sent });
    check_each(Ok(()), |sent, _| Sent { keys: vec![KEY, "old"], ..sent });
    check_each(Err(Refusal::Mismatch), |sent, _| Sent { keys: vec!["new", "old"], ..sent });
    check_each(Err(Refusal::Unconfigured), |sent, _| Sent { keys: vec![], ..sent });
}

#[test]
fn a_signature_stands_there_once() {
    check_each(Err(Refusal::Missing), |sent, hmac| sent.without(&hmac.headers[0]));
    check_each(Err(Refusal::Malformed), |sent, hmac| {
        let value = sent.header(&hmac.headers[0]);
        sent.and_header(&hmac.headers[0], &value)
    });
    check_each(Err(Refusal::Malformed), |sent, hmac| sent.and_header(&hmac.headers[0], "x"));
}

#[test]
fn a_signature_in_another_form_is_malformed() {
    check_each(Err(Refusal::Malformed), |sent, hmac| resigned(sent, hmac, |_| String::new()));
    check_each(Err(Refusal::Malformed), |sent, hmac| sent.with_header(&hmac.headers[0], ""));
    check_each(Err(Refusal::Malformed), |sent, hmac| sent.with_header(&hmac.headers[0], "é"));
    for cut in [1, 2, 4] {
        check_each(Err(Refusal::Malformed), |sent, hmac| resigned(sent, hmac, |text| shortened(text, cut)));
    }
    check_each(Err(Refusal::Malformed), |sent, hmac| resigned(sent, hmac, |text| format!("{text}00")));
    check_each(Err(Refusal::Malformed), |sent, hmac| resigned(sent, hmac, |text| format!("{text} ,{text}")));
    check_each(Err(Refusal::Malformed), |sent, hmac| {
        resigned(sent, hmac, |text| match hmac.encoding {
            Encoding::Base64 => hex::encode(STANDARD.decode(text).unwrap()),
            Encoding::Hex => STANDARD.encode(hex::decode(text).unwrap()),
        })
    });
}

#[test]
fn the_prefix_is_part_of_the_form() {
    check_each(Err(Refusal::Malformed), |sent, hmac| {
        let value = sent.header(&hmac.headers[0]);
        let other = match value.strip_prefix(&hmac.prefix) {
            Some(bare) if !hmac.prefix.is_empty() => bare.to_owned(),
            _ => format!("sha256={value}"),
        };
        sent.with_header(&hmac.headers[0], &other)
    });
    let sent = right(&meta_like(), BODY);
    let shouted = sent.header("x-hub-signature-256").replace("sha256=", "SHA256=");
    assert_eq!(sent.with_header("x-hub-signature-256", &shouted).verify(), Err(Refusal::Malformed));
}

#[test]
fn hex_may_be_upper_case_and_base64_may_not_change_case() {
    for hmac in schemes() {
        let outcome = resigned(right(&hmac, BODY), &hmac, |text| text.to_uppercase()).verify();
        match hmac.encoding {
            Encoding::Hex => assert_eq!(outcome, Ok(()), "{}", hmac.headers[0]),
            Encoding::Base64 => assert!(outcome.is_err(), "{}", hmac.headers[0]),
        }
    }
}

#[test]
fn the_first_present_header_counts() {
    let sent = right(&shop_like(), BODY);
    let value = sent.header("shop-hmac");
    let older = sent.clone().without("shop-hmac").with_header("x-shop-hmac", &value);
    assert_eq!(older.verify(), Ok(()));
    assert_eq!(older.clone().with_header("shop-hmac", "x").verify(), Err(Refusal::Malformed));
    assert_eq!(sent.with_header("x-shop-hmac", "x").verify(), Ok(()));
    assert_eq!(older.without("x-shop-hmac").verify(), Err(Refusal::Missing));
}

#[test]
fn a_signed_header_is_covered() {
    for (hmac, name) in [(desk_like(), "x-desk-time"), (literal_like(), "x-chat-time")] {
        let sent = right(&hmac, BODY);
        assert_eq!(sent.clone().without(name).verify(), Err(Refusal::Missing));
        assert_eq!(sent.clone().and_header(name, &sent.header(name)).verify(), Err(Refusal::Malformed));
        let later = sent.clone().with_header(name, &time_text(&hmac, -1));
        assert_eq!(later.verify(), Err(Refusal::Mismatch));
        assert_eq!(sent.with_header(name, "yesterday").verify(), Err(Refusal::Malformed));
    }
    let unusual = ["2026-03-25T05:09:27+00:00", "2026-03-25T06:09:27.000+01:00"];
    for time in unusual {
        assert_eq!(signed_with(&desk_like(), BODY, KEY, time).verify(), Ok(()), "{time}");
    }
    for time in ["", "-5", "+1774415367", "1774415367.0", "1774415367000", "99999999999999999999"] {
        let sent = signed_with(&literal_like(), BODY, KEY, time);
        assert_eq!(sent.verify(), Err(Refusal::Malformed), "{time:?}");
    }
}

#[test]
fn the_time_may_be_off_by_the_tolerance_either_way() {
    for (hmac, tolerance) in [(desk_like(), 300), (literal_like(), 60)] {
        let late = |seconds| signed_with(&hmac, BODY, KEY, &time_text(&hmac, seconds));
        assert_eq!(late(tolerance).verify(), Ok(()));
        assert_eq!(late(-tolerance).verify(), Ok(()));
        assert_eq!(late(tolerance + 1).verify(), Err(Refusal::Stale));
        assert_eq!(late(-tolerance - 1).verify(), Err(Refusal::Stale));
        assert_eq!(late(1_000_000_000).verify(), Err(Refusal::Stale));
        let told = |seconds, tolerance| Sent { tolerance: Some(tolerance), ..late(seconds) };
        assert_eq!(told(1_000_000_000, 0).verify(), Ok(()));
        assert_eq!(told(-1_000_000, 0).verify(), Ok(()));
        assert_eq!(told(11, 10).verify(), Err(Refusal::Stale));
        assert_eq!(told(3_600, 3_600).verify(), Ok(()));
        let forged = Sent { keys: vec!["another"], ..late(1_000) };
        assert_eq!(forged.verify(), Err(Refusal::Mismatch), "a time nobody signed is not called stale");
    }
}

#[test]
fn the_public_url_is_covered() {
    let sent = right(&url_like(), BODY);
    let from = |public_url| Sent { public_url, ..sent.clone() };
    assert_eq!(from(Some("https://hub.example.com/hooks/shop?tenant=2")).verify(), Err(Refusal::Mismatch));
    assert_eq!(from(Some("https://hub.example.com/hooks/shop")).verify(), Err(Refusal::Mismatch));
    assert_eq!(from(None).verify(), Err(Refusal::Unconfigured));
    // The others do not cover it and do not ask for it.
    assert_eq!(Sent { public_url: None, ..right(&meta_like(), BODY) }.verify(), Ok(()));
}

#[test]
fn whitespace_outside_strings_may_differ_where_declared() {
    let spaced = "{ \"id\": 1,\r\n\t\"text\" : \"a b\" }\n";
    for hmac in schemes() {
        let expected = if hmac.or_minified { Ok(()) } else { Err(Refusal::Mismatch) };
        assert_eq!(right(&hmac, BODY).with_body(spaced).verify(), expected, "{}", hmac.headers[0]);
        assert_eq!(right(&hmac, spaced).verify(), Ok(()), "the raw body comes first");
        let loosened = right(&hmac, spaced).with_body(BODY).verify();
        assert_eq!(loosened, Err(Refusal::Mismatch), "{}", hmac.headers[0]);
    }
}

#[test]
fn minifying_keeps_strings_as_they_are() {
    let check = |body: &str, expected: &str| {
        assert_eq!(String::from_utf8(minified(body.as_bytes())).unwrap(), expected, "{body}");
    };
    check("", "");
    check(" \t\r\n", "");
    check(r#"{ "a" : [ 1 , 2 ] }"#, r#"{"a":[1,2]}"#);
    check(r#" " a \" b " "#, r#"" a \" b ""#);
    check(r#" " a \\" , " b " "#, r#"" a \\"," b ""#);
    check(r#" "open  and never closed "#, r#""open  and never closed "#);
    check(r#" "ends in \"#, r#""ends in \"#);
    check("1\u{a0}\u{2003}2\u{b}3", "1\u{a0}\u{2003}2\u{b}3");
    check("{\"n\": 1.50e+00 }", "{\"n\":1.50e+00}");
}

/// Signatures computed by others, over keys and bodies given here in full.
#[track_caller]
fn check_vector(hmac: Hmac, key: &'static str, body: &str, signature: &str) {
    let name = hmac.headers[0].clone();
    let mut sent = right(&hmac, body).with_header(&name, signature);
    sent.keys = vec![key];
    assert_eq!(sent.verify(), Ok(()));
}

#[test]
fn vectors_of_square_and_voucherify() {
    let square = r#"{"data":{"type":"webhooks","id":">id<"}}"#;
    let sent = right(&url_like(), square)
        .with_header("x-till-signature", "Cxt7+aTi4rKgcA0bC4g9EHdVtLSDWdqccmL5MvihU4U=");
    let sent =
        Sent { keys: vec!["signature-key"], public_url: Some("https://webhook.site/webhooks"), ..sent };
    assert_eq!(sent.verify(), Ok(()));

    let quoted = "f7cf97814a03146abedb9793f56e1dec34f618f82d10395310d053f749483ffb";
    check_vector(minified_like(), "secretKey", r#"{"a\"b":1}"#, quoted);
    check_vector(minified_like(), "secretKey", r#"{ "a\"b" : 1 }"#, quoted);
    let plain = "a17d2ac229d1ebbb5f10e839c7985c4818e5986eab297f7e5979196d4d7d3ed2";
    check_vector(minified_like(), "secretKey", "{\n  \"a\": 1\n}", plain);
    let text = "53ff92957e1427ce23ad5bda9d0c5f2f4ff384d0806b83eeacb510c842d3a358";
    check_vector(minified_like(), "secretKey", "  message  ", text);
}

#[test]
fn vectors_of_openssl() {
    let meta = "sha256=79e65d5e06e173bb483d7f7824bf54a39a7509c6c05a3b16b7cce3660e6c7a6d";
    check_vector(meta_like(), "app-secret-1", r#"{"object":"page","entry":[]}"#, meta);
    let shop = "H7RYwJdEtKIZimLWi1uoqK4vMCQVceITHFA+jrLoH54=";
    check_vector(shop_like(), "client secret ü", r#"{"id":9007199254740993,"total_price":"403.00"}"#, shop);
    // Signed with the time 2026-03-25T05:09:27Z; the key is used as text although it looks like base64.
    let ticket = r#"{"type":"zen:event-type:ticket.created"}"#;
    check_vector(desk_like(), "ZGVzay1zZWNyZXQ=", ticket, "dctjV/jDsenH4j6WOjFK1B92XNyzCHoL+d0kodz12tI=");
    check_vector(desk_like(), "ZGVzay1zZWNyZXQ=", "", "aT/HcSc8W++04zkpZ5YFnay082vUIjT0TIcsdeh5cuA=");
    let chat = "v0=9acf24f22474cb149ddfccd43f63cd49a41b57a64f65573ffcbb29000a8cbd23";
    let sent = right(&literal_like(), r#"{"ok":true}"#).with_header("x-chat-time", "1770000000");
    let sent = Sent { keys: vec!["signing"], tolerance: Some(0), ..sent };
    assert_eq!(sent.with_header("x-chat-signature", chat).verify(), Ok(()));
}

const STANDARD_KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const STANDARD_TIME: i64 = 1_614_265_330;
const STANDARD_SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

/// The vector of the specification's own libraries.
fn standard() -> Sent {
    Sent {
        scheme: Signature::StandardWebhooks("webhook_secret".to_owned()),
        headers: vec![],
        body: br#"{"test": 2432232314}"#.to_vec(),
        public_url: None,
        keys: vec![STANDARD_KEY],
        tolerance: None,
        now: Timestamp(STANDARD_TIME * NANOS_PER_SECOND),
    }
    .with_header("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek")
    .with_header("webhook-timestamp", "1614265330")
    .with_header("webhook-signature", STANDARD_SIGNATURE)
}

#[track_caller]
fn check_standard(expected: Result<(), Refusal>, lie: impl Fn(Sent) -> Sent) {
    assert_eq!(lie(standard()).verify(), expected);
}

#[test]
fn standard_webhooks_content() {
    check_standard(Ok(()), |sent| sent);
    check_standard(Err(Refusal::Mismatch), |sent| sent.with_body(r#"{"test": 2432232315}"#));
    check_standard(Err(Refusal::Mismatch), |sent| sent.with_body(""));
    check_standard(Err(Refusal::Mismatch), |sent| sent.with_header("webhook-id", "msg_other"));
    check_standard(Err(Refusal::Mismatch), |sent| sent.with_header("webhook-timestamp", "1614265331"));
    check_standard(Err(Refusal::Malformed), |sent| sent.with_header("webhook-timestamp", "now"));
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        check_standard(Err(Refusal::Missing), |sent| sent.without(name));
        check_standard(Err(Refusal::Malformed), |sent| {
            let value = sent.header(name);
            sent.and_header(name, &value)
        });
    }
}

#[test]
fn standard_webhooks_signatures() {
    let zeros = format!("v1,{}", STANDARD.encode([0; MAC_BYTES]));
    let signature = |text: &str| standard().with_header("webhook-signature", text).verify();
    assert_eq!(signature(&format!("{zeros} {STANDARD_SIGNATURE}")), Ok(()));
    assert_eq!(signature(&format!("{STANDARD_SIGNATURE} {zeros}")), Ok(()));
    assert_eq!(signature(&format!("v1a,AAAA v2,x {STANDARD_SIGNATURE}")), Ok(()));
    assert_eq!(signature(&zeros), Err(Refusal::Mismatch));
    let bare = STANDARD_SIGNATURE.strip_prefix("v1,").unwrap();
    let hex = format!("v1,{}", hex::encode(STANDARD.decode(bare).unwrap()));
    let truncated = shortened(STANDARD_SIGNATURE, 1);
    let v2 = format!("v2,{bare}");
    let many = vec![STANDARD_SIGNATURE; 17].join(" ");
    for text in ["", "v1", "v1,", "V1,AAAA", bare, &hex, &truncated, &v2, &many, "é"] {
        assert_eq!(signature(text), Err(Refusal::Malformed), "{text}");
    }
}

#[test]
fn standard_webhooks_keys() {
    let keys = |keys: &[&'static str]| Sent { keys: keys.to_vec(), ..standard() }.verify();
    assert_eq!(keys(&["whsec_b3RoZXI=", STANDARD_KEY]), Ok(()));
    assert_eq!(keys(&[STANDARD_KEY, "whsec_b3RoZXI="]), Ok(()));
    assert_eq!(keys(&["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]), Ok(()));
    assert_eq!(keys(&["whsec_b3RoZXI="]), Err(Refusal::Mismatch));
    assert_eq!(keys(&["whsec_b3RoZXI"]), Err(Refusal::Mismatch), "padding may be absent");
    assert_eq!(keys(&["whsec_ not base64", STANDARD_KEY]), Ok(()));
    assert_eq!(keys(&["whsec_", "whsec_ not base64"]), Err(Refusal::Unconfigured));
    assert_eq!(keys(&[]), Err(Refusal::Unconfigured));
}

#[test]
fn standard_webhooks_time() {
    let at = |seconds, tolerance| {
        let now = Timestamp((STANDARD_TIME + seconds) * NANOS_PER_SECOND);
        Sent { now, tolerance, ..standard() }.verify()
    };
    assert_eq!(at(300, None), Ok(()));
    assert_eq!(at(-300, None), Ok(()));
    assert_eq!(at(301, None), Err(Refusal::Stale));
    assert_eq!(at(-301, None), Err(Refusal::Stale));
    assert_eq!(at(301, Some(0)), Ok(()));
    assert_eq!(at(301, Some(600)), Ok(()));
    assert_eq!(at(11, Some(10)), Err(Refusal::Stale));
}

#[test]
fn an_unknown_connection_refuses_even_what_its_own_key_signed() {
    let mac = mac_of(&[0x5a; MAC_BYTES], &[BODY.as_bytes()]);
    let mut headers = HeaderMap::new();
    headers.insert("x-hub-signature-256", format!("sha256={}", hex::encode(mac)).parse().unwrap());
    let incoming = Incoming { headers: &headers, body: BODY.as_bytes(), public_url: None, now: NOW };
    assert_eq!(refuse_unknown(&incoming), Refusal::Mismatch);
}

#[test]
fn each_refusal_has_a_word_of_its_own() {
    use Refusal::{Malformed, Mismatch, Missing, Stale, Unconfigured};
    let words = [Missing, Malformed, Stale, Mismatch, Unconfigured].map(Refusal::word);
    assert_eq!(words, ["missing", "malformed", "stale", "mismatch", "unconfigured"]);
}

fn check_handshake(query: &[(&str, &str)], expected: Option<&str>) {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let tokens = ["new-token", "old-token"].map(|token| Secret::new(token).unwrap());
    let spec = hub_runtime::manifest::Handshake::Meta("verify_token".to_owned());
    let answer = handshake(&spec, &query, &tokens);
    assert_eq!(answer, expected.map_or(Handshake::Refused, |text| Handshake::Answer(text.to_owned())));
}

fn asked<'a>(token: &'a str, challenge: &'a str) -> [(&'a str, &'a str); 3] {
    [("hub.mode", "subscribe"), ("hub.verify_token", token), ("hub.challenge", challenge)]
}

#[test]
fn a_handshake_is_answered_with_its_challenge() {
    check_handshake(&asked("new-token", "1158201444"), Some("1158201444"));
    check_handshake(&asked("old-token", "1158201444"), Some("1158201444"));
    check_handshake(&asked("old-token", &"x".repeat(256)), Some(&"x".repeat(256)));
    for token in ["", "new-toke", "new-tokenn", "NEW-TOKEN", "new-token "] {
        check_handshake(&asked(token, "1158201444"), None);
    }
    for challenge in ["", "a b", "a\nb", "é", "\0", &"x".repeat(257)] {
        check_handshake(&asked("new-token", challenge), None);
    }
}

#[test]
fn a_handshake_has_its_three_parameters_once() {
    let mode = ("hub.mode", "subscribe");
    let token = ("hub.verify_token", "new-token");
    let challenge = ("hub.challenge", "7");
    check_handshake(&[challenge, ("other", "1"), token, mode], Some("7"));
    for query in [&[mode, token][..], &[mode, challenge], &[token, challenge], &[]] {
        check_handshake(query, None);
    }
    for twice in [mode, token, challenge, ("hub.challenge", "8"), ("hub.verify_token", "x")] {
        check_handshake(&[mode, token, challenge, twice], None);
    }
    check_handshake(&[("hub.mode", "unsubscribe"), token, challenge], None);
    let spec = hub_runtime::manifest::Handshake::Meta("verify_token".to_owned());
    let query = "hub.mode=subscribe&hub.challenge=7&hub.verify_token=";
    assert_eq!(handshake(&spec, query, &[]), Handshake::Refused);
    let encoded = "hub.mode=subscribe&hub%2echallenge=7%2B1&hub.verify_token=new%2Dtoken";
    let tokens = [Secret::new("new-token").unwrap()];
    assert_eq!(handshake(&spec, encoded, &tokens), Handshake::Answer("7+1".to_owned()));
}
