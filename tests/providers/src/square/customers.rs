//! Square's customer directory, as far as people are entered and deleted. What a deleted customer had collected stays in
//! `loyalty`: Square's API deletes no loyalty accounts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::SquareError;
use crate::options::Unknown;
use crate::state::Ids;

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Customers {
    profiles: BTreeMap<String, Profile>,
    /// Ids, which never come back.
    deleted: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Profile {
    id: String,
    #[serde(flatten)]
    fields: Fields,
    creation_source: &'static str,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    #[serde(skip_serializing_if = "Option::is_none")]
    given_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_id: Option<String>,
}

fn new(id: &str, fields: Fields, now: Timestamp) -> Profile {
    Profile { id: id.to_owned(), fields, creation_source: "THIRD_PARTY", created_at: now, updated_at: now }
}

impl Customers {
    pub(crate) fn create(
        &mut self,
        fields: Fields,
        ids: &mut Ids,
        now: Timestamp,
    ) -> Result<Value, SquareError> {
        let Fields { given_name, family_name, email_address, phone_number, .. } = &fields;
        if [given_name, family_name, email_address, phone_number].iter().all(|field| field.is_none()) {
            let detail = "At least one of given_name, family_name, email_address, phone_number is needed.";
            return Err(SquareError::bad("BAD_REQUEST", detail, "customer"));
        }
        let id = hex::encode_upper(ids.fresh()).chars().take(26).collect::<String>();
        let profile = new(&id, fields, now);
        let shown = json!(profile);
        self.profiles.insert(id, profile);
        Ok(shown)
    }

    pub(crate) fn show(&self, id: &str) -> Result<Value, SquareError> {
        self.profiles.get(id).map(|profile| json!(profile)).ok_or_else(not_found)
    }

    /// The profile as it was.
    pub(crate) fn delete(
        &mut self,
        id: &str,
        unknown: Unknown,
        now: Timestamp,
    ) -> Result<Value, SquareError> {
        let profile = match (self.profiles.remove(id), unknown) {
            (Some(profile), _) => profile,
            (None, Unknown::Created) if !self.deleted.contains(id) => new(id, Fields::default(), now),
            (None, _) => return Err(not_found()),
        };
        self.deleted.insert(id.to_owned());
        Ok(json!(profile))
    }
}

fn not_found() -> SquareError {
    SquareError::not_found("Customer not found.")
}
