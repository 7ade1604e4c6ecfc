//! The order of features; what they learn; how they are applied.
//!
//! Features are put into layers by the columns that they use. What the features of a layer learn is one set of queries:
//! those that group by the same columns are one. Then the layer is one step of a single lazy plan: a join for each set of
//! groups, and one `with_columns`, which Polars computes in parallel.

mod blame;
mod codes;
mod fit;
mod fitted;
mod kind;
mod order;
mod table;

pub use fitted::FittedFeatures;
pub(crate) use order::Order;
