//! Gates that need a whole hub: what must hold while it is attacked, killed and overloaded. A file for each.

mod admin;
mod drain;
mod hostile;
mod ingress;
mod kill;
mod poison;
mod sale;
mod secrets;
mod simulation;
mod ssrf;

use hub_gates::Gate;

/// All of them.
pub const GATES: &[Gate] = &[
    ssrf::GATE,
    secrets::GATE,
    ingress::GATE,
    hostile::GATE,
    kill::GATE,
    drain::GATE,
    poison::GATE,
    admin::GATE,
    simulation::GATE,
];

/// A runtime of the gate's own, as long as it runs.
fn on_runtime(gate: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(gate)
}
