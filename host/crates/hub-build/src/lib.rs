//! Builds connectors: finds or fetches the WebAssembly target, compiles the crate, wraps the module as a component.
//! Serves `cargo xtask`, the tests' build script and `omnihub connector build`. Never loads what it builds: that is
//! `hub-runtime`. Knows nothing of connectors beyond their Cargo package name.

mod component;
mod toolchain;

pub use component::{ComponentError, component_from_module};
pub use toolchain::{Toolchain, ToolchainError, find_or_install};

use std::path::{Path, PathBuf};
use std::process::Command;

/// The target connectors are compiled for: it has no WASI, so a component imports only what its author called.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// What to build and where to put it.
#[derive(Clone, Debug)]
pub struct Build<'a> {
    /// Folder with the `Cargo.toml` that names the packages (a workspace root or one crate).
    pub root: &'a Path,
    /// Cargo package names.
    pub packages: &'a [&'a str],
    /// Cargo's build directory for this target; kept apart from the host's so that the two never wait for each other.
    pub target_dir: &'a Path,
    /// Cargo profile: "wasm" in this workspace, "release" elsewhere.
    pub profile: &'a str,
    /// Where `<package>.wasm` components go.
    pub out_dir: &'a Path,
}

/// Why a connector could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error(transparent)]
    Toolchain(#[from] ToolchainError),
    #[error("cargo could not be started: {0}")]
    Cargo(std::io::Error),
    #[error("cargo failed for {package}; its messages are above")]
    Compile { package: String },
    #[error("{path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error("{package}: {source}")]
    Component { package: String, source: ComponentError },
}

/// Compiles the packages and writes one component each, `<out_dir>/<package>.wasm`. A component whose bytes did not
/// change is left alone, so that its modification time tells when it changed. `say` hears one line per thing done that
/// takes time.
///
/// # Errors
/// No toolchain to be had, code that does not compile, or a module that is no component.
pub fn build(build: &Build<'_>, say: &mut dyn FnMut(&str)) -> Result<Vec<PathBuf>, BuildError> {
    let toolchain = find_or_install(say)?;
    compile(build, &toolchain)?;
    build.packages.iter().map(|package| wrap(build, package)).collect()
}

/// One cargo call per package: only `cargo rustc` can ask for a `cdylib` alone, and only alone is it optimised across
/// crates, while the package's own manifest stays that of a plain library.
fn compile(build: &Build<'_>, toolchain: &Toolchain) -> Result<(), BuildError> {
    for package in build.packages {
        let mut command = toolchain.cargo();
        command.current_dir(build.root).args(["rustc", "--quiet", "--lib", "--crate-type", "cdylib"]);
        command.args(["--package", package, "--target", TARGET, "--profile", build.profile]);
        command.arg("--target-dir").arg(build.target_dir);
        let status = command.status().map_err(BuildError::Cargo)?;
        if !status.success() {
            return Err(BuildError::Compile { package: (*package).to_owned() });
        }
    }
    Ok(())
}

fn wrap(build: &Build<'_>, package: &str) -> Result<PathBuf, BuildError> {
    let file = |path: &Path| {
        let path = path.to_owned();
        move |source| BuildError::File { path, source }
    };
    let module_name = format!("{}.wasm", package.replace('-', "_"));
    let profile_dir = if build.profile == "dev" { "debug" } else { build.profile };
    let module_path = build.target_dir.join(TARGET).join(profile_dir).join(module_name);
    let module = std::fs::read(&module_path).map_err(file(&module_path))?;
    let component = component_from_module(&module)
        .map_err(|source| BuildError::Component { package: package.to_owned(), source })?;
    let out = build.out_dir.join(format!("{package}.wasm"));
    if std::fs::read(&out).is_ok_and(|old| old == component) {
        return Ok(out);
    }
    std::fs::create_dir_all(build.out_dir).map_err(file(build.out_dir))?;
    // Written aside and renamed: a hub that watches the folder never sees half a component.
    let aside = build.out_dir.join(format!(".{package}.wasm.new"));
    std::fs::write(&aside, component).map_err(file(&aside))?;
    std::fs::rename(&aside, &out).map_err(file(&out))?;
    Ok(out)
}

/// A `cargo` that does not inherit what an outer cargo set for its own build.
fn clean_cargo(program: &str) -> Command {
    let mut command = Command::new(program);
    for variable in [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
    ] {
        command.env_remove(variable);
    }
    command
}
