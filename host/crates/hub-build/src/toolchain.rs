//! Finds a Rust toolchain that can compile for WebAssembly, or gets one: the installed target, else `rustup target add`,
//! else Debian's packages, else a clear word of what to run.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::{TARGET, clean_cargo};

/// A toolchain that can compile for [`TARGET`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// The toolchain in use has the target's standard library.
    Installed,
    /// Debian's `rustc-web` and `cargo-web`: the standard library is compiled from `rust-web-src`.
    Debian,
}

/// No toolchain for WebAssembly and no way found to get one.
#[derive(Debug, thiserror::Error)]
#[error(
    "no WebAssembly target for Rust ({tried}); run `rustup target add {TARGET}`, or on Debian \
     `apt-get install --no-install-recommends {packages}`, then try again",
    packages = DEBIAN_PACKAGES.join(" ")
)]
pub struct ToolchainError {
    tried: String,
}

/// rustc and cargo built by Debian for the web, the sources of std, and the linker.
const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-19"];
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_LINKER: &str = "/usr/bin/wasm-ld-19";

/// The first toolchain that works, installing one if need be; `say` hears what is being done before it is done.
///
/// # Errors
/// Neither an installed target, nor rustup, nor Debian's packages could be had.
pub fn find_or_install(say: &mut dyn FnMut(&str)) -> Result<Toolchain, ToolchainError> {
    if installed() {
        return Ok(Toolchain::Installed);
    }
    let mut tried = vec!["the installed toolchain lacks it".to_owned()];
    say(&format!("adding the Rust target {TARGET} with rustup"));
    match run(Command::new("rustup").args(["target", "add", TARGET])) {
        Ok(()) if installed() => return Ok(Toolchain::Installed),
        Ok(()) => tried.push("rustup added it elsewhere".to_owned()),
        Err(why) => tried.push(format!("rustup: {why}")),
    }
    if debian_ready() {
        return Ok(Toolchain::Debian);
    }
    if Path::new("/usr/bin/apt-get").exists() {
        say(&format!("installing {} from Debian", DEBIAN_PACKAGES.join(", ")));
        let installed = run(Command::new("apt-get").arg("update")).and_then(|()| {
            run(Command::new("apt-get")
                .args(["install", "--yes", "--no-install-recommends"])
                .args(DEBIAN_PACKAGES))
        });
        match installed {
            Ok(()) if debian_ready() => return Ok(Toolchain::Debian),
            Ok(()) => tried.push("Debian's packages lack a part".to_owned()),
            Err(why) => tried.push(format!("apt-get: {why}")),
        }
    }
    Err(ToolchainError { tried: tried.join("; ") })
}

impl Toolchain {
    /// The `cargo` command of this toolchain, ready for its arguments.
    #[must_use]
    pub fn cargo(&self) -> Command {
        match self {
            Self::Installed => clean_cargo("cargo"),
            Self::Debian => {
                let mut command = clean_cargo(DEBIAN_CARGO);
                command
                    .env("RUSTC", DEBIAN_RUSTC)
                    // `-Zbuild-std` is unstable; Debian's compiler is a stable one.
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("RUSTFLAGS", format!("-C linker={DEBIAN_LINKER}"))
                    .env("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort");
                command
            }
        }
    }
}

/// Whether the compiler in use has the target's standard library: it knows where it would be; we look.
fn installed() -> bool {
    let output = Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output();
    let Ok(output) = output else { return false };
    let Ok(libdir) = String::from_utf8(output.stdout) else { return false };
    std::fs::read_dir(libdir.trim()).is_ok_and(|mut entries| {
        entries
            .any(|entry| entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("libcore-")))
    })
}

fn debian_ready() -> bool {
    [DEBIAN_RUSTC, DEBIAN_CARGO, DEBIAN_LINKER].iter().all(|path| Path::new(path).exists())
        && run(Command::new(DEBIAN_RUSTC).args(["--print", "target-libdir", "--target", TARGET])).is_ok()
}

/// Runs quietly; the error is one line for people.
fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let last = stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no message");
    Err(format!("{}: {last}", output.status))
}
