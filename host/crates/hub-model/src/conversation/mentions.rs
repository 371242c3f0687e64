//! Which of a customer's own orders a text names. A bare number is a house number, a price or a year more often than an
//! order, so it needs a sign or a word before it, or to be all that was said.

use std::collections::{BTreeMap, BTreeSet};

use crate::words::folded;

/// Bytes of a text that are read: beyond them mails quote older mails.
const READ_MAX: usize = 8_192;

/// Words looked back over from a number to the word that calls it an order: "order number is 1042".
const WORDS_BACK: usize = 3;

/// An order as the customer may name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrderName {
    pub connection: String,
    /// The provider's id.
    pub id: String,
}

/// The numbers of a customer's orders.
#[derive(Clone, Debug, Default)]
pub struct OrderNames {
    /// By the number without its sign, folded.
    by_number: BTreeMap<String, Vec<Known>>,
}

#[derive(Clone, Debug)]
struct Known {
    order: OrderName,
    /// The number itself has no sign before it.
    is_bare: bool,
}

impl OrderNames {
    /// Adds an order under the number people say: "#1001", "EU-1001".
    pub fn add(&mut self, number: &str, order: OrderName) {
        let name = folded(number.trim());
        let bare = name.trim_start_matches('#').to_owned();
        if bare.chars().any(|letter| letter.is_ascii_digit()) {
            let is_bare = bare == name;
            self.by_number.entry(bare).or_default().push(Known { order, is_bare });
        }
    }

    /// The orders a text names.
    #[must_use]
    pub fn mentioned(&self, text: &str) -> BTreeSet<&OrderName> {
        let mut found = BTreeSet::new();
        if self.by_number.is_empty() {
            return found;
        }
        let text = folded(beginning(text, READ_MAX));
        for (start, token) in tokens(&text) {
            let Some(orders) = self.by_number.get(token) else { continue };
            let end = start.saturating_add(token.len());
            let (before, after) =
                (text.get(..start).unwrap_or_default(), text.get(end..).unwrap_or_default());
            if is_part_of_number(before, after) {
                continue;
            }
            let called = is_called_order(before, after) || !token.bytes().all(|byte| byte.is_ascii_digit());
            found.extend(orders.iter().filter(|known| called || known.is_bare).map(|known| &known.order));
        }
        found
    }
}

/// At most so many bytes, whole letters.
pub(super) fn beginning(text: &str, bytes_max: usize) -> &str {
    let mut end = bytes_max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// What may be an order's number, and where it begins: a run of letters, digits and dashes with a digit in it.
fn tokens(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |letter: char| letter.is_alphanumeric() || DASHES.contains(&letter);
    let mut runs = Vec::new();
    let mut start = None;
    for (at, letter) in text.char_indices() {
        match (is_part(letter), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                runs.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    runs.extend(start.map(|from| (from, text.len())));
    runs.into_iter().filter_map(move |(from, to)| {
        let run = text.get(from..to)?;
        let token = run.trim_start_matches(DASHES);
        let from = to.saturating_sub(token.len());
        let token = token.trim_end_matches(DASHES);
        token.bytes().any(|byte| byte.is_ascii_digit()).then_some((from, token))
    })
}

const DASHES: [char; 2] = ['-', '_'];

/// "1,042", "10.42", "10:42", "1042/7": the digits are part of something else.
fn is_part_of_number(before: &str, after: &str) -> bool {
    const JOINTS: [char; 5] = ['.', ',', ':', '/', '+'];
    let joined = |mut letters: Box<dyn Iterator<Item = char> + '_>| {
        letters.next().is_some_and(|joint| JOINTS.contains(&joint))
            && letters.next().is_some_and(|letter| letter.is_ascii_digit())
    };
    joined(Box::new(before.chars().rev())) || joined(Box::new(after.chars()))
}

/// A sign or a word before it says that it is an order, or nothing else was said.
fn is_called_order(before: &str, after: &str) -> bool {
    let before = before.trim_end();
    if before.ends_with('#') {
        return true;
    }
    let is_all = before.is_empty() && after.chars().all(|letter| !letter.is_alphanumeric());
    let mut words = before.rsplit(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    is_all || is_order_word(&mut words)
}

fn is_order_word<'a>(words: &mut impl Iterator<Item = &'a str>) -> bool {
    for word in words.take(WORDS_BACK) {
        if ORDER_WORDS.contains(&word) {
            return true;
        }
        if !BETWEEN.contains(&word) {
            return false;
        }
    }
    false
}

/// "Order" in the languages of our shops, folded.
const ORDER_WORDS: [&str; 21] = [
    "order",
    "orders",
    "ordernumber",
    "bestellung",
    "bestellungen",
    "bestellnummer",
    "bestellnr",
    "auftrag",
    "auftragsnummer",
    "commande",
    "commandes",
    "pedido",
    "pedidos",
    "orden",
    "encomenda",
    "ordine",
    "ordini",
    "bestelling",
    "bestelnummer",
    "ordernummer",
    "zamowienie",
];

/// What stands between that word and the number.
const BETWEEN: [&str; 18] = [
    "no", "nr", "n", "num", "number", "nummer", "numero", "id", "is", "was", "ist", "est", "es", "e",
    "lautet", "mit", "der", "the",
];
