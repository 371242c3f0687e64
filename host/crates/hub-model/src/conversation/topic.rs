//! What a text is about, by words that hardly mean anything else: enough to see that two conversations are about one
//! matter and to suggest what to open with, never to decide anything.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Serialize;

use super::mentions::beginning;
use crate::words::folded;

/// Bytes of a text that are read: what it is about stands at its beginning.
const READ_MAX: usize = 2_048;

/// A matter customers write about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    Delivery,
    Refund,
    Return,
    Damage,
    Cancellation,
    Payment,
    Setup,
    Account,
    Availability,
}

impl Topic {
    pub const ALL: [Self; 9] = [
        Self::Delivery,
        Self::Refund,
        Self::Return,
        Self::Damage,
        Self::Cancellation,
        Self::Payment,
        Self::Setup,
        Self::Account,
        Self::Availability,
    ];

    /// What enrichers, rules and answers call them, in the order of [`Topic::ALL`].
    pub const NAMES: [&'static str; 9] = [
        "delivery",
        "refund",
        "return",
        "damage",
        "cancellation",
        "payment",
        "setup",
        "account",
        "availability",
    ];

    /// The topic of this name, if it is one of ours.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let place = Self::NAMES.iter().position(|known| *known == name)?;
        Self::ALL.get(place).copied()
    }

    /// As it stands in a sentence for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Delivery => "delivery",
            Self::Refund => "a refund",
            Self::Return => "a return",
            Self::Damage => "something broken or wrong",
            Self::Cancellation => "a cancellation",
            Self::Payment => "a payment",
            Self::Setup => "set-up",
            Self::Account => "the account",
            Self::Availability => "availability",
        }
    }
}

/// The matter most words of the text are about; of equals the one that stands first in [`Topic`].
#[must_use]
pub fn topic(text: &str) -> Option<Topic> {
    let text = folded(beginning(text, READ_MAX));
    let words: Vec<&str> =
        text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut hits: BTreeMap<Topic, usize> = BTreeMap::new();
    for (place, word) in words.iter().enumerate() {
        let rest = words.get(place..).unwrap_or_default();
        let patterns = word.bytes().next().and_then(|letter| PATTERNS.get(&letter)).into_iter().flatten();
        for (topic, _) in patterns.filter(|(_, pattern)| begins(rest, pattern)) {
            *hits.entry(*topic).or_default() += 1;
        }
    }
    hits.into_iter().max_by_key(|(topic, hits)| (*hits, Reverse(*topic))).map(|(topic, _)| topic)
}

/// Whether words begin with those of a pattern; a star takes any ending.
fn begins(words: &[&str], pattern: &[&str]) -> bool {
    let is_meant = |(word, part): (&&str, &&str)| match part.strip_suffix('*') {
        Some(stem) => word.starts_with(stem),
        None => word == part,
    };
    words.len() >= pattern.len() && words.iter().zip(pattern).all(is_meant)
}

/// Patterns in their words, by the letter they begin with.
type Patterns = BTreeMap<u8, Vec<(Topic, Vec<&'static str>)>>;

/// Kept by letter because a word of a text then meets a dozen patterns instead of all.
static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let mut patterns = Patterns::new();
    for (topic, pattern) in TOPICS.iter().flat_map(|(topic, list)| list.iter().map(move |one| (*topic, *one)))
    {
        if let Some(letter) = pattern.bytes().next() {
            patterns.entry(letter).or_default().push((topic, pattern.split(' ').collect()));
        }
    }
    patterns
});

