//! What people write: comments of tickets, messages of conversations. Direction and visibility come from the comment,
//! never from the ticket: a public ticket has internal notes, and a customer's ticket has agents' answers.

use omnihub_plugin::lenient::said;
use omnihub_plugin::members::extras;
use omnihub_plugin::model::{Attachment, Author, Direction, Identity, Interaction, Party};
use omnihub_plugin::{Event, Failure, Payload, Report};

use super::{MESSAGING, Settings, Told, flag, id, time, user_party, whole_second, word};
use crate::wire::{Actor, Comment, Detail};

/// What the API has instead of a redacted file.
const REDACTED_FILE: &str = "redacted.txt";
/// What stands in the place of redacted letters.
const REDACTED_LETTER: char = '\u{2587}';

/// Who wrote a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writer {
    Staff,
    /// Our own API user.
    Hub,
    Customer,
    System,
}

/// The ticket a comment belongs to.
#[derive(Debug)]
pub(crate) struct Thread {
    pub(crate) ticket: String,
    pub(crate) channel: Option<String>,
    pub(crate) requester: Option<String>,
}

/// A comment, whoever tells of it.
struct Said<'a> {
    id: String,
    comment: &'a Comment,
    public: Option<bool>,
    writer: Writer,
    author_id: Option<String>,
    author_name: Option<String>,
    attachments: Vec<Attachment>,
    at: Option<i64>,
    /// The effect that wrote it.
    effect: Option<String>,
}

/// A new comment: received, sent, or only noted.
pub(super) fn added(told: &Told<'_>) -> Result<Report, Failure> {
    let ticket = told.about()?.to_owned();
    let (comment, comment_id) = comment(told)?;
    let requester = id(&told.detail.requester_id);
    let author = comment.author.as_ref();
    let author_id = author.and_then(|author| id(&author.id));
    let is_staff = author.and_then(|author| flag(&author.is_staff));
    let effect = opening_of(&told.detail, comment);
    let said = Said {
        id: comment_id,
        comment,
        public: flag(&comment.is_public),
        writer: match author {
            _ if effect.is_some() => Writer::Hub,
            Some(_) => writer(author_id.as_deref(), is_staff, requester.as_deref(), told.settings),
            None => Writer::Staff,
        },
        author_id,
        author_name: author.and_then(|author| said(author.name.clone())),
        attachments: comment.attachment.iter().map(attachment).collect(),
        at: told.time,
        effect,
    };
    let thread = Thread { ticket, channel: super::ticket::via(&told.detail), requester };
    Ok(told.only(said.event(thread, told.received_at)))
}

/// A comment of the API's list, with the users that came with it. `None` without an id.
pub(crate) fn listed(
    comment: &Comment,
    users: &[Option<Detail>],
    thread: &Thread,
    settings: &Settings,
    now: i64,
) -> Option<Event> {
    let author_id = id(&comment.author_id);
    let user = users.iter().flatten().find(|user| author_id.is_some() && id(&user.id) == author_id);
    let role = user.and_then(|user| word(&user.role));
    let is_staff = role.map(|role| matches!(role.as_str(), "agent" | "admin"));
    let effect = effect_of(comment);
    let said = Said {
        id: id(&comment.id)?,
        comment,
        public: flag(&comment.public),
        writer: match &effect {
            Some(_) => Writer::Hub,
            None => writer(author_id.as_deref(), is_staff, thread.requester.as_deref(), settings),
        },
        author_id,
        author_name: user.and_then(|user| said(user.name.clone())),
        attachments: comment.attachments.iter().flatten().flatten().map(attachment).collect(),
        at: time(&comment.created_at),
        effect,
    };
    let Thread { ticket, channel, requester } = thread;
    let thread = Thread { ticket: ticket.clone(), channel: channel.clone(), requester: requester.clone() };
    Some(said.event(thread, now))
}

/// The effect that made the comment: we put it beside the comment, and the API shows it.
fn effect_of(comment: &Comment) -> Option<String> {
    said(comment.metadata.as_ref()?.custom.as_ref()?.effect.clone())
}

/// The effect that made the ticket, if this is what the ticket was made with. Zendesk takes the requester for its author.
fn opening_of(detail: &Detail, comment: &Comment) -> Option<String> {
    let opening = said(detail.description.clone());
    super::effect(&detail.external_id).filter(|_| opening.is_some() && opening == said(comment.body.clone()))
}

