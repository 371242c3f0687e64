//! Phone numbers read before. Reading one takes the library longer than everything else that is done with a message's
//! sender, and the same few people write, order and call again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// About 2 MB; more numbers than that are alive at once only while a journal is folded anew.
const KNOWN_MAX: usize = 16 * 1024;

/// What numbers read as, by how they were written. Forgets all of them when there are too many.
#[derive(Debug, Default)]
pub struct Phones {
    known: Mutex<Known>,
}

/// By the country a number is taken to be of when it names none.
#[derive(Debug, Default)]
struct Known {
    by_country: Vec<(Option<String>, Readings)>,
    count: usize,
}

/// By the text of a number, what it reads as; `None` where it is none.
type Readings = HashMap<String, Option<String>>;

impl Phones {
    /// What was read before, else what `read` makes of it.
    pub(super) fn read(
        &self,
        text: &str,
        country: Option<&str>,
        read: impl FnOnce(&str, Option<&str>) -> Option<String>,
    ) -> Option<String> {
        // Nothing panics while it is held, so what it guards is whole.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let place = known.by_country.iter().position(|(of, _)| of.as_deref() == country);
        let of_country = place.and_then(|place| known.by_country.get_mut(place));
        if let Some(number) = of_country.and_then(|(_, numbers)| numbers.get(text)) {
            return number.clone();
        }
        let number = read(text, country);
        if known.count >= KNOWN_MAX {
            *known = Known::default();
        }
        known.learn(text, country, number.clone());
        number
    }
}

impl Known {
    fn learn(&mut self, text: &str, country: Option<&str>, number: Option<String>) {
        let place = self.by_country.iter().position(|(of, _)| of.as_deref() == country);
        let place = place.unwrap_or_else(|| {
            self.by_country.push((country.map(str::to_owned), Readings::new()));
            self.by_country.len() - 1
        });
        if let Some((_, numbers)) = self.by_country.get_mut(place) {
            numbers.insert(text.to_owned(), number);
            self.count += 1;
        }
    }
}
