//! Keys of the view. Connection names hold no NUL, so that a connection is a prefix of no other.

use hub_model::words::folded;

use super::{By, EffectId, EventId, FollowUpId, NodeId, RulingKind, Salt, Subject, SubjectKind, Timestamp};

/// A provider's object.
#[must_use]
pub fn object(connection: &str, parts: &[&str]) -> Vec<u8> {
    let mut key = connection.as_bytes().to_vec();
    for part in parts {
        key.push(0);
        key.extend_from_slice(&bounded(part));
    }
    key
}

/// The longest id kept readable in a key; a longer one (Meta's run to some 200) is cut and ends in its hash.
const ID_BYTES_MAX: usize = 256;

/// A part as it stands in a key: never with a NUL, which would look like the end of the part.
fn bounded(part: &str) -> Vec<u8> {
    let bytes = part.as_bytes();
    if bytes.len() <= ID_BYTES_MAX && !bytes.contains(&0) {
        return bytes.to_vec();
    }
    let mut cut: Vec<u8> = bytes.iter().take(ID_BYTES_MAX).copied().filter(|byte| *byte != 0).collect();
    cut.extend_from_slice(blake3::hash(bytes).to_hex().as_bytes());
    cut
}

#[must_use]
pub fn sequence(seq: u64) -> Vec<u8> {
    seq.to_be_bytes().to_vec()
}

/// Orders negative times before positive ones.
#[must_use]
pub fn time(at: Timestamp) -> [u8; 8] {
    (at.0 ^ i64::MIN).to_be_bytes()
}

#[must_use]
pub fn read_time(bytes: &[u8]) -> Option<Timestamp> {
    let bytes: [u8; 8] = bytes.try_into().ok()?;
    Some(Timestamp(i64::from_be_bytes(bytes) ^ i64::MIN))
}

/// What is filed under an account, kind by kind: a question is about orders, or about messages.
#[must_use]
pub fn timeline_prefix(account: NodeId, kind: SubjectKind) -> Vec<u8> {
    let mut key = account.0.to_vec();
    key.push(kind as u8);
    key
}

#[must_use]
pub fn timeline(account: NodeId, at: Timestamp, subject: &Subject) -> Vec<u8> {
    timeline_object(account, subject.kind, at, &object(&subject.connection, &[&subject.id]))
}

/// Anything at the moment it has in the timeline, under the key of its own row or what serves as one.
#[must_use]
pub fn timeline_object(account: NodeId, kind: SubjectKind, at: Timestamp, object: &[u8]) -> Vec<u8> {
    let mut key = timeline_prefix(account, kind);
    key.extend_from_slice(&time(at));
    key.extend_from_slice(object);
    key
}

/// The key of the object a timeline row is of.
#[must_use]
pub fn timeline_object_of(row: &[u8]) -> Option<&[u8]> {
    row.get(25..)
}

/// When the thing of a timeline row happened.
#[must_use]
pub fn timeline_at(row: &[u8]) -> Option<Timestamp> {
    row.get(17..25).and_then(read_time)
}

/// The parts of the index. Every key begins with 16 bytes of what is looked up.
const EVENTS: u8 = b'e';
const CLAIMED_BY: u8 = b'c';
const FORMERLY: u8 = b'f';
const ABOUT: u8 = b's';
const MOVED_FROM: u8 = b'm';
const SAID_ON: u8 = b'i';
const NOTED_ON: u8 = b'n';
const TOLD_AGAIN: u8 = b'r';
const RECEIPTS: u8 = b'q';
const ASKED_IN: u8 = b'a';
const WANTED_FOR: u8 = b'w';
const RULED: u8 = b'd';
const CANCELLED: u8 = b'x';
const WITHIN: u8 = b'g';
const CORRECTED_IN: u8 = b'y';

/// Words stand together, readable and in order, so that those that begin alike are neighbours.
const WORDS: &[u8; 16] = b"words of people:";

