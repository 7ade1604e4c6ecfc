"""Writes titanic_expected.json: what pandas makes of titanic.yaml. Needs pandas alone.

    python tests/features/expected.py ../../tests/data/titanic.csv > tests/features/titanic_expected.json
"""

import json
import math
import sys

import numpy as np
import pandas as pd

EVERY = 13  # All rows are computed, every 13th is written.

d = pd.read_csv(sys.argv[1])
x = pd.DataFrame(index=d.index)


def by(*columns):
    frame = d.assign(known_age=x["known_age"])
    return frame.groupby(list(columns), dropna=False, sort=False)


x["known_age"] = d["age"].where(d["age"] != 28)
x["age_mean"] = by("pclass", "sex")["known_age"].transform("mean")
x["age_sum"] = by("pclass")["known_age"].transform("sum")
x["age_min"] = by("pclass")["known_age"].transform("min")
x["age_max"] = by("sibsp", "sex")["known_age"].transform("max")
x["age_count"] = by("sibsp")["known_age"].transform("count")
x["age_std"] = by("pclass", "parch")["known_age"].transform("std")
x["age_median"] = by("pclass", "sex")["known_age"].transform("median")
x["age_n_unique"] = by("pclass", "sex")["known_age"].transform("nunique")
x["class_by_age"] = by("known_age")["sibsp"].transform("mean")
x["kin_ratio"] = (d["sibsp"] / d["parch"]).replace([np.inf, -np.inf], np.nan)
x["kin_ratio_filled"] = x["kin_ratio"].fillna(-1)
x["age_margin"] = (d["age"] - x["known_age"]) / d["age"]
x["family"] = d["sibsp"] + d["parch"]
x["family_and_self"] = x["family"] + 1
x["least"] = x["known_age"].clip(upper=30)
x["age_per_head"] = x["known_age"] / x["family_and_self"]
x["age_lag"] = by("pclass")["known_age"].shift(2)
x["age_lead"] = by("pclass")["age"].shift(-1).fillna(0)
x["age_difference"] = by("pclass", "sex")["known_age"].diff()
x["age_change"] = by("sex")["age"].pct_change()
x["age_rolling_mean"] = by("pclass")["known_age"].transform(lambda s: s.rolling(5, min_periods=3).mean())
x["age_rolling_sum"] = by("pclass")["age"].transform(lambda s: s.rolling(4).sum())
x["age_rolling_min"] = d["age"].rolling(3).min()
x["age_rolling_max"] = by("sex")["age"].transform(lambda s: s.rolling(3).max())
x["age_rolling_std"] = by("sex")["age"].transform(lambda s: s.rolling(6).std())
x["age_rank"] = by("pclass")["known_age"].rank()
x["age_rank_dense"] = d["age"].rank(method="dense", ascending=False)
x["age_cumulative_sum"] = by("pclass")["known_age"].cumsum()
x["age_cumulative_max"] = by("sex")["age"].cummax()
ordered = d.sort_values("age", kind="stable")
x["sum_by_age"] = ordered.groupby("pclass")["parch"].cumsum()
edges = [10, 20, 40.5]
gaps = x["known_age"].isna()
x["age_bin"] = pd.Series(np.digitize(x["known_age"], edges), index=d.index).mask(gaps)
x["age_bin_right"] = np.digitize(d["age"], edges, right=True)
x["age_quartile"] = pd.Series(
    np.digitize(x["known_age"], x["known_age"].quantile([0.25, 0.5, 0.75])), index=d.index
).mask(gaps)
x["age_label"] = np.where(d["age"] >= 18, "adult", "child")
for level in ["1st", "2nd", "3rd"]:
    x[f"class_{level}"] = (d["pclass"] == level).astype(int)
x["sex_code"] = d["sex"].map({"female": 0, "male": 1})
x["class_code"] = d["pclass"].map({"3rd": 0, "2nd": 1}).fillna(-1)
x["age_code"] = x["known_age"].rank(method="dense") - 1
x["age_frequency"] = by("known_age")["age"].transform("size") / len(d)
x["class_count"] = by("pclass")["age"].transform("size")
fold = np.arange(len(d)) % 4
target = (d["survived"] == "survived").astype(float)
encoded = pd.Series(np.nan, index=d.index)
for number in range(4):
    others = fold != number
    prior = target[others].mean()
    groups = target[others].groupby(d["pclass"][others])
    means = (groups.sum() + 5 * prior) / (groups.count() + 5)
    encoded[~others] = d["pclass"][~others].map(means)
x["class_survival"] = encoded
x["class_length"] = d["pclass"].str.len()
x["sex_has_fe"] = d["sex"].str.contains("^FE").astype(int)
x["sex_has_fe_any_case"] = d["sex"].str.contains("(?i)^FE").astype(int)
x["class_number"] = d["pclass"].str.extract(r"(\d)(\w+)")[0].astype(float)
x["class_suffix"] = d["pclass"].str.extract(r"(\d)(\w+)")[1]
x["priority"] = np.where(
    (d["sex"] == "female") | (x["known_age"] < 14), 2, np.where(d["pclass"].isin(["1st", "2nd"]) & ~gaps, 1, 0)
)
x["class_sex"] = d["pclass"] + " " + d["sex"]
x["age_class"] = x["known_age"] * x["class_number"]
a, s = d["age"], d["sibsp"]
terms = {"age^2": a * a, "age*sibsp": a * s, "sibsp^2": s * s}
terms |= {"age^3": a * a * a, "age^2*sibsp": a * a * s, "age*sibsp^2": a * s * s, "sibsp^3": s * s * s}
for name, values in terms.items():
    x[f"power_{name}"] = values
k = x["known_age"]
x["age_standard"] = (k - k.mean()) / k.std(ddof=0)
x["age_min_max"] = (k - k.min()) / (k.max() - k.min())
x["age_robust"] = (k - k.median()) / (k.quantile(0.75) - k.quantile(0.25))
x["sibsp_log"] = np.log(s + 1.0)
x["sibsp_log_0"] = np.log(s.where(s > 0).astype(float))


def plain(value):
    if isinstance(value, str):
        return value
    value = float(value)
    return None if math.isnan(value) else value


columns = {name: [plain(value) for value in x[name].iloc[::EVERY]] for name in x.columns}
lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(values)}" for name, values in columns.items())
print("{\n" + lines + "\n}")
