//! A right delivery under each way of signing that a connector declares, signed by a hand of our own; and what may be
//! changed of it.

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{KeyInit as _, Mac as _};
use hub_model::Timestamp;
use hub_runtime::manifest::{Encoding, Hmac, Signature, SignedPart, TimeFormat};
use hub_runtime::{PluginKind, Runtime, RuntimeOptions};
use omnihub::app::lone::{LoneDelivery, check_signature};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use sha2::Sha256;

use crate::support::binaries;

pub(super) const KEY: &str = "c2lnbmluZy1rZXktb2Ytc29tZS1sZW5ndGg=";
pub(super) const URL: &str = "https://hub.example.com/hooks/shop?tenant=1";
/// 2026-03-25T05:09:27Z.
const NOW_SECONDS: i64 = 1_774_415_367;
const NANOS_PER_SECOND: i64 = 1_000_000_000;
/// A bit of everything that somebody might normalise on the way.
pub(super) const BODY: &str =
    r#"{"id":9007199254740993,"total":"12.50","name":"ana é","text":"a b","list":[1,2.0,{"x":null}]}"#;

const STANDARD_ID: &str = "webhook-id";
const STANDARD_TIME: &str = "webhook-timestamp";
const STANDARD_SIGNATURE: &str = "webhook-signature";

/// A way of signing, and whose it is.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) name: String,
    pub(super) scheme: Signature,
}

/// All that the installed connectors declare.
///
/// # Errors
/// The connectors are not built.
pub(super) fn ways() -> anyhow::Result<Vec<Way>> {
    let runtime = Runtime::new(RuntimeOptions::default())?;
    let mut ways = Vec::new();
    for entry in std::fs::read_dir(binaries::components()?)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "wasm") {
            continue;
        }
        let plugin = runtime.install(&std::fs::read(&path)?)?;
        let PluginKind::Connector(manifest) = plugin.kind() else { continue };
        for (number, webhook) in manifest.webhooks.iter().enumerate() {
            ways.push(Way { name: format!("{}-{number}", manifest.id), scheme: webhook.signature.clone() });
        }
    }
    ways.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(ways)
}

/// What arrives, and what the hub knows.
#[derive(Clone)]
pub(super) struct Signed {
    pub(super) scheme: Signature,
    pub(super) body: Vec<u8>,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) keys: Vec<String>,
    pub(super) url: Option<String>,
    /// What the hub is told instead of the connector's tolerance.
    pub(super) tolerance: Option<u32>,
    /// Where signature and time stand.
    pub(super) signature: String,
    pub(super) time: Option<String>,
}

impl Way {
    pub(super) fn is_hex(&self) -> bool {
        matches!(&self.scheme, Signature::Hmac(Hmac { encoding: Encoding::Hex, .. }))
    }

    pub(super) fn is_minified(&self) -> bool {
        matches!(&self.scheme, Signature::Hmac(Hmac { or_minified: true, .. }))
    }

    pub(super) fn is_timed(&self) -> bool {
        match &self.scheme {
            Signature::Hmac(hmac) => hmac.time.is_some(),
            Signature::StandardWebhooks(_) => true,
        }
    }

    pub(super) fn is_addressed(&self) -> bool {
        matches!(&self.scheme, Signature::Hmac(hmac) if hmac.signed.contains(&SignedPart::PublicUrl))
    }

    pub(super) fn may_hold_several(&self) -> bool {
        matches!(&self.scheme, Signature::StandardWebhooks(_))
    }

    /// Signed so many seconds ago.
    ///
    /// # Errors
    /// The scheme signs a header that is not its time: nobody here knows what stands in it.
    pub(super) fn signed(&self, seconds_ago: i64) -> anyhow::Result<Signed> {
        self.signed_as(BODY, seconds_ago, |_| {})
    }

    /// Another body, with a signature that is changed before it is written down.
    ///
    /// # Errors
    /// As [`Self::signed`].
    pub(super) fn signed_as(
        &self,
        body: &str,
        seconds_ago: i64,
        change: impl FnOnce(&mut Vec<u8>),
    ) -> anyhow::Result<Signed> {
        let signed = match &self.scheme {
            Signature::Hmac(hmac) => self.by_hmac(hmac, body, seconds_ago, change),
            Signature::StandardWebhooks(_) => self.by_standard(body, seconds_ago, change),
        };
        Ok(Signed { body: body.as_bytes().to_vec(), ..signed? })
    }

