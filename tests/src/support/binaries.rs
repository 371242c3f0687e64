//! Where the hub's binary and the components are: beside whoever asks, in the same target directory. Knows no profile
//! and no absolute path.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// The `omnihub` binary of the same build: beside the demo, or one folder above a test.
///
/// # Errors
/// It was not built.
pub fn omnihub() -> anyhow::Result<PathBuf> {
    let exe = std::env::current_exe().context("this program cannot tell where it is")?;
    let beside = exe
        .ancestors()
        .skip(1)
        .take(2)
        .map(|dir| dir.join(format!("omnihub{}", std::env::consts::EXE_SUFFIX)));
    match beside.into_iter().find(|path| path.is_file()) {
        Some(path) => Ok(path),
        None => bail!(
            "the omnihub binary is not built yet; run `cargo xtask test`, or `cargo xtask demo` for the demo"
        ),
    }
}

/// The folder of the connectors built as components.
///
/// # Errors
/// They were not built.
pub fn components() -> anyhow::Result<PathBuf> {
    let exe = std::env::current_exe().context("this program cannot tell where it is")?;
    // Three levels: profile, target triple if one was asked for, target directory.
    let places = exe.ancestors().skip(2).take(3).map(|dir| dir.join("components"));
    match places.into_iter().find(|dir| has_components(dir)) {
        Some(dir) => Ok(dir),
        None => bail!("the connectors are not built as components yet; run `cargo xtask components`"),
    }
}

/// Copies the connectors into a folder of one's own, where they may be replaced.
///
/// # Errors
/// They were not built, or cannot be copied.
pub fn copy_components(to: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(components()?).context("the connectors cannot be listed")? {
        let from = entry.context("the connectors cannot be listed")?.path();
        if let Some(name) = from.file_name().filter(|_| is_component(&from)) {
            std::fs::copy(&from, to.join(name)).with_context(|| format!("{} stays", from.display()))?;
        }
    }
    Ok(())
}

fn is_component(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "wasm")
}

fn has_components(dir: &Path) -> bool {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| is_component(&entry.path()))
}
