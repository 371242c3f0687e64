//! What WhatsApp itself says of a customer: a new number, a new wish about marketing.

use omnihub_plugin::model::{Consent, Customer, PersonMerge};
use omnihub_plugin::{Event, Payload, Remark, meta};

use super::people::Person;
use super::{Map, Place, Sent, text};
use crate::wire::{Preference, System};

impl Map<'_> {
    pub(super) fn system(&mut self, place: &Place<'_>, sent: &Sent) {
        let Some(system) = &sent.message.system else {
            return self.malformed(&place.path, "the system message is not an object");
        };
        let kind = text(&system.kind).unwrap_or_default();
        match (kind.as_str(), text(&system.marketing)) {
            ("user_changed_number" | "customer_changed_number" | "user_changed_user_id", _) => {
                self.address_changed(place, sent, system);
            }
            ("user_preference_changed", Some(wish)) => {
                self.consent(place, sent.person.as_ref(), "marketing_messages", &wish, sent.time);
            }
            _ => {
                let topic = format!("system.{kind}");
                let event = meta::notice(&topic, place.raw, sent.time, self.received_at, &[]);
                self.gather.add(&place.path, event);
            }
        }
    }

    /// `from` is the old number. The person stays the same, though number and user id are both new; where no number may
    /// be told, only the user ids are.
    fn address_changed(&mut self, place: &Place<'_>, sent: &Sent, system: &System) {
        let old_user = system.previous_user_id.clone().or_else(|| sent.message.from_user_id.clone());
        let old = Person::of(&sent.message.from, &old_user);
        let new_number = system.wa_id.clone().or_else(|| system.new_wa_id.clone());
        let (Some(old), Some(new)) = (old, Person::of(&new_number, &system.user_id)) else {
            return self.malformed(&place.path, "the change does not name both numbers or user ids");
        };
        if old.id() == new.id() {
            return self.gather.note(&place.path, Remark::Ignored, "neither number nor user id changed");
        }
        let merge = PersonMerge { kept: new.identity(), absorbed: old.identity() };
        let object = format!("{}>{}", old.id(), new.id());
        let otherwise = text(&sent.message.id).unwrap_or_default();
        let payload = Payload::PersonMerge(merge);
        let event = Event::dated("person.merged", &object, sent.time, &otherwise, self.received_at, payload);
        self.gather.add(&place.path, event);
        // Messages may be filed under user ids; the numbers lead from those to the two ids merged here.
        for person in [new, old].iter().filter(|person| person.has_phone()) {
            let payload = Payload::Customer(Customer::new(person.party()));
            let id = person.id();
            let event =
                Event::dated("customer.updated", &id, sent.time, &otherwise, self.received_at, payload);
            self.gather.add(&place.path, event);
        }
    }

    pub(super) fn preference(&mut self, place: &Place<'_>, preference: Option<&Preference>) {
        let Some(preference) = preference else {
            return self.malformed(&place.path, "the preference is not an object");
        };
        let (Some(category), Some(wish)) = (text(&preference.category), text(&preference.value)) else {
            return self.malformed(&place.path, "the preference has no category or value");
        };
        let person = place.people.find(&preference.wa_id, &preference.user_id);
        let time = meta::time(preference.timestamp.as_ref()).or(place.time);
        self.consent(place, person.as_ref(), &category, &wish, time);
    }

    fn consent(
        &mut self,
        place: &Place<'_>,
        person: Option<&Person>,
        category: &str,
        wish: &str,
        time: Option<i64>,
    ) {
        let Some(person) = person else {
            return self.malformed(&place.path, "the preference is nobody's");
        };
        let purpose = if category == "marketing_messages" { "marketing" } else { category };
        let state = match wish {
            "stop" => "denied",
            "resume" => "granted",
            other => other,
        };
        let consent = Consent { at: time, ..Consent::new(person.party(), "whatsapp", purpose, state) };
        let object = format!("{}:{purpose}", person.id());
        let payload = Payload::Consent(consent);
        let event = Event::dated("consent.changed", &object, time, state, self.received_at, payload);
        self.gather.add(&place.path, event);
    }
}
