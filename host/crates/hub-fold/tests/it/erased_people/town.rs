//! People made up from a seed, with accounts in five systems, and a journal in which everything there is to say of them is
//! said in any order: in deliveries, some of several people, some parked and redriven or left so; on pages; or twice.

use std::collections::BTreeSet;

use hub_fold::record::{
    AfterSetback, Attempt, Command, Delivery, Outcome, Polled, Receipt, Record, Reported, Setback, Settings,
};
use hub_fold::{Sequenced, effects_due};
use hub_model::Timestamp;
use hub_model::event::Event;
use hub_model::identity::Judgement;

use super::ASKED_BY_PROVIDERS;
use super::life::{News, Person, life, request};
use super::scan::{base64, escaped};
use crate::support::chance::Chance;
use crate::support::events::{at, event};
use crate::support::rewriting::push;
use crate::support::{dedupe, node};

const CONNECTIONS: [&str; 5] = ["shop", "desk", "ig", "wa", "club"];

pub(crate) struct Town {
    pub(crate) people: Vec<Person>,
    seed: u64,
    /// What is told at once, in any order.
    tellings: Vec<Vec<News>>,
}

impl Town {
    pub(crate) fn new(seed: u64, people: usize) -> Self {
        let chance = &mut Chance(seed);
        let people: Vec<Person> = (0..people).map(|number| Person::new(number, people)).collect();
        let mut news: Vec<News> = people.iter().flat_map(life).collect();
        chance.shuffle(&mut news);
        let mut tellings = Vec::new();
        for connection in CONNECTIONS {
            let mut rest: Vec<News> =
                news.iter().filter(|one| one.connection == connection).cloned().collect();
            while !rest.is_empty() {
                tellings.push(rest.split_off(rest.len().saturating_sub(1 + chance.below(3))));
            }
        }
        chance.shuffle(&mut tellings);
        Self { people, seed, tellings }
    }

    pub(crate) fn journal(&self, settings: &Settings) -> Vec<Sequenced> {
        let chance = &mut Chance(self.seed + 1);
        let settings = Record::Settings(Box::new(settings.clone()));
        let mut journal = vec![Sequenced { seq: 1, at: Timestamp::EPOCH, record: settings }];
        for (number, telling) in self.tellings.iter().enumerate() {
            match chance.below(10) {
                0..3 => tell_page(&mut journal, telling),
                3 => {
                    let delivery = arrive(&mut journal, telling);
                    park(&mut journal, delivery);
                    push_now(&mut journal, Record::Command(Command::Redrive { delivery }));
                    report(&mut journal, delivery, telling);
                }
                _ => {
                    let delivery = arrive(&mut journal, telling);
                    report(&mut journal, delivery, telling);
                }
            }
            if chance.per_mille(150) {
                tell_page(&mut journal, &self.tellings[chance.below(number + 1)]);
            }
        }
        self.judge(&mut journal);
        self.park_for_ever(&mut journal);
        send(&mut journal);
        journal
    }

    /// Whoever serves them knows who writes on Instagram; and is wrong now and then.
    fn judge(&self, journal: &mut Vec<Sequenced>) {
        let mut say = |left, right, word| {
            let (by, at) = ("mia".into(), at(i64::try_from(journal.len()).unwrap()));
            let judge =
                Command::Judge { pairs: vec![(left, right, word)], by, reason: "same voice".into(), at };
            push_now(journal, Record::Command(judge));
        };
        for (person, other) in self.people.iter().zip(self.people.iter().rev()) {
            let [ig, guest, wa] = [("ig", "igsid"), ("shop", "guest-order"), ("wa", "wa-id")]
                .map(|(connection, object)| node(connection, &person.id(object)));
            say(ig, person.account(), Judgement::Same);
            say(wa, person.account(), Judgement::Same);
            if person.number % 7 == 0 {
                say(guest, other.account(), Judgement::Same);
                say(guest, other.account(), Judgement::Apart);
            }
        }
    }

    fn park_for_ever(&self, journal: &mut Vec<Sequenced>) {
        // Only an operator's command names those of a person.
        let found = |person: &&Person| person.number >= ASKED_BY_PROVIDERS && person.number % 3 == 2;
        for person in self.people.iter().filter(found) {
            let body = format!("{{\"name\": \"{}\", \"broken", escaped(&person.word)).into_bytes();
            let delivery = journal.len() as u64 + 1;
            let headers = vec![("x-from".to_owned(), person.text("from"))];
            push_now(journal, received(delivery, CONNECTIONS[person.number % 5], headers, body));
            park(journal, delivery);
        }
    }

