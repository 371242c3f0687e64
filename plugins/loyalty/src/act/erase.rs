//! Erasing a person. Neither provider takes a key for it, and neither needs one: who is not there is erased. Only the
//! provider's own word for that counts, because a wrong address knows nobody either.

use omnihub_plugin::erasure::Erasure;
use omnihub_plugin::host::http::Method;
use omnihub_plugin::lenient::said;
use omnihub_plugin::square::api::{self, Outside, required, segment};
use omnihub_plugin::{Effect, Failure, Receipt, answer, members};

use crate::settings::Settings;
use crate::voucherify;
use crate::wire::voucherify::Deletion;

/// Square's API deletes no loyalty accounts: https://developer.squareup.com/docs/loyalty-api/loyalty-accounts.
const ACCOUNT_REMAINS: &str = "the loyalty account with its phone number; delete it in Square's Dashboard";

/// A profile that was merged into another goes by the other's id only:
/// https://developer.squareup.com/reference/square/customers-api/delete-customer.
pub(super) fn at_square(
    effect: &Effect,
    settings: &Settings,
    outside: &mut dyn Outside,
) -> Result<Receipt, Failure> {
    let path = format!("/v2/customers/{}", customer(effect)?);
    let request = api::request(settings.square_version.as_deref(), Method::Delete, path, None)?;
    let response = outside.send(api::ENDPOINT, &request).map_err(answer::unanswered)?;
    let nobody = response.status == 404 && api::code(&response.body).as_deref() == Some("NOT_FOUND");
    if nobody {
        return Ok(Erasure::Gone.receipt(None, Some(ACCOUNT_REMAINS)));
    }
    answer::check(&response, api::code)?;
    Ok(Erasure::Done.receipt(None, Some(ACCOUNT_REMAINS)))
}

/// Deletes "all customer data and connected resources", and says whether it has done so yet:
/// https://docs.voucherify.io/api-reference/customers/delete-customer-permanently.
pub(super) fn at_voucherify(
    effect: &Effect,
    settings: &Settings,
    outside: &mut dyn Outside,
) -> Result<Receipt, Failure> {
    let path = format!("/v1/customers/{}/permanent-deletion", customer(effect)?);
    let request = voucherify::request(settings, Method::Post, path, None)?;
    let response = outside.send(voucherify::ENDPOINT, &request).map_err(answer::unanswered)?;
    // "not_found", in newer versions "resource_not_found".
    let nobody = voucherify::key(&response.body).is_some_and(|key| key.ends_with("not_found"));
    if response.status == 404 && nobody {
        return Ok(Erasure::Gone.receipt(None, None));
    }
    answer::check(&response, voucherify::key)?;
    let deletion: Option<Deletion> = members::read(&response.body);
    let deletion = deletion.ok_or_else(|| Failure::OutcomeUnknown("an answer that cannot be read".into()))?;
    let is_done = deletion.status.as_ref().is_some_and(|status| status.0 == "DONE");
    let standing = if is_done { Erasure::Done } else { Erasure::Accepted };
    Ok(standing.receipt(said(deletion.id), None))
}

fn customer(effect: &Effect) -> Result<String, Failure> {
    let customer = segment(required(effect, "customer_id")?);
    customer.ok_or_else(|| Failure::Rejected("customer_id is no id of a customer".into()))
}
