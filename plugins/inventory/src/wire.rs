//! The JSON of Square's and Shopify's stock, as far as it is read. These types go no further. What Shopify's GraphQL
//! says has types of its own, in `graphql`, and is turned into the webhooks' here before it is mapped.

pub(crate) mod graphql;

omnihub_plugin::members! {
    /// `data.object` of `inventory.count.updated`.
    Counts {
        list: inventory_counts: Count;
    }

    /// An absolute count of a variation at a location in a state. `quantity` is a decimal as text; it is kept raw so
    /// that an unreadable one is not taken for "not tracked".
    Count {
        text: catalog_object_id, catalog_object_type, state, location_id, calculated_at, is_estimated;
        raw: quantity;
    }

    /// A page of the ledger, and what a batch of changes is answered with.
    ChangesPage {
        text: cursor;
        list: changes: Change;
    }

    /// One line of the ledger; its detail stands under its type in lower case.
    Change {
        text: kind = "type";
        object: physical_count: Detail, adjustment: Detail, transfer: Detail;
    }

    Detail {
        text: id, reference_id, catalog_object_id, location_id, from_location_id, to_location_id, state, from_state,
            to_state, quantity, occurred_at, created_at;
    }

    /// `data.object` of `catalog.version.updated`.
    Catalog {
        object: catalog_version: CatalogVersion;
    }

    CatalogVersion {
        text: updated_at;
    }

    /// Any of Shopify's inventory bodies: a level, an item, or a variant; their members do not collide. The id in
    /// `admin_graphql_api_id` is exact where the numbers beside it may have been rounded on the way. `available` is raw
    /// because null means "not tracked" and absence "not said".
    Shopify {
        text: id, admin_graphql_api_id, updated_at, inventory_item_id, location_id, sku, tracked, requires_shipping,
            cost, country_code_of_origin, product_id, title, inventory_quantity;
        raw: available;
    }
}
