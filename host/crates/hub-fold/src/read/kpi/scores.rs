//! Scores as providers write them, read without a guess: what is not surely a score of the kind is none.

use super::figure::Figure;

/// A scale longer than this is a mistake.
const SCALE_MAX: u64 = 100;

/// What an answer counts in its figure; or why it does not.
pub(super) fn counted(figure: Figure, score: Option<&str>) -> Result<i64, &'static str> {
    let score = score.unwrap_or_default().trim().to_lowercase();
    // The desk asked; nobody answered.
    if score.is_empty() || matches!(score.as_str(), "offered" | "unoffered") {
        return Err("not answered");
    }
    let read = match figure {
        Figure::Csat => satisfied(&score).map(i64::from),
        Figure::Ces => of_scale(&score, 1, 7).and_then(|score| i64::try_from(score).ok()),
        Figure::Nps => of_scale(&score, 0, 10).map(|score| match score {
            9.. => 1,
            7..=8 => 0,
            ..=6 => -1,
        }),
        _ => None,
    };
    read.ok_or("the score cannot be read")
}

fn satisfied(score: &str) -> Option<bool> {
    match score {
        "good" | "good_with_comment" | "goodwithcomment" | "satisfied" => return Some(true),
        "bad" | "bad_with_comment" | "badwithcomment" | "unsatisfied" | "dissatisfied" => return Some(false),
        _ => {}
    }
    let (reached, scale) = match (score.split_once('/'), score.strip_suffix('%')) {
        (Some((reached, scale)), _) => (number(reached)?, number(scale)?),
        (_, Some(reached)) => (number(reached)?, 100),
        (None, None) => (number(score).filter(|score| *score >= 1)?, 5),
    };
    ((2..=SCALE_MAX).contains(&scale) && reached <= scale).then(|| reached * 5 >= scale * 4)
}

/// A whole number within a scale, which the text may name.
fn of_scale(score: &str, least: u64, greatest: u64) -> Option<u64> {
    let reached = match score.split_once('/') {
        Some((reached, scale)) => number(scale).filter(|scale| *scale == greatest).and(number(reached))?,
        None => number(score)?,
    };
    (least..=greatest).contains(&reached).then_some(reached)
}

/// A whole number, which may be written with an empty fraction.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    let whole = match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => whole,
        Some(_) => return None,
        None => text,
    };
    // "+4" is nobody's way to write a score.
    whole.bytes().all(|digit| digit.is_ascii_digit()).then(|| whole.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(figure: Figure, wanted: i64, scores: &[&str]) {
        for score in scores {
            assert_eq!(counted(figure, Some(score)), Ok(wanted), "{figure:?} {score:?}");
        }
    }

    #[test]
    fn scores_are_read_as_providers_write_them() {
        check(
            Figure::Csat,
            1,
            &["good", " Good_with_comment ", "4", "5", "4.0", "2/2", "3/3", "4/5", "8/10", "80%"],
        );
        check(Figure::Csat, 0, &["bad", "1", "3", "1/2", "2/3", "3/5", "7/10", "79%", "0/10"]);
        check(Figure::Ces, 7, &["7", "7/7", "7.00"]);
        check(Figure::Ces, 1, &["1", " 1 "]);
        check(Figure::Nps, 1, &["9", "10", "10/10"]);
        check(Figure::Nps, 0, &["7", "8"]);
        check(Figure::Nps, -1, &["0", "6"]);
    }

    #[test]
    fn what_is_no_score_is_not_guessed() {
        let unread = Err("the score cannot be read");
        for score in
            ["great", "6", "0", "-1", "+4", "4.5", "6/5", "4/0", "1/1", "5/1000", "/5", "101%", "٥", "4 of 5"]
        {
            assert_eq!(counted(Figure::Csat, Some(score)), unread, "{score:?}");
        }
        for score in ["0", "8", "5/5", "easy", "99999999999999999999"] {
            assert_eq!(counted(Figure::Ces, Some(score)), unread, "{score:?}");
        }
        for score in ["11", "good", "9/9", "."] {
            assert_eq!(counted(Figure::Nps, Some(score)), unread, "{score:?}");
        }
        for score in [None, Some(""), Some("offered"), Some("unoffered")] {
            assert_eq!(counted(Figure::Csat, score), Err("not answered"));
        }
    }
}
