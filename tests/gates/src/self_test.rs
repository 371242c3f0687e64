//! Whether the gates can fail: each protection is taken out in turn, and the gate that guards it must turn red.

use crate::gate::{Gate, Setup};
use crate::report::Report;

/// Red itself where a gate stays green without the protection it is there for.
pub(crate) fn self_test<'a>(gates: impl Iterator<Item = &'a Gate>, setup: &Setup) -> Report {
    let mut report = Report::new("self-test", setup.seed);
    for gate in gates {
        for fault in gate.faults {
            let found = (gate.run)(&Setup { fault: Some(*fault), ..*setup });
            report.figure(fault.0, found.failures.len() as u64);
            if found.is_green() {
                report.failures.push(format!("{} stays green although {}", gate.name, fault.0));
            }
        }
    }
    report
}
