//! Looking into a delivery's headers. They are not signed: hints, never facts about a person or an order.

use crate::Delivery;

impl Delivery {
    /// The first of these headers that is present and not empty; names in lower case.
    #[must_use]
    pub fn header(&self, names: &[&str]) -> Option<&str> {
        let value = |name: &&str| {
            let header = self.headers.iter().find(|header| header.name == **name)?;
            Some(header.value.trim()).filter(|value| !value.is_empty())
        };
        names.iter().find_map(value)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Delivery, Header};

    #[test]
    fn the_first_header_that_says_something() {
        let header = |name: &str, value: &str| Header { name: name.into(), value: value.into() };
        let headers = vec![header("b", "2"), header("a", " ")];
        let delivery = Delivery { topic: None, headers, body: String::new(), received_at: 0 };
        assert_eq!(delivery.header(&["a", "b"]), Some("2"));
        assert_eq!(delivery.header(&["c"]), None);
    }
}
