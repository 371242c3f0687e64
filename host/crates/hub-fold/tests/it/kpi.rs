//! How service goes: each definition with a story that another definition would tell otherwise; whatever the order records
//! come in; and every part of a figure beside the whole.

use hub_fold::read::{
    Figure, KpiBy, KpiCase, KpiCasesQuery, KpiFigure, KpiReport, KpiWindow, kpi_cases, kpis,
};
use hub_model::event::{self, Author, DeliveryStatus, Direction, Payload};
use hub_model::model::{Finding, Intent};
use hub_store::MemoryStore;
use proptest::prelude::*;

use crate::support::chance::Chance;
use crate::support::events::{at, event, interaction, party, survey, ticket};
use crate::support::{Told, fold_into, journal, settings, told};

const DAY: i64 = 24 * 60;

/// "3d2h5" is three days, two hours and five minutes.
fn minutes(text: &str) -> i64 {
    let (days, rest) = text.split_once('d').unwrap_or(("0", text));
    let (hours, rest) = rest.split_once('h').unwrap_or(("0", rest));
    let number = |text: &str| if text.is_empty() { 0 } else { text.parse::<i64>().unwrap() };
    number(days) * DAY + number(hours) * 60 + number(rest)
}

/// A person's account on a connection; the telephone number makes them one customer.
fn who(name: &str, connection: &str) -> event::Party {
    let (number, phone) = match name {
        "ana" => ("7", "+4930901820"),
        "bob" => ("8", "+4930901821"),
        "cid" => ("9", "+4930901822"),
        other => panic!("nobody is called {other}"),
    };
    let account = if connection == "wa" { format!("wa-id:{number}") } else { format!("user:{number}") };
    party(&[&account, phone])
}

/// What one line of a story tells: when, who or what, and what of it.
///
/// `0 ana email in` · `5 ana wa bot` · `2h ticket 9 ana solved` · `1d csat s1 good`, and behind it `name=value`.
fn line(number: usize, text: &str) -> Told {
    let mut words = text.split_whitespace();
    let mut word = || words.next().unwrap();
    let (minute, first) = (minutes(word()), word());
    let (second, third) = (word(), word());
    let rest: Vec<(&str, &str)> = words.filter_map(|word| word.split_once('=')).collect();
    let extra =
        |name: &str| rest.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let key = format!("e{number}");
    let (connection, name, payload) = match first {
        "ticket" => {
            let status = extra("status").unwrap();
            let name = if status == "new" { "ticket.created" } else { "ticket.status_changed" };
            let told = event::Ticket {
                requester: (third != "nobody").then(|| who(third, "desk")),
                created_at: (status == "new").then(|| at(minute)),
                status: Some(status),
                group: extra("group"),
                channel: extra("channel"),
                ..ticket(second)
            };
            ("desk", name, Payload::Ticket(told))
        }
        "csat" | "ces" | "nps" => {
            let told = event::SurveyResponse {
                kind: first.into(),
                ticket: extra("ticket"),
                ..survey(second, who("ana", "desk"), third)
            };
            ("desk", "survey.answered", Payload::SurveyResponse(told))
        }
        person => {
            let connection = if second == "wa" { "wa" } else { "desk" };
            let (direction, author) = match third {
                "in" | "thanks" | "call" => (Direction::Inbound, Author::Customer),
                "out" | "failed" => (Direction::Outbound, Author::Human),
                "bot" => (Direction::Outbound, Author::Bot),
                "rule" => (Direction::Outbound, Author::Rule),
                "system" => (Direction::Outbound, Author::System),
                "note" => (Direction::Internal, Author::Human),
                other => panic!("no way to say something: {other}"),
            };
            let said = event::Interaction {
                channel: Some(second.into()),
                kind: Some(if third == "call" { "call" } else { "message" }.into()),
                direction: Some(direction),
                author: Some(author),
                customer: Some(who(person, connection)),
                thread: extra("thread"),
                ticket: extra("ticket"),
                text: Some(extra("text").unwrap_or_else(|| "hello".into())),
                status: (third == "failed").then_some(DeliveryStatus::Failed),
                sent_at: Some(at(minute)),
                ..interaction(&format!("m{number}"))
            };
            (connection, "message.received", Payload::Interaction(said))
        }
    };
    let mut told = told(connection, minute, vec![event::Event { key, ..event(name, minute, payload) }]);
    if third == "thanks" {
        let intent = Intent { name: "thanks".into(), confidence: 90, evidence: vec![] };
        told.findings.push((0, Finding { intents: vec![intent], ..Finding::default() }));
    }
    told
}

