//! What a flag has taken away stays away: the laws of joining hold for things that forget.

use proptest::prelude::*;

use super::interaction::Attachment;
use super::{
    Corrected, Corrections, Finding, FollowUp, Fulfilment, Interaction, Order, Profile, Survey, Ticket,
    Wanted,
};
use crate::identity::NodeId;
use crate::join::{Erase, Fact, Join, Least, Tags, Told};
use crate::time::Timestamp;

fn joined<T: Join + Clone>(parts: &[&T]) -> T {
    let mut sum = parts[0].clone();
    parts.iter().skip(1).for_each(|part| sum.join((*part).clone()));
    sum
}

fn check_joins<T: Join + Clone + PartialEq + std::fmt::Debug>(a: &T, b: &T, c: &T) {
    assert_eq!(joined(&[a, b]), joined(&[b, a]), "commutative");
    assert_eq!(joined(&[a, &joined(&[b, c])]), joined(&[&joined(&[a, b]), c]), "associative");
    assert_eq!(joined(&[a, b, b, a]), joined(&[a, b]), "idempotent");
}

fn check_laws<T: Join + Erase + Clone + PartialEq + std::fmt::Debug>(a: &T, b: &T, c: &T) {
    check_joins(a, b, c);
    let mut first = a.clone();
    first.erase();
    let mut last = joined(&[a, b]);
    last.erase();
    assert_eq!(joined(&[&first, b]), last, "erased early or late");
}

fn fact<T: Clone + std::fmt::Debug>(values: &'static [T]) -> impl Strategy<Value = Option<Fact<T>>> {
    let told = (0..values.len(), 0_i64..3, 0_u64..2);
    prop::option::of(told.prop_map(|(value, version, learned)| Fact {
        value: values[value].clone(),
        version,
        learned,
    }))
}

fn text() -> impl Strategy<Value = Option<Fact<String>>> {
    fact(&["a", "b"]).prop_map(|text| {
        text.map(|text| Fact { value: text.value.to_owned(), version: text.version, learned: text.learned })
    })
}

fn tags() -> impl Strategy<Value = Tags> {
    (0_i64..3, any::<bool>()).prop_map(|(version, added)| {
        let tag = ["x".to_owned()];
        let told = Told { version, learned: 1 };
        if added { Tags::told(told, None, &tag, &[]) } else { Tags::told(told, None, &[], &tag) }
    })
}

fn follow_up() -> impl Strategy<Value = FollowUp> {
    (0_i64..3, 0_u64..2, prop::option::of((0_i64..2, prop::sample::select(vec!["mia", "tom"])))).prop_map(
        |(version, learned, wanted)| {
            let told = Told { version, learned };
            match wanted {
                Some((due, by)) => FollowUp::wanted(
                    Wanted { due: Timestamp(due), until: None, by: by.into(), text: format!("{by} {due}") },
                    told,
                ),
                None => FollowUp::closed("tom".into(), told),
            }
        },
    )
}

const PEOPLE: [NodeId; 2] = [NodeId([1; 16]), NodeId([2; 16])];

prop_compose! {
    fn order()(note in text(), buyer in fact(&PEOPLE), number in text(), tags in tags(), url in text(), left in prop::option::of(0_i64..3), erased in any::<bool>()) -> Order {
        let urls = url.map(|url| Fact { value: vec![url.value], version: url.version, learned: url.learned });
        let shipped_at = left.map(|at| Least(Timestamp(at), 1));
        let parcel = Fulfilment { tracking_urls: urls, shipped_at, ..Fulfilment::default() };
        let fulfilments = [("p".to_owned(), parcel)].into();
        let mut order = Order { note, buyer, number, tags, fulfilments, ..Order::default() };
        if erased { order.erase(); }
        order
    }
}

fn corrections() -> impl Strategy<Value = Corrections> {
    let label = prop::option::of(prop::sample::select(vec!["negative", "neutral"]));
    let topic = prop::option::of(prop::sample::select(vec!["", "delivery"]));
    (label, topic, prop::sample::select(vec!["mia", "tom"]), 0_i64..3, 0_u64..2).prop_map(
        |(label, topic, by, at, learned)| {
            let says = [
                Corrected::Sentiment(label.map(str::to_owned)),
                Corrected::Topic(topic.map(str::to_owned)),
                Corrected::Intents(label.map(|label| vec![label.to_owned()])),
            ];
            // Not everybody speaks of every field.
            Corrections::told(&says[..usize::try_from(at).unwrap_or(0) + 1], by, Timestamp(at), learned)
        },
    )
}

prop_compose! {
    fn interaction()(text in text(), thread in text(), media in text(), corrected in corrections(), erased in any::<bool>()) -> Interaction {
        let attachments = media.clone().map(|media| Fact {
            value: vec![Attachment { kind: media.value, url: None, title: None, mime: None, id: None }],
            version: media.version,
            learned: media.learned,
        });
        let reactions = media.map(|emoji| ("me".to_owned(), Fact { value: Some(emoji.value), version: emoji.version, learned: emoji.learned }));
        let reactions = reactions.into_iter().collect();
        let mut said = Interaction { text, thread, attachments, reactions, corrected, ..Interaction::default() };
        if erased { said.erase(); }
        said
    }
}

