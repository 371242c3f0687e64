//! Modules and components nobody would write, through install: each is refused in words or works, and nothing panics, hangs
//! or brings the process down. By turns whole components, modules of a connector's shape whose functions do anything, any
//! modules inside a component, and a connector with a few bytes changed.

use std::time::Duration;

use arbitrary::{Arbitrary as _, Unstructured};
use hub_gates::{Report, Setup, parallel};
use hub_runtime::{InstallError, Patience, Runtime, Settings};
use wasm_smith::{Component, Config, Module};

use super::guests;
use super::scene::delivery;
use crate::day::dice::Dice;

const CASES: [u64; 3] = [1_000, 20_000, 100_000];
/// What a module is made of; more makes larger ones.
const ENTROPY_BYTES: u64 = 4 << 10;
/// Longer than any compiles and uses up its budget, on a machine with other work.
const ENDS_WITHIN: Duration = Duration::from_secs(60);
/// More than a few, and nothing gets past the first look.
const CHANGES_MAX: u64 = 3;

/// What became of a case.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Became {
    /// The machinery made nothing of these bytes.
    Nothing,
    Invalid,
    Refused,
    Installed,
}

/// A connector's exports, whose insides are left to chance.
const SHAPE: &str = r#"(module
    (import "omnihub:host/log@0.1.0" "write" (func (param i32 i32 i32 i32 i32)))
    (memory (export "memory") 1 100)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "omnihub:connector/describe@0.1.0#describe") (result i32) unreachable)
    (func (export "omnihub:connector/webhook@0.1.0#normalise")
        (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32) unreachable))"#;

/// # Errors
/// The shape is not WebAssembly.
pub(super) fn install_all(runtime: &Runtime, setup: &Setup, report: &mut Report) -> anyhow::Result<()> {
    let shape = wat::parse_str(SHAPE)?;
    let sound = guests::named("sound").component();
    let became = parallel::each(setup.cases(CASES), |number| {
        let (runtime, shape, sound) = (runtime.clone(), shape.clone(), sound.clone());
        let mut dice = Dice::new(setup.seed ^ number.rotate_left(32));
        let ended = parallel::within(ENDS_WITHIN, move || {
            let Some(bytes) = made(number, &shape, &sound, &mut dice) else { return Ok(Became::Nothing) };
            tried(&runtime, &bytes)
        });
        match ended {
            Ok(Ok(became)) => Ok(became),
            Ok(Err(complaint)) => Err(format!("made by chance, case {number}: {complaint}")),
            Err(no_answer) => Err(format!("made by chance, case {number}: {no_answer:?}")),
        }
    });
    let count = |which| became.iter().filter(|became| **became == Ok(which)).count() as u64;
    report.figure("made by chance and not valid", count(Became::Invalid));
    report.figure("made by chance and refused", count(Became::Refused));
    report.figure("made by chance and installed", count(Became::Installed));
    if count(Became::Nothing) * 10 > setup.cases(CASES) {
        report.failures.push(format!("{} cases made nothing", count(Became::Nothing)));
    }
    report.failures.extend(became.into_iter().filter_map(Result::err));
    Ok(())
}

fn made(number: u64, shape: &[u8], sound: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    let entropy: Vec<u8> = (0..ENTROPY_BYTES / 8).flat_map(|_| dice.draw().to_le_bytes()).collect();
    let mut chance = Unstructured::new(&entropy);
    if number.is_multiple_of(4) {
        return Some(changed(sound, dice));
    }
    let mut config = Config::arbitrary(&mut chance).ok()?;
    if (number / 4).is_multiple_of(2) {
        without_what_is_refused(&mut config);
    }
    match number % 4 {
        1 => Some(Component::new(config, &mut chance).ok()?.to_bytes()),
        2 => {
            config.module_shape = Some(shape.to_vec());
            guests::wrapped(Module::new(config, &mut chance).ok()?.to_bytes(), "receiving").ok()
        }
        _ => Some(inside_a_component(&Module::new(config, &mut chance).ok()?.to_bytes())),
    }
}

/// What the engine never takes would keep all else from being tried.
fn without_what_is_refused(config: &mut Config) {
    config.gc_enabled = false;
    config.exceptions_enabled = false;
    config.threads_enabled = false;
    config.shared_everything_threads_enabled = false;
    config.custom_page_sizes_enabled = false;
    config.wide_arithmetic_enabled = false;
    config.custom_descriptors_enabled = false;
    config.max_memories = 1;
    config.max_tables = 1;
    config.disallow_traps = false;
}

/// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md: a component's head, and a section with
/// the module in it.
fn inside_a_component(module: &[u8]) -> Vec<u8> {
    const CORE_MODULE: u8 = 1;
    let mut bytes = vec![0, b'a', b's', b'm', 0x0d, 0, 1, 0, CORE_MODULE];
    let mut left = module.len();
    loop {
        let low = u8::try_from(left & 0x7f).unwrap_or_default();
        left >>= 7;
        if left == 0 {
            bytes.push(low);
            break;
        }
        bytes.push(low | 0x80);
    }
    [bytes.as_slice(), module].concat()
}

fn changed(sound: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = sound.to_vec();
    for _ in 0..1 + dice.below(CHANGES_MAX) {
        let at = usize::try_from(dice.within(8..sound.len() as u64)).unwrap_or_default();
        let value = dice.draw().to_le_bytes()[0];
        if let Some(byte) = bytes.get_mut(at) {
            *byte = value;
        }
    }
    if dice.percent(10) {
        bytes.truncate(usize::try_from(dice.below(sound.len() as u64)).unwrap_or_default());
    }
    bytes
}

/// Installs it and, if that can be, calls it.
fn tried(runtime: &Runtime, bytes: &[u8]) -> Result<Became, String> {
    match runtime.install(bytes) {
        Ok(plugin) => {
            // Whatever it answers, it has ended.
            drop(plugin.normalise(delivery("0"), &Settings::default(), Patience::Whole));
            Ok(Became::Installed)
        }
        Err(error) => {
            let told = error.to_string();
            if told.is_empty() || told.contains(char::is_control) {
                return Err(format!("it is refused with {told:?}"));
            }
            Ok(if matches!(error, InstallError::Invalid(_)) { Became::Invalid } else { Became::Refused })
        }
    }
}
