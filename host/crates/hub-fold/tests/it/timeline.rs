//! Pages of a timeline: whatever is asked for, they hold everything once.

use hub_fold::read::{TimelineCursor, TimelineEntry, TimelinePage, TimelineQuery, subject_kind, timeline};
use hub_fold::row::SubjectKind;
use hub_model::event::{self, Direction, Fulfilment, Payload, Refund, ReturnRequest};
use hub_store::{Order, Range, Store, Table};
use proptest::prelude::*;

use crate::privacy::{asks, request};
use crate::support::events::{
    at, checkout, consent, euros, event, loyalty_account, loyalty_entry, merge, order, party, survey, ticket,
};
use crate::support::{Hub, Told, message, node, told};

const ME: [&str; 2] = ["igsid:1", "igsid:2"];

/// The thing with this number; kinds, connections, channels and moments repeat.
fn thing(number: i64, sort: u8, minute: i64) -> Told {
    let id = number.to_string();
    let me = party(&[ME[usize::try_from(number % 2).unwrap()]]);
    let connection = "ig";
    let (name, payload) = match sort {
        0 => {
            let parcel = |id: &str, status: &str| Fulfilment {
                id: id.into(),
                status: Some(status.into()),
                carrier: None,
                tracking_numbers: vec![],
                tracking_urls: vec![],
                updated_at: Some(at(minute + number % 3)),
            };
            let placed = event::Order {
                buyer: Some(me),
                placed_at: Some(at(minute)),
                source: Some(["web", "pos"][usize::try_from(number % 2).unwrap()].into()),
                fulfilments: vec![parcel("a", "in_transit"), parcel("b", "delivered")],
                refunds: vec![Refund {
                    id: "r".into(),
                    amount: Some(euros(1)),
                    at: Some(at(minute + number % 2)),
                }],
                returns: vec![ReturnRequest { id: "b".into(), status: None, at: Some(at(minute)) }],
                ..order(&id)
            };
            ("order.created", Payload::Order(placed))
        }
        1 => {
            let started = event::Checkout { buyer: Some(me), started_at: Some(at(minute)), ..checkout(&id) };
            ("checkout.created", Payload::Checkout(started))
        }
        2 => {
            let asked = event::Ticket { requester: Some(me), created_at: Some(at(minute)), ..ticket(&id) };
            ("ticket.created", Payload::Ticket(asked))
        }
        3 => ("survey.answered", Payload::SurveyResponse(survey(&id, me, "good"))),
        4 => (
            "consent.changed",
            Payload::Consent(consent(me, ["granted", "denied"][usize::try_from(number % 2).unwrap()])),
        ),
        5 => ("loyalty.points_changed", Payload::LoyaltyEntry(loyalty_entry("L", &id, number))),
        6 => ("loyalty.account_changed", Payload::LoyaltyAccount(loyalty_account("L", party(&[ME[0]]), 5))),
        _ => {
            let who = [ME[usize::try_from(number % 2).unwrap()]];
            let channel = ["web", "pos", "sms"][usize::try_from(number % 3).unwrap()];
            let way = ["in", "out", "note"][usize::try_from(number % 3).unwrap()];
            ("message.received", Payload::Interaction(message(&id, minute, channel, way, &who, "hello")))
        }
    };
    let event = event::Event { key: id, ..event(name, minute, payload) };
    told(connection, minute, vec![event])
}

fn hub(things: &[(u8, i64)]) -> Hub {
    let mut hub = Hub::new(&[]);
    hub.happens("ig", 0, "person.merged", Payload::PersonMerge(merge(ME[0], ME[1])));
    for (number, (sort, minute)) in (0..).zip(things) {
        hub.tell(&thing(number, *sort, *minute));
    }
    hub
}

fn page(hub: &Hub, query: &TimelineQuery) -> TimelinePage {
    timeline(&hub.store, node("ig", ME[1]), query).unwrap().unwrap()
}

