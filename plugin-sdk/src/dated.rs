//! Events about objects that change: name, key, time and version all follow from one time the provider gave, so that
//! copies of one statement agree whatever the order they arrive in.

use crate::model::{Event, Payload};

impl Event {
    /// An event about `object` that can happen again. With a time of the provider's, the key is `<object>@<time>` and
    /// the time is the version. Without one, `otherwise` (the delivery's own id, or the value that was said) tells
    /// copies apart, the version is 0, and only `happened_at` falls back to when it was received.
    pub fn dated(
        name: impl Into<String>,
        object: &str,
        time: Option<i64>,
        otherwise: &str,
        received_at: i64,
        payload: Payload,
    ) -> Self {
        let key = match time {
            Some(time) => format!("{object}@{time}"),
            None => format!("{object}@{otherwise}"),
        };
        Self {
            name: name.into(),
            key,
            happened_at: time.unwrap_or(received_at),
            version: time.unwrap_or(0),
            payload,
        }
    }

    /// An event about `object` that happens once: its id alone is the key.
    pub fn once(
        name: impl Into<String>,
        object: impl Into<String>,
        time: Option<i64>,
        received_at: i64,
        payload: Payload,
    ) -> Self {
        Self {
            name: name.into(),
            key: object.into(),
            happened_at: time.unwrap_or(received_at),
            version: time.unwrap_or(0),
            payload,
        }
    }
}

/// A short name for a body that has no id of its own (64-bit FNV-1a in hexadecimal): the same for every copy of it.
/// Tells deliveries apart; it is no protection against somebody who wants two bodies to look alike.
#[must_use]
pub fn fingerprint(body: &str) -> String {
    /// Offset basis and prime of FNV-1a, 64 bits.
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let hash = body.bytes().fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::fingerprint;
    use crate::model::{Event, Other, Payload};

    fn notice(time: Option<i64>, received_at: i64) -> Event {
        Event::dated("provider.notice", "a", time, "delivery-1", received_at, Payload::Other(Other::new("t")))
    }

    #[test]
    fn the_providers_time_makes_key_and_version() {
        let event = notice(Some(5), 99);
        assert_eq!((event.key.as_str(), event.version, event.happened_at), ("a@5", 5, 5));
    }

    #[test]
    fn without_a_time_copies_still_agree_on_key_and_version() {
        let (first, second) = (notice(None, 99), notice(None, 100));
        assert_eq!((first.key.as_str(), first.version), ("a@delivery-1", 0));
        assert_eq!((first.key, first.version), (second.key, second.version));
    }

    #[test]
    fn the_fingerprint_is_fnv_1a() {
        // The published test vectors of the function.
        assert_eq!(fingerprint(""), "cbf29ce484222325");
        assert_eq!(fingerprint("a"), "af63dc4c8601ec8c");
    }
}
