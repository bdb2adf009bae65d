//! JSON objects read strictly, and strings read without leaving copies behind.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

/// An object with each name once. A duplicate is an error, because two readers of one text may
/// otherwise see two different values (RFC 8259 §4).
pub(crate) struct Object<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Object<'a> {
    /// `None` unless the whole text is one object.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The member's value if it is a string.
    pub(crate) fn string(&self, name: &str) -> Option<Zeroizing<String>> {
        unescape(self.0.get(name)?.get())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = BTreeMap<String, &'de RawValue>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object with each name once")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = access.next_entry()? {
                    if members.insert(name, value).is_some() {
                        return Err(A::Error::custom("a name occurs twice"));
                    }
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Members).map(Self)
    }
}

/// The text of a JSON string (RFC 8259 §7) whose syntax `serde_json` has checked; `None` for any
/// other value and for half a surrogate pair.
///
/// `serde_json` itself would collect a text with escapes in a buffer that it frees unwiped. Here
/// the one copy is made in a buffer that cannot grow, since no escape is shorter than its meaning.
fn unescape(raw: &str) -> Option<Zeroizing<String>> {
    let mut rest = raw.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = Zeroizing::new(String::with_capacity(rest.len()));
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let mut characters = escape.chars();
        text.push(match characters.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let (character, after) = unicode_escape(characters.as_str())?;
                characters = after.chars();
                character
            }
            itself => itself,
        });
        rest = characters.as_str();
    }
    text.push_str(rest);
    Some(text)
}

/// What `\u` introduced, and the text after it.
fn unicode_escape(text: &str) -> Option<(char, &str)> {
    let (first, rest) = code_unit(text)?;
    if !(0xd800..0xdc00).contains(&first) {
        // A low surrogate on its own is no character.
        return Some((char::from_u32(first)?, rest));
    }
    let (second, rest) = code_unit(rest.strip_prefix("\\u")?)?;
    let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    Some((char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + low)?, rest))
}

fn code_unit(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(json: &str) -> Option<String> {
        Object::parse(json)?.string("password").map(|text| text.to_string())
    }

    #[test]
    fn every_escape_is_understood_as_serde_json_does() {
        for json in [
            r#"{"password":""}"#,
            r#"{"password":"plain"}"#,
            r#"{"password":"\"\\\/\b\f\n\r\t"}"#,
            r#"{"password":"a\u00e9b\u0000c\uFFFFd"}"#,
            r#"{"password":"\ud83d\ude00 and 😀 and \uDBFF\uDFFF"}"#,
            r#"{"p\u0061ssword" : "spaced" }"#,
        ] {
            let reference: BTreeMap<String, String> = serde_json::from_str(json).unwrap();
            assert_eq!(password(json).as_deref(), Some(reference["password"].as_str()), "{json}");
        }
    }

    #[test]
    fn half_a_surrogate_pair_is_no_text() {
        for half in [r"\ud83d", r"\ude00", r"\ud83d\ud83d", r"\ud83dx", r"\ud83d\u0041", r"\ud83d\n"] {
            assert_eq!(password(&format!(r#"{{"password":"{half}"}}"#)), None, "{half}");
        }
    }

    #[test]
    fn broken_strings_are_no_text() {
        for broken in [r"\x", r"\u12", r"\u+123", "\n", "\u{0}", "\\"] {
            assert_eq!(password(&format!(r#"{{"password":"{broken}"}}"#)), None, "{broken:?}");
        }
    }

    #[test]
    fn a_name_that_occurs_twice_is_refused() {
        assert!(Object::parse(r#"{"a":1,"b":2}"#).is_some());
        assert!(Object::parse(r#"{"a":1,"a":1}"#).is_none());
        assert!(Object::parse(r#"{"a":1,"\u0061":1}"#).is_none());
    }

    #[test]
    fn other_values_are_no_objects() {
        for text in ["", "[]", "\"\"", "null", "{", "{}{}", "{} x", "\u{feff}{}"] {
            assert!(Object::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn unescaping_never_outgrows_its_buffer() {
        let raw = r#""\u0041\ud83d\ude00\n and a plain end""#;
        let text = unescape(raw).unwrap();
        assert_eq!(text.capacity(), raw.len() - 2, "a buffer that grew has another capacity");
    }
}