pub(crate) fn story(text: &str) -> Vec<Told> {
    let lines = text.split('\n').map(str::trim).filter(|line| !line.is_empty());
    lines.enumerate().map(|(number, text)| line(number, text)).collect()
}

fn folded<'a>(tellings: impl Iterator<Item = &'a Told>) -> MemoryStore {
    let store = MemoryStore::new();
    fold_into(&store, &journal(&settings(&[]), tellings), &[100]);
    store
}

/// Three weeks from the day before the stories begin.
fn weeks() -> KpiWindow {
    KpiWindow::new(at(-DAY), at(20 * DAY), 0).unwrap()
}

const LONG_AFTER: i64 = 60 * DAY;

fn figure(text: &str, figure: Figure, now: i64) -> KpiFigure {
    let report = kpis(&folded(story(text).iter()), &weeks(), None, at(now)).unwrap();
    report.figures.into_iter().find(|one| one.figure == figure).unwrap()
}

/// A figure's value and its sample, long after the story.
fn check(which: Figure, value: i64, sample: u64, text: &str) {
    let figure = figure(text, which, LONG_AFTER);
    let found = (figure.all.value, figure.all.sample);
    assert_eq!(found, (Some(value), sample), "{which:?} of {text}\nleft out: {:?}", figure.left_out);
}

fn check_left_out(which: Figure, reason: &str, now: i64, text: &str) {
    let figure = figure(text, which, now);
    assert_eq!((figure.all.sample, figure.left_out.get(reason)), (0, Some(&1)), "{which:?} of {text}");
    assert!(figure.all.value.is_none() && figure.all.nothing.is_some(), "a reason stands where no value is");
}

#[test]
fn a_first_reply_is_a_persons_and_arrives() {
    // The bot's is none, the second is not the first.
    check(
        Figure::FirstReply,
        30 * 60,
        1,
        "0 ana email in\n 5 ana email bot\n 30 ana email out\n 40 ana email in\n 50 ana email out",
    );
    check(Figure::FirstReply, 25 * 60, 1, "0 ana email in\n 5 ana email failed\n 25 ana email out");
    check(Figure::FirstReply, 25 * 60, 1, "0 ana email in\n 5 ana email system\n 25 ana email out");
    check(Figure::FirstReply, 25 * 60, 1, "0 ana email in\n 5 ana email note\n 25 ana email out");
    // From the first question, not from the last.
    check(Figure::FirstReply, 60 * 60, 1, "0 ana email in\n 50 ana email in\n 1h ana email out");
    check_left_out(
        Figure::FirstReply,
        "not answered by a person",
        LONG_AFTER,
        "0 ana email in\n 5 ana email bot",
    );
    check_left_out(Figure::FirstReply, "began with a call", LONG_AFTER, "0 ana phone call\n 5 ana phone out");
    // We wrote first: what counts begins with the customer's word.
    check(
        Figure::FirstReply,
        10 * 60,
        1,
        "0 ana wa out thread=t\n 3d ana wa in thread=t\n 3d10 ana wa out thread=t",
    );
    // As of a moment before the reply there is none.
    check_left_out(Figure::FirstReply, "not answered by a person", 29, "0 ana email in\n 30 ana email out");
}

