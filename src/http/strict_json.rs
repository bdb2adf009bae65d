//! JSON bodies read in one way only, so that a proxy in front cannot see another body than we do.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

/// Reads an object of a known shape. Unknown members are ignored; a duplicate one at any depth, a wrong type and anything
/// behind the object are refused, and so is half a surrogate pair.
///
/// # Errors
/// A sentence for whoever sent the body. It says where and what is wrong, and repeats nothing of the body but the name
/// of a member that the shape has and the body lacks.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    // serde would read an array as an object's members in order.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err("the body must be a JSON object".to_owned());
    }
    // serde ignores a duplicate of a member that it does not know, and a proxy in front may read the other one.
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    UniqueMembers.deserialize(&mut deserializer).and_then(|()| deserializer.end()).map_err(|error| explain(&error))?;
    serde_json::from_slice(body).map_err(|error| explain(&error))
}

/// What is wrong with a body, without repeating what stands in it: that may be a password.
fn explain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if text.starts_with("missing field") || text.starts_with(DUPLICATE) {
        return format!("the body is not what this route takes: {text}");
    }
    let what = if error.is_data() { "a member has the wrong type" } else { "the body is not JSON in UTF-8" };
    format!("{what}, at line {} column {}", error.line(), error.column())
}

const DUPLICATE: &str = "a member appears twice";

/// Walks through any JSON and refuses an object that has a member twice.
struct UniqueMembers;

impl<'de> DeserializeSeed<'de> for UniqueMembers {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for UniqueMembers {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            map.next_value_seed(UniqueMembers)?;
            if !seen.insert(name) {
                return Err(A::Error::custom(DUPLICATE));
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        while sequence.next_element_seed(UniqueMembers)?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Shape {
        email: String,
    }

    fn email(body: &str) -> Result<String, String> {
        parse::<Shape>(body.as_bytes()).map(|shape| shape.email)
    }

    #[test]
    fn unknown_members_are_ignored() {
        assert_eq!(email(r#"{"email":"a","role":"admin","x":[1,{"y":null}]}"#), Ok("a".to_owned()));
    }

    #[test]
    fn duplicate_members_are_refused_at_any_depth() {
        for body in [
            r#"{"email":"a","email":"b"}"#,
            r#"{"email":"a","x":1,"x":2}"#,
            r#"{"email":"a","x":[{"y":1,"y":1}]}"#,
            r#"{"email":"a","\u0065mail":"b"}"#,
        ] {
            assert!(email(body).unwrap_err().contains("twice"), "{body}");
        }
    }

    #[test]
    fn wrong_types_missing_members_and_trailing_text_are_refused() {
        for body in [
            "",
            "[]",
            "{}",
            r#"{"email":1}"#,
            r#"{"email":["a"]}"#,
            r#"{"email":null}"#,
            r#"{"email":"a"} x"#,
            "{\"email\":\"\u{0}\"}",
        ] {
            assert!(email(body).is_err(), "{body}");
        }
    }

    #[test]
    fn a_refusal_does_not_repeat_what_was_sent() {
        for body in [r#"{"email":12345678}"#, r#"{"email":"hunter2" oops}"#, r#"["hunter2"]"#] {
            let detail = email(body).unwrap_err();
            assert!(!detail.contains("12345678") && !detail.contains("hunter2"), "{detail}");
        }
    }
}
