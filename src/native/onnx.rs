//! The few messages of ONNX that a model of ours is made of, as views of the file's bytes.
//!
//! Numbers of fields are those of <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>.

use super::invalid;
use super::tensor::{Kind, Tensor};
use super::wire::{Field, Fields, Integers};
use crate::LexLearningError;

/// Nodes and constants of a graph, together; an honest file has a few thousand.
const MAX_PARTS: usize = 1 << 19;
const MAX_DIMENSIONS: usize = 8;

/// A file's graph and the text that lex-learning has put beside it.
#[derive(Debug, Default)]
pub(super) struct Model<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) constants: Vec<Constant<'a>>,
    /// JSON; see `description.rs`.
    pub(super) description: &'a str,
}

#[derive(Debug, Default)]
pub(super) struct Node<'a> {
    pub(super) operator: &'a str,
    pub(super) inputs: Vec<&'a str>,
    pub(super) outputs: Vec<&'a str>,
    attributes: Vec<(&'a str, &'a [u8])>,
}

/// A named tensor, not yet read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Constant<'a> {
    pub(super) name: &'a str,
    bytes: &'a [u8],
}

/// The bytes and the type of a tensor's numbers.
struct Numbers<'a> {
    shape: Vec<usize>,
    kind: i64,
    raw: &'a [u8],
    packed: Vec<&'a [u8]>,
    integers: Vec<i64>,
}

impl<'a> Model<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, LexLearningError> {
        let mut model = Self::default();
        let mut graph = None;
        for field in Fields(bytes) {
            match field? {
                (7, field) if graph.is_none() => graph = Some(field.bytes()?),
                (7, _) => return Err(invalid("the file holds two graphs")),
                (14, field) => {
                    let (key, value) = entry(field.bytes()?)?;
                    if key == "lex_learning" {
                        model.description = value;
                    }
                }
                _ => {}
            }
        }
        for field in Fields(graph.ok_or_else(|| invalid("the file holds no graph"))?) {
            match field? {
                (1, field) => model.nodes.push(Node::read(field.bytes()?)?),
                (5, field) => model.constants.push(Constant::read(field.bytes()?)?),
                _ => {}
            }
            if model.nodes.len() + model.constants.len() > MAX_PARTS {
                return Err(invalid(&format!("the graph has more than {MAX_PARTS} parts")));
            }
        }
        Ok(model)
    }
}

fn entry(bytes: &[u8]) -> Result<(&str, &str), LexLearningError> {
    let (mut key, mut value) = ("", "");
    for field in Fields(bytes) {
        match field? {
            (1, field) => key = field.text()?,
            (2, field) => value = field.text()?,
            _ => {}
        }
    }
    Ok((key, value))
}

impl<'a> Node<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, LexLearningError> {
        let mut node = Self::default();
        for field in Fields(bytes) {
            match field? {
                (1, field) => node.inputs.push(field.text()?),
                (2, field) => node.outputs.push(field.text()?),
                (4, field) => node.operator = field.text()?,
                (5, field) => {
                    let attribute = field.bytes()?;
                    let name = first(attribute, 1)?.ok_or_else(|| invalid("an attribute has no name"))?;
                    node.attributes.push((name.text()?, attribute));
                }
                _ => {}
            }
        }
        Ok(node)
    }

    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, LexLearningError> {
        let Some(attribute) = self.attribute(name) else { return Ok(None) };
        first(attribute, 3)?.map(Field::integer).transpose()
    }

    /// A list of integers; empty where there is none.
    pub(super) fn integers(&self, name: &str) -> Integers<'a> {
        Integers::new(self.attribute(name).unwrap_or_default(), 8)
    }

    /// The numbers of a tensor; empty where there is none.
    pub(super) fn numbers(&self, name: &str) -> Result<Vec<f64>, LexLearningError> {
        let Some(attribute) = self.attribute(name) else { return Ok(Vec::new()) };
        let tensor = first(attribute, 5)?.ok_or_else(|| invalid(&format!("attribute '{name}' is no tensor")))?;
        Numbers::read(tensor.bytes()?)?.values()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.attribute(name).is_some()
    }

    fn attribute(&self, name: &str) -> Option<&'a [u8]> {
        self.attributes.iter().find(|(given, _)| *given == name).map(|(_, attribute)| *attribute)
    }
}

