//! `omnihub connector build`: a connector's crate into a component, with nothing installed beforehand but Rust.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use hub_build::{Build, BuildError};
use serde::Deserialize;

use super::exit::Failed;
use super::out::Out;

#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Compiles for WebAssembly, adding the target to the toolchain if it is missing, and wraps the module as a component.
Prints the component's path.

Examples:
  omnihub connector build my-connector
  omnihub connector build my-connector --out plugins       a running hub takes it over")]
pub(super) struct BuildArgs {
    /// Folder of the connector's crate
    #[arg(value_name = "CRATE_DIR")]
    dir: PathBuf,
    /// Where to put the component; <CRATE_DIR>/target/component without
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// This workspace's profile for components: small and fast.
const WORKSPACE_PROFILE: &str = "wasm";
const PROFILE: &str = "release";

#[derive(Deserialize)]
struct CargoManifest {
    package: Option<Package>,
    #[serde(default)]
    profile: toml::Table,
}

#[derive(Deserialize)]
struct Package {
    name: String,
}

pub(super) fn build(out: &Out, args: &BuildArgs) -> Result<ExitCode, Failed> {
    let path = args.dir.join("Cargo.toml");
    let manifest = read(&path)?;
    let Some(package) = manifest.package else {
        return Err(Failed::usage(format!("{} names no package", path.display()), "name the folder of one crate"));
    };
    // Cargo is started in the crate's folder, so the folders it is told must not be relative to ours.
    let dir = std::path::absolute(&args.dir).map_err(|error| Failed::file(&args.dir, &error))?;
    let out_dir = args.out.clone().unwrap_or_else(|| dir.join("target").join("component"));
    let built = hub_build::build(
        &Build {
            root: &dir,
            packages: &[&package.name],
            target_dir: &dir.join("target").join("connector"),
            profile: if has_workspace_profile(&dir) { WORKSPACE_PROFILE } else { PROFILE },
            out_dir: &out_dir,
        },
        &mut |line| out.tell(line),
    );
    let built = built.map_err(failed)?;
    built.iter().try_for_each(|path| out.line(&path.display().to_string()).map(drop))?;
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> Result<CargoManifest, Failed> {
    let text = std::fs::read_to_string(path).map_err(|error| Failed::file(path, &error))?;
    toml::from_str(&text)
        .map_err(|error| Failed::problem(format!("{}: {}", path.display(), error.message()), "mend the manifest"))
}

/// Profiles stand in the manifest of the workspace, which is this crate's or one of a folder above.
fn has_workspace_profile(dir: &Path) -> bool {
    dir.ancestors()
        .filter_map(|dir| read(&dir.join("Cargo.toml")).ok())
        .any(|manifest| manifest.profile.contains_key(WORKSPACE_PROFILE))
}

fn failed(error: BuildError) -> Failed {
    let message = error.to_string();
    match error {
        BuildError::Toolchain(_) | BuildError::Cargo(_) | BuildError::File { .. } => {
            Failed::unavailable(message, "mend this and try again; nothing else was changed")
        }
        BuildError::Compile { .. } => Failed::problem(message, "mend what cargo names"),
        BuildError::Component { .. } => {
            Failed::problem(message, "does the crate call omnihub_plugin's export macro? see plugin-sdk/README.md")
        }
    }
}
