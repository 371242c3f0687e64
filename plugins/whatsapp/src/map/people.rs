//! Who a customer is. People with a username come without a phone number, or with their user id where the number was:
//! nothing here takes an id for digits.

use omnihub_plugin::exact::Text;
use omnihub_plugin::model::{Identity, Party, Proof};

use super::text;
use crate::wire::Contact;

/// The longest phone number there is (E.164). Longer runs of digits are ids.
const PHONE_DIGITS_MAX: usize = 15;

/// What stands in `from`, `to`, `wa_id` and `recipient_id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// Digits without plus.
    Phone(String),
    /// A business-scoped user id, "US.1349…".
    User(String),
}

impl Address {
    pub(crate) fn of(address: &str) -> Option<Self> {
        let address = address.trim();
        let digits = address.strip_prefix('+').unwrap_or(address);
        if address.is_empty() {
            return None;
        }
        let is_phone = !digits.is_empty()
            && digits.len() <= PHONE_DIGITS_MAX
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        Some(if is_phone { Self::Phone(digits.into()) } else { Self::User(address.into()) })
    }
}

/// A customer, by at least one of user id and phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    key: Key,
    username: Option<String>,
    name: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Key {
    user: Option<String>,
    phone: Option<String>,
}

impl Key {
    fn of(address: &Option<Text>, user_id: &Option<Text>) -> Self {
        let (phone, user) = match text(address).and_then(|address| Address::of(&address)) {
            Some(Address::Phone(digits)) => (Some(digits), None),
            Some(Address::User(id)) => (None, Some(id)),
            None => (None, None),
        };
        Self { user: text(user_id).or(user), phone }
    }

    fn is_empty(&self) -> bool {
        self.user.is_none() && self.phone.is_none()
    }

    fn names_the_same(&self, other: &Self) -> bool {
        let equal = |left: &Option<String>, right: &Option<String>| left.is_some() && left == right;
        equal(&self.user, &other.user) || equal(&self.phone, &other.phone)
    }

    fn contradicts(&self, other: &Self) -> bool {
        let unequal = |left: &Option<String>, right: &Option<String>| match (left, right) {
            (Some(left), Some(right)) => left != right,
            _ => false,
        };
        unequal(&self.user, &other.user) || unequal(&self.phone, &other.phone)
    }
}

impl Person {
    pub(super) fn of(address: &Option<Text>, user_id: &Option<Text>) -> Option<Self> {
        let key = Key::of(address, user_id);
        (!key.is_empty()).then_some(Self { key, username: None, name: None })
    }

    /// The user id where there is one: a number may go away, the id stays.
    pub(super) fn id(&self) -> String {
        self.key.user.clone().or_else(|| self.key.phone.clone()).unwrap_or_default()
    }

    pub(super) fn identity(&self) -> Identity {
        Identity::provider("wa", self.id())
    }

    pub(super) fn has_phone(&self) -> bool {
        self.key.phone.is_some()
    }

    pub(super) fn party(&self) -> Party {
        let mut ids = vec![self.identity()];
        // Nobody can write from or be reached at a number that is not theirs.
        ids.extend(
            self.key.phone.as_ref().map(|digits| Identity::phone(format!("+{digits}"), Proof::Channel)),
        );
        ids.extend(self.username.as_ref().map(|name| Identity::handle("whatsapp", name.as_str())));
        Party { ids, name: self.name.clone() }
    }
}

/// The contacts beside the messages of a value; they may be missing.
#[derive(Clone, Copy)]
pub(super) struct People<'a>(&'a [Option<Contact>]);

impl<'a> People<'a> {
    pub(super) fn of(contacts: &'a [Option<Contact>]) -> Self {
        Self(contacts)
    }

    /// The person of these ids, with what the contacts know of them.
    pub(super) fn find(&self, address: &Option<Text>, user_id: &Option<Text>) -> Option<Person> {
        let key = Key::of(address, user_id);
        let contacts = || self.0.iter().flatten().map(|contact| (contact, contact_key(contact)));
        let found = contacts().find(|(_, other)| key.names_the_same(other)).or_else(|| {
            // The only contact there is belongs to the message unless it says otherwise.
            let mut all = contacts();
            all.next().filter(|(_, other)| all.next().is_none() && !key.contradicts(other))
        });
        let Some((contact, other)) = found else {
            return (!key.is_empty()).then_some(Person { key, username: None, name: None });
        };
        let key = Key { user: key.user.or(other.user), phone: other.phone.or(key.phone) };
        let profile = contact.profile.as_ref();
        let username = profile.and_then(|profile| text(&profile.username));
        let name = profile.and_then(|profile| text(&profile.name));
        (!key.is_empty()).then_some(Person { key, username, name })
    }
}

fn contact_key(contact: &Contact) -> Key {
    Key::of(&contact.wa_id, &contact.user_id)
}
