//! The nodes between the features and the output, in the order in which they are computed.

use std::collections::HashMap;

use super::invalid;
use super::onnx::{Constant, Model, Node};
use super::operators::{Given, MAX_COST, Operator};
use super::tensor::{Kind, MAX_ELEMENTS, Size, Tensor, Type};
use crate::LexLearningError;

const FEATURES: &str = "features";
const OUTPUT: &str = "output";
/// Elements of all tensors in use at a time: they stay in the second cache.
const BLOCK_ELEMENTS: usize = 1 << 17;
const MAX_BLOCK_ROWS: usize = 1024;

/// Computes the output of rows of features. All that does not depend on them is computed when it is made.
#[derive(Debug)]
pub(super) struct Plan {
    steps: Vec<Step>,
    constants: Vec<Tensor>,
    output: usize,
    slots: usize,
    columns: usize,
    /// How many rows to compute at a time.
    pub(super) block_rows: usize,
}

#[derive(Debug)]
struct Step {
    operator: Operator,
    inputs: Vec<Operand>,
    outputs: Vec<Type>,
    first_output: usize,
    /// Slots that no later step needs.
    done: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operand {
    Constant(usize),
    /// Of the tensors that depend on the rows.
    Slot(usize),
}

impl Plan {
    /// Orders and checks the nodes that the output depends on, for features and outputs of so many columns.
    pub(super) fn new(model: &Model<'_>, columns: usize, outputs: usize) -> Result<Self, LexLearningError> {
        let mut builder = Builder::new(model, columns)?;
        for node in order(model)? {
            builder.add(&model.nodes[node])?;
        }
        let expected = Type::new(Kind::Double, vec![Size::Rows, Size::Fixed(outputs)])?;
        match builder.names.get(OUTPUT) {
            Some(&Operand::Slot(slot)) if builder.types[slot] == expected => Ok(builder.finish(slot, columns)),
            _ => Err(invalid(&format!("its output does not have the shape (rows, {outputs})"))),
        }
    }

    /// The outputs of rows of features, both row by row.
    pub(super) fn evaluate(&self, features: Vec<f64>, rows: usize) -> Result<Vec<f64>, LexLearningError> {
        let mut slots: Vec<Option<Tensor>> = Vec::new();
        slots.resize_with(self.slots, || None);
        slots[0] = Some(Tensor { kind: Kind::Double, shape: vec![rows, self.columns], values: features });
        for step in &self.steps {
            let inputs = step.inputs.iter().filter_map(|&operand| match operand {
                Operand::Constant(constant) => self.constants.get(constant),
                Operand::Slot(slot) => slots[slot].as_ref(),
            });
            let outputs = step.operator.evaluate(&inputs.collect::<Vec<_>>(), &step.outputs, rows)?;
            for (index, output) in outputs.into_iter().enumerate() {
                slots[step.first_output + index] = Some(output);
            }
            for &slot in &step.done {
                slots[slot] = None;
            }
        }
        Ok(slots[self.output].take().map(|tensor| tensor.values).unwrap_or_default())
    }
}

/// The nodes that the output depends on, each after those that it depends on itself. Refuses circles.
fn order(model: &Model<'_>) -> Result<Vec<usize>, LexLearningError> {
    let mut makers = HashMap::new();
    for (index, node) in model.nodes.iter().enumerate() {
        for name in node.outputs.iter().filter(|name| !name.is_empty()) {
            if makers.insert(*name, index).is_some() {
                return Err(invalid(&format!("'{name}' is computed twice")));
            }
        }
    }
    let maker = |name: &str| if name == FEATURES { None } else { makers.get(name).copied() };
    let mut order = Vec::new();
    let mut state = vec![State::New; model.nodes.len()];
    let mut waiting: Vec<usize> = maker(OUTPUT).into_iter().collect();
    while let Some(&node) = waiting.last() {
        match state[node] {
            State::New => {
                state[node] = State::Open;
                for next in model.nodes[node].inputs.iter().filter_map(|name| maker(name)) {
                    match state[next] {
                        State::New => waiting.push(next),
                        State::Open => return Err(invalid("its nodes depend on each other in a circle")),
                        State::Done => {}
                    }
                }
            }
            State::Open => {
                state[node] = State::Done;
                order.push(node);
                waiting.pop();
            }
            State::Done => {
                waiting.pop();
            }
        }
    }
    Ok(order)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    /// It waits for what it depends on.
    Open,
    Done,
}

struct Builder<'a> {
    given: HashMap<&'a str, Constant<'a>>,
    names: HashMap<&'a str, Operand>,
    constants: Vec<Tensor>,
    constant_types: Vec<Type>,
    /// Of the slots.
    types: Vec<Type>,
    steps: Vec<Step>,
    cost: usize,
    elements: usize,
}

