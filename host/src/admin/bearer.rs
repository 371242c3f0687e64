//! The text of a token: a prefix that secret scanners know, 256 random bits, and a checksum over these, so that a scanner
//! tells a token from chance and we tell a mistyped one from a wrong one, without asking anybody. The idea is GitHub's
//! (github.blog, "Behind GitHub's new authentication token formats", 2021). In hexadecimal, because a double click takes
//! all of it and a shell has nothing to quote.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// `omnihub_` and 72 digits: the expression to give to a scanner is `omnihub_[0-9a-f]{72}`.
const PREFIX: &str = "omnihub_";
const RANDOM_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 4;

/// A token as it is shown, once.
pub(super) fn make() -> Result<Zeroizing<String>, getrandom::Error> {
    let mut random = Zeroizing::new([0; RANDOM_BYTES]);
    getrandom::fill(&mut *random)?;
    let checksum = checksum(&*random);
    Ok(Zeroizing::new(format!("{PREFIX}{}{}", hex::encode(*random), hex::encode(checksum))))
}

/// CRC32C, which the journal uses too.
fn checksum(random: &[u8]) -> [u8; CHECKSUM_BYTES] {
    crc32c::crc32c(random).to_be_bytes()
}

/// What a text looks like before anybody looks it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As [`make`] writes them.
    Made,
    /// Begins like one and does not agree with its checksum: cut off or mistyped.
    Damaged,
    Other,
}

pub(super) fn form(text: &str) -> Form {
    let Some(digits) = text.strip_prefix(PREFIX) else { return Form::Other };
    let mut bytes = Zeroizing::new([0; RANDOM_BYTES + CHECKSUM_BYTES]);
    let is_read = hex::decode_to_slice(digits, &mut *bytes).is_ok();
    let agrees = bytes
        .split_first_chunk()
        .is_some_and(|(random, last): (&[u8; RANDOM_BYTES], _)| *last == checksum(random));
    if is_read && agrees { Form::Made } else { Form::Damaged }
}

/// A token as it is kept and compared: always 32 bytes, so that there is no length to learn.
#[derive(Clone, Copy)]
pub(super) struct Hashed(pub(super) [u8; 32]);

impl Hashed {
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// In the same time wherever they differ.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_token_agrees_with_its_checksum_and_no_two_are_alike() {
        let (one, other) = (make().unwrap(), make().unwrap());
        assert_ne!(*one, *other);
        for token in [&one, &other] {
            assert_eq!((form(token), token.len()), (Form::Made, PREFIX.len() + 72));
            assert!(
                token.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
            );
        }
        // Written down: scanners are told this form, so it does not change.
        let known = format!("{PREFIX}{}{}", "00".repeat(32), "8a9136aa");
        assert_eq!(form(&known), Form::Made);
    }

    #[test]
    fn a_token_with_any_digit_changed_or_cut_is_seen_as_damaged() {
        let token = make().unwrap();
        for place in PREFIX.len()..token.len() {
            let mut bytes = token.as_bytes().to_vec();
            bytes[place] = if bytes[place] == b'0' { b'1' } else { b'0' };
            assert_eq!(form(std::str::from_utf8(&bytes).unwrap()), Form::Damaged, "{place}");
            assert_eq!(form(token.get(..place).unwrap()), Form::Damaged, "{place}");
        }
        assert_eq!(form(&format!("{}0", *token)), Form::Damaged);
        assert_eq!(form("sesame"), Form::Other);
        assert_eq!(form(""), Form::Other);
    }

    #[test]
    fn a_hash_is_only_itself() {
        let token = make().unwrap();
        let hash = Hashed::of(&token);
        assert!(hash.is(&Hashed::of(&token)));
        for byte in 0..32 {
            let mut other = hash;
            other.0[byte] ^= 1;
            assert!(!hash.is(&other), "{byte}");
        }
    }
}
