//! What rules do within the hub, in one table: how each action is named, what it takes, and what it makes of it. Nothing
//! is sent and no record written: what an action writes follows from the event and the rule, and is folded again with them.
//! An action only says what is to be written; that is done once all rules of the event have decided.

use hub_model::model::Wanted;
use hub_model::{FollowUpId, NodeId, Timestamp};
use hub_rules::caps::DERIVED_DEPTH_MAX;
use hub_rules::{
    ActionSpec, Below, Bounds, Changes, FieldKind, Grade, Holds, ParamSpec, PlannedAction, Takes, Value,
    Write,
};

use crate::FoldError;
use crate::catalogue::ATTRIBUTES;
use crate::decide::Occasion;
use crate::draft::Draft;
use crate::facts::EventFacts;
use crate::follow::{Derived, Emission, TOLD_MAX};
use crate::follow_up::{TEXT_CHARS_MAX, by_rule};
use crate::row::{By, Forgotten, NodeRow, Ruling, RulingKind, key};
use crate::rulings::Writing;

/// A tag is a word or two; a rule that puts a whole message there is mistaken.
const TAG_BYTES_MAX: usize = 256;

/// An attribute is a word, a number or a short phrase that other rules compare.
const ATTRIBUTE_CHARS_MAX: usize = 256;

/// A note is read by people beside everything else there is of a customer: two pages at most.
const NOTE_CHARS_MAX: usize = 4_000;

/// A queue or a skill is the name of one, as the shop calls it.
const ROUTE_CHARS_MAX: usize = 100;

const PRIORITIES: &[&str] = &["low", "normal", "high", "urgent"];

/// What a conversation may be assigned to; the first where a rule does not say.
const ROUTES: &[&str] = &[QUEUE, SKILL];

pub(crate) const QUEUE: &str = "queue";
pub(crate) const SKILL: &str = "skill";
pub(crate) const PRIORITY: &str = "priority";

