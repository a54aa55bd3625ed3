//! JSON taken apart one level at a time, each part still text: its type is known only later.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Refused;

/// Members of an object by name.
pub(super) type Members<'a> = BTreeMap<String, &'a RawValue>;

/// The members of an object.
///
/// # Errors
/// For anything that is no object, and for a name that is given twice: parsers differ in which of the
/// two they keep, so what a person was shown may not be what is signed.
pub(super) fn members(text: &RawValue) -> Refused<Members<'_>> {
    if !text.get().starts_with('{') {
        return Err(String::from("is no object"));
    }
    serde_json::from_str(text.get())
        .map(|Unique(members)| members)
        .map_err(|_| String::from("has a name twice or a name that is no text"))
}

/// The elements of an array.
///
/// # Errors
/// For anything that is no array.
pub(super) fn elements(text: &RawValue) -> Refused<Vec<&RawValue>> {
    serde_json::from_str(text.get()).map_err(|_| String::from("is no array"))
}

/// The text of a string.
///
/// # Errors
/// For anything that is no string, and for half of a surrogate pair.
pub(super) fn string(text: &RawValue) -> Refused<String> {
    serde_json::from_str(text.get()).map_err(|_| String::from("is no text"))
}

struct Unique<'a>(Members<'a>);

impl<'de> Deserialize<'de> for Unique<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(UniqueVisitor)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Unique<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Members::new();
        while let Some((name, value)) = map.next_entry()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a name twice"));
            }
        }
        Ok(Unique(members))
    }
}
