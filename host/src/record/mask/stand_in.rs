//! What stands for what: the same value always has the same stand-in, of the same form, and nobody without the key can
//! go back. Short values are permuted, so that two different ids never get one stand-in.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use blake3::OutputReader;
use zeroize::Zeroizing;

/// Enough for a permutation nobody looks through; the key is gone when the hub ends.
const ROUNDS: u8 = 8;
/// Below this many values a permutation is computed in 128 bits.
const PERMUTED_MAX: u128 = 1 << 126;
/// The digits of a number that surely stays below [`PERMUTED_MAX`].
const PERMUTED_DIGITS_MAX: usize = 37;
/// Shorter runs of digits and a–f are words or small ids.
const HEX_LENGTH_MIN: usize = 8;
/// Where a number stops being exact in a float, in an `i64` and in a `u64`: a stand-in stays on its side.
const EXACT_TO: [u128; 3] = [(1 << 53) + 1, 1 << 63, 1 << 64];

/// The digits at a phone number's end that are replaced. Those before are country and area, so that all spellings of a
/// number keep leading to one.
const PHONE_TAIL: usize = 8;
/// Numbers after 555 are fiction in the numbering plan that has a place for it.
const FICTION: &str = "555";
const PHONE_STAND_INS: u32 = 100_000;

/// The letters and digits of a script that may stand for each other.
const ALPHABETS: [(char, char); 37] = [
    ('0', '9'),
    ('A', 'Z'),
    ('a', 'z'),
    ('À', 'Ö'),
    ('Ø', 'Þ'),
    ('ß', 'ö'),
    ('ø', 'ÿ'),
    ('Ā', 'ſ'),
    ('Α', 'Ρ'),
    ('Σ', 'Ω'),
    ('ά', 'ώ'),
    ('Ѐ', 'Я'),
    ('а', 'џ'),
    ('א', 'ת'),
    ('ء', 'غ'),
    ('ف', 'ي'),
    ('٠', '٩'),
    ('ٱ', 'ۓ'),
    ('۰', '۹'),
    ('ऄ', 'ह'),
    ('०', '९'),
    ('অ', 'ঌ'),
    ('ক', 'ন'),
    ('ก', 'ฮ'),
    ('ა', 'ჺ'),
    ('Ạ', 'ỹ'),
    ('ぁ', 'ゖ'),
    ('ァ', 'ヺ'),
    ('㐀', '䶵'),
    ('一', '龥'),
    ('가', '힣'),
    ('０', '９'),
    ('Ａ', 'Ｚ'),
    ('ａ', 'ｚ'),
    ('ਅ', 'ਊ'),
    ('அ', 'ஊ'),
    ('Ա', 'Ֆ'),
];

/// Makes stand-ins.
pub(super) struct StandIns {
    key: Zeroizing<[u8; 32]>,
    phones: Phones,
}

/// Fictional numbers are few, so those given away are remembered.
#[derive(Default)]
struct Phones {
    given: HashMap<u32, u32>,
    taken: HashSet<u32>,
}

