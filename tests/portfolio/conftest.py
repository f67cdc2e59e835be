"""Small markets written by hand, and one drawn at random."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from augury.core.timeframe import Timeframe
from augury.portfolio.backtest import Market

sys.path.insert(0, str(Path(__file__).parent))


def _matrix(values: Sequence[object] | np.ndarray) -> np.ndarray:
    matrix = np.array(values, dtype=np.float64)
    return matrix.reshape(-1, 1) if matrix.ndim == 1 else matrix


@pytest.fixture(scope="session")
def market_of() -> Callable[..., Market]:
    """Build a market of daily rows, every calendar day from 2 January 2020."""

    def build(opens, closes, value=1e9, *, first=datetime(2020, 1, 2, tzinfo=UTC), synthetic=False) -> Market:
        opens, closes = _matrix(opens), _matrix(closes)
        ts = pl.datetime_range(first, first + timedelta(days=len(opens) - 1), "1d", time_unit="us", eager=True).alias(
            "ts"
        )
        names = tuple(f"S{number}" for number in range(opens.shape[1]))
        return Market(ts, names, opens, closes, np.full_like(opens, value), Timeframe.D1, "XNYS", "0" * 64, synthetic)

    return build


@pytest.fixture(scope="session")
def hand(market_of) -> Market:
    """The five days of the hand ledger."""
    return market_of([100, 101, 104, 103, 106], [100, 103, 102, 105, 106])


@pytest.fixture
def random_case(market_of) -> Callable[[int], tuple[Market, np.ndarray]]:
    """A market with suspensions, late listings and delistings, and decisions with gaps."""

    def draw(seed: int, days: int = 60, symbols: int = 5) -> tuple[Market, np.ndarray]:
        rng = np.random.default_rng(seed)
        closes = 50 * np.exp(np.cumsum(rng.normal(0, 0.02, (days, symbols)), axis=0))
        opens = closes * np.exp(rng.normal(0, 0.01, (days, symbols)))
        gone = rng.random((days, symbols)) < 0.1
        gone[:, 0] |= np.arange(days) > days // 2
        gone[:, 1] |= np.arange(days) < days // 4
        opens[gone] = closes[gone] = np.nan
        opens[rng.random((days, symbols)) < 0.05] = np.nan
        targets = rng.normal(0, 0.4, (days, symbols))
        targets[rng.random((days, symbols)) < 0.3] = np.nan
        targets[rng.random(days) < 0.4] = np.nan
        targets[rng.random((days, symbols)) < 0.1] = 0.0
        return market_of(opens, closes, 1e6 * (1 + rng.random((days, symbols)))), targets

    return draw
