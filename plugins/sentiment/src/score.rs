//! Puts cues, emphasis and the general word list's opinion together into one score. Whole hundredths throughout.

use crate::cues;
use crate::general;
use crate::report;
use crate::signs::SIGNS;
use crate::tables::{TABLES, Tables};
use crate::words::{Sentence, Words};

/// What each piece of evidence did to the score.
pub(crate) struct Part {
    pub(crate) evidence: String,
    pub(crate) weight: i32,
}

/// What told how the writer feels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Cues,
    Signs,
    /// VADER's list.
    GeneralWords,
    /// Nothing but how it is told: a report that denies, objects or just reports.
    Report,
    Nothing,
}

impl Method {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cues => "cues",
            Self::Signs => "signs",
            Self::GeneralWords => "general_words",
            Self::Report => "report",
            Self::Nothing => "nothing",
        }
    }
}

pub(crate) struct Verdict {
    pub(crate) score: i32,
    pub(crate) parts: Vec<Part>,
    pub(crate) method: Method,
}

/// A cue in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    pattern: &'static str,
    /// Negation taken into account.
    weight: i32,
    negated: bool,
    position: usize,
    sentence: usize,
    clause: usize,
}

/// From this sum of complaints on, nice words beside them are manners or sarcasm.
const COMPLAINT_CLEAR: i32 = -40;

pub(crate) fn verdict(text: &str, words: &Words, lists: Option<&'static Tables>) -> Verdict {
    let mut parts = signs(words);
    let mut method = if parts.is_empty() { Method::Nothing } else { Method::Signs };
    let cues = match lists {
        Some(lists) => cued(words, lists),
        None => strongest(words),
    };
    if !cues.is_empty() {
        method = Method::Cues;
    }
    parts.extend(cues);
    weigh_praise_beside_complaints(&mut parts);
    // A phrase that is known to mean nothing ("best regards") is a cue as well: the general list hears praise in it.
    let unheard = |lists: &&Tables| lists.code == "en" && parts.is_empty() && found(words, lists).is_empty();
    if let Some(part) = lists.filter(unheard).and_then(|lists| general_opinion(words, lists)) {
        method = Method::GeneralWords;
        parts.push(part);
    }
    if parts.is_empty()
        && let Some(part) = lists.and_then(|lists| report::heard(words, lists))
        && lists.is_some_and(|lists| found(words, lists).is_empty())
    {
        method = Method::Report;
        parts.push(part);
    }
    parts.extend(emphasis(text, words, sum(&parts)));
    Verdict { score: sum(&parts).clamp(-100, 100), parts, method }
}

impl Verdict {
    /// How sure it is. Measured on the labelled messages: what cues say on one side only is right most often, what
    /// nothing speaks for is neutral in some two of three.
    pub(crate) fn confidence(&self) -> i32 {
        let speaks = |side: i32| self.parts.iter().any(|part| part.weight.signum() == side);
        match self.method {
            Method::Cues if speaks(1) && speaks(-1) => 60,
            Method::Cues if self.score.abs() >= 30 => 90,
            Method::Cues => 70,
            Method::Signs => 80,
            Method::GeneralWords => 50,
            Method::Report => 40,
            Method::Nothing => 60,
        }
    }
}

/// The general list's opinion where no cue speaks. It hears praise in "please" and "like" and a complaint in "cancel",
/// so it counts in part, and in questions hardly. Beside cues it made more messages wrong than right.
fn general_opinion(words: &Words, lists: &Tables) -> Option<Part> {
    let opinion = general::opinion(words, lists);
    let weight = match (opinion < 0, words.has_question()) {
        (true, false) => opinion / 2,
        (true, true) | (false, false) => opinion / 4,
        (false, true) => 0,
    };
    (weight != 0).then(|| Part { evidence: "vader".into(), weight })
}

/// "If" in our languages.
const SUPPOSING: [&str; 12] =
    ["if", "falls", "wenn", "sollte", "si", "se", "als", "jesli", "jezeli", "gdyby", "om", "eger"];

/// The name rules use for a score.
pub(crate) fn label(score: i32) -> &'static str {
    match score {
        ..=-60 => "very_negative",
        -59..=-20 => "negative",
        -19..=19 => "neutral",
        20..=59 => "positive",
        60.. => "very_positive",
    }
}

fn sum(parts: &[Part]) -> i32 {
    parts.iter().fold(0, |sum: i32, part| sum.saturating_add(part.weight))
}

fn signs(words: &Words) -> Vec<Part> {
    let weight =
        |text: &str| SIGNS.iter().find(|(_, signs)| signs.contains(&text)).map(|(weight, _)| *weight);
    let mut parts: Vec<Part> = Vec::new();
    for word in &words.list {
        // A row of the same sign is one sign.
        if let (Some(weight), false) =
            (weight(&word.text), parts.iter().any(|part| part.evidence == word.text))
        {
            parts.push(Part { evidence: word.text.clone(), weight });
        }
    }
    parts
}

/// The language is not known: the list that has most to say is the likeliest.
fn strongest(words: &Words) -> Vec<Part> {
    TABLES
        .iter()
        .map(|lists| cued(words, lists))
        .max_by_key(|parts| parts.iter().map(|part| part.weight.abs()).sum::<i32>())
        .unwrap_or_default()
}

