//! The record of what an operator asked for.

use hub_model::identity::Judgement;
use hub_model::model::Corrected;
use hub_model::{EffectId, FollowUpId, InteractionId, NodeId, Timestamp, TokenId};
use serde::{Deserialize, Serialize};

use crate::row::Word;
use crate::tokens::NewToken;

/// What an operator asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Normalise a delivery again, parked or not.
    Redrive { delivery: u64 },
    /// Try a parked or unknown effect again.
    RetryEffect { effect: EffectId },
    /// Read a stream anew, from this moment on where one is given. A run is owed from here on.
    PollFrom { connection: String, stream: String, since: Option<Timestamp> },
    /// A person's request for their data has been answered.
    CloseRequest { connection: String, id: String },
    /// A person's word on which accounts are one person, pair by pair. Of all words on a pair the last by `at` holds, in
    /// whatever order they come; also of accounts nobody has heard of yet.
    Judge {
        pairs: Vec<(NodeId, NodeId, Judgement)>,
        /// Who says so.
        by: String,
        /// For people; it is kept when a customer is forgotten, so it names none.
        reason: String,
        at: Timestamp,
    },
    /// Whoever has this account is to be forgotten, as if its provider had asked for it.
    Erase {
        account: NodeId,
        by: String,
        /// For people; it is kept, so it names none.
        reason: String,
        at: Timestamp,
        /// Parked deliveries that name the person: no event says whose they are.
        deliveries: Vec<u64>,
        /// Where else the person is to be forgotten.
        systems: Vec<ErasureAt>,
    },
    /// A person has seen to the erasure in a system, or it need not be: the hub asks no more.
    CloseErasure {
        /// Of the erasure there, asked for by the hub or not.
        effect: EffectId,
        by: String,
        /// For people; it is kept, so it names none.
        reason: String,
        at: Timestamp,
    },
    /// Somebody was given everything about a customer. Changes nothing; the audit has it.
    Export { customer: NodeId, by: String },
    /// Something is to be done for a customer later.
    FollowUp(AskedFollowUp),
    /// Somebody says that what was to be done is done.
    CloseFollowUp { account: NodeId, id: FollowUpId, by: String, at: Timestamp },
    /// What waits for a person's word may be sent. What somebody has cancelled stays so.
    ReleaseEffects { chosen: Chosen, word: Word },
    /// What is not sent yet is not to be sent, held or not.
    CancelEffects { chosen: Chosen, word: Word },
    /// Nothing is sent from here on. What rules plan meanwhile waits. Of all words on this the last by `at` holds.
    StopEffects(Word),
    /// What is planned is sent again.
    ResumeEffects(Word),
    /// A message's finding is wrong, or is not after all.
    Correct(CorrectedMessage),
    /// Whoever shows this token is answered by the admin interface.
    MakeToken(NewToken),
    /// No more from here on.
    RevokeToken { token: TokenId, word: Word },
}

/// The effects a person means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chosen {
    /// All of a rule's that were planned by the moment of the word.
    Rule(String),
    Effects(Vec<EffectId>),
}

/// A system that knows somebody who is to be forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureAt {
    pub connection: String,
    /// What the provider calls such an account.
    pub object: String,
    pub account: NodeId,
    /// `None`: its connector cannot ask for it, and a person has to see to it there.
    pub ask: Option<AskErasure>,
}

/// How a system is asked to forget somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskErasure {
    /// The connector's own name of the action.
    pub action: String,
    /// The parameter that takes the id.
    pub parameter: String,
    /// The provider's id of the person. Taken out once the system has answered.
    pub id: Option<String>,
}

/// A person's or a rule's word that something is to be done for whoever has an account. Of all words on the same one,
/// those that close it included, the last by `at` holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedFollowUp {
    pub account: NodeId,
    /// The same again changes what was wanted before.
    pub id: FollowUpId,
    pub due: Timestamp,
    /// Personal data: it goes when the customer is forgotten. An empty one is gone, and then nothing is wanted.
    pub text: String,
    /// An event of the customer's that ends it as well, by its name.
    pub until: Option<String>,
    pub by: String,
    pub at: Timestamp,
}

/// A person's word on what an interaction says. Of all words on one field the last by `at` holds, in whatever order they
/// come; also of interactions nobody has heard of yet. No rule is asked about it: the event has been judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectedMessage {
    /// For the audit: it is kept.
    pub interaction: InteractionId,
    /// The connection, and what its provider calls the interaction: some put a phone into that. It goes when the
    /// interaction is forgotten, and then nothing is corrected.
    pub place: Option<(String, String)>,
    /// Once it is forgotten the fields alone are left.
    pub says: Vec<Corrected>,
    pub by: String,
    pub at: Timestamp,
}

impl CorrectedMessage {
    /// The same without what was said of whom.
    fn without_words(&self) -> Self {
        let bare = self.says.iter().filter_map(|say| Corrected::taken_back(say.field())).collect();
        Self { place: None, says: bare, ..self.clone() }
    }
}

impl Command {
    /// The same without personal data; `None` when it holds none.
    pub(crate) fn without_words(&self) -> Option<Self> {
        match self {
            Self::FollowUp(asked) if !asked.text.is_empty() => {
                Some(Self::FollowUp(AskedFollowUp { text: String::new(), ..asked.clone() }))
            }
            Self::Correct(corrected) if corrected.place.is_some() => {
                Some(Self::Correct(corrected.without_words()))
            }
            _ => None,
        }
    }
}
