//! What the host adds to a call: `call_overhead <component.wasm> <folder of cases>`, in release.
//!
//! Each case is a folder with a `delivery.http`. The same deliveries are given, in turns of a few hundred, to a plugin of
//! this crate and to a bare program on the same engine: a pool, a fresh instance for each call, the bindings that wasmtime
//! generates, and none of the limits, clocks, logs and conversions. Prints the time of a call in the fastest turns, and
//! by how much ours takes longer.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use hub_runtime::{Delivery, Patience, Plugin, Runtime, RuntimeOptions, Settings};

/// Turns of each; somebody else on the machine can only slow one down.
const TURNS: usize = 60;
/// How long a turn is, at least.
const TURN: Duration = Duration::from_millis(50);
/// When every delivery arrived: 2026-01-01T00:00:00Z.
const RECEIVED_AT_NS: i64 = 1_767_225_600_000_000_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(component), Some(cases)) = (arguments.next(), arguments.next()) else {
        return Err("usage: call_overhead <component.wasm> <folder of cases>".into());
    };
    let bytes = std::fs::read(&component)?;
    let deliveries = deliveries(Path::new(&cases))?;
    let ours = Runtime::new(RuntimeOptions::default())?.install(&bytes)?;
    let bare = bare::Bare::new(&bytes)?;
    let theirs: Vec<_> = deliveries.iter().map(bare::given).collect();
    let (mut fastest_ours, mut fastest_bare) = (Duration::MAX, Duration::MAX);
    for _ in 0..TURNS {
        fastest_bare = fastest_bare.min(turn(&theirs, |delivery| bare.normalise(delivery))?);
        fastest_ours = fastest_ours.min(turn(&deliveries, |delivery| normalise(&ours, delivery))?);
    }
    let added = fastest_ours.as_secs_f64() / fastest_bare.as_secs_f64() * 100.0 - 100.0;
    writeln!(
        std::io::stdout(),
        "{} deliveries: {fastest_ours:.1?} a call, bare {fastest_bare:.1?}, {added:+.0} %",
        deliveries.len()
    )?;
    Ok(())
}

type Called = Result<(), Box<dyn std::error::Error>>;

/// The mean time of a call, over all deliveries, over and over for the length of a turn.
fn turn<D>(
    deliveries: &[D],
    mut call: impl FnMut(&D) -> Called,
) -> Result<Duration, Box<dyn std::error::Error>> {
    let mut calls = 0;
    let began = Instant::now();
    while began.elapsed() < TURN {
        deliveries.iter().try_for_each(&mut call)?;
        calls += u32::try_from(deliveries.len())?;
    }
    Ok(began.elapsed() / calls)
}

/// A delivery is handed over for good, so one is made for each call, as the hub does.
fn normalise(plugin: &Plugin, delivery: &Delivery) -> Called {
    // What the connector makes of a damaged case is its own answer.
    drop(plugin.normalise(delivery.clone(), &Settings::default(), Patience::Short)?);
    Ok(())
}

fn deliveries(folder: &Path) -> Result<Vec<Delivery>, Box<dyn std::error::Error>> {
    let mut deliveries = Vec::new();
    for case in std::fs::read_dir(folder)? {
        let text = std::fs::read_to_string(case?.path().join("delivery.http"))?;
        let (head, body) = text.split_once("\n\n").ok_or("a case has no empty line")?;
        let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        let headers: Vec<_> = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let topic = headers.iter().find(|(name, _)| name.ends_with("-topic"));
        let topic = topic.map(|(_, topic)| topic.clone());
        deliveries.push(Delivery { topic, headers, body: body.to_owned(), received_at_ns: RECEIVED_AT_NS });
    }
    if deliveries.is_empty() { Err("there are no cases".into()) } else { Ok(deliveries) }
}

/// The least anybody could do who isolates one call from the next.
mod bare {
    use wasmtime::component::{Component, HasSelf, Linker, ResourceTable};
    use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};
    use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

    use self::generated::ReceivesPre;
    use self::generated::exports::omnihub::connector::webhook::Delivery;
    use self::generated::omnihub::host::{config, log};
    use self::generated::omnihub::types::types::Header;

    mod generated {
        wasmtime::component::bindgen!({
            path: ["../../../wit/types", "../../../wit/host", "../../../wit/connector"],
            world: "omnihub:connector/receives",
        });
    }

    pub(super) struct Bare {
        engine: Engine,
        component: ReceivesPre<State>,
    }

    /// Made when the guest asks for it, as ours is.
    #[derive(Default)]
    struct State(Option<(WasiCtx, ResourceTable)>);

    impl WasiView for State {
        fn ctx(&mut self) -> WasiCtxView<'_> {
            let (ctx, table) =
                self.0.get_or_insert_with(|| (WasiCtxBuilder::new().build(), ResourceTable::new()));
            WasiCtxView { ctx, table }
        }
    }

    impl log::Host for State {
        fn write(&mut self, _: log::Level, _: String, _: Vec<(String, String)>) {}
    }

    impl config::Host for State {
        fn get(&mut self, _: String) -> Option<String> {
            None
        }
    }

    impl Bare {
        pub(super) fn new(bytes: &[u8]) -> wasmtime::Result<Self> {
            let mut pool = PoolingAllocationConfig::new();
            if PoolingAllocationConfig::is_pagemap_scan_available() {
                pool.pagemap_scan(Enabled::Yes)
                    .linear_memory_keep_resident(8 << 20)
                    .table_keep_resident(1 << 20);
            }
            let mut settings = Config::new();
            settings
                .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
                .concurrency_support(false);
            let engine = Engine::new(&settings)?;
            let component = Component::new(&engine, bytes)?;
            let mut linker = Linker::new(&engine);
            wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
            log::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
            config::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
            linker.define_unknown_imports_as_traps(&component)?;
            let component = ReceivesPre::new(linker.instantiate_pre(&component)?)?;
            Ok(Self { engine, component })
        }

        pub(super) fn normalise(&self, delivery: &Delivery) -> super::Called {
            let mut store = Store::new(&self.engine, State::default());
            let connector = self.component.instantiate(&mut store)?;
            drop(connector.omnihub_connector_webhook().call_normalise(&mut store, delivery)?);
            Ok(())
        }
    }

    pub(super) fn given(delivery: &hub_runtime::Delivery) -> Delivery {
        let headers = delivery.headers.iter().cloned();
        Delivery {
            topic: delivery.topic.clone(),
            headers: headers.map(|(name, value)| Header { name, value }).collect(),
            body: delivery.body.clone(),
            received_at: delivery.received_at_ns,
        }
    }
}
