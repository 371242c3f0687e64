//! Zendesk's JSON as far as it is read. These types go no further than `map` and `act`. Bodies of triggers have no type:
//! their shape is the administrator's, see `map/trigger`.

use omnihub_plugin::members;

members! {
    /// An event subscription's body.
    Envelope {
        text: id, kind = "type", time, subject;
        object: detail: Detail, event: Change;
    }

    /// The ticket or user the event is about, as of the event. Ids are text; nobody is null, "" or "0".
    Detail {
        text: id, external_id, status, priority, kind = "type", subject, created_at, requester_id, assignee_id,
            group_id, email, role;
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

    /// A ticket's comment. Who wrote it and who may see it is said here, not in the ticket.
    Comment {
        text: id, body, is_public;
        object: author: Author, attachment: Attachment, via: Via;
    }

    Author {
        text: id, is_staff, name;
    }

    Attachment {
        text: id, content_type, content_url, filename;
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
        text: id, score, rating, comment, reason;
    }

    /// The answer to a ticket made.
    Made {
        object: ticket: TicketNamed;
    }

    /// The answer to a search by external id.
    Found {
        list: tickets: TicketNamed;
    }

    TicketNamed {
        text: id, external_id, subject;
    }
}
