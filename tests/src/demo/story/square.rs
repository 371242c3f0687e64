//! Square's bodies: counted stock, loyalty accounts and the entries of their ledger.

use serde_json::{Value, json};

use super::calendar::Moment;
use crate::support::connections::{INVENTORY, LOYALTY};
use crate::support::delivery::Outgoing;

const MERCHANT: &str = "MLALDERFINCH01";
const LOCATION: &str = "LBERLIN01";

fn event(connection: &str, id: &str, kind: &str, data_id: &str, object: &Value, at: Moment) -> Outgoing {
    let body = json!({
        "merchant_id": MERCHANT,
        "location_id": LOCATION,
        "type": kind,
        "event_id": id,
        "created_at": at.utc(),
        "data": {"type": kind.rsplit_once('.').map_or(kind, |(object, _)| object), "id": data_id, "object": object},
    });
    Outgoing::json(connection, id, &body)
}

/// So many of a variation are on the shelf.
pub(super) fn counted(id: &str, variation: &str, quantity: &str, at: Moment) -> Outgoing {
    let count = json!({
        "catalog_object_id": variation,
        "catalog_object_type": "ITEM_VARIATION",
        "location_id": LOCATION,
        "state": "IN_STOCK",
        "quantity": quantity,
        "calculated_at": at.utc(),
    });
    event(INVENTORY, id, "inventory.count.updated", variation, &json!({"inventory_counts": [count]}), at)
}

pub(super) struct Member {
    pub(super) account: &'static str,
    /// What is asked for at the till.
    pub(super) phone: &'static str,
    pub(super) since: Moment,
}

pub(super) fn account(id: &str, kind: &str, member: &Member, balance: i64, at: Moment) -> Outgoing {
    let object = json!({
        "loyalty_account": {
            "id": member.account,
            "program_id": "finch-feathers",
            "balance": balance,
            "lifetime_points": balance,
            "enrolled_at": member.since.utc(),
            "created_at": member.since.utc(),
            "updated_at": at.utc(),
            "mapping": {"id": format!("{}-mapping", member.account), "phone_number": member.phone,
                        "created_at": member.since.utc()},
        },
    });
    event(LOYALTY, id, kind, member.account, &object, at)
}

/// Points for a purchase.
pub(super) fn earned(id: &str, member: &Member, entry: &str, points: i64, at: Moment) -> Outgoing {
    let object = json!({
        "loyalty_event": {
            "id": entry,
            "type": "ACCUMULATE_POINTS",
            "created_at": at.utc(),
            "loyalty_account_id": member.account,
            "location_id": LOCATION,
            "source": "LOYALTY_API",
            "accumulate_points": {"loyalty_program_id": "finch-feathers", "points": points},
        },
    });
    event(LOYALTY, id, "loyalty.event.created", entry, &object, at)
}
