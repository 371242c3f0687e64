//! Zendesk's search terms, as far as tickets are looked up by them. Other terms are refused, never ignored:
//! a search that quietly matches everything would make a caller believe its ticket exists.

use super::ticket::Ticket;

pub(crate) struct Search {
    terms: Vec<Term>,
}

enum Term {
    IsTicket,
    ExternalId(String),
    Status(String),
    Tag(String),
    Subject(String),
}

pub(crate) struct NotSimulated;

/// Reads `type:ticket external_id:"abc"`.
pub(crate) fn read(query: &str) -> Result<Search, NotSimulated> {
    let terms: Vec<Term> = words(query).iter().map(|word| term(word)).collect::<Result<_, _>>()?;
    if terms.is_empty() { Err(NotSimulated) } else { Ok(Search { terms }) }
}

/// Splits at blanks outside double quotes, and drops the quotes.
fn words(query: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in query.chars() {
        match letter {
            '"' => quoted = !quoted,
            blank if blank.is_whitespace() && !quoted => words.push(String::new()),
            other => words.last_mut().into_iter().for_each(|word| word.push(other)),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn term(word: &str) -> Result<Term, NotSimulated> {
    let (name, value) = word.split_once(':').ok_or(NotSimulated)?;
    let value = value.to_owned();
    match name {
        "type" if value == "ticket" => Ok(Term::IsTicket),
        "external_id" => Ok(Term::ExternalId(value)),
        "status" => Ok(Term::Status(value)),
        "tags" => Ok(Term::Tag(value)),
        "subject" => Ok(Term::Subject(value)),
        _ => Err(NotSimulated),
    }
}

impl Search {
    pub(crate) fn matches(&self, ticket: &Ticket) -> bool {
        self.terms.iter().all(|term| match term {
            Term::IsTicket => true,
            Term::ExternalId(id) => ticket.external_id.as_deref() == Some(id),
            Term::Status(status) => ticket.status == *status,
            Term::Tag(tag) => ticket.tags.contains(tag),
            Term::Subject(subject) => ticket.subject.as_deref() == Some(subject),
        })
    }
}
