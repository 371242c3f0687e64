//! What each language's unhappy and happy customers write, and the little words by which a language is known. All in
//! lower case without accents, as `words::fold` leaves a text; `*` ends a word that goes on, `_` is any one word.
//! Weights are hundredths. Weight 0 takes a phrase out of the count: "best regards" praises nothing.

mod de;
mod en;
mod es;
mod fr;
mod it;
mod nl;
mod pt;

pub(crate) struct Lists {
    /// BCP 47.
    pub(crate) code: &'static str,
    pub(crate) little_words: &'static [&'static str],
    /// Letters and marks that only this one of our languages has.
    pub(crate) letters: &'static [char],
    pub(crate) negators: &'static [&'static str],
    /// What stands before them weighs less than what follows.
    pub(crate) contrasts: &'static [&'static str],
    /// A question that opens with one of these is a complaint in the form of a question.
    pub(crate) reproaches: &'static [&'static str],
    pub(crate) cues: &'static [(i32, &'static [&'static str])],
}

pub(crate) static LISTS: [&Lists; 7] =
    [&en::LISTS, &de::LISTS, &fr::LISTS, &es::LISTS, &it::LISTS, &nl::LISTS, &pt::LISTS];

/// Signs that need no language.
pub(crate) const EMOJI: &[(i32, &[&str])] = &[
    (-50, &["😡", "🤬", "😠", "👿", "💩", "🖕"]),
    (-30, &["👎", "😤", "😞", "😢", "😭", "😩", "😫", "🙄", "😒", "🤮", "💔"]),
    (25, &["👍", "🙏", "😊", "🙂", "😀", "😃", "😄", "😁", "👌", "✨", "✅", "👏"]),
    (40, &["😍", "🥰", "❤", "💕", "💖", "😘", "🤩", "🎉", "🥳", "💯", "🔥"]),
];