    /// Parked deliveries that name a person.
    pub(crate) fn parked(&self, journal: &[Sequenced], person: &Person) -> Vec<u64> {
        let reported: BTreeSet<u64> = journal
            .iter()
            .filter_map(|record| match &record.record {
                Record::Reported(reported) => reported.delivery,
                _ => None,
            })
            .collect();
        let names = |record: &Record| match record {
            Record::Delivery(delivery) => {
                String::from_utf8_lossy(&delivery.body).contains(&escaped(&person.word))
            }
            _ => false,
        };
        let left = journal.iter().filter(|record| !reported.contains(&record.seq) && names(&record.record));
        left.map(|record| record.seq).collect()
    }

    pub(crate) fn provider_asks(&self, journal: &mut Vec<Sequenced>, person: &Person) {
        for (connection, account) in person.accounts() {
            let wish = Event {
                key: account.clone(),
                ..event("privacy.requested", 80_000, request(person, "erase-customer", &account))
            };
            let telling = [News { connection, event: wish, finding: None }];
            let delivery = arrive(journal, &telling);
            report(journal, delivery, &telling);
        }
    }

    /// Every third of all tellings once more.
    pub(crate) fn tell_again(&self, journal: &mut Vec<Sequenced>) {
        for (number, telling) in self.tellings.iter().enumerate().filter(|(number, _)| number % 3 == 0) {
            if number % 2 == 0 {
                tell_page(journal, telling);
            } else {
                let delivery = arrive(journal, telling);
                report(journal, delivery, telling);
            }
        }
    }
}

fn push_now(journal: &mut Vec<Sequenced>, record: Record) {
    let minute = i64::try_from(journal.len()).unwrap();
    push(journal, minute, record);
}

fn received(seq: u64, connection: &str, headers: Vec<(String, String)>, body: Vec<u8>) -> Record {
    let connector = connection.to_owned();
    let connection = connector.clone();
    Record::Delivery(Delivery { connection, connector, topic: None, headers, dedupe: dedupe(seq), body })
}

/// Everything told stands in the body, and once more in base64.
fn arrive(journal: &mut Vec<Sequenced>, telling: &[News]) -> u64 {
    let events: Vec<&Event> = telling.iter().map(|news| &news.event).collect();
    let json = serde_json::to_vec(&events).unwrap();
    let body = [json.clone(), base64(&json).into_bytes()].concat();
    let seq = journal.len() as u64 + 1;
    let headers = vec![("x-key".to_owned(), telling[0].event.key.clone())];
    push_now(journal, received(seq, telling[0].connection, headers, body));
    seq
}

fn reported(delivery: Option<u64>, telling: &[News]) -> Reported {
    let connection = telling[0].connection.to_owned();
    let findings = (0_u32..).zip(telling).filter_map(|(place, news)| Some((place, news.finding.clone()?)));
    Reported {
        delivery,
        connector: connection.clone(),
        connection,
        version: "1.0.0".into(),
        events: telling.iter().map(|news| news.event.clone()).collect(),
        notes: vec![],
        findings: findings.collect(),
    }
}

fn report(journal: &mut Vec<Sequenced>, delivery: u64, telling: &[News]) {
    push_now(journal, Record::Reported(reported(Some(delivery), telling)));
}

fn tell_page(journal: &mut Vec<Sequenced>, telling: &[News]) {
    let page = Polled {
        stream: "all".into(),
        cursor: Some(format!("after {}", journal.len())),
        more: false,
        reached: None,
        reported: reported(None, telling),
        beginning: None,
    };
    push_now(journal, Record::Polled(page));
}

fn park(journal: &mut Vec<Sequenced>, delivery: u64) {
    let reason = "the connector trapped".into();
    push_now(journal, Record::Setback(Setback { delivery, attempt: 1, reason, next: AfterSetback::Park }));
}

/// What rules planned is sent, and providers answer with what they were given.
fn send(journal: &mut Vec<Sequenced>) {
    let store = super::view(journal);
    for (number, (_, effect)) in effects_due(&store, 10_000).unwrap().into_iter().enumerate() {
        let row = hub_fold::effect(&store, effect).unwrap().unwrap();
        let said = row.arguments.first().map(|(_, text)| text.clone()).unwrap_or_default();
        let outcome = match number % 4 {
            0 => Outcome::Confirmed { reference: Some(said), already_done: false },
            1 => Outcome::Parked { reason: said },
            2 => Outcome::Unknown { reason: said },
            _ => continue,
        };
        push_now(journal, Record::Attempt(Attempt { effect, number: 1 }));
        push_now(journal, Record::Receipt(Receipt { effect, number: 1, outcome }));
    }
}
