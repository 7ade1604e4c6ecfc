//! Powers of columns, and products of powers.

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expressions::{float, settle};
use super::{Accepts, Feature, Input, Learned, Outputs};

/// All powers and products of the columns with a total degree from 2 to `degree`, as float64.
///
/// The columns `a` and `b` with degree 2 give `{name}_a^2`, `{name}_a*b` and `{name}_b^2`.
///
/// ```yaml
/// type: polynomial
/// name: price
/// columns: [Unit Price, Unit Cost]
/// degree: 2
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Polynomial {
    /// What the names of the new columns begin with.
    pub name: String,
    /// The columns of numbers.
    pub columns: Vec<String>,
    /// The greatest total degree, 2 to 6.
    #[serde(default = "two")]
    pub degree: u32,
    /// Only powers of one column, no products of several.
    #[serde(default)]
    pub powers_only: bool,
}

fn two() -> u32 {
    2
}

impl Polynomial {
    /// The exponents of each term, in the order of scikit-learn's `PolynomialFeatures`: by degree, then by columns.
    fn terms(&self) -> Vec<Vec<u32>> {
        let mut terms = Vec::new();
        for degree in 2..=self.degree {
            exponents(self.columns.len(), degree, &mut Vec::new(), &mut terms);
        }
        terms.retain(|term| !self.powers_only || term.iter().filter(|exponent| **exponent > 0).count() == 1);
        terms
    }

    fn column_of(&self, term: &[u32]) -> String {
        let factors = self.columns.iter().zip(term).filter_map(|(column, exponent)| match exponent {
            0 => None,
            1 => Some(column.clone()),
            exponent => Some(format!("{column}^{exponent}")),
        });
        format!("{}_{}", self.name, factors.collect::<Vec<_>>().join("*"))
    }
}

/// All ways to share out a degree among so many columns, the first column's share falling.
fn exponents(columns: usize, degree: u32, shares: &mut Vec<u32>, terms: &mut Vec<Vec<u32>>) {
    if shares.len() + 1 >= columns {
        terms.push(shares.iter().copied().chain([degree]).collect());
        return;
    }
    for share in (0..=degree).rev() {
        shares.push(share);
        exponents(columns, degree - share, shares, terms);
        shares.pop();
    }
}

impl Feature for Polynomial {
    fn name(&self) -> &str {
        &self.name
    }

    fn inputs(&self) -> Vec<Input> {
        self.columns.iter().map(|column| Input::new(column, Accepts::Number)).collect()
    }

    fn outputs(&self) -> Outputs {
        Outputs::Known(self.terms().iter().map(|term| self.column_of(term)).collect())
    }

    fn check(&self) -> Result<(), String> {
        if self.columns.is_empty() {
            return Err("columns: expected at least one".to_owned());
        }
        if !(2..=6).contains(&self.degree) {
            return Err(format!("degree: expected 2 to 6, found {}", self.degree));
        }
        Ok(())
    }

    fn expressions(&self, _schema: &Schema, _learned: Option<&Learned>) -> PolarsResult<Vec<Expr>> {
        let product = |term: &Vec<u32>| {
            let factors =
                self.columns.iter().zip(term).flat_map(|(column, exponent)| (0..*exponent).map(|_| float(column)));
            let product = factors.reduce(|one, other| one * other).unwrap_or_else(|| lit(1.0));
            settle(product, None).alias(self.column_of(term))
        };
        Ok(self.terms().iter().map(product).collect())
    }
}
