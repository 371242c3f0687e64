//! The figures of the week, for rules on schedules.

use hub_fold::read::{EffectQuery, effects, why};
use hub_fold::record::{ActionRoute, Record, Settings};
use hub_fold::{Fold, Sequenced, Verdict, catalogue};
use hub_model::EventId;
use hub_rules::{Actual, FieldKind, ParamSpec, TestOutcome, TraceNode, run_tests, switched_on};
use hub_store::MemoryStore;

use crate::kpi::story;
use crate::support::events::at;
use crate::support::{CONNECTIONS, fold_into, records, settings};

const DAY: i64 = 24 * 60;

/// Two weeks of service, from Monday, 4 May 2026, 9:00 UTC on. The second one's contact begins early on Monday, so that
/// its seven days are over when the week is told of.
const STORY: &str = "
    0 ana email in
    30 ana email out
    40 ticket 9 ana status=new
    1d ticket 9 ana status=solved
    1d5 csat s1 good
    1d6 nps n1 9
    1d7 ces c1 6
    6d15h30 bob email in
    6d15h40 bob email out
    6d16h ticket 10 bob status=new
    8d ticket 10 bob status=solved
    8d1 csat s2 bad
    8d2 nps n2 3
    8d3 ces c2 5";

/// Mondays at eight in Berlin, which is at six in UTC.
const FIRST_MONDAY: i64 = 7 * DAY - 180;
const SECOND_MONDAY: i64 = 14 * DAY - 180;

const ON: &str = "{every: \"0 8 * * 1\", tz: Europe/Berlin}";

fn rule(id: &str, when: &str, subject: &str) -> String {
    format!(
        "rule: {id}\nmode: on\non: {ON}\nwhen: {when}\nthen: [{{id: ticket, do: desk.create_ticket, with: {{subject: '{subject}'}}}}]\n"
    )
}

/// The story and both Mondays, with these rules in force.
fn weeks(rules: &[&str]) -> Vec<Sequenced> {
    weeks_with(settings(rules))
}

fn weeks_with(settings: Settings) -> Vec<Sequenced> {
    let settings = Record::Settings(Box::new(settings));
    let mut all = vec![Sequenced { seq: 1, at: at(-60), record: settings }];
    let mut mondays = [FIRST_MONDAY, SECOND_MONDAY].into_iter().peekable();
    let mut tick = |all: &mut Vec<Sequenced>, before: i64| {
        while let Some(monday) = mondays.next_if(|monday| *monday <= before) {
            all.push(Sequenced { seq: all.len() as u64 + 1, at: at(monday), record: Record::Tick });
        }
    };
    for told in story(STORY) {
        tick(&mut all, told.minute);
        let pair = records(&told, all.len() as u64 + 1);
        all.extend(pair);
    }
    tick(&mut all, i64::MAX);
    all
}

fn subjects(store: &MemoryStore) -> Vec<String> {
    let mut found = effects(store, &EffectQuery { limit: 100, ..EffectQuery::default() }).unwrap();
    found.sort_by_key(|effect| effect.planned_at);
    found.iter().flat_map(|effect| effect.arguments.iter().map(|(_, value)| value.clone())).collect()
}

#[test]
fn a_report_tells_of_the_last_seven_whole_days_and_those_before() {
    let subject = "{{kpi.csat.text}} of {{kpi.csat.sample}}, {{kpi.csat.before_text}}; {{kpi.nps.text}}; \
                   {{kpi.first_reply.text}}; {{kpi.first_contact_resolution.text}}; {{kpi.week}}";
    let report = rule("report", "always", subject);
    let records = weeks(&[&report]);
    // However the records are put together: in the midst of a batch the figures are those of what came before.
    for sizes in [[1].as_slice(), &[4, 1, 9], &[1_000]] {
        let store = MemoryStore::new();
        fold_into(&store, &records, sizes);
        assert_eq!(
            subjects(&store),
            [
                "100.0 % of 1, none: no survey of this kind was answered; 100.0; 30m 00s; none: no contact is seven \
                 days old; 2026-05-04 to 2026-05-10",
                "0.0 % of 1, 100.0 %; -100.0; 10m 00s; 100.0 %; 2026-05-11 to 2026-05-17",
            ]
        );
    }
}

