//! Writes ONNX files: protocol buffers by hand, so that a test can write what no library would.

use lex_learning::NativeModel;
use serde_json::{Value, json};

/// A message in the making.
#[derive(Clone, Default)]
pub(crate) struct Message(pub(crate) Vec<u8>);

impl Message {
    fn varint(mut self, mut value: u64) -> Self {
        while value > 127 {
            self.0.push(value.to_le_bytes()[0] | 128);
            value >>= 7;
        }
        self.0.push(value.to_le_bytes()[0]);
        self
    }

    pub(crate) fn integer(self, number: u64, value: i64) -> Self {
        self.varint(number << 3).varint(value.cast_unsigned())
    }

    pub(crate) fn bytes(self, number: u64, bytes: &[u8]) -> Self {
        let mut message = self.varint(number << 3 | 2).varint(bytes.len() as u64);
        message.0.extend_from_slice(bytes);
        message
    }

    pub(crate) fn text(self, number: u64, text: &str) -> Self {
        self.bytes(number, text.as_bytes())
    }
}

fn tensor(kind: i64, shape: &[i64], raw: &[u8]) -> Message {
    let message = shape.iter().fold(Message::default(), |message, &size| message.integer(1, size));
    message.integer(2, kind).bytes(9, raw)
}

pub(crate) fn doubles(shape: &[i64], values: &[f64]) -> Message {
    tensor(11, shape, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
}

pub(crate) fn integers(shape: &[i64], values: &[i64]) -> Message {
    tensor(7, shape, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
}

pub(crate) fn small(values: &[u8]) -> Message {
    tensor(2, &[values.len().try_into().unwrap()], values)
}

pub(crate) fn node(operator: &str, inputs: &[&str], outputs: &[&str], attributes: &[Message]) -> Message {
    let message = inputs.iter().fold(Message::default(), |message, input| message.text(1, input));
    let message = outputs.iter().fold(message, |message, output| message.text(2, output)).text(4, operator);
    attributes.iter().fold(message, |message, attribute| message.bytes(5, &attribute.0))
}

pub(crate) fn setting(name: &str, value: i64) -> Message {
    Message::default().text(1, name).integer(3, value)
}

pub(crate) fn list(name: &str, values: &[i64]) -> Message {
    values.iter().fold(Message::default().text(1, name), |message, &value| message.integer(8, value))
}

pub(crate) fn array(name: &str, tensor: &Message) -> Message {
    Message::default().text(1, name).bytes(5, &tensor.0)
}

/// The content of a file.
pub(crate) fn file(nodes: &[Message], constants: &[(&str, Message)], description: &Value) -> Vec<u8> {
    let graph = nodes.iter().fold(Message::default(), |graph, node| graph.bytes(1, &node.0));
    let graph = constants.iter().fold(graph, |graph, (name, tensor)| graph.bytes(5, &tensor.clone().text(8, name).0));
    let entry = Message::default().text(1, "lex_learning").text(2, &description.to_string());
    Message::default().integer(1, 10).bytes(7, &graph.0).bytes(14, &entry.0).0
}

/// Facts of a regression over columns of the given schema.
pub(crate) fn regression(schema: &[Value]) -> Value {
    let names: Vec<&Value> = schema.iter().map(|column| &column["name"]).collect();
    json!({"format": 1, "info": {
        "problem_type": "regression", "target_column": "y", "feature_names": names, "class_labels": null,
        "best_model_name": "ridge", "metrics": {}, "feature_importance": [], "hyperparameters": {},
        "training_rows": 10, "library_version": "0.1.0", "created": "2025-01-01T00:00:00Z", "schema": schema
    }})
}

pub(crate) fn number(name: &str) -> Value {
    json!({"name": name, "kind": "float", "levels": [], "minimum": -1e9, "maximum": 1e9, "nullable": true, "missing": 1})
}

/// A regression of columns `a`, `b` and so on.
pub(crate) fn model(columns: u8, nodes: &[Message], constants: &[(&str, Message)]) -> NativeModel {
    NativeModel::from_bytes(&bytes(columns, nodes, constants)).unwrap()
}

pub(crate) fn bytes(columns: u8, nodes: &[Message], constants: &[(&str, Message)]) -> Vec<u8> {
    let schema: Vec<Value> = (0..columns).map(|index| number(&char::from(b'a' + index).to_string())).collect();
    file(nodes, constants, &regression(&schema))
}

/// What a model of columns `a`, `b` and so on gives for a row; null where it is NaN.
pub(crate) fn value(model: &NativeModel, row: &[f64]) -> f64 {
    let names = (b'a'..).map(|letter| char::from(letter).to_string());
    let row: serde_json::Map<String, Value> = names.zip(row.iter().map(|&value| json!(value))).collect();
    model.predict(&Value::Object(row)).unwrap().value.unwrap()
}
