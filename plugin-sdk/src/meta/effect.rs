//! What Meta's actions read of an effect: its parameters, and whether the provider's window is open. Windows are
//! judged here, before any request, because a refused send costs standing with Meta.

use crate::{Effect, Failure};

/// A day in nanoseconds: free-form messages are for this long after the customer last wrote.
pub const DAY: i64 = 24 * 3_600 * 1_000_000_000;

/// A parameter that has to say something.
///
/// # Errors
/// [`Failure::Rejected`] when it is absent or blank.
pub fn argument<'a>(effect: &'a Effect, name: &str) -> Result<&'a str, Failure> {
    optional(effect, name).ok_or_else(|| Failure::Rejected(format!("{name} is missing")))
}

/// A parameter that may be left out; blank is left out.
#[must_use]
pub fn optional<'a>(effect: &'a Effect, name: &str) -> Option<&'a str> {
    let value = effect.arguments.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    value.filter(|value| !value.trim().is_empty())
}

/// A parameter that is "true" or "false"; left out is false.
///
/// # Errors
/// [`Failure::Rejected`] when it is anything else: a guess here could send what nobody asked for.
pub fn flag(effect: &Effect, name: &str) -> Result<bool, Failure> {
    match optional(effect, name).map(str::trim) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Failure::Rejected(format!("{name} is neither true nor false"))),
    }
}

/// Whether the customer wrote less than this many nanoseconds ago. One who never wrote has opened nothing.
#[must_use]
pub fn wrote_within(effect: &Effect, nanoseconds: i64) -> bool {
    effect.last_inbound_at.is_some_and(|last| effect.now.saturating_sub(last) < nanoseconds)
}

/// Refuses to send again what may have been sent.
///
/// # Errors
/// [`Failure::OutcomeUnknown`] when the host says so of an earlier attempt.
pub fn first_time(effect: &Effect) -> Result<(), Failure> {
    if effect.uncertain {
        return Err(Failure::OutcomeUnknown("an earlier attempt may have been sent".into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(arguments: &[(&str, &str)]) -> Effect {
        Effect {
            id: "effect-1".into(),
            action: "send_message".into(),
            arguments: arguments.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            attempt: 1,
            uncertain: false,
            planned_at: 0,
            now: 10 * DAY,
            last_inbound_at: None,
        }
    }

    #[test]
    fn blank_is_left_out() {
        let effect = effect(&[("to", " "), ("text", "a")]);
        assert_eq!(argument(&effect, "to"), Err(Failure::Rejected("to is missing".into())));
        assert_eq!(argument(&effect, "text"), Ok("a"));
        assert_eq!(optional(&effect, "media_url"), None);
    }

    #[test]
    fn a_flag_is_a_word_and_not_a_guess() {
        let of = |value: &str| flag(&effect(&[("human_agent", value)]), "human_agent");
        assert_eq!((of("true"), of("false"), of("")), (Ok(true), Ok(false), Ok(false)));
        assert!(matches!(of("yes"), Err(Failure::Rejected(_))));
    }

    #[test]
    fn a_window_closes_on_the_dot_and_never_opens_by_itself() {
        let at = |last_inbound_at| wrote_within(&Effect { last_inbound_at, ..effect(&[]) }, DAY);
        assert!(at(Some(9 * DAY + 1)));
        assert!(!at(Some(9 * DAY)));
        assert!(!at(None));
        assert!(at(Some(i64::MAX)));
        assert!(!at(Some(i64::MIN)));
    }
}
