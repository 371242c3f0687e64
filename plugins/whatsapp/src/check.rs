//! Whether Meta still delivers the business account's webhooks to an app. Which fields and where to is set in Meta's
//! dashboard and seen only with the app's own secret: it cannot be looked at from here.

use omnihub_plugin::lenient::said;
use omnihub_plugin::meta::graph::{self, Graph, Refusal, Repeat};
use omnihub_plugin::{Failure, Standing, Subscribed, Wanted, members};

use crate::api::Api;

/// Meta calls the account's subscription nothing else.
const TOPIC: &str = "subscribed_apps";
/// An answer that is no list of apps is not what the provider meant to say.
const UNREADABLE_MS: u64 = 30_000;

omnihub_plugin::members! {
    Apps { list: data: App; }
    /// `override_callback_uri` stands in for the app's own address.
    App { text: override_callback_uri; }
}

pub(crate) fn check(wanted: &Wanted, api: &Api, graph: &mut dyn Graph) -> Result<Vec<Subscribed>, Failure> {
    let Some(path) = api.subscribed_apps() else {
        return Err(Failure::Unsupported("looking at the subscription without business_account_id".into()));
    };
    let path = path?;
    let body = graph::call(graph, &graph::get(path.clone()), 1, Repeat::Harmless)?;
    let apps = members::read::<Apps>(&body).and_then(|apps| apps.data);
    let apps = apps.ok_or(Failure::RetryAfterMs(UNREADABLE_MS))?;
    let told = |standing, detail: Option<&str>| {
        Ok(vec![Subscribed { topic: TOPIC.into(), standing, detail: detail.map(Into::into) }])
    };
    if apps.is_empty() {
        return match subscribe(wanted, path, graph)? {
            Standing::Broken => told(
                Standing::Broken,
                Some(
                    "no app gets the account's webhooks: subscribe one in Meta's App Dashboard, under WhatsApp",
                ),
            ),
            standing => told(standing, None),
        };
    }
    // An app without an address of its own here delivers to the one in its dashboard, which may be ours.
    let elsewhere = |app: &Option<App>| {
        let own = app.as_ref().and_then(|app| said(app.override_callback_uri.clone()));
        own.is_some_and(|own| own != wanted.callback)
    };
    if apps.iter().all(elsewhere) {
        let detail = "override_callback_uri of the account's subscription leads elsewhere";
        return told(Standing::Broken, Some(detail));
    }
    told(Standing::Active, None)
}

fn subscribe(wanted: &Wanted, path: String, graph: &mut dyn Graph) -> Result<Standing, Failure> {
    if !wanted.repair {
        return Ok(Standing::Broken);
    }
    match graph::call(graph, &graph::post(path, "{}".into()), 1, Repeat::Harmless) {
        Ok(_) => Ok(Standing::Repaired),
        // Only a person can give the permission that is missing.
        Err(Refusal { failure: Failure::Rejected(_), .. }) => Ok(Standing::Broken),
        Err(refusal) => Err(refusal.into()),
    }
}
