//! What each language's unhappy and happy customers write, what they want and about what, and the little words by which
//! a language is known. All in lower case without accents, as `words::fold` leaves a text; `*` ends a word that goes
//! on, `_` is any one word. Weights are hundredths. Weight 0 takes a phrase out of the count: "best regards" praises
//! nothing. The build script sorts all of it into tables; nothing is read at run time.

// The build script reads these files as well, from another place: hence the paths.
#[path = "lists/de.rs"]
mod de;
#[path = "lists/en.rs"]
mod en;
#[path = "lists/es.rs"]
mod es;
#[path = "lists/fr.rs"]
mod fr;
#[path = "lists/it.rs"]
mod it;
#[path = "lists/ja.rs"]
mod ja;
#[path = "lists/nl.rs"]
mod nl;
#[path = "lists/pl.rs"]
mod pl;
#[path = "lists/pt.rs"]
mod pt;
#[path = "lists/sv.rs"]
mod sv;
#[path = "lists/tr.rs"]
mod tr;
#[path = "lists/zh.rs"]
mod zh;

pub(crate) struct Lists {
    /// BCP 47.
    pub(crate) code: &'static str,
    pub(crate) little_words: &'static [&'static str],
    /// Letters and marks that few of our languages have.
    pub(crate) letters: &'static [char],
    pub(crate) negators: &'static [&'static str],
    /// What stands before them weighs less than what follows.
    pub(crate) contrasts: &'static [&'static str],
    /// A question that opens with one of these is a complaint in the form of a question.
    pub(crate) reproaches: &'static [&'static str],
    pub(crate) cues: &'static [(i32, &'static [&'static str])],
    /// By name and confidence. Under `HINT_BELOW` it counts only where nothing surer speaks.
    pub(crate) intents: &'static [(&'static str, i32, &'static [&'static str])],
    pub(crate) topics: &'static [(&'static str, &'static [&'static str])],
}

pub(crate) static LISTS: [&Lists; 12] = [
    &en::LISTS,
    &de::LISTS,
    &fr::LISTS,
    &es::LISTS,
    &it::LISTS,
    &nl::LISTS,
    &pt::LISTS,
    &pl::LISTS,
    &sv::LISTS,
    &tr::LISTS,
    &ja::LISTS,
    &zh::LISTS,
];
