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
    /// Where to put the component; target/component of the crate or its workspace without
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// This workspace's profile for components: small and fast.
const WORKSPACE_PROFILE: &str = "wasm";
const PROFILE: &str = "release";

#[derive(Deserialize)]
struct CargoManifest {
    package: Option<Package>,
    workspace: Option<toml::Table>,
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
        return Err(Failed::usage(
            format!("{} names no package", path.display()),
            "name the folder of one crate",
        ));
    };
    // Cargo is started in the crate's folder, so the folders it is told must not be relative to ours.
    let dir = std::path::absolute(&args.dir).map_err(|error| Failed::file(&args.dir, &error))?;
    let workspace = Workspace::around(&dir);
    let target = workspace.root.join("target");
    let out_dir = args.out.clone().unwrap_or_else(|| target.join("component"));
    let built = hub_build::build(
        &Build {
            root: &dir,
            packages: &[&package.name],
            target_dir: &target.join("connector"),
            profile: workspace.profile,
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
    toml::from_str(&text).map_err(|error| {
        Failed::problem(format!("{}: {}", path.display(), error.message()), "mend the manifest")
    })
}

/// Where Cargo keeps what it builds, and how it is built there: both are settled by the workspace, or by the crate alone.
struct Workspace<'a> {
    root: &'a Path,
    profile: &'static str,
}

impl<'a> Workspace<'a> {
    fn around(dir: &'a Path) -> Self {
        let mut above = dir.ancestors().filter_map(|dir| Some((dir, read(&dir.join("Cargo.toml")).ok()?)));
        match above.find(|(_, manifest)| manifest.workspace.is_some()) {
            Some((root, manifest)) if manifest.profile.contains_key(WORKSPACE_PROFILE) => {
                Self { root, profile: WORKSPACE_PROFILE }
            }
            Some((root, _)) => Self { root, profile: PROFILE },
            None => Self { root: dir, profile: PROFILE },
        }
    }
}

fn failed(error: BuildError) -> Failed {
    let message = error.to_string();
    match error {
        BuildError::Toolchain(_) | BuildError::Cargo(_) | BuildError::File { .. } => {
            Failed::unavailable(message, "mend this and try again; nothing else was changed")
        }
        BuildError::Compile { .. } => Failed::problem(message, "mend what cargo names"),
        BuildError::Component { .. } => Failed::problem(
            message,
            "does the crate call omnihub_plugin's export macro? see plugin-sdk/README.md",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::Workspace;

    fn check_workspace(manifests: &[(&str, &str)], expected: (&str, &str)) {
        let dir = tempfile::tempdir().unwrap();
        for (folder, text) in manifests {
            std::fs::create_dir_all(dir.path().join(folder)).unwrap();
            std::fs::write(dir.path().join(folder).join("Cargo.toml"), text).unwrap();
        }
        let member = dir.path().join("plugins/mine");
        let found = Workspace::around(&member);
        assert_eq!((found.root.to_path_buf(), found.profile), (dir.path().join(expected.0), expected.1));
    }

    #[test]
    fn a_lone_crate_keeps_what_it_builds() {
        check_workspace(&[("plugins/mine", "[package]\nname = \"mine\"")], ("plugins/mine", "release"));
    }

    #[test]
    fn a_workspace_settles_folder_and_profile() {
        let member = ("plugins/mine", "[package]\nname = \"mine\"");
        check_workspace(&[member, (".", "[workspace]\n[profile.wasm]\nlto = true")], (".", "wasm"));
        check_workspace(&[member, (".", "[workspace]")], (".", "release"));
    }
}
