"""The engine beside LightGBM's defaults on other splits of a small table, where a single test set says little.

Run on the bundled interpreter:

    PYTHONPATH=python/lex_learning/src python3 benches/quality/splits.py FOLDER/penguins.clean

The folder holds a prepared table for classification, `{train.parquet,test.parquet}`, with the target last; the harness of
`benches/quality` makes it. Prints the log loss of both on the test rows of twelve splits, and the means.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from lex_learning import Pipeline, PipelineConfig

SPLITS = 12
TEST_SIZE = 0.25
TIME_LIMIT_SECONDS = 30


def with_levels(table: pd.DataFrame) -> pd.DataFrame:
    """Texts as categories, so that LightGBM takes them."""
    texts = table.select_dtypes(exclude="number").columns
    return table.astype(dict.fromkeys(texts, "category"))


def lightgbm_loss(features: pd.DataFrame, target: pd.Series, train: pd.Index, test: pd.Index) -> float:
    model = lightgbm.LGBMClassifier(verbose=-1, n_jobs=2).fit(features.loc[train], target[train])
    return float(log_loss(target[test], model.predict_proba(features.loc[test]), labels=model.classes_))


def engine_loss(table: pd.DataFrame, train: pd.Index, test: pd.Index, seed: int) -> float:
    target = table.columns[-1]
    config = PipelineConfig(
        "classification",
        time_limit=TIME_LIMIT_SECONDS,
        hold_out=False,
        enable_explainability=False,
        random_seed=seed,
    )
    result = Pipeline(config).train(table.loc[train].reset_index(drop=True))
    found = result.model.predict_batch(table.loc[test].drop(columns=target).reset_index(drop=True))
    labels = sorted(table[target].unique())
    probabilities = found[[f"probability_{label}" for label in labels]].to_numpy()
    return float(log_loss(table.loc[test, target], probabilities, labels=labels))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    parts = [pd.read_parquet(folder / f"{name}.parquet") for name in ("train", "test")]
    table = pd.concat(parts, ignore_index=True)
    target = table.iloc[:, -1]
    features = with_levels(table.iloc[:, :-1])
    losses = []
    for seed in range(SPLITS):
        train, test = train_test_split(table.index, test_size=TEST_SIZE, random_state=seed, stratify=target)
        losses.append((lightgbm_loss(features, target, train, test), engine_loss(table, train, test, seed)))
        print(f"split {seed}: LightGBM {losses[-1][0]:.4f}, ours {losses[-1][1]:.4f}", flush=True)
    mean = np.mean(losses, axis=0)
    better = sum(ours < theirs for theirs, ours in losses)
    print(f"mean: LightGBM {mean[0]:.4f}, ours {mean[1]:.4f}; ours is better on {better} of {SPLITS}")


if __name__ == "__main__":
    main()