/// `is_staff` decides; nobody, or an author "-1", is Zendesk itself. Without `is_staff`, who asked for the ticket is the
/// customer, and everybody else is staff.
fn writer(
    author: Option<&str>,
    is_staff: Option<bool>,
    requester: Option<&str>,
    settings: &Settings,
) -> Writer {
    let Some(author) = author else { return Writer::System };
    if settings.api_user_id.as_deref() == Some(author) {
        return Writer::Hub;
    }
    match is_staff {
        Some(true) => Writer::Staff,
        Some(false) => Writer::Customer,
        None if Some(author) == requester => Writer::Customer,
        None => Writer::Staff,
    }
}

impl Said<'_> {
    fn event(self, thread: Thread, received_at: i64) -> Event {
        // When nothing is said of it, an agent's words are taken for a note: never for something the customer has read.
        let public = self.public.unwrap_or(self.writer == Writer::Customer);
        let (name, kind, direction) = match (public, self.writer) {
            (false, _) => ("note.added", "note", Direction::Internal),
            (true, Writer::Customer) => ("message.received", "comment", Direction::Inbound),
            (true, Writer::Staff | Writer::Hub | Writer::System) => {
                ("message.sent", "comment", Direction::Outbound)
            }
        };
        let author = match self.writer {
            Writer::Staff => Author::Human,
            Writer::Hub => Author::Rule,
            Writer::Customer => Author::Customer,
            Writer::System => Author::System,
        };
        let at = self.at.map(whole_second);
        let is_redacted = self.is_redacted();
        let message = Interaction {
            channel: thread.channel.clone(),
            kind: Some(kind.to_owned()),
            direction: Some(direction),
            author: Some(author),
            customer: self.customer(&thread),
            text: said(self.comment.body.clone()),
            attachments: self.attachments,
            sent_at: at,
            extra: extras([("effect", self.effect)]),
            ..of_ticket(&self.id, &thread.ticket)
        };
        let event = Event::once(name, self.id, at, received_at, Payload::Interaction(message));
        // What was blotted out since takes the place of what it was.
        Event { version: event.version.saturating_add(i64::from(is_redacted)), ..event }
    }

    fn is_redacted(&self) -> bool {
        let blotted = self.comment.body.as_ref().is_some_and(|body| body.0.contains(REDACTED_LETTER));
        blotted || self.attachments.iter().any(|file| file.title.as_deref() == Some(REDACTED_FILE))
    }

    /// The customer's side: who wrote, if they are no staff (a copied-in relative, say), else who asked for the ticket.
    fn customer(&self, thread: &Thread) -> Option<Party> {
        let wrote = self.author_id.clone().filter(|_| self.writer == Writer::Customer);
        wrote
            .map(|author| user_party(author, self.author_name.clone()))
            .or_else(|| thread.requester.clone().map(|requester| user_party(requester, None)))
    }
}

fn comment<'t>(told: &'t Told<'_>) -> Result<(&'t Comment, String), Failure> {
    let comment = told.change.comment.as_ref();
    let named = comment.and_then(|comment| Some((comment, id(&comment.id)?)));
    named.ok_or_else(|| Failure::Rejected(format!("{} without a comment's id", told.kind)))
}

fn of_ticket(comment: &str, ticket: &str) -> Interaction {
    Interaction {
        ticket: Some(ticket.to_owned()),
        thread: Some(ticket.to_owned()),
        ..Interaction::new(comment)
    }
}

fn attachment(wire: &crate::wire::Attachment) -> Attachment {
    let mime = said(wire.content_type.clone());
    let family = mime.as_deref().and_then(|mime| mime.split('/').next());
    let kind = family.filter(|family| matches!(*family, "image" | "video" | "audio")).unwrap_or("file");
    Attachment {
        kind: kind.to_owned(),
        url: said(wire.content_url.clone()),
        title: said(wire.filename.clone()).or_else(|| said(wire.file_name.clone())),
        mime,
        id: id(&wire.id),
    }
}

/// A comment the customer saw is now a note. What they have read they have read: the hub only learns of it.
pub(super) fn made_private(told: &Told<'_>) -> Result<Report, Failure> {
    let ticket = told.about()?;
    let (_, comment_id) = comment(told)?;
    let extra = extras([("visibility", Some("private".to_owned()))]);
    let news = Interaction {
        direction: Some(Direction::Internal),
        kind: Some("note".to_owned()),
        extra,
        ..of_ticket(&comment_id, ticket)
    };
    Ok(told.only(told.again("message.edited", &comment_id, Payload::Interaction(news))))
}

/// Something in the comment should not be known: the hub forgets all of it, for nothing says which part.
pub(super) fn redacted(told: &Told<'_>) -> Result<Report, Failure> {
    let ticket = told.about()?;
    let (_, comment_id) = comment(told)?;
    let news = Interaction { erased: true, ..of_ticket(&comment_id, ticket) };
    Ok(told.only(told.again("message.deleted", &comment_id, Payload::Interaction(news))))
}

