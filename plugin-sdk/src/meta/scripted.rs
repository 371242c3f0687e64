//! A Graph API for connectors' own tests that answers from a list and keeps what it was asked. Not for use in a
//! connector itself.

use std::collections::VecDeque;

use super::graph::Graph;
use crate::Header;
use crate::host::http::{HttpError, Request, Response};

/// Gives its answers in their order; after the last one nothing is reachable.
#[derive(Debug, Default)]
pub struct Scripted {
    answers: VecDeque<Result<Response, HttpError>>,
    /// What was asked, in order.
    pub asked: Vec<Request>,
    /// How long it was to be left alone, in milliseconds.
    pub pauses: Vec<u64>,
}

impl Scripted {
    /// Answers with these.
    pub fn new(answers: impl IntoIterator<Item = Result<Response, HttpError>>) -> Self {
        Self { answers: answers.into_iter().collect(), ..Self::default() }
    }
}

/// An answer with a status and a body.
///
/// # Errors
/// Never; it is a `Result` because that is what a script holds.
pub fn answer(status: u16, body: impl Into<String>) -> Result<Response, HttpError> {
    Ok(Response { status, headers: Vec::new(), body: body.into() })
}

/// An answer of success with one header.
///
/// # Errors
/// Never; see [`answer`].
pub fn answer_with(header: (&str, &str), body: impl Into<String>) -> Result<Response, HttpError> {
    let headers = vec![Header { name: header.0.into(), value: header.1.into() }];
    Ok(Response { status: 200, headers, body: body.into() })
}

impl Graph for Scripted {
    fn send(&mut self, request: &Request) -> Result<Response, HttpError> {
        self.asked.push(Request {
            method: request.method,
            path: request.path.clone(),
            headers: request.headers.clone(),
            body: request.body.clone(),
        });
        self.answers.pop_front().unwrap_or_else(|| Err(HttpError::Unreachable("the script is over".into())))
    }

    fn pause(&mut self, milliseconds: u64) {
        self.pauses.push(milliseconds);
    }
}
