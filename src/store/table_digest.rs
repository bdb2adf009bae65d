//! A digest of a whole table that is the same on every database.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};

use super::Value;

/// The sum, modulo 2²⁵⁶, of the SHA-256 of every row.
///
/// A sum, since databases do not agree on the order of rows: to MySQL `a` and `a ` are alike in a key, and `a` sorts
/// after `a` and a tab. Against an accident it is as good as one digest over all rows; unlike XOR it also sees a row
/// that is there twice.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct TableDigest([u8; 32]);

impl TableDigest {
    pub fn add(&mut self, row: &[Value]) {
        let mut bytes = Vec::with_capacity(512);
        row.iter().for_each(|value| write(&mut bytes, value));
        let mut carry = 0;
        for (sum, byte) in self.0.iter_mut().zip(digest(&SHA256, &bytes).as_ref()).rev() {
            carry += u16::from(*sum) + u16::from(*byte);
            *sum = carry.to_le_bytes()[0];
            carry >>= 8;
        }
    }

    /// Enough to compare by eye.
    pub fn short(&self) -> String {
        self.to_string()[..16].to_owned()
    }
}

/// Kind, length and content, so that no two rows are written alike.
fn write(bytes: &mut Vec<u8>, value: &Value) {
    let (kind, content): (u8, &[u8]) = match value {
        Value::Null => (0, &[]),
        Value::Integer(number) => (1, &number.to_be_bytes()),
        Value::Text(text) => (2, text.as_bytes()),
        Value::Bytes(content) => (3, content),
    };
    bytes.push(kind);
    bytes.extend((content.len() as u64).to_be_bytes());
    bytes.extend(content);
}

impl fmt::Display for TableDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for TableDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[&[Value]]) -> String {
        let mut sum = TableDigest::default();
        rows.iter().for_each(|row| sum.add(row));
        sum.to_string()
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn it_is_the_sha_256_of_the_one_row() {
        // printf '\x02\0\0\0\0\0\0\0\x01a\0\0\0\0\0\0\0\0\0' | sha256sum
        let expected = "e8bd6711a37522e9f08667db086ee370ef8ee3beac38b2223ae583b3fee1329d";
        assert_eq!(of(&[&[text("a"), Value::Null]]), expected);
    }

    #[test]
    fn the_order_of_rows_does_not_matter_and_their_number_does() {
        let (one, other) = ([text("a"), Value::Integer(1)], [text("b"), Value::Null]);
        assert_eq!(of(&[&one, &other]), of(&[&other, &one]));
        let all = [of(&[]), of(&[&one]), of(&[&one, &one]), of(&[&one, &other]), of(&[&one, &one, &other, &other])];
        let different: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len(), "{all:?}");
    }

    #[test]
    fn what_looks_alike_is_not() {
        let rows = [
            [text("ab"), text("c")],
            [text("a"), text("bc")],
            [text("a"), Value::Bytes(b"bc".to_vec())],
            [text("a"), text("bc ")],
            [text(""), Value::Null],
            [Value::Null, text("")],
            [text("1"), Value::Null],
            [Value::Integer(1), Value::Null],
        ];
        let different: std::collections::BTreeSet<_> = rows.iter().map(|row| of(&[row])).collect();
        assert_eq!(different.len(), rows.len());
    }
}