/// Attachments of a comment come as events of their own, one each, and the hub keeps one list: so an event that names one
/// of perhaps several counts less than the whole list the API shows.
pub(super) fn attached(told: &Told<'_>) -> Result<Report, Failure> {
    let ticket = told.about()?;
    let (comment, comment_id) = comment(told)?;
    let attachments: Vec<Attachment> = comment.attachment.iter().map(attachment).collect();
    let object = attachment_key(&comment_id, comment);
    let news = Interaction { attachments, ..of_ticket(&comment_id, ticket) };
    let event = told.again("message.edited", &object, Payload::Interaction(news));
    Ok(told.only(Event { version: 0, ..event }))
}

/// A file should not be known. Which of the hub's list it is cannot be said, so what was said of files is forgotten.
pub(super) fn detached(told: &Told<'_>) -> Result<Report, Failure> {
    let ticket = told.about()?;
    let (comment, comment_id) = comment(told)?;
    let gone = comment.attachment.as_ref().and_then(|attachment| id(&attachment.id));
    let object = attachment_key(&comment_id, comment);
    let blotted = Attachment { kind: "redacted".to_owned(), url: None, title: None, mime: None, id: gone };
    let news = Interaction { attachments: vec![blotted], ..of_ticket(&comment_id, ticket) };
    Ok(told.only(told.again("message.edited", &object, Payload::Interaction(news))))
}

fn attachment_key(comment_id: &str, comment: &Comment) -> String {
    match comment.attachment.as_ref().and_then(|attachment| id(&attachment.id)) {
        Some(attachment) => format!("{comment_id}/{attachment}"),
        None => comment_id.to_owned(),
    }
}

/// A message of a conversation (web widget, mobile, social). The ticket is only named.
pub(super) fn message(told: &Told<'_>) -> Result<Report, Failure> {
    let ticket = told.about()?;
    let message = told.change.message.as_ref();
    let named = message.and_then(|message| Some((message, id(&message.id)?)));
    let (message, message_id) = named.ok_or_else(|| Failure::Rejected("a message without id".into()))?;
    let actor = told.change.actor.as_ref();
    let (name, direction, author) =
        match actor.and_then(|actor| actor.kind.as_ref()).map(|kind| kind.0.as_str()) {
            Some("end_user") => ("message.received", Direction::Inbound, Author::Customer),
            Some("agent") => ("message.sent", Direction::Outbound, Author::Human),
            _ if actor.is_some_and(is_bot) => ("message.sent", Direction::Outbound, Author::Bot),
            Some("system") => ("message.sent", Direction::Outbound, Author::System),
            _ => ("message.sent", Direction::Outbound, Author::Unknown),
        };
    let said_by = actor.filter(|_| author == Author::Customer).and_then(end_user);
    let conversation = told.settings.conversation(ticket);
    let interaction = Interaction {
        channel: Some(MESSAGING.to_owned()),
        kind: Some("message".to_owned()),
        direction: Some(direction),
        author: Some(author),
        customer: in_conversation(said_by, conversation),
        thread: id(&told.change.conversation_id).or_else(|| Some(ticket.to_owned())),
        text: said(message.body.clone()),
        sent_at: told.time,
        ..of_ticket(&message_id, ticket)
    };
    Ok(told.only(told.once(name, &message_id, Payload::Interaction(interaction))))
}

/// The customer's side of a conversation, whoever speaks.
fn in_conversation(said_by: Option<Party>, conversation: Option<Identity>) -> Option<Party> {
    let said_by = said_by.unwrap_or(Party { ids: Vec::new(), name: None });
    let ids: Vec<Identity> = said_by.ids.into_iter().chain(conversation).collect();
    (!ids.is_empty()).then_some(Party { ids, ..said_by })
}

/// Zendesk's own bots are called "zd:answerBot" and the like.
fn is_bot(actor: &Actor) -> bool {
    actor.id.as_ref().is_some_and(|id| id.0.starts_with("zd:") || id.0.to_ascii_lowercase().contains("bot"))
}

/// A visitor. Only ids of digits are users of Support; others belong to the conversation service alone.
fn end_user(actor: &Actor) -> Option<Party> {
    let actor_id = id(&actor.id)?;
    let is_user = actor_id.bytes().all(|byte| byte.is_ascii_digit());
    let scope = if is_user { "user" } else { "messaging-user" };
    Some(Party { ids: vec![Identity::provider(scope, actor_id)], name: said(actor.name.clone()) })
}
