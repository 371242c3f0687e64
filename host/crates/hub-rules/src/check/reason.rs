//! What a condition can come to, thought through without asking it: parts that can never hold, that always hold, or that
//! add nothing to another. Says only what is so for everything that could be known at any moment, by the rules of
//! `evaluate`; where it cannot tell, it says nothing. A list of known values is no promise that others never come.
//!
//! A rule fires on *true* alone, so each part is asked for the one truth that helps it fire: true, or false below a
//! `none`. With that, every group is either one where all parts must be as wanted, or one where any of them may.

mod cell;
mod outcome;
mod region;
mod space;
#[cfg(test)]
mod tests;

use crate::condition::{Condition, Operator};

use region::Region;
use space::Space;

/// Something to say about one part of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// Which part of each group to follow from the top.
    pub(super) at: Vec<usize>,
    pub(super) what: What,
    /// The part it follows from, if it is one.
    pub(super) because: Option<Vec<usize>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// It is never as wanted; together with the other part, where one is named.
    Never(Weight),
    /// No part of this group is ever as wanted.
    NoneEver,
    /// It is as wanted whatever happens.
    Always,
    /// It is as wanted as soon as its field is known.
    AlwaysWhenKnown,
    /// It is as wanted whenever the other part is, and both have to be.
    Implied,
    /// Whenever it is as wanted, the other part is, and one of them is enough.
    Covered,
    /// It is as wanted exactly when the other part is.
    Repeated,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// The rule needs it, so the rule never fires.
    Rule,
    /// Something else may still make the rule fire.
    Alternative,
}

/// Everything there is to say about a rule's condition, from the top down.
pub(super) fn findings(condition: &Condition) -> Vec<Finding> {
    if matches!(condition, Condition::Always) {
        return Vec::new();
    }
    let space = Space::of(&[condition]);
    let literal = Literal::of(condition, true, &mut Vec::new(), &space);
    let mut reasoner = Reasoner { space: &space, findings: Vec::new() };
    match literal.met.is_nothing() {
        true => reasoner.impossible(&literal, Weight::Rule),
        false => reasoner.possible(&literal, &Region::everything(), &mut Vec::new()),
    }
    reasoner.findings
}

/// Whether there is certainly no moment at which both conditions hold.
pub(super) fn are_exclusive(left: &Condition, right: &Condition) -> bool {
    let space = Space::of(&[left, right]);
    let met = |condition| Literal::of(condition, true, &mut Vec::new(), &space).met;
    !met(left).meets(&met(right))
}

/// A part of the condition with the truth that is wanted of it.
struct Literal<'c> {
    condition: &'c Condition,
    wanted: bool,
    at: Vec<usize>,
    form: Form,
    parts: Vec<Literal<'c>>,
    /// Where it may be as wanted: never less than that.
    met: Region,
    /// Where it may be anything else: never less than that.
    unmet: Region,
    /// Every leaf in it comes out one way in each cell.
    is_exact: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Leaf,
    AllParts,
    AnyPart,
}

