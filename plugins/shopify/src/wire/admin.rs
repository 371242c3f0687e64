//! The Admin GraphQL API's JSON as far as it is read. `node` turns its objects into those of webhooks.

use omnihub_plugin::members;

members! {
    /// What every answer has, besides its data.
    Envelope {
        object: extensions: Extensions;
        list: errors: GraphqlError;
    }

    GraphqlError {
        object: extensions: ErrorExtensions;
    }

    ErrorExtensions {
        text: code;
    }

    Extensions {
        object: cost: Cost;
    }

    Cost {
        text: requested = "requestedQueryCost";
        object: throttle = "throttleStatus": Throttle;
    }

    Throttle {
        text: most = "maximumAvailable", available = "currentlyAvailable", per_second = "restoreRate";
    }

    PageInfo {
        text: more = "hasNextPage", end = "endCursor";
    }

    Named {
        text: id;
    }

    /// What a mutation answers; our queries call it `changed`, whichever it is.
    ChangedData {
        object: changed: Changed;
    }

    Changed {
        object: object: Named;
        list: user_errors = "userErrors": UserError;
    }

    UserError {
        text: code;
        texts: field;
    }

    ErasedData {
        object: erased: Erased;
    }

    /// A request to erase a customer's data.
    Erased {
        text: customer = "customerId";
        list: user_errors = "userErrors": UserError;
    }

    OrdersData {
        object: orders: OrderPage;
    }

    OrderPage {
        object: info = "pageInfo": PageInfo;
        list: nodes: OrderNode;
    }

    OneOrderData {
        object: order: OrderNode;
    }

    OrderNode {
        text: id, name, email, phone, created_at = "createdAt", updated_at = "updatedAt", processed_at = "processedAt",
            closed_at = "closedAt", cancelled_at = "cancelledAt", cancel_reason = "cancelReason",
            financial_status = "displayFinancialStatus", fulfillment_status = "displayFulfillmentStatus",
            currency = "currencyCode", presentment_currency = "presentmentCurrencyCode", note,
            source_name = "sourceName", customer_locale = "customerLocale", test, status_page = "statusPageUrl";
        texts: tags;
        object: total = "totalPriceSet": MoneyBag, subtotal = "subtotalPriceSet": MoneyBag,
            tax = "totalTaxSet": MoneyBag, discounts = "totalDiscountsSet": MoneyBag,
            current_total = "currentTotalPriceSet": MoneyBag, customer: CustomerNode, line_items = "lineItems": LinePage;
        list: fulfillments: FulfillmentNode, refunds: RefundNode;
    }

    MoneyBag {
        object: shop = "shopMoney": Amount;
    }

    Amount {
        text: amount, currency = "currencyCode";
    }

    LinePage {
        object: info = "pageInfo": PageInfo;
        list: nodes: LineNode;
    }

    LineNode {
        text: id, sku, title, quantity;
        object: price = "originalUnitPriceSet": MoneyBag;
    }

    FulfillmentNode {
        text: id, status, display_status = "displayStatus", created_at = "createdAt", updated_at = "updatedAt";
        list: tracking = "trackingInfo": Tracking;
    }

    Tracking {
        text: company, number, url;
    }

    RefundNode {
        text: id, created_at = "createdAt", processed_at = "processedAt";
        object: transactions: TransactionPage;
    }

    TransactionPage {
        list: nodes: TransactionNode;
    }

    TransactionNode {
        text: kind, status;
        object: amount = "amountSet": MoneyBag;
    }

    CustomersData {
        object: customers: CustomerPage;
    }

    CustomerPage {
        object: info = "pageInfo": PageInfo;
        list: nodes: CustomerNode;
    }

    CustomerNode {
        text: id, first_name = "firstName", last_name = "lastName", state, locale, verified_email = "verifiedEmail",
            orders = "numberOfOrders", created_at = "createdAt", updated_at = "updatedAt";
        texts: tags;
        object: spent = "amountSpent": Amount, email = "defaultEmailAddress": Contact,
            phone = "defaultPhoneNumber": Contact;
    }

    /// An e-mail address or a phone number, and what may be sent to it.
    Contact {
        text: address = "emailAddress", number = "phoneNumber", state = "marketingState",
            level = "marketingOptInLevel", at = "marketingUpdatedAt", collected_from = "marketingCollectedFrom";
    }

    SubscriptionsData {
        object: subscriptions = "webhookSubscriptions": SubscriptionPage;
    }

    SubscriptionPage {
        object: info = "pageInfo": PageInfo;
        list: nodes: SubscriptionNode;
    }

    SubscriptionNode {
        text: topic, uri, format, filter;
    }
}
