//! What people ask the view: pure queries for the API, the console and the command line. Nothing here changes a row.
//! Answers are plain structs that print as JSON. A query is several calls to the store, between which the fold may
//! move on: a row that is gone by then is left out, never an error. Every scan has a limit with a name.

mod backtest;
mod breaches;
mod card;
mod compare;
mod consent;
mod context;
mod conversations;
mod corrections;
mod decisions;
mod facts;
mod follow_ups;
mod inbound;
mod kpi;
mod links;
mod origins;
mod people;
mod privacy;
mod rulings;
mod search;
mod streams;
mod suggest;
mod things;
mod timeline;
mod watches;
mod why;
mod work;

pub use backtest::{BackTest, Change, Day, Firing, ForCustomer, backtest};
pub use breaches::{Breach, BreachView, breaches};
pub use card::{CustomerCard, ProfileView, customer};
pub use compare::{Difference, Listed, Planned, Regrouped, RuleChange, differences};
pub(crate) use consent::granted;
pub use consent::{ConsentView, ContactReason, ContactVerdict, Purpose, may_contact, may_send};
pub use context::{
    Concern, ContextCard, LastContact, Late, Mood, OrderUnderWay, OwedFollowUp, Reason, Trend, context,
};
pub use conversations::{
    ConversationDetails, ConversationPage, ConversationQuery, ConversationView, Linked, LinkedBy, Member,
    OrderRef, TicketRef, conversation, conversations,
};
pub use corrections::{
    CorrectionPage, CorrectionQuery, CorrectionView, PersonsWord, Understood, WordsOf, corrections,
};
pub use decisions::{decisions, why};
pub use facts::{
    FactView, Facts, FactsOf, Provenance, SaidBy, SourceObject, facts, profile_facts, provenance, said_by,
};
pub use follow_ups::{
    FollowUpPage, FollowUpPlace, FollowUpQuery, FollowUpState, FollowUpView, PlaceError, follow_up,
    follow_ups,
};
pub use inbound::last_inbound;
pub use kpi::{
    Better, Figure, KPI_DAYS_MAX, KpiBy, KpiCase, KpiCases, KpiCasesQuery, KpiCursor, KpiCursorError,
    KpiFigure, KpiGroup, KpiReport, KpiSpan, KpiUnit, KpiWindow, KpiWindowError, Measured, kpi_cases, kpis,
};
pub use links::{ClaimView, LinkState, LinkedKey};
pub use origins::{EventOrigin, Origin, RuleOrigin, ThingsOrigin, origins};
pub use people::{Account, CustomerSummary, customer_id, customer_summary, customers};
pub use privacy::{
    PrivacyRequestView, StoredContent, TellingsOf, accounts, deliveries_to_erase, events_of, privacy_requests,
};
pub use rulings::{AttributeView, NoteView, Routing};
pub use search::find_customers;
pub use streams::{connection, stream, streams, usual_gap};
pub use suggest::{
    SUGGESTED_FROM, Sign, SignKind, Suggestion, SuggestionPage, SuggestionPair, suggestions, suggestions_all,
};
pub use things::{
    CheckoutView, InteractionView, LineView, LoyaltyEntryView, LoyaltyView, OrderView, ParcelView,
    RefundView, ReturnView, SurveyView, TicketView,
};
pub use timeline::{
    CursorError, Details, FollowUpNews, FollowUpTurn, ParcelNews, ParcelTurn, RefundNews, ReturnNews,
    TIMELINE_KINDS, TimelineCursor, TimelineEntry, TimelinePage, TimelineQuery, subject_kind, timeline,
};
pub use watches::{BandTest, LEARNED_FROM, Learned, Tried, WatchView, watches};
pub use why::{Because, EvidenceView, LinkEnd, LinkWhy, Obstacle, PairWhy, Word, why_linked, why_pair};
pub use work::{
    Counts, DELIVERY_STATES, DeliveryQuery, DeliverySummary, EFFECT_STATES, EffectQuery, EffectSummary,
    counts, deliveries, delivery, effect, effects, event, merges, plugin_state,
};

use std::collections::BTreeSet;

use hub_model::NodeId;
use hub_store::{Order, Range, Store, Table, prefix_range};