/// An action of the hub's own.
pub(crate) struct HubAction {
    name: &'static str,
    help: &'static str,
    params: &'static [Param],
    writes: Option<Writes>,
    pub(crate) act: fn(&Asked<'_>) -> Result<Acted, ActionError>,
}

/// What other rules may meet again.
struct Writes {
    field: &'static str,
    /// The parameter with the last part of the field's name, and what it is without.
    below: Option<(&'static str, Option<&'static str>)>,
    holds: Holds,
    /// The parameter with the value.
    param: &'static str,
}

struct Param {
    name: &'static str,
    kind: FieldKind,
    required: bool,
    takes: fn() -> Takes,
    help: &'static str,
}

const ACTIONS: &[HubAction] = &[
    HubAction {
        name: "customer.add_tag",
        help: "tags the customer in the hub; nothing is sent",
        params: &[text("tag", "the tag")],
        writes: Some(Writes { field: "customer.tags", below: None, holds: Holds::Many, param: "tag" }),
        act: add_tag,
    },
    HubAction {
        name: "customer.remove_tag",
        help: "takes back a tag that rules gave the customer; one that a system gives stays, because it is that system's",
        params: &[text("tag", "the tag")],
        writes: Some(Writes { field: "customer.tags", below: None, holds: Holds::Many, param: "tag" }),
        act: remove_tag,
    },
    HubAction {
        name: "customer.follow_up",
        help: "asks people to do something for the customer later; once for each event, however often it is told",
        params: &[
            text("text", "what is to be done"),
            Param {
                kind: FieldKind::Duration,
                ..text("in", "how long after the event it is due, such as 48h")
            },
            optional(
                "until",
                event,
                "an event of the customer's that makes it unnecessary, such as message.sent",
            ),
        ],
        writes: None,
        act: follow_up,
    },
    HubAction {
        name: "customer.note",
        help: "writes a note for people into the customer's timeline; the customer never sees it",
        params: &[text("text", "the note")],
        writes: None,
        act: note,
    },
    HubAction {
        name: "customer.set_attribute",
        help: "says something of the customer under a name of your own; the last word by the events' time counts, and \
               rules read it as customer.attributes.<name>",
        params: &[
            Param { takes: attribute, ..text("name", "the attribute's name, such as vip") },
            text("value", "what it is now"),
        ],
        writes: Some(Writes {
            field: "customer.attributes",
            below: Some(("name", None)),
            holds: Holds::One,
            param: "value",
        }),
        act: set_attribute,
    },
    HubAction {
        name: "conversation.assign",
        help: "says which queue or which skill the conversation belongs to; nothing is sent",
        params: &[
            text("to", "the queue's or the skill's name"),
            optional("as", route, "queue or skill; queue when it is left out"),
        ],
        // A queue and a skill stand beside each other.
        writes: Some(Writes {
            field: "conversation",
            below: Some(("as", Some(QUEUE))),
            holds: Holds::One,
            param: "to",
        }),
        act: assign,
    },
    HubAction {
        name: "conversation.set_priority",
        help: "says how much the conversation matters; nothing is sent",
        params: &[Param { takes: priority, ..text("priority", "low, normal, high or urgent") }],
        writes: Some(Writes {
            field: "conversation.priority",
            below: None,
            holds: Holds::One,
            param: "priority",
        }),
        act: set_priority,
    },
    HubAction {
        name: "event.tell",
        help: "tells rules of an event of your own about the same customer and thing; they act on it as custom.<name>",
        params: &[Param { takes: own_event, ..text("name", "the event's name, such as needs_care") }],
        writes: None,
        act: tell,
    },
];

/// What a rule tells of, under the name its author gives it.
const OWN_EVENTS: &str = "custom";

const fn text(name: &'static str, help: &'static str) -> Param {
    Param { name, kind: FieldKind::Text, required: true, takes: any, help }
}

const fn optional(name: &'static str, takes: fn() -> Takes, help: &'static str) -> Param {
    Param { name, kind: FieldKind::Text, required: false, takes, help }
}

fn any() -> Takes {
    Takes::Any
}

fn event() -> Takes {
    Takes::Event
}

fn attribute() -> Takes {
    Takes::NewField(ATTRIBUTES.to_owned())
}

fn own_event() -> Takes {
    Takes::NewEvent(OWN_EVENTS.to_owned())
}

fn route() -> Takes {
    one_of(ROUTES)
}

fn priority() -> Takes {
    one_of(PRIORITIES)
}

fn one_of(values: &[&str]) -> Takes {
    Takes::OneOf(values.iter().map(|value| (*value).to_owned()).collect())
}

/// The action of this name; `None` for one that a connection performs.
pub(crate) fn hub_action(name: &str) -> Option<&'static HubAction> {
    ACTIONS.iter().find(|action| action.name == name)
}

/// The actions as the catalogue names them.
pub(crate) fn specs() -> impl Iterator<Item = (String, ActionSpec)> {
    ACTIONS.iter().map(|action| {
        let params = action.params.iter().map(|param| {
            let (kind, required, takes) = (param.kind, param.required, (param.takes)());
            (param.name.to_owned(), ParamSpec { kind, required, help: param.help.to_owned(), takes })
        });
        let spec = ActionSpec {
            params: params.collect(),
            grade: Grade::Natural,
            channel: None,
            about: action.name.split_once('.').map(|(about, _)| about.to_owned()),
            changes: changes(action),
            bounds: Bounds::default(),
            help: action.help.to_owned(),
        };
        (action.name.to_owned(), spec)
    })
}

/// No provider's event follows from what the hub itself writes: `customer.tagged` tells of a provider's tags. What follows
/// from what is written or told the checker sees for itself.
fn changes(action: &HubAction) -> Changes {
    let below = |(param, otherwise): (&str, Option<&str>)| Below {
        param: param.to_owned(),
        otherwise: otherwise.map(str::to_owned),
    };
    let write = action.writes.as_ref().map(|writes| Write {
        field: writes.field.to_owned(),
        below: writes.below.map(below),
        holds: writes.holds,
        param: Some(writes.param.to_owned()),
    });
    Changes { writes: Vec::from_iter(write), ..Changes::default() }
}

