//! How often an enricher and people agree, field by field and class by class. Whole per cents of whole messages.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// What a field of a message is: nothing, one name, or several.
pub(super) type Names = BTreeSet<String>;

/// One field of one message that people spoke of.
pub(super) struct Judged {
    pub(super) field: &'static str,
    pub(super) said: Names,
    /// What the enricher found when the message came, and what one finds now.
    pub(super) found: Found<Names>,
}

/// The same of two moments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Found<T> {
    pub(super) before: T,
    pub(super) now: T,
}

/// One field over all messages of which people spoke of it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct FieldScore {
    pub(super) field: &'static str,
    pub(super) messages: u64,
    /// Messages of which the enricher said exactly the same.
    pub(super) agreed: Found<u64>,
    /// By name.
    pub(super) classes: Vec<ClassScore>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct ClassScore {
    pub(super) class: String,
    /// Messages people say are of it.
    pub(super) said: u64,
    #[serde(flatten)]
    pub(super) score: Found<Score>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Score {
    /// Messages the enricher says are of it.
    pub(super) found: u64,
    /// Those people say so of as well.
    pub(super) right: u64,
    /// Per cent of what was found; absent where nothing was.
    pub(super) precision: Option<u64>,
    /// Per cent of what people say; absent where nobody says so.
    pub(super) recall: Option<u64>,
}

/// Rounded; nothing of nothing.
pub(super) fn per_cent(part: u64, of: u64) -> Option<u64> {
    part.saturating_mul(200).saturating_add(of).checked_div(of.saturating_mul(2))
}

/// The scores of these fields, in their order; one of which nobody spoke is left out.
pub(super) fn scores(fields: &[&'static str], judged: &[Judged]) -> Vec<FieldScore> {
    let of = |field: &'static str| judged.iter().filter(move |one| one.field == field);
    let scored = fields.iter().map(|field| FieldScore {
        field,
        messages: of(field).count() as u64,
        agreed: Found {
            before: of(field).filter(|one| one.said == one.found.before).count() as u64,
            now: of(field).filter(|one| one.said == one.found.now).count() as u64,
        },
        classes: classes(of(field)),
    });
    scored.filter(|score| score.messages > 0).collect()
}

fn classes<'a>(judged: impl Iterator<Item = &'a Judged>) -> Vec<ClassScore> {
    let mut said: BTreeMap<&str, u64> = BTreeMap::new();
    let mut scores: BTreeMap<&str, Found<Score>> = BTreeMap::new();
    for one in judged {
        for class in &one.said {
            *said.entry(class).or_default() += 1;
            scores.entry(class).or_default();
        }
        for class in &one.found.before {
            scores.entry(class).or_default().before.count(one.said.contains(class));
        }
        for class in &one.found.now {
            scores.entry(class).or_default().now.count(one.said.contains(class));
        }
    }
    let whole = |(class, Found { before, now }): (&str, Found<Score>)| {
        let said = said.get(class).copied().unwrap_or_default();
        let score = Found { before: before.of(said), now: now.of(said) };
        ClassScore { class: class.to_owned(), said, score }
    };
    scores.into_iter().map(whole).collect()
}

impl Score {
    fn count(&mut self, is_right: bool) {
        self.found += 1;
        self.right += u64::from(is_right);
    }

    /// The same with what it comes to, where so many are of the class.
    fn of(self, said: u64) -> Self {
        Self { precision: per_cent(self.right, self.found), recall: per_cent(self.right, said), ..self }
    }
}
