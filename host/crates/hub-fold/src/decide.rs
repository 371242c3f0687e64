//! From an event to what is owed: asks the rules, applies their limits, plans effects. All rules of one event see one
//! state; hub actions are written afterwards.

use hub_model::event::Event;
use hub_model::{EffectId, EventId, NodeId, Timestamp};
use hub_rules::{Actual, Evaluation, Mode, PlannedAction, Rule, Scope, Trace, TraceNode, Truth, Value};
use hub_store::Table;
use serde::{Deserialize, Serialize};

use crate::FoldError;
use crate::actions::{Acted, ActionError, Asked, hub_action};
use crate::active::ActiveSettings;
use crate::draft::Draft;
use crate::effects::{Changed, put_effect};
use crate::facts::EventFacts;
use crate::follow::{Derived, Emission};
use crate::held::{HeldAction, begun, hold, holds, pause};
use crate::own::is_own_write;
use crate::row::{EffectRow, EffectState, Message, SubjectKind, decode, encode, key};
use crate::rulings::Writing;

/// What a rule made of an event, kept for "why".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub rule: String,
    pub event: EventId,
    pub decided_at: Timestamp,
    pub evaluation: Evaluation,
    pub verdict: Verdict,
    /// What a rule that acted did within the hub, in the order of its actions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<Done>,
    /// What is sent only once a person says so, or would be, in the order of the actions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldAction>,
}

/// An action of the hub's own, carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The action's id in the rule, and after `#` the id of the thing it was done for.
    pub step: String,
    pub action: String,
    /// What came of it, in words. May name a person.
    pub says: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It acted; effects owed to the outside are named.
    Fired { effects: Vec<EffectId> },
    /// It would have acted.
    Shadowed,
    /// It is asked when this time has come; the evaluation is as of now.
    Waiting { until: Timestamp },
    /// The conditions were not true.
    DidNotFire,
    /// They were, and a limit or a missing value held it back.
    Held { reason: String },
    /// They were, and the event is what this rule itself has written, coming back.
    OwnWrite,
}

/// What stands in a decision where a value was that is to be forgotten.
const FORGOTTEN: &str = "(forgotten)";

impl Decision {
    pub(crate) fn new(occasion: &Occasion<'_>, mut evaluation: Evaluation, verdict: Verdict) -> Self {
        each_trace(&mut evaluation, shorten);
        let rule = evaluation.rule.clone();
        Self {
            rule,
            event: occasion.id,
            decided_at: occasion.now,
            evaluation,
            verdict,
            done: Vec::new(),
            held: Vec::new(),
        }
    }

    /// Kept for "why", in place of what was decided before.
    pub(crate) fn write(&self, draft: &mut Draft<'_>) -> Result<(), FoldError> {
        let json = serde_json::to_vec(self).map_err(|_| FoldError::Row { table: Table::Annotation })?;
        draft.put_raw(Table::Annotation, key::decision(self.event, &self.rule), json);
        Ok(())
    }

    /// Takes out what the rule found in the fields; how it decided stays.
    pub(crate) fn forget(&mut self) {
        each_trace(&mut self.evaluation, forget_values);
        self.done.iter_mut().for_each(|done| FORGOTTEN.clone_into(&mut done.says));
    }
}

/// The conditions of the rule, and those that decided on each thing it goes through.
fn each_trace(evaluation: &mut Evaluation, act: fn(&mut Trace)) {
    act(&mut evaluation.trace);
    let items = evaluation.items.iter_mut().flat_map(|items| &mut items.shown);
    items.filter_map(|item| item.decided_by.as_mut()).for_each(act);
}

fn forget_values(trace: &mut Trace) {
    match &mut trace.node {
        TraceNode::All(parts) | TraceNode::Any(parts) | TraceNode::None(parts) => {
            parts.iter_mut().for_each(forget_values)
        }
        TraceNode::Field { actual, before, .. } => {
            for found in std::iter::once(actual).chain(before) {
                if let Actual::Value(_) | Actual::OtherCurrency(_) = found {
                    *found = Actual::Value(Value::Text(FORGOTTEN.to_owned()));
                }
            }
        }
        TraceNode::Count { .. } | TraceNode::Always => {}
    }
}

