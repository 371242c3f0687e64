//! The catalogue as whoever writes rules meets it: every field has an example that a rule may be written with.

use hub_fold::catalogue;
use hub_rules::{Catalogue, FieldKind, FieldSpec, check};

/// A rule that asks for this; its action needs nothing of the event.
fn rule(event: &str, for_each: &str, when: &str) -> String {
    let trigger = match event {
        "schedule.due" => "{every: \"0 9 * * 1\", tz: Europe/Berlin}",
        event => event,
    };
    format!(
        "rule: tried\nmode: on\non: {trigger}\n{for_each}when: {when}\n\
         then: [{{id: told, do: event.tell, with: {{name: tried}}}}]"
    )
}

fn question(name: &str, spec: &FieldSpec) -> String {
    let example = match spec.kind {
        FieldKind::Text => format!("\"{}\"", spec.example),
        _ => spec.example.clone(),
    };
    let operator = match spec.kind {
        FieldKind::TextList => "any_of",
        _ => "is",
    };
    format!("{{field: {name}, {operator}: {example}}}")
}

/// An event that brings the field.
fn bringing<'c>(catalogue: &'c Catalogue, field: &str) -> &'c str {
    let root = field.split('.').next().unwrap();
    let brings = |spec: &hub_rules::EventSpec| spec.provides.iter().any(|known| known == root);
    let found = catalogue.events.iter().find(|(_, spec)| brings(spec));
    found.map(|(name, _)| name.as_str()).unwrap_or_else(|| panic!("no event brings {field}"))
}

#[test]
fn every_example_can_be_asked_for() {
    let catalogue = catalogue(std::iter::once("shop"));
    let fields = catalogue.fields.iter().map(|(name, spec)| {
        (name.clone(), rule(bringing(&catalogue, name), "", &question(name, spec)), spec)
    });
    let items = catalogue.lists.iter().flat_map(|(list, things)| {
        let event = bringing(&catalogue, list);
        things.fields.iter().map(move |(name, spec)| {
            let asked = question(&format!("item.{name}"), spec);
            (
                format!("{list}.{name}"),
                rule(event, &format!("for_each: {{list: {list}, where: {asked}}}\n"), "always"),
                spec,
            )
        })
    });
    let mut refused = Vec::new();
    for (name, text, spec) in fields.chain(items) {
        if spec.example.is_empty() || spec.help.is_empty() {
            refused.push(format!("{name} has no example, or no help"));
        }
        if !spec.values.is_empty() && spec.kind == FieldKind::Text && !spec.values.contains(&spec.example) {
            refused.push(format!("{name}: {} is not among its values", spec.example));
        }
        if let Err(problems) = check("rule.yaml", &text, &catalogue) {
            refused.push(format!("{name}: {problems:?}\n{text}"));
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn numbers_and_times_have_units() {
    let catalogue = catalogue(std::iter::empty());
    // The others are written with their units, or have none.
    let needs_one = |kind| matches!(kind, FieldKind::Number | FieldKind::Time);
    let lacking = catalogue.fields.iter().filter(|(_, spec)| needs_one(spec.kind) == spec.unit.is_empty());
    let lacking: Vec<&String> = lacking.map(|(name, _)| name).collect();
    assert!(lacking.is_empty(), "{lacking:?}");
}
