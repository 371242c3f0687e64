//! Whose a plugin is: a minisign signature beside the component (`shopify.wasm.minisig`), held against the keys that the
//! operator trusts. The bytes that were verified are the ones that are compiled; nothing is read twice.
//!
//! A signature has no end: whoever may write into the folder can bring back an older build that was signed as well. What
//! ends it is taking its key away.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use minisign_verify::{Error, PublicKey, Signature};

/// Four lines, two of them comments. <https://jedisct1.github.io/minisign/#signature-format>
const SIGNATURE_BYTES_MAX: u64 = 4_096;

/// The keys plugins may be signed with, by the names the operator gives them. With none, plugins need no signature.
#[derive(Clone, Debug, Default)]
pub(crate) struct Publishers(BTreeMap<String, PublicKey>);

/// Why a plugin is not taken for anybody's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignatureProblem {
    #[error(
        "it is not signed, and [plugin_keys] of hub.toml asks for it: put the signature of whoever made it into {}, or make \
         one with `minisign -Sm` and a key of your own",
        .file.display()
    )]
    Missing { file: PathBuf },
    #[error("its signature {} cannot be read: {error}", .file.display())]
    Unreadable { file: PathBuf, error: io::Error },
    #[error("{} is no minisign signature{why}", .file.display())]
    Malformed { file: PathBuf, why: &'static str },
    #[error("it is signed with a key that is none of [plugin_keys] in hub.toml: {known}")]
    Stranger { known: String },
    #[error(
        "what is in it is not what {publisher} has signed: one of the two files was changed, or they are of different builds"
    )]
    OtherBytes { publisher: String },
}

impl Publishers {
    /// Adds a key: the second line of a `minisign.pub`, 56 characters of base64.
    ///
    /// # Errors
    /// It is no such key.
    pub(crate) fn add(&mut self, name: String, key: &str) -> Result<(), Error> {
        self.0.insert(name, PublicKey::from_base64(key.trim())?);
        Ok(())
    }

    /// Who signed exactly these bytes, read from this file; `None` where nobody has to.
    ///
    /// # Errors
    /// Nobody whom the operator trusts.
    pub(crate) fn signer_of(&self, path: &Path, bytes: &[u8]) -> Result<Option<String>, SignatureProblem> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let file = signature_of(path);
        let signature = match read(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(SignatureProblem::Missing { file });
            }
            Err(error) => return Err(SignatureProblem::Unreadable { file, error }),
        };
        self.signer(&signature, bytes, file).map(Some)
    }

    fn signer(&self, signature: &[u8], bytes: &[u8], file: PathBuf) -> Result<String, SignatureProblem> {
        if signature.len() as u64 > SIGNATURE_BYTES_MAX {
            return Err(SignatureProblem::Malformed { file, why: ": it is too long" });
        }
        let parsed = std::str::from_utf8(signature).ok().and_then(|text| Signature::decode(text).ok());
        let Some(signature) = parsed else {
            return Err(SignatureProblem::Malformed { file, why: "" });
        };
        let mut meant = None;
        for (publisher, key) in &self.0 {
            match key.verify(bytes, &signature, false) {
                Ok(()) => return Ok(publisher.clone()),
                Err(Error::UnexpectedKeyId) => {}
                Err(Error::UnexpectedAlgorithm) => {
                    let why =
                        " of the kind made today: it is a legacy one (`minisign -l`), which is not taken";
                    return Err(SignatureProblem::Malformed { file, why });
                }
                Err(_) => meant = Some(publisher.clone()),
            }
        }
        Err(match meant {
            Some(publisher) => SignatureProblem::OtherBytes { publisher },
            None => {
                let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
                SignatureProblem::Stranger { known: known.join(", ") }
            }
        })
    }
}

/// Where minisign writes the signature of a file.
pub(super) fn signature_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".minisig");
    PathBuf::from(name)
}

/// A byte more than may be there, so that too long a file is seen to be so.
fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(SIGNATURE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