/// What is to be done for customers stands together, the first due first.
const FOLLOW_UPS_DUE: &[u8; 16] = b"follow-ups due: ";

/// What people corrected stands together, by the record that says it.
const CORRECTIONS: &[u8; 16] = b"corrections:    ";

/// All events of an account, whatever their names.
#[must_use]
pub fn all_events_prefix(account: NodeId) -> Vec<u8> {
    let mut key = account.0.to_vec();
    key.push(EVENTS);
    key
}

/// Things once said to be an account's that now are another's. Rare, and needed to forget a person wholly.
#[must_use]
pub fn formerly_prefix(account: NodeId) -> Vec<u8> {
    let mut key = account.0.to_vec();
    key.push(FORMERLY);
    key
}

#[must_use]
pub fn formerly(account: NodeId, subject: &Subject) -> Vec<u8> {
    let mut key = formerly_prefix(account);
    key.push(subject.kind as u8);
    key.extend(object(&subject.connection, &[&subject.id]));
    key
}

/// The first 16 bytes of a hash over parts that cannot run into each other.
#[must_use]
pub fn hash(parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut hash = [0; 16];
    hasher.finalize_xof().fill(&mut hash);
    hash
}

#[must_use]
pub fn subject_hash(subject: &Subject) -> [u8; 16] {
    hash(&[&[subject.kind as u8], subject.connection.as_bytes(), subject.id.as_bytes()])
}

/// What is kept of a forgotten thing: known again when it is told of again, and by nobody else.
#[must_use]
pub fn tombstone(salt: Salt, subject: &Subject) -> [u8; 16] {
    salt.over(subject_hash(subject))
}

/// Events about a thing that is nobody's; those of an account are found under it.
#[must_use]
pub fn about_prefix(subject: &Subject) -> Vec<u8> {
    let mut key = subject_hash(subject).to_vec();
    key.push(ABOUT);
    key
}

#[must_use]
pub fn about(subject: &Subject, event: EventId) -> Vec<u8> {
    let mut key = about_prefix(subject);
    key.extend_from_slice(&event.0);
    key
}

/// Records in which a provider's words on an effect stand.
#[must_use]
pub fn receipts_prefix(effect: EffectId) -> Vec<u8> {
    let mut key = effect.0.to_vec();
    key.push(RECEIPTS);
    key
}

#[must_use]
pub fn receipt(effect: EffectId, seq: u64) -> Vec<u8> {
    let mut key = receipts_prefix(effect);
    key.extend(sequence(seq));
    key
}

/// Records, beside the first, that hold an event.
#[must_use]
pub fn told_again_prefix(event: EventId) -> Vec<u8> {
    let mut key = event.0.to_vec();
    key.push(TOLD_AGAIN);
    key
}

#[must_use]
pub fn told_again(event: EventId, report: u64) -> Vec<u8> {
    let mut key = told_again_prefix(event);
    key.extend(sequence(report));
    key
}

/// Records that say what an interaction's finding should be.
#[must_use]
pub fn corrected_in_prefix(interaction: &Subject) -> Vec<u8> {
    let mut key = subject_hash(interaction).to_vec();
    key.push(CORRECTED_IN);
    key
}

#[must_use]
pub fn corrected_in(interaction: &Subject, seq: u64) -> Vec<u8> {
    let mut key = corrected_in_prefix(interaction);
    key.extend(sequence(seq));
    key
}

/// The same records, of all interactions.
#[must_use]
pub fn corrections_prefix() -> Vec<u8> {
    CORRECTIONS.to_vec()
}

#[must_use]
pub fn corrections(seq: u64) -> Vec<u8> {
    [CORRECTIONS.as_slice(), &sequence(seq)].concat()
}

/// Accounts a thing was filed under before.
#[must_use]
pub fn moved_from_prefix(subject: &Subject) -> Vec<u8> {
    let mut key = subject_hash(subject).to_vec();
    key.push(MOVED_FROM);
    key
}

