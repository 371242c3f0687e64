//! How much a rule may hold: every cap of the rule language, in one place. The checker refuses what is beyond, by name,
//! when a rule is saved; nothing here is met for the first time by an event.

/// Groups inside groups. Deeper than this nobody can read a rule back; it also bounds recursion.
pub const GROUPS_DEEP_MAX: usize = 8;

/// Conditions of a rule, those of its `for_each` among them. A form of a hundred questions is already not filled in; it
/// bounds the cost of an event.
pub const LEAVES_MAX: usize = 100;

/// An event that needs more than twenty actions is a campaign, and each action is a provider call.
pub const ACTIONS_MAX: usize = 20;

/// Values in a list. A longer one belongs into a tag, an enricher or the provider.
pub const LIST_MAX: usize = 200;

/// A text with fields in it. WhatsApp takes 4096 characters and Instagram 1000; a longer template is a document.
pub const TEMPLATE_BYTES_MAX: usize = 4 * 1024;

/// Things that `for_each` acts on because of one event, where the rule does not say fewer: the parcels of an order are a
/// handful, and its lines seldom more.
pub const ITEMS_MAX: usize = 20;

/// Actions of one rule because of one event, over all its things: their places are numbered in one byte.
pub const PLANNED_MAX: usize = 200;

/// A pattern. What does not fit is several patterns under `any:`.
pub const PATTERN_CHARS_MAX: usize = 200;

/// Rules that follow on each other, each set off by what the one before it did. What a fourth one does nobody expects of
/// the first.
pub const DERIVED_DEPTH_MAX: usize = 3;