/// What one event led to.
#[derive(Default)]
pub(crate) struct Decided {
    pub(crate) decisions: Vec<Decision>,
    pub(crate) effects: Vec<(EffectId, EffectRow)>,
    writings: Vec<Writing>,
    firings: Vec<(Vec<u8>, Vec<Timestamp>)>,
}

/// Where and when an event is decided on.
pub(crate) struct Occasion<'a> {
    pub(crate) event: &'a Event,
    pub(crate) id: EventId,
    pub(crate) account: Option<NodeId>,
    /// When the hub learned of it: limits run on the journal's clock.
    pub(crate) now: Timestamp,
    /// How far this follows from the record's own events.
    pub(crate) derived: Derived,
}

/// Asks these rules about one event.
pub(crate) fn decide<'r>(
    draft: &Draft<'_>,
    settings: &ActiveSettings,
    rules: impl Iterator<Item = &'r Rule>,
    facts: &EventFacts<'_>,
    occasion: &Occasion<'_>,
) -> Result<Decided, FoldError> {
    let mut decided = Decided::default();
    for rule in rules.filter(|rule| rule.mode != Mode::Off) {
        let evaluation = rule.evaluate(facts);
        let mut acts = Acts::default();
        let verdict = match evaluation.truth {
            Truth::True => fire(draft, settings, facts, occasion, rule, &mut acts)?,
            Truth::False | Truth::Unknown => Verdict::DidNotFire,
        };
        let held = match verdict {
            Verdict::Fired { .. } | Verdict::Shadowed => std::mem::take(&mut acts.held),
            _ => Vec::new(),
        };
        let done = match &verdict {
            Verdict::Fired { .. } => decided.take(acts),
            // A rule acts whole or not at all.
            _ => Vec::new(),
        };
        decided.decisions.push(Decision { done, held, ..Decision::new(occasion, evaluation, verdict) });
    }
    Ok(decided)
}

/// What one rule is about to do.
#[derive(Default)]
struct Acts {
    effects: Vec<(EffectId, EffectRow)>,
    writings: Vec<Writing>,
    firings: Vec<(Vec<u8>, Vec<Timestamp>)>,
    done: Vec<Done>,
    held: Vec<HeldAction>,
}

impl Decided {
    /// Nothing is done, for a reason outside the rule's conditions.
    pub(crate) fn held(occasion: &Occasion<'_>, evaluation: Evaluation, reason: String) -> Self {
        let decision = Decision::new(occasion, evaluation, Verdict::Held { reason });
        Self { decisions: vec![decision], ..Self::default() }
    }

    fn take(&mut self, acts: Acts) -> Vec<Done> {
        self.effects.extend(acts.effects);
        self.writings.extend(acts.writings);
        self.firings.extend(acts.firings);
        acts.done
    }
}

/// What a decision keeps of a text: enough to see why, while a rule of a hundred leaves over a long message still
/// makes a row the store takes.
const TEXT_KEPT_CHARS: usize = 1_000;
const TEXTS_KEPT: usize = 20;

fn shorten(trace: &mut Trace) {
    match &mut trace.node {
        TraceNode::All(parts) | TraceNode::Any(parts) | TraceNode::None(parts) => {
            parts.iter_mut().for_each(shorten)
        }
        TraceNode::Field { actual, before, .. } => {
            std::iter::once(actual).chain(before).for_each(shorten_found);
        }
        TraceNode::Count { .. } | TraceNode::Always => {}
    }
}

fn shorten_found(found: &mut Actual) {
    match found {
        Actual::Value(Value::Text(text)) => shorten_text(text),
        Actual::Value(Value::TextList(texts)) => {
            texts.truncate(TEXTS_KEPT);
            texts.iter_mut().for_each(shorten_text);
        }
        _ => {}
    }
}

fn shorten_text(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(TEXT_KEPT_CHARS) {
        text.truncate(end);
        text.push('…');
    }
}