#[test]
fn a_thread_that_goes_on_for_ever_is_many_contacts() {
    let figure = figure(
        "0 ana wa in thread=t\n 5 ana wa out thread=t\n 3d ana wa in thread=t\n 3d20 ana wa out thread=t\n \
         3d1h ana wa in thread=t\n 3d2h ana wa out thread=t",
        Figure::FirstReply,
        LONG_AFTER,
    );
    assert_eq!((figure.all.sample, figure.all.median, figure.all.p90), (2, Some(5 * 60), Some(20 * 60)));
    // Thanks ask nothing: the next question is no late part of the first.
    check(
        Figure::RepeatContact,
        500,
        2,
        "0 ana wa in thread=t\n 5 ana wa out thread=t\n 10 ana wa thanks thread=t\n 3d ana wa in thread=t",
    );
    check(
        Figure::RepeatContact,
        0,
        1,
        "0 ana wa in thread=t\n 5 ana wa out thread=t\n 10 ana wa in thread=t\n 3d ana wa in thread=t",
    );
    // Thanks alone begin nothing.
    check(
        Figure::RepeatContact,
        0,
        1,
        "0 ana wa in thread=t\n 5 ana wa out thread=t\n 3d ana wa thanks thread=t",
    );
}

#[test]
fn a_resolution_ends_with_the_last_solution() {
    let new = "0 ticket 1 ana status=new";
    check(Figure::Resolution, 2 * 3_600, 1, &format!("{new}\n 2h ticket 1 ana status=solved"));
    check(
        Figure::Resolution,
        5 * 3_600,
        1,
        &format!(
            "{new}\n 1h ticket 1 ana status=solved\n 2h ticket 1 ana status=open\n 5h ticket 1 ana status=solved"
        ),
    );
    // Closed four days later by the desk itself; another ticket of the same person changed in between.
    check(
        Figure::Resolution,
        2 * 3_600,
        1,
        &format!(
            "{new}\n 2h ticket 1 ana status=solved\n 0 ticket 2 ana status=new\n 3d ticket 2 ana status=pending\n \
             4d2h ticket 1 ana status=closed"
        ),
    );
    let nobodys =
        "0 ticket 1 nobody status=new\n 2h ticket 1 nobody status=solved\n 4d ticket 1 nobody status=closed";
    check(Figure::Resolution, 2 * 3_600, 1, nobodys);
    check(Figure::Resolution, 3 * 3_600, 1, &format!("{new}\n 3h ticket 1 ana status=closed"));
    let open = figure(&format!("{new}\n 2h ticket 1 ana status=pending"), Figure::Resolution, LONG_AFTER);
    assert_eq!((open.all.sample, open.all.nothing), (0, Some("no ticket was solved")));
}

#[test]
fn a_first_contact_resolves_when_nobody_comes_back_on_any_channel() {
    let fcr = Figure::FirstContactResolution;
    let asked = "0 ana email in\n 10 ana email out";
    check(fcr, 1_000, 1, asked);
    // Back on another channel; the second contact is no first one.
    check(fcr, 0, 1, &format!("{asked}\n 2d ana wa in\n 2d5 ana wa out"));
    // About something else, or long after: two first contacts.
    let refund = "0 ana email in text=refund\n 10 ana email out";
    check(fcr, 1_000, 2, &format!("{refund}\n 2d ana wa in text=parcel\n 2d5 ana wa out"));
    check(fcr, 0, 1, &format!("{refund}\n 2d ana wa in text=refund\n 2d5 ana wa out"));
    check(fcr, 1_000, 2, &format!("{asked}\n 7d11 ana wa in\n 7d20 ana wa out"));
    check(fcr, 0, 1, &format!("{asked}\n 7d10 ana wa in\n 7d20 ana wa out"));
    // Somebody else.
    check(fcr, 1_000, 2, &format!("{asked}\n 2d bob wa in\n 2d5 bob wa out"));
    check(fcr, 0, 1, "0 ana email in");
    check(fcr, 1_000, 1, "0 ana phone call");
    let on_ticket = "0 ticket 1 ana status=new\n 0 ana email in ticket=1\n 10 ana email out ticket=1";
    check(fcr, 0, 1, on_ticket);
    check(fcr, 1_000, 1, &format!("{on_ticket}\n 3h ticket 1 ana status=solved"));
    check_left_out(fcr, "its seven days are not over", 7 * DAY, asked);
    assert_eq!(figure(asked, fcr, 7 * DAY + 10).all.sample, 1);
}

#[test]
fn a_repeat_is_about_anything_and_soon() {
    let asked = "0 ana email in text=refund\n 10 ana email out";
    check(Figure::RepeatContact, 500, 2, &format!("{asked}\n 2d ana wa in text=parcel"));
    check(Figure::RepeatContact, 0, 2, &format!("{asked}\n 7d11 ana wa in"));
    check(Figure::RepeatContact, 0, 2, &format!("{asked}\n 2d bob wa in"));
}

