//! The root fields of a document, understood: what each reads, does, costs and answers.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::erasure;
use super::graphql::{Arguments, Field, GraphqlError, Request};
use super::hooks;
use super::search::{self, Search};
use super::{Kind, NotFound, Shop};
use crate::options::Unknown;
use crate::outbox::Outbox;

/// Shopify takes 10 points for each mutation.
const MUTATION_COST: u32 = 10;
/// And one for each object read.
const OBJECT_COST: u32 = 1;
/// A list costs two and, as Shopify's answers show, about a tenth of what it may hold. Lists within are not counted.
const LIST_COST: u32 = 2;
const LISTED_PER_POINT: u32 = 10;
/// Shopify's limit for lists.
const FIRST_MAX: u32 = 250;

/// One root field, understood.
pub(crate) enum RootCall {
    Tags { id: String, tags: Vec<String>, change: TagChange },
    OrderUpdate { id: String, note: Option<Option<String>>, tags: Option<Vec<String>> },
    Read { id: String, wanted: Option<Kind> },
    List { kind: Kind, first: u32, after: Option<String>, search: Search },
    Subscriptions { first: u32, after: Option<String> },
    Subscribe { topic: &'static str, uri: String },
    Unsubscribe { id: String },
    Erase { id: String },
}

#[derive(Clone, Copy)]
pub(crate) enum TagChange {
    Add,
    Remove,
}

/// Where calls act.
pub(crate) struct Stage<'a> {
    pub(crate) shop: &'a mut Shop,
    pub(crate) outbox: &'a mut Outbox,
    pub(crate) unknown: Unknown,
    pub(crate) now: Timestamp,
}

/// An answer, and what of its cost was asked for in vain.
pub(crate) struct Acted {
    pub(crate) result: Value,
    pub(crate) given_back: u32,
}

impl RootCall {
    pub(crate) fn read(request: &Request, field: &Field) -> Result<Self, GraphqlError> {
        let mut arguments = request.arguments(field)?;
        let call = match field.name.as_str() {
            "tagsAdd" => Self::read_tags(&mut arguments, TagChange::Add)?,
            "tagsRemove" => Self::read_tags(&mut arguments, TagChange::Remove)?,
            "orderUpdate" => Self::read_order_update(&mut arguments)?,
            "orders" => Self::read_list(&mut arguments, Kind::Order)?,
            "customers" => Self::read_list(&mut arguments, Kind::Customer)?,
            "webhookSubscriptions" => Self::Subscriptions {
                first: first(&mut arguments)?,
                after: arguments.optional_text("after")?,
            },
            "webhookSubscriptionCreate" => Self::read_subscribe(&mut arguments)?,
            "webhookSubscriptionDelete" => Self::Unsubscribe { id: arguments.text("id")? },
            "customerRequestDataErasure" => Self::Erase { id: arguments.text("customerId")? },
            "customer" => Self::read_object(&mut arguments, Some(Kind::Customer))?,
            "order" => Self::read_object(&mut arguments, Some(Kind::Order))?,
            _ => Self::read_object(&mut arguments, None)?,
        };
        arguments.finish()?;
        Ok(call)
    }

    fn read_object(arguments: &mut Arguments, wanted: Option<Kind>) -> Result<Self, GraphqlError> {
        let id = arguments.text("id")?;
        if !id.starts_with("gid://shopify/") {
            return Err(GraphqlError::new("argumentLiteralsIncompatible", "Invalid global id"));
        }
        Ok(Self::Read { id, wanted })
    }

    fn read_tags(arguments: &mut Arguments, change: TagChange) -> Result<Self, GraphqlError> {
        Ok(Self::Tags { id: arguments.text("id")?, tags: arguments.tags("tags")?, change })
    }

    fn read_order_update(arguments: &mut Arguments) -> Result<Self, GraphqlError> {
        let mut input = arguments.object("input")?;
        let id = input.text("id")?;
        let note = input.nullable_text("note")?;
        let tags = if input.has("tags") { Some(input.tags("tags")?) } else { None };
        input.finish()?;
        Ok(Self::OrderUpdate { id, note, tags })
    }

    fn read_list(arguments: &mut Arguments, kind: Kind) -> Result<Self, GraphqlError> {
        let first = first(arguments)?;
        let after = arguments.optional_text("after")?;
        if arguments.text("sortKey")? != "UPDATED_AT" {
            return Err(GraphqlError::new(
                "argumentNotAccepted",
                "no other sortKey than UPDATED_AT is simulated",
            ));
        }
        let search = Search::read(&arguments.optional_text("query")?.unwrap_or_default())?;
        Ok(Self::List { kind, first, after, search })
    }

    fn read_subscribe(arguments: &mut Arguments) -> Result<Self, GraphqlError> {
        let name = arguments.text("topic")?;
        let topic = hooks::topic_named(&name).ok_or_else(|| {
            let message = format!("Argument 'topic' has an invalid value ({name})");
            GraphqlError::new("argumentLiteralsIncompatible", message)
        })?;
        let mut subscription = arguments.object("webhookSubscription")?;
        let uri = match subscription.optional_text("uri")? {
            Some(uri) => uri,
            None => subscription.text("callbackUrl")?,
        };
        if !matches!(subscription.optional_text("format")?.as_deref(), None | Some("JSON")) {
            return Err(GraphqlError::new("argumentNotAccepted", "only JSON is simulated"));
        }
        subscription.finish()?;
        Ok(Self::Subscribe { topic, uri })
    }

