//! Points and rewards at Square. The effect's id is the idempotency key and nothing in a request depends on when it is
//! sent, so the same request may go out again and acts once.

use omnihub_plugin::host::http::Method;
use omnihub_plugin::lenient::said;
use omnihub_plugin::square::api::{Outside, act, given, request, required, segment};
use omnihub_plugin::{Effect, Failure, Receipt, members};
use serde_json::{Value, json};

use super::points;
use crate::settings::Settings;
use crate::wire::square::Done;

pub(super) fn perform(
    effect: &Effect,
    settings: &Settings,
    outside: &mut dyn Outside,
) -> Result<Receipt, Failure> {
    let (path, body) = asked(effect)?;
    let request = request(settings.square_version.as_deref(), Method::Post, path, Some(&body))?;
    let response = act(outside, &request)?;
    Ok(receipt(&response.body))
}

/// Where the request goes and what it says.
pub(crate) fn asked(effect: &Effect) -> Result<(String, Value), Failure> {
    let account = required(effect, "account")?;
    let segment =
        segment(account).ok_or_else(|| Failure::Rejected("account is no id of a loyalty account".into()))?;
    match effect.action.as_str() {
        "accumulate" => Ok((format!("/v2/loyalty/accounts/{segment}/accumulate"), accumulate(effect)?)),
        "create_reward" => {
            let mut reward =
                json!({"loyalty_account_id": account, "reward_tier_id": required(effect, "tier")?});
            set(&mut reward, "order_id", given(effect, "order"));
            Ok(("/v2/loyalty/rewards".into(), json!({"idempotency_key": effect.id, "reward": reward})))
        }
        _ => Ok((format!("/v2/loyalty/accounts/{segment}/adjust"), adjust(effect)?)),
    }
}

fn adjust(effect: &Effect) -> Result<Value, Failure> {
    let allow_negative = match given(effect, "allow_negative") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Failure::Rejected("allow_negative is true or false".into())),
    };
    let mut change = json!({"points": points(effect)?});
    set(&mut change, "reason", given(effect, "reason"));
    Ok(json!({
        "idempotency_key": effect.id,
        "adjust_points": change,
        "allow_negative_balance": allow_negative,
    }))
}

fn accumulate(effect: &Effect) -> Result<Value, Failure> {
    let earned = match (given(effect, "order"), given(effect, "points")) {
        (Some(order), None) => json!({"order_id": order}),
        (None, Some(_)) => match points(effect)? {
            points if points > 0 => json!({"points": points}),
            _ => return Err(Failure::Rejected("a purchase takes no points away: use adjust".into())),
        },
        _ => return Err(Failure::Rejected("either order or points says what was earned".into())),
    };
    Ok(json!({
        "idempotency_key": effect.id,
        "accumulate_points": earned,
        "location_id": required(effect, "location")?,
    }))
}

fn set(object: &mut Value, name: &str, value: Option<&str>) {
    if let (Some(object), Some(value)) = (object.as_object_mut(), value) {
        object.insert(name.to_owned(), value.into());
    }
}

/// The entry or reward that was made. Square took the request either way, so an odd answer only costs the reference.
fn receipt(body: &str) -> Receipt {
    let done: Done = members::read(body).unwrap_or_default();
    let made = done.reward.or(done.event).or_else(|| done.events.into_iter().flatten().flatten().next());
    Receipt { reference: made.and_then(|made| said(made.id)), already_done: false, extra: Vec::new() }
}
