//! The project's commands. Each does all its own set-up and says in one line what takes time.

mod tally;
mod tool;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use anyhow::{Context as _, bail};

use tool::{CARGO_DENY, CARGO_FUZZ, CARGO_SBOM, Tool};

const HELP: &str = "\
cargo xtask <command>

  demo [--exit] [--summary json] [--deliveries DIR]
               a hub with six connectors, a simulator of their providers and a story; keeps serving until Ctrl-C
  test         everything that can fail: all crates' tests, with connectors built for them, and the gates at commit level;
               after the tests their number
  gate [NAME|all|self-test] [--level commit|night|release] [--seed NUMBER] [--json]
               what must hold when things fail, tried out and measured; without a name it lists the gates;
               self-test takes out each protection and sees that a gate turns red, --of NAME those of one gate
  bench [--only PART] [--interactions COUNT] [ORDERS]
               speed and memory, as tables; parts: model, footprint, hub, overload,
               polling, limit, scaling, connectors
  build        the connectors as components in target/components, and the release binary
  sbom         what the binary is made of, as CycloneDX, in target/omnihub.cdx.json
  components   the connectors alone";

/// Every plugin of this repository, by Cargo package.
const PLUGINS: [&str; 8] = [
    "connector-echo",
    "connector-shopify",
    "connector-zendesk",
    "connector-instagram",
    "connector-whatsapp",
    "connector-inventory",
    "connector-loyalty",
    "enricher-sentiment",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let Some((command, rest)) = arguments.split_first() else {
        eprintln!("{HELP}");
        return Ok(ExitCode::from(2));
    };
    std::env::set_current_dir(root()).context("the repository cannot be entered")?;
    match command.as_str() {
        "demo" => demo(rest),
        "test" => test(rest),
        "bench" => bench(rest),
        "gate" => gate(rest),
        "build" => {
            components()?;
            cargo(&["build", "--release", "--package", "omnihub"])
        }
        "sbom" => sbom(),
        "components" => components().map(|()| ExitCode::SUCCESS),
        "help" | "--help" | "-h" => {
            eprintln!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        other => bail!("unknown command {other}\n\n{HELP}"),
    }
}

fn demo(rest: &[String]) -> anyhow::Result<ExitCode> {
    components()?;
    say("building the hub, the simulator and the demo (a few minutes the first time)");
    let built = build(Profile::Release, &["omnihub", "provider-simulator", "hub-tests"])?;
    if built != ExitCode::SUCCESS {
        return Ok(built);
    }
    command(Command::new(built_binary(Profile::Release, "hub-demo")).args(rest))
}

fn bench(rest: &[String]) -> anyhow::Result<ExitCode> {
    components()?;
    say("building for speed (a few minutes the first time)");
    let built = build(Profile::Release, &["omnihub", "hub-tests", "bench-limit"])?;
    if built != ExitCode::SUCCESS {
        return Ok(built);
    }
    command(Command::new(built_binary(Profile::Release, "hub-bench")).args(rest))
}

fn sbom() -> anyhow::Result<ExitCode> {
    CARGO_SBOM.install()?;
    let mut list = CARGO_SBOM.command();
    list.args(["--cargo-package", "omnihub", "--output-format", "cyclone_dx_json_1_6"]);
    let listed = list.stderr(Stdio::inherit()).output().context("cargo-sbom could not be started")?;
    if !listed.status.success() {
        return Ok(exit_code(listed.status));
    }
    let file = target_dir().join("omnihub.cdx.json");
    std::fs::write(&file, listed.stdout).with_context(|| format!("{} cannot be written", file.display()))?;
    say(&format!("wrote {}", file.display()));
    Ok(ExitCode::SUCCESS)
}

/// A package with gates, and the binary that runs them. Each binary lists its own when it is given no name, and knows `all`
/// and `self-test`.
struct GateHome {
    package: &'static str,
    binary: &'static str,
    gates: &'static [&'static str],
    needs: Needs,
}

/// What a home's gates run beside them.
enum Needs {
    /// Some of the gates ask a tool. The rest is built in seconds, and always for speed.
    Tools(&'static [(&'static str, Tool)]),
    /// The hub as a process of its own. At commit level it is the one that the tests are run with, with all their assertions;
    /// at others it is built for speed, as it is shipped.
    Hub,
}

const GATE_HOMES: [GateHome; 2] = [
    GateHome {
        package: "hub-gates",
        binary: "hub-gate",
        gates: &["power-cut", "io-errors", "bit-rot", "supply-chain", "fuzz"],
        needs: Needs::Tools(&[("supply-chain", CARGO_DENY), ("fuzz", CARGO_FUZZ)]),
    },
    GateHome {
        package: "hub-tests",
        binary: "hub-gate-whole",
        gates: &[
            "ssrf",
            "secrets",
            "ingress",
            "hostile-plugins",
            "kill",
            "drain",
            "poison",
            "admin",
            "simulation",
        ],
        needs: Needs::Hub,
    },
];

/// Names that every home knows.
const EVERY_HOME: [&str; 2] = ["all", "self-test"];

