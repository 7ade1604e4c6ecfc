//! Operators of single elements.

use super::super::invalid;
use super::super::onnx::Node;
use super::super::tensor::{Kind, Tensor, Type, broadcast};
use super::runs::runs;
use super::{Built, Inputs, Operator};
use crate::LexLearningError;

/// An operator of one element.
#[derive(Debug, Clone, Copy)]
pub(in super::super) enum Single {
    Negate,
    SquareRoot,
    Exponential,
    Logarithm,
    Cosine,
    Sigmoid,
    Absolute,
    Floor,
    IsNan,
    Not,
    Cast(Kind),
    Clip(f64, f64),
}

/// Refuses an operator that is none of all.
pub(super) fn single(node: &Node<'_>, inputs: &Inputs<'_>) -> Result<Built, LexLearningError> {
    let operator = match inputs.name {
        "Neg" => Single::Negate,
        "Sqrt" => Single::SquareRoot,
        "Exp" => Single::Exponential,
        "Log" => Single::Logarithm,
        "Cos" => Single::Cosine,
        "Sigmoid" => Single::Sigmoid,
        "Abs" => Single::Absolute,
        "Floor" => Single::Floor,
        "IsNaN" => Single::IsNan,
        "Not" => Single::Not,
        "Cast" => Single::Cast(Kind::from_code(node.integer("to")?.unwrap_or_default())?),
        "Clip" => {
            let bound = |index, other| inputs.optional(index).map_or(Ok(other), |_| inputs.number(index));
            Single::Clip(bound(1, f64::NEG_INFINITY)?, bound(2, f64::INFINITY)?)
        }
        name => return Err(invalid(&format!("the operator {name} is none of those that models are made of"))),
    };
    let given = inputs.at(0)?.kind;
    let kind = match (operator, given.kind) {
        (Single::Cast(kind), _) => kind,
        (Single::Not, Kind::Truth) => Kind::Truth,
        (Single::Negate | Single::Absolute | Single::Clip(..), Kind::Integer) => Kind::Integer,
        (Single::IsNan, kind) if kind.is_float() => Kind::Truth,
        (operator, kind) if kind.is_float() && !matches!(operator, Single::Not) => kind,
        _ => return inputs.refuse(0),
    };
    Ok(Built::new(Operator::Single(operator), 1, Type::new(kind, given.shape.clone())?))
}

impl Single {
    pub(super) fn evaluate(self, tensor: &Tensor) -> Vec<f64> {
        let map = |compute: fn(f64) -> f64| tensor.values.iter().map(|&value| compute(value)).collect();
        match self {
            Self::Negate => map(|value| -value),
            Self::SquareRoot => map(f64::sqrt),
            Self::Exponential => map(f64::exp),
            Self::Logarithm => map(f64::ln),
            Self::Cosine => map(f64::cos),
            Self::Sigmoid => map(|value| 1.0 / (1.0 + (-value).exp())),
            Self::Absolute => map(f64::abs),
            Self::Floor => map(f64::floor),
            Self::IsNan => map(|value| truth(value.is_nan())),
            Self::Not => map(|value| truth(value == 0.0)),
            Self::Cast(kind) => tensor.values.iter().map(|&value| kind.hold(value)).collect(),
            Self::Clip(least, most) => {
                let clip = |&value: &f64| if value < least { least } else { value };
                tensor.values.iter().map(clip).map(|value| if value > most { most } else { value }).collect()
            }
        }
    }
}

fn truth(value: bool) -> f64 {
    f64::from(u8::from(value))
}

/// An operator of two elements.
#[derive(Debug, Clone, Copy)]
pub(in super::super) enum Pair {
    Add,
    Subtract,
    Multiply,
    Divide,
    DivideIntegers,
    Power,
    Least,
    Most,
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
}

