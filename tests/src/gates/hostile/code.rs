//! Compiled code that is not what was checked: changed, cut or exchanged while no hub ran. The component is compiled anew.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use hub_gates::{Report, Setup};
use hub_runtime::{Runtime, RuntimeOptions};

use super::guests;
use super::scene::check_sound;
use crate::day::dice::Dice;

const CHANGES: [u64; 3] = [30, 1_000, 1_000];

/// # Errors
/// Files cannot be read or written.
pub(super) fn change(
    setup: &Setup,
    is_checksum_changed_too: bool,
    report: &mut Report,
) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let sound = guests::named("sound").component();
    let ours = compiled(dir.path(), &sound, &[])?;
    let other = compiled(dir.path(), &guests::named("odd-flag").component(), std::slice::from_ref(&ours))?;
    let whole = std::fs::read(&ours)?;
    let mut attempts = vec![("exchanged".to_owned(), std::fs::read(&other)?)];
    if is_checksum_changed_too {
        std::fs::copy(other.with_extension("checksum"), ours.with_extension("checksum"))?;
    } else {
        attempts.push(("emptied".to_owned(), Vec::new()));
        attempts.push(("cut".to_owned(), whole.iter().take(whole.len() / 2).copied().collect()));
        let mut dice = Dice::new(setup.seed);
        attempts.extend((0..setup.cases(CHANGES)).map(|_| flipped(&whole, &mut dice)));
    }
    report.figure("changes of compiled code", attempts.len() as u64);
    for (how, bytes) in attempts {
        std::fs::write(&ours, bytes)?;
        let plugin = started(dir.path())?.install(&sound)?;
        if let Err(complaint) = check_sound(&plugin, "changed") {
            report.failures.push(format!("compiled code is {how}, and it runs: {complaint}"));
        }
        if std::fs::read(&ours)? != whole && !is_checksum_changed_too {
            report.failures.push(format!("compiled code is {how}, and stays so"));
        }
    }
    Ok(())
}

fn started(dir: &Path) -> anyhow::Result<Runtime> {
    Ok(Runtime::new(RuntimeOptions {
        cache_dir: Some(dir.to_owned()),
        instances_max: 1,
        ..RuntimeOptions::default()
    })?)
}

/// The file with the component's code: the one that was not there before.
fn compiled(dir: &Path, component: &[u8], before: &[PathBuf]) -> anyhow::Result<PathBuf> {
    started(dir)?.install(component)?;
    let files: Vec<PathBuf> =
        std::fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    let is_code = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "code");
    files
        .into_iter()
        .find(|path| is_code(path) && !before.contains(path))
        .context("compiled code is not kept")
}

fn flipped(whole: &[u8], dice: &mut Dice) -> (String, Vec<u8>) {
    let mut bytes = whole.to_vec();
    let at = usize::try_from(dice.below(whole.len() as u64)).unwrap_or_default();
    let bit = dice.below(8);
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << bit;
    }
    (format!("changed in bit {bit} of byte {at}"), bytes)
}
