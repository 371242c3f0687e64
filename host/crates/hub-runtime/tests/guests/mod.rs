//! Finds the guests and makes components of them. A guest is a core module in text, small enough to read; its header
//! names the world of `worlds.wit` it pretends to implement and how it is expected to end.

use std::path::{Path, PathBuf};

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

pub(crate) struct Guest {
    pub(crate) name: String,
    pub(crate) world: String,
    pub(crate) expect: String,
    text: String,
}

/// All guests, by name.
pub(crate) fn all() -> Vec<Guest> {
    let mut guests: Vec<Guest> = std::fs::read_dir(dir())
        .expect("the guests' folder is there")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wat"))
        .map(|path| Guest::read(&path))
        .collect();
    guests.sort_by(|left, right| left.name.cmp(&right.name));
    guests
}

pub(crate) fn named(name: &str) -> Guest {
    Guest::read(&dir().join(name).with_extension("wat"))
}

fn dir() -> PathBuf {
    root().join("tests/guests")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

impl Guest {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("a guest is a text file");
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a guest has a name").to_owned();
        let header = |key: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(&format!(";; {key}: ")));
            value.unwrap_or_else(|| panic!("{name} lacks a header `;; {key}: …`")).to_owned()
        };
        Self { world: header("world"), expect: header("expect"), name, text }
    }

    pub(crate) fn component(&self) -> Vec<u8> {
        let mut module = wat::parse_str(&self.text).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        if self.world == "none" {
            return module;
        }
        let mut resolve = Resolve::default();
        for package in ["types", "host", "connector", "enricher"] {
            resolve.push_dir(root().join("wit").join(package)).expect("the contract is valid");
        }
        let worlds = resolve.push_path(dir().join("worlds.wit")).expect("the guests' worlds are valid").0;
        let world = resolve.select_world(&[worlds], Some(&self.world)).expect("the header names a world");
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
            .expect("the world is encoded");
        let mut encoder = ComponentEncoder::default();
        let encoded = encoder.validate(true).module(&module).and_then(|encoder| encoder.encode());
        encoded.unwrap_or_else(|error| panic!("{}: {error:#}", self.name))
    }
}