/// Words of English, German, French, Spanish, Italian, Dutch and Portuguese, folded.
const TOPICS: [(Topic, &[&str]); 9] = [
    (
        Topic::Delivery,
        &[
            "deliver*",
            "shipping",
            "shipped",
            "shipment",
            "parcel*",
            "tracking",
            "courier",
            "where is my",
            "not arrived",
            "hasn t arrived",
            "still waiting",
            "lieferung*",
            "geliefert",
            "liefern",
            "paket*",
            "versand*",
            "sendung*",
            "zustell*",
            "wo bleibt",
            "wo ist mein*",
            "livraison*",
            "livre",
            "colis",
            "expedi*",
            "ou est ma",
            "envio*",
            "entrega*",
            "paquete*",
            "donde esta",
            "spedizion*",
            "consegn*",
            "pacco",
            "dov e",
            "bezorg*",
            "levering*",
            "pakket*",
            "verzend*",
            "waar is mijn",
            "rastre*",
            "onde esta",
        ],
    ),
    (
        Topic::Refund,
        &[
            "refund*",
            "money back",
            "reimburse*",
            "erstatt*",
            "geld zuruck",
            "ruckzahlung*",
            "rembours*",
            "reembols*",
            "rimbors*",
            "terugbetal*",
            "geld terug",
        ],
    ),
    (
        Topic::Return,
        &[
            "return",
            "returns",
            "returning",
            "send it back",
            "exchange",
            "retour*",
            "zurucksend*",
            "zuruckschick*",
            "umtausch*",
            "echange*",
            "renvoyer",
            "devol*",
            "cambio",
            "reso",
            "restitu*",
            "ruilen",
            "troca*",
        ],
    ),
    (
        Topic::Damage,
        &[
            "broken",
            "damaged",
            "defective",
            "faulty",
            "wrong item",
            "wrong size",
            "missing",
            "cracked",
            "kaputt*",
            "beschadigt*",
            "defekt*",
            "falsch*",
            "fehlt",
            "casse*",
            "abime*",
            "endommage*",
            "manque*",
            "roto",
            "rota",
            "danad*",
            "defectuos*",
            "rotto",
            "rotta",
            "danneggiat*",
            "difettos*",
            "kapot*",
            "beschadigd*",
            "partido",
            "danificad*",
        ],
    ),
    (
        Topic::Cancellation,
        &["cancel*", "stornier*", "storno", "widerruf*", "annul*", "anular", "annullare", "annuler*"],
    ),
    (
        Topic::Payment,
        &[
            "payment*",
            "paid twice",
            "charged",
            "invoice*",
            "credit card",
            "paypal",
            "zahlung*",
            "rechnung*",
            "abgebucht",
            "bezahlt",
            "paiement*",
            "facture*",
            "preleve*",
            "pago*",
            "factura*",
            "cobrad*",
            "pagament*",
            "fattura*",
            "betaling*",
            "factuur*",
            "fatura*",
        ],
    ),
    (
        Topic::Setup,
        &[
            "set up",
            "setup",
            "setting up",
            "install*",
            "assembl*",
            "manual",
            "instructions",
            "connect*",
            "pairing",
            "configur*",
            "firmware",
            "einricht*",
            "aufbau*",
            "anleitung*",
            "verbind*",
            "montage*",
            "mode d emploi",
            "montaje",
            "instrucciones",
            "montaggio",
            "istruzion*",
            "handleiding*",
            "montagem",
            "instrucoes",
        ],
    ),
    (
        Topic::Account,
        &[
            "password*",
            "log in",
            "login",
            "sign in",
            "my account",
            "loyalty",
            "points",
            "passwort*",
            "anmelde*",
            "kundenkonto",
            "punkte",
            "mot de passe",
            "mon compte",
            "contrasena",
            "mi cuenta",
            "puntos",
            "mio account",
            "punti",
            "wachtwoord*",
            "mijn account",
            "punten",
            "senha",
            "minha conta",
            "pontos",
        ],
    ),
    (
        Topic::Availability,
        &[
            "in stock",
            "out of stock",
            "available",
            "restock*",
            "back in",
            "auf lager",
            "verfugbar*",
            "lieferbar",
            "en stock",
            "disponib*",
            "disponivel",
            "voorraad",
            "beschikbaar",
        ],
    ),
];
