//! What the connector is and asks for. The declared signature is Square's.

use omnihub_plugin::{Manifest, square};

/// Headers by which Shopify says what a body is about and when; hints, for they are not signed.
const SHOPIFY_HEADERS: [&str; 6] = [
    "shopify-topic",
    "x-shopify-topic",
    "shopify-triggered-at",
    "x-shopify-triggered-at",
    "shopify-webhook-id",
    "x-shopify-webhook-id",
];

pub(crate) fn manifest() -> Manifest {
    let mut manifest = Manifest::new("inventory", env!("CARGO_PKG_VERSION"), "Inventory");
    manifest.settings = square::settings("shopify");
    manifest.webhook = Some(square::webhook(&SHOPIFY_HEADERS));
    manifest.endpoints =
        vec![square::endpoint("Counts and changes of stock, and the catalogue they belong to")];
    manifest
}
