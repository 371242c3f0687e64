//! Answers of Shopify's Admin GraphQL API.

omnihub_plugin::members! {
    /// What every answer has beside its data.
    Frame {
        object: extensions: Costs;
        list: errors: Error;
    }

    Error {
        object: extensions: ErrorExtensions;
    }

    ErrorExtensions {
        text: code;
    }

    Costs {
        object: cost: Cost;
    }

    Cost {
        text: requested = "requestedQueryCost";
        object: throttle = "throttleStatus": Throttle;
    }

    Throttle {
        text: maximum = "maximumAvailable", available = "currentlyAvailable", per_second = "restoreRate";
    }

    Answer {
        object: data: Data;
    }

    Data {
        object: locations: Locations, items = "inventoryItems": Items, subscriptions = "webhookSubscriptions": Subscriptions,
            adjusted = "inventoryAdjustQuantities": Adjusted, subscribed = "webhookSubscriptionCreate": Created;
    }

    PageInfo {
        text: has_next = "hasNextPage", end = "endCursor";
    }

    /// One location at a time.
    Locations {
        object: page = "pageInfo": PageInfo;
        list: nodes: Location;
    }

    Location {
        text: id;
        object: levels = "inventoryLevels": Levels;
    }

    Levels {
        object: page = "pageInfo": PageInfo;
        list: nodes: Level;
    }

    Level {
        text: id, updated_at = "updatedAt";
        object: item: LevelItem;
        list: quantities: Named;
    }

    LevelItem {
        text: id = "legacyResourceId", tracked;
    }

    Named {
        text: name;
        raw: quantity;
    }

    Items {
        object: page = "pageInfo": PageInfo;
        list: nodes: Item;
    }

    Item {
        text: gid = "id", id = "legacyResourceId", sku, tracked, requires_shipping = "requiresShipping",
            country = "countryCodeOfOrigin", updated_at = "updatedAt";
    }

    Subscriptions {
        object: page = "pageInfo": PageInfo;
        list: nodes: Subscription;
    }

    Subscription {
        text: topic, uri;
    }

    Adjusted {
        object: group = "inventoryAdjustmentGroup": Object;
        list: errors = "userErrors": UserError;
    }

    Object {
        text: id;
    }

    Created {
        object: subscription = "webhookSubscription": Object;
        list: errors = "userErrors": UserError;
    }

    UserError {
        text: code;
        texts: field;
    }
}