#[must_use]
pub fn moved_from(subject: &Subject, account: NodeId) -> Vec<u8> {
    let mut key = moved_from_prefix(subject);
    key.extend_from_slice(&account.0);
    key
}

/// What was said on a ticket, and the carts that became an order.
#[must_use]
pub fn said_on_prefix(ticket: &Subject) -> Vec<u8> {
    let mut key = subject_hash(ticket).to_vec();
    key.push(SAID_ON);
    key
}

#[must_use]
pub fn said_on(ticket: &Subject, interaction: &str) -> Vec<u8> {
    let mut key = said_on_prefix(ticket);
    key.extend(bounded(interaction));
    key
}

/// What was said on a ticket without a customer's part in it.
#[must_use]
pub fn noted_on_prefix(ticket: &Subject) -> Vec<u8> {
    let mut key = subject_hash(ticket).to_vec();
    key.push(NOTED_ON);
    key
}

#[must_use]
pub fn noted_on(ticket: &Subject, interaction: &str) -> Vec<u8> {
    let mut key = noted_on_prefix(ticket);
    key.extend(bounded(interaction));
    key
}

#[must_use]
pub fn events_prefix(account: NodeId, name: &str) -> Vec<u8> {
    let mut key = account.0.to_vec();
    key.push(EVENTS);
    key.extend(bounded(name));
    key.push(0);
    key
}

#[must_use]
pub fn events(account: NodeId, name: &str, at: Timestamp, event: EventId) -> Vec<u8> {
    let mut key = events_prefix(account, name);
    key.extend_from_slice(&time(at));
    key.extend_from_slice(&event.0);
    key
}

/// Who may be found under a word: an order number, a handle, part of a name.
#[must_use]
pub fn word_prefix(word: &str) -> Vec<u8> {
    let mut key = words_beginning(word);
    key.push(0);
    key
}

/// Who may be found under a word that begins so.
#[must_use]
pub fn words_beginning(beginning: &str) -> Vec<u8> {
    let mut key = WORDS.to_vec();
    key.extend(bounded(&folded(beginning.trim())));
    key
}

#[must_use]
pub fn word(word: &str, account: NodeId) -> Vec<u8> {
    let mut key = word_prefix(word);
    key.extend_from_slice(&account.0);
    key
}

/// All accounts that claim a key, with proof or without.
#[must_use]
pub fn claimed_by_prefix(node: NodeId) -> Vec<u8> {
    let mut key = node.0.to_vec();
    key.push(CLAIMED_BY);
    key
}

#[must_use]
pub fn claimed_by(node: NodeId, account: NodeId) -> Vec<u8> {
    let mut key = claimed_by_prefix(node);
    key.extend_from_slice(&account.0);
    key
}

#[must_use]
pub fn effect_due(at: Timestamp, effect: EffectId) -> Vec<u8> {
    let mut key = time(at).to_vec();
    key.extend_from_slice(&effect.0);
    key
}

#[must_use]
pub fn pending(due: Timestamp, delivery: u64) -> Vec<u8> {
    let mut key = time(due).to_vec();
    key.extend(sequence(delivery));
    key
}

/// Before everything that rules decided.
pub const SITTINGS: &[u8] = b"d";

/// All that rules made of an event.
#[must_use]
pub fn sittings_prefix(event: EventId) -> Vec<u8> {
    [SITTINGS, event.0.as_slice()].concat()
}

/// What all rules made of an event when it happened, or one of them at its own time.
#[must_use]
pub fn sitting(event: EventId, rule: Option<&str>) -> Vec<u8> {
    let mut key = sittings_prefix(event);
    key.push(u8::from(rule.is_some()));
    key.extend_from_slice(rule.unwrap_or_default().as_bytes());
    key
}

/// How often a rule was asked and nothing came of it.
#[must_use]
pub fn asked(rule: &str) -> Vec<u8> {
    [b"a", hash(&[rule.as_bytes()]).as_slice()].concat()
}

