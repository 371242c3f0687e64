//! What an action of role [`Role::Erase`](crate::Role::Erase) says of what became of a person at the provider. Erasing twice is erasing once: who is not there any more counts as erased.

use crate::Receipt;

/// What became of the person at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erasure {
    /// The provider says that it has erased them.
    Done,
    /// The provider took the request and carries it out later, by itself.
    Accepted,
    /// The provider does not know them, or does not any more.
    Gone,
}

impl Erasure {
    /// The receipt: how it stands is in its `extra` as `erasure`. `reference` is the provider's id of the request;
    /// `remains` says, for people, what it keeps of them that only its own settings can take away.
    #[must_use]
    pub fn receipt(self, reference: Option<String>, remains: Option<&str>) -> Receipt {
        let standing = match self {
            Self::Done => "done",
            Self::Accepted => "accepted",
            Self::Gone => "gone",
        };
        let mut extra = vec![("erasure".to_owned(), standing.to_owned())];
        extra.extend(remains.map(|remains| ("remains".to_owned(), remains.to_owned())));
        Receipt { reference, already_done: self == Self::Gone, extra }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_says_how_it_stands_and_what_remains() {
        let extra = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let accepted = Erasure::Accepted.receipt(Some("del_1".into()), Some("invoices"));
        assert_eq!((accepted.reference.as_deref(), accepted.already_done), (Some("del_1"), false));
        assert_eq!(accepted.extra, extra(&[("erasure", "accepted"), ("remains", "invoices")]));
        assert!(!Erasure::Done.receipt(None, None).already_done);
        let gone = Erasure::Gone.receipt(None, None);
        assert_eq!((gone.already_done, gone.extra), (true, extra(&[("erasure", "gone")])));
    }
}