/// All pages of a query, and what each told of the next in text, as a URL carries it.
fn pages(hub: &Hub, query: &TimelineQuery, limit: usize, mut between: impl FnMut()) -> Vec<TimelineEntry> {
    let mut entries = Vec::new();
    let mut after = None;
    loop {
        let page = page(hub, &TimelineQuery { after, limit, ..query.clone() });
        assert!(page.entries.len() <= limit);
        entries.extend(page.entries);
        let Some(next) = page.next else { return entries };
        after = Some(next.to_string().parse::<TimelineCursor>().unwrap());
        assert_eq!(after, Some(next));
        between();
    }
}

prop_compose! {
    fn any_query()(from in prop::option::of(0_i64..8), before in prop::option::of(0_i64..8), kind in 0_u8..20, channel in 0_usize..5, way in 0_usize..4, connection in 0_usize..4) -> TimelineQuery {
        TimelineQuery {
            from: from.map(at),
            before: before.map(at),
            kinds: SubjectKind::from_byte(kind).into_iter().collect(),
            channels: ["web", "email"].into_iter().skip(channel).take(1).map(str::to_owned).collect(),
            connections: ["ig", "shop"].into_iter().skip(connection).take(1).map(str::to_owned).collect(),
            directions: [Direction::Inbound, Direction::Internal].into_iter().skip(way).take(1).collect(),
            ..TimelineQuery::default()
        }
    }
}

