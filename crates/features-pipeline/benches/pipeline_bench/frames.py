"""The features of features.yaml by hand, in Python: `python frames.py table.parquet repeats`.

Prints a JSON document: for Polars and for pandas, the median seconds of each feature and of all of them.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import pandas as pd
import polars as pl

Columns = dict[str, Any]

price, cost = pl.col("Unit Price"), pl.col("Unit Cost")
revenue, profit, units = pl.col("Total Revenue"), pl.col("Total Profit"), pl.col("Units Sold")


def in_polars() -> dict[str, list[pl.Expr]]:
    """The expressions of each feature."""
    fold = pl.int_range(pl.len()) % 5
    others = profit.sum() - profit.sum().over(fold), pl.len() - pl.len().over(fold)
    level_sum = profit.sum().over("Country") - profit.sum().over("Country", fold)
    level_count = pl.len().over("Country") - pl.len().over("Country", fold)
    return {
        "units_by_country": [units.mean().over("Country")],
        "median_revenue": [revenue.median().over("Country", "Item Type")],
        "profit_ratio": [profit / revenue],
        "profit_margin": [(revenue - pl.col("Total Cost")) / revenue],
        "unit_profit": [price - cost],
        "units_before": [units.shift(1).over("Country")],
        "recent_units": [units.rolling_mean(5).over("Country")],
        "units_so_far": [units.cum_sum().over("Item Type")],
        "order_month": [pl.col("Order Date").dt.month()],
        "days_to_ship": [(pl.col("Ship Date") - pl.col("Order Date")).dt.total_days().cast(pl.Float64)],
        "units_quartile": [
            sum((units >= units.quantile(share, "linear")).cast(pl.Int64) for share in (0.25, 0.5, 0.75))
        ],
        "channel": [
            (pl.col("Sales Channel") == level).cast(pl.Int64).alias(f"channel_{level}") for level in ("Offline", "Online")
        ],
        "priority_code": [pl.col("Order Priority").rank("dense").cast(pl.Int64) - 1],
        "item_frequency": [pl.len().over("Item Type") / pl.len()],
        "country_profit": [(level_sum + 10 * others[0] / others[1]) / (level_count + 10)],
        "country_length": [pl.col("Country").str.len_chars().cast(pl.Int64)],
        "urgent": [pl.when(pl.col("Order Priority").is_in(["C", "H"])).then(1).otherwise(0)],
        "region_channel": [pl.concat_str("Region", "Sales Channel", separator=" ")],
        "price": [(a * b).alias(f"price_{n}") for n, (a, b) in enumerate([(price, price), (price, cost), (cost, cost)])],
        "revenue_standard": [(revenue - revenue.mean()) / revenue.std(ddof=0)],
    }


def target_encoding(d: pd.DataFrame) -> pd.Series:
    fold = pd.Series(range(len(d)), index=d.index) % 5
    target, levels = d["Total Profit"], d["Country"]
    by_fold, by_level, by_both = (
        target.groupby(keys) for keys in (fold, levels, [levels, fold])
    )
    prior = (target.sum() - by_fold.transform("sum")) / (len(d) - by_fold.transform("size"))
    total = by_level.transform("sum") - by_both.transform("sum")
    return (total + 10 * prior) / (by_level.transform("size") - by_both.transform("size") + 10)


def in_pandas() -> dict[str, Callable[[pd.DataFrame], Columns]]:
    """A function for each feature, from the table to the new columns."""

    def one(name: str, make: Callable[[pd.DataFrame], Any]) -> Callable[[pd.DataFrame], Columns]:
        return lambda d: {name: make(d)}

    made: dict[str, Callable[[pd.DataFrame], Any]] = {
        "units_by_country": lambda d: d.groupby("Country")["Units Sold"].transform("mean"),
        "median_revenue": lambda d: d.groupby(["Country", "Item Type"])["Total Revenue"].transform("median"),
        "profit_ratio": lambda d: d["Total Profit"] / d["Total Revenue"],
        "profit_margin": lambda d: (d["Total Revenue"] - d["Total Cost"]) / d["Total Revenue"],
        "unit_profit": lambda d: d["Unit Price"] - d["Unit Cost"],
        "units_before": lambda d: d.groupby("Country")["Units Sold"].shift(1),
        "recent_units": lambda d: (
            d.groupby("Country")["Units Sold"].rolling(5).mean().droplevel(0).reindex(d.index)
        ),
        "units_so_far": lambda d: d.groupby("Item Type")["Units Sold"].cumsum(),
        "order_month": lambda d: d["Order Date"].dt.month,
        "days_to_ship": lambda d: (d["Ship Date"] - d["Order Date"]).dt.days.astype(float),
        "units_quartile": lambda d: pd.qcut(d["Units Sold"], 4, labels=False, duplicates="drop"),
        "priority_code": lambda d: d["Order Priority"].astype("category").cat.codes,
        "item_frequency": lambda d: d.groupby("Item Type")["Units Sold"].transform("size") / len(d),
        "country_profit": target_encoding,
        "country_length": lambda d: d["Country"].str.len(),
        "urgent": lambda d: d["Order Priority"].isin(["C", "H"]).astype(int),
        "region_channel": lambda d: d["Region"] + " " + d["Sales Channel"],
        "revenue_standard": lambda d: (d["Total Revenue"] - d["Total Revenue"].mean()) / d["Total Revenue"].std(ddof=0),
    }
    functions = {name: one(name, make) for name, make in made.items()}
    functions["channel"] = lambda d: {
        f"channel_{level}": (d["Sales Channel"] == level).astype(int) for level in ("Offline", "Online")
    }
    functions["price"] = lambda d: {
        "price_0": d["Unit Price"] ** 2,
        "price_1": d["Unit Price"] * d["Unit Cost"],
        "price_2": d["Unit Cost"] ** 2,
    }
    return functions


def median_seconds(work: Callable[[], Any], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main(path: str, repeats: int) -> None:
    frame = pl.read_parquet(path)
    named = {
        name: [each.alias(name) for each in made] if len(made) == 1 else made for name, made in in_polars().items()
    }
    every = [each for made in named.values() for each in made]
    polars = {
        name: median_seconds(lambda made=made: frame.lazy().with_columns(made).collect(), repeats)
        for name, made in named.items()
    }
    polars["all"] = median_seconds(lambda: frame.lazy().with_columns(every).collect(), repeats)
    table = pd.read_parquet(path)
    dates = ["Order Date", "Ship Date"]
    table[dates] = table[dates].astype("datetime64[s]")
    functions = in_pandas()
    pandas = {
        name: median_seconds(lambda make=make: table.assign(**make(table)), repeats) for name, make in functions.items()
    }
    pandas["all"] = median_seconds(
        lambda: table.assign(**{name: each for make in functions.values() for name, each in make(table).items()}), repeats
    )
    json.dump({"polars": polars, "pandas": pandas, "versions": [pl.__version__, pd.__version__]}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
