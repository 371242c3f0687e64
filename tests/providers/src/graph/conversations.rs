//! Reading what was said on Instagram: conversations by their newest message, messages page by page, single nodes. Only
//! the last twenty messages of a conversation are shown; of older ones there is an id and a time.

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::webhooks::{OWN_ACCOUNT, shown, username};
use super::{Channel, Graph, MetaError, put, versioned};
use crate::answer::{Answer, Answered};
use crate::state::Shared;

/// What Instagram shows of a conversation.
const SHOWN: usize = 20;
/// Meta's page where no other is asked for, and its largest.
const PAGE: usize = 25;
const PAGE_MAX: usize = 100;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    platform: Option<String>,
    fields: Option<String>,
    user_id: Option<String>,
    limit: Option<usize>,
    after: Option<String>,
}

impl Asked {
    fn names(&self, field: &str) -> bool {
        self.fields.as_ref().is_some_and(|fields| fields.contains(field))
    }

    /// `messages.limit(20){...}`.
    fn nested_limit(&self) -> usize {
        let limit = self.fields.as_ref().and_then(|fields| fields.split_once("messages.limit("));
        let limit =
            limit.and_then(|(_, rest)| rest.split_once(')')).and_then(|(number, _)| number.parse().ok());
        limit.unwrap_or(PAGE)
    }
}

/// One message, whoever wrote it.
struct Told<'a> {
    id: &'a str,
    at: Timestamp,
    from: &'a str,
    to: &'a str,
    text: Option<&'a str>,
    medium: Option<(&'a str, Option<&'a str>)>,
}

impl Told<'_> {
    fn brief(&self) -> Value {
        json!({ "id": self.id, "created_time": meta_time(self.at) })
    }

    fn full(&self, account: &str) -> Value {
        let person = |id: &str| {
            let name = if id == account { "shop".to_owned() } else { username(id) };
            json!({ "id": id, "username": name })
        };
        let mut told = self.brief();
        put(&mut told, "from", person(self.from));
        put(&mut told, "to", json!({ "data": [person(self.to)] }));
        put(&mut told, "message", json!(self.text.unwrap_or_default()));
        if let Some((kind, url)) = self.medium {
            let medium = match kind {
                "image" => json!({ "image_data": { "url": url } }),
                "video" => json!({ "video_data": { "url": url } }),
                _ => json!({ "file_url": url }),
            };
            put(&mut told, "attachments", json!({ "data": [medium] }));
        }
        told
    }
}

/// "2026-03-01T10:00:30+0000": whole seconds, the offset without colon.
fn meta_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

/// The messages of an account by customer, the newest first.
fn conversations<'a>(graph: &'a Graph, account: &str) -> BTreeMap<&'a str, Vec<Told<'a>>> {
    let mut all: BTreeMap<&str, Vec<Told<'_>>> = BTreeMap::new();
    let is_ours = |channel: Channel, of: &str| channel == Channel::Instagram && shown(of) == shown(account);
    for inbound in graph.inbound.iter().filter(|it| is_ours(it.channel, &it.account)) {
        let (from, to) = (inbound.from.as_str(), shown(&inbound.account));
        let text = Some(inbound.text.as_str());
        all.entry(from).or_default().push(Told {
            id: &inbound.id,
            at: inbound.at,
            from,
            to,
            text,
            medium: None,
        });
    }
    for sent in graph.messages.iter().filter(|it| is_ours(it.channel, &it.account)) {
        let (from, to) = (shown(&sent.account), sent.to.as_str());
        let medium = sent.text.is_none().then_some((sent.kind.as_str(), sent.media_url.as_deref()));
        let text = sent.text.as_deref();
        all.entry(to).or_default().push(Told { id: &sent.id, at: sent.at, from, to, text, medium });
    }
    // Stable, so that messages of one moment stay in the order they were made.
    all.values_mut().for_each(|told| {
        told.sort_by_key(|told| told.at);
        told.reverse();
    });
    all
}

/// A conversation's id says whose it is.
fn conversation_id(account: &str, customer: &str) -> String {
    format!("t_{}_{customer}", shown(account))
}

/// A part of a list; cursors are places in it.
fn page<T>(
    all: &[T],
    limit: usize,
    after: Option<&str>,
    show: impl Fn(usize, &T) -> Result<Value, MetaError>,
) -> Result<Value, MetaError> {
    let start = match after.map(|after| after.trim_start_matches("after-").parse::<usize>()) {
        None => 0,
        Some(Ok(start)) => start,
        Some(Err(_)) => return Err(MetaError::permanent(100, "(#100) Invalid cursor")),
    };
    let wanted = all.iter().enumerate().skip(start).take(limit.clamp(1, PAGE_MAX));
    let data = wanted.map(|(index, one)| show(index, one)).collect::<Result<Vec<_>, _>>()?;
    let end = start.saturating_add(data.len());
    let mut page = json!({ "data": data });
    if end > start {
        let mut paging =
            json!({ "cursors": { "before": format!("after-{start}"), "after": format!("after-{end}") } });
        if end < all.len() {
            put(&mut paging, "next", json!("https://graph.instagram.com/next"));
        }
        put(&mut page, "paging", paging);
    }
    Ok(page)
}