impl<'a> Builder<'a> {
    fn new(model: &Model<'a>, columns: usize) -> Result<Self, LexLearningError> {
        let features = Type::new(Kind::Double, vec![Size::Rows, Size::Fixed(columns)])?;
        let mut given = HashMap::new();
        for constant in &model.constants {
            if given.insert(constant.name, *constant).is_some() {
                return Err(invalid(&format!("the constant '{}' is there twice", constant.name)));
            }
        }
        Ok(Self {
            given,
            names: HashMap::from([(FEATURES, Operand::Slot(0))]),
            constants: Vec::new(),
            constant_types: Vec::new(),
            types: vec![features],
            steps: Vec::new(),
            cost: 0,
            elements: columns,
        })
    }

    fn add(&mut self, node: &Node<'a>) -> Result<(), LexLearningError> {
        let operands = node.inputs.iter().map(|name| self.operand(name)).collect::<Result<Vec<_>, _>>()?;
        let given: Vec<Option<Given<'_>>> =
            operands.iter().map(|&operand| operand.map(|one| self.known(one))).collect();
        let built = Operator::build(node, &given)?;
        self.cost = self.cost.saturating_add(built.cost);
        self.elements += built.outputs.iter().map(Type::elements).sum::<usize>() + built.operator.held();
        if self.cost > MAX_COST || self.elements > MAX_ELEMENTS {
            return Err(invalid("the graph computes or holds too much"));
        }
        let inputs: Vec<Operand> = operands.into_iter().take(built.inputs).flatten().collect();
        let constants: Option<Vec<&Tensor>> = inputs.iter().map(|&operand| self.known(operand).constant).collect();
        if let Some(constants) = constants {
            let outputs = built.operator.evaluate(&constants, &built.outputs, 1);
            let outputs = outputs.map_err(|error| invalid(&format!("a constant cannot be computed ({error})")))?;
            for (name, tensor) in node.outputs.iter().zip(outputs) {
                let operand = self.keep(tensor)?;
                self.names.insert(name, operand);
            }
            return Ok(());
        }
        let first_output = self.types.len();
        for (index, name) in node.outputs.iter().enumerate() {
            self.names.insert(name, Operand::Slot(first_output + index));
        }
        self.types.extend(built.outputs.iter().cloned());
        self.steps.push(Step {
            operator: built.operator,
            inputs,
            outputs: built.outputs,
            first_output,
            done: Vec::new(),
        });
        Ok(())
    }

    /// None for an input that is left out.
    fn operand(&mut self, name: &'a str) -> Result<Option<Operand>, LexLearningError> {
        if name.is_empty() {
            return Ok(None);
        }
        if let Some(&operand) = self.names.get(name) {
            return Ok(Some(operand));
        }
        let unknown = || invalid(&format!("'{name}' is neither computed from the features nor a constant"));
        let tensor = self.given.get(name).ok_or_else(unknown)?.tensor()?;
        let operand = self.keep(tensor)?;
        self.names.insert(name, operand);
        Ok(Some(operand))
    }

    fn keep(&mut self, tensor: Tensor) -> Result<Operand, LexLearningError> {
        self.constant_types.push(Type::of(&tensor)?);
        self.constants.push(tensor);
        Ok(Operand::Constant(self.constants.len() - 1))
    }

    fn known(&self, operand: Operand) -> Given<'_> {
        match operand {
            Operand::Constant(place) => {
                Given { kind: &self.constant_types[place], constant: Some(&self.constants[place]) }
            }
            Operand::Slot(slot) => Given { kind: &self.types[slot], constant: None },
        }
    }

    fn finish(mut self, output: usize, columns: usize) -> Plan {
        let mut last = vec![0; self.types.len()];
        for (index, step) in self.steps.iter().enumerate() {
            let used = step.inputs.iter().filter_map(
                |&operand| {
                    if let Operand::Slot(slot) = operand { Some(slot) } else { None }
                },
            );
            used.chain(step.first_output..step.first_output + step.outputs.len()).for_each(|slot| last[slot] = index);
        }
        for (slot, &step) in last.iter().enumerate().filter(|&(slot, _)| slot != output) {
            if let Some(step) = self.steps.get_mut(step) {
                step.done.push(slot);
            }
        }
        let (mut in_use, mut most) = (columns, columns);
        for step in &self.steps {
            in_use += step.outputs.iter().map(Type::elements).sum::<usize>();
            most = most.max(in_use);
            in_use -= step.done.iter().map(|&slot| self.types[slot].elements()).sum::<usize>();
        }
        Plan {
            steps: self.steps,
            constants: self.constants,
            output,
            slots: self.types.len(),
            columns,
            block_rows: (BLOCK_ELEMENTS / most).clamp(1, MAX_BLOCK_ROWS),
        }
    }
}
