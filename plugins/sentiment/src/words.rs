//! A text as words: lower case, accents dropped (people drop them too), each with the sentence it stands in.
//! Knows no language.

/// Longer messages are quoted threads: what somebody feels is said in the first lines.
const WORDS_MAX: usize = 1_000;

/// Whether a sentence ends in a question mark. Questions ask; their nice words are not praise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sentence {
    Statement,
    Question,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// Folded; an emoji is a word of its own, and so is a letter of a script that puts no spaces.
    pub(crate) text: String,
    /// Counts up from 0.
    pub(crate) sentence: usize,
    /// Part of the sentence between commas and the like; counts up from 0 through the whole text.
    pub(crate) clause: usize,
    /// Two letters or more and all of them capitals.
    pub(crate) shouted: bool,
    /// Begins with a capital and goes on in small letters, and is not the first of its sentence.
    pub(crate) titled: bool,
    /// Stands in quotation marks: what somebody names, not what they say.
    pub(crate) quoted: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Words {
    pub(crate) list: Vec<Word>,
    questions: Vec<bool>,
}

impl Words {
    pub(crate) fn sentence(&self, index: usize) -> Sentence {
        match self.questions.get(index) {
            Some(true) => Sentence::Question,
            _ => Sentence::Statement,
        }
    }

    pub(crate) fn has_question(&self) -> bool {
        self.questions.contains(&true)
    }
}

/// Where reading is.
#[derive(Default)]
struct Place {
    sentence: usize,
    clause: usize,
    /// The mark that will end the quotation.
    quote: Option<char>,
}

pub(crate) fn split(text: &str) -> Words {
    let mut words = Words::default();
    let mut word = String::new();
    let mut place = Place::default();
    for letter in text.chars().chain(std::iter::once(' ')) {
        let stands_alone = is_word_itself(letter);
        if !stands_alone && (letter.is_alphanumeric() || (is_apostrophe(letter) && !word.is_empty())) {
            word.push(letter);
            continue;
        }
        push(&mut words, &mut word, &place);
        if words.list.len() >= WORDS_MAX {
            break;
        }
        if stands_alone {
            word.push(letter);
            push(&mut words, &mut word, &place);
        }
        place.quote = quotation(place.quote, letter);
        place.clause += usize::from(ends_clause(letter));
        if ends_sentence(letter) && words.list.last().is_some_and(|last| last.sentence == place.sentence) {
            let asks = matches!(letter, '?' | '\u{FF1F}') || words.list.last().is_some_and(ends_question);
            words.questions.push(asks);
            place.sentence += 1;
            place.quote = None;
        }
    }
    if words.list.last().is_some_and(|last| last.sentence == place.sentence) {
        let asks = words.list.last().is_some_and(ends_question);
        words.questions.push(asks);
    }
    words
}

/// Japanese and Chinese ask with a last word; the mark is often left out.
fn ends_question(last: &Word) -> bool {
    matches!(last.text.as_str(), "か" | "吗" | "呢")
}

fn push(words: &mut Words, word: &mut String, place: &Place) {
    let raw = std::mem::take(word);
    let raw = raw.trim_end_matches(is_apostrophe);
    if raw.is_empty() {
        return;
    }
    /// "I" and sizes are written in capitals by calm people too.
    const SHOUT_LETTERS_MIN: usize = 2;
    let shouted = raw.chars().filter(|letter| letter.is_alphabetic()).count() >= SHOUT_LETTERS_MIN
        && raw.chars().any(char::is_uppercase)
        && !raw.chars().any(|letter| letter.is_lowercase() || letter.is_numeric());
    let is_first = words.list.last().is_none_or(|last| last.sentence != place.sentence);
    let titled = !is_first && raw.starts_with(char::is_uppercase) && raw.chars().any(char::is_lowercase);
    let quoted = place.quote.is_some();
    let &Place { sentence, clause, .. } = place;
    words.list.push(Word { text: fold(raw), sentence, clause, shouted, titled, quoted });
}

fn ends_sentence(letter: char) -> bool {
    matches!(letter, '.' | '!' | '?' | '\n' | ';' | '。' | '\u{FF01}' | '\u{FF1F}')
}

fn ends_clause(letter: char) -> bool {
    ends_sentence(letter)
        || matches!(letter, ',' | ':' | '(' | ')' | '–' | '—' | '、' | '\u{FF0C}' | '¿' | '¡')
}

/// The mark that ends the quotation after this letter.
fn quotation(open: Option<char>, letter: char) -> Option<char> {
    match (open, letter) {
        (Some(end), letter) if letter == end => None,
        // Polish ends with another mark than German what both begin with the same.
        (Some('“'), '”') => None,
        (Some(end), _) => Some(end),
        (None, '"') => Some('"'),
        (None, '“') => Some('”'),
        (None, '„') => Some('“'),
        (None, '«') => Some('»'),
        (None, '「') => Some('」'),
        (None, _) => None,
    }
}

fn is_apostrophe(letter: char) -> bool {
    matches!(letter, '\'' | '’' | 'ʼ' | '`')
}

fn is_word_itself(letter: char) -> bool {
    is_emoji(letter) || is_spaceless(letter)
}

/// The blocks that hold faces, hands, hearts and signs.
fn is_emoji(letter: char) -> bool {
    matches!(letter, '\u{1F300}'..='\u{1FAFF}' | '\u{2600}'..='\u{27BF}')
}

/// Letters of scripts that put no spaces between words: kana and Han.
pub(crate) fn is_spaceless(letter: char) -> bool {
    is_kana(letter) || matches!(letter, '\u{3005}' | '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}')
}

pub(crate) fn is_kana(letter: char) -> bool {
    matches!(letter, '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FC}')
}

/// Lower case without the accents of our languages: `Größe` is `grosse`, `não` is `nao`.
pub(crate) fn fold(word: &str) -> String {
    let mut folded = String::with_capacity(word.len());
    for letter in word.chars().flat_map(char::to_lowercase) {
        match letter {
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ą' => folded.push('a'),
            'è' | 'é' | 'ê' | 'ë' | 'ę' => folded.push('e'),
            'ì' | 'í' | 'î' | 'ï' | 'ı' => folded.push('i'),
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' => folded.push('o'),
            'ù' | 'ú' | 'û' | 'ü' => folded.push('u'),
            'ñ' | 'ń' => folded.push('n'),
            'ç' | 'ć' => folded.push('c'),
            'ğ' => folded.push('g'),
            'ł' => folded.push('l'),
            'ś' | 'ş' => folded.push('s'),
            'ź' | 'ż' => folded.push('z'),
            'ß' => folded.push_str("ss"),
            'œ' => folded.push_str("oe"),
            'æ' => folded.push_str("ae"),
            // What is left of the Turkish capital İ.
            '\u{307}' => {}
            letter if is_apostrophe(letter) => folded.push('\''),
            letter => folded.push(letter),
        }
    }
    folded
}
