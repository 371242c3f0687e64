//! What a connector says of itself, as plain data: the host verifies signatures, binds endpoints and shows settings
//! by it. A twin of `wit/connector/describe.wit`, where the meaning of each field stands.

mod check;

pub use check::ManifestProblem;
pub(crate) use check::{check, is_id, is_version};

use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// Lower case, digits and "-".
    pub id: String,
    pub version: String,
    pub title: String,
    pub settings: Vec<Setting>,
    /// Alternatives, told apart by the header that carries the signature.
    pub webhooks: Vec<Webhook>,
    pub endpoints: Vec<Endpoint>,
    pub actions: Vec<Action>,
    /// What `poll` can read.
    pub streams: Vec<Stream>,
    pub extra: Vec<(String, String)>,
}

impl Manifest {
    /// The fields rules may count on from its events, by their names in the catalogue: `fills` of `extra`, apart by spaces.
    /// Empty when it does not say.
    pub fn fills(&self) -> impl Iterator<Item = &str> {
        let declared = self.extra.iter().filter(|(name, _)| name == "fills");
        declared.flat_map(|(_, fields)| fields.split_ascii_whitespace())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingKind {
    Text,
    Number,
    Boolean,
    Url,
    Secret,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    pub key: String,
    pub kind: SettingKind,
    pub required: bool,
    pub default: Option<String>,
    pub help: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    Base64,
    Hex,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignedPart {
    Body,
    /// The value of this header as received.
    Header(String),
    /// The address the provider was told to call.
    PublicUrl,
    Literal(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    Rfc3339,
    UnixSeconds,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignedTime {
    pub header: String,
    pub format: TimeFormat,
    /// Seconds either way; 0 accepts any age.
    pub tolerance: u32,
}

/// HMAC-SHA256 over the signed parts put together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hmac {
    /// The first present one carries the signature.
    pub headers: Vec<String>,
    /// The setting of kind `secret` that holds the key.
    pub secret: String,
    pub signed: Vec<SignedPart>,
    /// Stands before the encoded signature.
    pub prefix: String,
    pub encoding: Encoding,
    pub time: Option<SignedTime>,
    /// When the raw body does not match, try it once more as JSON without whitespace outside strings.
    pub or_minified: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Signature {
    Hmac(Hmac),
    /// The setting of kind `secret` that holds the key.
    StandardWebhooks(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Dedupe {
    /// The first of these headers that is present.
    Header(Vec<String>),
    JsonPointer(String),
    Body,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Handshake {
    /// The setting of kind `secret` that holds the token.
    Meta(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// The first of these headers that is present.
    Header(Vec<String>),
    JsonPointer(String),
    None,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Webhook {
    pub signature: Signature,
    pub dedupe: Dedupe,
    pub topic: Topic,
    pub handshake: Option<Handshake>,
    /// Headers `normalise` wants to see, lower case.
    pub headers: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Auth {
    None,
    /// The secret.
    Bearer(String),
    /// Header and secret.
    Header(String, String),
    /// The setting that holds the user name, and the secret.
    Basic(String, String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    pub name: String,
    pub purpose: String,
    /// Where it usually is; "{key}" stands for a setting.
    pub base_url: String,
    /// Only paths that begin with one of these are called.
    pub paths: Vec<String>,
    pub auth: Auth,
    pub rate: Option<Rate>,
}

/// How much a provider documents that it bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rate {
    pub per_minute: u32,
    /// Requests at once after a rest.
    pub burst: u32,
}

/// What may be done when it is not known whether an action was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    Keyed,
    Probed,
    Natural,
    Unsafe,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Parameter {
    pub name: String,
    pub required: bool,
    pub help: String,
}

/// What an action is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Changes an object; nobody is written to.
    Work,
    /// Writes to the person named by the target, on this channel.
    Message(String),
    /// Erases the person named by the target: one of their ids of this scope.
    Erase(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Action {
    pub name: String,
    pub role: Role,
    pub grade: Grade,
    pub help: String,
    pub parameters: Vec<Parameter>,
    pub endpoint: String,
    /// The parameter that names the object written or the person written to.
    pub target: Option<String>,
}

/// Something `poll` reads page by page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stream {
    pub name: String,
    pub help: String,
    pub endpoint: String,
    /// Cron expression in UTC.
    pub schedule: String,
}
