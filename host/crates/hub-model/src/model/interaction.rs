//! Messages, calls and comments, and the conversations they form.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::correction::Corrections;
use crate::event::{self, Author, DeliveryStatus, Direction};
use crate::identity::NodeId;
use crate::join::{Fact, Greatest, Least, Told, erase_by_flag, join_fields};
use crate::time::Timestamp;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interaction {
    pub channel: Option<Fact<String>>,
    pub kind: Option<Fact<String>>,
    pub direction: Option<Fact<Direction>>,
    pub author: Option<Fact<Author>>,
    /// The account on the customer's side.
    pub customer: Option<Fact<NodeId>>,
    pub thread: Option<Fact<String>>,
    pub text: Option<Fact<String>>,
    pub attachments: Option<Fact<Vec<Attachment>>>,
    pub reply_to: Option<Fact<String>>,
    pub ticket: Option<Fact<String>>,
    pub order: Option<Fact<String>>,
    pub sent_at: Option<Fact<Timestamp>>,
    pub status: Option<Greatest<DeliveryStatus>>,
    pub status_detail: Option<Fact<String>>,
    pub edited: bool,
    /// Who reacted with what; nothing when it was taken back.
    pub reactions: BTreeMap<String, Fact<Option<String>>>,
    pub finding: Option<Fact<Finding>>,
    /// Where people say otherwise. [`Interaction::understood`] has both.
    pub corrected: Corrections,
    /// Its author took it back, or the person is to be forgotten: what was said is gone and stays gone.
    pub erased: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Attachment {
    pub kind: String,
    pub url: Option<String>,
    pub title: Option<String>,
    pub mime: Option<String>,
    pub id: Option<String>,
}

/// What an enricher says of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Finding {
    /// BCP 47.
    pub language: Option<String>,
    /// "very_negative", "negative", "neutral", "positive", "very_positive".
    pub sentiment: String,
    /// Hundredths, -100 to 100.
    pub score: i32,
    /// What was seen, in the enricher's own words, and its weight.
    pub cues: Vec<(String, i32)>,
    /// How sure the sentiment is, in hundredths; nothing where the enricher did not say.
    pub confidence: Option<i32>,
    /// What the sentiment was told by, in the enricher's own word.
    pub method: Option<String>,
    /// What the writer wants; the one to act on first leads.
    pub intents: Vec<Intent>,
    /// What it is about, by the names of [`Topic`](crate::conversation::Topic) where it is one of them.
    pub topic: Option<String>,
}

/// The intents rules know by name. An enricher may find others: they are kept.
pub const INTENTS: [&str; 10] = [
    "where_is_my_order",
    "return",
    "refund",
    "cancel",
    "complaint",
    "product_question",
    "stock_question",
    "loyalty",
    "thanks",
    "human_please",
];

/// What the writer of a text wants.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Intent {
    pub name: String,
    /// Hundredths.
    pub confidence: i32,
    /// What was seen, in the enricher's own words.
    pub evidence: Vec<String>,
}

join_fields!(Interaction {
    channel,
    kind,
    direction,
    author,
    customer,
    thread,
    text,
    attachments,
    reply_to,
    ticket,
    order,
    sent_at,
    status,
    status_detail,
    edited,
    reactions,
    finding,
    corrected,
    erased,
} then forget_erased);

erase_by_flag! { Interaction; }

impl Interaction {
    #[must_use]
    pub fn told(
        interaction: &event::Interaction,
        customer: Option<NodeId>,
        finding: Option<&Finding>,
        told: Told,
    ) -> Self {
        let attachments = interaction.attachments.iter().map(Attachment::told).collect::<Vec<_>>();
        let mut account = Self {
            channel: told.maybe(&interaction.channel),
            kind: told.maybe(&interaction.kind),
            direction: told.maybe(&interaction.direction),
            author: told.maybe(&interaction.author),
            customer: told.maybe(&customer),
            thread: told.maybe(&interaction.thread),
            text: told.maybe(&interaction.text),
            attachments: (!attachments.is_empty()).then(|| told.fact(attachments)),
            reply_to: told.maybe(&interaction.reply_to),
            ticket: told.maybe(&interaction.ticket),
            order: told.maybe(&interaction.order),
            sent_at: told.maybe(&interaction.sent_at),
            status: interaction.status.map(|status| told.greatest(status)),
            status_detail: told.maybe(&interaction.status_detail),
            edited: interaction.edited,
            reactions: interaction
                .reaction
                .iter()
                .map(|reaction| (reaction.by.clone(), told.fact(reaction.emoji.clone())))
                .collect(),
            finding: finding.map(|finding| told.fact(finding.clone())),
            corrected: Corrections::default(),
            erased: interaction.erased,
        };
        account.forget_erased();
        account
    }

    fn forget_erased(&mut self) {
        if self.erased {
            self.text = None;
            self.attachments = None;
            self.status_detail = None;
            self.reactions.clear();
            self.finding = None;
            self.corrected = Corrections::default();
        }
    }
}

impl Attachment {
    fn told(attachment: &event::Attachment) -> Self {
        let event::Attachment { kind, url, title, mime, id } = attachment.clone();
        Self { kind, url, title, mime, id }
    }
}

/// Interactions in one thread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    pub channel: Option<Fact<String>>,
    pub customer: Option<Fact<NodeId>>,
    pub first_at: Option<Least<Timestamp>>,
    pub last_at: Option<Greatest<Timestamp>>,
    pub last_inbound_at: Option<Greatest<Timestamp>>,
}

join_fields!(Conversation { channel, customer, first_at, last_at, last_inbound_at });

impl Conversation {
    /// What one interaction says of its conversation.
    #[must_use]
    pub fn told(interaction: &event::Interaction, customer: Option<NodeId>, told: Told) -> Self {
        let at = interaction.sent_at;
        let inbound = interaction.direction == Some(Direction::Inbound);
        Self {
            channel: told.maybe(&interaction.channel),
            customer: told.maybe(&customer),
            first_at: at.map(|at| told.least(at)),
            last_at: at.map(|at| told.greatest(at)),
            last_inbound_at: at.filter(|_| inbound).map(|at| told.greatest(at)),
        }
    }
}
