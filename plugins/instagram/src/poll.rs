//! Reads conversations, the newest first, down to where the last run began. One request brings conversations together
//! with their last messages; what a conversation has beyond those is asked for one page at a time.
//!
//! It can find messages, never their absence: Instagram shows of each conversation no more than the last 20 messages
//! and calls older ones deleted. Nothing here takes a message back.

mod cursor;

use omnihub_plugin::lenient::said;
use omnihub_plugin::meta::graph::{self, Graph, Refusal, Repeat};
use omnihub_plugin::{Failure, Page, Position, Remark, members, meta};

use crate::api::Api;
use crate::map::{Map, Settings};
use crate::wire::history::{Conversation, Conversations, MESSAGE_FIELDS, Me, Messages};
use cursor::{Behind, Cursor, Run};

pub(crate) const STREAM: &str = "conversations";

/// The messages of a conversation that Instagram still shows.
pub(crate) const MESSAGES_SHOWN: u32 = 20;

/// An answer that is no list of anything is not what the provider meant to say.
const UNREADABLE_MS: u64 = 30_000;

/// "Please reduce the amount of data you're asking for."
const TOO_MUCH_DATA: i64 = 1;

pub(crate) fn poll(
    position: &Position,
    settings: &Settings,
    api: &Api,
    graph: &mut dyn Graph,
) -> Result<Page, Failure> {
    if position.stream != STREAM {
        return Err(Failure::Unsupported(format!("stream {}", position.stream)));
    }
    let mut cursor = Cursor::of(position)?;
    let account = match api.account_id.clone().or(cursor.account.take()) {
        Some(account) => account,
        None => own_account(api, graph)?,
    };
    let run = cursor.run.get_or_insert_with(|| Run { began: position.now, ..Run::default() });
    let mut reading = Reading {
        api,
        graph,
        account: &account,
        floor: cursor.floor.unwrap_or(i64::MIN),
        told_from: cursor.told_from.unwrap_or(i64::MIN),
        map: Map::new(settings, position.now),
    };
    match run.behind.pop() {
        Some(behind) => reading.older(run, behind)?,
        None => reading.newest(run)?,
    }
    let report = reading.map.finish_page();
    let more = run.after.is_some() || !run.behind.is_empty();
    let reached = if more { None } else { Some(run.began) };
    if !more {
        cursor.finish();
    }
    cursor.account = Some(account);
    Ok(Page { report, cursor: Some(cursor.text()), more, reached })
}

fn own_account(api: &Api, graph: &mut dyn Graph) -> Result<String, Failure> {
    let path = api.of("me", "", &[("fields", "user_id")])?;
    let unknown = || Failure::Misconfigured("account_id".into());
    let body = match graph::call(graph, &graph::get(path), 1, Repeat::Harmless) {
        // A Page's token has no account of its own.
        Err(Refusal { failure: Failure::Rejected(_), .. }) => return Err(unknown()),
        other => other?,
    };
    let me: Me = members::read(&body).ok_or(Failure::RetryAfterMs(UNREADABLE_MS))?;
    let again = me.data.into_iter().flatten().flatten().next();
    said(me.user_id).or_else(|| said(again?.user_id)).ok_or_else(unknown)
}

struct Reading<'a> {
    api: &'a Api,
    graph: &'a mut dyn Graph,
    account: &'a str,
    floor: i64,
    told_from: i64,
    map: Map<'a>,
}