#[test]
fn what_was_not_measured_is_not_known() {
    let known = rule("known", "{field: kpi.first_contact_resolution, at_least: 0}", "known");
    let slow = rule("slow", "{field: kpi.first_reply, more_than: 20m}", "slow");
    let store = MemoryStore::new();
    fold_into(&store, &weeks(&[&known, &slow]), &[1_000]);
    assert_eq!(subjects(&store), ["slow", "known"]);
}

const TEMPLATE: &str = include_str!("../../../../templates/weekly-kpi-report.yaml");

/// The template with a desk that takes its ticket.
fn with_desk() -> Settings {
    let mut settings = settings(&[&switched_on("weekly-kpi-report", TEMPLATE)]);
    let mut spec = settings.catalogue.actions["desk.create_ticket"].clone();
    let param = spec.params["note"].clone();
    spec.params.insert("body".into(), param.clone());
    spec.params.insert("tags".into(), ParamSpec { kind: FieldKind::TextList, ..param });
    settings.catalogue.actions.insert("zendesk.create_ticket".into(), spec);
    let route = settings.actions.iter().find(|route| route.name == "desk.create_ticket").unwrap().clone();
    settings.actions.push(ActionRoute { name: "zendesk.create_ticket".into(), ..route });
    settings
}

#[test]
fn the_template_of_the_weekly_report_is_filled() {
    let settings = with_desk();
    let rule = hub_rules::check("weekly-kpi-report", TEMPLATE, &settings.catalogue).unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates/");
    let load =
        |name: &str| std::fs::read_to_string(format!("{folder}{name}")).map_err(|error| error.to_string());
    let outcomes = run_tests(&rule, &load);
    assert!(outcomes.len() == 2 && outcomes.iter().all(TestOutcome::passed), "{outcomes:?}");
    let store = MemoryStore::new();
    fold_into(&store, &weeks_with(settings), &[1_000]);
    let said = subjects(&store).join("\n");
    for part in [
        "How service went in the week 2026-05-04 to 2026-05-10",
        "First reply, median: 30m 00s (1 contacts; before: none: no contact was answered by a person)",
        "Satisfied customers: 0.0 % (1 answers; before: 100.0 %)",
        "Solved at the first contact: 100.0 %",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn every_field_of_the_week_is_answered_in_its_kind() {
    let fields = catalogue(CONNECTIONS.into_iter()).fields;
    let fields: Vec<_> = fields.into_iter().filter(|(name, _)| name.starts_with("kpi.")).collect();
    assert_eq!(fields.len(), 53);
    let id = |field: &str| field.replace('.', "-");
    let rules: Vec<String> = fields
        .iter()
        .map(|(field, _)| rule(&id(field), &format!("{{field: {field}, exists: true}}"), "x"))
        .collect();
    let store = MemoryStore::new();
    let mut fold = Fold::open(&store).unwrap();
    fold.apply(&store, &weeks(&rules.iter().map(String::as_str).collect::<Vec<_>>())).unwrap();
    for (field, spec) in fields {
        let event = EventId::of("@hub", "schedule.due", &format!("{}/{}", id(&field), at(SECOND_MONDAY).0));
        let decision = why(&store, &id(&field), event).unwrap().unwrap();
        assert!(matches!(decision.verdict, Verdict::Fired { .. }), "{field}: {:?}", decision.verdict);
        let TraceNode::Field { actual: Actual::Value(value), .. } = decision.evaluation.trace.node else {
            panic!("{field} is not known")
        };
        assert_eq!(value.kind(), spec.kind, "{field}");
    }
}
