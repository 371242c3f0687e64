//! Compiled code between runs. Only what this crate has written is read back: the file's name is the component and
//! the engine, its checksum lies beside it, and a file that does not match is compiled anew.

use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use wasmtime::Engine;
use wasmtime::component::Component;

pub(crate) struct Cache {
    dir: PathBuf,
}

impl Cache {
    pub(crate) fn open(dir: PathBuf) -> io::Result<Self> {
        std::fs::create_dir_all(&dir)?;
        Ok(Self { dir })
    }

    /// The compiled component, if it is there, whole, and made by an engine like this one.
    pub(crate) fn load(&self, engine: &Engine, component: &blake3::Hash) -> Option<Component> {
        let entry = self.entry(engine, component);
        let expected = std::fs::read(&entry.checksum).ok()?;
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(std::fs::File::open(&entry.code).ok()?).ok()?;
        if *hasher.finalize().as_bytes() != *expected {
            return None;
        }
        load_code(engine, &entry.code).ok()
    }

    /// Keeps the compiled component. Power may fail between the two files or within one: the checksum tells.
    pub(crate) fn keep(
        &self,
        engine: &Engine,
        component: &blake3::Hash,
        compiled: &Component,
    ) -> io::Result<()> {
        let entry = self.entry(engine, component);
        let code = compiled.serialize().map_err(|error| io::Error::other(format!("{error:#}")))?;
        write_aside(&entry.code, &code)?;
        write_aside(&entry.checksum, blake3::hash(&code).as_bytes())
    }

    fn entry(&self, engine: &Engine, component: &blake3::Hash) -> Entry {
        let mut hasher = Blake3Hasher(blake3::Hasher::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        hasher.write(component.as_bytes());
        let key = hasher.0.finalize().to_hex();
        Entry {
            code: self.dir.join(format!("{key}.code")),
            checksum: self.dir.join(format!("{key}.checksum")),
        }
    }
}

struct Entry {
    code: PathBuf,
    checksum: PathBuf,
}

#[expect(
    unsafe_code,
    reason = "the engine trusts compiled code; this file is ours and its checksum was just compared"
)]
fn load_code(engine: &Engine, code: &Path) -> wasmtime::Result<Component> {
    // SAFETY: the file was written by `keep` with this engine's settings (both are part of its name), lies in the
    // hub's own data directory, and its checksum has just been compared.
    unsafe { Component::deserialize_file(engine, code) }
}

/// Written aside and renamed, so that a hub that starts meanwhile never maps half a file.
fn write_aside(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = path.with_extension(format!("{}.new", std::process::id()));
    std::fs::write(&aside, bytes)?;
    std::fs::rename(&aside, path)
}

/// The engine describes itself through `Hash`; the standard hasher is too short for a file name we trust.
struct Blake3Hasher(blake3::Hasher);

impl Hasher for Blake3Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.finalize();
        digest.as_bytes().first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
    }
}
