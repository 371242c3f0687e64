//! The JSON of Shopify's webhooks as far as it is read. These types go no further than `map` and `node`.

pub(crate) mod admin;

use omnihub_plugin::members;

members! {
    /// `orders/*` other than `edited`.
    Order {
        text: id, admin_graphql_api_id, name, token, email, contact_email, phone, created_at, updated_at,
            processed_at, closed_at, cancelled_at, cancel_reason, financial_status, currency, total_price,
            subtotal_price, total_tax, total_discounts, current_total_price, presentment_currency, tags, note,
            source_name, customer_locale, checkout_id, test;
        raw: fulfillment_status;
        object: customer: Customer;
        list: line_items: Line, fulfillments: Fulfilment, refunds: Refund;
    }

    /// A line of an order or of a checkout; only the latter has `key`.
    Line {
        text: id, key, variant_id, sku, title, quantity, price;
    }

    /// `fulfillments/*`, and inside orders.
    Fulfilment {
        text: id, admin_graphql_api_id, order_id, status, shipment_status, tracking_company, tracking_number,
            tracking_url, created_at, updated_at;
        texts: tracking_numbers, tracking_urls;
    }

    /// `refunds/create`, and inside orders.
    Refund {
        text: id, admin_graphql_api_id, order_id, created_at, processed_at;
        list: transactions: Transaction;
    }

    /// Money that moved, or failed to.
    Transaction {
        text: kind, status, amount, currency;
    }

    /// `returns/*`.
    Return {
        text: id, admin_graphql_api_id, status, updated_at;
        object: order: Reference;
    }

    /// An object that is only named.
    Reference {
        text: id, admin_graphql_api_id;
    }

    /// `orders/edited`: what was edited, not the order.
    Edited {
        object: order_edit: OrderEdit;
    }

    OrderEdit {
        text: id, order_id, created_at;
        object: line_items: Edits;
    }

    /// The lines an edit added and removed.
    Edits {
        list: additions: Reference, removals: Reference;
    }

    /// `customers/create|update|delete`, and inside orders and checkouts.
    Customer {
        text: id, admin_graphql_api_id, email, phone, first_name, last_name, state, tags, locale, verified_email,
            orders_count, total_spent, created_at, updated_at;
        object: email_marketing_consent: MarketingConsent, sms_marketing_consent: MarketingConsent;
    }

    MarketingConsent {
        text: state, opt_in_level, consent_updated_at, consent_collected_from;
    }

    /// `customers_marketing_consent/update` names the customer `id`, `customers_email_marketing_consent/update` names
    /// it `customer_id`.
    ConsentUpdate {
        text: id, customer_id, admin_graphql_api_id, phone, email_address;
        object: email_marketing_consent: MarketingConsent, sms_marketing_consent: MarketingConsent;
    }

    /// `customer.tags_added` and `customer.tags_removed`: the only bodies in camel case.
    TagsChange {
        text: customer_id = "customerId", occurred_at = "occurredAt";
        raw: tags;
    }

    /// `customers/merge`.
    Merge {
        text: kept = "admin_graphql_api_customer_kept_id", deleted = "admin_graphql_api_customer_deleted_id", status;
    }

    /// The three privacy topics.
    Privacy {
        text: shop_id;
        texts: orders_to_redact, orders_requested;
        object: customer: Person, data_request: Reference;
    }

    Person {
        text: id, email, phone;
    }

    /// `checkouts/*`.
    Checkout {
        text: id, token, email, phone, created_at, updated_at, completed_at, currency, total_price,
            abandoned_checkout_url, source_name;
        object: customer: Customer;
        list: line_items: Line;
    }

    /// `inventory_levels/*`.
    Level {
        text: inventory_item_id, location_id, admin_graphql_api_id, updated_at;
        raw: available;
    }

    /// `inventory_items/*` and `variants/*`.
    Item {
        text: id, admin_graphql_api_id, sku, title, tracked, cost, product_id, inventory_item_id, inventory_quantity,
            updated_at;
    }

    /// Any other body.
    Unknown {
        text: id, admin_graphql_api_id, updated_at;
        texts: current;
    }
}
