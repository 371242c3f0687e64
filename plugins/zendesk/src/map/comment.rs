//! What people write: comments of tickets, messages of conversations. Direction and visibility come from the comment,
//! never from the ticket: a public ticket has internal notes, and a customer's ticket has agents' answers.

use omnihub_plugin::lenient::said;
use omnihub_plugin::members::extras;
use omnihub_plugin::model::{Attachment, Author, Direction, Identity, Interaction, Party};
use omnihub_plugin::{Failure, Payload, Report};

use super::{Told, channel, flag, id, user_party};
use crate::wire::{Actor, Comment};

/// Who wrote a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    Staff,
    Customer,
    System,
}

/// A new comment: received, sent, or only noted.
pub(super) fn added(told: &Told<'_>) -> Result<Report, Failure> {
    let ticket = told.about()?;
    let (comment, comment_id) = comment(told)?;
    let writer = writer(told, comment);
    // When nothing is said of it, an agent's words are taken for a note: never for something the customer has read.
    let public = flag(&comment.is_public).unwrap_or(writer == Writer::Customer);
    let (name, kind, direction) = match (public, writer) {
        (false, _) => ("note.added", "note", Direction::Internal),
        (true, Writer::Customer) => ("message.received", "comment", Direction::Inbound),
        (true, Writer::Staff | Writer::System) => ("message.sent", "comment", Direction::Outbound),
    };
    let via = comment.via.as_ref().or(told.detail.via.as_ref()).and_then(|via| said(via.channel.clone()));
    let message = Interaction {
        channel: via.map(|via| channel(&via)),
        kind: Some(kind.to_owned()),
        direction: Some(direction),
        author: Some(match writer {
            Writer::Staff => Author::Human,
            Writer::Customer => Author::Customer,
            Writer::System => Author::System,
        }),
        customer: customer(told, comment, writer),
        text: said(comment.body.clone()),
        attachments: comment.attachment.iter().map(attachment).collect(),
        sent_at: told.time,
        ..of_ticket(&comment_id, ticket)
    };
    Ok(told.only(told.once(name, &comment_id, Payload::Interaction(message))))
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

/// `is_staff` decides; an author "-1" is Zendesk itself. Without `is_staff`, who asked for the ticket is the customer,
/// and everybody else is staff.
fn writer(told: &Told<'_>, comment: &Comment) -> Writer {
    let Some(author) = &comment.author else { return Writer::Staff };
    let Some(author_id) = id(&author.id) else { return Writer::System };
    match flag(&author.is_staff) {
        Some(true) => Writer::Staff,
        Some(false) => Writer::Customer,
        None if Some(author_id) == id(&told.detail.requester_id) => Writer::Customer,
        None => Writer::Staff,
    }
}

/// The customer's side: who wrote, if they are no staff (a copied-in relative, say), else who asked for the ticket.
fn customer(told: &Told<'_>, comment: &Comment, writer: Writer) -> Option<Party> {
    let author = comment.author.as_ref().filter(|_| writer == Writer::Customer);
    let wrote = author.and_then(|author| Some(user_party(id(&author.id)?, said(author.name.clone()))));
    wrote.or_else(|| id(&told.detail.requester_id).map(|requester| user_party(requester, None)))
}

fn attachment(wire: &crate::wire::Attachment) -> Attachment {
    let mime = said(wire.content_type.clone());
    let family = mime.as_deref().and_then(|mime| mime.split('/').next());
    let kind = family.filter(|family| matches!(*family, "image" | "video" | "audio")).unwrap_or("file");
    Attachment {
        kind: kind.to_owned(),
        url: said(wire.content_url.clone()),
        title: said(wire.filename.clone()),
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

/// Attachments of a comment come as events of their own, one each.
pub(super) fn attached(told: &Told<'_>) -> Result<Report, Failure> {
    let ticket = told.about()?;
    let (comment, comment_id) = comment(told)?;
    let attachments: Vec<Attachment> = comment.attachment.iter().map(attachment).collect();
    let object = attachment_key(&comment_id, comment);
    let news = Interaction { attachments, ..of_ticket(&comment_id, ticket) };
    Ok(told.only(told.again("message.edited", &object, Payload::Interaction(news))))
}

pub(super) fn detached(told: &Told<'_>) -> Result<Report, Failure> {
    let ticket = told.about()?;
    let (comment, comment_id) = comment(told)?;
    let gone = comment.attachment.as_ref().and_then(|attachment| id(&attachment.id));
    let object = attachment_key(&comment_id, comment);
    let news =
        Interaction { extra: extras([("attachment_redacted", gone)]), ..of_ticket(&comment_id, ticket) };
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
    let interaction = Interaction {
        channel: Some("messaging".to_owned()),
        kind: Some("message".to_owned()),
        direction: Some(direction),
        author: Some(author),
        customer: said_by,
        thread: id(&told.change.conversation_id).or_else(|| Some(ticket.to_owned())),
        text: said(message.body.clone()),
        sent_at: told.time,
        ..of_ticket(&message_id, ticket)
    };
    Ok(told.only(told.once(name, &message_id, Payload::Interaction(interaction))))
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
