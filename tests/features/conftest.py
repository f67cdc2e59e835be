"""Seeded bars for the room: a few symbols with flat bars, gaps and days without trade."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.timeframe import Timeframe

COLUMNS = ("open", "high", "low", "close", "volume")


def walk(symbol: str, n: int, seed: int, start: float = 50.0) -> pl.DataFrame:
    """A random walk of valid bars; about one in fifteen is flat, one in forty is not traded."""
    rng = np.random.default_rng(seed)
    close = start * np.exp(np.cumsum(rng.normal(0.0, 0.015, n)))
    close[n // 2 : n // 2 + 3] = close[n // 2]
    before = np.append(start, close[:-1])
    opened = before * np.exp(rng.normal(0.0, 0.004, n))
    high = np.maximum(opened, close) * (1.0 + np.abs(rng.normal(0.0, 0.006, n)))
    low = np.minimum(opened, close) * (1.0 - np.abs(rng.normal(0.0, 0.006, n)))
    flat = rng.random(n) < 1 / 15
    opened[flat] = high[flat] = low[flat] = close[flat]
    volume = np.round(np.exp(rng.normal(13.0, 0.6, n)))
    volume[rng.random(n) < 1 / 40] = 0.0
    first = datetime(2015, 1, 1, tzinfo=UTC)
    return pl.DataFrame(
        {
            "symbol": [symbol] * n,
            "ts": [first + timedelta(days=k) for k in range(n)],
            "open": opened,
            "high": high,
            "low": low,
            "close": close,
            "volume": volume,
        },
        schema_overrides={"ts": pl.Datetime("us", "UTC")},
    )


def as_bars(*frames: pl.DataFrame) -> Bars:
    return Bars(pl.concat(frames), Timeframe.D1, synthetic=True)


@pytest.fixture(scope="session")
def make_walk() -> Callable[..., pl.DataFrame]:
    return walk


@pytest.fixture(scope="session")
def panel() -> Bars:
    """Three symbols of different length, one of them shorter than some lookbacks."""
    return as_bars(walk("AAA", 300, 1), walk("BBB", 40, 2, 3.0), walk("CCC", 260, 3, 4000.0))


@pytest.fixture(scope="session")
def single() -> Bars:
    return as_bars(walk("AAA", 300, 1))
