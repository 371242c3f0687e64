//! What a guest answers, as the bytes of its memory: the hub makes a report of it or says what is wrong, whatever its lists,
//! texts and cases claim to be.

use std::fmt::Write as _;
use std::sync::LazyLock;

use hub_runtime::{Delivery, Patience, Plugin, Runtime, RuntimeOptions, Settings};

#[path = "../../../host/crates/hub-runtime/tests/guests/mod.rs"]
mod guests;

/// Where the answer lies; what the body was given begins at 4096.
const ROOM: usize = 1_536;

static GUEST: LazyLock<Plugin> = LazyLock::new(|| {
    let runtime = Runtime::new(RuntimeOptions { instances_max: 1, ..RuntimeOptions::default() });
    let runtime = runtime.expect("a runtime starts");
    runtime.install(&guests::named("its-own-bytes").component()).expect("the guest is one")
});
static NO_SETTINGS: LazyLock<Settings> = LazyLock::new(Settings::default);

pub fn try_one(bytes: &[u8]) {
    let bytes = bytes.get(..bytes.len().min(ROOM)).unwrap_or_default();
    let body = bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut body, byte| {
        let written = write!(body, "{byte:02x}");
        debug_assert!(written.is_ok(), "a text can be written to");
        body
    });
    let delivery = Delivery { topic: None, headers: Vec::new(), body, received_at_ns: 1 };
    let Ok(Ok(report)) = GUEST.normalise(delivery, &NO_SETTINGS, Patience::Whole) else { return };
    // Everything it says can be written into the journal.
    let written = serde_json::to_string(&report.events);
    assert!(written.is_ok(), "what was lifted cannot be written");
}
