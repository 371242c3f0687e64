//! Binds an endpoint that a connector declares to an address, a credential and a reach, once, when a connection is
//! set up. What cannot be bound safely is not bound; the operator reads why and what to write.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hub_runtime::manifest::{Auth, Endpoint};
use hub_runtime::{HttpError, HttpRequest};
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use reqwest::{Request, Url};
use zeroize::Zeroizing;

use super::address::{blocked, literal};
use super::hidden::Hidden;
use super::request::{self, Denied, check_path, is_reserved};
use crate::config::EndpointConfig;
use crate::secret::Secret;

/// How far an endpoint's calls may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Addresses of the public internet, over https.
    Public,
    /// The operator's own network too, over http if the operator's address says so.
    Private,
}

/// The header the host adds.
#[derive(Clone)]
pub(super) struct Credential {
    pub(super) name: HeaderName,
    /// Marked as sensitive, so that nothing prints it.
    pub(super) value: HeaderValue,
}

/// Where the calls to an endpoint go and with what.
#[derive(Clone)]
pub(crate) struct BoundEndpoint {
    name: String,
    base: Url,
    paths: Vec<String>,
    reach: Reach,
    credential: Option<Credential>,
    hidden: Hidden,
}

impl BoundEndpoint {
    /// Where its calls go.
    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    pub(super) fn paths(&self) -> &[String] {
        &self.paths
    }

    pub(super) fn reach(&self) -> Reach {
        self.reach
    }

    pub(super) fn credential(&self) -> Option<&Credential> {
        self.credential.as_ref()
    }

    /// What of its answers no connector may see.
    pub(super) fn hidden(&self) -> &Hidden {
        &self.hidden
    }

    /// The request as it will leave, with its credentials.
    ///
    /// # Errors
    /// It may not.
    pub(super) fn request(&self, request: HttpRequest) -> Result<Request, HttpError> {
        request::build(self, request).map_err(|denied| self.denied(&denied))
    }

    /// Where a request would go.
    ///
    /// # Errors
    /// It may not leave.
    pub(crate) fn target(&self, request: HttpRequest) -> Result<Url, HttpError> {
        Ok(self.request(request)?.url().clone())
    }

    pub(super) fn denied(&self, denied: &Denied) -> HttpError {
        HttpError::Denied(self.says(denied))
    }

    pub(super) fn unreadable(&self, why: &str) -> HttpError {
        HttpError::Unreadable(self.says(format_args!("the answer cannot be read: {why}")))
    }

    /// A text for an error: which endpoint, which host and what. The path stays out of it, it may name a person.
    pub(super) fn says(&self, what: impl fmt::Display) -> String {
        format!("endpoint {:?} at {}: {what}", self.name, self.base.host_str().unwrap_or_default())
    }
}

impl fmt::Debug for BoundEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundEndpoint")
            .field("name", &self.name)
            .field("base", &self.base.as_str())
            .field("paths", &self.paths)
            .field("reach", &self.reach)
            .field("credential", &self.credential.as_ref().map(|credential| credential.name.as_str()))
            .finish()
    }
}

/// Why an endpoint is not bound.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BindError {
    #[error("the base address needs the setting {0:?}, which is not set")]
    NoSetting(String),
    #[error(
        "the setting {0:?} stands inside an address: only letters, digits, \"-\", \"_\" and \".\" may be in it"
    )]
    SettingForm(String),
    #[error("the declared base address has a brace without its partner")]
    Template,
    #[error("the base address is not an address such as https://api.example.com")]
    NotAnAddress,
    #[error("the base address may not hold a user name, a password, a query or a fragment")]
    AddressParts,
    #[error(
        "the base address has to begin with https://; for http write base_url and allow_private = true for this \
         endpoint in hub.toml"
    )]
    NotHttps,
    #[error(
        "the host is a {0} address; if that is meant, write allow_private = true for this endpoint in hub.toml"
    )]
    PrivateAddress(&'static str),
    #[error("the connector declares no path that it may call")]
    NoPath,
    #[error("the declared path {0:?} does not begin with \"/\" or is not in normal form")]
    Path(String),
    #[error("the secret {0:?} is not set")]
    NoSecret(String),
    #[error("the secret {0:?} cannot be sent in a header: only visible ASCII characters can")]
    SecretForm(String),
    #[error("the setting {0:?} is the user name; it may not hold \":\" or control characters")]
    UserForm(String),
    #[error("the header {0:?} cannot carry a credential")]
    AuthHeader(String),
}

/// `settings` and `secrets` are the connection's; of several valid secrets the first is sent.
///
/// # Errors
/// The first thing that is wrong.
pub(crate) fn bind(
    endpoint: &Endpoint,
    operator: &EndpointConfig,
    settings: &BTreeMap<String, String>,
    secrets: &BTreeMap<String, Vec<Secret>>,
) -> Result<BoundEndpoint, BindError> {
    let reach = if operator.allow_private { Reach::Private } else { Reach::Public };
    let address = match &operator.base_url {
        Some(address) => address.clone(),
        None => filled(&endpoint.base_url, settings)?,
    };
    let base = checked_base(&address)?;
    let http_is_meant = reach == Reach::Private && operator.base_url.is_some() && base.scheme() == "http";
    if base.scheme() != "https" && !http_is_meant {
        return Err(BindError::NotHttps);
    }
    check_reach(&base, reach).map_err(BindError::PrivateAddress)?;
    Ok(BoundEndpoint {
        name: endpoint.name.clone(),
        base,
        paths: checked_paths(&endpoint.paths)?,
        reach,
        credential: credential(&endpoint.auth, settings, secrets)?,
        hidden: Hidden::of(secrets.values().flatten()),
    })
}

