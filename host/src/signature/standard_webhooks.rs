//! The scheme of <https://www.standardwebhooks.com>, symmetric form (`v1`): a signature over `id.time.body`, possibly
//! several in one header while the sender rotates its key. The asymmetric form (`v1a`) is passed over.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hub_runtime::manifest::{Encoding, TimeFormat};
use zeroize::Zeroizing;

use super::{
    Incoming, MAC_BYTES, Refusal, SignedTime, check_age, decode_mac, is_signed, signed_at, single_header,
    text_of,
};
use crate::secret::Secret;

const ID: &str = "webhook-id";
const TIME: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";

/// What the specification's own libraries allow.
const TOLERANCE_SECONDS: u32 = 300;

/// A sender that rotates sends two; more than this is someone guessing many at a time.
const SIGNATURES_MAX: usize = 16;

/// Keys are handed out with and without padding.
const KEY_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) fn verify(
    incoming: &Incoming<'_>,
    keys: &[Secret],
    tolerance: Option<u32>,
) -> Result<(), Refusal> {
    let keys: Vec<_> = keys.iter().filter_map(key_bytes).collect();
    if keys.is_empty() {
        return Err(Refusal::Unconfigured);
    }
    let time =
        SignedTime { header: TIME.to_owned(), format: TimeFormat::UnixSeconds, tolerance: TOLERANCE_SECONDS };
    let at = signed_at(&time, incoming.headers)?;
    let claimed = claimed_macs(text_of(single_header(incoming.headers, SIGNATURE)?)?)?;
    let id = single_header(incoming.headers, ID)?.as_bytes();
    let written_time = single_header(incoming.headers, TIME)?.as_bytes();
    let parts = [id, b".", written_time, b".", incoming.body];
    if !is_signed(keys.iter().map(|key| key.as_slice()), &parts, &claimed) {
        return Err(Refusal::Mismatch);
    }
    check_age(at, incoming.now, tolerance.unwrap_or(time.tolerance))
}

fn key_bytes(secret: &Secret) -> Option<Zeroizing<Vec<u8>>> {
    let text = secret.expose();
    let encoded = text.strip_prefix("whsec_").unwrap_or(text);
    let bytes = Zeroizing::new(KEY_BASE64.decode(encoded).ok()?);
    (!bytes.is_empty()).then_some(bytes)
}

/// Those of our version that can be read; what other versions there are is the sender's affair.
fn claimed_macs(text: &str) -> Result<Vec<[u8; MAC_BYTES]>, Refusal> {
    if text.split(' ').count() > SIGNATURES_MAX {
        return Err(Refusal::Malformed);
    }
    let ours = text.split(' ').filter_map(|one| one.strip_prefix("v1,"));
    let macs: Vec<_> = ours.filter_map(|encoded| decode_mac(encoded, Encoding::Base64)).collect();
    if macs.is_empty() { Err(Refusal::Malformed) } else { Ok(macs) }
}