#[test]
fn handling_is_estimated_from_what_people_wrote() {
    check(
        Figure::HandleTime,
        (4 + 2 + 10) * 60,
        1,
        "0 ana email in\n 4 ana email out\n 6 ana email note\n 1h ana email in\n 3h ana email out",
    );
    // The machine's minutes are nobody's work, and the mean is not the median.
    check(
        Figure::HandleTime,
        160,
        3,
        "0 ana email in\n 1 ana email bot\n 2 ana email out\n 0 bob email in\n 1 bob email out\n \
         0 cid email in\n 6 cid email out",
    );
    check_left_out(
        Figure::HandleTime,
        "no person wrote or noted anything",
        LONG_AFTER,
        "0 ana email in\n 1 ana email bot",
    );
}

#[test]
fn a_contact_is_contained_while_it_stays_on_its_channel() {
    let asked = "0 ana email in\n 10 ana email out";
    check(Figure::ChannelContainment, 1_000, 2, &format!("{asked}\n 2d ana email in"));
    check(Figure::ChannelContainment, 500, 2, &format!("{asked}\n 2d ana wa in"));
    check(Figure::ChannelContainment, 1_000, 2, &format!("{asked}\n 8d ana wa in"));
    // Answered elsewhere within the ticket; a note is said to nobody.
    let moved = "0 ana email in ticket=1\n 10 ana phone out ticket=1";
    check(Figure::ChannelContainment, 0, 1, moved);
    let noted = "0 ana email in ticket=1\n 10 ana web note ticket=1";
    check(Figure::ChannelContainment, 1_000, 1, noted);
}

#[test]
fn deflected_is_who_needed_no_person_afterwards_either() {
    check(Figure::Deflection, 1_000, 1, "0 ana wa in\n 1 ana wa bot");
    check(Figure::Deflection, 1_000, 1, "0 ana wa in\n 1 ana wa rule");
    check(Figure::Deflection, 0, 1, "0 ana wa in\n 1 ana wa bot\n 9 ana wa out");
    check(Figure::Deflection, 0, 1, "0 ana wa in\n 1 ana wa bot\n 9 ana wa note");
    check(Figure::Deflection, 0, 1, "0 ana wa in");
    check(Figure::Deflection, 0, 1, "0 ana wa in\n 1 ana wa system");
    check(Figure::Deflection, 0, 2, "0 ana wa in\n 1 ana wa bot\n 2d ana email in\n 2d9 ana email out");
    check(Figure::Deflection, 0, 2, "0 ana wa in\n 1 ana wa bot\n 2d ana phone call");
    check(Figure::Deflection, 1_000, 2, "0 ana wa in\n 1 ana wa bot\n 2d ana wa in\n 2d1 ana wa bot");
}

#[test]
fn scores_make_shares_means_and_points() {
    check(
        Figure::Csat,
        667,
        3,
        "0 csat a good\n 0 csat b bad\n 0 csat c 4\n 0 csat d fine\n 0 csat e offered",
    );
    check(Figure::Ces, 467, 3, "0 ces a 7\n 0 ces b 6\n 0 ces c 1\n 0 csat d good");
    check(Figure::Nps, 250, 4, "0 nps a 10\n 0 nps b 9\n 0 nps c 8\n 0 nps d 6");
    // Who thinks better of it counts once.
    check(Figure::Csat, 1_000, 1, "0 csat a bad\n 1d csat a good");
    let answers = figure("0 csat d fine\n 0 csat e offered\n 0 csat f offered", Figure::Csat, LONG_AFTER);
    let left_out: Vec<_> = answers.left_out.into_iter().collect();
    assert_eq!(left_out, [("not answered", 2), ("the score cannot be read", 1)]);
}