/// The first field of a number: what follows it, such as a long list, is not walked over.
fn first(bytes: &[u8], number: u64) -> Result<Option<Field<'_>>, LexLearningError> {
    for field in Fields(bytes) {
        match field? {
            (given, field) if given == number => return Ok(Some(field)),
            _ => {}
        }
    }
    Ok(None)
}

impl<'a> Constant<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, LexLearningError> {
        let name = first(bytes, 8)?.ok_or_else(|| invalid("a constant has no name"))?.text()?;
        Ok(Self { name, bytes })
    }

    pub(super) fn tensor(&self) -> Result<Tensor, LexLearningError> {
        let numbers = Numbers::read(self.bytes)?;
        let kind = match numbers.kind {
            6 => Kind::Integer,
            kind => Kind::from_code(kind)?,
        };
        let values = numbers.values()?;
        if values.is_empty() {
            return Err(invalid(&format!("the constant '{}' is empty", self.name)));
        }
        Ok(Tensor { kind, shape: numbers.shape, values })
    }
}

impl<'a> Numbers<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, LexLearningError> {
        let mut dimensions = Vec::new();
        let mut numbers = Self { shape: Vec::new(), kind: 0, raw: &[], packed: Vec::new(), integers: Vec::new() };
        for field in Fields(bytes) {
            match field? {
                (1, field) => field.integers(&mut dimensions)?,
                (2, field) => numbers.kind = field.integer()?,
                (4 | 10, field @ Field::Bytes(_)) => numbers.packed.push(field.bytes()?),
                (5 | 7, field) => field.integers(&mut numbers.integers)?,
                (9, field) => numbers.raw = field.bytes()?,
                (4 | 10 | 13, _) => return Err(invalid("a constant's numbers are not packed, or in another file")),
                _ => {}
            }
        }
        if dimensions.len() > MAX_DIMENSIONS {
            return Err(invalid(&format!("a constant has {} dimensions", dimensions.len())));
        }
        let shape = dimensions.iter().map(|&size| usize::try_from(size)).collect::<Result<_, _>>();
        numbers.shape = shape.map_err(|_| invalid(&format!("a constant has the shape {dimensions:?}")))?;
        Ok(numbers)
    }

    fn values(&self) -> Result<Vec<f64>, LexLearningError> {
        let size = self.shape.iter().try_fold(1_usize, |size, &next| size.checked_mul(next)).unwrap_or(usize::MAX);
        let mut values = Vec::new();
        // Integers of the graph are indices and counts, which float64 holds exactly.
        for bytes in self.packed.iter().chain([&self.raw]) {
            match self.kind {
                1 => values.extend(chunks(bytes)?.map(f32::from_le_bytes).map(f64::from)),
                11 => values.extend(chunks(bytes)?.map(f64::from_le_bytes)),
                7 => values.extend(chunks(bytes)?.map(|chunk| i64::from_le_bytes(chunk) as f64)),
                6 => values.extend(chunks(bytes)?.map(|chunk| f64::from(i32::from_le_bytes(chunk)))),
                2 | 9 => values.extend(bytes.iter().map(|&byte| f64::from(byte))),
                kind => return Err(invalid(&format!("a constant is of the element type {kind}"))),
            }
        }
        values.extend(self.integers.iter().map(|&integer| integer as f64));
        if values.len() != size {
            let message = format!("a constant of the shape {:?} holds {} numbers", self.shape, values.len());
            return Err(invalid(&message));
        }
        Ok(values)
    }
}

fn chunks<const SIZE: usize>(bytes: &[u8]) -> Result<impl Iterator<Item = [u8; SIZE]>, LexLearningError> {
    let (chunks, rest) = bytes.as_chunks();
    if rest.is_empty() { Ok(chunks.iter().copied()) } else { Err(invalid("a constant ends within a number")) }
}