    fn by_hmac(
        &self,
        hmac: &Hmac,
        body: &str,
        seconds_ago: i64,
        change: impl FnOnce(&mut Vec<u8>),
    ) -> anyhow::Result<Signed> {
        let time = hmac.time.as_ref().map(|time| (time.header.clone(), moment(time.format, seconds_ago)));
        let mut content = Vec::new();
        for part in &hmac.signed {
            match (part, &time) {
                (SignedPart::Body, _) => content.extend_from_slice(body.as_bytes()),
                (SignedPart::PublicUrl, _) => content.extend_from_slice(URL.as_bytes()),
                (SignedPart::Literal(text), _) => content.extend_from_slice(text.as_bytes()),
                (SignedPart::Header(name), Some((header, text))) if name == header => {
                    content.extend_from_slice(text.as_bytes());
                }
                (SignedPart::Header(name), _) => bail!("{} signs the header {name}", self.name),
            }
        }
        let mut mac = mac(KEY.as_bytes(), &content);
        change(&mut mac);
        let mac = encoded(&mac, hmac.encoding);
        let signature = hmac.headers.first().context("a signature stands in some header")?.clone();
        let mut headers = vec![(signature.clone(), format!("{}{mac}", hmac.prefix).into_bytes())];
        headers.extend(time.clone().map(|(header, text)| (header, text.into_bytes())));
        Ok(self.with(headers, signature, time.map(|(header, _)| header)))
    }

    fn by_standard(
        &self,
        body: &str,
        seconds_ago: i64,
        change: impl FnOnce(&mut Vec<u8>),
    ) -> anyhow::Result<Signed> {
        let time = moment(TimeFormat::UnixSeconds, seconds_ago);
        let mut mac = mac(&STANDARD.decode(KEY)?, format!("msg_1.{time}.{body}").as_bytes());
        change(&mut mac);
        let mac = STANDARD.encode(mac);
        let headers = vec![
            (STANDARD_ID.to_owned(), b"msg_1".to_vec()),
            (STANDARD_TIME.to_owned(), time.into_bytes()),
            (STANDARD_SIGNATURE.to_owned(), format!("v1,{mac}").into_bytes()),
        ];
        Ok(self.with(headers, STANDARD_SIGNATURE.to_owned(), Some(STANDARD_TIME.to_owned())))
    }

    fn with(&self, headers: Vec<(String, Vec<u8>)>, signature: String, time: Option<String>) -> Signed {
        Signed {
            scheme: self.scheme.clone(),
            body: BODY.as_bytes().to_vec(),
            headers,
            keys: vec![KEY.to_owned()],
            url: Some(URL.to_owned()),
            tolerance: None,
            signature,
            time,
        }
    }
}

fn mac(key: &[u8], content: &[u8]) -> Vec<u8> {
    let mut mac = hmac::Hmac::<Sha256>::new_from_slice(key).expect("a key may have any length");
    mac.update(content);
    mac.finalize().into_bytes().to_vec()
}

fn encoded(mac: &[u8], encoding: Encoding) -> String {
    match encoding {
        Encoding::Base64 => STANDARD.encode(mac),
        Encoding::Hex => mac.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

fn moment(format: TimeFormat, seconds_ago: i64) -> String {
    let seconds = NOW_SECONDS - seconds_ago;
    match format {
        TimeFormat::Rfc3339 => Timestamp(seconds * NANOS_PER_SECOND).to_string(),
        TimeFormat::UnixSeconds => seconds.to_string(),
    }
}

impl Signed {
    /// What the hub says: nothing, or why not. A header that HTTP does not allow never gets that far.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn checked(&self) -> Result<(), &'static str> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().map_err(|_| "no HTTP")?;
            headers.append(name, HeaderValue::from_bytes(value).map_err(|_| "no HTTP")?);
        }
        let keys: Vec<&str> = self.keys.iter().map(String::as_str).collect();
        let delivery = LoneDelivery {
            headers: &headers,
            body: &self.body,
            public_url: self.url.as_deref(),
            now: Timestamp(NOW_SECONDS * NANOS_PER_SECOND),
            keys: &keys,
            tolerance: self.tolerance,
        };
        check_signature(&self.scheme, &delivery)
    }

    pub(super) fn header(&mut self, name: &str) -> Option<&mut Vec<u8>> {
        self.headers.iter_mut().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The signature as it stands there.
    pub(super) fn shown(&self) -> &[u8] {
        let shown = self.headers.iter().find(|(name, _)| *name == self.signature);
        shown.map_or(&[], |(_, value)| value)
    }
}
