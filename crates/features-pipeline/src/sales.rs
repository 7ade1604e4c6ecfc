//! Made-up sales records, as many as are asked for, for examples and measurements.

mod places;

use std::io::Write;
use std::path::Path;

use polars::prelude::*;

use crate::config::TableFormat;
use crate::random::{Random, mix};
use crate::{FeaturesError, Result, tables};

use places::{COUNTRIES, ITEMS};

/// Rows that are made and written at a time: some tens of MB.
const CHUNK_ROWS: u64 = 250_000;
const LONGEST_SHIPPING_DAYS: usize = 50;
/// 2010-01-01, counted from 1970.
const FIRST_DAY: i32 = 14_610;
/// Up to 2020-12-31.
const ORDER_DAYS: usize = 4018;
const PRIORITIES: [&str; 4] = ["C", "H", "L", "M"];
const MOST_UNITS: usize = 10_000;
/// Order IDs have nine digits.
const LEAST_ORDER: u64 = 100_000_000;
const ORDERS: u64 = 900_000_000;
/// Shares no factor with [`ORDERS`], so that each row has an ID of its own.
const ORDER_STEP: u64 = 387_420_493;

/// Sales records of 14 columns: `Region`, `Country`, `Item Type`, `Sales Channel`, `Order Priority`, `Order Date`,
/// `Order ID`, `Ship Date`, `Units Sold`, `Unit Price`, `Unit Cost`, `Total Revenue`, `Total Cost`, `Total Profit`.
///
/// Twelve types of items have fixed prices and costs, in cents; revenue, cost and profit follow from them and from the
/// units, exactly. An order ships within 50 days. Some countries order more often than others. A row depends on the seed
/// and its number alone, so fewer rows are the first ones of more.
///
/// ```
/// use features_pipeline::sales::SalesRecords;
///
/// # fn main() -> features_pipeline::Result<()> {
/// let table = SalesRecords { rows: 1000, seed: 1 }.frame()?;
/// assert_eq!(table.shape(), (1000, 14));
/// assert!(table.equals(&SalesRecords { rows: 5000, seed: 1 }.frame()?.head(Some(1000))));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SalesRecords {
    /// How many. Order IDs are unique up to 900 million.
    pub rows: u64,
    /// Another seed, other records.
    pub seed: u64,
}

impl SalesRecords {
    /// All of them in memory.
    ///
    /// # Errors
    ///
    /// [`FeaturesError::Polars`] if there are more rows than a table takes.
    pub fn frame(&self) -> Result<DataFrame> {
        self.part(0, self.rows)
    }

    /// Writes them to a CSV or Parquet file in pieces; `written` is told the rows so far. A file of that name is replaced
    /// when all are written.
    ///
    /// # Errors
    ///
    /// * [`FeaturesError::Table`]: the suffix names another format, or the disk refused.
    /// * [`FeaturesError::Io`], [`FeaturesError::DiskFull`]: the file cannot be made.
    pub fn write(&self, path: impl AsRef<Path>, mut written: impl FnMut(u64)) -> Result<()> {
        let path = path.as_ref();
        let format = tables::format_of(path)?;
        if format == TableFormat::Ipc {
            let message = "sales records are not written in this format";
            return Err(FeaturesError::table(path, message, "name a .csv or a .parquet file"));
        }
        tables::write_whole(path, |file| match format {
            TableFormat::Parquet => self.write_parquet(file, &mut written),
            _ => self.write_csv(file, &mut written),
        })
    }

    fn write_csv(&self, mut file: impl Write, written: &mut dyn FnMut(u64)) -> PolarsResult<()> {
        let mut start = 0;
        loop {
            let mut part = self.raw_part(start, CHUNK_ROWS.min(self.rows - start))?;
            CsvWriter::new(&mut file).include_header(start == 0).finish(&mut part)?;
            start += part.height() as u64;
            written(start);
            if start >= self.rows {
                return Ok(file.flush()?);
            }
        }
    }

