//! Sending a message. The request and the judgement of its answer are pure; only `perform` talks to the host.

use omnihub_plugin::host::http::{self, Request};
use omnihub_plugin::meta::graph;
use omnihub_plugin::{Effect, Failure, Receipt, answer, host::config, lenient, members, meta};
use serde_json::json;

use crate::map::interaction_id;

pub(crate) fn perform(effect: &Effect) -> Result<Receipt, Failure> {
    if effect.action != "send_message" {
        return Err(Failure::Unsupported(format!("action {}", effect.action)));
    }
    let version = config::get("api_version").unwrap_or_else(|| meta::VERSION.into());
    let account = config::get("account_id").unwrap_or_else(|| "me".into());
    let request = request(effect, &version, &account)?;
    let response = http::send("graph", &request).map_err(answer::unanswered)?;
    let body = graph::accepted(response, effect.attempt)?;
    Ok(receipt(effect, &body))
}

fn request(effect: &Effect, version: &str, account: &str) -> Result<Request, Failure> {
    graph::first_time(effect)?;
    let to = graph::argument(effect, "to")?;
    let text = graph::argument(effect, "text")?;
    let body = json!({"recipient": {"id": to}, "message": {"text": text}});
    graph::messages(version, ("account_id", account), body.to_string())
}

omnihub_plugin::members! {
    /// The answer to a send.
    Sent { text: message_id; }
}

/// The reference is the id the message's echo will have.
fn receipt(effect: &Effect, body: &str) -> Receipt {
    let sent: Sent = members::read(body).unwrap_or_default();
    let to = graph::argument(effect, "to").unwrap_or_default();
    let reference = lenient::said(sent.message_id).map(|mid| interaction_id(to, &mid));
    Receipt { reference, already_done: false, extra: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(arguments: &[(&str, &str)]) -> Effect {
        Effect {
            id: "effect-1".into(),
            action: "send_message".into(),
            arguments: arguments.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            attempt: 1,
            uncertain: false,
        }
    }

    #[test]
    fn a_send_names_customer_and_text() {
        let effect = effect(&[("to", "7000000000000001"), ("text", "Grüß \"Gott\" 👋")]);
        let request = request(&effect, "v25.0", "17840000000000001").unwrap();
        assert_eq!(request.path, "/v25.0/17840000000000001/messages");
        let body: serde_json::Value = serde_json::from_str(&request.body.unwrap()).unwrap();
        let expected =
            json!({"recipient": {"id": "7000000000000001"}, "message": {"text": "Grüß \"Gott\" 👋"}});
        assert_eq!(body, expected);
    }

    #[test]
    fn what_is_missing_or_may_have_been_sent_is_refused() {
        assert!(matches!(request(&effect(&[("to", "1")]), "v25.0", "me"), Err(Failure::Rejected(_))));
        assert!(matches!(
            request(&effect(&[("to", " "), ("text", "a")]), "v25.0", "me"),
            Err(Failure::Rejected(_))
        ));
        let again = Effect { uncertain: true, attempt: 2, ..effect(&[("to", "1"), ("text", "a")]) };
        assert!(matches!(request(&again, "v25.0", "me"), Err(Failure::OutcomeUnknown(_))));
    }

    #[test]
    fn the_receipt_names_the_echo() {
        let effect = effect(&[("to", "70"), ("text", "a")]);
        let receipt_of = |body| receipt(&effect, body).reference;
        assert_eq!(receipt_of(r#"{"recipient_id": "70", "message_id": "mid.1"}"#), Some("70:mid.1".into()));
        assert_eq!(receipt_of("accepted"), None);
    }
}
