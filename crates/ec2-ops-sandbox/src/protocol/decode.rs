//! From a request's tree to its type. On the wire of Query every value is text; the type says what it is to be.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserializer, de, forward_to_deserialize_any};
use serde_json::Value;

use super::tree::{Field, Node};
use crate::AwsError;

/// The typed input, or what does not fit.
pub(super) fn input<T: DeserializeOwned>(parameters: Node) -> Result<T, Misfit> {
    T::deserialize(parameters)
}

/// Which parameter does not fit, by its path in the wire's terms, and why.
#[derive(Debug)]
pub(super) enum Misfit {
    /// The type does not have it.
    Unknown(String),
    /// The type needs it.
    Missing(String),
    /// Its value is none that the type takes.
    Invalid(String, String),
}

impl Misfit {
    /// The same seen from one level further out.
    fn within(mut self, segment: impl fmt::Display) -> Self {
        let (Self::Unknown(path) | Self::Missing(path) | Self::Invalid(path, _)) = &mut self;
        *path = if path.is_empty() { segment.to_string() } else { format!("{segment}.{path}") };
        self
    }
}

/// Why an input cannot be read.
#[derive(Debug, PartialEq)]
pub(crate) enum ReadError {
    /// The type does not have this parameter.
    Unmodelled(String),
    /// The service would refuse it, too.
    Refused(AwsError),
}

impl From<AwsError> for ReadError {
    fn from(error: AwsError) -> Self {
        Self::Refused(error)
    }
}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Invalid(String::new(), message.to_string())
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self::Unknown(String::new())
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self::Unknown(String::new())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field.to_owned())
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Misfit {}

macro_rules! parsed {
    ($($method:ident $visit:ident $type:ty, $expected:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
            let Self::Text(text) = self else { return self.deserialize_any(visitor) };
            match text.parse::<$type>() {
                Ok(value) => visitor.$visit(value),
                Err(_) => Err(de::Error::custom(format!("found '{text}', expected {}", $expected))),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Node {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self {
            Self::Text(text) => visitor.visit_string(text),
            // The only errors here are the visitor's own.
            Self::Scalar(value) => value.deserialize_any(visitor).map_err(de::Error::custom),
            Self::List(items) => visitor.visit_seq(Items(items.into_iter().enumerate())),
            Self::Fields(fields) => visitor.visit_map(Fields { rest: fields.into_iter(), value: None }),
        }
    }

    parsed! {
        deserialize_bool visit_bool bool, "true or false";
        deserialize_u32 visit_u32 u32, "a whole number";
        deserialize_u64 visit_u64 u64, "a whole number";
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match self {
            Self::Fields(fields) => {
                let fields = Fields { rest: fields.into_iter(), value: None };
                visitor.visit_enum(MapAccessDeserializer::new(fields))
            }
            Self::Text(text) | Self::Scalar(Value::String(text)) => visitor
                .visit_enum(text.clone().into_deserializer())
                .map_err(|misfit: Misfit| misfit.within(text)),
            Self::Scalar(_) | Self::List(_) => {
                Err(de::Error::custom(format!("expected one of {}", variants.join(", "))))
            }
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq
        tuple tuple_struct map struct identifier ignored_any
    }
}

struct Items(std::iter::Enumerate<std::vec::IntoIter<Node>>);

impl<'de> SeqAccess<'de> for Items {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Misfit> {
        self.0
            .next()
            .map(|(index, node)| seed.deserialize(node).map_err(|misfit| misfit.within(index + 1)))
            .transpose()
    }
}

struct Fields {
    rest: std::vec::IntoIter<Field>,
    value: Option<(String, Node)>,
}

impl<'de> MapAccess<'de> for Fields {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Misfit> {
        let Some(Field { wire, name, node }) = self.rest.next() else {
            return Ok(None);
        };
        let name: StringDeserializer<Misfit> = name.into_deserializer();
        let key = seed.deserialize(name).map_err(|misfit| misfit.within(&wire))?;
        self.value = Some((wire, node));
        Ok(Some(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Misfit> {
        let (wire, node) =
            self.value.take().ok_or_else(|| de::Error::custom("a value was asked for before its key"))?;
        seed.deserialize(node).map_err(|misfit| misfit.within(wire))
    }
}