#[test]
fn a_figure_is_divided_by_channel_queue_and_day() {
    let text = "0 ticket 1 ana status=new group=returns channel=email\n 0 ana email in ticket=1\n \
                1d ticket 1 ana status=solved\n 1d csat a good ticket=1\n 15h bob wa in\n 15h5 bob wa out\n \
                2d csat b bad";
    let store = folded(story(text).iter());
    let groups = |by, which: Figure| -> Vec<(Option<String>, u64)> {
        let report = kpis(&store, &weeks(), Some(by), at(LONG_AFTER)).unwrap();
        let figure = report.figures.into_iter().find(|figure| figure.figure == which).unwrap();
        figure.groups.into_iter().map(|group| (group.name, group.measured.sample)).collect()
    };
    let named = |name: &str, sample| (Some(name.to_owned()), sample);
    assert_eq!(groups(KpiBy::Channel, Figure::RepeatContact), [named("email", 1), named("wa", 1)]);
    assert_eq!(groups(KpiBy::Queue, Figure::RepeatContact), [named("returns", 1), (None, 1)]);
    assert_eq!(groups(KpiBy::Queue, Figure::Csat), [named("returns", 1), (None, 1)]);
    assert_eq!(groups(KpiBy::Channel, Figure::Resolution), [named("email", 1)]);
    assert_eq!(groups(KpiBy::Day, Figure::Csat), [named("2026-05-05", 1), named("2026-05-06", 1)]);
    // One began at midnight in UTC: to the west it was the evening before.
    let east = KpiWindow::new(at(-DAY), at(20 * DAY), 120).unwrap();
    let days = |window: &KpiWindow| -> Vec<String> {
        let report = kpis(&store, window, None, at(LONG_AFTER)).unwrap();
        let figure = report.figures.into_iter().find(|one| one.figure == Figure::RepeatContact).unwrap();
        let busy = figure.days.into_iter().filter(|day| day.measured.sample > 0);
        busy.filter_map(|day| day.date).collect()
    };
    assert_eq!(days(&weeks()), ["2026-05-04", "2026-05-05"]);
    assert_eq!(days(&east), ["2026-05-04", "2026-05-05"]);
    let west = KpiWindow::new(at(-DAY), at(20 * DAY), -120).unwrap();
    assert_eq!(days(&west), ["2026-05-04"]);
}

#[test]
fn a_window_stands_beside_the_one_before() {
    let store = folded(story("0 csat a good\n 8d csat b bad\n 9d csat c good\n 15d csat d good").iter());
    let window = KpiWindow::new(at(7 * DAY), at(14 * DAY), 0).unwrap();
    let report = kpis(&store, &window, None, at(LONG_AFTER)).unwrap();
    let csat = report.figures.iter().find(|figure| figure.figure == Figure::Csat).unwrap();
    assert_eq!((csat.all.value, csat.all.sample), (Some(500), 2));
    assert_eq!((csat.before.value, csat.before.sample), (Some(1_000), 1));
    assert_eq!(report.before_since, at(0));
    assert_eq!(csat.weeks.iter().map(|week| week.measured.sample).collect::<Vec<_>>(), [2]);
}

