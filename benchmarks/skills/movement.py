"""Stock movement: will the next adjusted close be up by 0.55 % or down by 0.5 %? Moves between are left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.metrics.bootstrap import block_length, block_sums, percentiles
from augury.core.timeframe import Timeframe

UP, DOWN = 0.0055, -0.005
TRAIN, DEV, TEST, END = (
    datetime(*day, tzinfo=UTC) for day in ((2014, 1, 1), (2015, 8, 1), (2015, 10, 1), (2016, 1, 1))
)
SEEDS: Final = (0, 1, 2)
LAGS: Final = 5
PUBLISHED: Final = (
    ("ALSTM, published, single run", 0.550, 0.0995),
    ("Adv-ALSTM, published, single run", 0.5645, 0.131),
)
"""Feng et al. (2019), Enhancing stock movement prediction with adversarial training."""


@dataclass(frozen=True)
class Movements:
    """One row a movement: its features (known a session before) and its sign, by the date it ended."""

    day: np.ndarray
    up: np.ndarray
    X: np.ndarray

    def between(self, first: datetime, after: datetime) -> Movements:
        """Those that ended in a span of dates."""
        low, high = (np.datetime64(one.replace(tzinfo=None)) for one in (first, after))
        on = (self.day >= low) & (self.day < high)
        return Movements(self.day[on], self.up[on], self.X[on])


def measure(folder: Path) -> dict[str, Any]:
    """Score every feature set on the test quarter; the rounds are chosen on the dev months."""
    bars = Bars(_prices(folder), Timeframe.D1, adjustment="split+adj")
    tables = {
        "LightGBM, 11 features x 5 lags": _lagged(bars),
        "LightGBM, technical": _built(bars, "technical", None),
        "LightGBM, technical + tweets": _built(bars, "platform", _tweets(folder, bars)),
    }
    rows = []
    for name, features in tables.items():
        table = _movements(bars, features)
        test = table.between(TEST, END)
        answers = [_answer(table, test, seed) for seed in SEEDS]
        rows.append({"model": name, "features": table.X.shape[1], "seeds": len(SEEDS), **_scored(test, answers)})
    dev = table.between(DEV, TEST)
    always = _scored(test, [np.ones(len(test.up), dtype=bool)])
    rows.insert(0, {"model": "always up", "features": 0, "seeds": 1, **always})
    rows += [{"model": name, "accuracy": accuracy, "mcc": mcc} for name, accuracy, mcc in PUBLISHED]
    return {"n_test": len(test.up), "n_dev": len(dev.up), "n_train": len(table.between(TRAIN, DEV).up), "rows": rows}


def _prices(folder: Path) -> pl.DataFrame:
    frame = pl.read_parquet(folder / "stocknet_prices.parquet").sort("symbol", "ts")
    return frame.select(*(pl.col(name).cast(kind) for name, kind in BAR_SCHEMA.items()), "adj_close")


def _tweets(folder: Path, bars: Bars) -> pl.DataFrame:
    from augury.features.news_columns import news_columns

    tweets = pl.read_parquet(folder / "stocknet_tweets.parquet")
    news = tweets.select("symbol", pl.col("ts").alias("published_at"), pl.col("text").alias("headline"))
    during = bars.with_frame(bars.frame.filter(pl.col("ts").is_between(TRAIN, END)))
    return news_columns(news.drop_nulls(), during)[0]


def _lagged(bars: Bars) -> pl.DataFrame:
    """The eleven of the published model: bar against close, close against yesterday, means against close."""
    close, adjusted = pl.col("close"), pl.col("adj_close")
    eleven = [
        (pl.col("open") / close - 1).alias("open"),
        (pl.col("high") / close - 1).alias("high"),
        (pl.col("low") / close - 1).alias("low"),
        (close / close.shift(1) - 1).alias("close"),
        (adjusted / adjusted.shift(1) - 1).alias("adj_close"),
        *((adjusted.rolling_mean(n) / adjusted - 1).alias(f"mean_{n}") for n in (5, 10, 15, 20, 25, 30)),
    ]
    names = [one.meta.output_name() for one in eleven]
    frame = bars.frame.select("symbol", "ts", *(one.over("symbol") for one in eleven))
    return frame.select(
        "symbol", "ts", *(pl.col(n).shift(k).over("symbol").alias(f"{n}_{k}") for k in range(LAGS) for n in names)
    )


def _built(bars: Bars, feature_set: str, beside: pl.DataFrame | None) -> pl.DataFrame:
    from augury.features import build

    return build(bars, feature_set, beside=beside).frame


def _movements(bars: Bars, features: pl.DataFrame) -> Movements:
    ahead = (pl.col("adj_close").shift(-1) / pl.col("adj_close") - 1).over("symbol")
    known = bars.frame.select("symbol", "ts", ahead.alias("ahead"), pl.col("ts").shift(-1).over("symbol").alias("day"))
    rows = known.join(features, on=["symbol", "ts"], how="left", maintain_order="left").filter(
        ((pl.col("ahead") >= UP) | (pl.col("ahead") <= DOWN)) & pl.col("day").is_between(TRAIN, END, closed="left")
    )
    X = rows.select(features.columns[2:]).cast(pl.Float32).to_numpy()
    return Movements(rows["day"].dt.replace_time_zone(None).to_numpy(), (rows["ahead"] > 0).to_numpy(), X)


def _answer(table: Movements, test: Movements, seed: int) -> np.ndarray:
    import lightgbm as lgb

    train, dev = table.between(TRAIN, DEV), table.between(DEV, TEST)
    settings = {"objective": "binary", "learning_rate": 0.02, "num_leaves": 15, "min_data_in_leaf": 100,
                "feature_fraction": 0.5, "bagging_fraction": 0.8, "bagging_freq": 1, "seed": seed,
                "deterministic": True, "force_col_wise": True, "num_threads": 1, "verbosity": -1}  # fmt: skip
    rows = lgb.Dataset(train.X, train.up.astype(float))
    watched = lgb.Dataset(dev.X, dev.up.astype(float), reference=rows)
    booster = lgb.train(settings, rows, 400, valid_sets=[watched], callbacks=[lgb.early_stopping(50, verbose=False)])
    # Half of the train rows went up: the middle of their probabilities is the border, no dev or test row is asked.
    return np.asarray(booster.predict(test.X)) > np.median(booster.predict(train.X))


def _scored(test: Movements, answers: list[np.ndarray]) -> dict[str, Any]:
    """Accuracy and MCC over the seeds, with intervals by blocks of test days."""
    days, day = np.unique(test.day, return_inverse=True)
    cells = np.stack([_cells(test.up, said, day, len(days)) for said in answers])
    pooled = cells.mean(axis=0)
    block = block_length(len(days), 1)
    draws = block_sums(pooled, block, purpose="movement")
    total = pooled.sum(axis=0)[None]
    each = [(float(_accuracy(one.sum(axis=0)[None])[0]), float(_mcc(one.sum(axis=0)[None])[0])) for one in cells]
    accuracy, mcc = float(_accuracy(total)[0]), float(_mcc(total)[0])
    return {
        "accuracy": accuracy,
        "accuracy_interval": percentiles(_accuracy(draws), accuracy, len(days) / block),
        "accuracy_seeds": [one[0] for one in each],
        "mcc": mcc,
        "mcc_interval": percentiles(_mcc(draws), mcc, len(days) / block),
        "mcc_seeds": [one[1] for one in each],
        "n": len(test.up),
        "days": len(days),
    }


def _cells(up: np.ndarray, said: np.ndarray, day: np.ndarray, days: int) -> np.ndarray:
    """True up, true down, false up, false down of each day, ``(days, 4)``."""
    columns = (said & up, ~said & ~up, said & ~up, ~said & up)
    return np.stack([np.bincount(day, weights=column, minlength=days) for column in columns], axis=1)


def _accuracy(cells: np.ndarray) -> np.ndarray:
    return np.asarray((cells[:, 0] + cells[:, 1]) / cells.sum(axis=1))


def _mcc(cells: np.ndarray) -> np.ndarray:
    """Matthews correlation; 0 for a constant answer, by convention."""
    tp, tn, fp, fn = cells.T
    length = np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    return np.asarray((tp * tn - fp * fn) / np.where(length > 0, length, 1.0))
