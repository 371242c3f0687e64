//! Reading values that providers fill with nothing: an empty text where others write null.
//! Objects are read member by member in [`members`](crate::members).

use crate::exact::Text;

/// The text of a scalar that says something: absent, empty and blank are all `None`.
#[must_use]
pub fn said(text: Option<Text>) -> Option<String> {
    text.map(|text| text.0).filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::said;
    use crate::exact::Text;

    #[test]
    fn blank_says_nothing() {
        assert_eq!(said(None), None);
        assert_eq!(said(Some(Text("  ".into()))), None);
        assert_eq!(said(Some(Text("0".into()))), Some("0".into()));
    }
}
