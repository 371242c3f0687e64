//! Phases carry capabilities: which imports exist, and which of them end the call. Two linkers serve all plugins; an
//! import in neither refuses the component at install.

use wasmtime::Engine;
use wasmtime::component::{Component, HasSelf, Linker, LinkerInstance};

use crate::bindings::host::{config, http, log, state};
use crate::state::{CallState, forbidden};

/// `describe`, `normalise`, `enrich`: log and settings work, everything that acts or waits ends the call.
pub(crate) fn pure(engine: &Engine) -> wasmtime::Result<Linker<CallState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    add_always(&mut linker)?;
    for (interface, functions) in ACTING_IMPORTS {
        let mut instance = linker.instance(interface)?;
        forbid(&mut instance, interface, functions)?;
    }
    // Whoever waits for a clock that stands still waits for ever; so nobody waits.
    linker.allow_shadowing(true);
    for (interface, functions) in WAITING_IMPORTS {
        let mut instance = linker.instance(interface)?;
        forbid(&mut instance, interface, functions)?;
    }
    linker.allow_shadowing(false);
    Ok(linker)
}

/// `poll`, `perform` and `check`: everything in `wit/host`.
pub(crate) fn acting(engine: &Engine) -> wasmtime::Result<Linker<CallState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    add_always(&mut linker)?;
    state::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
    http::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
    Ok(linker)
}

/// The first import of the component that neither linker has.
pub(crate) fn unknown_import(engine: &Engine, component: &Component) -> Option<String> {
    let imports = component.component_type();
    let mut names = imports.imports(engine).map(|(name, _)| name.to_owned());
    names.find(|name| !is_known(name))
}

/// Interfaces whose functions are forbidden in pure phases, with those functions.
const ACTING_IMPORTS: [(&str, &[&str]); 2] =
    [("omnihub:host/state@0.1.0", &["get", "set"]), ("omnihub:host/http@0.1.0", &["send", "pause"])];

/// What of WASI waits. The version is the one wasmtime-wasi links; a component's own 0.2 version is matched to it.
const WAITING_IMPORTS: [(&str, &[&str]); 2] = [
    ("wasi:io/poll@0.2.12", &["poll", "[method]pollable.block"]),
    ("wasi:clocks/monotonic-clock@0.2.12", &["subscribe-instant", "subscribe-duration"]),
];

/// Packages of ours and of WASI's that are linked. `wasi:http` is missing on purpose: requests go through the hub.
const KNOWN_INTERFACES: [&str; 11] = [
    "omnihub:types/types@0.1",
    "omnihub:host/log@0.1",
    "omnihub:host/config@0.1",
    "omnihub:host/state@0.1",
    "omnihub:host/http@0.1",
    "wasi:cli/",
    "wasi:clocks/",
    "wasi:filesystem/",
    "wasi:io/",
    "wasi:random/",
    "wasi:sockets/",
];

fn is_known(import: &str) -> bool {
    KNOWN_INTERFACES.iter().any(|known| import.starts_with(known))
}

fn add_always(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    log::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)?;
    config::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)
}

fn forbid(
    instance: &mut LinkerInstance<'_, CallState>,
    interface: &str,
    functions: &[&str],
) -> wasmtime::Result<()> {
    let interface = interface.split('@').next().unwrap_or(interface);
    for function in functions {
        let import = format!("{interface}.{function}");
        instance.func_new(function, move |_, _, _, _| Err(forbidden(&import)))?;
    }
    Ok(())
}
