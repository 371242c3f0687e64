//! Meta's bodies: messages and what becomes of them, on Instagram and WhatsApp.

use serde_json::{Value, json};

use super::calendar::Moment;
use crate::support::connections::{INSTAGRAM, INSTAGRAM_ACCOUNT, WHATSAPP, WHATSAPP_PHONE_NUMBER};
use crate::support::delivery::Outgoing;

/// The shop's own number.
const SHOP_PHONE: &str = "12025550100";

pub(super) fn instagram_message(id: &str, from: &str, mid: &str, text: &str, at: Moment) -> Outgoing {
    instagram(id, from, at, &json!({"mid": mid, "text": text}))
}

/// A message in a thread that was opened from an order's page.
pub(super) fn instagram_message_about_order(
    id: &str,
    from: &str,
    mid: &str,
    text: &str,
    order_token: &str,
    at: Moment,
) -> Outgoing {
    let referral =
        json!({"ref": format!("order_{order_token}"), "source": "SHORTLINKS", "type": "OPEN_THREAD"});
    instagram(id, from, at, &json!({"mid": mid, "text": text, "referral": referral}))
}

/// The sender took it back.
pub(super) fn instagram_unsent(id: &str, from: &str, mid: &str, at: Moment) -> Outgoing {
    instagram(id, from, at, &json!({"mid": mid, "is_deleted": true}))
}

fn instagram(id: &str, from: &str, at: Moment, message: &Value) -> Outgoing {
    let body = json!({
        "object": "instagram",
        "entry": [{
            "id": INSTAGRAM_ACCOUNT,
            "time": at.millis(),
            "messaging": [{
                "sender": {"id": from},
                "recipient": {"id": INSTAGRAM_ACCOUNT},
                "timestamp": at.millis(),
                "message": message,
            }],
        }],
    });
    Outgoing::json(INSTAGRAM, id, &body)
}

pub(super) fn whatsapp_message(
    id: &str,
    from: &str,
    name: &str,
    wamid: &str,
    text: &str,
    at: Moment,
) -> Outgoing {
    let message =
        json!({"from": from, "id": wamid, "timestamp": at.seconds(), "type": "text", "text": {"body": text}});
    let contact = json!({"wa_id": from, "profile": {"name": name}});
    whatsapp(id, "messages", &json!({"contacts": [contact], "messages": [message]}))
}

/// What the shop wrote in WhatsApp's own app.
pub(super) fn whatsapp_echo(id: &str, to: &str, wamid: &str, text: &str, at: Moment) -> Outgoing {
    let message = json!({
        "from": SHOP_PHONE, "to": to, "id": wamid, "timestamp": at.seconds(), "type": "text", "text": {"body": text},
    });
    whatsapp(id, "smb_message_echoes", &json!({"message_echoes": [message]}))
}

/// What became of a message of the shop's.
pub(super) fn whatsapp_status(id: &str, to: &str, wamid: &str, status: &str, at: Moment) -> Outgoing {
    let status = json!({
        "id": wamid, "status": status, "timestamp": at.seconds(), "recipient_id": to,
        "pricing": {"billable": true, "category": "utility", "pricing_model": "PMP"},
    });
    whatsapp(id, "messages", &json!({"statuses": [status]}))
}

fn whatsapp(id: &str, field: &str, what: &Value) -> Outgoing {
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": SHOP_PHONE, "phone_number_id": WHATSAPP_PHONE_NUMBER},
    });
    if let (Some(value), Some(what)) = (value.as_object_mut(), what.as_object()) {
        value.extend(what.clone());
    }
    let body = json!({
        "object": "whatsapp_business_account",
        "entry": [{"id": "106540000000009", "changes": [{"field": field, "value": value}]}],
    });
    Outgoing::json(WHATSAPP, id, &body)
}
