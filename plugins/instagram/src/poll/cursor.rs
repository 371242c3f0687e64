//! Where reading conversations stands: between runs a time, within a run also the place.

use omnihub_plugin::lenient::said;
use omnihub_plugin::members;
use omnihub_plugin::meta::flag;
use omnihub_plugin::{Failure, Position};
use serde_json::{Value, json};

/// A run begins this much before the newest change the last one saw: times are whole seconds, and a message may be
/// listed a little later than it says.
const OVERLAP: i64 = 60 * 1_000_000_000;

omnihub_plugin::members! {
    Kept {
        text: account, floor, told_from, began, top, after, is_long;
        list: behind: KeptBehind;
    }
    KeptBehind { text: conversation, after; }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The account, once it has been asked for.
    pub(crate) account: Option<String>,
    /// Conversations that changed before are not read; nothing where all there is is wanted.
    pub(crate) floor: Option<i64>,
    /// Of those read, messages from here on are told: see [`Cursor::finish`].
    pub(crate) told_from: Option<i64>,
    pub(crate) run: Option<Run>,
}

/// A run under way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) began: i64,
    /// The newest change seen.
    pub(crate) top: Option<i64>,
    /// Where the next page of conversations begins; nothing when the last has been read.
    pub(crate) after: Option<String>,
    /// Whether the list of conversations took more than one page.
    pub(crate) is_long: bool,
    /// Conversations with more messages than came along.
    pub(crate) behind: Vec<Behind>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Behind {
    pub(crate) conversation: String,
    pub(crate) after: String,
}

impl Cursor {
    pub(crate) fn of(position: &Position) -> Result<Self, Failure> {
        let Some(text) = &position.cursor else {
            return Ok(Self { floor: position.since, told_from: position.since, ..Self::default() });
        };
        Self::read(text).ok_or_else(|| Failure::Rejected("the cursor cannot be read".into()))
    }

    fn read(text: &str) -> Option<Self> {
        let kept: Kept = members::read(text)?;
        let run = match said(kept.began) {
            None => None,
            Some(began) => Some(Run {
                began: began.parse().ok()?,
                top: number(said(kept.top))?,
                after: said(kept.after),
                is_long: flag(kept.is_long.as_ref()),
                behind: kept.behind.unwrap_or_default().into_iter().map(behind).collect::<Option<_>>()?,
            }),
        };
        let floor = number(said(kept.floor))?;
        Some(Self { account: said(kept.account), floor, told_from: number(said(kept.told_from))?, run })
    }

    /// Ends the run, and says from where the next one reads.
    ///
    /// A conversation that gets a message while later pages are still to come moves to the first page, which has been
    /// read: this run misses it, with all that was new in it. The next run reads it for its newest message, and has to
    /// tell the older ones too. So what is told moves on only when the list came in one piece.
    pub(crate) fn finish(&mut self) {
        let Some(run) = self.run.take() else { return };
        let next = self.floor.max(run.top.map(|top| top.saturating_sub(OVERLAP)));
        if !run.is_long {
            self.told_from = next;
        }
        self.floor = next;
    }

    /// Numbers as text: none of them may be rounded on the way.
    pub(crate) fn text(&self) -> String {
        let number = |value: Option<i64>| value.map(|value| value.to_string());
        let (floor, told_from) = (number(self.floor), number(self.told_from));
        let mut kept = json!({"account": self.account, "floor": floor, "told_from": told_from});
        if let (Some(run), Value::Object(members)) = (&self.run, &mut kept) {
            let behind = run
                .behind
                .iter()
                .map(|behind| json!({"conversation": behind.conversation, "after": behind.after}));
            members.insert("began".into(), run.began.to_string().into());
            members.insert("top".into(), number(run.top).into());
            members.insert("after".into(), run.after.clone().into());
            members.insert("is_long".into(), run.is_long.into());
            members.insert("behind".into(), behind.collect());
        }
        kept.to_string()
    }
}

/// Absent is fine, anything but a number is not.
#[expect(clippy::option_option, reason = "whether it could be read, and whether there was one")]
fn number(text: Option<String>) -> Option<Option<i64>> {
    text.map(|text| text.parse().ok()).map_or(Some(None), |number: Option<i64>| number.map(Some))
}

fn behind(kept: Option<KeptBehind>) -> Option<Behind> {
    let kept = kept?;
    Some(Behind { conversation: said(kept.conversation)?, after: said(kept.after)? })
}
