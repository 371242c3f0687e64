//! Requests and answers of acting connectors.

use super::{headers, wit_headers};
use crate::acting::{HttpError, HttpMethod, HttpRequest, HttpResponse};
use crate::bindings::host::http as wit;

pub(crate) fn request(request: wit::Request) -> HttpRequest {
    HttpRequest {
        method: match request.method {
            wit::Method::Get => HttpMethod::Get,
            wit::Method::Post => HttpMethod::Post,
            wit::Method::Put => HttpMethod::Put,
            wit::Method::Patch => HttpMethod::Patch,
            wit::Method::Delete => HttpMethod::Delete,
        },
        path: request.path,
        headers: headers(request.headers),
        body: request.body,
    }
}

pub(crate) fn answer(answer: Result<HttpResponse, HttpError>) -> Result<wit::Response, wit::HttpError> {
    match answer {
        Ok(response) => Ok(wit::Response {
            status: response.status,
            headers: wit_headers(response.headers),
            body: response.body,
        }),
        Err(error) => Err(match error {
            HttpError::NotGranted(why) => wit::HttpError::NotGranted(why),
            HttpError::Denied(why) => wit::HttpError::Denied(why),
            HttpError::Unreachable(why) => wit::HttpError::Unreachable(why),
            HttpError::Interrupted(why) => wit::HttpError::Interrupted(why),
            HttpError::Unreadable(why) => wit::HttpError::Unreadable(why),
            HttpError::Exhausted => wit::HttpError::Exhausted,
        }),
    }
}
