use features_pipeline::sales::SalesRecords;
use features_pipeline::tables::{ReadOptions, read};
use polars::prelude::*;

const COLUMNS: [&str; 14] = [
    "Region",
    "Country",
    "Item Type",
    "Sales Channel",
    "Order Priority",
    "Order Date",
    "Order ID",
    "Ship Date",
    "Units Sold",
    "Unit Price",
    "Unit Cost",
    "Total Revenue",
    "Total Cost",
    "Total Profit",
];

fn floats(table: &DataFrame, name: &str) -> Vec<f64> {
    let column = table.column(name).unwrap().cast(&DataType::Float64).unwrap();
    column.f64().unwrap().into_no_null_iter().collect()
}

fn days(table: &DataFrame, name: &str) -> Vec<i32> {
    let column = table.column(name).unwrap().cast(&DataType::Int32).unwrap();
    column.i32().unwrap().into_no_null_iter().collect()
}

fn distinct(table: &DataFrame, name: &str) -> usize {
    table.column(name).unwrap().as_materialized_series().n_unique().unwrap()
}

#[test]
fn records_are_consistent() {
    let table = SalesRecords { rows: 20_000, seed: 3 }.frame().unwrap();
    assert_eq!(table.columns().iter().map(|column| column.name().as_str()).collect::<Vec<_>>(), COLUMNS);
    assert_eq!(distinct(&table, "Order ID"), 20_000);
    assert_eq!(
        (distinct(&table, "Region"), distinct(&table, "Item Type"), distinct(&table, "Unit Price")),
        (7, 12, 12)
    );
    let units = floats(&table, "Units Sold");
    for (total, unit) in [("Total Revenue", "Unit Price"), ("Total Cost", "Unit Cost")] {
        for ((total, unit), units) in floats(&table, total).iter().zip(floats(&table, unit)).zip(&units) {
            assert!((total - unit * units).abs() < 0.005, "{total} of {units} at {unit}");
        }
    }
    let (revenue, cost) = (floats(&table, "Total Revenue"), floats(&table, "Total Cost"));
    for ((profit, revenue), cost) in floats(&table, "Total Profit").iter().zip(revenue).zip(cost) {
        assert!((profit - (revenue - cost)).abs() < 0.005 && *profit > 0.0);
    }
    // 2010-01-01 and 2020-12-31, counted from 1970.
    for (ordered, shipped) in days(&table, "Order Date").iter().zip(days(&table, "Ship Date")) {
        assert!((14_610..=18_627).contains(ordered) && (0..=50).contains(&(shipped - ordered)));
    }
}

#[test]
fn the_seed_decides() {
    let records = |rows, seed| SalesRecords { rows, seed }.frame().unwrap();
    assert!(records(100, 1).equals(&records(100, 1)));
    assert!(!records(100, 1).equals(&records(100, 2)));
    assert_eq!(records(0, 1).shape(), (0, 14));
}

#[test]
fn files_hold_the_same_records_in_any_number_of_pieces() {
    let folder = tempfile::tempdir().unwrap();
    // More than one piece.
    let records = SalesRecords { rows: 260_000, seed: 9 };
    let expected = records.frame().unwrap();
    for name in ["sales.csv", "sub/sales.parquet"] {
        let path = folder.path().join(name);
        let mut told = Vec::new();
        records.write(&path, |rows| told.push(rows)).unwrap();
        assert_eq!(told, [250_000, 260_000]);
        let table = read(&path, &ReadOptions::default()).unwrap();
        assert!(table.equals(&expected), "{name}: {table:?}");
    }
    let error = records.write(folder.path().join("sales.arrow"), |_| ()).unwrap_err();
    assert_eq!(error.code(), "table.invalid");
}
