"""Seeded bars for the room: a few symbols with flat bars, gaps and days without trade."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.timeframe import Timeframe

COLUMNS = ("open", "high", "low", "close", "volume")
MOVES = (
    *(f"market_lag_{k}" for k in (1, 2, 5)),
    *(f"sector_median_{n}" for n in (1, 5, 20, 60)),
    "market_drawdown",
    "peer_mean_1",
)
AMOUNTS = (
    "market_vol_20",
    "market_dispersion",
    "sector_members",
    "peer_variance_1",
    "peer_count",
    "peer_correlation",
)


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


def gathered(names: int = 24, days: int = 150, seed: int = 5) -> Bars:
    """A cross-section of two sectors that move together: one late listing, one delisting, one suspension."""
    rng = np.random.default_rng(seed)
    market = rng.normal(0.0004, 0.009, days)
    sectors = rng.normal(0.0, 0.007, (2, days))
    frames = []
    for k in range(names):
        frame = walk(f"S{k:02d}", days, 100 + k)
        moves = rng.uniform(0.5, 1.5) * market + sectors[k % 2] + rng.normal(0.0, 0.006, days)
        close = pl.Series((20.0 + k) * np.exp(np.cumsum(moves)))
        ratio = close / frame["close"]
        frame = frame.with_columns(pl.col("open", "high", "low", "close") * ratio)
        living = {3: [*range(70), *range(82, days)], 7: range(50, days), 11: range(100)}.get(k, range(days))
        frames.append(frame[list(living)])
    return as_bars(*frames)


@pytest.fixture(scope="session")
def crowd() -> Bars:
    return gathered()


@pytest.fixture(scope="session")
def sector_records(crowd: Bars) -> pl.DataFrame:
    """Even names in Energy, odd ones in Health; S04 moves to Health on day 60."""
    rows = [(name, "Energy" if int(name[1:]) % 2 == 0 else "Health", date(2000, 1, 1), None) for name in crowd.symbols]
    moved = date(2015, 1, 1) + timedelta(days=60)
    rows = [row for row in rows if row[0] != "S04"]
    rows += [("S04", "Energy", date(2000, 1, 1), moved - timedelta(days=1)), ("S04", "Health", moved, None)]
    schema = {"symbol": pl.String, "sector": pl.String, "valid_from": pl.Date, "valid_to": pl.Date}
    return pl.DataFrame(rows, schema=schema, orient="row")


def told(frame: pl.DataFrame, seed: int = 9) -> pl.DataFrame:
    """What stands beside the bars: news of each session and implied volatility, by symbol and ts."""
    rng = np.random.default_rng(seed)
    n = frame.height
    score = np.clip(rng.normal(0.0, 0.5, n), -1.0, 1.0)
    spread = np.abs(rng.normal(0.0, 0.2, n))
    return frame.select("symbol", "ts").with_columns(
        news_score_mean=pl.Series(score),
        news_score_std=pl.Series(spread),
        news_score_min=pl.Series(np.maximum(score - spread, -1.0)),
        news_score_max=pl.Series(np.minimum(score + spread, 1.0)),
        news_count=pl.Series(rng.poisson(3.0, n).astype(float)),
        news_positive_share=pl.Series(rng.random(n)),
        news_negative_share=pl.Series(rng.random(n)),
        implied_volatility=pl.Series(15.0 + 10.0 * rng.random(n)),
        **{name: pl.Series(rng.random(n)) for name in ("hmm_p_calm", "hmm_p_usual", "hmm_p_wild", "day_stress")},
        garch_volatility=pl.Series(0.01 + 0.01 * rng.random(n)),
        day_regime=pl.Series(rng.integers(0, 3, n).astype(float)),
        market_close=pl.Series(100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, n)))),
        market_trend=pl.Series(rng.integers(0, 2, n).astype(float)),
        **{name: pl.Series(rng.normal(0.0, 0.02, n)) for name in MOVES},
        **{name: pl.Series(0.1 + rng.random(n)) for name in AMOUNTS},
    )


def rough(symbol: str, n: int, seed: int) -> pl.DataFrame:
    """Bars in whole ticks with round volumes, so that values tie; trends come and go, so that limits bind."""
    rng = np.random.default_rng(seed)
    spells = np.arange(n) // 40
    drift, noise = rng.choice([-9.0, 0.0, 9.0], n)[spells], rng.choice([0.7, 3.0, 8.0], n)[spells]
    close = 8000.0 + np.cumsum(np.round(drift + noise * rng.normal(0.0, 1.0, n)))
    opened = np.append(8000.0, close[:-1]) + rng.integers(-1, 2, n)
    high, low = np.maximum(opened, close) + rng.integers(0, 4, n), np.minimum(opened, close) - rng.integers(0, 4, n)
    volume = 100.0 * np.round(np.exp(rng.normal(1.5, 0.6, n)))
    prices = {name: pl.Series(0.25 * x) for name, x in zip(COLUMNS, (opened, high, low, close), strict=False)}
    return walk(symbol, n, seed).with_columns(**prices, volume=pl.Series(volume))


def told_roughly(frame: pl.DataFrame, seed: int = 9) -> pl.DataFrame:
    """News whose scores often lie on a threshold, and options that expect little to much."""
    rng = np.random.default_rng(seed)
    beside = told(frame, seed)
    threshold = pl.Series(rng.choice([-0.3, -0.2, 0.2, 0.3], frame.height))
    on_it = pl.Series(rng.random(frame.height) < 0.2)
    return beside.with_columns(
        news_score_mean=pl.when(on_it).then(threshold).otherwise(pl.col("news_score_mean")),
        implied_volatility=pl.Series(np.exp(rng.normal(1.2, 0.5, frame.height))),
    )


@pytest.fixture(scope="session")
def markets() -> tuple[pl.DataFrame, pl.DataFrame]:
    """A smooth and a rough market of 800 bars, with what stands beside the bars."""
    both = (walk("AAA", 800, 12), told), (rough("BBB", 800, 3), told_roughly)
    return tuple(
        frame.join(tell(frame), on=["symbol", "ts"], how="left", maintain_order="left") for frame, tell in both
    )


@pytest.fixture(scope="session")
def beside(panel: Bars) -> pl.DataFrame:
    return told(panel.frame)
