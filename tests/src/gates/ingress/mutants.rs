//! Right deliveries with bytes changed by chance, and whether anything of it makes a difference.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::signed::{BODY, KEY, Signed, URL, Way};
use crate::day::dice::Dice;

/// Changes of one mutant, at most.
const CHANGES_MAX: u64 = 3;

/// Keys are compared by what they decode to, where they are decoded.
const ANY_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Changes it here and there, and says where.
pub(super) fn mutate(signed: &mut Signed, dice: &mut Dice) -> Vec<&'static str> {
    let changes = 1 + dice.below(CHANGES_MAX);
    (0..changes).map(|_| mutate_once(signed, dice)).collect()
}

fn mutate_once(signed: &mut Signed, dice: &mut Dice) -> &'static str {
    let time = signed.time.clone();
    match (dice.below(10), time) {
        (0..=4, _) => {
            change(&mut signed.body, dice);
            "body"
        }
        (5..=6, _) | (7, None) => {
            let name = signed.signature.clone();
            if let Some(value) = signed.header(&name) {
                change(value, dice);
            }
            "signature"
        }
        (7, Some(name)) => {
            if let Some(value) = signed.header(&name) {
                change(value, dice);
            }
            "time"
        }
        (8, _) => {
            signed.keys.iter_mut().for_each(|key| change_text(key, dice));
            "key"
        }
        _ => {
            signed.url.iter_mut().for_each(|url| change_text(url, dice));
            "url"
        }
    }
}

/// Keys and addresses are the operator's, and text.
fn change_text(text: &mut String, dice: &mut Dice) {
    let mut bytes = text.clone().into_bytes();
    change(&mut bytes, dice);
    *text = String::from_utf8_lossy(&bytes).into_owned();
}

fn change(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let at = usize::try_from(dice.below(bytes.len() as u64)).unwrap_or_default();
    let drawn = u8::try_from(dice.below(256)).unwrap_or_default();
    match dice.below(9) {
        0 | 1 => {
            let bit = 1 << (drawn % 8);
            bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= bit);
        }
        2 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = drawn),
        3 => bytes.insert(at.min(bytes.len()), drawn),
        4 if at < bytes.len() => drop(bytes.remove(at)),
        5 if at + 1 < bytes.len() => bytes.swap(at, at + 1),
        6 => bytes.truncate(at),
        7 => bytes.extend_from_within(at..),
        _ => {
            const TELLING: [u8; 10] = *b" \t\n,=\"0\\A+";
            let byte = TELLING.get(usize::from(drawn) % TELLING.len()).copied().unwrap_or(b' ');
            bytes.insert(at.min(bytes.len()), byte);
        }
    }
}

/// Whether nothing that is signed, and nothing that it is signed with, is another than it was; also where that is a matter
/// of taste, so that only clear cases are judged.
pub(super) fn is_same(way: &Way, right: &Signed, mutant: &Signed) -> bool {
    let is_body_same =
        mutant.body == right.body || (way.is_minified() && packed(&mutant.body) == packed(BODY.as_bytes()));
    is_body_same
        && is_signature_same(way, right, mutant)
        && is_key_same(way, mutant)
        && is_url_same(way, mutant)
        && {
            let time =
                |signed: &Signed| signed.time.clone().and_then(|name| signed.clone().header(&name).cloned());
            time(right) == time(mutant)
        }
}

fn packed(body: &[u8]) -> Vec<u8> {
    body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect()
}

fn is_signature_same(way: &Way, right: &Signed, mutant: &Signed) -> bool {
    let (right, mutant) = (right.shown(), mutant.shown());
    mutant == right
        || (way.is_hex() && mutant.eq_ignore_ascii_case(right))
        || (way.may_hold_several() && mutant.split(|byte| *byte == b' ').any(|one| one == right))
}

fn is_key_same(way: &Way, mutant: &Signed) -> bool {
    let decoded = |key: &str| {
        let mut bytes = ANY_BASE64.decode(key.strip_prefix("whsec_").unwrap_or(key)).ok()?;
        // To an HMAC zeros behind a key are no part of it.
        bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
        Some(bytes)
    };
    mutant.keys.iter().any(|key| key == KEY || (way.may_hold_several() && decoded(key) == decoded(KEY)))
}

fn is_url_same(way: &Way, mutant: &Signed) -> bool {
    !way.is_addressed() || mutant.url.as_deref() == Some(URL)
}