impl<'c> Literal<'c> {
    fn of(condition: &'c Condition, wanted: bool, at: &mut Vec<usize>, space: &Space<'c>) -> Literal<'c> {
        let (parts, wanted_of_parts, form) = match (condition, wanted) {
            (Condition::Always | Condition::Field(_) | Condition::Count(_), _) => {
                return Literal::leaf(condition, wanted, at.clone(), space);
            }
            (Condition::All(parts), true) => (parts, true, Form::AllParts),
            (Condition::All(parts), false) => (parts, false, Form::AnyPart),
            (Condition::Any(parts), true) => (parts, true, Form::AnyPart),
            (Condition::Any(parts), false) => (parts, false, Form::AllParts),
            (Condition::None(parts), true) => (parts, false, Form::AllParts),
            (Condition::None(parts), false) => (parts, true, Form::AnyPart),
        };
        let parts: Vec<Literal<'c>> = parts
            .iter()
            .enumerate()
            .map(|(index, part)| {
                at.push(index);
                let literal = Literal::of(part, wanted_of_parts, at, space);
                at.pop();
                literal
            })
            .collect();
        let met = || parts.iter().map(|part| &part.met);
        let unmet = || parts.iter().map(|part| &part.unmet);
        let (met, unmet) = match form {
            Form::AnyPart => (in_any(met()), in_all(unmet())),
            Form::AllParts | Form::Leaf => (in_all(met()), in_any(unmet())),
        };
        let is_exact = parts.iter().all(|part| part.is_exact);
        Literal { condition, wanted, at: at.clone(), form, parts, met, unmet, is_exact }
    }

    fn leaf(condition: &'c Condition, wanted: bool, at: Vec<usize>, space: &Space<'c>) -> Literal<'c> {
        let (met, unmet, is_exact) = match (condition, space.table(condition)) {
            (Condition::Always, _) if wanted => (Region::everything(), Region::nothing(), true),
            (Condition::Always, _) => (Region::nothing(), Region::everything(), true),
            (_, Some(table)) => {
                let (met, unmet) = table.regions(wanted);
                (met, unmet, table.is_exact())
            }
            // Asked of nothing the space knows: it may be anything.
            (_, None) => (Region::everything(), Region::everything(), false),
        };
        Literal { condition, wanted, at, form: Form::Leaf, parts: Vec::new(), met, unmet, is_exact }
    }

    fn is_never(&self) -> bool {
        self.met.is_nothing()
    }

    fn is_always(&self) -> bool {
        self.unmet.is_nothing()
    }

    /// The smallest part that is needed for it and cannot go together with the other.
    fn narrowed<'l>(&'l self, other: &Literal<'c>) -> &'l Literal<'c> {
        let apart = self.parts.iter().find(|part| !part.met.meets(&other.met));
        match apart.filter(|_| self.form == Form::AllParts) {
            Some(part) => part.narrowed(other),
            None => self,
        }
    }

    /// Whether it is certainly as wanted wherever the other is. Both stand in one group, so the same is wanted of them.
    fn follows_from(&self, other: &Literal<'c>) -> bool {
        if !other.met.meets(&self.unmet) || self.condition == other.condition {
            return true;
        }
        let are_leaves = self.form == Form::Leaf && other.form == Form::Leaf;
        are_leaves && !(self.is_exact && other.is_exact) && self.follows_by_itself(other)
    }

    /// The same with nothing but the two leaves to tell apart, so that no piece of text is left out.
    fn follows_by_itself(&self, other: &Literal<'c>) -> bool {
        if !ask_the_same_field(self.condition, other.condition) {
            return false;
        }
        let space = Space::of(&[self.condition, other.condition]);
        let alone =
            |literal: &Literal<'c>| Literal::leaf(literal.condition, literal.wanted, Vec::new(), &space);
        !alone(other).met.meets(&alone(self).unmet)
    }
}

fn ask_the_same_field(left: &Condition, right: &Condition) -> bool {
    matches!((left, right), (Condition::Field(left), Condition::Field(right)) if left.field == right.field)
}

fn in_all<'r>(regions: impl Iterator<Item = &'r Region>) -> Region {
    regions.fold(Region::everything(), |all, region| all.both(region))
}

fn in_any<'r>(regions: impl Iterator<Item = &'r Region>) -> Region {
    regions.fold(Region::nothing(), |any, region| any.either(region.clone()))
}

struct Reasoner<'s, 'c> {
    space: &'s Space<'c>,
    findings: Vec<Finding>,
}

