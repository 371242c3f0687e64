//! Finds the guests and makes components of them. A guest is a core module in text, small enough to read; its header
//! names the world of `worlds.wit` it pretends to implement, or `none` when the text is what is installed. A line
//! `;; include: NAME` stands for `NAME.part`, and `;;* COUNT text` for so many lines of that text, each with its number
//! for `{}`.

use std::path::{Path, PathBuf};

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

pub(crate) struct Guest {
    pub(crate) name: String,
    world: String,
    text: String,
}

pub(crate) fn named(name: &str) -> Guest {
    Guest::read(&dir().join(name).with_extension("wat"))
}

pub(crate) fn dir() -> PathBuf {
    root().join("tests/guests")
}

/// The packages that read guests lie in folders of different depth.
fn root() -> &'static Path {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    above
        .into_iter()
        .find(|dir| dir.join("tests/guests/worlds.wit").is_file())
        .expect("the guests' folder is there")
}

impl Guest {
    fn read(path: &Path) -> Self {
        let text =
            std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a guest has a name").to_owned();
        let world = text.lines().find_map(|line| line.strip_prefix(";; world: "));
        let world = world.unwrap_or_else(|| panic!("{name} lacks a header `;; world: …`")).to_owned();
        Self { text: expanded(&text), world, name }
    }

    pub(crate) fn component(&self) -> Vec<u8> {
        let module = wat::parse_str(&self.text).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        if self.world == "none" {
            return module;
        }
        wrapped(module, &self.world).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

/// A component of this world around a core module.
///
/// # Errors
/// The module does not fit the world.
pub(crate) fn wrapped(mut module: Vec<u8>, world: &str) -> Result<Vec<u8>, String> {
    let mut resolve = Resolve::default();
    for package in ["types", "host", "connector", "enricher"] {
        resolve.push_dir(root().join("wit").join(package)).expect("the contract is valid");
    }
    let worlds = resolve.push_path(dir().join("worlds.wit")).expect("the guests' worlds are valid").0;
    let world = resolve.select_world(&[worlds], Some(world)).expect("the world is in worlds.wit");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .expect("the world is encoded");
    let mut encoder = ComponentEncoder::default();
    let encoded = encoder.validate(true).module(&module).and_then(|encoder| encoder.encode());
    encoded.map_err(|error| format!("{error:#}"))
}

fn expanded(text: &str) -> String {
    let mut whole = String::new();
    for line in text.lines() {
        if let Some(part) = line.trim_start().strip_prefix(";; include: ") {
            let part = dir().join(part).with_extension("part");
            let text = std::fs::read_to_string(&part);
            whole.push_str(&text.unwrap_or_else(|error| panic!("{}: {error}", part.display())));
        } else if let Some((count, again)) = line.strip_prefix(";;* ").and_then(|line| line.split_once(' ')) {
            let count: usize = count.parse().expect("a count stands before what is repeated");
            for number in 0..count {
                whole.push_str(&again.replace("{}", &number.to_string()));
                whole.push('\n');
            }
        } else {
            whole.push_str(line);
            whole.push('\n');
        }
    }
    whole
}
