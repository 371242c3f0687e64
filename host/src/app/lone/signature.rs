//! The check of a delivery's signature without the hub that received it: the schemes that connectors declare, as ingress
//! asks for them.

use http::HeaderMap;
use hub_model::Timestamp;
use hub_runtime::manifest::Signature;

use crate::secret::Secret;
use crate::signature::{Incoming, verify};

/// A delivery as it arrived, and what the connection knows of its sender.
#[derive(Clone, Copy, Debug)]
pub struct LoneDelivery<'a> {
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
    pub public_url: Option<&'a str>,
    pub now: Timestamp,
    pub keys: &'a [&'a str],
    /// The operator's word in seconds, instead of the connector's.
    pub tolerance: Option<u32>,
}

/// # Errors
/// Why the delivery is not believed, in a word; `unusable key` where a key is no secret.
pub fn check_signature(scheme: &Signature, delivery: &LoneDelivery<'_>) -> Result<(), &'static str> {
    let LoneDelivery { headers, body, public_url, now, keys, tolerance } = *delivery;
    let keys: Vec<Secret> =
        keys.iter().map(|key| Secret::new(key)).collect::<Result<_, _>>().map_err(|_| "unusable key")?;
    let incoming = Incoming { headers, body, public_url, now };
    verify(scheme, &incoming, &keys, tolerance).map_err(|refusal| refusal.word())
}