pub(super) fn pair(name: &str, inputs: &Inputs<'_>) -> Result<Built, LexLearningError> {
    let (first, second) = (inputs.at(0)?.kind, inputs.at(1)?.kind);
    let operator = match name {
        "Add" => Pair::Add,
        "Sub" => Pair::Subtract,
        "Mul" => Pair::Multiply,
        "Div" if first.kind == Kind::Integer => Pair::DivideIntegers,
        "Div" => Pair::Divide,
        "Pow" => Pair::Power,
        "Min" => Pair::Least,
        "Max" => Pair::Most,
        "Equal" => Pair::Equal,
        "Less" => Pair::Less,
        "LessOrEqual" => Pair::LessOrEqual,
        "Greater" => Pair::Greater,
        "GreaterOrEqual" => Pair::GreaterOrEqual,
        "And" => Pair::And,
        _ => Pair::Or,
    };
    let truths = matches!(operator, Pair::And | Pair::Or);
    let fits = truths == (first.kind == Kind::Truth) || matches!(operator, Pair::Equal);
    if first.kind != second.kind || !fits || inputs.given.len() > 2 {
        return inputs.refuse(1);
    }
    let compares =
        matches!(operator, Pair::Equal | Pair::Less | Pair::LessOrEqual | Pair::Greater | Pair::GreaterOrEqual);
    let kind = if compares { Kind::Truth } else { first.kind };
    let output = Type::new(kind, broadcast(&first.shape, &second.shape)?)?;
    Ok(Built::new(Operator::Pair(operator), 2, output))
}

impl Pair {
    pub(super) fn evaluate(self, first: &Tensor, second: &Tensor, shape: &[usize]) -> Vec<f64> {
        let of = (first, second, shape);
        match self {
            Self::Add => stretch(of, |first, second| first + second),
            Self::Subtract => stretch(of, |first, second| first - second),
            Self::Multiply => stretch(of, |first, second| first * second),
            Self::Divide => stretch(of, |first, second| first / second),
            Self::DivideIntegers => stretch(of, |first, second| (first / second).trunc()),
            Self::Power => stretch(of, f64::powf),
            // A missing value is neither the least nor the most: it stays.
            Self::Least => stretch(of, |first, second| if first < second || first.is_nan() { first } else { second }),
            Self::Most => stretch(of, |first, second| if first > second || first.is_nan() { first } else { second }),
            #[expect(clippy::float_cmp, reason = "the operator is exact")]
            Self::Equal => stretch(of, |first, second| truth(first == second)),
            Self::Less => stretch(of, |first, second| truth(first < second)),
            Self::LessOrEqual => stretch(of, |first, second| truth(first <= second)),
            Self::Greater => stretch(of, |first, second| truth(first > second)),
            Self::GreaterOrEqual => stretch(of, |first, second| truth(first >= second)),
            Self::And => stretch(of, |first, second| first * second),
            Self::Or => stretch(of, f64::max),
        }
    }
}

fn stretch((first, second, shape): (&Tensor, &Tensor, &[usize]), compute: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let mut values = Vec::with_capacity(shape.iter().product());
    runs([first, second], shape, |[left, right], steps, length| match steps {
        [1, 1] => {
            let pairs = first.values[left..][..length].iter().zip(&second.values[right..][..length]);
            values.extend(pairs.map(|(&first, &second)| compute(first, second)));
        }
        [1, 0] => {
            let constant = second.values[right];
            values.extend(first.values[left..][..length].iter().map(|&value| compute(value, constant)));
        }
        [0, 1] => {
            let constant = first.values[left];
            values.extend(second.values[right..][..length].iter().map(|&value| compute(constant, value)));
        }
        [step, other] => {
            let places = (0..length).map(|index| (left + index * step, right + index * other));
            values.extend(places.map(|(left, right)| compute(first.values[left], second.values[right])));
        }
    });
    values
}

pub(super) fn choose(inputs: &Inputs<'_>) -> Result<Built, LexLearningError> {
    let (condition, first, second) = (inputs.at(0)?.kind, inputs.at(1)?.kind, inputs.at(2)?.kind);
    if condition.kind != Kind::Truth {
        return inputs.refuse(0);
    }
    if first.kind != second.kind {
        return inputs.refuse(2);
    }
    let shape = broadcast(&condition.shape, &broadcast(&first.shape, &second.shape)?)?;
    Ok(Built::new(Operator::Choose, 3, Type::new(first.kind, shape)?))
}

pub(super) fn evaluate_choice(inputs: &[&Tensor], shape: &[usize]) -> Vec<f64> {
    let [condition, first, second] = [inputs[0], inputs[1], inputs[2]];
    let mut values = Vec::with_capacity(shape.iter().product());
    runs([condition, first, second], shape, |[place, left, right], [step, to_left, to_right], length| {
        values.extend((0..length).map(|index| {
            if condition.values[place + index * step] == 0.0 {
                second.values[right + index * to_right]
            } else {
                first.values[left + index * to_left]
            }
        }));
    });
    values
}
