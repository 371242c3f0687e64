//! Finds people's own words in bytes: as they are, escaped, and in base64 wherever they stand in it.

use std::collections::HashMap;

use super::life::Person;

/// So many bytes tell which words may begin here.
const WINDOW: usize = 8;

/// Words to be found.
pub(crate) struct Scan {
    /// By their first bytes.
    words: HashMap<u64, Vec<Vec<u8>>>,
}

impl Scan {
    pub(crate) fn of(people: &[Person]) -> Self {
        let mut scan = Self { words: HashMap::new() };
        for word in people.iter().flat_map(Person::own_words) {
            scan.add(word.as_bytes().to_vec());
            scan.add(escaped(&word).into_bytes());
            for place in 0..3 {
                scan.add(inside_base64(word.as_bytes(), place));
            }
        }
        scan
    }

    fn add(&mut self, word: Vec<u8>) {
        let begin = word.iter().take(WINDOW).fold(0, |begin, byte| (begin << 8) | u64::from(*byte));
        assert!(word.len() >= WINDOW, "long enough to be told from chance");
        self.words.entry(begin).or_default().push(word);
    }

    pub(crate) fn finds(&self, bytes: &[u8]) -> bool {
        let mut window = 0_u64;
        bytes.iter().enumerate().any(|(end, byte)| {
            window = (window << 8) | u64::from(*byte);
            end + 1 >= WINDOW
                && self
                    .words
                    .get(&window)
                    .is_some_and(|words| words.iter().any(|word| bytes[end + 1 - WINDOW..].starts_with(word)))
        })
    }
}

/// Every character as JSON may write it.
pub(crate) fn escaped(word: &str) -> String {
    word.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| (bits << 8) | u32::from(group.get(at).copied().unwrap_or(0)));
        for place in 0..4 {
            let sign = SIGNS[usize::try_from((bits >> (18 - 6 * place)) & 63).unwrap()];
            text.push(if place <= group.len() { char::from(sign) } else { '=' });
        }
    }
    text
}

/// The signs that say the word and nothing else where it stands so many bytes behind the beginning of a group.
fn inside_base64(word: &[u8], place: usize) -> Vec<u8> {
    let text = base64(&[&[0; 2][..place], word].concat());
    let (from, to) = ((place * 8).div_ceil(6), (place + word.len()) * 8 / 6);
    text.as_bytes()[from..to].to_vec()
}

#[test]
fn words_are_found_in_every_form() {
    let people = super::town::Town::new(1, 2).people;
    let (one, other) = (Scan::of(&people[..1]), Scan::of(&people[1..]));
    let word = people[0].own_words().remove(0);
    assert_eq!(base64(b"any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
    for before in ["", "a", "ab", "abc", "abcdefg"] {
        for form in [
            format!("{before}{word}"),
            format!("{before}{}", escaped(&word)),
            base64(format!("{before}{word} and more").as_bytes()),
            format!("x{}", base64(format!("{before}{word}").as_bytes())),
        ] {
            assert!(one.finds(form.as_bytes()), "{form}");
            assert!(!other.finds(form.as_bytes()), "{form}");
        }
    }
}
