//! Lists by time of change: the part of Shopify's search syntax that is about `updated_at`, and paging by cursor.

use std::collections::BTreeSet;
use std::ops::Bound;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use super::graphql::GraphqlError;

/// Shopify pages no deeper.
const DEPTH_MAX: u64 = 25_000;

/// What changed when, oldest first.
pub(crate) type Index = BTreeSet<(Timestamp, String)>;

/// A window of changes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search {
    from: Bound<Timestamp>,
    until: Bound<Timestamp>,
}

impl Search {
    /// Of `updated_at:>='2026-01-01T00:00:00Z' AND updated_at:<='...'`; no text finds everything.
    pub(crate) fn read(query: &str) -> Result<Self, GraphqlError> {
        let mut search = Self { from: Bound::Unbounded, until: Bound::Unbounded };
        for term in query.split_whitespace().filter(|term| *term != "AND") {
            search.narrow(term).ok_or_else(|| {
                GraphqlError::new("argumentNotAccepted", format!("the search term {term} is not simulated"))
            })?;
        }
        Ok(search)
    }

    fn narrow(&mut self, term: &str) -> Option<()> {
        let rest = term.strip_prefix("updated_at:")?;
        let digits = rest.find(|letter: char| letter.is_ascii_digit() || matches!(letter, '\'' | '"'))?;
        let (comparison, value) = rest.split_at_checked(digits)?;
        let at: Timestamp = value.trim_matches(['\'', '"']).parse().ok()?;
        match comparison {
            ">=" => self.from = Bound::Included(at),
            ">" => self.from = Bound::Excluded(at),
            "<=" => self.until = Bound::Included(at),
            "<" => self.until = Bound::Excluded(at),
            _ => return None,
        }
        Some(())
    }

    fn starts(&self, at: Timestamp) -> bool {
        match self.from {
            Bound::Included(from) => at >= from,
            Bound::Excluded(from) => at > from,
            Bound::Unbounded => true,
        }
    }

    fn goes_on(&self, at: Timestamp) -> bool {
        match self.until {
            Bound::Included(until) => at <= until,
            Bound::Excluded(until) => at < until,
            Bound::Unbounded => true,
        }
    }
}

/// The gids of a page, and its place.
pub(crate) struct Listed {
    pub(crate) gids: Vec<String>,
    pub(crate) has_next: bool,
    pub(crate) end: Option<String>,
}

/// One page of a window.
pub(crate) fn list(
    index: &Index,
    search: &Search,
    first: usize,
    after: Option<&str>,
) -> Result<Listed, GraphqlError> {
    let after = match after {
        Some(cursor) => {
            Some(read_cursor(cursor).ok_or_else(|| invalid("Invalid cursor for current pagination sort."))?)
        }
        None => None,
    };
    let depth = after.as_ref().map_or(0, |(_, depth)| *depth);
    if depth.saturating_add(first as u64) > DEPTH_MAX {
        return Err(invalid("Pagination goes no deeper than 25000 objects."));
    }
    let lower = match (after, search.from) {
        // A window that begins later than the cursor begins there.
        (Some((place, _)), _) if search.starts(place.0) => Bound::Excluded(place),
        (_, Bound::Included(from) | Bound::Excluded(from)) => Bound::Included((from, String::new())),
        (_, Bound::Unbounded) => Bound::Unbounded,
    };
    let mut found = (index.range((lower, Bound::Unbounded)))
        .skip_while(|(at, _)| !search.starts(*at))
        .take_while(|(at, _)| search.goes_on(*at));
    let page: Vec<&(Timestamp, String)> = found.by_ref().take(first).collect();
    let depth = depth + page.len() as u64;
    Ok(Listed {
        has_next: found.next().is_some(),
        end: page.last().map(|(at, gid)| cursor(*at, gid, depth)),
        gids: page.into_iter().map(|(_, gid)| gid.clone()).collect(),
    })
}

fn invalid(message: &str) -> GraphqlError {
    GraphqlError::new("BAD_USER_INPUT", message)
}

fn cursor(at: Timestamp, gid: &str, depth: u64) -> String {
    URL_SAFE_NO_PAD.encode(format!("{at} {depth} {gid}"))
}

fn read_cursor(cursor: &str) -> Option<((Timestamp, String), u64)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let mut parts = text.splitn(3, ' ');
    let at = parts.next()?.parse().ok()?;
    let depth = parts.next()?.parse().ok()?;
    Some(((at, parts.next()?.to_owned()), depth))
}
