//! What each figure means, in the words that are printed beside it. Where the field has a definition ours is that one,
//! and the source is named; where our data falls short of it, the definition says what is counted instead.

use serde::{Deserialize, Serialize};

/// One figure. The names are those of the API and the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// Top-two-box: Zendesk counts 4 and 5 of 5, 3 of 3, 2 of 2 and "good" as satisfied.
    Csat,
    /// CES 2.0 (CEB, later Gartner): the mean agreement, of 7, with "made it easy to handle my issue".
    Ces,
    /// Reichheld, "The One Number You Need to Grow", Harvard Business Review 2003.
    Nps,
    /// Zendesk, "Calculating first reply time": until the first public answer by an agent; machines do not count.
    FirstReply,
    /// Zendesk, "About native Support time duration metrics", full resolution time: until last set to solved.
    Resolution,
    /// The "no repeat contact within a window" measure of first contact resolution, over all channels (SQM Group, COPC).
    FirstContactResolution,
    /// The share of contacts that follow another of the same customer within seven days.
    RepeatContact,
    /// Zendesk, "Handle time" of messaging tickets, pauses a conversation after ten minutes without a message; HDI counts
    /// what an analyst works on a ticket. We see neither screens nor telephones, only entries.
    HandleTime,
    /// Containment within the channel a customer chose, as opposed to that of a bot, which is deflection here.
    ChannelContainment,
    /// "True deflection": handled without a person, and nobody came back for one.
    Deflection,
}

/// What the numbers of a figure are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KpiUnit {
    /// Thousandths of the sample: 875 is 87.5 %.
    PerMille,
    /// Tenths of a point from -100 to 100: 425 is 42.5.
    NpsTenths,
    /// Hundredths of a point: 540 is 5.40.
    Hundredths,
    Seconds,
}

/// Which way is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    Higher,
    Lower,
}

/// Where the cases of a figure are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Source {
    Contacts,
    Tickets,
    Surveys,
}

impl Figure {
    pub const ALL: [Self; 10] = [
        Self::Csat,
        Self::Ces,
        Self::Nps,
        Self::FirstReply,
        Self::Resolution,
        Self::FirstContactResolution,
        Self::RepeatContact,
        Self::HandleTime,
        Self::ChannelContainment,
        Self::Deflection,
    ];

    /// In the order of [`Figure::ALL`].
    pub const NAMES: [&'static str; 10] = [
        "csat",
        "ces",
        "nps",
        "first_reply",
        "resolution",
        "first_contact_resolution",
        "repeat_contact",
        "handle_time",
        "channel_containment",
        "deflection",
    ];

