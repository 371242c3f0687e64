//! One person: what they are called, and all that systems have to say of them.

use hub_model::NodeId;
use hub_model::event::{self, Author, DeliveryStatus, Direction, Event, Party, Payload, Reaction};
use hub_model::model::Finding;

use crate::support::events::{
    at, checkout, consent, customer, euros, event, interaction, line, loyalty_account, loyalty_entry, merge,
    named, order, party, survey, ticket,
};
use crate::support::node;

/// So many share a phone: one of the first of the town with one of the last.
const HOUSEHOLDS: usize = 10;

#[derive(Debug)]
pub(crate) struct Person {
    pub(super) number: usize,
    /// Stands in whatever they say or are called, and nowhere else.
    pub(super) word: String,
    phone: String,
    shared_phone: Option<String>,
}

impl Person {
    pub(super) fn new(number: usize, people: usize) -> Self {
        // The last of the town live with the first.
        let home = if number < HOUSEHOLDS { Some(number) } else { (people - 1).checked_sub(number) };
        let home = home.filter(|home| *home < HOUSEHOLDS && people > 2 * HOUSEHOLDS);
        // Both end in a sign that all have in common: in base64 the last bits of a word stand with what follows.
        Self {
            number,
            word: format!("zqqz{number:04}q"),
            phone: format!("+4915120{number:05}7"),
            shared_phone: home.map(|home| format!("+4915220{home:06}")),
        }
    }

    pub(crate) fn own_words(&self) -> Vec<String> {
        vec![self.word.clone(), self.phone.trim_start_matches('+').to_owned()]
    }

    pub(crate) fn account(&self) -> NodeId {
        node("shop", &self.id("customer"))
    }

    pub(crate) fn shares(&self, phone: &str) -> bool {
        self.shared_phone.as_deref() == Some(phone)
    }

    pub(super) fn id(&self, object: &str) -> String {
        format!("{object}:{}i", self.word)
    }

    pub(super) fn text(&self, what: &str) -> String {
        format!("{what}: word \"{}\" \\ é 🙂\n", self.word)
    }

    fn some(&self, what: &str) -> Option<String> {
        Some(self.text(what))
    }

    fn email(&self) -> String {
        format!("{}.mail@example.com", self.word)
    }

    fn party(&self, ids: &[&str]) -> Party {
        named(ids, &format!("Given{0} Family{0}", self.word))
    }

    fn phone(&self) -> &str {
        self.shared_phone.as_deref().unwrap_or(&self.phone)
    }

    /// Every account a provider may be asked to forget.
    pub(super) fn accounts(&self) -> Vec<(&'static str, String)> {
        let accounts = [
            ("shop", "customer"),
            ("shop", "guest-order"),
            ("desk", "user"),
            ("ig", "igsid"),
            ("wa", "wa-id"),
            ("club", "loyalty-customer"),
        ];
        accounts.map(|(connection, object)| (connection, self.id(object))).to_vec()
    }
}

/// An event before it is told.
#[derive(Clone)]
pub(super) struct News {
    pub(super) connection: &'static str,
    pub(super) event: Event,
    pub(super) finding: Option<Finding>,
}

/// Everything there is to say of one person.
pub(super) fn life(person: &Person) -> Vec<News> {
    Life { person, news: Vec::new() }.lived()
}

/// Writes it down.
struct Life<'a> {
    person: &'a Person,
    news: Vec<News>,
}

