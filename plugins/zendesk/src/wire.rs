//! Zendesk's JSON as far as it is read, in events and in answers of its API alike. These types go no further than `map`,
//! `poll`, `act` and `check`. Bodies of triggers have no type: their shape is the administrator's, see `map/trigger`.

use omnihub_plugin::members;

members! {
    /// An event subscription's body.
    Envelope {
        text: id, kind = "type", time, subject;
        object: detail: Detail, event: Change;
    }

    /// A ticket or user: in an event as of the event, in the API as of now. Ids are text there and numbers here, words
    /// upper case there and lower case here; nobody is null, "" or "0".
    Detail {
        text: id, external_id, status, priority, kind = "type", subject, description, created_at, updated_at,
            generated_timestamp, requester_id, assignee_id, group_id, email, role, name, phone, locale, active, suspended;
        raw: tags;
        object: via: Via;
    }

    Via {
        text: channel;
    }

    /// What happened. Every type of event fills some of it.
    Change {
        text: current, previous, target_ticket_id, conversation_id, merged_user_id, target_user_id, score, rating,
            feedback;
        texts: tags_added, tags_removed;
        object: comment: Comment, actor: Actor, message: Message, identity: UserIdentity, user: Named, csat: Rating,
            satisfaction_rating: Rating, survey_response: Rating;
    }

    /// A ticket's comment. Who wrote it and who may see it is said here, not in the ticket. The API writes `public` and
    /// `author_id` where events have `is_public` and `author`.
    Comment {
        text: id, body, is_public, public, author_id, created_at;
        object: author: Author, attachment: Attachment, metadata: Metadata;
        list: attachments: Attachment;
    }

    Author {
        text: id, is_staff, name;
    }

    /// `filename` in events, `file_name` in the API.
    Attachment {
        text: id, content_type, content_url, filename, file_name;
    }

    /// What whoever wrote a comment or changed a ticket put beside it.
    Metadata {
        object: custom: Custom;
    }

    Custom {
        text: effect = "omnihub_effect";
    }

    /// Who wrote in a conversation.
    Actor {
        text: id, kind = "type", name;
    }

    Message {
        text: id, body;
    }

    /// A way to reach a user.
    UserIdentity {
        text: kind = "type", value, verified;
    }

    Named {
        text: id;
    }

    /// What a customer thought of the help.
    Rating {
        text: id, ticket_id, requester_id, score, rating, comment, reason, created_at, updated_at;
    }

    /// A page of an incremental export.
    Export {
        text: after_cursor, end_of_stream;
        list: tickets: Detail, users: Detail;
    }

    /// A page of any other list: one of its lists is filled, and what was asked for beside it.
    Listed {
        object: meta: Meta;
        list: comments: Comment, users: Detail, satisfaction_ratings: Rating, webhooks: Hook, audits: Audit;
    }

    /// Where the next page of a list is.
    Meta {
        text: has_more, after_cursor;
    }

    /// A webhook as an administrator set it up.
    Hook {
        text: id, endpoint, status;
        texts: subscriptions;
    }

    /// One change of a ticket: who put what beside it, and what it did.
    Audit {
        text: id;
        object: metadata: Metadata;
        list: events: Done;
    }

    Done {
        text: id, kind = "type";
    }

    /// The answer to a ticket made, changed or shown.
    Answered {
        object: ticket: TicketNamed, audit: Audit;
    }

    /// The answer to a user shown.
    UserShown {
        object: user: Detail;
    }

    /// The answer to a search by external id.
    Found {
        list: tickets: TicketNamed;
    }

    TicketNamed {
        text: id, external_id, subject, created_at, updated_at;
    }
}

impl Listed {
    /// The cursor of the next page, if there is one that is not this one.
    pub(crate) fn next(&self, here: Option<&str>) -> Option<String> {
        let meta = self.meta.as_ref()?;
        let has_more = meta.has_more.as_ref().is_some_and(|more| more.0 == "true");
        let after = meta.after_cursor.as_ref().map(|after| after.0.clone());
        after.filter(|after| has_more && !after.is_empty() && Some(after.as_str()) != here)
    }
}