/// What an action is asked to do, and because of what.
pub(crate) struct Asked<'a> {
    pub(crate) draft: &'a Draft<'a>,
    pub(crate) facts: &'a EventFacts<'a>,
    pub(crate) occasion: &'a Occasion<'a>,
    pub(crate) rule: &'a str,
    pub(crate) action: &'a PlannedAction,
    /// The action's place in the rule.
    pub(crate) place: u8,
}

/// What is to be written, and the same in words for "why".
pub(crate) struct Acted {
    pub(crate) writing: Writing,
    pub(crate) says: String,
}

/// Why nothing is to be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ActionError {
    /// The rule is held back as a whole. Names no personal data.
    #[error("{0}")]
    Held(String),
    #[error(transparent)]
    Fold(#[from] FoldError),
}

fn held<T>(reason: impl Into<String>) -> Result<T, ActionError> {
    Err(ActionError::Held(reason.into()))
}

impl Asked<'_> {
    /// Whose account the event is about.
    fn account(&self) -> Result<NodeId, ActionError> {
        let Some(account) = self.occasion.account else {
            return held("the event names no customer the hub knows");
        };
        self.not_forgotten(account, Forgotten::Person)?;
        Ok(account)
    }

    /// The same for what stands beside the profile and goes with it.
    fn profile(&self) -> Result<NodeId, ActionError> {
        let account = self.account()?;
        self.not_forgotten(account, Forgotten::Profile)?;
        Ok(account)
    }

    /// The interaction whose conversation it is about. Nobody need know yet whose it is.
    fn conversation(&self) -> Result<[u8; 16], ActionError> {
        let Some(interaction) = self.facts.interaction() else {
            return held("the event is about no message");
        };
        if let Some(account) = self.occasion.account {
            self.not_forgotten(account, Forgotten::Person)?;
        }
        self.still_told()?;
        Ok(key::subject_hash(interaction))
    }

    fn not_forgotten(&self, account: NodeId, least: Forgotten) -> Result<(), ActionError> {
        let row: Option<NodeRow> = self.draft.get(&account.0)?;
        match row.map(|row| row.forgotten) {
            Some(Forgotten::Person) => held("the customer is forgotten"),
            Some(forgotten) if forgotten >= least => held("its system has deleted the customer"),
            _ => self.still_told(),
        }
    }

    /// What the event told goes from the journal, and so would what is written because of it.
    fn still_told(&self) -> Result<(), ActionError> {
        if self.facts.is_erased() { held("what the event told is forgotten") } else { Ok(()) }
    }

    fn argument(&self, name: &str) -> Option<&Value> {
        self.action.args.get(name)
    }

    /// A text of at most so many characters, without the blanks around it.
    fn text(&self, name: &str, chars_max: usize) -> Result<String, ActionError> {
        let text = self.argument(name).map(Value::to_string).unwrap_or_default();
        let text = text.trim();
        match text.chars().count() {
            0 => held(format!("its {name} is empty when filled in")),
            chars if chars > chars_max => held(format!(
                "its {name} has {chars} characters when filled in, at most {chars_max} are kept"
            )),
            _ => Ok(text.to_owned()),
        }
    }

    fn tag(&self) -> Result<String, ActionError> {
        let tag = self.text("tag", TAG_BYTES_MAX)?;
        match tag.len() {
            0..=TAG_BYTES_MAX => Ok(tag),
            bytes => held(format!("a tag has 1 to {TAG_BYTES_MAX} bytes, and this one has {bytes}")),
        }
    }

    fn by(&self) -> By {
        let Occasion { event, id, .. } = self.occasion;
        By { rule: self.rule.to_owned(), event: *id, at: event.happened_at, place: self.place }
    }

    fn ruling(
        &self,
        owner: [u8; 16],
        kind: RulingKind,
        (name, value): (&str, Option<String>),
        says: String,
    ) -> Acted {
        let ruling = Ruling { name: name.to_owned(), value, by: self.by() };
        Acted { writing: Writing::Ruling { owner, kind, ruling }, says }
    }
}

fn add_tag(asked: &Asked<'_>) -> Result<Acted, ActionError> {
    let (account, tag) = (asked.profile()?, asked.tag()?);
    let says = format!("gave the tag \"{tag}\"");
    Ok(asked.ruling(account.0, RulingKind::Tag, (&tag, Some(String::new())), says))
}

