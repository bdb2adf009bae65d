//! Bodies of requests, held against serde_json's own reading and against a list of all members.
#![no_main]

use std::collections::HashSet;
use std::fmt;

use bulla::http::strict_json;
use libfuzzer_sys::fuzz_target;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

#[derive(Debug, PartialEq, serde::Deserialize)]
struct Shape {
    email: String,
    name: Option<String>,
}

fuzz_target!(|body: &[u8]| {
    let strict = strict_json::parse::<Shape>(body);
    let lenient = serde_json::from_slice::<Shape>(body).ok();
    let is_object = body.trim_ascii_start().starts_with(b"{");
    let tree = serde_json::from_slice::<Tree>(body);
    let has_duplicates = tree.as_ref().is_ok_and(Tree::has_duplicates);
    match strict {
        Ok(shape) => {
            assert!(is_object && !has_duplicates, "two readers could see two bodies");
            assert_eq!(Some(shape), lenient, "serde_json sees another body");
        }
        Err(why) => {
            // serde_json does not look into a text that nobody asked for: it may be no UTF-8, or half a surrogate pair.
            assert!(lenient.is_none() || !is_object || has_duplicates || tree.is_err(), "refused without need: {why}");
            // The line and the column are all that it may take from the body.
            assert!(why.is_ascii() && why.len() < 150, "repeats what was sent: {why}");
        }
    }
});

/// Any JSON, with every member that stands in it.
enum Tree {
    Leaf,
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    fn has_duplicates(&self) -> bool {
        match self {
            Self::Leaf => false,
            Self::Array(values) => values.iter().any(Self::has_duplicates),
            Self::Object(members) => {
                let names: HashSet<&String> = members.iter().map(|(name, _)| name).collect();
                names.len() < members.len() || members.iter().any(|(_, value)| value.has_duplicates())
            }
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson)
    }
}

struct AnyJson;

impl<'de> Visitor<'de> for AnyJson {
    type Value = Tree;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Tree::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Tree, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element()? {
            values.push(value);
        }
        Ok(Tree::Array(values))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_str<E>(self, _: &str) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }
}
