//! Who is who. A key (provider id, e-mail, phone, token) is a node; a provider's person claims keys; claims with proof
//! link, and so does a person's word. A customer is what [`partition`] makes of all claims and words: a pure function of
//! their set, never of their order. Storage and search for the claims to look at are hub-fold's.

mod claim;
mod limits;
mod normal;
mod partition;
mod phones;

use serde::{Deserialize, Serialize};

pub use crate::event::{IdentityKind, Proof};
pub use crate::ids::NodeId;
use crate::ids::{Salt, hash};
pub use claim::{Claim, Claims, Evidence, Judged, Judgement};
pub use limits::Limits;
pub use normal::{KeyContext, normalise, written};
pub use partition::{Hindrance, Link, LinkedBy, Weighed, partition, weigh};
pub use phones::Phones;

/// A key of a person in its one normal form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct IdentityKey {
    pub kind: IdentityKind,
    /// `<connection>/<object type>` for provider ids and handles, the purpose for tokens, else empty.
    pub scope: String,
    pub value: String,
}

/// See [`NodeId`]: a customer is named by the least of its accounts.
pub type CustomerId = NodeId;

impl IdentityKey {
    #[must_use]
    pub fn node(&self, salt: Salt) -> NodeId {
        NodeId(salt.over(hash(
            "omnihub identity key v1",
            &[&[self.kind as u8], self.scope.as_bytes(), self.value.as_bytes()],
        )))
    }

    /// Whether it is an account at a provider, as opposed to a key several accounts may share.
    #[must_use]
    pub fn is_account(&self) -> bool {
        self.kind == IdentityKind::ProviderId
    }

    /// Whether one person has at most one of these. Guest orders and bare contacts are the exception: each is filed
    /// under itself, and a person may have many.
    #[must_use]
    pub fn is_single_valued(&self) -> bool {
        self.is_account() && !MANY_PER_PERSON.iter().any(|object| self.scope.ends_with(object))
    }

    /// A mailbox that belongs to a machine: many people's mail comes from it, and it is nobody's.
    #[must_use]
    pub fn is_machines(&self) -> bool {
        let Some((mailbox, _)) = self.value.split_once('@').filter(|_| self.kind == IdentityKind::Email)
        else {
            return false;
        };
        // "no-reply+17@", "do_not_reply@" and "noreply@" are one word.
        let name = mailbox.split_once('+').map_or(mailbox, |(name, _)| name);
        let word: String = name.chars().filter(|sign| !matches!(sign, '-' | '_' | '.')).collect();
        MACHINES.contains(&word.as_str())
    }
}

/// Object types, with the slash before them, of which one person may have many.
const MANY_PER_PERSON: [&str; 2] = ["/guest-order", "/contact"];

/// Mailboxes of machines, written together.
const MACHINES: [&str; 8] = [
    "noreply",
    "donotreply",
    "mailerdaemon",
    "postmaster",
    "notification",
    "notifications",
    "bounce",
    "bounces",
];

#[cfg(test)]
mod tests;
