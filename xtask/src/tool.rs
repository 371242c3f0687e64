//! Programs of others that the project's commands need, as subcommands of cargo: each in one version, built into the target
//! directory where it is missing.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::bail;

use crate::{cargo_program, command, say, target_dir};

/// A program that comes from the registry.
pub(crate) struct Tool {
    name: &'static str,
    /// One for everybody: a newer one may look at more, and a commit that was green would be red.
    version: &'static str,
}

/// Holds the policy of `.deny.toml`.
pub(crate) const CARGO_DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };
/// Builds the targets of `tests/fuzz` so that LLVM's engine sees which code an input reaches.
pub(crate) const CARGO_FUZZ: Tool = Tool { name: "cargo-fuzz", version: "0.13.2" };
/// Writes down what a binary is made of; OWASP's own tool leaves files beside every manifest.
pub(crate) const CARGO_SBOM: Tool = Tool { name: "cargo-sbom", version: "0.10.0" };

impl Tool {
    /// Builds it unless it is there in this version.
    pub(crate) fn install(&self) -> anyhow::Result<()> {
        if self.is_there() {
            return Ok(());
        }
        let Self { name, version } = self;
        say(&format!("building {name} {version} (some minutes, once)"));
        let mut install = Command::new(cargo_program());
        install.args(["install", "--quiet", "--locked", name, "--version", version, "--root"]).arg(tools());
        if command(&mut install)? != ExitCode::SUCCESS {
            bail!("{name} {version} cannot be installed; put it into the PATH and try again");
        }
        Ok(())
    }

    fn is_there(&self) -> bool {
        let version = self.command().arg("--version").output();
        version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim().ends_with(self.version))
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(cargo_program());
        command.arg(self.name.trim_start_matches("cargo-")).env("PATH", path());
        command
    }
}

/// The shell's PATH, and before it the folder that tools are built into.
pub(crate) fn path() -> OsString {
    let mut folders = vec![tools().join("bin")];
    folders.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    std::env::join_paths(folders).unwrap_or_default()
}

fn tools() -> std::path::PathBuf {
    target_dir().join("tools")
}
