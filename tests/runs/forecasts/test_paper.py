"""Paper accounts: one calculation with the backtest, filled at the next open, marked at the last close."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.clock import FixedClock
from augury.core.errors import UsageError
from augury.core.settings import Settings
from augury.core.timeframe import Timeframe
from augury.data.calendar.availability import known_at
from augury.portfolio.backtest.costs import Costs
from augury.records.accounts.positions import PaperPosition
from augury.runs.forecasts import paper
from augury.runs.forecasts.paper import paper_book
from augury.runs.workspace import Workspace

PRICES = [(100.0, 100.0), (101.0, 103.0), (104.0, 102.0), (103.0, 105.0), (106.0, 106.0)]
"""Open and close of five sessions: the hand ledger of the backtest."""


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    start = pl.datetime_range(datetime(2026, 11, 2), datetime(2026, 11, 6), "1d", time_zone="UTC", eager=True)
    frame = pl.DataFrame(
        {
            "symbol": ["AAA"] * 5,
            "ts": start.cast(pl.Datetime("us", "UTC")),
            "open": [opened for opened, _ in PRICES],
            "high": [max(pair) + 1 for pair in PRICES],
            "low": [min(pair) - 1 for pair in PRICES],
            "close": [closed for _, closed in PRICES],
            "volume": [1e6] * 5,
        }
    )
    settings = Settings.load({"data_dir": tmp_path, "workers": 1}, environ={}, start=tmp_path)
    workspace = Workspace.open(settings, clock=FixedClock(datetime(2026, 11, 7, tzinfo=UTC)))
    workspace.lake.write(Bars(frame, Timeframe.D1))
    return workspace


def held(place: Workspace, shares: float, first: int, last: int | None) -> PaperPosition:
    bars = place.lake.read(["AAA"], Timeframe.D1)
    closes = known_at(bars.frame["ts"], bars.timeframe, bars.calendar).to_list()
    hour = timedelta(hours=1)
    ended = None if last is None else closes[last] + hour
    return PaperPosition("p1", "u1", "AAA", "d1", shares, 100.0, closes[first] + hour, None, ended, None)


def test_the_hand_ledger_to_the_cent(place: Workspace) -> None:
    """98 shares bought at 101.0505 and sold at 102.9485, fees 9.9029 and 10.0890 (platform.md, section 6)."""
    book = paper_book(place, [held(place, 98, 0, 2)], capital=10_000)
    assert book.equity == pytest.approx(10_166.0121, abs=1e-4)
    assert book.cash == book.equity
    assert book.holdings == ()
    assert [decision.state for decision in book.decisions] == ["ended"]


def test_a_decision_fills_at_the_next_open_and_is_pending_until_that_bar_has_closed(place: Workspace) -> None:
    position = held(place, 98, 4, None)
    book = paper_book(place, [position], capital=10_000)
    assert (book.equity, [decision.state for decision in book.decisions]) == (10_000, ["pending"])
    earlier = replace(position, opened_at=position.opened_at - timedelta(days=1))
    assert [decision.state for decision in paper_book(place, [earlier], capital=10_000).decisions] == ["open"]


def test_equity_is_cash_and_what_is_held_at_the_last_close(place: Workspace) -> None:
    book = paper_book(place, [held(place, 50, 0, None), replace(held(place, -20, 2, None), id="p2")])
    assert book.equity == pytest.approx(book.cash + sum(one.shares * 106.0 for one in book.holdings), abs=1e-9)
    assert [one.shares for one in book.holdings] == [30]


def test_only_what_was_known_at_the_moment_counts(place: Workspace) -> None:
    position = held(place, 98, 0, 2)
    early = paper_book(place, [position], at=position.opened_at + timedelta(days=1), capital=10_000)
    assert early.equity == pytest.approx(10_181.1481, abs=1e-4)
    assert early.equity != paper_book(place, [position], capital=10_000).equity
    with pytest.raises(UsageError, match="lies after"):
        paper_book(place, [position], at=datetime(2027, 1, 1, tzinfo=UTC))


def test_every_cost_of_the_backtest_is_paid(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    dear = paper_book(place, [held(place, 98, 0, 2)], capital=10_000)
    real = paper.run_backtest
    monkeypatch.setattr(paper, "run_backtest", lambda *given, **named: real(*given, costs=Costs.none(), **named))
    free = paper_book(place, [held(place, 98, 0, 2)], capital=10_000)
    assert dear.costs > 0
    assert free.equity - dear.equity == pytest.approx(dear.costs, abs=1e-6)
