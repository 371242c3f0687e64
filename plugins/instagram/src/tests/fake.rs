//! A small Instagram: conversations read from a list of messages, page by page, with the last twenty shown.

use std::collections::BTreeMap;

use omnihub_plugin::host::http::{HttpError, Request, Response};
use omnihub_plugin::meta::graph::Graph;
use omnihub_plugin::meta::scripted::answer;
use omnihub_plugin::model::Note;
use omnihub_plugin::{Event, Page, Position};
use serde_json::{Value, json};

use super::{ACCOUNT, api, settings};
use crate::api::Api;
use crate::poll;

/// What Instagram shows of a conversation.
const SHOWN: usize = 20;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said {
    pub(super) mid: String,
    pub(super) customer: String,
    pub(super) is_ours: bool,
    /// Seconds.
    pub(super) at: i64,
    pub(super) text: String,
}

impl Said {
    pub(super) fn new(number: usize, customer: &str, is_ours: bool, at: i64) -> Self {
        let text = format!("message {number}");
        Self { mid: format!("mid.{number}"), customer: customer.into(), is_ours, at, text }
    }

    fn people(&self) -> (Value, Value) {
        let customer = json!({"id": self.customer, "username": format!("user.{}", self.customer)});
        let account = json!({"id": ACCOUNT});
        if self.is_ours { (account, customer) } else { (customer, account) }
    }

    /// The item of a webhook about it.
    pub(super) fn item(&self, milliseconds: i64) -> Value {
        let (sender, recipient) = self.people();
        let mut message = json!({"mid": self.mid, "text": self.text});
        if self.is_ours {
            message["is_echo"] = true.into();
        }
        json!({"sender": sender, "recipient": recipient, "timestamp": self.at * 1_000 + milliseconds, "message": message})
    }

    fn listed(&self) -> Value {
        let (from, to) = self.people();
        let at = jiff(self.at);
        json!({"id": self.mid, "created_time": at, "from": from, "to": {"data": [to]}, "message": self.text})
    }
}

/// Seconds since 2026-01-01T10:00:00Z as Meta writes them, within that hour.
fn jiff(at: i64) -> String {
    let seconds = at - super::THEN / 1_000_000_000;
    format!("2026-01-01T10:{:02}:{:02}+0000", seconds / 60, seconds % 60)
}

/// The second of the hour as an absolute time.
pub(super) fn at(second: i64) -> i64 {
    super::THEN / 1_000_000_000 + second
}

#[derive(Default)]
pub(super) struct Fake {
    pub(super) said: Vec<Said>,
    pub(super) asked: Vec<String>,
}

impl Fake {
    pub(super) fn of(said: Vec<Said>) -> Self {
        Self { said, asked: Vec::new() }
    }

    /// The messages of each customer, the newest first; customers by their newest.
    fn conversations(&self) -> Vec<(&str, Vec<&Said>)> {
        let mut by_customer: BTreeMap<&str, Vec<&Said>> = BTreeMap::new();
        for said in &self.said {
            by_customer.entry(&said.customer).or_default().push(said);
        }
        let mut all: Vec<(&str, Vec<&Said>)> = by_customer.into_iter().collect();
        all.iter_mut().for_each(|(_, said)| said.sort_by_key(|said| -said.at));
        all.sort_by_key(|(_, said)| -said[0].at);
        all
    }

    pub(super) fn answer_to(&self, path: &str) -> Value {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let parameter = |name: &str| {
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(key, _)| *key == name)
                .map(|it| it.1)
        };
        let start = parameter("after").map_or(0, |after| after.trim_start_matches("after").parse().unwrap());
        let limit = parameter("limit").map_or(25, |limit| limit.parse().unwrap());
        let conversations = self.conversations();
        if path == "/v25.0/me" {
            return json!({"data": [{"user_id": ACCOUNT, "username": "shop.example"}]});
        }
        if let Some(customer) = path.strip_prefix("/v25.0/t_").and_then(|path| path.strip_suffix("/messages"))
        {
            let messages = &conversations.iter().find(|(name, _)| *name == customer).unwrap().1;
            return listed(messages, start, limit);
        }
        assert!(path.ends_with("/conversations"), "{path}");
        let data: Vec<Value> = conversations
            .iter()
            .filter(|(customer, _)| parameter("user_id").is_none_or(|wanted| wanted == *customer))
            .map(|(customer, messages)| {
                json!({
                    "id": format!("t_{customer}"),
                    "updated_time": jiff(messages[0].at),
                    "messages": listed(messages, 0, SHOWN),
                })
            })
            .collect();
        page(data, start, limit)
    }
}

fn listed(messages: &[&Said], start: usize, limit: usize) -> Value {
    let old = |said: &Said| json!({"id": said.mid, "created_time": jiff(said.at)});
    let all = messages.iter().enumerate();
    page(
        all.map(|(index, said)| if index < SHOWN { said.listed() } else { old(said) }).collect(),
        start,
        limit,
    )
}

fn page(all: Vec<Value>, start: usize, limit: usize) -> Value {
    let end = all.len().min(start + limit);
    let mut paging = json!({"cursors": {"before": format!("after{start}"), "after": format!("after{end}")}});
    if end < all.len() {
        paging["next"] = "https://graph.instagram.com/the-next-page".into();
    }
    json!({"data": all[start.min(end)..end], "paging": paging})
}

impl Graph for Fake {
    fn send(&mut self, request: &Request) -> Result<Response, HttpError> {
        self.asked.push(request.path.clone());
        answer(200, self.answer_to(&request.path).to_string())
    }

    fn pause(&mut self, _milliseconds: u64) {}
}

/// What a run gave.
#[derive(Debug, Default)]
pub(super) struct Run {
    pub(super) events: Vec<Event>,
    pub(super) notes: Vec<Note>,
    pub(super) cursor: Option<String>,
    pub(super) reached: Vec<Option<i64>>,
}

pub(super) fn position(cursor: Option<String>, since: Option<i64>) -> Position {
    Position { stream: poll::STREAM.into(), cursor, since, now: super::RECEIVED }
}

pub(super) fn page_of(fake: &mut dyn Graph, api: &Api, position: &Position) -> Page {
    poll::poll(position, &settings(), api, fake).unwrap()
}

/// Reads until there is no more; every page is asked for twice, as after a crash.
pub(super) fn drain(fake: &mut dyn Graph, page_size: u32, cursor: Option<String>, since: Option<i64>) -> Run {
    let api = Api { page_size, ..api() };
    let mut run = Run { cursor, ..Run::default() };
    loop {
        let position = position(run.cursor.clone(), since);
        let page = page_of(fake, &api, &position);
        let again = page_of(fake, &api, &position);
        assert_eq!((&page.report.events, &page.cursor), (&again.report.events, &again.cursor));
        run.events.extend(page.report.events);
        run.notes.extend(page.report.notes);
        run.cursor = page.cursor;
        run.reached.push(page.reached);
        if !page.more {
            return run;
        }
        assert!(run.reached.len() < 1_000, "the run does not end");
    }
}
