//! The segments in force, and who is in them.

use hub_fold::read::{self, CustomerSummary};
use hub_model::Timestamp;
use hub_rules::Segment;
use serde::{Deserialize, Serialize};

use super::asked::{Asked, Named, limit};
use super::error::AdminError;
use super::{Answer, Shared};

#[derive(Serialize)]
pub(super) struct Segments {
    segments: Vec<SegmentSummary>,
}

#[derive(Serialize)]
struct SegmentSummary {
    id: String,
    /// The author's sentence.
    says: String,
    /// The segment read back.
    sentence: String,
    /// How many customers are in it.
    customers: usize,
    /// There are more: counting stopped.
    more: bool,
    /// Not every customer known when it was written is looked at yet.
    settling: bool,
}

const UNKNOWN: AdminError =
    AdminError::NotFound { what: "segment", help: "`omnihub segment list` shows those in force" };

pub(super) async fn list(api: Shared) -> Answer<Segments> {
    api.read(|admin| {
        let settings = hub_fold::Fold::open(&*admin.store)?.settings();
        let summary = |segment: &Segment| {
            let members = hub_fold::members(&*admin.store, &segment.id, 0)?.ok_or(UNKNOWN)?;
            Ok(SegmentSummary {
                id: segment.id.clone(),
                says: segment.says.clone(),
                sentence: segment.sentence(),
                customers: members.count,
                more: members.count == hub_fold::MEMBERS_COUNTED_MAX,
                settling: members.is_settling,
            })
        };
        let segments = settings.rules().segments().iter().map(summary).collect::<Result<_, AdminError>>()?;
        Ok(Segments { segments })
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MembersAsked {
    limit: Option<usize>,
}

#[derive(Serialize)]
pub(super) struct Members {
    /// All there are, shown or not.
    count: usize,
    settling: bool,
    customers: Vec<Member>,
}

#[derive(Serialize)]
struct Member {
    /// Since when they are in it.
    since: Timestamp,
    #[serde(flatten)]
    customer: CustomerSummary,
}

pub(super) async fn members(
    api: Shared,
    Named(segment): Named<String>,
    Asked(asked): Asked<MembersAsked>,
) -> Answer<Members> {
    api.read(move |admin| {
        let members = hub_fold::members(&*admin.store, &segment, limit(asked.limit))?.ok_or(UNKNOWN)?;
        let mut customers = Vec::new();
        for (account, since) in members.shown {
            // One who is forgotten meanwhile is left out.
            if let Some(customer) = read::customer_summary(&*admin.store, account)? {
                customers.push(Member { since, customer });
            }
        }
        Ok(Members { count: members.count, settling: members.is_settling, customers })
    })
    .await
}
