//! Tags, notes, and the request to erase somebody. Every action is safe to repeat: tags are sets, a note's line is looked
//! for before it is written, and who is to be erased is so however often that is asked.

use omnihub_plugin::erasure::Erasure;
use omnihub_plugin::{Effect, Failure, Receipt, answer};

use crate::admin::{Admin, gid};
use crate::json::Object;
use crate::mark;
use crate::wire::admin::{ChangedData, ErasedData, OneOrderData, UserError};

pub(crate) const ERASE_CUSTOMER: &str = "erase_customer";

/// Adds to the tags there are. Writing `tags` through `customerUpdate` or `orderUpdate` would replace them.
const TAGS_ADD: &str = "mutation AddTags($id: ID!, $tags: [String!]!) { \
    changed: tagsAdd(id: $id, tags: $tags) { object: node { id } userErrors { field } } }";
const TAGS_REMOVE: &str = "mutation RemoveTags($id: ID!, $tags: [String!]!) { \
    changed: tagsRemove(id: $id, tags: $tags) { object: node { id } userErrors { field } } }";
const NOTE: &str = "query Note($id: ID!) { order(id: $id) { id note } }";
/// Overwrites the note: what it was has to be in it.
const NOTE_WRITE: &str = "mutation WriteNote($input: OrderInput!) { \
    changed: orderUpdate(input: $input) { object: order { id } userErrors { field } } }";
/// Queued by Shopify, see https://shopify.dev/docs/api/admin-graphql/latest/mutations/customerRequestDataErasure.
const ERASE: &str = "mutation EraseCustomer($id: ID!) { \
    erased: customerRequestDataErasure(customerId: $id) { customerId userErrors { code field } } }";
/// Of the customer, and so nothing is left to erase:
/// https://shopify.dev/docs/api/admin-graphql/latest/enums/CustomerRequestDataErasureErrorCode.
const DOES_NOT_EXIST: &str = "DOES_NOT_EXIST";

pub(crate) fn perform(effect: &Effect, admin: &mut Admin<'_>) -> Result<Receipt, Failure> {
    match effect.action.as_str() {
        "add_customer_tag" => tag(effect, admin, TAGS_ADD, "Customer", "customer_id"),
        "remove_customer_tag" => tag(effect, admin, TAGS_REMOVE, "Customer", "customer_id"),
        "add_order_tag" => tag(effect, admin, TAGS_ADD, "Order", "order_id"),
        "remove_order_tag" => tag(effect, admin, TAGS_REMOVE, "Order", "order_id"),
        "append_order_note" => append_note(effect, admin),
        ERASE_CUSTOMER => erase(effect, admin),
        other => Err(Failure::Unsupported(other.to_owned())),
    }
}

fn tag(
    effect: &Effect,
    admin: &mut Admin<'_>,
    mutation: &str,
    kind: &str,
    target: &str,
) -> Result<Receipt, Failure> {
    let id = object(effect, kind, target)?;
    let tag = argument(effect, "tag")?;
    change(admin, mutation, Object::new().text("id", &id).list_of_one("tags", tag))
}

/// Reads the note, and writes it again with one line more unless our line is in it. Between the two somebody else may
/// have written: Shopify has no way to notice that.
fn append_note(effect: &Effect, admin: &mut Admin<'_>) -> Result<Receipt, Failure> {
    let id = object(effect, "Order", "order_id")?;
    let text = argument(effect, "note")?;
    let read: OneOrderData = admin.read(NOTE, Object::new().text("id", &id))?;
    let order = read.order.ok_or_else(|| Failure::Rejected("no such order".into()))?;
    let note = order.note.map(|note| note.0).unwrap_or_default();
    if mark::wrote(&note, &effect.id) {
        return Ok(Receipt { reference: Some(id), already_done: true, extra: Vec::new() });
    }
    let line = mark::line(text, &effect.id);
    let note = if note.trim().is_empty() { line } else { format!("{}\n{line}", note.trim_end()) };
    let input = Object::new().text("id", &id).text("note", &note);
    change(admin, NOTE_WRITE, Object::new().object("input", input))
}

/// Shopify waits ten days, or until 180 days after the last order, and then redacts the person in its records and tells
/// all apps to do the same (`customers/redact`); what was sold and when stays. Until then the request can be taken back:
/// https://help.shopify.com/en/manual/privacy-and-security/privacy/processing-customer-data-requests and
/// https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance.
fn erase(effect: &Effect, admin: &mut Admin<'_>) -> Result<Receipt, Failure> {
    let unclear = || Failure::OutcomeUnknown("an answer without a result".into());
    let id = object(effect, "Customer", "customer_id")?;
    let erased =
        admin.write::<ErasedData>(ERASE, Object::new().text("id", &id))?.erased.ok_or_else(unclear)?;
    let errors: Vec<UserError> = erased.user_errors.into_iter().flatten().flatten().collect();
    if errors.iter().any(|error| error.code.as_ref().is_some_and(|code| code.0 == DOES_NOT_EXIST)) {
        return Ok(Erasure::Gone.receipt(None, None));
    }
    if let Some(error) = errors.into_iter().next() {
        let code = error.code.and_then(|code| answer::word(&code.0)).unwrap_or_else(|| "refused".into());
        return Err(Failure::Rejected(format!("userErrors {code}")));
    }
    // Shopify gives the request no id of its own: it is the customer's.
    let reference = erased.customer.ok_or_else(unclear)?;
    Ok(Erasure::Accepted.receipt(Some(reference.0), None))
}

fn change(admin: &mut Admin<'_>, mutation: &str, variables: Object) -> Result<Receipt, Failure> {
    let unclear = || Failure::OutcomeUnknown("an answer without a result".into());
    let changed = admin.write::<ChangedData>(mutation, variables)?.changed.ok_or_else(unclear)?;
    if let Some(errors) = changed.user_errors.filter(|errors| !errors.is_empty()) {
        let field = errors.into_iter().flatten().find_map(|error| error.field).unwrap_or_default();
        let field: Vec<&str> = field.iter().map(|part| part.0.as_str()).collect();
        let field = answer::word(&field.join(".")).unwrap_or_else(|| "refused".into());
        return Err(Failure::Rejected(format!("userErrors {field}")));
    }
    let reference = changed.object.and_then(|object| object.id).ok_or_else(unclear)?;
    Ok(Receipt { reference: Some(reference.0), already_done: false, extra: Vec::new() })
}

fn object(effect: &Effect, kind: &str, name: &str) -> Result<String, Failure> {
    let id = argument(effect, name)?;
    gid(kind, id).ok_or_else(|| Failure::Rejected(format!("{name} is no id of an object of that kind")))
}

fn argument<'a>(effect: &'a Effect, name: &str) -> Result<&'a str, Failure> {
    let given = effect.arguments.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
    given.filter(|value| !value.is_empty()).ok_or_else(|| Failure::Rejected(format!("{name} is missing")))
}
