//! `omnihub customer`: who they are, what happened with them, what waits for an answer, and a person's word on who is who.

mod draw;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::api::Question;
use super::exit::Failed;
use super::listing::{Listing, Reading};
use super::out::Out;
use super::show;
use super::word::Word;

#[derive(Debug, Subcommand)]
pub(super) enum CustomerCommand {
    /// Finds customers by name, e-mail, phone, order number, ticket, handle or id
    #[command(after_long_help = "\
Without a query all customers are listed by id.

Examples:
  omnihub customer find ana@example.com
  omnihub customer find \"ana silva\"
  omnihub customer find '#2041'")]
    Find {
        /// What to look for
        query: Vec<String>,
        /// Of the list of all: those after this id
        #[arg(long, value_name = "ID", conflicts_with = "query")]
        after: Option<String>,
        /// How many at most
        #[arg(long, value_name = "COUNT")]
        limit: Option<usize>,
        #[command(flatten)]
        reading: Reading,
    },
    /// Shows everything known of one customer
    #[command(after_long_help = "Examples:\n  omnihub customer show cus_0123456789abcdef0123456789abcdef")]
    Show {
        /// The customer's id; those of absorbed customers find what they became
        id: String,
        #[command(flatten)]
        reading: Reading,
    },
    /// Shows what happened with a customer, newest first
    #[command(after_long_help = "\
Examples:
  omnihub customer timeline cus_… --limit 20
  omnihub customer timeline cus_… --kind interaction,ticket
  omnihub customer timeline cus_… --before 2026-03-01T00:00:00Z
  omnihub customer timeline cus_… --as-of 2026-03-01T00:00:00Z    as it was known then")]
    Timeline {
        /// The customer's id
        id: String,
        /// Only what happened before this time
        #[arg(long, value_name = "TIME")]
        before: Option<String>,
        /// Only these kinds, with commas: order, fulfilment, refund, return, checkout, interaction, ticket, loyalty_account,
        /// loyalty_entry, survey, consent, follow_up, note
        #[arg(long, value_name = "KINDS")]
        kind: Option<String>,
        /// How many at most
        #[arg(long, value_name = "COUNT")]
        limit: Option<usize>,
        #[command(flatten)]
        reading: Reading,
    },
    /// Shows at a glance what whoever serves a customer should know now
    #[command(after_long_help = "\
Open orders with their parcels, the last contact on every channel, open tickets, what waits for an answer, mood, loyalty,
consents, and what the customer is probably concerned with.

Examples:
  omnihub customer context cus_…
  omnihub customer context cus_… --as-of 2026-03-01T00:00:00Z    as it was known then")]
    Context {
        /// The customer's id
        id: String,
        #[command(flatten)]
        reading: Reading,
    },
    /// Lists a customer's conversations over all channels, the last to move first
    #[command(after_long_help = "\
Examples:
  omnihub customer conversations cus_… --awaiting
  omnihub customer conversations cus_… --until 2026-01-01T00:00:00Z    older ones")]
    Conversations {
        /// The customer's id
        id: String,
        /// Only those that wait for an answer
        #[arg(long)]
        awaiting: bool,
        /// Only those that began on this channel
        #[arg(long, value_name = "CHANNEL")]
        channel: Option<String>,
        /// Only what was said before this time
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// How many at most
        #[arg(long, value_name = "COUNT")]
        limit: Option<usize>,
        #[command(flatten)]
        reading: Reading,
    },
    /// Shows what was said in a conversation, newest first
    #[command(after_long_help = "Examples:\n  omnihub customer conversation cus_… cnv_…")]
    Conversation {
        /// The customer's id
        id: String,
        /// The conversation's id, or that of anything said in it
        conversation: String,
        /// How many at most
        #[arg(long, value_name = "COUNT")]
        limit: Option<usize>,
        #[command(flatten)]
        reading: Reading,
    },
    /// Says whether a customer may be written to on a channel for a purpose, and why
    #[command(after_long_help = "\
Marketing needs a consent: what was never said is a no.

Examples:
  omnihub customer may-contact cus_… --channel email --purpose marketing")]
    MayContact {
        /// The customer's id
        id: String,
        /// email, sms, whatsapp …
        #[arg(long, value_name = "CHANNEL")]
        channel: String,
        /// marketing, transactional, service, or a word of your own
        #[arg(long, value_name = "PURPOSE")]
        purpose: String,
        #[command(flatten)]
        reading: Reading,
    },
    /// Says why accounts are one customer, link by link, or how two hang together
    #[command(after_long_help = "\
Examples:
  omnihub customer why cus_…
  omnihub customer why cus_… cus_…     how these two are one, or why they are two")]
    Why {
        /// The customer's id
        id: String,
        /// Another customer or account
        other: Option<String>,
        #[command(flatten)]
        reading: Reading,
    },
    /// Lists who may be the same person, with the signs of it
    #[command(after_long_help = "\
Without a customer, pairs from all customers are listed, page by page.

Examples:
  omnihub customer suggestions
  omnihub customer suggestions cus_…
  omnihub customer accept cus_… cus_…")]
    Suggestions {
        /// The customer's id
        id: Option<String>,
        /// Of the list of all: those after this id
        #[arg(long, value_name = "ID", conflicts_with = "id")]
        after: Option<String>,
        /// Customers to look at
        #[arg(long, value_name = "COUNT", conflicts_with = "id")]
        limit: Option<usize>,
        #[command(flatten)]
        reading: Reading,
    },
    /// Makes two customers one, because a person says so
    #[command(after_long_help = "\
Both ids find the one customer from then on. `omnihub customer unmerge` takes it back.

Examples:
  omnihub customer merge cus_… cus_… --reason 'same person, rang us'")]
    Merge {
        #[command(flatten)]
        pair: Pair,
    },
    /// Accepts a suggestion: the two are one person
    #[command(after_long_help = "Examples:\n  omnihub customer accept cus_… cus_…")]
    Accept {
        #[command(flatten)]
        pair: Pair,
    },
    /// Rejects a suggestion: the two are never joined by any key
    #[command(after_long_help = "Examples:\n  omnihub customer reject cus_… cus_… --reason 'father and son'")]
    Reject {
        #[command(flatten)]
        pair: Pair,
    },
    /// Takes an account, with what came along with it, out of a customer
    #[command(after_long_help = "\
What was one because a person said so is parted as it was; where keys hold everything together the account alone is taken
out. No key joins the two again. `omnihub customer why` shows the accounts.

Examples:
  omnihub customer unmerge cus_… cus_… --reason 'two people, one phone'
  omnihub customer unmerge cus_… cus_… --effects      what was done because they were one")]
    Unmerge {
        #[command(flatten)]
        pair: Pair,
        /// Also list the effects that were planned because they were one; folds the whole journal for it
        #[arg(long)]
        effects: bool,
    },
    /// Forgets a customer for good: in the view, in the journal, and in the view's file
    Erase(super::privacy::EraseArgs),
    /// Writes everything about a customer into a folder: one JSON document and a page to read
    Export(super::privacy::ExportArgs),
}

