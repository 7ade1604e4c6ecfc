//! The operators that may stand between the features and the output, each checked once and evaluated often.

mod elementwise;
mod movement;
mod product;
mod reduction;
mod runs;

use elementwise::{Pair, Single};
use movement::Movement;
use reduction::Reduction;

use super::invalid;
use super::onnx::Node;
use super::tensor::{Tensor, Type};
use super::trees::Trees;
use crate::LexLearningError;

/// An operator whose inputs have been checked, with its settings.
#[derive(Debug)]
pub(super) enum Operator {
    /// Of one tensor, element by element.
    Single(Single),
    /// Of two tensors, element by element, stretched to one shape.
    Pair(Pair),
    /// Elements of the second tensor where the first is true, else of the third.
    Choose,
    Movement(Movement),
    Reduction(Reduction),
    /// The product of matrices.
    Product,
    Trees(Box<Trees>),
}

/// An input of an operator, as far as it is known when the model is loaded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) kind: &'a Type,
    pub(super) constant: Option<&'a Tensor>,
}

/// An operator and what it gives.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) operator: Operator,
    /// How many of its inputs it needs again for each row; the others are settings.
    pub(super) inputs: usize,
    pub(super) outputs: Vec<Type>,
    /// Steps for a row, roughly.
    pub(super) cost: usize,
}

impl Built {
    fn new(operator: Operator, inputs: usize, output: Type) -> Self {
        let cost = output.elements();
        Self { operator, inputs, outputs: vec![output], cost }
    }
}

impl Operator {
    /// Numbers that it holds beyond what the file holds.
    pub(super) fn held(&self) -> usize {
        match self {
            Self::Trees(trees) => trees.words(),
            _ => 0,
        }
    }

    /// Refuses operators that are not of the list, and inputs that do not fit.
    pub(super) fn build(node: &Node<'_>, given: &[Option<Given<'_>>]) -> Result<Built, LexLearningError> {
        let name = node.operator;
        let inputs = Inputs { name, given };
        let built = match name {
            "Add" | "Sub" | "Mul" | "Div" | "Pow" | "Min" | "Max" | "Equal" | "Less" | "LessOrEqual" | "Greater"
            | "GreaterOrEqual" | "And" | "Or" => elementwise::pair(name, &inputs)?,
            "Where" => elementwise::choose(&inputs)?,
            "Identity" | "Reshape" | "Unsqueeze" | "Squeeze" | "Expand" | "Transpose" | "Concat" | "Gather" => {
                movement::build(node, &inputs)?
            }
            "ReduceSum" | "ReduceMax" | "ReduceMean" | "Softmax" | "TopK" => reduction::build(node, &inputs)?,
            "MatMul" => product::build(&inputs)?,
            "TreeEnsemble" => Trees::build(node, inputs.at(0)?.kind)?,
            _ => elementwise::single(node, &inputs)?,
        };
        if built.cost > MAX_COST || node.outputs.len() > built.outputs.len() {
            return Err(invalid(&format!("an operator {name} is too large, or has too many outputs")));
        }
        Ok(built)
    }

    /// Its outputs, whose shapes are known by now.
    pub(super) fn evaluate(
        &self,
        inputs: &[&Tensor],
        outputs: &[Type],
        rows: usize,
    ) -> Result<Vec<Tensor>, LexLearningError> {
        let shape = outputs[0].with_rows(rows);
        let values = match self {
            Self::Single(operator) => operator.evaluate(inputs[0]),
            Self::Pair(operator) => operator.evaluate(inputs[0], inputs[1], &shape),
            Self::Choose => elementwise::evaluate_choice(inputs, &shape),
            Self::Movement(operator) => operator.evaluate(inputs, &shape)?,
            Self::Reduction(Reduction::Top(top)) => return Ok(top.evaluate(inputs[0], &shape)),
            Self::Reduction(operator) => operator.evaluate(inputs[0]),
            Self::Product => product::evaluate(inputs[0], inputs[1], &shape),
            Self::Trees(trees) => trees.evaluate(&inputs[0].values, rows),
        };
        let kind = outputs[0].kind;
        let mut tensor = Tensor { kind, shape, values };
        if kind == super::tensor::Kind::Single && !matches!(self, Self::Movement(_)) {
            tensor.values.iter_mut().for_each(|value| *value = kind.hold(*value));
        }
        Ok(vec![tensor])
    }
}

/// Steps of a row in the whole model: about a second.
pub(super) const MAX_COST: usize = 1 << 31;

/// The inputs of a node, named in errors by its operator.
struct Inputs<'a> {
    name: &'a str,
    given: &'a [Option<Given<'a>>],
}

impl<'a> Inputs<'a> {
    fn at(&self, index: usize) -> Result<Given<'a>, LexLearningError> {
        self.optional(index).ok_or_else(|| invalid(&format!("an operator {} has no input {index}", self.name)))
    }

    fn optional(&self, index: usize) -> Option<Given<'a>> {
        self.given.get(index).copied().flatten()
    }

    fn constant(&self, index: usize) -> Result<&'a Tensor, LexLearningError> {
        let unknown = || invalid(&format!("input {index} of an operator {} is not constant", self.name));
        self.at(index)?.constant.ok_or_else(unknown)
    }

    /// A constant with one number in it.
    fn number(&self, index: usize) -> Result<f64, LexLearningError> {
        match self.constant(index)?.values[..] {
            [value] => Ok(value),
            _ => Err(invalid(&format!("input {index} of an operator {} is not a single number", self.name))),
        }
    }

    /// A constant with whole numbers, such as axes.
    fn integers(&self, index: usize) -> Result<Vec<i64>, LexLearningError> {
        self.constant(index)?.values.iter().map(|&value| whole(value)).collect()
    }

    fn refuse<T>(&self, index: usize) -> Result<T, LexLearningError> {
        let kind = self.at(index)?.kind.kind;
        Err(invalid(&format!("an operator {} has an input {index} of the kind {kind:?}", self.name)))
    }
}

/// A number that counts something: far below where float64 has gaps.
fn whole(value: f64) -> Result<i64, LexLearningError> {
    if value.fract() == 0.0 && value.abs() < 9e15 {
        #[expect(clippy::cast_possible_truncation, reason = "checked")]
        return Ok(value as i64);
    }
    Err(invalid(&format!("{value} is not a count")))
}
