//! What is told of a panic: where, never what about. Messages of panics can carry a row's key, and a key a telephone
//! number.

use std::io::Write as _;
use std::panic::PanicHookInfo;

pub(super) fn install() {
    std::panic::set_hook(Box::new(tell));
}

fn tell(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    if tracing::dispatcher::has_been_set() {
        tracing::error!(%place, thread, "internal error: a part of the hub panicked");
    } else {
        // Whoever closed stderr does not want to know.
        drop(writeln!(std::io::stderr(), "omnihub: internal error in {place}, thread {thread}"));
    }
}