fn gate(rest: &[String]) -> anyhow::Result<ExitCode> {
    let name = rest.first().map(String::as_str);
    let of = rest.iter().skip_while(|argument| *argument != "--of").nth(1).map(String::as_str);
    let wanted = of.or(name);
    let is_there =
        |home: &&GateHome| wanted.is_none_or(|name| EVERY_HOME.contains(&name) || home.gates.contains(&name));
    let homes: Vec<&GateHome> = GATE_HOMES.iter().filter(is_there).collect();
    if homes.is_empty() {
        bail!("no gate is called {}; `cargo xtask gate` lists them", wanted.unwrap_or_default());
    }
    let mut outcome = ExitCode::SUCCESS;
    for home in homes {
        let profile = home.profile(rest);
        let built = home.build(profile, name)?;
        if built != ExitCode::SUCCESS {
            return Ok(built);
        }
        let ran =
            command(Command::new(built_binary(profile, home.binary)).args(rest).env("PATH", tool::path()))?;
        if ran != ExitCode::SUCCESS {
            outcome = ran;
        }
    }
    Ok(outcome)
}

impl GateHome {
    fn profile(&self, arguments: &[String]) -> Profile {
        let is_commit_level =
            !arguments.iter().any(|argument| ["night", "release"].contains(&argument.as_str()));
        if matches!(self.needs, Needs::Hub) && is_commit_level { Profile::Dev } else { Profile::Release }
    }

    fn build(&self, profile: Profile, name: Option<&str>) -> anyhow::Result<ExitCode> {
        let mut packages = vec![self.package];
        match &self.needs {
            Needs::Hub => {
                components()?;
                packages.extend(["omnihub", "provider-simulator"]);
            }
            Needs::Tools(tools) => {
                let is_asked = |gate| name.is_some_and(|name| name == gate || EVERY_HOME.contains(&name));
                tools.iter().filter(|(gate, _)| is_asked(*gate)).try_for_each(|(_, tool)| tool.install())?;
            }
        }
        say(&format!("building {}", packages.join(", ")));
        build(profile, &packages)
    }
}

fn test(rest: &[String]) -> anyhow::Result<ExitCode> {
    let is_everything = rest.iter().all(|argument| argument == NO_FAIL_FAST);
    let tests = tests(rest)?;
    // Last, because the end of a long output is what is read first, and they end with what is red.
    let gates = match is_everything {
        true => gate(&["all".to_owned()])?,
        false => ExitCode::SUCCESS,
    };
    Ok(if tests == ExitCode::SUCCESS { gates } else { tests })
}

fn tests(rest: &[String]) -> anyhow::Result<ExitCode> {
    components()?;
    say("building and running the tests");
    // The hub as a process of its own is part of the tests.
    let binaries = build(Profile::Dev, &["omnihub", "provider-simulator"])?;
    if binaries != ExitCode::SUCCESS {
        return Ok(binaries);
    }
    let mut arguments = vec!["test", "--workspace"];
    // All failures at once, and a last line that counts every binary.
    if !rest.iter().any(|argument| argument == NO_FAIL_FAST) {
        arguments.push(NO_FAIL_FAST);
    }
    arguments.extend(rest.iter().map(String::as_str));
    tallied(Command::new(cargo_program()).args(&arguments))
}

const NO_FAIL_FAST: &str = "--no-fail-fast";

/// Runs a test command and ends with one line over all its test binaries; the exit code is the command's.
fn tallied(command: &mut Command) -> anyhow::Result<ExitCode> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut run =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("{name} could not be started"))?;
    let output = run.stdout.take().context("the tests' output is not there")?;
    let mut stdout = std::io::stdout().lock();
    // Whoever does not read on closes the pipe: the tests then end by themselves.
    let tally = tally::pass_on(output, &mut stdout);
    let status = run.wait().with_context(|| format!("{name} could not be waited for"))?;
    let tally = tally.context("the tests' output could not be passed on")?;
    writeln!(stdout, "{tally}").context("the result could not be told")?;
    Ok(exit_code(status))
}

/// Builds every plugin as a component, in a target directory of their own.
fn components() -> anyhow::Result<()> {
    say("building the connectors as WebAssembly components");
    let target = target_dir();
    let build = hub_build::Build {
        root: &root(),
        packages: &PLUGINS,
        target_dir: &target.join("plugins"),
        profile: "wasm",
        out_dir: &target.join("components"),
    };
    hub_build::build(&build, &mut say)?;
    Ok(())
}

fn cargo(arguments: &[&str]) -> anyhow::Result<ExitCode> {
    command(Command::new(cargo_program()).args(arguments))
}

fn cargo_program() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

fn command(command: &mut Command) -> anyhow::Result<ExitCode> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("{name} could not be started"))?;
    Ok(exit_code(status))
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}

#[derive(Clone, Copy)]
enum Profile {
    /// As the tests are built.
    Dev,
    Release,
}

/// Builds the binaries of these packages.
fn build(profile: Profile, packages: &[&str]) -> anyhow::Result<ExitCode> {
    let mut arguments = vec!["build", "--quiet", "--bins"];
    if let Profile::Release = profile {
        arguments.push("--release");
    }
    for package in packages {
        arguments.extend(["--package", package]);
    }
    cargo(&arguments)
}

fn built_binary(profile: Profile, name: &str) -> PathBuf {
    let folder = match profile {
        Profile::Dev => "debug",
        Profile::Release => "release",
    };
    target_dir().join(folder).join(name)
}

fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Asked of cargo at each run: a target directory may be shared by several clones.
fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    here.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

fn say(line: &str) {
    eprintln!("==> {line}");
}
