//! Whether the app still gets the account's webhooks. The callback address itself is the app's, set in Meta's dashboard
//! and seen only with the app's own secret: it cannot be looked at from here.

use omnihub_plugin::meta::graph::{self, Graph, Refusal, Repeat};
use omnihub_plugin::{Failure, Standing, Subscribed, Wanted, members};

use crate::api::Api;

/// What this connector has a meaning for.
const FIELDS: [&str; 7] = [
    "messages",
    "messaging_postbacks",
    "messaging_seen",
    "message_reactions",
    "message_edit",
    "messaging_referral",
    "comments",
];
/// A Page needs any one of its own fields for Instagram's to be delivered, and knows others than an account does.
const PAGE_FIELDS: [&str; 1] = ["messages"];
const WHERE: &str =
    "the app does not get this field: subscribe to it in Meta's App Dashboard, under Webhooks";

omnihub_plugin::members! {
    Apps { list: data: App; }
    App { texts: subscribed_fields; }
}

pub(crate) fn check(wanted: &Wanted, api: &Api, graph: &mut dyn Graph) -> Result<Vec<Subscribed>, Failure> {
    let fields: &[&str] = if api.page_id.is_some() { &PAGE_FIELDS } else { &FIELDS };
    let body = graph::call(graph, &graph::get(api.edge("subscribed_apps", &[])?), 1, Repeat::Harmless)?;
    let Some(apps) = members::read::<Apps>(&body).and_then(|apps| apps.data) else {
        return Err(Failure::RetryAfterMs(UNREADABLE_MS));
    };
    let subscribed: Vec<&str> = apps
        .iter()
        .flatten()
        .flat_map(|app| app.subscribed_fields.iter().flatten())
        .map(|field| field.0.as_str())
        .collect();
    let missing: Vec<&str> = fields.iter().copied().filter(|field| !subscribed.contains(field)).collect();
    // What is named replaces what was subscribed before, so all of it is named.
    let all = [subscribed.as_slice(), missing.as_slice()].concat();
    let repaired = !missing.is_empty() && wanted.repair && subscribe(&all, api, graph)?;
    let told = |field: &&str| {
        let standing = match (missing.contains(field), repaired) {
            (false, _) => Standing::Active,
            (true, true) => Standing::Repaired,
            (true, false) => Standing::Broken,
        };
        let detail = (standing == Standing::Broken).then(|| WHERE.to_owned());
        Subscribed { topic: (*field).to_owned(), standing, detail }
    };
    Ok(fields.iter().map(told).collect())
}

/// An answer that is no list of apps is not what the provider meant to say.
const UNREADABLE_MS: u64 = 30_000;

fn subscribe(fields: &[&str], api: &Api, graph: &mut dyn Graph) -> Result<bool, Failure> {
    let fields = fields.join(",");
    let path = api.edge("subscribed_apps", &[("subscribed_fields", &fields)])?;
    match graph::call(graph, &graph::post(path, "{}".into()), 1, Repeat::Harmless) {
        Ok(_) => Ok(true),
        // Only a person can give the permission that is missing.
        Err(Refusal { failure: Failure::Rejected(_), .. }) => Ok(false),
        Err(refusal) => Err(refusal.into()),
    }
}