/// Two customers or accounts, and who says what of them.
#[derive(Debug, Args)]
pub(super) struct Pair {
    /// The customer's id
    id: String,
    /// The other one's, or an account's
    other: String,
    #[command(flatten)]
    word: Word,
    #[command(flatten)]
    listing: Listing,
}

impl Pair {
    async fn tell(self, out: &Out, verb: &str) -> Result<ExitCode, Failed> {
        self.listing.print(out, self.question(verb), show::commanded).await
    }

    fn question(&self, verb: &str) -> Question {
        self.word.tell(Question::post(&["customers", &self.id, verb, &self.other]))
    }
}

pub(super) async fn customer(out: &Out, command: CustomerCommand) -> Result<ExitCode, Failed> {
    match command {
        CustomerCommand::Find { query, after, limit, reading } => {
            let query = (!query.is_empty()).then(|| query.join(" "));
            let question =
                Question::get(&["customers"]).with("query", query).with("after", after).with("limit", limit);
            reading.print(out, question, show::customers).await
        }
        CustomerCommand::Show { id, reading } => {
            reading.print(out, Question::get(&["customers", &id]), show::customer).await
        }
        CustomerCommand::Timeline { id, before, kind, limit, reading } => {
            let question = Question::get(&["customers", &id, "timeline"])
                .with("before", before)
                .with("kind", kind)
                .with("limit", limit);
            reading.print(out, question, show::timeline).await
        }
        CustomerCommand::Context { id, reading } => {
            let question = Question::get(&["customers", &id, "context"]);
            reading.print(out, question, draw::context).await
        }
        CustomerCommand::Conversations { id, awaiting, channel, until, limit, reading } => {
            let question = Question::get(&["customers", &id, "conversations"])
                .with("awaiting", awaiting.then_some(true))
                .with("channel", channel)
                .with("until", until)
                .with("limit", limit);
            reading.print(out, question, draw::conversations).await
        }
        CustomerCommand::Conversation { id, conversation, limit, reading } => {
            let question = Question::get(&["customers", &id, "conversations", &conversation]);
            reading.print(out, question.with("limit", limit), draw::conversation).await
        }
        CustomerCommand::MayContact { id, channel, purpose, reading } => {
            let question = Question::get(&["customers", &id, "may-contact"])
                .with("channel", Some(channel))
                .with("purpose", Some(purpose));
            reading.print(out, question, draw::may_contact).await
        }
        CustomerCommand::Why { id, other: None, reading } => {
            let question = Question::get(&["customers", &id, "links"]);
            reading.print(out, question, draw::links).await
        }
        CustomerCommand::Why { id, other: Some(other), reading } => {
            let question = Question::get(&["customers", &id, "links", &other]);
            reading.print(out, question, draw::pair).await
        }
        CustomerCommand::Suggestions { id: Some(id), after: _, limit: _, reading } => {
            reading.print(out, Question::get(&["customers", &id, "suggestions"]), draw::suggestions).await
        }
        CustomerCommand::Suggestions { id: None, after, limit, reading } => {
            let question = Question::get(&["suggestions"]).with("after", after).with("limit", limit);
            reading.print(out, question, draw::suggested_pairs).await
        }
        CustomerCommand::Merge { pair } | CustomerCommand::Accept { pair } => pair.tell(out, "merge").await,
        CustomerCommand::Reject { pair } => pair.tell(out, "reject").await,
        CustomerCommand::Unmerge { pair, effects } => {
            let question = pair.question("unmerge").with("effects", effects.then_some(true));
            pair.listing.print(out, question, draw::unmerged).await
        }
        CustomerCommand::Erase(args) => super::privacy::erase(out, args).await,
        CustomerCommand::Export(args) => super::privacy::export(out, args).await,
    }
}