/// Said even where there is nothing to take: what gave the tag may be heard of later, though it happened before.
fn remove_tag(asked: &Asked<'_>) -> Result<Acted, ActionError> {
    let (account, tag) = (asked.profile()?, asked.tag()?);
    let is_ours = asked.facts.hub_tags().contains(&tag);
    let is_systems = asked.facts.systems_tags().contains(&tag);
    let says = match (is_ours, is_systems) {
        (true, false) => format!("took back the tag \"{tag}\""),
        (true, true) => format!("took back the tag \"{tag}\"; a system gives it as well, and there it stays"),
        (false, true) => format!("nothing to take: the tag \"{tag}\" is a system's, where it stays"),
        (false, false) => format!("nothing to take: no rule has given the tag \"{tag}\""),
    };
    Ok(asked.ruling(account.0, RulingKind::Tag, (&tag, None), says))
}

fn set_attribute(asked: &Asked<'_>) -> Result<Acted, ActionError> {
    let account = asked.profile()?;
    let name = asked.text("name", ATTRIBUTE_CHARS_MAX)?;
    let value = asked.text("value", ATTRIBUTE_CHARS_MAX)?;
    let says = format!("set {name} to \"{value}\"");
    Ok(asked.ruling(account.0, RulingKind::Attribute, (&name, Some(value)), says))
}

fn note(asked: &Asked<'_>) -> Result<Acted, ActionError> {
    let (account, text) = (asked.account()?, asked.text("text", NOTE_CHARS_MAX)?);
    Ok(asked.ruling(account.0, RulingKind::Note, ("", Some(text)), "wrote a note".to_owned()))
}

fn follow_up(asked: &Asked<'_>) -> Result<Acted, ActionError> {
    let (account, text) = (asked.account()?, asked.text("text", TEXT_CHARS_MAX)?);
    let Some(Value::Duration(within)) = asked.argument("in") else {
        return held("its time is not known");
    };
    let by = asked.by();
    let due = Timestamp(by.at.0.saturating_add(*within));
    let id = FollowUpId::of_rule(asked.rule, by.event, &asked.action.step());
    let until = asked.argument("until").map(Value::to_string);
    let says = format!("asked to follow up by {due}: {id}");
    let wanted = Wanted { due, until, by: by_rule(asked.rule), text };
    Ok(Acted { writing: Writing::FollowUp { account, id, wanted, by }, says })
}

fn tell(asked: &Asked<'_>) -> Result<Acted, ActionError> {
    asked.still_told()?;
    let Derived { deep, told, .. } = asked.occasion.derived;
    if deep >= DERIVED_DEPTH_MAX {
        return held(format!(
            "events follow on each other {DERIVED_DEPTH_MAX} deep at most, and this would be one more"
        ));
    }
    if told >= TOLD_MAX {
        return held(format!("rules tell of {TOLD_MAX} events at most because of one record"));
    }
    let name = format!("{OWN_EVENTS}.{}", asked.text("name", ATTRIBUTE_CHARS_MAX)?);
    let says = format!("told of {name}");
    let emission = Emission { name, rule: asked.rule.to_owned(), step: asked.action.step() };
    Ok(Acted { writing: Writing::Event(emission), says })
}

fn assign(asked: &Asked<'_>) -> Result<Acted, ActionError> {
    let (interaction, to) = (asked.conversation()?, asked.text("to", ROUTE_CHARS_MAX)?);
    let route = asked.argument("as").map_or_else(|| QUEUE.to_owned(), Value::to_string);
    let says = format!("assigned the conversation to the {route} \"{to}\"");
    Ok(asked.ruling(interaction, RulingKind::Conversation, (&route, Some(to)), says))
}

fn set_priority(asked: &Asked<'_>) -> Result<Acted, ActionError> {
    let (interaction, priority) = (asked.conversation()?, asked.text("priority", ROUTE_CHARS_MAX)?);
    let says = format!("set the conversation's priority to {priority}");
    Ok(asked.ruling(interaction, RulingKind::Conversation, (PRIORITY, Some(priority)), says))
}