fn fire(
    draft: &Draft<'_>,
    settings: &ActiveSettings,
    facts: &EventFacts<'_>,
    occasion: &Occasion<'_>,
    rule: &Rule,
    acts: &mut Acts,
) -> Result<Verdict, FoldError> {
    let held = |reason: String| Ok(Verdict::Held { reason });
    if is_own_write(draft, facts, occasion, rule)? {
        return Ok(Verdict::OwnWrite);
    }
    match limits(draft, facts, occasion, rule)? {
        Limited::Free(firings) => acts.firings = firings,
        Limited::Held(reason) => return held(reason),
    }
    let plan = match rule.plan(facts) {
        Ok(plan) => plan,
        Err(problem) => return held(problem.to_string()),
    };
    let pause = pause(draft, occasion, rule)?;
    let sent = plan.iter().filter(|action| hub_action(&action.action).is_none());
    acts.held = sent.filter_map(|action| holds(action, &pause)).collect();
    if rule.mode == Mode::Shadow {
        return Ok(Verdict::Shadowed);
    }
    acts.firings.extend(pause.firing);
    let mut effects = Vec::new();
    for (place, action) in (0_u8..).zip(plan) {
        if let Some(hub_action) = hub_action(&action.action) {
            let asked = Asked { draft, facts, occasion, rule: &rule.id, action: &action, place };
            let Acted { writing, says } = match (hub_action.act)(&asked) {
                Ok(acted) => acted,
                Err(ActionError::Held(reason)) => return held(format!("action {}: {reason}", action.step())),
                Err(ActionError::Fold(error)) => return Err(error),
            };
            acts.writings.push(writing);
            acts.done.push(Done { step: action.step(), action: action.action, says });
            continue;
        }
        let Some(route) = settings.route(&action.action) else {
            return held(format!("no connection performs {}", action.action));
        };
        let id = EffectId::of(&rule.id, occasion.id, &action.step(), &route.connection);
        effects.push(id);
        let held = acts.held.iter().find(|held| held.step == action.step());
        let row = begun(effect(rule, occasion, action, route, settings), held);
        acts.effects.push((id, row));
    }
    Ok(Verdict::Fired { effects })
}

fn effect(
    rule: &Rule,
    occasion: &Occasion<'_>,
    action: PlannedAction,
    route: &crate::record::ActionRoute,
    settings: &ActiveSettings,
) -> EffectRow {
    let spec = settings.catalogue.actions.get(&action.action);
    let channel = spec.and_then(|spec| spec.channel.clone());
    let arguments = action.args.iter().map(|(name, value)| (name.clone(), argument(value)));
    let hold = hold(rule, &action, occasion.now);
    EffectRow {
        rule: rule.id.clone(),
        cause: occasion.id,
        step: action.step(),
        connection: route.connection.clone(),
        action: route.action.clone(),
        grade: spec.map_or(hub_rules::Grade::Unsafe, |spec| spec.grade),
        arguments: arguments.filter(|(_, value)| !value.is_empty()).collect(),
        message: channel.zip(action.purpose).map(|(channel, purpose)| Message { channel, purpose }),
        planned_at: occasion.now,
        state: EffectState::Planned,
        owed_since: occasion.now,
        attempts: 0,
        failures: 0,
        uncertain: false,
        erased: false,
        hold,
    }
}

/// A value as a connector reads it: text as it is, lists with commas, amounts and times as they are written.
fn argument(value: &Value) -> String {
    match value {
        Value::TextList(texts) => texts.join(","),
        Value::Time(at) => Timestamp(*at).to_string(),
        other => other.to_string(),
    }
}

enum Limited {
    /// Firings to write down if the rule acts.
    Free(Vec<(Vec<u8>, Vec<Timestamp>)>),
    Held(String),
}

/// The longest a firing is remembered where `once_per` names no time: for ever, in practice.
const ONCE_FOR_EVER: i64 = i64::MAX;