/// Names are checked when they are resolved.
pub(super) fn check_reach(url: &Url, reach: Reach) -> Result<(), &'static str> {
    let address = url.host_str().and_then(literal);
    match (reach, address.and_then(blocked)) {
        (Reach::Public, Some(kind)) => Err(kind),
        _ => Ok(()),
    }
}

/// The template with its "{key}"s replaced. A setting that is the whole address may be any; one inside an address may
/// not bring a new host, path or user along.
fn filled(template: &str, settings: &BTreeMap<String, String>) -> Result<String, BindError> {
    let value = |key: &str| settings.get(key).ok_or_else(|| BindError::NoSetting(key.to_owned()));
    let mut address = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (key, behind) = after.split_once('}').ok_or(BindError::Template)?;
        if before.contains('}') {
            return Err(BindError::Template);
        }
        let value = value(key)?;
        let is_whole = before.is_empty() && behind.is_empty() && address.is_empty();
        if !is_whole && !is_part(value) {
            return Err(BindError::SettingForm(key.to_owned()));
        }
        address.push_str(before);
        address.push_str(value);
        rest = behind;
    }
    if rest.contains('}') {
        return Err(BindError::Template);
    }
    address.push_str(rest);
    Ok(address)
}

fn is_part(value: &str) -> bool {
    !value.is_empty()
        && !value.contains("..")
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// Parsed, and nothing in it that a parser could have read in two ways.
fn checked_base(address: &str) -> Result<Url, BindError> {
    let is_plain = address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let mut url = is_plain.then(|| Url::parse(address).ok()).flatten().ok_or(BindError::NotAnAddress)?;
    let has_more = !url.username().is_empty()
        || url.password().is_some()
        || address.contains(['@', '?', '#'])
        || url.query().is_some();
    if has_more {
        return Err(BindError::AddressParts);
    }
    if url.host_str().is_none_or(str::is_empty) || url.cannot_be_a_base() {
        return Err(BindError::NotAnAddress);
    }
    let path = url.path().trim_end_matches('/').to_owned();
    if !path.is_empty() {
        check_path(&path).map_err(|_| BindError::NotAnAddress)?;
    }
    url.set_path(&path);
    Ok(url)
}

fn checked_paths(paths: &[String]) -> Result<Vec<String>, BindError> {
    if paths.is_empty() {
        return Err(BindError::NoPath);
    }
    for path in paths {
        check_path(path).map_err(|_| BindError::Path(path.clone()))?;
    }
    Ok(paths.to_vec())
}

fn credential(
    auth: &Auth,
    settings: &BTreeMap<String, String>,
    secrets: &BTreeMap<String, Vec<Secret>>,
) -> Result<Option<Credential>, BindError> {
    let secret = |name: &str| {
        secrets.get(name).and_then(|all| all.first()).ok_or_else(|| BindError::NoSecret(name.to_owned()))
    };
    let (name, secret_name, text) = match auth {
        Auth::None => return Ok(None),
        Auth::Bearer(name) => (AUTHORIZATION, name, format!("Bearer {}", secret(name)?.expose())),
        Auth::Header(header, name) => (auth_header(header)?, name, secret(name)?.expose().to_owned()),
        Auth::Basic(user, name) => (AUTHORIZATION, name, basic(user, secret(name)?, settings)?),
    };
    let text = Zeroizing::new(text);
    let mut value = visible(&text).ok_or_else(|| BindError::SecretForm(secret_name.clone()))?;
    value.set_sensitive(true);
    Ok(Some(Credential { name, value }))
}

/// A connector may not name a header that steers the connection or says who is calling.
fn auth_header(name: &str) -> Result<HeaderName, BindError> {
    let refused = || BindError::AuthHeader(name.to_owned());
    let header: HeaderName = name.parse().map_err(|_| refused())?;
    if header != AUTHORIZATION && is_reserved(header.as_str()) { Err(refused()) } else { Ok(header) }
}

fn basic(user: &str, secret: &Secret, settings: &BTreeMap<String, String>) -> Result<String, BindError> {
    let name = settings.get(user).ok_or_else(|| BindError::NoSetting(user.to_owned()))?;
    if name.contains(|letter: char| letter == ':' || letter.is_control()) {
        return Err(BindError::UserForm(user.to_owned()));
    }
    let pair = Zeroizing::new(format!("{name}:{}", secret.expose()));
    Ok(format!("Basic {}", STANDARD.encode(pair.as_bytes())))
}

fn visible(text: &str) -> Option<HeaderValue> {
    let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    is_visible.then(|| HeaderValue::from_str(text).ok()).flatten()
}

#[cfg(test)]
mod tests;
