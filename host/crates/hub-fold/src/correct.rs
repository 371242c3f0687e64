//! What people say of a message where the enricher is wrong: taken in as facts of the interaction, by the person's own
//! time, so that it does not matter what is heard of first. The rules are not asked again: the event has been judged, and
//! what it led to has gone out. Later events, reads and figures see what people said.

use hub_model::conversation::Topic;
use hub_model::join::Erase;
use hub_model::model::{Corrected, Corrections, INTENTS, Interaction};
use hub_model::{InteractionId, Salt, Timestamp};
use hub_store::{Store, Table};

use crate::FoldError;
use crate::catalogue::SENTIMENTS;
use crate::draft::{Draft, Joined};
use crate::erase::{Gone, mark_stored};
use crate::fold::key_rules;
use crate::record::{Command, CorrectedMessage};
use crate::row::{Subject, SubjectKind, encode, key};

/// The most intents one message is said to have: as many as there are names for.
pub const INTENTS_MAX: usize = INTENTS.len();

/// BCP 47 asks for eight to a part and names some dozen parts nobody uses; longer ones are mistakes.
const LANGUAGE_BYTES_MAX: usize = 35;

fn subject(connection: &str, id: &str) -> Subject {
    Subject { kind: SubjectKind::Interaction, connection: connection.to_owned(), id: id.to_owned() }
}

/// Takes in a person's word. Of an interaction that is forgotten nothing is kept, and the record is to lose its words.
pub(crate) fn correct(
    draft: &mut Draft<'_>,
    seq: u64,
    corrected: &CorrectedMessage,
    salt: Salt,
) -> Result<(), FoldError> {
    let Some((connection, id)) = &corrected.place else { return Ok(()) };
    let subject = subject(connection, id);
    let said = Corrections::told(&corrected.says, &corrected.by, corrected.at, seq);
    let mut told = Interaction { corrected: said, ..Interaction::default() };
    if Gone::at(draft, connection)?.takes(draft, &subject, salt)? {
        told.erase();
    }
    let Joined { after, .. } = draft.join::<Interaction>(&key::object(connection, &[id]), told)?;
    if after.is_erased() {
        return mark_stored(draft, None, seq, seq);
    }
    draft.put_raw(Table::Index, key::corrected_in(&subject, seq), Vec::new());
    draft.put_raw(Table::Index, key::corrections(seq), encode(&subject));
    Ok(())
}

/// Has the records lose what they say of a thing whose content has just gone; record `by` wants it so.
pub(crate) fn forget_corrections(draft: &mut Draft<'_>, subject: &Subject, by: u64) -> Result<(), FoldError> {
    for (row_key, _) in draft.scan(Table::Index, &key::corrected_in_prefix(subject), usize::MAX)? {
        if let Some(seq) = row_key.last_chunk::<8>().map(|seq| u64::from_be_bytes(*seq)) {
            mark_stored(draft, None, seq, by)?;
            draft.delete(Table::Index, key::corrections(seq));
        }
        draft.delete(Table::Index, row_key);
    }
    Ok(())
}

/// What somebody says of an interaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorrectionPlan {
    pub connection: String,
    /// What the provider calls it.
    pub id: String,
    pub says: Vec<Corrected>,
    pub by: String,
}

/// Why there is nothing to journal, in words for who asked.
#[derive(Debug, thiserror::Error)]
pub enum CorrectionError {
    #[error("the connection has no interaction of this id")]
    Unknown,
    #[error("the interaction is forgotten")]
    Forgotten,
    #[error("nothing is said of what its finding should be")]
    Nothing,
    #[error("{0:?} is no language as BCP 47 writes it, such as de or pt-BR")]
    Language(String),
    #[error("{0:?} is no sentiment; there are {known}", known = SENTIMENTS.join(", "))]
    Sentiment(String),
    #[error("{0:?} is no intent; there are {known}", known = INTENTS.join(", "))]
    Intent(String),
    #[error("at most {INTENTS_MAX} intents are kept of one interaction")]
    TooManyIntents,
    #[error("{0:?} is no topic; there are {known}", known = Topic::NAMES.join(", "))]
    Topic(String),
    #[error(transparent)]
    Fold(#[from] FoldError),
}

/// The command that says it. Its time is `now`, or just after the words before where a clock went back.
///
/// # Errors
/// See [`CorrectionError`].
pub fn plan_correction(
    store: &dyn Store,
    plan: CorrectionPlan,
    now: Timestamp,
) -> Result<Command, CorrectionError> {
    let CorrectionPlan { connection, id, says, by } = plan;
    let known: Interaction =
        Draft::new(store).get(&key::object(&connection, &[&id]))?.ok_or(CorrectionError::Unknown)?;
    if known.is_erased() {
        return Err(CorrectionError::Forgotten);
    }
    if says.is_empty() {
        return Err(CorrectionError::Nothing);
    }
    says.iter().try_for_each(|say| check(say, &known))?;
    let last = known.corrected.last_word_at();
    let at = last.map_or(now, |last| now.max(Timestamp(last.0.saturating_add(1))));
    let salted = key::tombstone(key_rules(store)?.salt, &subject(&connection, &id));
    Ok(Command::Correct(CorrectedMessage {
        interaction: InteractionId(salted),
        place: Some((connection, id)),
        says,
        by,
        at,
    }))
}

/// A name nobody knows is a slip of the pen, unless the enricher has just used it of this message.
fn check(say: &Corrected, known: &Interaction) -> Result<(), CorrectionError> {
    let found = known.finding.as_ref().map(|fact| &fact.value);
    match say {
        Corrected::Language(Some(language)) if !is_language(language) => {
            Err(CorrectionError::Language(language.clone()))
        }
        Corrected::Sentiment(Some(label)) if !SENTIMENTS.contains(&label.as_str()) => {
            Err(CorrectionError::Sentiment(label.clone()))
        }
        Corrected::Intents(Some(intents)) => {
            let is_found =
                |name: &str| found.is_some_and(|found| found.intents.iter().any(|one| one.name == name));
            let unknown = intents.iter().find(|name| !INTENTS.contains(&name.as_str()) && !is_found(name));
            match unknown {
                Some(name) => Err(CorrectionError::Intent(name.clone())),
                None if intents.len() > INTENTS_MAX => Err(CorrectionError::TooManyIntents),
                None => Ok(()),
            }
        }
        Corrected::Topic(Some(topic)) => {
            let is_found = found.is_some_and(|found| found.topic.as_ref() == Some(topic));
            let is_known = topic.is_empty() || Topic::NAMES.contains(&topic.as_str());
            if is_known || is_found { Ok(()) } else { Err(CorrectionError::Topic(topic.clone())) }
        }
        _ => Ok(()),
    }
}

/// Letters, digits and hyphens, with at least two letters in front; nothing is said to be in none.
fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().is_some_and(|part| {
        (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphabetic())
    });
    let rest = parts
        .all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    text.is_empty() || (text.len() <= LANGUAGE_BYTES_MAX && first && rest)
}