fn limits(
    draft: &Draft<'_>,
    facts: &EventFacts<'_>,
    occasion: &Occasion<'_>,
    rule: &Rule,
) -> Result<Limited, FoldError> {
    let limits = &rule.limits;
    let asked_from = occasion.event.happened_at.0.saturating_add(rule.on.waits_ns());
    let age = occasion.now.0.saturating_sub(asked_from);
    if let Some(oldest) = limits.ignore_older_than_ns
        && age > oldest
    {
        return Ok(Limited::Held("the event is older than ignore_older_than allows".to_owned()));
    }
    let mut firings = Vec::new();
    if let Some(once) = &limits.once_per {
        let Some(scope) = scope_id(once.scope, facts, occasion) else {
            let scope = once.scope.as_str();
            return Ok(Limited::Held(format!("once_per: {scope} cannot be kept, the event has no {scope}")));
        };
        let row = firing_key(&rule.id, once.scope.as_str(), &scope);
        let window = limits.within_ns.unwrap_or(ONCE_FOR_EVER);
        let recent = recent_firings(draft, &row, occasion.now, window)?;
        if let Some(last) = recent.last() {
            return Ok(Limited::Held(format!("once_per: {}, and it acted at {last}", once.scope.as_str())));
        }
        firings.push((row, vec![occasion.now]));
    }
    if let Some(rate) = &limits.max {
        let row = firing_key(&rule.id, "rate", "");
        let mut recent = recent_firings(draft, &row, occasion.now, rate.per_ns)?;
        if recent.len() as u64 >= rate.count {
            return Ok(Limited::Held(format!("max: it acted {} times in the time allowed", recent.len())));
        }
        recent.push(occasion.now);
        firings.push((row, recent));
    }
    Ok(Limited::Free(firings))
}

fn scope_id(scope: Scope, facts: &EventFacts<'_>, occasion: &Occasion<'_>) -> Option<String> {
    match scope {
        Scope::Event => Some(occasion.id.to_string()),
        Scope::Conversation => facts.conversation_id(),
        Scope::Customer => facts.customer_id().map(|id| id.to_string()),
        Scope::Order => facts.subject_id(SubjectKind::Order),
        Scope::Interaction => facts.subject_id(SubjectKind::Interaction),
        Scope::Ticket => facts.subject_id(SubjectKind::Ticket),
    }
}

pub(crate) fn firing_key(rule: &str, scope: &str, id: &str) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new();
    for part in [rule, scope, id] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().as_bytes().to_vec()
}

pub(crate) fn recent_firings(
    draft: &Draft<'_>,
    row: &[u8],
    now: Timestamp,
    window_ns: i64,
) -> Result<Vec<Timestamp>, FoldError> {
    let Some(bytes) = draft.get_raw(Table::Firing, row)? else { return Ok(Vec::new()) };
    let firings: Vec<Timestamp> = decode(Table::Firing, &bytes)?;
    Ok(firings.into_iter().filter(|at| now.0.saturating_sub(at.0) < window_ns).collect())
}

impl Decided {
    /// Writes what was decided; returns the effects that are new.
    pub(crate) fn write(self, draft: &mut Draft<'_>, seq: u64) -> Result<Written, FoldError> {
        let mut written = Written::default();
        for (row, firings) in self.firings {
            draft.put_raw(Table::Firing, row, encode(&firings));
        }
        for writing in self.writings {
            written.told.extend(writing.write(draft, seq)?);
        }
        for (id, row) in self.effects {
            if draft.get_raw(Table::Effect, &id.0)?.is_none() {
                if put_effect(draft, id, &row) == Changed::Due {
                    written.due.push(id);
                }
                written.effects.push(id);
            }
        }
        for decision in self.decisions {
            written.fired += u64::from(matches!(decision.verdict, Verdict::Fired { .. }));
            decision.write(draft)?;
        }
        Ok(written)
    }
}

#[derive(Default)]
pub(crate) struct Written {
    pub(crate) fired: u64,
    pub(crate) effects: Vec<EffectId>,
    /// Those that nobody has to release first.
    pub(crate) due: Vec<EffectId>,
    /// Events to tell of.
    pub(crate) told: Vec<Emission>,
}
