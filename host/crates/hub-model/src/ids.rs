//! The ids the hub gives itself, in one place. Each is a hash of what it names, so that a replay or a second hub gives
//! the same id to the same thing; a prefix says what it identifies wherever people see it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The text is not an id of the wanted kind.
#[derive(Clone, Debug, thiserror::Error)]
#[error("expected {prefix} and 32 hexadecimal digits")]
pub struct IdError {
    pub prefix: &'static str,
}

/// 128 bits of BLAKE3 over length-prefixed parts, so that no two lists of parts meet.
pub(crate) fn hash(context: &str, parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut id = [0; 16];
    hasher.finalize_xof().fill(&mut id);
    id
}

/// What an installation mixes into the ids of its people. Phones and order numbers are few enough to try them all: without
/// the salt an id, wherever it is seen, would tell whose it is. Secret: it goes into no log and no answer. Drawn once,
/// since every id changes with it.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Salt(Option<[u8; 32]>);

impl Salt {
    #[must_use]
    pub const fn new(random: [u8; 32]) -> Self {
        Self(Some(random))
    }

    /// Makes of a hash one that only this installation can make. Data from before there was a salt has plain ones.
    #[must_use]
    pub fn over(self, plain: [u8; 16]) -> [u8; 16] {
        self.0.map_or(plain, |salt| hash("omnihub salted v1", &[&salt, &plain]))
    }
}

impl std::fmt::Debug for Salt {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(if self.0.is_some() { "Salt(secret)" } else { "Salt(none)" })
    }
}

fn parse(text: &str, prefix: &'static str) -> Result<[u8; 16], IdError> {
    let digits = text.strip_prefix(prefix).ok_or(IdError { prefix })?;
    if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(IdError { prefix });
    }
    u128::from_str_radix(digits, 16).map(u128::to_be_bytes).map_err(|_| IdError { prefix })
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 16]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                parse(text, $prefix).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.0.serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                    text.parse().map_err(serde::de::Error::custom)
                } else {
                    <[u8; 16]>::deserialize(deserializer).map(Self)
                }
            }
        }
    )+};
}

ids! {
    /// A key of a person, and by its least account key a customer. When customers are joined the name of one goes on;
    /// the other keeps resolving, because it still names a key.
    NodeId = "cus_";
    /// One event of one connection, whatever number of deliveries bring it.
    EventId = "evt_";
    /// One action owed because of one event.
    EffectId = "eff_";
    /// What was said on one matter, named by the first thing said. Any other thing said in it finds it as well.
    ConversationId = "cnv_";
    /// Something to do for a customer later.
    FollowUpId = "fup_";
    /// A message, call or comment of a connection, told by nobody who does not know it: providers put phones into theirs.
    InteractionId = "int_";
    /// Whom the admin interface answers. Names the token, and tells nothing of it.
    TokenId = "tok_";
}

impl TokenId {
    /// Of a token, by its hash.
    #[must_use]
    pub fn of(hash: &[u8; 32]) -> Self {
        Self(self::hash("omnihub token v1", &[hash]))
    }
}

impl FollowUpId {
    /// Of an account, by who wants it and a mark of theirs that they use once: a request's key.
    #[must_use]
    pub fn of(account: NodeId, by: &str, mark: &str) -> Self {
        Self(hash("omnihub follow-up v1", &[&account.0, by.as_bytes(), mark.as_bytes()]))
    }

    /// Of a rule's action because of an event: whose the event is may change, and it stays the same.
    #[must_use]
    pub fn of_rule(rule: &str, cause: EventId, action: &str) -> Self {
        Self(hash("omnihub rule's follow-up v1", &[rule.as_bytes(), &cause.0, action.as_bytes()]))
    }
}

impl ConversationId {
    /// Of the interaction with the provider's id.
    #[must_use]
    pub fn of(connection: &str, interaction: &str) -> Self {
        Self(hash("omnihub conversation v1", &[connection.as_bytes(), interaction.as_bytes()]))
    }
}

impl EventId {
    #[must_use]
    pub fn of(connection: &str, name: &str, key: &str) -> Self {
        Self(hash("omnihub event v1", &[connection.as_bytes(), name.as_bytes(), key.as_bytes()]))
    }
}

impl EffectId {
    /// Without the rule's version, so that neither an edit of the rule nor a second delivery makes another effect.
    #[must_use]
    pub fn of(rule: &str, cause: EventId, action: &str, target: &str) -> Self {
        Self(hash("omnihub effect v1", &[rule.as_bytes(), &cause.0, action.as_bytes(), target.as_bytes()]))
    }
}