    pub(crate) fn cost(&self) -> u32 {
        match self {
            Self::Tags { .. }
            | Self::OrderUpdate { .. }
            | Self::Subscribe { .. }
            | Self::Unsubscribe { .. }
            | Self::Erase { .. } => MUTATION_COST,
            Self::Read { .. } => OBJECT_COST,
            Self::List { first, .. } | Self::Subscriptions { first, .. } => list_cost(*first),
        }
    }

    pub(crate) fn act(self, stage: &mut Stage<'_>) -> Result<Acted, GraphqlError> {
        let asked = self.cost();
        let result = match self {
            Self::Tags { id, tags, change } => change_tags(stage, &id, tags, change),
            Self::OrderUpdate { id, note, tags } => update_order(stage, &id, note, tags),
            Self::Read { id, wanted } => read_object(stage, &id, wanted),
            Self::List { kind, first, after, search } => list(stage, kind, first, after.as_deref(), &search)?,
            Self::Subscriptions { first, after } => subscriptions(stage, first, after.as_deref()),
            Self::Subscribe { topic, uri } => {
                hooks::create(&mut stage.shop.subscriptions, stage.outbox, topic, &uri)
            }
            Self::Unsubscribe { id } => hooks::delete(&mut stage.shop.subscriptions, stage.outbox, &id),
            Self::Erase { id } => erasure::request(stage, &id),
        };
        let nodes = result.get("nodes").and_then(Value::as_array);
        let listed = nodes.and_then(|nodes| u32::try_from(nodes.len()).ok());
        let given_back = listed.map_or(0, |listed| asked.saturating_sub(list_cost(listed)));
        Ok(Acted { result, given_back })
    }
}

fn first(arguments: &mut Arguments) -> Result<u32, GraphqlError> {
    let first = arguments.count("first")?;
    if (1..=FIRST_MAX).contains(&first) {
        Ok(first)
    } else {
        let message = format!("first must be 1 to {FIRST_MAX}");
        Err(GraphqlError::new("BAD_USER_INPUT", message))
    }
}

fn list_cost(first: u32) -> u32 {
    LIST_COST + first.div_ceil(LISTED_PER_POINT)
}

fn change_tags(stage: &mut Stage<'_>, id: &str, tags: Vec<String>, change: TagChange) -> Value {
    let payload = match change {
        TagChange::Add => "TagsAddPayload",
        TagChange::Remove => "TagsRemovePayload",
    };
    let (kind, object) = match stage.find(id) {
        Ok(found) => found,
        Err(error) => {
            return json!({ "__typename": payload, "node": null, "userErrors": [error.user_error()] });
        }
    };
    let before = object.tags.clone();
    match change {
        TagChange::Add => object.tags.extend(tags),
        TagChange::Remove => object.tags.retain(|tag| !tags.contains(tag)),
    }
    let changed: Vec<String> = before.symmetric_difference(&object.tags).cloned().collect();
    if !changed.is_empty() {
        stage.changed(kind, id, &[]);
        if kind == Kind::Customer {
            stage.tell_tags(id, &changed, change);
        }
    }
    json!({ "__typename": payload, "node": stage.shop.node(kind, id), "userErrors": [] })
}

/// `tags` replaces the whole list here, unlike `tagsAdd`: the trap is part of the provider.
fn update_order(
    stage: &mut Stage<'_>,
    id: &str,
    note: Option<Option<String>>,
    tags: Option<Vec<String>>,
) -> Value {
    let payload = "OrderUpdatePayload";
    let found = match Kind::of_gid(id) {
        Some(Kind::Order) => stage.find(id),
        _ => Err(NotFound::NoSuchForm),
    };
    let (kind, object) = match found {
        Ok(found) => found,
        Err(error) => {
            return json!({ "__typename": payload, "order": null, "userErrors": [error.user_error()] });
        }
    };
    let before = object.clone();
    if let Some(note) = note {
        object.note = note;
    }
    if let Some(tags) = tags {
        object.tags = tags.into_iter().collect();
    }
    if *object != before {
        stage.changed(kind, id, &[]);
    }
    json!({ "__typename": payload, "order": stage.shop.node(kind, id), "userErrors": [] })
}

fn read_object(stage: &mut Stage<'_>, id: &str, wanted: Option<Kind>) -> Value {
    match stage.find(id) {
        Ok((kind, _)) if wanted.is_none_or(|wanted| wanted == kind) => stage.shop.node(kind, id),
        _ => Value::Null,
    }
}

fn list(
    stage: &Stage<'_>,
    kind: Kind,
    first: u32,
    after: Option<&str>,
    search: &Search,
) -> Result<Value, GraphqlError> {
    let typename = match kind {
        Kind::Customer => "CustomerConnection",
        Kind::Order => "OrderConnection",
    };
    let listed = search::list(stage.shop.index(kind), search, first as usize, after)?;
    let nodes: Vec<Value> = listed.gids.iter().map(|gid| stage.shop.node(kind, gid)).collect();
    Ok(json!({
        "__typename": typename,
        "pageInfo": { "__typename": "PageInfo", "hasNextPage": listed.has_next, "endCursor": listed.end },
        "nodes": nodes,
    }))
}

fn subscriptions(stage: &Stage<'_>, first: u32, after: Option<&str>) -> Value {
    let from: usize = after.and_then(|after| after.parse().ok()).unwrap_or(0);
    let all = hooks::nodes(&stage.shop.subscriptions, stage.outbox);
    let until = from.saturating_add(first as usize);
    let more = until < all.len();
    let nodes: Vec<Value> = all.into_iter().skip(from).take(first as usize).collect();
    json!({
        "__typename": "WebhookSubscriptionConnection",
        "pageInfo": { "__typename": "PageInfo", "hasNextPage": more, "endCursor": until.to_string() },
        "nodes": nodes,
    })
}