fn messages_page(
    told: &[Told<'_>],
    account: &str,
    limit: usize,
    after: Option<&str>,
) -> Result<Value, MetaError> {
    page(told, limit, after, |index, told| Ok(if index < SHOWN { told.full(account) } else { told.brief() }))
}

/// `GET /{account}/conversations`.
pub(super) async fn list(
    State(shared): State<Shared>,
    Path((version, account)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Answered {
    versioned(&version)?;
    if asked.platform.as_deref().is_some_and(|platform| platform != "instagram") {
        return Err(MetaError::permanent(100, "(#100) platform must be instagram").into());
    }
    let mut worlds = shared.lock();
    worlds.graph.admit(&account)?;
    let mut all: Vec<(&str, Vec<Told<'_>>)> = conversations(&worlds.graph, &account).into_iter().collect();
    all.retain(|(customer, _)| asked.user_id.as_deref().is_none_or(|wanted| wanted == *customer));
    all.sort_by_key(|(_, told)| std::cmp::Reverse(told.first().map(|told| told.at)));
    let show = |_, (customer, told): &(&str, Vec<Told<'_>>)| {
        let updated = told.first().map(|told| meta_time(told.at));
        let mut one = json!({ "id": conversation_id(&account, customer), "updated_time": updated });
        if asked.names("participants") {
            put(&mut one, "participants", json!({ "data": [{ "id": shown(&account) }, { "id": customer }] }));
        }
        if asked.names("messages") {
            put(&mut one, "messages", messages_page(told, shown(&account), asked.nested_limit(), None)?);
        }
        Ok(one)
    };
    Ok(Answer::ok(page(&all, asked.limit.unwrap_or(PAGE), asked.after.as_deref(), show)?))
}

/// `GET /{conversation}/messages`.
pub(super) async fn messages(
    State(shared): State<Shared>,
    Path((version, conversation)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Answered {
    versioned(&version)?;
    let named = conversation.strip_prefix("t_").and_then(|rest| rest.split_once('_'));
    let (account, customer) = named.ok_or_else(unknown_node)?;
    let mut worlds = shared.lock();
    worlds.graph.admit(account)?;
    let all = conversations(&worlds.graph, account);
    let told = all.get(customer).ok_or_else(unknown_node)?;
    let limit = asked.limit.unwrap_or(PAGE);
    Ok(Answer::ok(messages_page(told, account, limit, asked.after.as_deref())?))
}

/// `GET /{node}`: the account itself, a comment, or a message while it is shown.
pub(super) async fn node(
    State(shared): State<Shared>,
    Path((version, node)): Path<(String, String)>,
) -> Answered {
    versioned(&version)?;
    let mut worlds = shared.lock();
    worlds.graph.admit(&node)?;
    if node == "me" {
        return Ok(Answer::ok(json!({ "user_id": OWN_ACCOUNT, "username": "shop" })));
    }
    if let Some(comment) = worlds.graph.comments.iter().find(|comment| comment.id == node) {
        let from = json!({ "id": comment.from, "username": username(&comment.from) });
        let (at, text) = (meta_time(comment.at), &comment.text);
        return Ok(Answer::ok(json!({ "id": comment.id, "from": from, "timestamp": at, "text": text })));
    }
    let sent = worlds.graph.messages.iter().find(|message| message.id == node).map(|it| &it.account);
    let account = sent.or_else(|| worlds.graph.inbound.iter().find(|it| it.id == node).map(|it| &it.account));
    let account = account.ok_or_else(unknown_node)?;
    let told = conversations(&worlds.graph, account)
        .into_values()
        .find_map(|told| told.into_iter().enumerate().find(|(_, told)| told.id == node));
    match told {
        Some((index, told)) if index < SHOWN => Ok(Answer::ok(told.full(shown(account)))),
        // So it calls what it shows no more.
        Some(_) => Err(MetaError::permanent(100, "(#100) The message has been deleted").into()),
        None => Err(unknown_node().into()),
    }
}

fn unknown_node() -> MetaError {
    MetaError {
        subcode: Some(33),
        ..MetaError::permanent(100, "Unsupported get request. Object does not exist")
    }
}
