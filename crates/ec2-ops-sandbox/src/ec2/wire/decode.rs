//! From a request's tree to its type. Every value is text on the wire; the type says what it is to be.

use std::fmt;

use serde::de::value::StringDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserializer, de, forward_to_deserialize_any};

use super::query::{Field, Node};
use crate::AwsError;
use crate::ec2::fault;

/// The typed request, or the error that names the parameter in the wire's terms.
pub(super) fn request<T: DeserializeOwned>(parameters: Node) -> Result<T, AwsError> {
    T::deserialize(parameters).map_err(Misfit::into_error)
}

/// What is wrong with which parameter.
#[derive(Debug)]
pub(super) struct Misfit {
    kind: Kind,
    path: String,
}

#[derive(Debug)]
enum Kind {
    Unknown,
    Missing,
    Invalid(String),
}

impl Misfit {
    /// The same seen from one level further out.
    fn within(mut self, segment: impl fmt::Display) -> Self {
        self.path = if self.path.is_empty() {
            segment.to_string()
        } else {
            format!("{segment}.{}", self.path)
        };
        self
    }

    /// The error as EC2 words it.
    fn into_error(self) -> AwsError {
        let Self { kind, path } = self;
        match kind {
            Kind::Unknown => AwsError::client(
                "UnknownParameter",
                format!("The parameter {path} is not recognized"),
            ),
            Kind::Missing => fault::missing_parameter(&path),
            Kind::Invalid(why) => fault::invalid_parameter(format!("The parameter {path} is invalid: {why}")),
        }
    }
}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            kind: Kind::Invalid(message.to_string()),
            path: String::new(),
        }
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self {
            kind: Kind::Unknown,
            path: String::new(),
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self {
            kind: Kind::Missing,
            path: field.to_owned(),
        }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.kind, self.path)
    }
}

impl std::error::Error for Misfit {}

impl Node {
    /// The text parsed as what `expected` describes.
    fn parsed<T: std::str::FromStr>(&self, expected: &str) -> Result<T, Misfit> {
        let found = match self {
            Self::Text(text) => match text.parse() {
                Ok(value) => return Ok(value),
                Err(_) => format!("'{text}'"),
            },
            Self::List(_) => "a list".to_owned(),
            Self::Fields(_) => "a structure".to_owned(),
        };
        Err(de::Error::custom(format!("found {found}, expected {expected}")))
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $type:ty),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
            visitor.$visit(self.parsed::<$type>("a whole number")?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Node {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self {
            Self::Text(text) => visitor.visit_string(text),
            Self::List(items) => visitor.visit_seq(Items(items.into_iter().enumerate())),
            Self::Fields(fields) => visitor.visit_map(Fields {
                rest: fields.into_iter(),
                value: None,
            }),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_bool(self.parsed("true or false")?)
    }

    integers!(deserialize_u32 visit_u32 u32, deserialize_u64 visit_u64 u64);

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_some(self)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq
        tuple tuple_struct map struct enum identifier ignored_any
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
        let (wire, node) = self
            .value
            .take()
            .ok_or_else(|| de::Error::custom("a value was asked for before its key"))?;
        seed.deserialize(node).map_err(|misfit| misfit.within(wire))
    }
}
