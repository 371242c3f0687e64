//! Whether the gates can fail: each protection is taken out in turn, and the gate that guards it must turn red.

use crate::gate::{GATES, Setup};
use crate::report::Report;

/// Red itself where a gate stays green without the protection it is there for.
#[must_use]
pub fn self_test(setup: &Setup) -> Report {
    let mut report = Report::new("self-test", setup.seed);
    for gate in &GATES {
        for fault in gate.faults {
            let found = (gate.run)(&Setup { fault: Some(*fault), ..*setup });
            report.figure(fault.says(), found.failures.len() as u64);
            if found.is_green() {
                report.failures.push(format!("{} stays green although {}", gate.name, fault.says()));
            }
        }
    }
    report
}
