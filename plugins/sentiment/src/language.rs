//! Which language a text is in. Short messages are told by their little words, which trigrams get wrong; longer texts
//! in languages without lists are told by trigrams (whatlang).

use crate::cues;
use crate::lists::{LISTS, Lists};
use crate::words::Words;

/// What a word is worth that one language alone has; shared ones are worth their part. Divides by up to seven.
const VOTE: u32 = 420;

/// The language as BCP 47, `None` where nothing tells. What the text itself says goes before what the provider says:
/// that is often the person's setting and not what they write in.
pub(crate) fn of(text: &str, words: &Words, said: Option<&str>) -> Option<String> {
    let told = by_little_words(text, words).map(|lists| lists.code.to_owned());
    told.or_else(|| by_provider(said)).or_else(|| by_trigrams(text))
}

fn by_little_words(text: &str, words: &Words) -> Option<&'static Lists> {
    let mut votes = LISTS.map(|lists| (letters(text, lists) + cued(words, lists), lists));
    for word in &words.list {
        let speakers = LISTS.iter().filter(|lists| lists.little_words.contains(&word.text.as_str())).count();
        let Some(share) = u32::try_from(speakers).ok().and_then(|speakers| VOTE.checked_div(speakers)) else {
            continue;
        };
        for (votes, lists) in &mut votes {
            if lists.little_words.contains(&word.text.as_str()) {
                *votes += share;
            }
        }
    }
    votes.sort_by_key(|(votes, _)| std::cmp::Reverse(*votes));
    let [(most, winner), (second, _), ..] = votes;
    // One word of its own, or the like of it in shared ones, and no other language as likely.
    (most >= VOTE / 2 && most > second).then_some(winner)
}

/// Letters that only this language of ours has.
fn letters(text: &str, lists: &Lists) -> u32 {
    let own = text
        .chars()
        .filter(|letter| letter.to_lowercase().any(|letter| lists.letters.contains(&letter)))
        .count();
    u32::try_from(own).unwrap_or(u32::MAX).saturating_mul(VOTE / 2)
}

/// A cue is a phrase of its language: half a vote each.
fn cued(words: &Words, lists: &'static Lists) -> u32 {
    let cues = cues::found(words, lists).len();
    u32::try_from(cues).unwrap_or(u32::MAX).saturating_mul(VOTE / 2)
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