/// The conditions that rules for an event had, version by version.
#[must_use]
pub fn conditions_at(event: &str) -> Vec<u8> {
    [b"v", hash(&[event.as_bytes()]).as_slice()].concat()
}

/// Those of one rule.
#[must_use]
pub fn conditions_of(event: &str, rule: &str) -> Vec<u8> {
    let mut key = conditions_at(event);
    key.extend(bounded(rule));
    key.push(0);
    key
}

/// Where whoever has an account stands: in which segments.
#[must_use]
pub fn standing(account: NodeId) -> Vec<u8> {
    [b"s", account.0.as_slice()].concat()
}

/// Who is in a segment.
#[must_use]
pub fn within_prefix(segment: &str) -> Vec<u8> {
    let mut key = hash(&[b"segment", segment.as_bytes()]).to_vec();
    key.push(WITHIN);
    key
}

#[must_use]
pub fn within(segment: &str, account: NodeId) -> Vec<u8> {
    let mut key = within_prefix(segment);
    key.extend_from_slice(&account.0);
    key
}

/// Those it had from a record on.
#[must_use]
pub fn conditions(event: &str, rule: &str, seq: u64) -> Vec<u8> {
    let mut key = conditions_of(event, rule);
    key.extend(sequence(seq));
    key
}

/// The record from which on a rule had the conditions of a row of the above.
#[must_use]
pub fn conditions_since(row: &[u8]) -> Option<u64> {
    row.last_chunk::<8>().map(|seq| u64::from_be_bytes(*seq))
}

/// Who gave their word on two accounts, and why.
#[must_use]
pub fn case(case: &[u8; 16]) -> Vec<u8> {
    [b"j", case.as_slice()].concat()
}

/// What rules said of an account or a thing, by its id or hash.
#[must_use]
pub fn rulings_on(owner: [u8; 16]) -> Vec<u8> {
    [b"r", owner.as_slice()].concat()
}

#[must_use]
pub fn rulings_prefix(owner: [u8; 16], kind: RulingKind) -> Vec<u8> {
    let mut key = rulings_on(owner);
    key.push(kind as u8);
    key
}

/// What was said under one name, the last word first. The name may be a person's: its hash stands for it.
#[must_use]
pub fn rulings_named(owner: [u8; 16], kind: RulingKind, name: &str) -> Vec<u8> {
    let mut key = rulings_prefix(owner, kind);
    key.extend_from_slice(&hash(&[name.as_bytes()]));
    key
}

#[must_use]
pub fn ruling(owner: [u8; 16], kind: RulingKind, name: &str, by: &By) -> Vec<u8> {
    let mut key = rulings_named(owner, kind, name);
    key.extend(time(by.at).map(|byte| !byte));
    key.extend_from_slice(&by.event.0);
    key.extend(bounded(&by.rule));
    key.extend([0, !by.place]);
    key
}

/// The same of another account; `None` for what is said of a conversation.
#[must_use]
pub fn ruling_of(row: &[u8], account: [u8; 16]) -> Option<Vec<u8>> {
    let said = row.get(17..)?;
    let is_of_account = said.first().is_some_and(|kind| *kind != RulingKind::Conversation as u8);
    is_of_account.then(|| [rulings_on(account).as_slice(), said].concat())
}

/// What rules said because of an event.
#[must_use]
pub fn ruled_prefix(event: EventId) -> Vec<u8> {
    let mut key = event.0.to_vec();
    key.push(RULED);
    key
}

#[must_use]
pub fn ruled(by: &By) -> Vec<u8> {
    let mut key = ruled_prefix(by.event);
    key.extend(bounded(&by.rule));
    key.extend([0, by.place]);
    key
}

