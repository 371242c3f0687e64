//! A delivery and the way it should be signed: nobody is believed who does not have the key.

use arbitrary::Arbitrary;
use http::{HeaderMap, HeaderName, HeaderValue};
use hub_model::Timestamp;
use hub_runtime::manifest::{Encoding, Hmac, Signature, SignedPart, SignedTime, TimeFormat};
use omnihub::app::lone::{LoneDelivery, check_signature};

/// Not to be guessed by turning bits.
const KEY: &str = "c2lnbmluZy1rZXktdGhhdC1ub2JvZHktaGFzLW91dHNpZGU=";
const URL: &str = "https://hub.example.com/hooks/shop";
const NAMES: [&str; 6] =
    ["x-signature", "x-time", "webhook-id", "webhook-timestamp", "webhook-signature", "x-other"];

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    scheme: Scheme,
    headers: Vec<(u8, &'a [u8])>,
    body: &'a [u8],
    has_url: bool,
    now_ns: i64,
    tolerance: Option<u32>,
    keys: u8,
}

#[derive(Arbitrary, Debug)]
enum Scheme {
    Standard,
    Hmac { parts: Vec<Part>, is_hex: bool, has_prefix: bool, is_minified: bool, time: Option<Time> },
}

#[derive(Arbitrary, Debug)]
enum Part {
    Body,
    Url,
    Literal(u8),
    Header(u8),
}

#[derive(Arbitrary, Debug)]
struct Time {
    is_seconds: bool,
    tolerance: u32,
}

pub fn try_one(bytes: &[u8]) {
    let Some(input) = crate::typed::<Input>(bytes) else { return };
    let mut headers = HeaderMap::new();
    for (name, value) in &input.headers {
        let (Some(name), Ok(value)) = (named(*name), HeaderValue::from_bytes(value)) else { continue };
        headers.append(name, value);
    }
    let keys = vec![KEY; usize::from(input.keys % 3)];
    let delivery = LoneDelivery {
        headers: &headers,
        body: input.body,
        public_url: input.has_url.then_some(URL),
        now: Timestamp(input.now_ns),
        keys: &keys,
        tolerance: input.tolerance,
    };
    let said = check_signature(&input.scheme.declared(), &delivery);
    assert!(said.is_err(), "somebody without the key is believed");
}

fn named(number: u8) -> Option<HeaderName> {
    NAMES.get(usize::from(number) % NAMES.len()).map(|name| HeaderName::from_static(name))
}

impl Scheme {
    fn declared(&self) -> Signature {
        let Self::Hmac { parts, is_hex, has_prefix, is_minified, time } = self else {
            return Signature::StandardWebhooks("key".to_owned());
        };
        Signature::Hmac(Hmac {
            headers: vec!["x-signature".to_owned()],
            secret: "key".to_owned(),
            signed: parts.iter().map(Part::declared).collect(),
            prefix: if *has_prefix { "sha256=" } else { "" }.to_owned(),
            encoding: if *is_hex { Encoding::Hex } else { Encoding::Base64 },
            time: time.as_ref().map(|time| SignedTime {
                header: "x-time".to_owned(),
                format: if time.is_seconds { TimeFormat::UnixSeconds } else { TimeFormat::Rfc3339 },
                tolerance: time.tolerance,
            }),
            or_minified: *is_minified,
        })
    }
}

impl Part {
    fn declared(&self) -> SignedPart {
        match self {
            Self::Body => SignedPart::Body,
            Self::Url => SignedPart::PublicUrl,
            Self::Literal(byte) => SignedPart::Literal(char::from(*byte).to_string()),
            Self::Header(number) => {
                SignedPart::Header(named(*number).map_or_else(String::new, |name| name.to_string()))
            }
        }
    }
}
