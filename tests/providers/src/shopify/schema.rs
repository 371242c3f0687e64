//! The small part of Shopify's schema that is simulated. A field outside it is refused, never guessed.

/// What a field of an object holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    Leaf,
    Object(&'static str),
}

use Holds::{Leaf, Object};

const QUERY: &[(&str, Holds)] =
    &[("customer", Object("Customer")), ("order", Object("Order")), ("node", Object("Node"))];
const MUTATION: &[(&str, Holds)] = &[
    ("tagsAdd", Object("TagsAddPayload")),
    ("tagsRemove", Object("TagsRemovePayload")),
    ("orderUpdate", Object("OrderUpdatePayload")),
];
const TAGS_PAYLOAD: &[(&str, Holds)] = &[("node", Object("Node")), ("userErrors", Object("UserError"))];
const ORDER_PAYLOAD: &[(&str, Holds)] = &[("order", Object("Order")), ("userErrors", Object("UserError"))];
const USER_ERROR: &[(&str, Holds)] = &[("field", Leaf), ("message", Leaf)];
const NODE: &[(&str, Holds)] = &[("id", Leaf)];
const CUSTOMER: &[(&str, Holds)] =
    &[("id", Leaf), ("legacyResourceId", Leaf), ("tags", Leaf), ("note", Leaf)];
const ORDER: &[(&str, Holds)] =
    &[("id", Leaf), ("legacyResourceId", Leaf), ("name", Leaf), ("tags", Leaf), ("note", Leaf)];

/// The fields of a type; none when there is no such type here.
fn fields(type_name: &str) -> Option<&'static [(&'static str, Holds)]> {
    match type_name {
        "QueryRoot" => Some(QUERY),
        "Mutation" => Some(MUTATION),
        "TagsAddPayload" | "TagsRemovePayload" => Some(TAGS_PAYLOAD),
        "OrderUpdatePayload" => Some(ORDER_PAYLOAD),
        "UserError" => Some(USER_ERROR),
        "Node" => Some(NODE),
        "Customer" => Some(CUSTOMER),
        "Order" => Some(ORDER),
        _ => None,
    }
}

/// What the field of that type holds.
pub(crate) fn field(type_name: &str, name: &str) -> Option<Holds> {
    if name == "__typename" {
        return Some(Leaf);
    }
    fields(type_name)?.iter().find(|(known, _)| *known == name).map(|(_, holds)| *holds)
}

/// Whether a fragment may name this type.
pub(crate) fn is_type(name: &str) -> bool {
    fields(name).is_some()
}

/// Whether a fragment on `condition` applies to an object of type `actual`.
pub(crate) fn applies(condition: &str, actual: &str) -> bool {
    condition == actual || (condition == "Node" && matches!(actual, "Customer" | "Order"))
}