impl<'c> Reasoner<'_, 'c> {
    fn say(&mut self, what: What, literal: &Literal<'c>, because: Option<&Literal<'c>>) {
        let because = because.map(|other| other.at.clone());
        self.findings.push(Finding { at: literal.at.clone(), what, because });
    }

    /// Finds the smallest parts for which a literal is never as wanted.
    fn impossible(&mut self, literal: &Literal<'c>, weight: Weight) {
        match (literal.form, literal.parts.as_slice()) {
            (Form::Leaf, _) => self.say(What::Never(weight), literal, None),
            (_, [only]) => self.impossible(only, weight),
            (Form::AnyPart, parts) => {
                for part in parts {
                    self.impossible(part, Weight::Alternative);
                }
                if weight == Weight::Rule {
                    self.say(What::NoneEver, literal, None);
                }
            }
            (Form::AllParts, parts) => {
                let never: Vec<&Literal<'c>> = parts.iter().filter(|part| part.is_never()).collect();
                for part in &never {
                    self.impossible(part, weight);
                }
                if never.is_empty() {
                    match first_apart(parts) {
                        Some((first, second)) => {
                            let first = first.narrowed(second);
                            self.say(What::Never(weight), second.narrowed(first), Some(first));
                        }
                        None => self.say(What::Never(weight), literal, None),
                    }
                }
            }
        }
    }

    /// `context` is where everything else that is needed holds; `outer` is what that is.
    fn possible<'l>(&mut self, literal: &'l Literal<'c>, context: &Region, outer: &mut Vec<&'l Literal<'c>>) {
        if literal.is_always() {
            self.say(What::Always, literal, None);
            return;
        }
        match literal.form {
            Form::Leaf => {}
            Form::AllParts => self.all_needed(literal, context, outer),
            Form::AnyPart => self.any_enough(literal, context, outer),
        }
    }

    fn all_needed<'l>(
        &mut self,
        literal: &'l Literal<'c>,
        context: &Region,
        outer: &mut Vec<&'l Literal<'c>>,
    ) {
        let idle = self.say_idle(&literal.parts, What::Implied, |part, other| part.follows_from(other));
        for (index, part) in literal.parts.iter().enumerate() {
            if idle.contains(&index) {
                continue;
            }
            if part.form == Form::Leaf {
                self.possible(part, context, outer);
                continue;
            }
            let others = || literal.parts.iter().enumerate().filter(|(other, _)| *other != index);
            let inside = in_all(others().map(|(_, other)| &other.met)).both(context);
            let known = outer.len();
            outer.extend(others().map(|(_, other)| other));
            self.possible(part, &inside, outer);
            outer.truncate(known);
        }
    }

    fn any_enough<'l>(
        &mut self,
        literal: &'l Literal<'c>,
        context: &Region,
        outer: &mut Vec<&'l Literal<'c>>,
    ) {
        if self.is_met_once_known(literal) {
            self.say(What::AlwaysWhenKnown, literal, None);
            return;
        }
        let mut live = Vec::new();
        for part in &literal.parts {
            if part.is_never() {
                self.impossible(part, Weight::Alternative);
            } else if !part.met.meets(context) {
                let because = outer.iter().find(|other| !other.met.meets(&part.met));
                let because = because.map(|other| other.narrowed(part));
                let part = because.map_or(part, |other| part.narrowed(other));
                self.say(What::Never(Weight::Alternative), part, because);
            } else {
                live.push(part);
            }
        }
        let idle = self.say_idle(&live, What::Covered, |part, other| other.follows_from(part));
        for (index, part) in live.into_iter().enumerate() {
            if !idle.contains(&index) {
                self.possible(part, context, outer);
            }
        }
    }

    /// Says of each part that adds nothing to another one that it does not, and gives their places. Of two that say the
    /// same, the later one adds nothing.
    fn say_idle<'l, L: std::borrow::Borrow<Literal<'c>>>(
        &mut self,
        parts: &'l [L],
        what: What,
        adds_nothing: impl Fn(&Literal<'c>, &Literal<'c>) -> bool,
    ) -> Vec<usize>
    where
        'c: 'l,
    {
        let parts: Vec<&'l Literal<'c>> = parts.iter().map(std::borrow::Borrow::borrow).collect();
        let mut idle = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            if part.is_always() {
                continue;
            }
            let others =
                parts.iter().enumerate().filter(|(other, _)| *other != index && !idle.contains(other));
            let because = others.map(|(other, literal)| (other, *literal)).find_map(|(other, literal)| {
                if literal.is_always() || !adds_nothing(part, literal) {
                    return None;
                }
                let is_mutual = adds_nothing(literal, part);
                (!is_mutual || other < index).then_some((literal, is_mutual))
            });
            if let Some((other, is_mutual)) = because {
                self.say(if is_mutual { What::Repeated } else { what }, part, Some(other));
                idle.push(index);
            }
        }
        idle
    }

    /// Whether a group about one field fails only where nothing is known of that field.
    fn is_met_once_known(&self, literal: &Literal<'c>) -> bool {
        let mut fields = Vec::new();
        let mut asks_existence = false;
        space::each_leaf(literal.condition, &mut |leaf| match leaf {
            Condition::Field(test) => {
                fields.push(Some(test.field.as_str()));
                asks_existence |= matches!(test.operator, Operator::Exists(_));
            }
            _ => fields.push(None),
        });
        fields.dedup();
        let [Some(field)] = fields.as_slice() else { return false };
        let not_known = self.space.not_known(field);
        literal.wanted
            && !asks_existence
            && not_known.is_some_and(|(variable, cells)| literal.unmet.is_within(variable, &cells))
    }
}

/// The first part that cannot go together with one before it.
fn first_apart<'l, 'c>(parts: &'l [Literal<'c>]) -> Option<(&'l Literal<'c>, &'l Literal<'c>)> {
    parts.iter().enumerate().find_map(|(index, second)| {
        let first = parts.iter().take(index).find(|first| !first.met.meets(&second.met));
        first.map(|first| (first, second))
    })
}