use crate::FoldError;
use crate::row::{BelongsRow, CustomerRow, NodeRow, Row, Subject, SubjectKind, ThingRow, decode, key};

/// The most rows one answer holds, whatever is asked for: a page for people, or a script's.
const ANSWER_MAX: usize = 1_000;

/// Things of one kind looked at for one account. Rules count up to the same number.
const THINGS_MAX: usize = 1_000;

/// Rows read at once while walking a table.
const PAGE: usize = 500;

/// The store, read as rows.
#[derive(Clone, Copy)]
struct View<'a> {
    store: &'a dyn Store,
}

impl<'a> View<'a> {
    fn get<T: Row>(self, key: &[u8]) -> Result<Option<T>, FoldError> {
        self.store.get(T::TABLE, key)?.map(|bytes| decode(T::TABLE, &bytes)).transpose()
    }

    fn scan(self, table: Table, prefix: &[u8], limit: usize) -> Result<Vec<hub_store::Row>, FoldError> {
        Ok(self.store.scan(table, prefix_range(prefix), Order::Ascending, limit)?)
    }

    /// The accounts whose ids end the index's keys under this prefix.
    fn indexed(self, prefix: &[u8], limit: usize) -> Result<Vec<NodeId>, FoldError> {
        let rows = self.scan(Table::Index, prefix, limit)?;
        Ok(rows.iter().filter_map(|(row, _)| key::trailing_id(row).map(NodeId)).collect())
    }

    /// The accounts that claim a key, with proof or without.
    fn claimants(self, key: NodeId, limit: usize) -> Result<BTreeSet<NodeId>, FoldError> {
        let Some(row) = self.get::<NodeRow>(&key.0)? else { return Ok(BTreeSet::new()) };
        let more = self.indexed(&key::claimed_by_prefix(key), limit)?;
        Ok(row.claimed_by.into_iter().chain(more).take(limit).collect())
    }

    /// The customer a node belongs to, whatever customer it was when its id was given out.
    fn customer_of(self, node: NodeId) -> Result<Option<(NodeId, CustomerRow)>, FoldError> {
        let Some(customer) = self.get::<BelongsRow>(&node.0)?.and_then(|row| row.customer) else {
            return Ok(None);
        };
        Ok(self.get(&customer.0)?.map(|row| (customer, row)))
    }

    /// Things of one kind that are filed under an account, as the timeline holds them.
    fn filed_rows(self, account: NodeId, kind: SubjectKind) -> Result<Vec<ThingRow>, FoldError> {
        let rows = self.scan(Table::Timeline, &key::timeline_prefix(account, kind), THINGS_MAX)?;
        rows.iter().map(|(_, row)| decode(Table::Timeline, row)).collect()
    }

    /// Things of one kind that are filed under an account.
    fn filed<T: Row>(self, account: NodeId, kind: SubjectKind) -> Result<Vec<(Subject, T)>, FoldError> {
        let mut things = Vec::new();
        for ThingRow { thing: subject, .. } in self.filed_rows(account, kind)? {
            if let Some(thing) = self.get(&key::object(&subject.connection, &[&subject.id]))? {
                things.push((subject, thing));
            }
        }
        Ok(things)
    }

    /// Rows of a table from one end to the other, page by page, until `each` has seen enough.
    fn walk(
        self,
        table: Table,
        range: Range,
        order: Order,
        mut each: impl FnMut(&[u8], &[u8]) -> Result<Walk, FoldError>,
    ) -> Result<(), FoldError> {
        let Range { mut from, mut to } = range;
        loop {
            let rows = self.store.scan(table, Range { from: from.clone(), to: to.clone() }, order, PAGE)?;
            for (key, value) in &rows {
                if each(key, value)? == Walk::Enough {
                    return Ok(());
                }
            }
            match (rows.last(), order) {
                (Some((last, _)), Order::Ascending) if rows.len() == PAGE => {
                    from = last.clone();
                    from.push(0);
                }
                (Some((last, _)), Order::Descending) if rows.len() == PAGE => to = Some(last.clone()),
                _ => return Ok(()),
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Walk {
    On,
    Enough,
}
