//! Which events of a report are of somebody forgotten. The fold itself is asked: each event is told again to a draft that
//! is never committed.

use std::collections::BTreeSet;

use hub_model::join::Told;
use hub_model::{EventId, NodeId, Timestamp};
use hub_store::Store;

use super::Gone;
use crate::FoldError;
use crate::active::ActiveSettings;
use crate::apply::{About, Applying};
use crate::draft::Draft;
use crate::people::is_forgotten;
use crate::record::Reported;
use crate::row::{Subject, SubjectKind};

/// What of a report goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sifted {
    /// Positions of the events that go.
    pub gone: BTreeSet<u32>,
    /// Whom they are about.
    pub accounts: BTreeSet<NodeId>,
    /// What they are about.
    pub things: BTreeSet<Subject>,
}

/// Sifts the events of the record with this number.
///
/// # Errors
/// The store's, or a row that cannot be read.
pub fn sift(
    store: &dyn Store,
    settings: &ActiveSettings,
    seq: u64,
    at: Timestamp,
    report: &Reported,
) -> Result<Sifted, FoldError> {
    let mut sifted = Sifted::default();
    for (position, event) in (0_u32..).zip(&report.events) {
        let mut draft = Draft::new(store);
        let gone = Gone::at(&draft, &report.connection)?;
        let about = Applying {
            draft: &mut draft,
            connection: &report.connection,
            people: settings.people(&report.connection),
            event,
            id: EventId::of(&report.connection, &event.name, &event.key),
            at,
            finding: None,
            told: Told { version: event.version, learned: seq },
            gone,
            forgotten: gone.everybody,
            forgetting: None,
        }
        .apply()?;
        if about.erased || is_of_forgotten(&draft, &about)? {
            sifted.gone.insert(position);
            sifted.accounts.extend(about.account);
            sifted.things.extend(about.subject.filter(has_rows));
        }
    }
    Ok(sifted)
}

/// What says nothing of a person by itself, like an entry of a loyalty account.
fn is_of_forgotten(draft: &Draft<'_>, about: &About) -> Result<bool, FoldError> {
    about.account.map_or(Ok(false), |account| is_forgotten(draft, account))
}

/// Whether it could be told of again without saying whose it is.
fn has_rows(subject: &Subject) -> bool {
    matches!(
        subject.kind,
        SubjectKind::Order
            | SubjectKind::Checkout
            | SubjectKind::Interaction
            | SubjectKind::Ticket
            | SubjectKind::Survey
            | SubjectKind::LoyaltyAccount
    )
}

impl Reported {
    /// The report without what goes.
    #[must_use]
    pub fn without(mut self, gone: &BTreeSet<u32>) -> Self {
        let mut moved = Vec::with_capacity(self.events.len());
        let mut next = 0_u32;
        let positions = 0_u32..;
        let kept = positions.zip(std::mem::take(&mut self.events)).filter_map(|(position, event)| {
            let stays = !gone.contains(&position);
            moved.push(stays.then_some(next));
            next = next.saturating_add(u32::from(stays));
            stays.then_some(event)
        });
        self.events = kept.collect();
        let to = |position: u32| moved.get(usize::try_from(position).ok()?).copied().flatten();
        self.findings = std::mem::take(&mut self.findings)
            .into_iter()
            .filter_map(|(position, finding)| Some((to(position)?, finding)))
            .collect();
        self
    }
}
