//! Puts cues, emphasis and VADER's opinion together into one score. Whole hundredths throughout; the one place with
//! floats is VADER's answer.

use std::cell::OnceCell;

use vader_parity::SentimentIntensityAnalyzer;

use crate::cues::{self, Found};
use crate::lists::{EMOJI, LISTS, Lists};
use crate::words::{Sentence, Words};

/// What each piece of evidence did to the score.
pub(crate) struct Part {
    pub(crate) evidence: String,
    pub(crate) weight: i32,
}

pub(crate) struct Verdict {
    pub(crate) score: i32,
    pub(crate) parts: Vec<Part>,
}

/// Judges texts one after another. VADER's word list is read at the first English text that asks for it.
#[derive(Default)]
pub(crate) struct Judge {
    vader: OnceCell<SentimentIntensityAnalyzer>,
}

/// From this sum of complaints on, nice words beside them are manners or sarcasm.
const COMPLAINT_CLEAR: i32 = -40;

impl Judge {
    pub(crate) fn verdict(&self, text: &str, words: &Words, language: Option<&str>) -> Verdict {
        let lists = LISTS.into_iter().find(|lists| Some(lists.code) == language);
        let mut parts = emoji(words);
        match lists {
            Some(lists) => parts.extend(cued(words, lists)),
            None => parts.extend(strongest(words)),
        }
        weigh_praise_beside_complaints(&mut parts);
        // A phrase that is known to mean nothing ("best regards") is a cue as well: VADER would hear praise in it.
        let unheard = |lists: &'static Lists| {
            lists.code == "en" && parts.is_empty() && cues::found(words, lists).is_empty()
        };
        if lists.is_some_and(unheard) {
            parts.extend(self.vader(text, words));
        }
        parts.extend(emphasis(text, words, sum(&parts)));
        Verdict { score: sum(&parts).clamp(-100, 100), parts }
    }

    /// VADER's opinion where no cue speaks. It hears praise in "please" and "like" and a complaint in "cancel", so it
    /// counts in part, and in questions hardly. Beside cues it made more messages wrong than right.
    fn vader(&self, text: &str, words: &Words) -> Option<Part> {
        let analyzer = self.vader.get_or_init(SentimentIntensityAnalyzer::new);
        let opinion = hundredths(analyzer.polarity_scores(text).compound);
        let weight = match (opinion < 0, words.has_question()) {
            (true, false) => opinion / 2,
            (true, true) | (false, false) => opinion / 4,
            (false, true) => 0,
        };
        (weight != 0).then(|| Part { evidence: "vader".into(), weight })
    }
}

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

#[expect(clippy::cast_possible_truncation, reason = "VADER answers from -1 to 1")]
fn hundredths(compound: f64) -> i32 {
    (compound * 100.0).round() as i32
}

fn emoji(words: &Words) -> Vec<Part> {
    let weight =
        |text: &str| EMOJI.iter().find(|(_, signs)| signs.contains(&text)).map(|(weight, _)| *weight);
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
    let all = LISTS.map(|lists| cued(words, lists));
    all.into_iter()
        .max_by_key(|parts| parts.iter().map(|part| part.weight.abs()).sum::<i32>())
        .unwrap_or_default()
}

fn cued(words: &Words, lists: &'static Lists) -> Vec<Part> {
    let contrast = words.list.iter().rposition(|word| lists.contrasts.contains(&word.text.as_str()));
    let mut parts: Vec<Part> = Vec::new();
    for cue in cues::found(words, lists) {
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
fn in_context(cue: &Found, words: &Words, contrast: Option<usize>, lists: &Lists) -> i32 {
    let asked = words.sentence(cue.sentence) == Sentence::Question;
    if cue.weight <= 0 {
        return if asked && !is_reproach(cue.sentence, words, lists) { cue.weight / 2 } else { cue.weight };
    }
    if asked {
        return 0;
    }
    let followed_by_contrast = contrast.is_some_and(|contrast| cue.position < contrast);
    if words.has_question() || followed_by_contrast { cue.weight / 2 } else { cue.weight }
}

fn is_reproach(sentence: usize, words: &Words, lists: &Lists) -> bool {
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
