//! How much the rows of each class count.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const BALANCED: &str = "balanced";

/// How much the rows of each class count; in JSON `"balanced"`, or an object such as `{"yes": 5.0}`.
///
/// ```
/// use lex_learning::ClassWeights;
///
/// let weights: ClassWeights = serde_json::from_str(r#"{"yes": 5.0}"#).unwrap();
/// assert_eq!(weights, ClassWeights::ByLabel([("yes".to_owned(), 5.0)].into()));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum ClassWeights {
    /// Every class has the same total.
    Balanced,
    /// The weight of each label, above 0; a label that is not named has 1.
    ByLabel(BTreeMap<String, f64>),
}

impl Serialize for ClassWeights {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Balanced => serializer.serialize_str(BALANCED),
            Self::ByLabel(weights) => weights.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ClassWeights {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrObject)
    }
}

/// By hand, as a derived one would not say what is expected, and would take a label `balanced` for the word.
struct TextOrObject;

impl<'de> Visitor<'de> for TextOrObject {
    type Value = ClassWeights;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "class_weights to be \"{BALANCED}\" or weights by label")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<ClassWeights, E> {
        if text == BALANCED {
            return Ok(ClassWeights::Balanced);
        }
        Err(E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ClassWeights, A::Error> {
        let weights = BTreeMap::deserialize(MapAccessDeserializer::new(map));
        weights.map(ClassWeights::ByLabel).map_err(|error| A::Error::custom(format!("class_weights: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn both_forms_survive_json() {
        for value in [json!("balanced"), json!({"no": 1.5, "yes": 5.0}), json!({"balanced": 2.0})] {
            let weights: ClassWeights = serde_json::from_value(value.clone()).unwrap();
            assert_eq!(serde_json::to_value(weights).unwrap(), value);
        }
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        for value in [json!("even"), json!(5.0), json!(["yes"]), json!({"yes": "much"}), json!({"yes": null})] {
            let error = serde_json::from_value::<ClassWeights>(value).unwrap_err();
            assert!(error.to_string().contains("class_weights"), "{error}");
        }
        assert!(serde_json::from_value::<Option<ClassWeights>>(Value::Null).unwrap().is_none());
    }
}