impl Reading<'_> {
    /// The next page of conversations.
    fn newest(&mut self, run: &mut Run) -> Result<(), Failure> {
        let mut size = self.api.page_size;
        run.is_long |= run.after.is_some();
        let body = match self.conversations(run, size) {
            Err(refusal) if refusal.code == Some(TOO_MUCH_DATA) => {
                size = 1;
                self.conversations(run, size)?
            }
            other => other?,
        };
        let page: Conversations = members::read(&body).ok_or(Failure::RetryAfterMs(UNREADABLE_MS))?;
        let data = page.data.ok_or(Failure::RetryAfterMs(UNREADABLE_MS))?;
        let is_full = data.len() >= size as usize;
        let mut oldest = None;
        for (index, conversation) in data.iter().enumerate() {
            let path = format!("/data/{index}");
            let Some(conversation) = conversation else {
                self.map.note(&path, Remark::Malformed, "the conversation is not an object");
                continue;
            };
            let updated = meta::time(conversation.updated_time.as_ref());
            run.top = run.top.max(updated);
            oldest = updated.or(oldest);
            if updated.is_none_or(|updated| updated >= self.floor) {
                run.behind.extend(self.conversation(&path, conversation));
            }
        }
        let is_done = data.is_empty() || oldest.is_some_and(|oldest| oldest < self.floor);
        let after = page.paging.and_then(|paging| paging.after(is_full));
        // A place that leads to itself would be read for ever.
        run.after = after.filter(|after| !is_done && Some(after) != run.after.as_ref());
        Ok(())
    }

    fn conversations(&mut self, run: &Run, size: u32) -> Result<String, Refusal> {
        let fields =
            format!("id,updated_time,participants,messages.limit({MESSAGES_SHOWN}){{{MESSAGE_FIELDS}}}");
        let size = size.to_string();
        let mut query = vec![("platform", "instagram"), ("fields", fields.as_str()), ("limit", &size)];
        if let Some(after) = &run.after {
            query.push(("after", after));
        }
        let path = self.api.edge("conversations", &query)?;
        graph::call(self.graph, &graph::get(path), 1, Repeat::Harmless)
    }

    /// What a conversation brought along, and where to go on when that was not all that is wanted.
    fn conversation(&mut self, path: &str, conversation: &Conversation) -> Option<Behind> {
        let Some(messages) = &conversation.messages else {
            self.map.note(path, Remark::Malformed, "the conversation comes without its messages");
            return None;
        };
        let path = format!("{path}/messages");
        let after = self.messages(&path, conversation, messages)?;
        let id = said(conversation.id.clone());
        if id.is_none() {
            self.map.note(&path, Remark::Malformed, "the conversation has no id to read on by");
        }
        Some(Behind { conversation: id?, after })
    }

    /// More messages of a conversation.
    fn older(&mut self, run: &mut Run, behind: Behind) -> Result<(), Failure> {
        let limit = MESSAGES_SHOWN.to_string();
        let query = [("fields", MESSAGE_FIELDS), ("limit", limit.as_str()), ("after", &behind.after)];
        let path = self.api.of(&behind.conversation, "messages", &query)?;
        let messages: Messages = match graph::call(self.graph, &graph::get(path), 1, Repeat::Harmless) {
            Ok(body) => members::read(&body).ok_or(Failure::RetryAfterMs(UNREADABLE_MS))?,
            // Instagram calls deleted what it shows no more. That is not what happened to it.
            Err(Refusal { failure: Failure::Rejected(_), .. }) => {
                self.map.note("", Remark::Unknown, "the provider shows no older messages of a conversation");
                return Ok(());
            }
            Err(refusal) => return Err(refusal.into()),
        };
        if messages.data.is_none() {
            return Err(Failure::RetryAfterMs(UNREADABLE_MS));
        }
        let nobody = Conversation::default();
        if let Some(after) = self.messages("", &nobody, &messages).filter(|after| *after != behind.after) {
            run.behind.push(Behind { after, ..behind });
        }
        Ok(())
    }

    /// Tells the messages that are new enough; gives the place behind them when older ones may be, too.
    fn messages(&mut self, path: &str, of: &Conversation, messages: &Messages) -> Option<String> {
        let Some(data) = &messages.data else {
            self.map.note(path, Remark::Malformed, "the messages are not a list");
            return None;
        };
        let mut is_shown = true;
        let mut is_past = false;
        for (index, message) in data.iter().enumerate() {
            let path = format!("{path}/data/{index}");
            let Some(message) = message else {
                self.map.note(&path, Remark::Malformed, "the message is not an object");
                continue;
            };
            is_shown = message.from.is_some();
            let is_old = meta::time(message.created_time.as_ref()).is_some_and(|at| at < self.told_from);
            is_past |= is_old;
            if !is_old {
                self.map.told(&path, self.account, of.participants.as_ref(), message);
            }
        }
        let is_full = data.len() >= MESSAGES_SHOWN as usize;
        messages.paging.as_ref()?.after(is_full).filter(|_| is_shown && !is_past && !data.is_empty())
    }
}
