//! What the connector is and asks for. The declared signature is Square's.

use omnihub_plugin::{Manifest, square};

pub(crate) fn manifest() -> Manifest {
    let mut manifest = Manifest::new("loyalty", env!("CARGO_PKG_VERSION"), "Loyalty");
    manifest.settings = square::settings("voucherify");
    manifest.webhook = Some(square::webhook(&[]));
    manifest.endpoints = vec![square::endpoint("Loyalty accounts and their points")];
    manifest
}
