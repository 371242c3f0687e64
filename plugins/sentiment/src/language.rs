//! Which language a text is in. Short messages are told by their little words, which trigrams get wrong; longer texts
//! in languages without lists are told by trigrams (whatlang).

use crate::cues;
use crate::tables::{LETTERS, LITTLE_WORDS, TABLES, Tables};
use crate::words::{Words, is_kana, is_spaceless};

/// What a word is worth that one language alone has; shared ones are worth their part. Divides by up to ten.
const VOTE: u32 = 2_520;

/// The language as BCP 47, `None` where nothing tells. What the text itself says goes before what the provider says:
/// that is often the person's setting and not what they write in.
pub(crate) fn of(text: &str, words: &Words, said: Option<&str>) -> Option<String> {
    let told = by_script(text).or_else(|| by_little_words(text, words).map(|lists| lists.code));
    told.map(ToOwned::to_owned).or_else(|| by_provider(said)).or_else(|| by_trigrams(text))
}

/// Kana is Japanese; Han without any is Chinese. A name or two in other letters changes nothing.
fn by_script(text: &str) -> Option<&'static str> {
    let count = |is: fn(char) -> bool| text.chars().filter(|letter| is(*letter)).count();
    let (all, spaceless) = (count(char::is_alphabetic), count(is_spaceless));
    // Each of these letters says as much as two or three of ours.
    if spaceless == 0 || spaceless * 3 < all {
        return None;
    }
    Some(if count(is_kana) > 0 { "ja" } else { "zh" })
}

fn by_little_words(text: &str, words: &Words) -> Option<&'static Tables> {
    let mut votes = Votes::default();
    for word in &words.list {
        votes.shared(speakers(LITTLE_WORDS, &word.text.as_str()), VOTE);
        // "l'acqua", "qu'il": the little word is tied to the next.
        if let Some((before, _)) = word.text.split_once('\'') {
            votes.shared(speakers(LITTLE_WORDS, &before), VOTE);
        }
    }
    for letter in text.chars().flat_map(char::to_lowercase).filter(|letter| !letter.is_ascii()) {
        votes.shared(speakers(LETTERS, &letter), VOTE / 2);
    }
    for (index, tables) in TABLES.iter().enumerate() {
        // A cue is a phrase of its language: half a vote each.
        let cues = cues::met(words, tables.cues, |_| false).len()
            + cues::met(words, tables.intents, |_| false).len();
        votes.add(index, u32::try_from(cues).unwrap_or(u32::MAX).saturating_mul(VOTE / 2));
    }
    votes.winner()
}

/// Bits of the languages that have it, in the order of [`TABLES`].
fn speakers<T: Ord>(table: &[(T, u16)], wanted: &T) -> u16 {
    let found = table.binary_search_by(|(entry, _)| entry.cmp(wanted)).ok();
    found.and_then(|index| table.get(index)).map_or(0, |(_, speakers)| *speakers)
}

#[derive(Default)]
struct Votes([u32; TABLES.len()]);

impl Votes {
    fn add(&mut self, index: usize, votes: u32) {
        if let Some(sum) = self.0.get_mut(index) {
            *sum = sum.saturating_add(votes);
        }
    }

    /// Shares the votes among those who have it.
    fn shared(&mut self, speakers: u16, votes: u32) {
        let Some(share) = votes.checked_div(speakers.count_ones()) else { return };
        (0..TABLES.len())
            .filter(|index| speakers & (1 << index) != 0)
            .for_each(|index| self.add(index, share));
    }

    /// One word of its own, or the like of it in shared ones, and no other language as likely.
    fn winner(self) -> Option<&'static Tables> {
        let mut votes: Vec<_> = self.0.into_iter().zip(&TABLES).collect();
        votes.sort_by_key(|(votes, _)| std::cmp::Reverse(*votes));
        let [(most, winner), (second, _), ..] = votes.as_slice() else { return None };
        (*most >= VOTE / 2 && most > second).then_some(*winner)
    }
}

fn by_provider(said: Option<&str>) -> Option<String> {
    let primary = said?.split(['-', '_']).next()?.to_ascii_lowercase();
    let is_code = (2..=3).contains(&primary.len()) && primary.bytes().all(|byte| byte.is_ascii_lowercase());
    is_code.then_some(primary)
}

fn by_trigrams(text: &str) -> Option<String> {
    let info = whatlang::detect(text)?;
    (info.is_reliable()).then(|| two_letters(info.lang()).to_owned())
}

/// BCP 47 wants two letters where there are two. Of the others whatlang's three-letter code is right.
fn two_letters(language: whatlang::Lang) -> &'static str {
    use whatlang::Lang;
    match language {
        Lang::Eng => "en",
        Lang::Deu => "de",
        Lang::Fra => "fr",
        Lang::Spa => "es",
        Lang::Ita => "it",
        Lang::Nld => "nl",
        Lang::Por => "pt",
        Lang::Pol => "pl",
        Lang::Dan => "da",
        Lang::Swe => "sv",
        Lang::Nob => "nb",
        Lang::Fin => "fi",
        Lang::Ces => "cs",
        Lang::Slk => "sk",
        Lang::Hun => "hu",
        Lang::Ron => "ro",
        Lang::Tur => "tr",
        Lang::Ell => "el",
        Lang::Rus => "ru",
        Lang::Ukr => "uk",
        Lang::Bul => "bg",
        Lang::Srp => "sr",
        Lang::Hrv => "hr",
        Lang::Slv => "sl",
        Lang::Est => "et",
        Lang::Lav => "lv",
        Lang::Lit => "lt",
        Lang::Cat => "ca",
        Lang::Ara => "ar",
        Lang::Heb => "he",
        Lang::Hin => "hi",
        Lang::Jpn => "ja",
        Lang::Kor => "ko",
        Lang::Cmn => "zh",
        Lang::Vie => "vi",
        Lang::Tha => "th",
        Lang::Ind => "id",
        other => other.code(),
    }
}
