//! `component ROOT OUT PACKAGE…`: builds packages of a workspace as components.
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [root, out, packages @ ..] = arguments.as_slice() else {
        return Err("usage: component ROOT OUT PACKAGE…".into());
    };
    let packages: Vec<&str> = packages.iter().map(String::as_str).collect();
    let target_dir = Path::new(root).join("target/plugins");
    let build = hub_build::Build {
        root: Path::new(root),
        packages: &packages,
        target_dir: &target_dir,
        profile: "wasm",
        out_dir: Path::new(out),
    };
    for path in hub_build::build(&build, &mut |line| eprintln!("{line}"))? {
        eprintln!("{}", path.display());
    }
    Ok(())
}
