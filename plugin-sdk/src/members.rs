//! Declaring a provider's JSON objects in a few lines. Every member is optional and read leniently, because providers
//! trim their payloads (and now and then change a type): what does not fit is absent, the object stays.
//!
//! One parser serves all objects: derived ones would be most of a component's size.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::exact::{Text, scalar};

/// Structs for the members of JSON objects that a connector reads; all others are ignored.
///
/// ```
/// omnihub_plugin::members! {
///     /// An order, as far as it is read.
///     Order {
///         text: id, kind = "type";
///         texts: tracking_numbers;
///         raw: fulfillment_status;
///         object: customer: Person;
///         list: line_items: Line;
///     }
///     Person { text: email; }
///     Line { text: sku; }
/// }
/// # let order: Order = omnihub_plugin::members::read(r#"{"id": 12345678901234567890, "line_items": [7]}"#).unwrap();
/// # assert_eq!(order.id.unwrap().0, "12345678901234567890");
/// # assert!(order.line_items.unwrap()[0].is_none() && order.customer.is_none());
/// ```
///
/// In this order, each where needed: `text` (any scalar, exact), `texts` (a list of scalars), `raw` (as written, where
/// null must be told from absence), `object`, and `list` (of objects; one that cannot be read is `None` in its place). A
/// member with another name in JSON says so: `kind = "type"`. Read one with [`read`](crate::members::read).
#[macro_export]
macro_rules! members {
    ($($(#[$about:meta])* $name:ident {
        $(text: $($text:ident $(= $text_name:literal)?),+;)?
        $(texts: $($texts:ident),+;)?
        $(raw: $($raw:ident),+;)?
        $(object: $($object:ident $(= $object_name:literal)? : $object_type:ty),+;)?
        $(list: $($list:ident $(= $list_name:literal)? : $list_type:ty),+;)?
    })+) => {$(
        $(#[$about])*
        #[derive(Debug, Default)]
        pub(crate) struct $name {
            $($(pub(crate) $text: Option<$crate::exact::Text>,)+)?
            $($(pub(crate) $texts: Option<Vec<$crate::exact::Text>>,)+)?
            $($(pub(crate) $raw: Option<$crate::members::RawMember>,)+)?
            $($(pub(crate) $object: Option<$object_type>,)+)?
            $($(pub(crate) $list: Option<Vec<Option<$list_type>>>,)+)?
        }

        impl $crate::members::Members for $name {
            fn of(object: &$crate::members::Object<'_>) -> Self {
                Self {
                    $($($text: $crate::members::text(object, $crate::members!(@name $text $($text_name)?)),)+)?
                    $($($texts: $crate::members::texts(object, stringify!($texts)),)+)?
                    $($($raw: $crate::members::raw(object, stringify!($raw)),)+)?
                    $($($object: $crate::members::object(object, $crate::members!(@name $object $($object_name)?)),)+)?
                    $($($list: $crate::members::list(object, $crate::members!(@name $list $($list_name)?)),)+)?
                }
            }
        }
    )+};
    (@name $member:ident) => { stringify!($member) };
    (@name $member:ident $name:literal) => { $name };
}

/// A member exactly as written.
pub type RawMember = Box<RawValue>;

/// The members of a JSON object by name; of two with one name the later counts.
pub type Object<'a> = BTreeMap<String, &'a RawValue>;

/// A struct that [`members!`](crate::members!) declared.
pub trait Members: Sized {
    /// What the object says of the struct's members.
    fn of(object: &Object<'_>) -> Self;
}

/// A JSON object as a declared struct; `None` when the text is anything else.
#[must_use]
pub fn read<T: Members>(json: &str) -> Option<T> {
    Some(T::of(&parse(json)?))
}

/// The members of a JSON object, for bodies whose names are not known beforehand; `None` when the text is no object.
#[must_use]
pub fn parse(json: &str) -> Option<Object<'_>> {
    serde_json::from_str(json).ok()
}

#[doc(hidden)]
#[must_use]
pub fn text(object: &Object<'_>, name: &str) -> Option<Text> {
    object.get(name).and_then(|raw| scalar(raw))
}

#[doc(hidden)]
#[must_use]
pub fn texts(object: &Object<'_>, name: &str) -> Option<Vec<Text>> {
    items(object, name)?.into_iter().map(scalar).collect()
}

#[doc(hidden)]
#[must_use]
pub fn raw(object: &Object<'_>, name: &str) -> Option<RawMember> {
    object.get(name).map(|raw| (*raw).to_owned())
}

#[doc(hidden)]
#[must_use]
pub fn object<T: Members>(object: &Object<'_>, name: &str) -> Option<T> {
    read(object.get(name)?.get())
}

#[doc(hidden)]
#[must_use]
pub fn list<T: Members>(object: &Object<'_>, name: &str) -> Option<Vec<Option<T>>> {
    Some(items(object, name)?.into_iter().map(|raw| read(raw.get())).collect())
}

fn items<'a>(object: &Object<'a>, name: &str) -> Option<Vec<&'a RawValue>> {
    serde_json::from_str(object.get(name)?.get()).ok()
}

/// Names and values for a record's `extra`: those that were said.
#[must_use]
pub fn extras<const N: usize>(pairs: [(&str, Option<String>); N]) -> Vec<(String, String)> {
    pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::{RawMember, read};

    crate::members! {
        Outer {
            text: id, kind = "type";
            texts: words;
            raw: state;
            object: inner = "in": Inner;
            list: all: Inner;
        }
        Inner { text: id; }
    }

    fn outer(json: &str) -> Outer {
        read(json).unwrap()
    }

    #[test]
    fn a_member_of_another_type_costs_only_itself() {
        let read = outer(
            r#"{"id": {"no": 1}, "type": 98765432109876543210, "in": {"id": "a"}, "all": 7, "words": [1, "b"]}"#,
        );
        assert!(read.id.is_none() && read.all.is_none());
        assert_eq!(read.kind.unwrap().0, "98765432109876543210");
        assert_eq!(read.inner.unwrap().id.unwrap().0, "a");
        assert_eq!(read.words.unwrap().into_iter().map(|word| word.0).collect::<Vec<_>>(), ["1", "b"]);
        assert!(outer(r#"{"words": ["a", {}]}"#).words.is_none());
    }

    #[test]
    fn a_bad_item_keeps_its_place_and_a_list_is_no_object() {
        let all = outer(r#"{"all": [{"id": "a"}, ["b"], null, {"id": []}]}"#).all.unwrap();
        assert_eq!(all.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, false, true]);
        for json in ["", "[]", "7", "null", "\"{}\"", "{\"id\": 1"] {
            assert!(read::<Outer>(json).is_none(), "{json}");
        }
    }

    #[test]
    fn null_is_told_from_absence_and_the_later_of_two_counts() {
        let state = |json: &str| outer(json).state.map(|raw: RawMember| raw.get().to_owned());
        assert_eq!(state(r#"{"state": null}"#).as_deref(), Some("null"));
        assert_eq!(state("{}"), None);
        assert_eq!(outer(r#"{"id": 1, "\u0069d": 2}"#).id.unwrap().0, "2");
    }
}
