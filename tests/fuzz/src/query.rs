//! What somebody asks the API for, as the text behind the host: it is answered or refused, and never breaks anything.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Body;
use http::{Request, Uri};
use hub_journal::{Journal, Options};
use hub_store::MemoryStore;
use omnihub::app::lone::lone_admin;
use omnihub::config::Config;
use tower::ServiceExt as _;

struct Api {
    router: Router,
    runtime: tokio::runtime::Runtime,
    _data: tempfile::TempDir,
}

static API: LazyLock<Api> = LazyLock::new(|| {
    let data = tempfile::tempdir().expect("there is room for a journal");
    let text = "data_dir = \"data\"\nplugins_dir = \"plugins\"\nrules_dir = \"rules\"\n";
    let config = Config::parse("hub.toml", text, Path::new("/nowhere")).expect("the configuration is sound");
    let (journal, _) = Journal::open(data.path(), Options::default()).expect("a journal opens");
    let router = lone_admin(Arc::new(config), journal, Arc::new(MemoryStore::new())).expect("an API opens");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    Api { router, runtime: runtime.expect("a runtime starts"), _data: data }
});

pub fn try_one(bytes: &[u8]) {
    let Some(asked) = std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<Uri>().ok()) else {
        return;
    };
    let Ok(request) = Request::builder().uri(asked).body(Body::empty()) else { return };
    let api = &*API;
    let answer = api.runtime.block_on(async { api.router.clone().oneshot(request).await });
    let Ok(answer) = answer;
    assert!(answer.status().as_u16() != 500, "{} is answered", answer.status());
}
