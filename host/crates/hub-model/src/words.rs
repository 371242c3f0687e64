//! How words of people are compared: without case, accents or other ways to write the same letter.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Lower case without accents: "Łukasz", "LUKASZ" and "lukasz" are one; "Müller" is "muller", "Strauß" "strauss".
#[must_use]
pub fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    for letter in text.nfkd().filter(|letter| !is_combining_mark(*letter)).flat_map(char::to_lowercase) {
        match base(letter) {
            Some(base) => folded.push_str(base),
            None => folded.push(letter),
        }
    }
    folded
}

/// Letters Unicode does not take apart, and what people type where a keyboard has no such key.
fn base(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ħ' => "h",
        'ı' => "i",
        _ => return None,
    })
}

/// The words of a name: "Ana-María O'Brien" has ana, maria and obrien.
pub fn words(name: &str) -> impl Iterator<Item = String> {
    let joined: String = name.chars().filter(|letter| !APOSTROPHES.contains(letter)).collect();
    let words: Vec<String> =
        folded(&joined).split(|letter: char| !letter.is_alphanumeric()).map(str::to_owned).collect();
    words.into_iter().filter(|word| !word.is_empty())
}

/// Written within a word, and as often left away.
const APOSTROPHES: [char; 4] = ['\'', '’', '‘', '`'];

/// The plain form of letters and digits that only look different: wide ones, superscripts, ligatures.
#[must_use]
pub fn plain(text: &str) -> String {
    text.nfkc().collect()
}

/// Other ways a German word may have been written: "mueller" for "Müller" and the other way round.
#[must_use]
pub fn umlauts_respelt(word: &str) -> Option<String> {
    let lower = word.to_lowercase();
    let spelt_out = lower.replace('ä', "ae").replace('ö', "oe").replace('ü', "ue");
    if spelt_out != lower {
        return Some(folded(&spelt_out));
    }
    let drawn_in = lower.replace("ae", "a").replace("oe", "o").replace("ue", "u");
    (drawn_in != lower).then(|| folded(&drawn_in))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_and_accents() {
        for (name, expected) in [
            ("José", "jose"),
            ("JOSE\u{301}", "jose"),
            ("Łukasz Żółć", "lukasz|zolc"),
            ("Strauß", "strauss"),
            ("Ana-María  O'Brien", "ana|maria|obrien"),
            ("Søren Ærø", "soren|aero"),
            ("Ｆｕｌｌ width", "full|width"),
            ("Ольга Й", "ольга|и"),
            ("山田 太郎", "山田|太郎"),
            ("İpek Işık", "ipek|isik"),
            (" - ", ""),
            ("", ""),
        ] {
            assert_eq!(words(name).collect::<Vec<_>>().join("|"), expected, "{name}");
        }
    }

    #[test]
    fn umlauts_are_spelt_both_ways() {
        assert_eq!(umlauts_respelt("Müller").as_deref(), Some("mueller"));
        assert_eq!(umlauts_respelt("Mueller").as_deref(), Some("muller"));
        assert_eq!(umlauts_respelt("Berg"), None);
    }
}