/// What a filter means, said once more and plainly.
fn wants(query: &TimelineQuery, entry: &TimelineEntry) -> bool {
    query.from.is_none_or(|from| entry.at >= from)
        && query.before.is_none_or(|before| entry.at < before)
        && (query.kinds.is_empty() || query.kinds.contains(&entry.kind))
        && (query.channels.is_empty() || query.channels.iter().any(|it| entry.channel.as_ref() == Some(it)))
        && (query.connections.is_empty() || query.connections.contains(&entry.connection))
        && (query.directions.is_empty() || query.directions.iter().any(|it| entry.direction == Some(*it)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn pages_hold_everything_once(
        things in prop::collection::vec((0_u8..9, 0_i64..8), 0..40),
        query in any_query(),
        limit in 1_usize..7,
    ) {
        let hub = hub(&things);
        let all = page(&hub, &TimelineQuery { limit: 1_000, ..TimelineQuery::default() }).entries;
        prop_assert!(all.is_sorted_by(|left, right| left.at >= right.at));
        let orders = things.iter().filter(|(sort, _)| *sort == 0).count();
        for (kind, each) in [(SubjectKind::Order, 1), (SubjectKind::Fulfilment, 2), (SubjectKind::Refund, 1), (SubjectKind::Return, 1)] {
            prop_assert_eq!(all.iter().filter(|entry| entry.kind == kind).count(), orders * each);
        }
        prop_assert_eq!(&pages(&hub, &TimelineQuery::default(), limit, || {}), &all);
        let wanted: Vec<_> = all.into_iter().filter(|entry| wants(&query, entry)).collect();
        prop_assert_eq!(pages(&hub, &query, limit, || {}), wanted);
    }
}

#[test]
fn what_is_told_between_two_pages_moves_nothing() {
    let mut hub = hub(&[(7, 5), (0, 4), (7, 4), (5, 4), (6, 4), (7, 3)]);
    let all = page(&hub, &TimelineQuery { limit: 100, ..TimelineQuery::default() }).entries;
    let first = page(&hub, &TimelineQuery { limit: 4, ..TimelineQuery::default() });
    hub.tell(&thing(100, 7, 6));
    hub.tell(&thing(102, 0, 6));
    let rest = page(&hub, &TimelineQuery { after: first.next, limit: 100, ..TimelineQuery::default() });
    assert_eq!([first.entries, rest.entries].concat(), all);
}

#[test]
fn things_of_one_moment_fill_many_pages() {
    let hub = hub(&[(7, 7); 300]);
    let entries = pages(&hub, &TimelineQuery::default(), 7, || {});
    let ids: std::collections::BTreeSet<_> = entries.iter().map(|entry| &entry.id).collect();
    assert_eq!((entries.len(), ids.len()), (300, 300));
    assert_eq!(page(&hub, &TimelineQuery::default()).entries, []);
}

#[test]
fn a_filter_few_things_pass_ends_a_page_early_and_goes_on() {
    let mut things = vec![(7, 7); 4_500];
    things.push((0, 1));
    let hub = hub(&things);
    let mut turns = 0;
    let rare = TimelineQuery { channels: vec!["web".into(), "pos".into()], ..TimelineQuery::default() };
    let directions = vec![Direction::Internal];
    let none = TimelineQuery { directions, ..rare.clone() };
    assert_eq!(pages(&hub, &none, 10, || turns += 1), []);
    assert_eq!(turns, 2, "two thousand rows at a time");
    let late = TimelineQuery { before: Some(at(7)), ..rare };
    let kinds: Vec<_> = pages(&hub, &late, 10, || {}).iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds.len(), 5);
    assert_eq!(kinds.last(), Some(&SubjectKind::Order), "before its parcels");
}

#[test]
fn a_parcel_keeps_the_moments_of_its_turns_whatever_comes_first() {
    let news = |minute: i64, status: &str| {
        let parcel = Fulfilment {
            id: "p".into(),
            status: Some(status.into()),
            carrier: Some("DHL".into()),
            tracking_numbers: vec!["00340".into()],
            tracking_urls: vec![],
            updated_at: Some(at(minute)),
        };
        let order = event::Order {
            number: Some("#1".into()),
            buyer: Some(party(&ME[..1])),
            fulfilments: vec![parcel],
            ..order("1")
        };
        told("ig", minute, vec![event("order.updated", minute, Payload::Order(order))])
    };
    let turns = [
        news(1, "label_printed"),
        news(2, "in_transit"),
        news(3, "out_for_delivery"),
        news(4, "attempted_delivery"),
        news(5, "delivered"),
        news(6, "delivered"),
    ];
    for order in [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [3, 5, 0, 4, 2, 1]] {
        let mut hub = Hub::new(&[]);
        order.iter().for_each(|turn| drop(hub.tell(&turns[*turn])));
        let query =
            TimelineQuery { kinds: vec![SubjectKind::Fulfilment], limit: 10, ..TimelineQuery::default() };
        let shown: Vec<_> = timeline(&hub.store, node("ig", ME[0]), &query).unwrap().unwrap().entries;
        let shown: Vec<_> = shown.into_iter().map(|entry| (entry.at, entry.summary)).collect();
        let expected = [
            (at(5), "order #1 was delivered by DHL"),
            (at(4), "order #1 could not be delivered by DHL"),
            (at(2), "order #1 is on its way by DHL: 00340"),
        ];
        assert_eq!(shown, expected.map(|(at, line)| (at, line.to_owned())));
    }
}

#[test]
fn kinds_and_cursors_are_read_back_or_refused() {
    for (word, kind) in [
        ("order", SubjectKind::Order),
        ("return", SubjectKind::Return),
        ("follow_up", SubjectKind::FollowUp),
        ("loyalty_entry", SubjectKind::LoyaltyEntry),
    ] {
        assert_eq!(subject_kind(word), Some(kind));
    }
    assert_eq!(subject_kind("nonsense"), None);
    for text in ["", "tlc_", "tlc_0", "tlc_00zz", "tlc_0000000000000000", "x", "tlc_é"] {
        assert!(text.parse::<TimelineCursor>().is_err(), "{text}");
    }
}

/// What the timeline holds of whom an account is, by kind, newest first.
fn kinds(hub: &Hub, connection: &str, who: &str) -> Vec<SubjectKind> {
    let all = TimelineQuery { limit: 100, ..TimelineQuery::default() };
    let page = timeline(&hub.store, node(connection, who), &all).unwrap();
    page.into_iter().flat_map(|page| page.entries).map(|entry| entry.kind).collect()
}

#[test]
fn parts_go_with_the_order_to_another_buyer_and_when_they_are_dated_anew() {
    let mut hub = Hub::new(&[]);
    let placed = |who: &str, refunded: i64| event::Order {
        buyer: Some(party(&[who])),
        placed_at: Some(at(1)),
        refunds: vec![Refund { id: "r".into(), amount: Some(euros(1)), at: Some(at(refunded)) }],
        ..order("7")
    };
    let both = [SubjectKind::Refund, SubjectKind::Order];
    hub.happens("ig", 1, "order.created", Payload::Order(placed(ME[0], 2)));
    assert_eq!(kinds(&hub, "ig", ME[0]), both);
    hub.happens("ig", 5, "order.updated", Payload::Order(placed(ME[0], 4)));
    assert_eq!(kinds(&hub, "ig", ME[0]), both);
    hub.happens("ig", 6, "order.updated", Payload::Order(placed(ME[1], 4)));
    assert_eq!(kinds(&hub, "ig", ME[0]), []);
    assert_eq!(kinds(&hub, "ig", ME[1]), both);
    assert_eq!(hub.store.count(Table::Timeline).unwrap(), 2, "nothing is left where it was");
}

#[test]
fn a_ledger_goes_where_its_member_goes() {
    let mut hub = Hub::new(&[]);
    let points = |id: &str| Payload::LoyaltyEntry(loyalty_entry("L", id, 5));
    let member = |who: &str| Payload::LoyaltyAccount(loyalty_account("L", party(&[who]), 5));
    hub.happens("ig", 1, "loyalty.points_changed", points("1"));
    assert_eq!(hub.store.count(Table::Timeline).unwrap(), 0, "it is nobody's yet");
    for (minute, who, other) in [(2, ME[0], ME[1]), (3, ME[1], ME[0])] {
        hub.happens("ig", minute, "loyalty.account_changed", member(who));
        let expected = [SubjectKind::LoyaltyEntry, SubjectKind::LoyaltyAccount];
        assert_eq!(kinds(&hub, "ig", who).iter().filter(|kind| expected.contains(kind)).count(), 2);
        assert_eq!(kinds(&hub, "ig", other), []);
    }
    hub.happens("ig", 4, "loyalty.points_changed", points("2"));
    assert_eq!(kinds(&hub, "ig", ME[1]).len(), 3);
    assert_eq!(hub.store.count(Table::Timeline).unwrap(), 3);
}

#[test]
fn what_is_left_in_the_timeline_of_the_forgotten_is_the_same_whenever_they_asked() {
    let who = || party(&[ME[0]]);
    let parcel = Fulfilment {
        id: "p".into(),
        status: Some("in_transit".into()),
        carrier: None,
        tracking_numbers: vec![],
        tracking_urls: vec![],
        updated_at: Some(at(2)),
    };
    let bought = event::Order {
        buyer: Some(who()),
        placed_at: Some(at(1)),
        fulfilments: vec![parcel],
        refunds: vec![Refund { id: "r".into(), amount: Some(euros(1)), at: Some(at(3)) }],
        ..order("7")
    };
    let told_of = |minute, name: &str, payload| told("ig", minute, vec![event(name, minute, payload)]);
    let story = [
        told_of(1, "order.created", Payload::Order(bought)),
        told_of(2, "consent.changed", Payload::Consent(consent(who(), "granted"))),
        told_of(3, "loyalty.account_changed", Payload::LoyaltyAccount(loyalty_account("L", who(), 5))),
        told_of(4, "loyalty.points_changed", Payload::LoyaltyEntry(loyalty_entry("L", "1", 5))),
    ];
    let stand = |hub: &Hub| hub.store.scan(Table::Timeline, Range::all(), Order::Ascending, 100).unwrap();
    let kind = |row: &hub_store::Row| SubjectKind::from_byte(row.0[16]).unwrap();
    let mut known = Hub::new(&[]);
    story.iter().for_each(|told| drop(known.tell(told)));
    assert_eq!(stand(&known).len(), 6, "with the order, its parcel and refund, and the consent");
    let left: Vec<_> = (0..=story.len())
        .map(|place| {
            let mut hub = Hub::new(&[]);
            story[..place].iter().for_each(|told| drop(hub.tell(told)));
            hub.tell(&asks("ig", 9, request("erase-customer", &[ME[0]], &[])));
            story[place..].iter().for_each(|told| drop(hub.tell(told)));
            stand(&hub)
        })
        .collect();
    let ledger = [SubjectKind::LoyaltyAccount, SubjectKind::LoyaltyEntry];
    assert_eq!(left[0].iter().map(kind).collect::<Vec<_>>(), ledger, "points stay, so that sums hold");
    assert!(left.iter().all(|rows| *rows == left[0]));
}