    /// What every contact figure rests on; printed once above the definitions.
    pub const CONTACT: &'static str = "\
A contact begins when a customer writes or calls, and ends when nobody says anything for 24 hours after an answer, or for \
7 days without one. Of a thread that goes on for years each such stretch is a contact of its own. Thanks alone begin none. \
Two contacts are about the same matter when they are in one conversation, or share an order or a topic; contacts whose \
topics are not both known are taken to be about the same matter. Contacts count on the day they began.";

    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().zip(Self::NAMES).find(|(_, known)| *known == name).map(|(figure, _)| figure)
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        let known = Self::ALL.into_iter().zip(Self::NAMES).find(|(figure, _)| *figure == self);
        known.map_or("", |(_, name)| name)
    }

    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Csat => "satisfied customers (CSAT)",
            Self::Ces => "customer effort (CES)",
            Self::Nps => "net promoter score (NPS)",
            Self::FirstReply => "first reply time",
            Self::Resolution => "resolution time",
            Self::FirstContactResolution => "first contact resolution",
            Self::RepeatContact => "repeat contact",
            Self::HandleTime => "average handle time",
            Self::ChannelContainment => "channel containment",
            Self::Deflection => "deflection",
        }
    }

    #[must_use]
    pub fn definition(self) -> &'static str {
        match self {
            Self::Csat => {
                "The share of answers to satisfaction surveys that are satisfied: \"good\", 4 or 5 of 5, or at least four \
                 fifths of a scale the answer names (\"9/10\", \"85%\"). A bare number is read as one of 5. Counted on the \
                 day of the answer; of an answer given again the last one counts."
            }
            Self::Ces => {
                "The mean answer, 1 to 7, to how easy it was to get help; 7 is easiest. Counted on the day of the answer."
            }
            Self::Nps => {
                "The share of promoters (9 or 10 of 10) less the share of detractors (0 to 6), in points from -100 to 100. \
                 Counted on the day of the answer."
            }
            Self::FirstReply => {
                "The median time from the beginning of a contact to the first answer by a person, around the clock. Answers \
                 of bots, rules and systems do not count, nor messages that failed to arrive; one whose author is not told \
                 counts as a person's. Contacts that begin with a call, and those no person answered, are left out."
            }
            Self::Resolution => {
                "The median time from when a ticket was opened to when it was last set to solved, around the clock. Of a \
                 closed ticket the change of status before the closing counts, since desks close what was solved days \
                 before. A system that repeats an old status makes this longer, never shorter. Counted on the day of the \
                 solution."
            }
            Self::FirstContactResolution => {
                "The share of first contacts on a matter that were answered, have no open ticket, and were followed by no \
                 other contact of the customer about the same matter within 7 days, on any channel. Left out are contacts \
                 that themselves came back about an earlier one, and those whose 7 days are not over."
            }
            Self::RepeatContact => {
                "The share of contacts that began within 7 days after another contact of the same customer ended, on any \
                 channel and about any matter."
            }
            Self::HandleTime => {
                "The mean time people worked on a contact, estimated: for each answer or note by a person the time since \
                 the entry before it in the contact, counted as 10 minutes at most. The time of calls is not told to the \
                 hub and not in it. Contacts without an answer or note by a person are left out."
            }
            Self::ChannelContainment => {
                "The share of contacts that stayed on the channel they began on: nothing was said in them on another, and \
                 the customer did not come back about the same matter on another within 7 days. Left out are contacts \
                 without a channel and those whose 7 days are not over."
            }
            Self::Deflection => {
                "The share of all contacts that were answered by a bot or a rule, in which no person wrote or noted \
                 anything, and after which the customer had no contact about the same matter with a person within 7 days. \
                 Calls count as taken by a person. Visits to help pages are not told to the hub and not in it. Left out \
                 are contacts whose 7 days are not over."
            }
        }
    }

    #[must_use]
    pub fn unit(self) -> KpiUnit {
        match self {
            Self::Ces => KpiUnit::Hundredths,
            Self::Nps => KpiUnit::NpsTenths,
            Self::FirstReply | Self::Resolution | Self::HandleTime => KpiUnit::Seconds,
            Self::Csat
            | Self::FirstContactResolution
            | Self::RepeatContact
            | Self::ChannelContainment
            | Self::Deflection => KpiUnit::PerMille,
        }
    }

    #[must_use]
    pub fn better(self) -> Better {
        match self {
            Self::FirstReply | Self::Resolution | Self::RepeatContact | Self::HandleTime => Better::Lower,
            _ => Better::Higher,
        }
    }

    /// Why there is no value.
    pub(super) fn nothing(self) -> &'static str {
        match self {
            Self::Csat | Self::Ces | Self::Nps => "no survey of this kind was answered",
            Self::FirstReply => "no contact was answered by a person",
            Self::Resolution => "no ticket was solved",
            Self::RepeatContact => "no contact began",
            Self::HandleTime => "no person wrote or noted anything in a contact",
            Self::FirstContactResolution | Self::ChannelContainment | Self::Deflection => {
                "no contact is seven days old"
            }
        }
    }

    pub(super) fn source(self) -> Source {
        match self {
            Self::Csat | Self::Ces | Self::Nps => Source::Surveys,
            Self::Resolution => Source::Tickets,
            _ => Source::Contacts,
        }
    }
}
