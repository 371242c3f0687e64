//! Takes a connection's secrets out of what its provider answers: error texts quote keys, some APIs hand out signing secrets,
//! and a connector, its log and the recordings are to know none of them. Finds what is written out; a provider that wants a
//! connector to know a secret can always tell it in a form of its own.

use zeroize::Zeroizing;

use crate::secret::{Secret, spellings};

/// A shorter one would be found in every second word. Nothing a provider gives out is that short.
const SECRET_BYTES_MIN: usize = 6;

#[derive(Clone)]
pub(super) struct Hidden {
    /// The longest first: one may be part of another.
    spellings: Vec<Zeroizing<String>>,
}

impl Hidden {
    pub(super) fn of<'a>(secrets: impl Iterator<Item = &'a Secret>) -> Self {
        let secrets = secrets.map(Secret::expose).filter(|secret| secret.len() >= SECRET_BYTES_MIN);
        let mut spellings: Vec<_> = secrets.flat_map(spellings).collect();
        spellings.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
        Self { spellings }
    }

    /// The text with as many other letters for each secret, so that lengths and JSON stay right.
    pub(super) fn taken_out(&self, mut text: String) -> String {
        for secret in &self.spellings {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), &"x".repeat(secret.len()));
            }
        }
        text
    }
}