prop_compose! {
    fn profile()(name in text(), tags in tags(), deleted in any::<bool>(), erased in any::<bool>()) -> Profile {
        let mut profile = Profile { name, tags, ..Profile::default() };
        profile.join(Profile { deleted, ..Profile::default() });
        if erased { profile.erase(); }
        profile
    }
}

prop_compose! {
    fn ticket()(subject in text(), status in text(), deleted in any::<bool>(), erased in any::<bool>()) -> Ticket {
        let mut ticket = Ticket { subject, status, ..Ticket::default() };
        ticket.join(Ticket { deleted, ..Ticket::default() });
        if erased { ticket.erase(); }
        ticket
    }
}

prop_compose! {
    fn survey()(comment in text(), version in 0_i64..3, erased in any::<bool>()) -> Survey {
        let told = Told { version, learned: 1 };
        let at = told.fact(Timestamp(version));
        let mut survey = Survey { kind: told.fact("csat".to_owned()), ticket: None, who: None, score: None, comment, at, erased: false };
        if erased { survey.erase(); }
        survey
    }
}

proptest! {
    #[test]
    fn orders_obey_the_laws(a in order(), b in order(), c in order()) {
        check_laws(&a, &b, &c);
    }

    #[test]
    fn interactions_obey_the_laws(a in interaction(), b in interaction(), c in interaction()) {
        check_laws(&a, &b, &c);
    }

    #[test]
    fn profiles_obey_the_laws(a in profile(), b in profile(), c in profile()) {
        check_laws(&a, &b, &c);
    }

    #[test]
    fn tickets_obey_the_laws(a in ticket(), b in ticket(), c in ticket()) {
        check_laws(&a, &b, &c);
    }

    #[test]
    fn surveys_obey_the_laws(a in survey(), b in survey(), c in survey()) {
        check_laws(&a, &b, &c);
    }

    #[test]
    fn follow_ups_obey_the_laws(a in follow_up(), b in follow_up(), c in follow_up()) {
        check_joins(&a, &b, &c);
        let words = [&a, &b, &c];
        let last = words.iter().filter_map(|word| word.last_word_at()).max();
        let whole = joined(&words);
        assert_eq!(whole.last_word_at(), last);
        let closes = |word: &&FollowUp| word.wanted.is_none() && word.last_word_at() == last;
        assert_eq!(whole.open().is_none(), words.iter().any(closes), "done, if that is the last word");
    }
}

/// A person's word against the enricher's: label and score, language, intents, topic, method.
fn check_understood(found: Option<Finding>, says: &[Corrected], expected: &str) {
    let finding = found.map(|found| Fact { value: found, version: 1, learned: 1 });
    let corrected = Corrections::told(says, "mia", Timestamp(5), 2);
    let said = Interaction { finding, corrected, ..Interaction::default() };
    let told = said.understood().map(|finding| {
        let intents: Vec<&str> = finding.intents.iter().map(|intent| intent.name.as_str()).collect();
        format!(
            "{} {} | {} | {} | {} | {}",
            finding.sentiment,
            finding.score,
            finding.language.as_deref().unwrap_or("-"),
            intents.join(", "),
            finding.topic.as_deref().unwrap_or("-"),
            finding.method.as_deref().unwrap_or("-"),
        )
    });
    assert_eq!(told.as_deref().unwrap_or("nothing"), expected);
}

#[test]
fn what_people_say_stands_over_what_was_found() {
    let found = || Finding {
        language: Some("nl".into()),
        sentiment: "negative".into(),
        score: -25,
        topic: Some("delivery".into()),
        method: Some("cues".into()),
        ..Finding::default()
    };
    let text = |text: &str| Some(text.to_owned());
    check_understood(None, &[], "nothing");
    check_understood(Some(found()), &[], "negative -25 | nl |  | delivery | cues");
    let sad = Corrected::Sentiment(text("very_negative"));
    check_understood(Some(found()), &[sad], "very_negative -80 | nl |  | delivery | person");
    let same = Corrected::Sentiment(text("negative"));
    check_understood(Some(found()), &[same], "negative -25 | nl |  | delivery | person");
    let others = [
        Corrected::Language(text("de")),
        Corrected::Intents(Some(vec!["return".into(), "thanks".into()])),
        Corrected::Topic(text("")),
    ];
    check_understood(Some(found()), &others, "negative -25 | de | return, thanks | - | cues");
    check_understood(None, &others[..1], " 0 | de |  | - | -");
    let taken_back: Vec<_> = Corrected::FIELDS.into_iter().filter_map(Corrected::taken_back).collect();
    assert_eq!(taken_back.iter().map(Corrected::field).collect::<Vec<_>>(), Corrected::FIELDS);
    check_understood(Some(found()), &taken_back, "negative -25 | nl |  | delivery | cues");
}
