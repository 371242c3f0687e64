//! The small part of Shopify's schema that is simulated. A field outside it is refused, never guessed.

/// What a field of an object holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    Leaf,
    Object(&'static str),
}

use Holds::{Leaf, Object};

type Fields = &'static [(&'static str, Holds)];

const QUERY: Fields = &[
    ("customer", Object("Customer")),
    ("customers", Object("CustomerConnection")),
    ("node", Object("Node")),
    ("order", Object("Order")),
    ("orders", Object("OrderConnection")),
    ("webhookSubscriptions", Object("WebhookSubscriptionConnection")),
];
const MUTATION: Fields = &[
    ("customerRequestDataErasure", Object("CustomerRequestDataErasurePayload")),
    ("orderUpdate", Object("OrderUpdatePayload")),
    ("tagsAdd", Object("TagsAddPayload")),
    ("tagsRemove", Object("TagsRemovePayload")),
    ("webhookSubscriptionCreate", Object("WebhookSubscriptionCreatePayload")),
    ("webhookSubscriptionDelete", Object("WebhookSubscriptionDeletePayload")),
];
const TAGS_PAYLOAD: Fields = &[("node", Object("Node")), ("userErrors", Object("UserError"))];
const ORDER_PAYLOAD: Fields = &[("order", Object("Order")), ("userErrors", Object("UserError"))];
const SUBSCRIBE_PAYLOAD: Fields =
    &[("userErrors", Object("UserError")), ("webhookSubscription", Object("WebhookSubscription"))];
const UNSUBSCRIBE_PAYLOAD: Fields =
    &[("deletedWebhookSubscriptionId", Leaf), ("userErrors", Object("UserError"))];
const ERASURE_PAYLOAD: Fields =
    &[("customerId", Leaf), ("userErrors", Object("CustomerRequestDataErasureUserError"))];
const ERASURE_ERROR: Fields = &[("code", Leaf), ("field", Leaf), ("message", Leaf)];
const USER_ERROR: Fields = &[("field", Leaf), ("message", Leaf)];
const NODE: Fields = &[("id", Leaf)];
const PAGE_INFO: Fields = &[("endCursor", Leaf), ("hasNextPage", Leaf)];
const CUSTOMER: Fields = &[
    ("amountSpent", Object("MoneyV2")),
    ("createdAt", Leaf),
    ("defaultEmailAddress", Object("CustomerEmailAddress")),
    ("defaultPhoneNumber", Object("CustomerPhoneNumber")),
    ("firstName", Leaf),
    ("id", Leaf),
    ("lastName", Leaf),
    ("legacyResourceId", Leaf),
    ("locale", Leaf),
    ("note", Leaf),
    ("numberOfOrders", Leaf),
    ("state", Leaf),
    ("tags", Leaf),
    ("updatedAt", Leaf),
    ("verifiedEmail", Leaf),
];
const EMAIL_ADDRESS: Fields = &[
    ("emailAddress", Leaf),
    ("marketingOptInLevel", Leaf),
    ("marketingState", Leaf),
    ("marketingUpdatedAt", Leaf),
];
const PHONE_NUMBER: Fields = &[
    ("marketingCollectedFrom", Leaf),
    ("marketingOptInLevel", Leaf),
    ("marketingState", Leaf),
    ("marketingUpdatedAt", Leaf),
    ("phoneNumber", Leaf),
];
const ORDER: Fields = &[
    ("cancelReason", Leaf),
    ("cancelledAt", Leaf),
    ("closedAt", Leaf),
    ("createdAt", Leaf),
    ("currencyCode", Leaf),
    ("currentTotalPriceSet", Object("MoneyBag")),
    ("customer", Object("Customer")),
    ("customerLocale", Leaf),
    ("displayFinancialStatus", Leaf),
    ("displayFulfillmentStatus", Leaf),
    ("email", Leaf),
    ("fulfillments", Object("Fulfillment")),
    ("id", Leaf),
    ("legacyResourceId", Leaf),
    ("lineItems", Object("LineItemConnection")),
    ("name", Leaf),
    ("note", Leaf),
    ("phone", Leaf),
    ("presentmentCurrencyCode", Leaf),
    ("processedAt", Leaf),
    ("refunds", Object("Refund")),
    ("sourceName", Leaf),
    ("statusPageUrl", Leaf),
    ("subtotalPriceSet", Object("MoneyBag")),
    ("tags", Leaf),
    ("test", Leaf),
    ("totalDiscountsSet", Object("MoneyBag")),
    ("totalPriceSet", Object("MoneyBag")),
    ("totalTaxSet", Object("MoneyBag")),
    ("updatedAt", Leaf),
];
const MONEY_BAG: Fields = &[("shopMoney", Object("MoneyV2"))];
const MONEY: Fields = &[("amount", Leaf), ("currencyCode", Leaf)];
const LINE: Fields = &[
    ("id", Leaf),
    ("originalUnitPriceSet", Object("MoneyBag")),
    ("quantity", Leaf),
    ("sku", Leaf),
    ("title", Leaf),
];
const FULFILLMENT: Fields = &[
    ("createdAt", Leaf),
    ("displayStatus", Leaf),
    ("id", Leaf),
    ("status", Leaf),
    ("trackingInfo", Object("FulfillmentTrackingInfo")),
    ("updatedAt", Leaf),
];
const TRACKING: Fields = &[("company", Leaf), ("number", Leaf), ("url", Leaf)];
const REFUND: Fields = &[
    ("createdAt", Leaf),
    ("id", Leaf),
    ("processedAt", Leaf),
    ("transactions", Object("OrderTransactionConnection")),
];
const TRANSACTION: Fields = &[("amountSet", Object("MoneyBag")), ("kind", Leaf), ("status", Leaf)];
const SUBSCRIPTION: Fields = &[
    ("filter", Leaf),
    ("format", Leaf),
    ("id", Leaf),
    ("includeFields", Leaf),
    ("topic", Leaf),
    ("uri", Leaf),
];