/// The cues of a text in its order, negation taken into account.
fn found(words: &Words, lists: &Tables) -> Vec<Found> {
    let named = |position| cues::is_named(words, position, lists);
    let met = cues::met(words, lists.cues, named);
    let one = |met: cues::Met<i32>| {
        let negated = cues::is_negated(words, met.position, lists);
        let weight = if negated { negation_of(met.says) } else { met.says };
        let (sentence, clause) =
            words.list.get(met.position).map_or((0, 0), |word| (word.sentence, word.clause));
        Found { pattern: met.pattern, weight, negated, position: met.position, sentence, clause }
    };
    met.into_iter().map(one).collect()
}

/// Denied praise is a complaint; a denied complaint is mild praise at most.
fn negation_of(weight: i32) -> i32 {
    /// "Not good" is worse than the absence of good.
    const COMPLAINT: i32 = -35;
    /// "Not bad", "no problem".
    const RELIEF: i32 = 5;
    match weight {
        0 => 0,
        1.. => COMPLAINT.min(-weight),
        _ => RELIEF,
    }
}

fn cued(words: &Words, lists: &'static Tables) -> Vec<Part> {
    let contrast = words.list.iter().rposition(|word| lists.contrasts.contains(&word.text.as_str()));
    let mut parts: Vec<Part> = Vec::new();
    for cue in found(words, lists) {
        let weight = in_context(&cue, words, contrast, lists);
        let evidence = if cue.negated { format!("negated: {}", cue.pattern) } else { cue.pattern.to_owned() };
        // Said twice is meant once; the emphasis is counted elsewhere.
        if weight != 0 && !parts.iter().any(|part| part.evidence == evidence) {
            parts.push(Part { evidence, weight });
        }
    }
    damp(&mut parts);
    parts
}

/// One complaint in many words is one complaint: the strongest cue of either side counts in full, others a quarter.
fn damp(parts: &mut [Part]) {
    for side in [-1, 1] {
        let weights = parts.iter().map(|part| part.weight * side);
        let Some(strongest) =
            weights.enumerate().max_by_key(|(index, weight)| (*weight, std::cmp::Reverse(*index)))
        else {
            return;
        };
        for (index, part) in parts.iter_mut().enumerate() {
            if index != strongest.0 && part.weight.signum() == side {
                part.weight /= 4;
            }
        }
    }
}

/// Praise is not praise inside a question, and half of it in a message that asks something or goes on with "but".
/// What is broken or late inside a calm question is its subject: half, unless the question is a reproach.
fn in_context(cue: &Found, words: &Words, contrast: Option<usize>, lists: &Tables) -> i32 {
    let asked = words.sentence(cue.sentence) == Sentence::Question && !is_told_first(cue, words);
    if cue.weight <= 0 {
        return if asked && !is_reproach(cue.sentence, words, lists) { cue.weight / 2 } else { cue.weight };
    }
    if asked {
        return 0;
    }
    let followed_by_contrast = contrast.is_some_and(|contrast| cue.position < contrast);
    if words.has_question() || followed_by_contrast { cue.weight / 2 } else { cue.weight }
}

/// "You sent the wrong colour, how do I return it?": what stands before the clause that asks is told, unless it only
/// supposes.
fn is_told_first(cue: &Found, words: &Words) -> bool {
    let in_sentence = || words.list.iter().filter(|word| word.sentence == cue.sentence);
    let asks = in_sentence().next_back().map(|word| word.clause);
    let opening = in_sentence().find(|word| word.clause == cue.clause);
    asks.is_some_and(|asks| cue.clause < asks)
        && opening.is_some_and(|word| !SUPPOSING.contains(&word.text.as_str()))
}

fn is_reproach(sentence: usize, words: &Words, lists: &Tables) -> bool {
    let first = words.list.iter().find(|word| word.sentence == sentence);
    first.is_some_and(|word| lists.reproaches.contains(&word.text.as_str()))
}

fn weigh_praise_beside_complaints(parts: &mut Vec<Part>) {
    let complaints: i32 = parts.iter().map(|part| part.weight.min(0)).sum();
    if complaints <= COMPLAINT_CLEAR {
        parts.retain(|part| part.weight <= 0);
    }
}

/// Capitals and rows of marks make a feeling stronger, whichever it is; without one they are impatience.
fn emphasis(text: &str, words: &Words, so_far: i32) -> Vec<Part> {
    let direction = if so_far > 0 { 1 } else { -1 };
    let mut parts = Vec::new();
    let shouted = words.list.iter().filter(|word| word.shouted).count();
    // One or two capitalised words may be a brand or a code; most of the message is shouting.
    if shouted >= 3 && shouted * 2 >= words.list.len() {
        parts.push(Part { evidence: "all capitals".into(), weight: 25 * direction });
    } else if so_far <= COMPLAINT_CLEAR && words.list.iter().any(|word| word.shouted && word.text.len() >= 3)
    {
        parts.push(Part { evidence: "capitals".into(), weight: -10 });
    }
    if text.contains("!!!") || text.contains("!!") && so_far != 0 {
        parts.push(Part { evidence: "repeated !".into(), weight: 15 * direction });
    }
    if text.contains("??") || text.contains("?!") || text.contains("!?") {
        parts.push(Part { evidence: "repeated ?".into(), weight: -10 });
    }
    parts
}
