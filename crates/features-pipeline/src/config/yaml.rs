//! YAML into types, with the line and column of whatever does not fit.
//!
//! Serde buffers tagged enums and loses places on the way; so the text becomes a tree of nodes that know where they are,
//! and types are read from the tree.

use std::fmt;

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_saphyr::Spanned;

use crate::error::{FeaturesError, Location, Result};

/// The tree of a YAML text. `path` is what errors call it.
///
/// # Errors
/// [`FeaturesError::Configuration`] with the line and column of what is no YAML.
pub(crate) fn parse(text: &str, path: &str) -> Result<Node> {
    // As in YAML 1.2: `y`, `n`, `on` and `off` are names of columns, not truth values.
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let plain = error.without_snippet();
        let (line, column) = plain.location().map_or((0, 0), |place| (place.line(), place.column()));
        let (message, hint) = match plain {
            serde_saphyr::Error::DuplicateMappingKey { key, .. } => {
                let key = key.as_ref().map(|key| format!(" `{key}`")).unwrap_or_default();
                (format!("the key{key} is given twice"), "take one of the two out")
            }
            error => {
                let hint = "check the indentation, the quotes and the spaces after colons";
                (format!("this is not valid YAML: {error}"), hint)
            }
        };
        FeaturesError::Configuration { location: Location::new(path, line, column), message, hint: hint.to_owned() }
    })
}

/// A value of a YAML file, and where it is.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    line: u64,
    column: u64,
    value: Value,
}

#[derive(Debug, Clone)]
enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// Where it is in the file of this name.
    pub(crate) fn location(&self, path: &str) -> Location {
        Location::new(path, self.line, self.column)
    }

    /// Reads a type from it.
    pub(crate) fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        T::deserialize(self).map_err(|error| self.error(path, error))
    }

    /// Takes an entry out of a map: its value. Nothing where there is no such entry, or no map.
    pub(crate) fn take(&mut self, name: &str) -> Option<Self> {
        let Value::Map(entries) = &mut self.value else { return None };
        let place = entries.iter().position(|(key, _)| matches!(&key.value, Value::Text(text) if text == name))?;
        Some(entries.remove(place).1)
    }

    /// The values of its settings, at whatever depth, by their keys and in their order.
    pub(crate) fn settings(&self) -> Vec<(&str, &Self)> {
        let mut settings = Vec::new();
        self.collect_settings(&mut settings);
        settings
    }

    fn collect_settings<'a>(&'a self, settings: &mut Vec<(&'a str, &'a Self)>) {
        match &self.value {
            Value::Map(entries) => {
                for (key, value) in entries {
                    if let Value::Text(key) = &key.value {
                        settings.push((key, value));
                    }
                    value.collect_settings(settings);
                }
            }
            Value::List(items) => items.iter().for_each(|item| item.collect_settings(settings)),
            _ => {}
        }
    }

    /// The last item of a list that is this text.
    pub(crate) fn last_item(&self, text: &str) -> Option<&Self> {
        let Value::List(items) = &self.value else { return None };
        items.iter().rfind(|item| matches!(&item.value, Value::Text(item) if item == text))
    }

    /// The items of a list.
    pub(crate) fn into_list(self) -> Option<Vec<Self>> {
        if let Value::List(items) = self.value { Some(items) } else { None }
    }

    fn error(&self, path: &str, error: Misfit) -> FeaturesError {
        let (line, column) = error.place.unwrap_or((self.line, self.column));
        FeaturesError::Configuration {
            location: Location::new(path, line, column),
            message: error.message,
            hint: "`features-pipeline schema` prints all forms; `features-pipeline validate` checks a file".to_owned(),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let Spanned { value, referenced, .. } = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self { line: referenced.line(), column: referenced.column(), value })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Value, E> {
        Ok(Value::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::Number(value as f64), Value::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> std::result::Result<Value, E> {
        Ok(Value::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> std::result::Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> std::result::Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> std::result::Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Value::Map(entries))
    }
}

/// What does not fit, and the innermost node that it is about.
#[derive(Debug)]
pub(crate) struct Misfit {
    message: String,
    place: Option<(u64, u64)>,
}

impl Misfit {
    fn at(mut self, node: &Node) -> Self {
        self.place.get_or_insert((node.line, node.column));
        self
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Misfit {}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), place: None }
    }
}

impl<'de> Deserializer<'de> for &Node {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Misfit> {
        match &self.value {
            Value::Null => visitor.visit_unit(),
            Value::Boolean(value) => visitor.visit_bool(*value),
            Value::Integer(value) => visitor.visit_i64(*value),
            Value::Number(value) => visitor.visit_f64(*value),
            Value::Text(value) => visitor.visit_str(value),
            Value::List(items) => visitor.visit_seq(Items(items.iter())),
            Value::Map(entries) => visitor.visit_map(Entries { rest: entries.iter(), value: None }),
        }
        .map_err(|error: Misfit| error.at(self))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Misfit> {
        if matches!(self.value, Value::Null) { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> std::result::Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> std::result::Result<V::Value, Misfit> {
        let Value::Text(text) = &self.value else {
            let message = format!("expected one of {}", variants.join(", "));
            return Err(Misfit { message, place: Some((self.line, self.column)) });
        };
        let variant: de::value::StrDeserializer<'_, Misfit> = text.as_str().into_deserializer();
        variant.deserialize_enum(name, variants, visitor).map_err(|error| error.at(self))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

struct Items<'a>(std::slice::Iter<'a, Node>);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> std::result::Result<Option<T::Value>, Misfit> {
        self.0.next().map(|node| seed.deserialize(node).map_err(|error| error.at(node))).transpose()
    }
}

struct Entries<'a> {
    rest: std::slice::Iter<'a, (Node, Node)>,
    value: Option<&'a Node>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> std::result::Result<Option<K::Value>, Misfit> {
        let Some((key, value)) = self.rest.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(key).map(Some).map_err(|error| error.at(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> std::result::Result<V::Value, Misfit> {
        let node = self.value.take().ok_or_else(|| de::Error::custom("a value before its key"))?;
        seed.deserialize(node).map_err(|error| error.at(node))
    }
}
