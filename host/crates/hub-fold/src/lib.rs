//! Journal record to model change to rules to planned effects. Deterministic, over hub-store's trait: no clock, no
//! randomness, no network, no files. hub-model says how facts merge, hub-rules what a rule means; this crate keeps the
//! rows and their indexes and says in which order things happen.

mod actions;
mod active;
mod alarms;
mod apply;
mod audit;
mod band;
mod catalogue;
mod correct;
mod decide;
mod deliveries;
mod digest;
mod draft;
mod effects;
mod erase;
mod facts;
mod fills;
mod fold;
mod follow;
mod follow_up;
mod gaps;
mod held;
pub mod ledger;
mod merge;
mod own;
mod people;
mod polling;
pub mod read;
pub mod record;
pub mod row;
mod rulings;
mod schedules;
mod segments;
mod sitting;
mod timers;
mod tokens;
mod turns;

pub use active::ActiveSettings;
pub use alarms::{RULE_SILENT, RULE_SPIKING, RuleAlarm};
pub use audit::{Act, AuditEntry, AuditVerdict, Chained, audit, verify_audit};
pub use band::{Alarm, Side};
pub use catalogue::catalogue;
pub use correct::{CorrectionError, CorrectionPlan, INTENTS_MAX, plan_correction};
pub use decide::{Decision, Done, Verdict};
pub use deliveries::{CONTENT_ERASED, deliveries_pending, delivery_tries, seen};
pub use digest::{model_digest, view_digest};
pub use erase::{
    AskedErasure, ErasureReceipt, ErasureState, Sifted, SystemErasure, asked_erasures, erasure_receipts,
    is_erasure_owed, remembered, sift, sift_command, systems_of,
};
pub use fills::fills;
pub use fold::{
    Consequences, Fold, KeyRules, Sequenced, Witnessed, effect, effects_due, effects_open, key_rules,
    settings,
};
pub use follow_up::{FollowUpError, FollowUpPlan, TEXT_CHARS_MAX, plan_close, plan_follow_up, plan_postpone};
pub use held::{HeldAction, QUIET, Switch, Switched, effects_held, effects_stopped, effects_switch};
pub use merge::{JUDGED_MAX, Plan, PlanError, plan_merge, plan_reject, plan_unmerge};
pub use record::{Record, RecordError};
pub use segments::{MEMBERS_COUNTED_MAX, Members, members};
pub use sitting::{Counted, Keeps};
pub use timers::next_timer;
pub use tokens::{NewToken, Scope, ScopeError, TokenRow, TokenState, tokens};

use hub_store::{StoreError, Table};

/// Why the fold stopped. The view is as it was before the batch.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a row of table {} cannot be read by this version of omnihub; rebuild the view with `omnihub journal rebuild`", table.name())]
    Row { table: Table },
}

impl FoldError {
    /// Whether the way out is to build the view anew from the journal, rather than to repair the call or the disk.
    #[must_use]
    pub fn asks_for_rebuild(&self) -> bool {
        match self {
            Self::Store(error) => error.asks_for_rebuild(),
            Self::Row { .. } => true,
        }
    }
}
