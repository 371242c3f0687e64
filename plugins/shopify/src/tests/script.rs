//! A shop that answers from a script and keeps what it was asked.

use std::collections::VecDeque;

use omnihub_plugin::host::http::{HttpError, Request, Response};
use serde_json::Value;

use crate::admin::{Admin, Shop};

#[derive(Default)]
pub(super) struct Script {
    answers: VecDeque<Result<Response, HttpError>>,
    /// Query and variables of every request.
    pub(super) asked: Vec<(String, Value)>,
    pub(super) pauses: Vec<u64>,
}

impl Script {
    /// Answers of status 200, one for each request.
    pub(super) fn of(bodies: impl IntoIterator<Item = Value>) -> Self {
        Self::answering(bodies.into_iter().map(|body| Ok(answer(200, &body.to_string()))))
    }

    pub(super) fn answering(answers: impl IntoIterator<Item = Result<Response, HttpError>>) -> Self {
        Self { answers: answers.into_iter().collect(), ..Self::default() }
    }

    pub(super) fn admin(&mut self) -> Admin<'_> {
        Admin::new(self, "2026-04").unwrap()
    }

    pub(super) fn variables(&self, request: usize) -> &Value {
        &self.asked[request].1
    }
}

impl Shop for Script {
    fn send(&mut self, request: &Request) -> Result<Response, HttpError> {
        assert_eq!(request.path, "/admin/api/2026-04/graphql.json");
        let mut body: Value = serde_json::from_str(request.body.as_deref().unwrap()).unwrap();
        self.asked.push((body["query"].as_str().unwrap().to_owned(), body["variables"].take()));
        self.answers.pop_front().unwrap_or(Err(HttpError::Exhausted))
    }

    fn pause(&mut self, milliseconds: u64) {
        self.pauses.push(milliseconds);
    }
}

pub(super) fn answer(status: u16, body: &str) -> Response {
    Response { status, headers: Vec::new(), body: body.to_owned() }
}
