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
    /// Folded; an emoji is a word of its own.
    pub(crate) text: String,
    /// Counts up from 0.
    pub(crate) sentence: usize,
    /// Two letters or more and all of them capitals.
    pub(crate) shouted: bool,
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

pub(crate) fn split(text: &str) -> Words {
    let mut words = Words::default();
    let mut word = String::new();
    let mut sentence = 0;
    for letter in text.chars().chain(std::iter::once(' ')) {
        if letter.is_alphanumeric() || (is_apostrophe(letter) && !word.is_empty()) {
            word.push(letter);
            continue;
        }
        push(&mut words, &mut word, sentence);
        if words.list.len() >= WORDS_MAX {
            break;
        }
        if is_emoji(letter) {
            words.list.push(Word { text: letter.to_string(), sentence, shouted: false });
        }
        if matches!(letter, '.' | '!' | '?' | '\n' | ';')
            && words.list.last().is_some_and(|last| last.sentence == sentence)
        {
            words.questions.push(letter == '?');
            sentence += 1;
        }
    }
    words
}

fn push(words: &mut Words, word: &mut String, sentence: usize) {
    let raw = std::mem::take(word);
    let raw = raw.trim_end_matches(is_apostrophe);
    if raw.is_empty() {
        return;
    }
    /// "I" and sizes are written in capitals by calm people too.
    const SHOUT_LETTERS_MIN: usize = 2;
    let shouted = raw.chars().filter(|letter| letter.is_alphabetic()).count() >= SHOUT_LETTERS_MIN
        && !raw.chars().any(|letter| letter.is_lowercase() || letter.is_numeric());
    words.list.push(Word { text: fold(raw), sentence, shouted });
}

fn is_apostrophe(letter: char) -> bool {
    matches!(letter, '\'' | '’' | 'ʼ' | '`')
}

/// The blocks that hold faces, hands, hearts and signs.
fn is_emoji(letter: char) -> bool {
    matches!(letter, '\u{1F300}'..='\u{1FAFF}' | '\u{2600}'..='\u{27BF}')
}

/// Lower case without the accents of our languages: `Größe` is `grosse`, `não` is `nao`.
pub(crate) fn fold(word: &str) -> String {
    let mut folded = String::with_capacity(word.len());
    for letter in word.chars().flat_map(char::to_lowercase) {
        match letter {
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => folded.push('a'),
            'è' | 'é' | 'ê' | 'ë' => folded.push('e'),
            'ì' | 'í' | 'î' | 'ï' => folded.push('i'),
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' => folded.push('o'),
            'ù' | 'ú' | 'û' | 'ü' => folded.push('u'),
            'ñ' => folded.push('n'),
            'ç' => folded.push('c'),
            'ß' => folded.push_str("ss"),
            'œ' => folded.push_str("oe"),
            'æ' => folded.push_str("ae"),
            letter if is_apostrophe(letter) => folded.push('\''),
            letter => folded.push(letter),
        }
    }
    folded
}
