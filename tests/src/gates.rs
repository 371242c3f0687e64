//! Gates that need a whole hub: what must hold while it is attacked, killed and overloaded. A file for each.

mod ingress;
mod secrets;
mod ssrf;

use hub_gates::Gate;

/// All of them.
pub const GATES: &[Gate] = &[ssrf::GATE, secrets::GATE, ingress::GATE];
