//! Reading JSON so that one member of the wrong type costs that member and not its object: for
//! `#[serde(default, deserialize_with = "lenient::field")]`. Never invents a value: what does not fit is absent.
//!
//! Not inlined: a connector has a hundred members, and a copy for each makes the component half as large again.
//!
//! These read raw JSON, so they work inside plain structs, not under `#[serde(flatten)]` or untagged enums.

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::value::RawValue;

use crate::exact::Text;

/// A JSON object as `T`; `None` when the text is anything else (serde would read a list as a struct by position).
#[must_use]
#[inline(never)]
pub fn from_object<T: DeserializeOwned>(json: &str) -> Option<T> {
    if !json.trim_start().starts_with('{') {
        return None;
    }
    serde_json::from_str(json).ok()
}

/// A scalar or list of scalars; null or a value of another type is `None`.
///
/// # Errors
/// Only where the text is not JSON at all.
#[inline(never)]
pub fn field<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    let raw = member(deserializer)?;
    Ok(serde_json::from_str(raw.get()).ok())
}

/// A struct; null or anything but an object that fits is `None`.
///
/// # Errors
/// Only where the text is not JSON at all.
#[inline(never)]
pub fn object<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let raw = member(deserializer)?;
    Ok(from_object(raw.get()))
}

/// A list of structs, each read for itself: an item that does not fit is `None` in its place, so that it can be
/// noted under its index. Anything but a list is `None`.
///
/// # Errors
/// Only where the text is not JSON at all.
#[inline(never)]
pub fn objects<'de, D, T>(deserializer: D) -> Result<Option<Vec<Option<T>>>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let raw = member(deserializer)?;
    let items: Option<Vec<Box<RawValue>>> = serde_json::from_str(raw.get()).ok();
    Ok(items.map(|items| items.iter().map(|item| from_object(item.get())).collect()))
}

/// The member exactly as written, where null must be told apart from absence.
///
/// # Errors
/// Only where the text is not JSON at all.
#[inline(never)]
pub fn raw<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    member(deserializer).map(Some)
}

#[inline(never)]
fn member<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<RawValue>, D::Error> {
    <Box<RawValue>>::deserialize(deserializer)
}

/// The text of a scalar that says something: absent, empty and blank are all `None`.
#[must_use]
pub fn said(text: Option<Text>) -> Option<String> {
    text.map(|text| text.0).filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Inner {
        #[serde(deserialize_with = "field")]
        id: Option<Text>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Outer {
        #[serde(deserialize_with = "field")]
        id: Option<Text>,
        #[serde(deserialize_with = "object")]
        inner: Option<Inner>,
        #[serde(deserialize_with = "objects")]
        list: Option<Vec<Option<Inner>>>,
        #[serde(deserialize_with = "raw")]
        raw: Option<Box<RawValue>>,
    }

    fn outer(json: &str) -> Outer {
        from_object(json).unwrap()
    }

    #[test]
    fn a_member_of_another_type_costs_only_itself() {
        let read = outer(r#"{"id": {"no": 1}, "inner": {"id": 98765432109876543210}, "list": 7}"#);
        assert_eq!(read.id, None);
        assert_eq!(read.inner.unwrap().id, Some(Text("98765432109876543210".into())));
        assert_eq!(read.list, None);
    }

    #[test]
    fn a_bad_item_keeps_its_place() {
        let list = outer(r#"{"list": [{"id": "a"}, ["b"], null, {"id": []}]}"#).list.unwrap();
        assert_eq!(list, [Some(Inner { id: Some(Text("a".into())) }), None, None, Some(Inner { id: None })]);
    }

    #[test]
    fn a_list_is_not_a_struct() {
        assert!(from_object::<Outer>(r#"["a", null, null, null]"#).is_none());
        assert_eq!(outer(r#"{"inner": ["a"]}"#).inner, None);
    }

    #[test]
    fn null_can_be_told_from_absence() {
        assert_eq!(outer(r#"{"raw": null}"#).raw.unwrap().get(), "null");
        assert!(outer("{}").raw.is_none());
    }

    #[test]
    fn blank_says_nothing() {
        assert_eq!(said(Some(Text("  ".into()))), None);
        assert_eq!(said(Some(Text("0".into()))), Some("0".into()));
    }
}