    fn write_parquet(&self, file: impl Write, written: &mut dyn FnMut(u64)) -> PolarsResult<()> {
        let mut writer = ParquetWriter::new(file).batched(self.raw_part(0, 0)?.schema())?;
        let mut start = 0;
        while start < self.rows {
            let part = self.raw_part(start, CHUNK_ROWS.min(self.rows - start))?;
            writer.write_batch(&part)?;
            start += part.height() as u64;
            written(start);
        }
        writer.finish().map(drop)
    }

    fn part(&self, start: u64, rows: u64) -> Result<DataFrame> {
        self.raw_part(start, rows).map_err(|source| FeaturesError::polars("making sales records", source))
    }

    fn raw_part(&self, start: u64, rows: u64) -> PolarsResult<DataFrame> {
        let records: Vec<Record> = (start..start + rows).map(|row| Record::draw(self.seed, row)).collect();
        let text = |name: &str, value: fn(&Record) -> &'static str| {
            Column::new(name.into(), records.iter().map(value).collect::<Vec<_>>())
        };
        let whole = |name: &str, value: fn(&Record) -> i64| {
            Column::new(name.into(), records.iter().map(value).collect::<Vec<_>>())
        };
        let money = |name: &str, cents: fn(&Record) -> i64| {
            Column::new(name.into(), records.iter().map(|record| cents(record) as f64 / 100.0).collect::<Vec<_>>())
        };
        let date = |name: &str, day: fn(&Record) -> i32| {
            Int32Chunked::from_vec(name.into(), records.iter().map(day).collect())
                .into_date()
                .into_series()
                .into_column()
        };
        DataFrame::new(
            records.len(),
            vec![
                text("Region", |record| record.place.0),
                text("Country", |record| record.place.1),
                text("Item Type", |record| record.item.0),
                text("Sales Channel", |record| record.channel),
                text("Order Priority", |record| record.priority),
                date("Order Date", |record| record.ordered),
                whole("Order ID", |record| record.order),
                date("Ship Date", |record| record.shipped),
                whole("Units Sold", |record| record.units),
                money("Unit Price", |record| record.item.1),
                money("Unit Cost", |record| record.item.2),
                money("Total Revenue", |record| record.units * record.item.1),
                money("Total Cost", |record| record.units * record.item.2),
                money("Total Profit", |record| record.units * (record.item.1 - record.item.2)),
            ],
        )
    }
}

/// A record; days are counted from 1970.
struct Record {
    place: (&'static str, &'static str),
    item: (&'static str, i64, i64),
    channel: &'static str,
    priority: &'static str,
    ordered: i32,
    order: i64,
    shipped: i32,
    units: i64,
}

impl Record {
    fn draw(seed: u64, row: u64) -> Self {
        let mut random = Random::new(mix(mix(seed).wrapping_add(row)));
        // The lesser of two draws: the first countries are the usual ones.
        let place = random.below(COUNTRIES.len()).min(random.below(COUNTRIES.len()));
        // All bounds here fit into either.
        let days = |random: &mut Random, bound| i32::try_from(random.below(bound)).unwrap_or_default();
        let ordered = FIRST_DAY + days(&mut random, ORDER_DAYS);
        Self {
            place: COUNTRIES[place],
            item: ITEMS[random.below(ITEMS.len())],
            channel: if random.below(2) == 0 { "Offline" } else { "Online" },
            priority: PRIORITIES[random.below(PRIORITIES.len())],
            ordered,
            order: (LEAST_ORDER + ((row % ORDERS) * ORDER_STEP + mix(seed) % ORDERS) % ORDERS).cast_signed(),
            shipped: ordered + days(&mut random, LONGEST_SHIPPING_DAYS + 1),
            units: 1 + i64::try_from(random.below(MOST_UNITS)).unwrap_or_default(),
        }
    }
}
