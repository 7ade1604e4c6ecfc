//! Which interval a number is in.

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expressions::{finite, first_number, float, quantile};
use super::{Accepts, Feature, Input, Learned, Lesson, Question};

/// The number of the interval that a value is in, from 0.
///
/// With `edges` the intervals are given: bin 0 is below the first edge, the last bin is above the last edge. With
/// `quantiles` the edges are learned, so that about as many training rows are in each bin. Equal edges count once, and those
/// that are the least or the greatest value not at all, so that there may be fewer bins (as in pandas' `qcut` that drops
/// duplicates).
///
/// ```yaml
/// type: binning
/// name: size
/// column: Units Sold
/// edges: [1000, 5000]
/// labels: [small, medium, large]
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Binning {
    /// The name of the new column.
    pub name: String,
    /// The column of numbers.
    pub column: String,
    /// Where bins end, in increasing order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edges: Option<Vec<f64>>,
    /// How many bins of about as many rows, at least 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantiles: Option<u32>,
    /// The side of a bin whose edge belongs to it.
    #[serde(default)]
    pub closed: ClosedSide,
    /// Texts in place of the numbers, one for each bin: one more than edges, or as many as quantiles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
}

/// The side of an interval whose edge belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClosedSide {
    /// edge <= value < next edge
    #[default]
    Left,
    /// edge < value <= next edge
    Right,
}

impl Binning {
    fn least(&self) -> String {
        format!("{}::least", self.name)
    }

    fn greatest(&self) -> String {
        format!("{}::greatest", self.name)
    }

    fn quantile_names(&self) -> impl Iterator<Item = (f64, String)> {
        let bins = self.quantiles.unwrap_or(0);
        (1..bins).map(move |bin| (f64::from(bin) / f64::from(bins), format!("{}::{bin}", self.name)))
    }
}

impl Feature for Binning {
    fn name(&self) -> &str {
        &self.name
    }

    fn inputs(&self) -> Vec<Input> {
        vec![Input::new(&self.column, Accepts::Number)]
    }

    fn check(&self) -> Result<(), String> {
        let bins = match (&self.edges, self.quantiles) {
            (Some(edges), None) => {
                if edges.is_empty() || !edges.iter().all(|edge| edge.is_finite()) {
                    return Err("edges: expected at least one number".to_owned());
                }
                if !edges.windows(2).all(|pair| pair[0] < pair[1]) {
                    return Err(format!("edges: expected increasing numbers, found {edges:?}"));
                }
                edges.len() + 1
            }
            (None, Some(quantiles)) if (2..=1000).contains(&quantiles) => quantiles as usize,
            (None, Some(quantiles)) => return Err(format!("quantiles: expected 2 to 1000, found {quantiles}")),
            (Some(_), Some(_)) => return Err("edges, quantiles: expected one of the two, found both".to_owned()),
            (None, None) => return Err("edges, quantiles: expected one of the two, found none".to_owned()),
        };
        match &self.labels {
            Some(labels) if labels.len() != bins => {
                Err(format!("labels: expected {bins}, one for each bin, found {}", labels.len()))
            }
            _ => Ok(()),
        }
    }

    fn question(&self, schema: &Schema) -> Option<Question> {
        self.quantiles?;
        let values = finite(&self.column, schema);
        let edges = self.quantile_names().map(|(probability, name)| quantile(values.clone(), probability).alias(&name));
        let ends = [values.clone().min().alias(self.least()), values.clone().max().alias(self.greatest())];
        Some(Question::Totals(edges.chain(ends).collect()))
    }

    fn learn(&self, answer: &DataFrame) -> PolarsResult<Lesson> {
        let mut edges: Vec<f64> = Vec::new();
        for (_, name) in self.quantile_names() {
            edges.extend(first_number(answer, &name)?);
        }
        edges.dedup();
        let ends = first_number(answer, &self.least())?.zip(first_number(answer, &self.greatest())?);
        edges.retain(|edge| ends.is_some_and(|(least, greatest)| least < *edge && *edge < greatest));
        if let Some(labels) = self.labels.as_ref().filter(|labels| labels.len() != edges.len() + 1) {
            polars_bail!(ComputeError: "labels: {} are given, and the training rows make {} bins: equal values are many; \
                give fewer quantiles, or edges", labels.len(), edges.len() + 1);
        }
        Ok(Lesson { learned: Some(Learned::Edges { edges }), ..Lesson::default() })
    }

    fn expressions(&self, _schema: &Schema, learned: Option<&Learned>) -> PolarsResult<Vec<Expr>> {
        let edges = match learned {
            Some(Learned::Edges { edges }) => edges.clone(),
            _ => self.edges.clone().unwrap_or_default(),
        };
        let closed = self.closed;
        let bin = move |value: f64| {
            edges.partition_point(|edge| match closed {
                ClosedSide::Left => *edge <= value,
                ClosedSide::Right => *edge < value,
            })
        };
        let bins = float(&self.column).map(
            move |column| {
                let bin = |value: f64| i32::try_from(bin(value)).unwrap_or(i32::MAX);
                let values = column.f64()?.iter().map(|value| value.filter(|value| !value.is_nan()).map(bin));
                let bins: Int32Chunked = values.collect();
                Ok(bins.with_name(column.name().clone()).into_series().into_column())
            },
            |_, field| Ok(Field::new(field.name().clone(), DataType::Int32)),
        );
        let Some(labels) = &self.labels else { return Ok(vec![bins.alias(&self.name)]) };
        let labels = labels.clone();
        let labelled = bins.map(
            move |column| {
                let label = |bin: i32| usize::try_from(bin).ok().and_then(|bin| labels.get(bin)).map(String::as_str);
                let values = column.i32()?.iter().map(|bin| bin.and_then(label));
                let texts: StringChunked = values.collect();
                Ok(texts.with_name(column.name().clone()).into_series().into_column())
            },
            |_, field| Ok(Field::new(field.name().clone(), DataType::String)),
        );
        Ok(vec![labelled.alias(&self.name)])
    }
}