impl Life<'_> {
    fn happens(&mut self, connection: &'static str, name: &str, payload: Payload) {
        let minute = i64::try_from(self.person.number * 50 + self.news.len()).unwrap();
        let key = format!("{}/{name}/{}", self.person.word, self.news.len());
        let event = Event { key, ..event(name, minute, payload) };
        self.news.push(News { connection, event, finding: None });
    }

    fn lived(mut self) -> Vec<News> {
        self.shops();
        self.buys_as_a_guest();
        self.needs_help();
        self.writes();
        self.collects();
        self.news
    }

    fn shops(&mut self) {
        let person = self.person;
        let (id, email) = (person.id("customer"), person.email());
        let who = || person.party(&[&id, &email, person.phone()]);
        let created = event::Customer {
            given_name: person.some("given"),
            family_name: person.some("family"),
            locale: person.some("locale"),
            tags: Some(vec![person.text("tag")]),
            state: person.some("state"),
            extra: vec![("about".into(), person.text("extra"))],
            ..customer(who())
        };
        self.happens("shop", "customer.created", Payload::Customer(created));
        let renamed = event::Customer { given_name: person.some("renamed"), ..customer(who()) };
        self.happens("shop", "customer.updated", Payload::Customer(renamed));
        let agreed =
            event::Consent { extra: vec![("form".into(), person.text("form"))], ..consent(who(), "granted") };
        self.happens("shop", "consent.changed", Payload::Consent(agreed));
        let bought = event::Order {
            number: Some(format!("#{}", person.word)),
            buyer: Some(who()),
            total: Some(euros(12_900)),
            placed_at: Some(at(1)),
            lines: Some(vec![line("mug", 2)]),
            ..self.noted(&format!("{}o1", person.word))
        };
        self.happens("shop", "order.created", Payload::Order(bought));
        // News of an order does not always say whose it is.
        let noted = self.noted(&format!("{}o1", person.word));
        self.happens("shop", "order.updated", Payload::Order(noted));
        let cart = event::Checkout {
            buyer: Some(who()),
            url: person.some("url"),
            total: Some(euros(900)),
            started_at: Some(at(2)),
            ..checkout(&format!("{}c1", person.word))
        };
        self.happens("shop", "checkout.created", Payload::Checkout(cart));
        let became = Some(format!("{}o1", person.word));
        let cart = event::Checkout {
            order: became,
            url: person.some("url"),
            ..checkout(&format!("{}c2", person.word))
        };
        self.happens("shop", "checkout.completed", Payload::Checkout(cart));
        if person.number.is_multiple_of(5) {
            let second = format!("{id}2");
            let again = customer(person.party(&[&second]));
            self.happens("shop", "customer.created", Payload::Customer(again));
            self.happens("shop", "person.merged", Payload::PersonMerge(merge(&id, &second)));
        }
        if person.number % 10 == 3 {
            let wish = request(person, "export-customer", &id);
            self.happens("shop", "privacy.requested", wish);
        }
    }

    fn noted(&self, id: &str) -> event::Order {
        let person = self.person;
        event::Order {
            note: person.some("note"),
            tags_added: vec![person.text("order tag")],
            source: person.some("source"),
            fulfilments: vec![event::Fulfilment {
                id: format!("{}p", person.word),
                status: Some("in_transit".into()),
                carrier: person.some("carrier"),
                tracking_numbers: vec![person.text("tracking")],
                tracking_urls: vec![person.text("tracking url")],
                updated_at: Some(at(3)),
            }],
            extra: vec![("gift".into(), person.text("gift"))],
            ..order(id)
        }
    }

    fn buys_as_a_guest(&mut self) {
        let person = self.person;
        let (guest, email, token) = (person.id("guest-order"), person.email(), format!("~{}t", person.word));
        let bought = event::Order {
            buyer: Some(person.party(&[&guest, &email, &token])),
            ..self.noted(&format!("{}o2", person.word))
        };
        self.happens("shop", "order.created", Payload::Order(bought));
    }

    fn needs_help(&mut self) {
        let person = self.person;
        let (user, email, number) = (person.id("user"), person.email(), format!("{}t1", person.word));
        let who = || person.party(&[&user, &email]);
        self.happens("desk", "customer.created", Payload::Customer(customer(who())));
        let opened = event::Ticket {
            subject: person.some("subject"),
            requester: Some(who()),
            status: Some("open".into()),
            tags: Some(vec![person.text("ticket tag")]),
            extra: vec![("field".into(), person.text("field"))],
            created_at: Some(at(4)),
            ..ticket(&number)
        };
        self.happens("desk", "ticket.created", Payload::Ticket(opened));
        let renamed = event::Ticket { subject: person.some("renamed"), ..ticket(&number) };
        self.happens("desk", "ticket.updated", Payload::Ticket(renamed));
        let asked = event::Interaction {
            ticket: Some(number.clone()),
            ..self.said("d1", Direction::Inbound, &[&user])
        };
        self.happens("desk", "message.received", Payload::Interaction(asked));
        // Among agents, who do not always say whose ticket it is.
        let note = event::Interaction {
            ticket: Some(number.clone()),
            customer: None,
            ..self.said("d2", Direction::Internal, &[])
        };
        self.happens("desk", "note.added", Payload::Interaction(note));
        let rated = event::SurveyResponse {
            ticket: Some(number),
            comment: person.some("comment"),
            extra: vec![("why".into(), person.text("why"))],
            ..survey(&format!("{}s", person.word), who(), "bad")
        };
        self.happens("desk", "survey.answered", Payload::SurveyResponse(rated));
    }

    fn said(&self, id: &str, direction: Direction, ids: &[&str]) -> event::Interaction {
        let person = self.person;
        let author = if direction == Direction::Inbound { Author::Customer } else { Author::Human };
        event::Interaction {
            direction: Some(direction),
            author: Some(author),
            kind: Some("message".into()),
            customer: Some(person.party(ids)),
            thread: Some(format!("{}thread", person.word)),
            text: person.some("text"),
            attachments: vec![event::Attachment {
                kind: "image".into(),
                url: person.some("image"),
                title: person.some("title"),
                mime: None,
                id: person.some("media"),
            }],
            sent_at: Some(at(5)),
            extra: vec![("client".into(), person.text("client"))],
            ..interaction(&format!("{}{id}", person.word))
        }
    }

    fn writes(&mut self) {
        let person = self.person;
        let (ig, handle, wa) = (person.id("igsid"), format!("@{}", person.word), person.id("wa-id"));
        let asked = event::Interaction {
            reaction: Some(Reaction { by: person.word.clone(), emoji: person.some("reaction") }),
            reply_to: Some(format!("{}m0", person.word)),
            order: Some(format!("{}o1", person.word)),
            ..self.said("m1", Direction::Inbound, &[&ig, &handle])
        };
        self.happens("ig", "message.received", Payload::Interaction(asked));
        let cues = vec![(person.text("cue"), -30)];
        let finding =
            Finding { language: None, sentiment: "negative".into(), score: -30, cues, ..Finding::default() };
        self.news.last_mut().unwrap().finding = Some(finding);
        let edited = event::Interaction {
            text: person.some("edited"),
            edited: true,
            ..interaction(&format!("{}m1", person.word))
        };
        self.happens("ig", "message.edited", Payload::Interaction(edited));
        // Of a phone that two share nobody can say whose WhatsApp it is.
        let ids: &[&str] = if person.shared_phone.is_some() { &[&wa] } else { &[&wa, &person.phone] };
        let sent = self.said("w1", Direction::Outbound, ids);
        self.happens("wa", "message.sent", Payload::Interaction(sent));
        let told = event::Interaction {
            status: Some(DeliveryStatus::Failed),
            status_detail: person.some("status"),
            ..interaction(&format!("{}w1", person.word))
        };
        self.happens("wa", "message.status", Payload::Interaction(told));
    }

    fn collects(&mut self) {
        let person = self.person;
        let (id, email, card) = (person.id("loyalty-customer"), person.email(), format!("{}l1", person.word));
        let joined = event::LoyaltyAccount {
            program: person.some("program"),
            tier: person.some("tier"),
            extra: vec![("shop".into(), person.text("shop"))],
            ..loyalty_account(&card, person.party(&[&id, &email]), 5)
        };
        self.happens("club", "loyalty.enrolled", Payload::LoyaltyAccount(joined));
        let earned = event::LoyaltyEntry {
            reason: person.some("reason"),
            order: Some(format!("{}o1", person.word)),
            ..loyalty_entry(&card, &format!("{}e1", person.word), 5)
        };
        self.happens("club", "loyalty.earned", Payload::LoyaltyEntry(earned));
    }
}

pub(super) fn request(person: &Person, kind: &str, account: &str) -> Payload {
    Payload::PrivacyRequest(event::PrivacyRequest {
        id: format!("{kind}-{}", person.word),
        kind: kind.into(),
        who: Some(party(&[account, &format!("{}?", person.email())])),
        orders: vec![format!("{}o1", person.word)],
        extra: vec![("reason".into(), person.text("reason"))],
    })
}