impl StandIns {
    pub(super) fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self { key, phones: Phones::default() }
    }

    /// Whatever the spelling of an address, one stand-in.
    pub(super) fn email(&self, address: &str) -> String {
        let mut hash = [0; 6];
        self.drawn("email", address.trim().to_lowercase().as_bytes()).fill(&mut hash);
        format!("{}@example.com", hex::encode(hash))
    }

    pub(super) fn host(&self, host: &str) -> String {
        let mut hash = [0; 5];
        self.drawn("host", host.to_lowercase().as_bytes()).fill(&mut hash);
        format!("{}.example", hex::encode(hash))
    }

    /// A number of as many digits, zeros in front kept, on the same side of what 53, 63 and 64 bits hold.
    pub(super) fn digits(&self, digits: &str) -> String {
        let number = digits.trim_start_matches('0');
        let zeros = digits.len() - number.len();
        let value = number.parse().ok().filter(|_| number.len() <= PERMUTED_DIGITS_MAX);
        match value {
            Some(value) => {
                let side = side_of(value, number.len());
                let size = side.end - side.start;
                let stand_in = side.start + self.permuted(b"digits", value - side.start, size);
                format!("{}{stand_in}", "0".repeat(zeros))
            }
            None if number.is_empty() => digits.to_owned(),
            None => format!("{}{}", "0".repeat(zeros), self.spelled(number, number)),
        }
    }

    /// A phone number in its own spelling: only its last digits change.
    pub(super) fn phone(&mut self, spelled: &str) -> String {
        let digits: String = spelled.chars().filter(char::is_ascii_digit).collect();
        let stand_in = match digits.len().checked_sub(PHONE_TAIL) {
            Some(kept @ 1..) => {
                let (area, tail) = digits.split_at(kept);
                let number = self.fictional(tail.parse().unwrap_or(0));
                format!("{area}{}{FICTION}{:04}", number / 10_000, number % 10_000)
            }
            _ => self.digits(&digits),
        };
        let mut stand_in = stand_in.chars();
        spelled
            .chars()
            .map(|letter| if letter.is_ascii_digit() { stand_in.next().unwrap_or(letter) } else { letter })
            .collect()
    }

    fn fictional(&mut self, tail: u32) -> u32 {
        if let Some(given) = self.phones.given.get(&tail) {
            return *given;
        }
        let mut hash = [0; 4];
        self.drawn("phone", &tail.to_le_bytes()).fill(&mut hash);
        let first = u32::from_le_bytes(hash) % PHONE_STAND_INS;
        let others = (0..PHONE_STAND_INS).map(|step| (first + step) % PHONE_STAND_INS);
        // When all are taken, two numbers share one.
        let free = others.into_iter().find(|number| !self.phones.taken.contains(number)).unwrap_or(first);
        self.phones.taken.insert(free);
        self.phones.given.insert(tail, free);
        free
    }

    /// Every run of letters and digits by itself, so that a name is the same alone and within a longer one.
    pub(super) fn words(&self, text: &str) -> String {
        let mut masked = String::with_capacity(text.len());
        let is_uuid = is_uuid(text);
        for run in text.split_inclusive(|letter: char| !letter.is_alphanumeric()) {
            let word = run.trim_end_matches(|letter: char| !letter.is_alphanumeric());
            masked.push_str(&self.word(word, is_uuid));
            masked.extend(run.chars().skip(word.chars().count()));
        }
        masked
    }

    fn word(&self, word: &str, is_hex: bool) -> String {
        if word.is_empty() {
            return String::new();
        }
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.digits(word);
        }
        match word.is_ascii() {
            true => self.code(word, is_hex).unwrap_or_else(|| self.spelled(word, word)),
            false => self.spelled(word, &word.to_lowercase()),
        }
    }

    /// A short word as a number in the mixed base of its letters' kinds; `None` when it is too long for that.
    fn code(&self, word: &str, is_hex: bool) -> Option<String> {
        let is_long = word.len() >= HEX_LENGTH_MIN && word.bytes().any(|byte| byte.is_ascii_digit());
        let is_hex = (is_hex || is_long) && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let base = |letter: u8| match letter {
            b'0'..=b'9' => (b'0', 10),
            b'a'..=b'z' => (b'a', if is_hex { 6 } else { 26 }),
            _ => (b'A', if is_hex { 6 } else { 26 }),
        };
        let mut size = 1_u128;
        let mut value = 0_u128;
        let mut pattern = vec![u8::from(is_hex)];
        for letter in word.bytes() {
            let (first, count) = base(letter);
            size = size.checked_mul(count).filter(|size| *size < PERMUTED_MAX)?;
            value = value * count + u128::from(letter - first);
            // "Mara" and "MARA" are one name.
            pattern.push(if first == b'0' { b'0' } else { b'a' });
        }
        let mut rest = self.permuted(&pattern, value, size);
        let mut letters: Vec<u8> = Vec::with_capacity(word.len());
        for letter in word.bytes().rev() {
            let (first, count) = base(letter);
            letters.push(first + u8::try_from(rest % count).unwrap_or(0));
            rest /= count;
        }
        letters.reverse();
        String::from_utf8(letters).ok()
    }

    /// A text of the same length and scripts: what `seed` decides is the same whenever the seed is. Spaces, punctuation
    /// and symbols stay.
    pub(super) fn spelled(&self, text: &str, seed: &str) -> String {
        let mut drawn = self.drawn("text", seed.as_bytes());
        let spell = |letter: char| {
            if !letter.is_alphanumeric() {
                return letter;
            }
            let mut hash = [0; 4];
            drawn.fill(&mut hash);
            let hash = u32::from_le_bytes(hash);
            let alphabet = ALPHABETS.iter().find(|(first, last)| (*first..=*last).contains(&letter));
            let (first, last) = alphabet.copied().unwrap_or(('a', 'z'));
            let place = u32::from(first) + hash % (u32::from(last) - u32::from(first) + 1);
            // The few places of an alphabet that are no letters.
            char::from_u32(place).filter(|letter| letter.is_alphanumeric()).unwrap_or(first)
        };
        text.chars().map(spell).collect()
    }

    /// One of `0..size` for each of them, another for each: a Feistel network, walked until it is back inside.
    fn permuted(&self, domain: &[u8], value: u128, size: u128) -> u128 {
        let Some(last) = size.checked_sub(1).filter(|last| *last > 0) else { return value };
        let half = (u128::BITS - last.leading_zeros()).div_ceil(2);
        let mask = (1_u128 << half) - 1;
        let mut place = value;
        loop {
            let (mut left, mut right) = (place >> half, place & mask);
            for round in 0..ROUNDS {
                let mut hash = [0; 16];
                let of = [domain, &size.to_le_bytes(), &[round], &right.to_le_bytes()].concat();
                self.drawn("permutation", &of).fill(&mut hash);
                (left, right) = (right, left ^ (u128::from_le_bytes(hash) & mask));
            }
            place = (left << half) | right;
            if place < size {
                return place;
            }
        }
    }

    fn drawn(&self, purpose: &str, of: &[u8]) -> OutputReader {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(purpose.as_bytes()).update(&[0]).update(of);
        hasher.finalize_xof()
    }
}

/// `9b8e4d70-1c2f-4a6e-8b1d-000000000002`.
fn is_uuid(text: &str) -> bool {
    let parts = text.split('-').map(|part| (part.len(), part.bytes().all(|byte| byte.is_ascii_hexdigit())));
    parts.eq([(8, true), (4, true), (4, true), (4, true), (12, true)])
}

/// The numbers of so many digits on the same side of every limit.
fn side_of(value: u128, digits: usize) -> Range<u128> {
    let power = |exponent: usize| 10_u128.pow(u32::try_from(exponent).unwrap_or(u32::MAX));
    let mut side = power(digits.saturating_sub(1))..power(digits);
    for limit in EXACT_TO {
        if value < limit {
            side.end = side.end.min(limit);
        } else {
            side.start = side.start.max(limit);
        }
    }
    side
}
