//! Secrets that are easy to find again, however they are spelled.

use aho_corasick::AhoCorasick;
use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::day::dice::Dice;

/// Long enough that no file holds one by chance, and half of one is found as well.
const HALF_LETTERS: usize = 14;
const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// What queries, JSON, HTML, shells and TOML each spell in their own way.
const BETWEEN: &str = "+/&\"%<=";

/// One secret of the hub's.
#[derive(Clone)]
pub(super) struct Canary {
    /// Of the variable that holds it.
    pub(super) variable: String,
    pub(super) value: String,
    halves: [String; 2],
}

impl Canary {
    pub(super) fn new(variable: &str, dice: &mut Dice) -> Self {
        let mut half = || -> String {
            let letters = (0..HALF_LETTERS).map(|_| dice.below(LETTERS.len() as u64));
            letters
                .filter_map(|at| LETTERS.get(usize::try_from(at).ok()?))
                .map(|byte| char::from(*byte))
                .collect()
        };
        let halves = [half(), half()];
        let [left, right] = &halves;
        Self { variable: variable.to_owned(), value: format!("{left}{BETWEEN}{right}"), halves }
    }
}

/// Looks for all canaries in all their spellings.
pub(super) struct Watch {
    spellings: Vec<(String, &'static str)>,
    matcher: AhoCorasick,
}

/// A canary that got out.
pub(super) struct Seen<'a> {
    pub(super) variable: &'a str,
    pub(super) spelling: &'static str,
}

impl Watch {
    /// # Errors
    /// There are more spellings than can be looked for.
    pub(super) fn over(canaries: &[Canary]) -> anyhow::Result<Self> {
        let mut spellings = Vec::new();
        let mut texts = Vec::new();
        for canary in canaries {
            for half in &canary.halves {
                for (text, spelling) in spelled(half) {
                    texts.push(text);
                    spellings.push((canary.variable.clone(), spelling));
                }
            }
        }
        let matcher = AhoCorasick::new(texts).context("too many spellings")?;
        Ok(Self { spellings, matcher })
    }

    pub(super) fn spellings(&self) -> usize {
        self.spellings.len()
    }

    pub(super) fn seen(&self, bytes: &[u8]) -> Option<Seen<'_>> {
        let found = self.matcher.find(bytes)?;
        let (variable, spelling) = self.spellings.get(found.pattern().as_usize())?;
        Some(Seen { variable, spelling })
    }
}

/// Letters and digits alone read the same in JSON, queries, HTML and quotes; these are the spellings in which they do not.
fn spelled(half: &str) -> Vec<(String, &'static str)> {
    let hex: String = half.bytes().map(|byte| format!("{byte:02x}")).collect();
    let listed =
        |separator: &str| half.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(separator);
    let mut spelled = vec![
        (half.to_owned(), "as it is"),
        (half.chars().rev().collect(), "backwards"),
        (half.to_uppercase(), "in upper case"),
        (half.to_lowercase(), "in lower case"),
        (half.chars().map(|letter| format!("%{:02X}", u32::from(letter))).collect(), "percent-encoded"),
        (half.chars().map(|letter| format!("\\u{:04x}", u32::from(letter))).collect(), "as JSON escapes"),
        (hex.to_uppercase(), "in upper-case hex"),
        (hex, "in hex"),
        (listed(", "), "as a list of bytes"),
        (listed(","), "as a short list of bytes"),
        (half.chars().flat_map(|letter| [letter, '\0']).collect(), "in UTF-16"),
    ];
    for before in 0..3 {
        let padded = [vec![0; before], half.as_bytes().to_vec()].concat();
        let encoded = STANDARD.encode(&padded);
        // Sextets that hold only bits of ours.
        let first = (before * 8).div_ceil(6);
        let last = padded.len() * 8 / 6;
        spelled.push((encoded.chars().take(last).skip(first).collect(), "in base64"));
    }
    spelled
}