/// A made-up town's three weeks.
fn town(seed: u64) -> Vec<Told> {
    let mut chance = Chance(seed);
    let mut pick = |words: &[&'static str]| words[chance.below(words.len())];
    let mut lines = Vec::new();
    for number in 0..60 {
        let day = pick(&["0", "1", "2", "4", "9", "13", "18"]);
        let time = format!("{day}d{}h{number}", pick(&["1", "3", "8", "16"]));
        let person = pick(&["ana", "bob", "cid"]);
        let text = pick(&["hello", "refund", "parcel"]);
        lines.push(match pick(&["said", "said", "said", "said", "ticket", "survey"]) {
            "ticket" => {
                let status = pick(&["new", "open", "solved", "closed"]);
                let id = pick(&["1", "2", "3"]);
                let group = pick(&["", " group=returns", " channel=email"]);
                format!("{time} ticket {id} {person} status={status}{group}")
            }
            "survey" => {
                let kind = pick(&["csat", "ces", "nps"]);
                let score = pick(&["1", "5", "7", "9", "good", "what"]);
                let on = pick(&["", " ticket=1", " ticket=7"]);
                format!("{time} {kind} s{number} {score}{on}")
            }
            _ => {
                let channel = pick(&["email", "wa", "phone"]);
                let way = pick(&["in", "in", "in", "out", "out", "bot", "note", "thanks", "call", "failed"]);
                let on = pick(&["", "", " thread=t", " ticket=1", " ticket=2"]);
                format!("{time} {person} {channel} {way} text={text}{on}")
            }
        });
    }
    story(&lines.join("\n"))
}

fn pages(store: &MemoryStore, figure: Figure, limit: usize) -> Vec<KpiCase> {
    let mut cases = Vec::new();
    let mut query = KpiCasesQuery { limit, ..KpiCasesQuery::default() };
    loop {
        let page = kpi_cases(store, figure, &weeks(), &query, at(LONG_AFTER)).unwrap();
        assert!(page.cases.len() <= limit);
        cases.extend(page.cases);
        match page.next {
            Some(next) => query.after = Some(next.to_string().parse().unwrap()),
            None => return cases,
        }
    }
}

fn report(store: &MemoryStore, by: KpiBy) -> KpiReport {
    kpis(store, &weeks(), Some(by), at(LONG_AFTER)).unwrap()
}

#[test]
fn parts_add_up_to_the_whole_and_open_to_what_is_behind_them() {
    for seed in 0..20 {
        let store = folded(town(seed).iter());
        for by in [KpiBy::Channel, KpiBy::Queue, KpiBy::Day] {
            for figure in report(&store, by).figures {
                let groups: u64 = figure.groups.iter().map(|group| group.measured.sample).sum();
                let days: u64 = figure.days.iter().map(|day| day.measured.sample).sum();
                let weeks: u64 = figure.weeks.iter().map(|week| week.measured.sample).sum();
                let all = figure.all.sample;
                assert_eq!((groups, days, weeks), (all, all, all), "{by:?} {:?}", figure.figure);
                let cases = pages(&store, figure.figure, 3);
                assert_eq!(cases.len() as u64, all, "{:?}", figure.figure);
                assert!(cases.is_sorted_by(|one, next| one.at >= next.at), "newest first");
                assert_eq!(cases, pages(&store, figure.figure, 1_000));
            }
        }
    }
}

#[test]
fn cases_are_narrowed_to_a_channel_and_found_again() {
    let text = "0 ana email in\n 10 ana email out\n 0 bob wa in\n 20 bob wa out";
    let store = folded(story(text).iter());
    let query = KpiCasesQuery { channel: Some("wa".into()), limit: 10, ..KpiCasesQuery::default() };
    let page = kpi_cases(&store, Figure::FirstReply, &weeks(), &query, at(LONG_AFTER)).unwrap();
    assert_eq!((page.measured.value, page.measured.sample), (Some(20 * 60), 1));
    let case = &page.cases[0];
    assert_eq!((case.counts, case.connection.as_str(), case.id.as_str()), (20 * 60, "wa", "m2"));
    let found = hub_fold::read::conversation(
        &store,
        case.customer.unwrap(),
        case.conversation.unwrap(),
        &hub_fold::read::ConversationPage { limit: 10, ..Default::default() },
    );
    assert_eq!(found.unwrap().unwrap().interactions.len(), 2);
}

#[test]
fn every_figure_has_one_name_and_says_what_it_is() {
    for (figure, name) in Figure::ALL.into_iter().zip(Figure::NAMES) {
        assert_eq!((Figure::named(name), figure.name()), (Some(figure), name));
        assert_eq!(serde_json::to_value(figure).unwrap(), name);
        assert!(figure.definition().ends_with('.') && !figure.definition().contains("  "), "{name}");
    }
    for name in KpiBy::NAMES {
        assert_eq!(serde_json::to_value(KpiBy::named(name)).unwrap(), name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn figures_do_not_depend_on_the_order_of_records(seed in any::<u64>(), shuffled in any::<u64>()) {
        let mut told = town(seed);
        let told_in_order = folded(told.iter());
        Chance(shuffled).shuffle(&mut told);
        let told_anyhow = folded(told.iter().chain(told.iter().take(7)));
        for by in [KpiBy::Channel, KpiBy::Queue] {
            prop_assert_eq!(report(&told_in_order, by), report(&told_anyhow, by));
        }
        for figure in Figure::ALL {
            prop_assert_eq!(pages(&told_in_order, figure, 1_000), pages(&told_anyhow, figure, 1_000));
        }
    }
}
