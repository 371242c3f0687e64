//! Sending a message. The request and the judgement of its answer are pure; only `perform` talks to the host.

use omnihub_plugin::host::http::{self, Request};
use omnihub_plugin::meta::graph;
use omnihub_plugin::{Effect, Failure, Receipt, answer, host::config, lenient, members, meta};
use serde_json::{Value, json};

use crate::map::Address;

pub(crate) fn perform(effect: &Effect) -> Result<Receipt, Failure> {
    if effect.action != "send_message" {
        return Err(Failure::Unsupported(format!("action {}", effect.action)));
    }
    let version = config::get("api_version").unwrap_or_else(|| meta::VERSION.into());
    let phone = config::get("phone_number_id").unwrap_or_default();
    let request = request(effect, &version, &phone)?;
    let response = http::send("graph", &request).map_err(answer::unanswered)?;
    let body = graph::accepted(response, effect.attempt)?;
    Ok(receipt(&body))
}

fn request(effect: &Effect, version: &str, phone: &str) -> Result<Request, Failure> {
    graph::first_time(effect)?;
    let to = graph::argument(effect, "to")?;
    let text = graph::argument(effect, "text")?;
    let mut body = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "type": "text",
        "text": {"preview_url": false, "body": text},
        // Statuses repeat it, so that a send of unknown outcome can be recognised.
        "biz_opaque_callback_data": effect.id,
    });
    let (member, address) = recipient(to)?;
    if let Value::Object(members) = &mut body {
        members.insert(member.into(), Value::String(address));
    }
    graph::messages(version, ("phone_number_id", phone), body.to_string())
}

/// `to` takes a phone number, `recipient` a business-scoped user id.
fn recipient(to: &str) -> Result<(&'static str, String), Failure> {
    let dialled: String = to.chars().filter(|sign| !matches!(sign, '+' | ' ' | '-' | '(' | ')')).collect();
    match Address::of(&dialled) {
        Some(Address::Phone(digits)) => Ok(("to", digits)),
        Some(Address::User(id)) if id.contains('.') => Ok(("recipient", id)),
        _ => Err(Failure::Rejected("to is neither a phone number nor a user id".into())),
    }
}

omnihub_plugin::members! {
    /// The answer to a send.
    Sent { list: messages: SentMessage; }
    SentMessage { text: id, message_status; }
}

/// The reference is the id the message's statuses will have. Accepted is not delivered: that comes as a status.
fn receipt(body: &str) -> Receipt {
    let sent: Sent = members::read(body).unwrap_or_default();
    let message = sent.messages.into_iter().flatten().flatten().next().unwrap_or_default();
    let status = lenient::said(message.message_status).map(|status| ("message_status".to_owned(), status));
    Receipt { reference: lenient::said(message.id), already_done: false, extra: status.into_iter().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(to: &str) -> Effect {
        Effect {
            id: "effect-1".into(),
            action: "send_message".into(),
            arguments: vec![("to".into(), to.into()), ("text".into(), "Your order is on its way".into())],
            attempt: 1,
            uncertain: false,
        }
    }

    fn body(to: &str) -> Value {
        let request = request(&effect(to), "v25.0", "106540000000000").unwrap();
        assert_eq!(request.path, "/v25.0/106540000000000/messages");
        serde_json::from_str(&request.body.unwrap()).unwrap()
    }

    #[test]
    fn a_phone_goes_to_to_and_a_user_id_to_recipient() {
        let phone = body("+1 (202) 555-0143");
        assert_eq!(phone["to"], "12025550143");
        assert_eq!(phone["text"]["body"], "Your order is on its way");
        assert_eq!(phone["biz_opaque_callback_data"], "effect-1");
        assert_eq!(phone.get("recipient"), None);
        let user = body("US.13491208655302741918");
        assert_eq!(user["recipient"], "US.13491208655302741918");
        assert_eq!(user.get("to"), None);
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        assert!(matches!(request(&effect("ada"), "v25.0", "1"), Err(Failure::Rejected(_))));
        assert!(matches!(request(&effect(""), "v25.0", "1"), Err(Failure::Rejected(_))));
        let missing = request(&effect("12025550143"), "v25.0", "");
        assert_eq!(missing, Err(Failure::Misconfigured("phone_number_id".into())));
        let again = Effect { uncertain: true, ..effect("12025550143") };
        assert!(matches!(request(&again, "v25.0", "1"), Err(Failure::OutcomeUnknown(_))));
    }

    #[test]
    fn the_receipt_names_the_message() {
        let answered = receipt(
            r#"{"contacts": [{"input": "12025550143", "user_id": "US.1"}],
                "messages": [{"id": "wamid.A1", "message_status": "accepted"}]}"#,
        );
        assert_eq!(answered.reference.as_deref(), Some("wamid.A1"));
        assert_eq!(answered.extra, [("message_status".to_owned(), "accepted".to_owned())]);
        assert_eq!(receipt("{}").reference, None);
    }
}
