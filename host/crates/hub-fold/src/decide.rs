//! From an event to what is owed: asks the rules, applies their limits, plans effects. All rules of one event see one
//! state; hub actions are written afterwards.

use std::collections::BTreeMap;

use hub_model::event::Event;
use hub_model::{EffectId, EventId, NodeId, Timestamp};
use hub_rules::{Evaluation, ItemsAsked, Mode, Moment, PlannedAction, Rule, RuleSet, Scope, Truth, Value};
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
use crate::row::{EffectRow, EffectState, Message, SubjectKind, decode, encode};
use crate::rulings::Writing;
use crate::sitting::{Keeps, Outcome, Sitting};

/// What a rule made of an event, as it is told of: what is kept of it is a [`Sitting`].
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

/// What one event led to.
#[derive(Default)]
pub(crate) struct Decided {
    sittings: Vec<Sitting>,
    fired: u64,
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

/// Asks the rules that act when this event happens.
pub(crate) fn decide_all(
    draft: &Draft<'_>,
    settings: &ActiveSettings,
    facts: &EventFacts<'_>,
    occasion: &Occasion<'_>,
    keeps: &Keeps,
) -> Result<Decided, FoldError> {
    let mut decided = Decided::default();
    let Some(asked) = settings.rules.asked_at(&occasion.event.name) else { return Ok(decided) };
    let answers = asked.answers(facts);
    let mut outcomes = Vec::new();
    for rule in settings.rules.true_of(asked, &answers) {
        outcomes.push(decided.act((draft, settings), facts, occasion, rule, rule.ask_items(facts))?);
    }
    let moment = if *keeps == Keeps::All { answers.into_moment() } else { Moment::default() };
    decided.sittings.push(Sitting { outcomes, ..Sitting::new(occasion, None, moment) });
    Ok(decided)
}

/// Asks these rules about one event, each by itself.
pub(crate) fn decide<'r>(
    draft: &Draft<'_>,
    settings: &ActiveSettings,
    rules: impl Iterator<Item = &'r Rule>,
    facts: &EventFacts<'_>,
    occasion: &Occasion<'_>,
) -> Result<Decided, FoldError> {
    let mut decided = Decided::default();
    for rule in rules.filter(|rule| rule.mode != Mode::Off) {
        let Evaluation { trace, items, .. } = rule.evaluate(facts);
        let mut sitting = Sitting::new(occasion, Some(rule), Moment::of(&rule.when, facts));
        if trace.truth == Truth::True {
            sitting.outcomes.push(decided.act((draft, settings), facts, occasion, rule, items)?);
        }
        decided.sittings.push(sitting);
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
    /// The rules that acted, or would have in shadow mode, and when.
    pub(crate) fn acted(&self) -> impl Iterator<Item = (&str, Timestamp)> {
        self.sittings.iter().flat_map(|sitting| {
            let acted = sitting
                .outcomes
                .iter()
                .filter(|outcome| matches!(outcome.verdict, Verdict::Fired { .. } | Verdict::Shadowed));
            acted.map(move |outcome| (outcome.rule.as_str(), sitting.at))
        })
    }

    /// Nothing is done, for a reason outside the rule's conditions.
    pub(crate) fn held(
        occasion: &Occasion<'_>,
        rule: &Rule,
        facts: &EventFacts<'_>,
        reason: String,
    ) -> Result<Self, FoldError> {
        let mut sitting = Sitting::new(occasion, Some(rule), Moment::of(&rule.when, facts));
        let items = rule.evaluate(facts).items;
        sitting.outcomes.push(Outcome::new(&rule.id, Verdict::Held { reason }, items)?);
        Ok(Self { sittings: vec![sitting], ..Self::default() })
    }

    /// Lets a rule act whose conditions are true.
    fn act(
        &mut self,
        (draft, settings): (&Draft<'_>, &ActiveSettings),
        facts: &EventFacts<'_>,
        occasion: &Occasion<'_>,
        rule: &Rule,
        items: Option<ItemsAsked>,
    ) -> Result<Outcome, FoldError> {
        let mut acts = Acts::default();
        let verdict = match &items {
            // There is nothing to act on.
            Some(items) if items.fit == 0 => Verdict::DidNotFire,
            _ => fire(draft, settings, facts, occasion, rule, &mut acts)?,
        };
        let held = match verdict {
            Verdict::Fired { .. } | Verdict::Shadowed => std::mem::take(&mut acts.held),
            _ => Vec::new(),
        };
        let done = match &verdict {
            Verdict::Fired { .. } => self.take(acts),
            // A rule acts whole or not at all.
            _ => Vec::new(),
        };
        Ok(Outcome { done, held, ..Outcome::new(&rule.id, verdict, items)? })
    }

    fn take(&mut self, acts: Acts) -> Vec<Done> {
        self.fired += 1;
        self.effects.extend(acts.effects);
        self.writings.extend(acts.writings);
        self.firings.extend(acts.firings);
        acts.done
    }

    /// What came at once of rules that act later.
    pub(crate) fn add(&mut self, outcome: Outcome) {
        self.sittings.iter_mut().for_each(|sitting| sitting.outcomes.push(outcome.clone()));
    }

    /// Leaves out what is not to be kept for "why"; see [`Sitting::keep`].
    pub(crate) fn keep(&mut self, keeps: &Keeps, rules: &RuleSet, asked: &mut BTreeMap<String, u64>) {
        self.sittings.retain_mut(|sitting| sitting.keep(keeps, rules, asked));
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
        let mut written = Written { fired: self.fired, ..Written::default() };
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
        self.sittings.into_iter().for_each(|mut sitting| sitting.write(draft, seq));
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
