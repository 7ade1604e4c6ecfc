//! What can be counted or found in a text.

use polars::prelude::*;
use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expressions::{settle, text};
use super::{Accepts, Feature, Input, Learned};

/// What can be counted or found in a text. A missing text gives a missing value.
///
/// ```yaml
/// type: text
/// name: has_island
/// column: Country
/// operation: contains
/// pattern: "(?i)island"
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// The name of the new column.
    pub name: String,
    /// The column of texts.
    pub column: String,
    /// What is done.
    pub operation: TextOperation,
    /// For `contains` and `extract`: a regular expression in the syntax of Rust's crate `regex`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// For `contains`: the pattern is a plain text.
    #[serde(default)]
    pub literal: bool,
    /// For `extract`: which group of the pattern, 0 for all that it matches. 1 where not given, or 0 without groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<usize>,
    /// For `extract`: turns what was found into a number; null where it is none.
    #[serde(default)]
    pub as_number: bool,
}

/// What is done with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TextOperation {
    /// The number of characters.
    Length,
    /// The number of words: what blanks separate.
    Words,
    /// 1 where the pattern is found, else 0.
    Contains,
    /// What a group of the pattern matches first; null where nothing does.
    Extract,
}

impl Text {
    fn groups(&self) -> usize {
        self.pattern.as_deref().and_then(|pattern| Regex::new(pattern).ok()).map_or(0, |regex| regex.captures_len() - 1)
    }
}

impl Feature for Text {
    fn name(&self) -> &str {
        &self.name
    }

    fn inputs(&self) -> Vec<Input> {
        vec![Input::new(&self.column, Accepts::Text)]
    }

    fn check(&self) -> Result<(), String> {
        let wants_pattern = matches!(self.operation, TextOperation::Contains | TextOperation::Extract);
        match (&self.pattern, wants_pattern) {
            (None, true) => return Err("pattern: expected for this operation".to_owned()),
            (Some(_), false) => return Err("pattern: only for contains and extract".to_owned()),
            _ => {}
        }
        if self.operation != TextOperation::Extract && (self.group.is_some() || self.as_number) {
            return Err("group, as_number: only for extract".to_owned());
        }
        if self.operation != TextOperation::Contains && self.literal {
            return Err("literal: only for contains".to_owned());
        }
        if let Some(pattern) = self.pattern.as_deref().filter(|_| !self.literal) {
            Regex::new(pattern).map_err(|error| format!("pattern: {error}"))?;
        }
        match self.group {
            Some(group) if group > self.groups() => {
                Err(format!("group: the pattern has {} groups, found {group}", self.groups()))
            }
            _ => Ok(()),
        }
    }

    fn expressions(&self, schema: &Schema, _learned: Option<&Learned>) -> PolarsResult<Vec<Expr>> {
        let texts = text(&self.column, schema).str();
        let pattern = lit(self.pattern.clone().unwrap_or_default());
        let result = match self.operation {
            TextOperation::Length => texts.len_chars().cast(DataType::Int64),
            TextOperation::Words => texts.count_matches(lit(r"\S+"), false).cast(DataType::Int64),
            TextOperation::Contains if self.literal => texts.contains_literal(pattern).cast(DataType::UInt8),
            TextOperation::Contains => texts.contains(pattern, true).cast(DataType::UInt8),
            TextOperation::Extract => {
                let found = texts.extract(pattern, self.group.unwrap_or_else(|| self.groups().min(1)));
                if self.as_number { settle(found.cast(DataType::Float64), None) } else { found }
            }
        };
        Ok(vec![result.alias(&self.name)])
    }
}
