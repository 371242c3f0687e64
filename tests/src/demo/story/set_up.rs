//! The mission's other story: Ana asks by e-mail how her lamp is set up, nobody answers for 36 hours, then she opens a
//! chat, and it is solved there.

use jiff::Timestamp;

use super::calendar::Calendar;
use super::desk::{self, Chatting};
use super::{Cast, Scene, Step};

/// Minutes from the e-mail to now: 36 hours to the chat, and an hour of it.
const ASKED_AGO: i64 = 37 * 60;
const CHAT_AGO: i64 = 60;

/// The story as it would have happened up to now.
#[must_use]
pub fn set_up(now: Timestamp) -> Vec<Scene> {
    let cast = Cast::new(Calendar::new(now));
    let (asked, chat) = (cast.when.ago(ASKED_AGO), cast.when.ago(CHAT_AGO));
    let requester = &cast.ana_at_desk;
    let mail = desk::Ticket { id: "35501", subject: "A question", requester, via: "email", created: asked };
    let talk = desk::Ticket {
        id: "35502",
        subject: "Conversation with Ana Ferreira",
        requester,
        via: "native_messaging",
        created: chat,
    };
    let question = "How do I set up the reading lamp? The manual does not say.";
    let again = "I wrote on Monday: setting up my lamp fails.";
    let answer = "Hold both buttons for five seconds.";
    let scene =
        |title, deliveries: Vec<_>| Scene { title, steps: deliveries.into_iter().map(Step::from).collect() };
    vec![
        scene(
            "Ana asks by e-mail how the lamp is set up",
            vec![
                desk::user_created("ze-5001", requester, asked),
                desk::ticket_created("ze-5002", &mail),
                desk::comment_added("ze-5003", &mail, "5120501", question, asked),
            ],
        ),
        scene(
            "36 hours later she opens a chat",
            vec![
                desk::ticket_created("ze-5004", &talk),
                desk::chat_message("ze-5005", &talk, Chatting::Visitor, "chat-1", again, chat),
            ],
        ),
        scene(
            "The chat answers, and both tickets are solved",
            vec![
                desk::chat_message("ze-5006", &talk, Chatting::Agent, "chat-2", answer, chat.later(5)),
                desk::ticket_solved("ze-5007", &mail, chat.later(20)),
                desk::ticket_solved("ze-5008", &talk, chat.later(21)),
            ],
        ),
    ]
}
