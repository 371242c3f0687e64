//! Reading what webhooks may have missed. Tickets and users come by incremental export, comments ticket by ticket of the
//! same export, ratings as a list from some time on. What is read becomes events in `map`, as deliveries do.

mod comments;
mod export;
mod place;
mod ratings;

use omnihub_plugin::{Failure, Page, Position};

use crate::api::Send;
use crate::map::Settings;

pub(crate) const TICKETS: &str = "tickets";
pub(crate) const USERS: &str = "users";
pub(crate) const COMMENTS: &str = "comments";
pub(crate) const RATINGS: &str = "ratings";

const SECOND: i64 = 1_000_000_000;

/// What an operator may set about reading.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) meaning: Settings,
    /// Tickets or users on a page.
    pub(crate) page_size: Option<u32>,
}

pub(crate) fn poll(position: &Position, reading: &Reading, send: Send<'_>) -> Result<Page, Failure> {
    match position.stream.as_str() {
        TICKETS => export::tickets(position, reading, send),
        USERS => export::users(position, reading, send),
        COMMENTS => comments::page(position, reading, send),
        RATINGS => ratings::page(position, send),
        other => Err(Failure::Unsupported(other.to_owned())),
    }
}
