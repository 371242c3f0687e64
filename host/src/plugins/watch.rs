//! Looks at the plugins folder every second and takes over what changed. A file is installed once it has been the same
//! for two looks, so that one still being copied is left alone; builds that rename into place are taken at once. A new
//! signature is a change of the file it is for. When a file is gone the others are looked at again: it may have been in the way of one. What it held stays in force.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::signed::signature_of;
use super::{Plugins, components};

/// How often the folder is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long files are and when they were written: a component and its signature, if there is one.
type Seen = BTreeMap<PathBuf, (Metadata, Option<Metadata>)>;
type Metadata = (u64, Option<SystemTime>);

/// Runs until it is dropped.
pub(crate) async fn watch(plugins: Arc<Plugins>, dir: PathBuf) {
    let mut installed = look(&dir);
    let mut before = installed.clone();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let now = look(&dir);
        if installed.keys().any(|path| !now.contains_key(path) && !before.contains_key(path)) {
            installed.clear();
        }
        let settled = now.iter().filter(|(path, seen)| before.get(*path) == Some(seen));
        let changed: Vec<PathBuf> = settled
            .filter(|(path, seen)| installed.get(*path) != Some(seen))
            .map(|(path, _)| path.clone())
            .collect();
        if !changed.is_empty() {
            take_over(&plugins, changed.clone()).await;
            installed.extend(changed.into_iter().filter_map(|path| Some((path.clone(), *now.get(&path)?))));
        }
        before = now;
    }
}

async fn take_over(plugins: &Arc<Plugins>, changed: Vec<PathBuf>) {
    for path in &changed {
        tracing::info!(file = %path.display(), "plugin file changed");
    }
    let plugins = Arc::clone(plugins);
    let problems = tokio::task::spawn_blocking(move || plugins.load(&changed)).await.unwrap_or_default();
    for problem in problems {
        tracing::error!(file = %problem.file.display(), problem = %problem.message, "plugin refused; the one before stays in force");
    }
}

fn look(dir: &Path) -> Seen {
    let paths = components(dir).unwrap_or_default();
    let metadata = |path: &Path| {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.len(), metadata.modified().ok()))
    };
    let seen = |path: PathBuf| {
        let both = (metadata(&path)?, metadata(&signature_of(&path)));
        Some((path, both))
    };
    paths.into_iter().filter_map(seen).collect()
}
