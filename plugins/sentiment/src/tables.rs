//! The lists as the build script sorted them, and all of them that goes into the component.

use crate::cues::Table;

/// One language's phrases. What each field is for stands in `lists.rs`.
pub(crate) struct Tables {
    /// BCP 47.
    pub(crate) code: &'static str,
    pub(crate) negators: &'static [&'static str],
    pub(crate) contrasts: &'static [&'static str],
    pub(crate) reproaches: &'static [&'static str],
    /// Weight.
    pub(crate) cues: &'static Table<i32>,
    /// Name and confidence.
    pub(crate) intents: &'static Table<(&'static str, i32)>,
    pub(crate) topics: &'static Table<&'static str>,
}

include!(concat!(env!("OUT_DIR"), "/tables.rs"));

impl Tables {
    /// Those of a language, if it is one of ours.
    pub(crate) fn of(language: &str) -> Option<&'static Self> {
        TABLES.iter().find(|tables| tables.code == language)
    }
}
