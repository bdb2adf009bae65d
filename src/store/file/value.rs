//! What goes into a file and comes out of it: integers of 64 bits, texts, bytes, and nothing else.

use std::borrow::Cow;
use std::fmt;

use rusqlite::types::{ToSqlOutput, ValueRef};
use sqlx::encode::IsNull;
use sqlx::error::{BoxDynError, UnexpectedNullError};
use sqlx::{Arguments, Decode, Encode, IntoArguments, Type, TypeInfo};

use super::File;
use crate::store::value::Value;

/// As SQLite calls the kinds of its values (<https://sqlite.org/datatype3.html>). Its fifth, REAL, is nowhere in our tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageClass {
    Null,
    Integer,
    Text,
    Blob,
}

/// The values of a statement's `?`, in order.
#[derive(Debug, Default)]
pub struct FileArguments(Vec<Value>);

impl FileArguments {
    pub(super) fn values(&self) -> &[Value] {
        &self.0
    }
}

impl Arguments for FileArguments {
    type Database = File;

    fn reserve(&mut self, additional: usize, _size: usize) {
        self.0.reserve(additional);
    }

    fn add<'t, T: Encode<'t, File> + Type<File>>(&mut self, value: T) -> Result<(), BoxDynError> {
        if value.encode(&mut self.0)?.is_null() {
            self.0.push(Value::Null);
        }
        Ok(())
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

impl IntoArguments<File> for FileArguments {
    fn into_arguments(self) -> Self {
        self
    }
}

impl TypeInfo for StorageClass {
    fn is_null(&self) -> bool {
        *self == Self::Null
    }

    fn name(&self) -> &str {
        match self {
            Self::Null => "NULL",
            Self::Integer => "INTEGER",
            Self::Text => "TEXT",
            Self::Blob => "BLOB",
        }
    }
}

impl fmt::Display for StorageClass {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl StorageClass {
    fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Integer(_) => Self::Integer,
            Value::Text(_) => Self::Text,
            Value::Bytes(_) => Self::Blob,
        }
    }
}

impl sqlx::Value for Value {
    type Database = File;

    fn as_ref(&self) -> &Value {
        self
    }

    fn type_info(&self) -> Cow<'_, StorageClass> {
        Cow::Owned(StorageClass::of(self))
    }

    fn is_null(&self) -> bool {
        *self == Value::Null
    }
}

impl<'r> sqlx::ValueRef<'r> for &'r Value {
    type Database = File;

    fn to_owned(&self) -> Value {
        (*self).clone()
    }

    fn type_info(&self) -> Cow<'_, StorageClass> {
        Cow::Owned(StorageClass::of(self))
    }

    fn is_null(&self) -> bool {
        **self == Value::Null
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// A type that is stored in one class: how it is known, written and read.
macro_rules! stored {
    ($type:ty as $class:ident, |$value:ident| $encoded:expr, $pattern:pat => $decoded:expr) => {
        impl Type<File> for $type {
            fn type_info() -> StorageClass {
                StorageClass::$class
            }
        }

        impl Encode<'_, File> for $type {
            fn encode_by_ref(&self, values: &mut Vec<Value>) -> Result<IsNull, BoxDynError> {
                let $value = self;
                values.push($encoded);
                Ok(IsNull::No)
            }
        }

        impl Decode<'_, File> for $type {
            fn decode(value: &Value) -> Result<Self, BoxDynError> {
                match value {
                    $pattern => Ok($decoded),
                    other => Err(not_expected(other, StorageClass::$class)),
                }
            }
        }
    };
}

stored!(i64 as Integer, |number| Value::Integer(*number), Value::Integer(number) => *number);
stored!(u32 as Integer, |number| Value::Integer((*number).into()), Value::Integer(number) => u32::try_from(*number)?);
stored!(String as Text, |text| Value::Text(text.clone()), Value::Text(text) => text.clone());
stored!(Vec<u8> as Blob, |bytes| Value::Bytes(bytes.clone()), Value::Bytes(bytes) => bytes.clone());

impl Type<File> for str {
    fn type_info() -> StorageClass {
        StorageClass::Text
    }
}

impl Encode<'_, File> for &str {
    fn encode_by_ref(&self, values: &mut Vec<Value>) -> Result<IsNull, BoxDynError> {
        values.push(Value::Text((*self).to_owned()));
        Ok(IsNull::No)
    }
}

impl Type<File> for [u8] {
    fn type_info() -> StorageClass {
        StorageClass::Blob
    }
}

impl Encode<'_, File> for &[u8] {
    fn encode_by_ref(&self, values: &mut Vec<Value>) -> Result<IsNull, BoxDynError> {
        values.push(Value::Bytes(self.to_vec()));
        Ok(IsNull::No)
    }
}

impl<'q, T: Encode<'q, File> + Type<File> + 'q> Encode<'q, File> for Option<T> {
    fn encode_by_ref(&self, values: &mut Vec<Value>) -> Result<IsNull, BoxDynError> {
        self.as_ref().map_or(Ok(IsNull::Yes), |value| value.encode_by_ref(values))
    }
}

fn not_expected(found: &Value, expected: StorageClass) -> BoxDynError {
    if *found == Value::Null {
        return UnexpectedNullError.into();
    }
    format!("{} stands where {expected} is expected", StorageClass::of(found)).into()
}
