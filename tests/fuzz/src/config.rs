//! A `hub.toml`: it is understood, or every problem is named with what to do.

use std::path::Path;

use omnihub::config::Config;

pub fn try_one(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    // A file named there is opened; devices and pipes are no way to write a secret, and reading one may never end.
    if ["/dev", "/proc", "/sys"].iter().any(|place| text.contains(place)) {
        return;
    }
    let Err(problems) = Config::parse("hub.toml", text, Path::new("/nowhere")) else { return };
    assert!(!problems.is_empty(), "it is refused for no reason");
    for problem in problems {
        assert!(!problem.message.is_empty() && !problem.help.is_empty(), "{problem} helps nobody");
    }
}
