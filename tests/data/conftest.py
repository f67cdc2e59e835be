"""A small market, a lake to write into, and a few bars by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from math import sin
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from augury.core.bars import BAR_SCHEMA, Bars
from augury.data.calendar import market_calendar
from augury.data.lake import Lake
from augury.data.synthetic import SyntheticMarket


@pytest.fixture(scope="session")
def market() -> SyntheticMarket:
    return SyntheticMarket(n_symbols=3, n_bars=120)


@pytest.fixture(scope="session")
def bars(market: SyntheticMarket) -> Bars:
    return market.bars()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def frame_of() -> Callable[..., pl.DataFrame]:
    """Sixty plain bars on sessions of XNYS, with some cells replaced: ``frame_of(close={3: 0.0})``."""

    def build(symbol: str = "AAA", n: int = 60, **cells: dict[int, Any]) -> pl.DataFrame:
        sessions = market_calendar("XNYS").sessions(
            datetime(2018, 1, 2, tzinfo=UTC), datetime(2018, 12, 31, tzinfo=UTC)
        )
        close = [100.0 + 3.0 * sin(at) for at in range(n)]
        columns: dict[str, list[Any]] = {
            "symbol": [symbol] * n,
            "ts": sessions.head(n).to_list(),
            "open": [value - 0.5 for value in close],
            "high": [value + 1.0 for value in close],
            "low": [value - 1.0 for value in close],
            "close": close,
            "volume": [1000.0 + at for at in range(n)],
        }
        for name, changes in cells.items():
            for at, value in changes.items():
                columns[name][at] = value
        return pl.DataFrame(columns, schema=BAR_SCHEMA)

    return build
