//! The default features: each alone, one by one, as one lazy plan, and by `over` in plain Polars.
//!
//! `ROWS=10000,1000000 cargo bench --package features-pipeline --bench pipeline_bench`

#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion};
use features_pipeline::config::PipelineSteps;
use features_pipeline::sales::SalesRecords;
use polars::prelude::*;

fn main() {
    let rows = std::env::var("ROWS").unwrap_or_else(|_| "10000,100000,1000000".to_owned());
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    for rows in rows.split(',') {
        let table = SalesRecords { rows: rows.parse().unwrap(), seed: 0 }.frame().unwrap();
        bench(&mut criterion, &table);
    }
    criterion.final_summary();
}

fn bench(criterion: &mut Criterion, table: &DataFrame) {
    let path = format!("{}/config/features/features.yaml", env!("CARGO_MANIFEST_DIR"));
    let steps = PipelineSteps::load_from_yaml(path).unwrap();
    let rows = table.height();
    for feature in &steps.steps {
        criterion.bench_with_input(BenchmarkId::new(feature.name(), rows), table, |bencher, table| {
            bencher.iter(|| feature.apply_feature(black_box(table)).unwrap());
        });
    }
    criterion.bench_with_input(BenchmarkId::new("apply_sequentially", rows), table, |bencher, table| {
        bencher.iter(|| steps.apply_sequentially(black_box(table)).unwrap());
    });
    criterion.bench_with_input(BenchmarkId::new("apply_all_features", rows), table, |bencher, table| {
        bencher.iter(|| steps.apply(black_box(table)).unwrap());
    });
    criterion.bench_with_input(BenchmarkId::new("polars_over", rows), table, |bencher, table| {
        bencher.iter(|| over(black_box(table)));
    });
}

/// The same columns as one would write them by hand, for one table and no other.
fn over(table: &DataFrame) -> DataFrame {
    let columns = [
        col("Units Sold").mean().over([col("Country")]).unwrap().alias("feature_avg_units_by_country"),
        col("Total Profit").sum().over([col("Item Type")]).unwrap().alias("feature_total_profit_by_item"),
        col("Total Revenue")
            .sum()
            .over([col("Country"), col("Item Type")])
            .unwrap()
            .alias("feature_revenue_by_country_item"),
        (col("Total Profit") / col("Total Revenue")).alias("feature_profit_margin"),
    ];
    table.clone().lazy().with_columns(columns).collect().unwrap()
}
