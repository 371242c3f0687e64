//! Gates that need a whole hub: what must hold while it is attacked, killed and overloaded. A file for each.

use hub_gates::Gate;

/// All of them.
pub const GATES: &[Gate] = &[];