/// The fields of a type; none when there is no such type here.
fn fields(type_name: &str) -> Option<Fields> {
    const CUSTOMERS: Fields = &[("nodes", Object("Customer")), ("pageInfo", Object("PageInfo"))];
    const ORDERS: Fields = &[("nodes", Object("Order")), ("pageInfo", Object("PageInfo"))];
    const LINES: Fields = &[("nodes", Object("LineItem")), ("pageInfo", Object("PageInfo"))];
    const TRANSACTIONS: Fields = &[("nodes", Object("OrderTransaction")), ("pageInfo", Object("PageInfo"))];
    const SUBSCRIPTIONS: Fields =
        &[("nodes", Object("WebhookSubscription")), ("pageInfo", Object("PageInfo"))];
    Some(match type_name {
        "QueryRoot" => QUERY,
        "Mutation" => MUTATION,
        "TagsAddPayload" | "TagsRemovePayload" => TAGS_PAYLOAD,
        "OrderUpdatePayload" => ORDER_PAYLOAD,
        "WebhookSubscriptionCreatePayload" => SUBSCRIBE_PAYLOAD,
        "WebhookSubscriptionDeletePayload" => UNSUBSCRIBE_PAYLOAD,
        "CustomerRequestDataErasurePayload" => ERASURE_PAYLOAD,
        "CustomerRequestDataErasureUserError" => ERASURE_ERROR,
        "UserError" => USER_ERROR,
        "Node" => NODE,
        "PageInfo" => PAGE_INFO,
        "CustomerConnection" => CUSTOMERS,
        "Customer" => CUSTOMER,
        "CustomerEmailAddress" => EMAIL_ADDRESS,
        "CustomerPhoneNumber" => PHONE_NUMBER,
        "OrderConnection" => ORDERS,
        "Order" => ORDER,
        "MoneyBag" => MONEY_BAG,
        "MoneyV2" => MONEY,
        "LineItemConnection" => LINES,
        "LineItem" => LINE,
        "Fulfillment" => FULFILLMENT,
        "FulfillmentTrackingInfo" => TRACKING,
        "Refund" => REFUND,
        "OrderTransactionConnection" => TRANSACTIONS,
        "OrderTransaction" => TRANSACTION,
        "WebhookSubscriptionConnection" => SUBSCRIPTIONS,
        "WebhookSubscription" => SUBSCRIPTION,
        _ => return None,
    })
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