/// One statement of an account's consent: none is ever overwritten by another.
#[must_use]
pub fn consent(account: NodeId, channel: &str, purpose: &str, version: Timestamp, state: &str) -> Vec<u8> {
    let mut key = account.0.to_vec();
    key.extend(object("", &[channel, purpose]));
    key.push(0);
    key.extend_from_slice(&time(version));
    key.extend(bounded(state));
    key
}

#[must_use]
pub fn follow_up(account: NodeId, id: FollowUpId) -> Vec<u8> {
    [account.0, id.0].concat()
}

/// Records that ask to do something for whoever has an account.
#[must_use]
pub fn asked_in_prefix(account: NodeId) -> Vec<u8> {
    let mut key = account.0.to_vec();
    key.push(ASKED_IN);
    key
}

#[must_use]
pub fn asked_in(account: NodeId, seq: u64) -> Vec<u8> {
    let mut key = asked_in_prefix(account);
    key.extend(sequence(seq));
    key
}

/// The account something is to be done for.
#[must_use]
pub fn wanted_for_prefix(id: FollowUpId) -> Vec<u8> {
    let mut key = id.0.to_vec();
    key.push(WANTED_FOR);
    key
}

#[must_use]
pub fn wanted_for(id: FollowUpId, account: NodeId) -> Vec<u8> {
    let mut key = wanted_for_prefix(id);
    key.extend_from_slice(&account.0);
    key
}

/// What is to be done from this moment on.
#[must_use]
pub fn follow_ups_due(from: Timestamp) -> Vec<u8> {
    [FOLLOW_UPS_DUE.as_slice(), &time(from)].concat()
}

#[must_use]
pub fn follow_up_due_prefix(due: Timestamp, id: FollowUpId) -> Vec<u8> {
    [follow_ups_due(due).as_slice(), &id.0].concat()
}

#[must_use]
pub fn follow_up_due(due: Timestamp, id: FollowUpId, account: NodeId) -> Vec<u8> {
    [follow_up_due_prefix(due, id).as_slice(), &account.0].concat()
}

/// Effects that wait for a person stand together, the first planned first.
const EFFECTS_HELD: &[u8; 16] = b"effects held:   ";

#[must_use]
pub fn held(planned_at: Timestamp, effect: EffectId) -> Vec<u8> {
    [EFFECTS_HELD.as_slice(), &time(planned_at), &effect.0].concat()
}

/// All effects that wait for a person.
#[must_use]
pub fn held_prefix() -> Vec<u8> {
    EFFECTS_HELD.to_vec()
}

/// When an effect of a row of the above was planned, and its id.
#[must_use]
pub fn read_held(row: &[u8]) -> Option<(Timestamp, EffectId)> {
    Some((read_time(row.get(16..24)?)?, EffectId(trailing_id(row)?)))
}

/// A rule's effects that people have cancelled.
#[must_use]
pub fn cancelled_prefix(rule: &str) -> Vec<u8> {
    let mut key = hash(&[rule.as_bytes()]).to_vec();
    key.push(CANCELLED);
    key
}

#[must_use]
pub fn cancelled(rule: &str, effect: EffectId) -> Vec<u8> {
    let mut key = cancelled_prefix(rule);
    key.extend_from_slice(&effect.0);
    key
}

/// All that is to be done, whenever.
#[must_use]
pub fn all_follow_ups_due() -> Vec<u8> {
    FOLLOW_UPS_DUE.to_vec()
}

/// When and what a row of the above is about.
#[must_use]
pub fn read_follow_up_due(row: &[u8]) -> Option<(Timestamp, FollowUpId, NodeId)> {
    let id = |from: usize| row.get(from..from + 16)?.try_into().ok();
    Some((read_time(row.get(16..24)?)?, FollowUpId(id(24)?), NodeId(id(40)?)))
}

/// The last 16 bytes, as the id every key of the index ends in.
#[must_use]
pub fn trailing_id(key: &[u8]) -> Option<[u8; 16]> {
    key.last_chunk::<16>().copied()
}
