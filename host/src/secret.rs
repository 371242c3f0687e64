//! Secrets and where they come from. Configuration never holds a secret, only the place of one; this module alone
//! reads the place. Nothing here prints a secret, and no error repeats the text it could not understand: that text
//! may be a secret someone pasted in the wrong place.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use zeroize::Zeroizing;

/// Keys and tokens are a few hundred bytes; a file beyond this is not one of them.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Rotation needs two at once, a slow one three. Every key costs a signature check per delivery.
const SECRETS_MAX: usize = 8;

/// A key or token: never empty, one line, not shown by `Debug`, gone from memory when dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text of one line, without its end.
    ///
    /// # Errors
    /// [`SecretError::Empty`] and [`SecretError::ControlCharacter`].
    pub fn new(line: &str) -> Result<Self, SecretError> {
        if line.trim().is_empty() {
            return Err(SecretError::Empty);
        }
        if line.chars().any(char::is_control) {
            return Err(SecretError::ControlCharacter);
        }
        Ok(Self(Zeroizing::new(line.to_owned())))
    }

    /// The secret itself, for the one who signs or sends with it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// How a secret may stand in what others write: as it is, inside a JSON string, and in a query.
pub(crate) fn spellings(secret: &str) -> Vec<Zeroizing<String>> {
    let quoted = serde_json::Value::from(secret).to_string();
    let in_json = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned();
    let in_query: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut spellings = vec![secret.to_owned(), in_json, in_query];
    spellings.dedup();
    spellings.into_iter().map(Zeroizing::new).collect()
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where a secret stands: `env:NAME` or `file:PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SecretRef {
    Env(String),
    /// Relative to the configuration file's directory unless absolute.
    File(PathBuf),
}

impl SecretRef {
    /// All secrets that are valid now, the newest first: one per line, so that an old key stays valid while a new
    /// one is rolled out.
    ///
    /// # Errors
    /// The place and what is wrong with it.
    pub(crate) fn resolve(&self, base_dir: &Path) -> Result<Vec<Secret>, SecretError> {
        self.resolve_with(base_dir, |name| std::env::var_os(name))
    }

    fn resolve_with(
        &self,
        base_dir: &Path,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Vec<Secret>, SecretError> {
        let at = |problem| SecretError::At { place: self.to_string(), problem: Box::new(problem) };
        let text = match self {
            Self::Env(name) => variable(name).ok_or(SecretError::NotSet).and_then(utf8_variable),
            Self::File(path) => read_file(&base_dir.join(path)),
        };
        text.and_then(|text| secrets_of(&text)).map_err(at)
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

impl FromStr for SecretRef {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(name) = text.strip_prefix("env:") {
            return if is_variable_name(name) {
                Ok(Self::Env(name.to_owned()))
            } else {
                Err(SecretError::VariableName)
            };
        }
        let path = text.strip_prefix("file:").ok_or(SecretError::Form)?;
        if path.trim().is_empty() || path.chars().any(char::is_control) {
            return Err(SecretError::Path);
        }
        Ok(Self::File(PathBuf::from(path)))
    }
}

/// Why there is no secret. The first three never repeat the text they are about.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error(
        "a secret is named by its place, \"env:NAME\" or \"file:PATH\", and never written here; if this was the \
         secret itself, replace it at the provider"
    )]
    Form,
    #[error("after \"env:\" stands the name of an environment variable: letters, digits and \"_\"")]
    VariableName,
    #[error("after \"file:\" stands the path of a file")]
    Path,
    #[error("no secret from {place}: {problem}")]
    At { place: String, problem: Box<SecretError> },
    #[error("the environment variable is not set")]
    NotSet,
    #[error("there is no such file")]
    NoFile,
    #[error("it is not a regular file")]
    NotAFile,
    #[error("the file cannot be read ({0})")]
    Unreadable(std::io::ErrorKind),
    #[error("the file is larger than {FILE_BYTES_MAX} bytes")]
    TooLarge,
    #[error("it is not UTF-8 text")]
    NotText,
    #[error("it is empty; it should hold one secret per line")]
    Empty,
    #[error("it holds more than {SECRETS_MAX} lines; only the secrets valid now belong in it")]
    TooMany,
    #[error("a line holds a control character; a secret is one line of text")]
    ControlCharacter,
}

fn is_variable_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn utf8_variable(value: OsString) -> Result<Zeroizing<String>, SecretError> {
    value.into_string().map(Zeroizing::new).map_err(|_| SecretError::NotText)
}

fn read_file(path: &Path) -> Result<Zeroizing<String>, SecretError> {
    // Asked before opening: opening a pipe would wait for its writer.
    let kind = std::fs::metadata(path).map_err(|error| file_problem(&error))?;
    if !kind.is_file() {
        return Err(SecretError::NotAFile);
    }
    let file = File::open(path).map_err(|error| file_problem(&error))?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| file_problem(&error))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > FILE_BYTES_MAX) {
        return Err(SecretError::TooLarge);
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| SecretError::NotText)?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn file_problem(error: &std::io::Error) -> SecretError {
    match error.kind() {
        std::io::ErrorKind::NotFound => SecretError::NoFile,
        kind => SecretError::Unreadable(kind),
    }
}

/// Only line ends are cut: a space may belong to a secret.
fn secrets_of(text: &str) -> Result<Vec<Secret>, SecretError> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let secrets: Vec<Secret> = lines.map(Secret::new).collect::<Result<_, _>>()?;
    match secrets.len() {
        0 => Err(SecretError::Empty),
        1..=SECRETS_MAX => Ok(secrets),
        _ => Err(SecretError::TooMany),
    }
}

#[cfg(test)]
mod tests;
