//! What a connector costs as a component, beside the same code compiled natively: every golden delivery, over and over.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hub_runtime::{Patience, Plugin, Runtime, RuntimeOptions, Settings};
use omnihub_plugin::testing;
use omnihub_plugin::{Connector, Delivery};

use super::table::Table;

/// How long one figure is measured.
const MEASURED: Duration = Duration::from_millis(700);
/// Deliveries of golden cases arrive at this moment: 2026-01-01T00:00:00Z.
const RECEIVED_AT_NS: i64 = 1_767_225_600_000_000_000;

/// One table for all six.
pub(super) fn measure(components: &Path) -> Result<Table, String> {
    let mut table =
        Table::of(&["connector", "size", "compiling", "cached", "calls", "native calls", "ratio", "goal"]);
    row::<connector_shopify::Shopify>(&mut table, components)?;
    row::<connector_zendesk::Zendesk>(&mut table, components)?;
    row::<connector_instagram::Instagram>(&mut table, components)?;
    row::<connector_whatsapp::WhatsApp>(&mut table, components)?;
    row::<connector_inventory::Inventory>(&mut table, components)?;
    row::<connector_loyalty::Loyalty>(&mut table, components)?;
    Ok(table)
}

fn row<C: Connector>(table: &mut Table, components: &Path) -> Result<(), String> {
    let manifest = C::describe();
    let bytes = std::fs::read(components.join(format!("connector-{}.wasm", manifest.id)))
        .map_err(|error| error.to_string())?;
    let cache = tempfile::tempdir().map_err(|error| error.to_string())?;
    let (_, compiling) = installed(&bytes, cache.path())?;
    let (plugin, cached) = installed(&bytes, cache.path())?;
    let settings: Vec<(String, String)> = manifest
        .settings
        .iter()
        .filter_map(|setting| Some((setting.key.clone(), setting.default.clone()?)))
        .collect();
    let deliveries = deliveries(&manifest)?;
    let sandboxed = per_second(&deliveries, {
        let settings: Settings = settings.iter().cloned().collect();
        move |delivery| drop(plugin.normalise(given(delivery), &settings, Patience::Short))
    });
    let native = testing::with_settings(&settings, || {
        per_second(&deliveries, |delivery| drop(C::normalise(delivery.clone())))
    });
    table.cells([
        manifest.id.clone(),
        format!("{} KB", bytes.len() / 1_000),
        format!("{} ms", compiling.as_millis()),
        format!("{:.1} ms", cached.as_secs_f64() * 1_000.0),
        format!("{sandboxed:.0}/s"),
        format!("{native:.0}/s"),
        format!("{:.1}", native / sandboxed.max(1.0)),
        "≤ 400 KB, cached ≤ 5 ms, ratio ≤ 3".to_owned(),
    ]);
    Ok(())
}

/// Installs into an engine of its own, as a hub that starts does.
fn installed(bytes: &[u8], cache: &Path) -> Result<(Plugin, Duration), String> {
    let options = RuntimeOptions { cache_dir: Some(cache.to_path_buf()), ..RuntimeOptions::default() };
    let runtime = Runtime::new(options).map_err(|error| error.to_string())?;
    let began = Instant::now();
    let plugin = runtime.install(bytes).map_err(|error| error.to_string())?;
    Ok((plugin, began.elapsed()))
}

fn given(delivery: &Delivery) -> hub_runtime::Delivery {
    hub_runtime::Delivery {
        topic: delivery.topic.clone(),
        headers: delivery.headers.iter().map(|header| (header.name.clone(), header.value.clone())).collect(),
        body: delivery.body.clone(),
        received_at_ns: delivery.received_at,
    }
}

fn per_second(deliveries: &[Delivery], mut call: impl FnMut(&Delivery)) -> f64 {
    let mut calls = 0_u32;
    // The first round warms up.
    deliveries.iter().for_each(&mut call);
    let began = Instant::now();
    while began.elapsed() < MEASURED {
        for delivery in deliveries {
            call(delivery);
            calls += 1;
        }
    }
    f64::from(calls) / began.elapsed().as_secs_f64()
}

fn deliveries(manifest: &omnihub_plugin::Manifest) -> Result<Vec<Delivery>, String> {
    let folder = golden().join(&manifest.id);
    let webhook = manifest.webhooks.first().ok_or("it receives nothing")?;
    let mut deliveries = Vec::new();
    for case in std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let file = case.map_err(|error| error.to_string())?.path().join("delivery.http");
        let http = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        deliveries.extend(testing::delivery(&http, webhook, RECEIVED_AT_NS));
    }
    Ok(deliveries)
}

/// `cargo xtask bench` runs in the project's folder.
fn golden() -> PathBuf {
    Path::new("tests/golden/plugins").to_path_buf()
}
