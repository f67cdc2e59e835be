"""The consensus run: after the forecasts are written, what the timeframes say together is written too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

import polars as pl

from augury.core.bars import Bars
from augury.core.errors import DataError
from augury.core.timeframe import Timeframe
from augury.core.typing import Json
from augury.data.calendar import market_calendar
from augury.data.calendar.availability import closed
from augury.data.calendar.elapsed import open_minutes
from augury.models.consensus import Consensus, Quality, Source, agree, ladder, quality, trading_minutes
from augury.models.consensus.ladder import BARS as LEVEL_BARS
from augury.records.ledger.consensus import ConsensusRow
from augury.runs.intake import bars_of
from augury.runs.workspace import Workspace

HISTORY_DAYS: Final = 90
"""How far back the scores are read that tell how alike two sources speak."""
_FRAMES: Final = (Timeframe.D1, Timeframe.H4, Timeframe.H1, Timeframe.M15, Timeframe.W1)
"""Whose bars give the levels of a ladder, the first that are there."""


def form(workspace: Workspace, symbols: Sequence[str]) -> list[Consensus]:
    """Form the consensus of each horizon of some symbols from the newest forecasts of their cells; writes nothing.

    Parameters
    ----------
    workspace : Workspace
    symbols : sequence of str
        One without a forecast gives no rows.

    Returns
    -------
    list of Consensus
        By symbol in the order asked for, then by duration.
    """
    records = workspace.store.consensus
    sources = records.sources(symbols)
    newest = [source.forecast.data_until for found in sources.values() for source in found]
    if not newest:
        return []
    scores = records.scores(symbols, min(newest) - timedelta(days=HISTORY_DAYS))
    made: list[Consensus] = []
    for symbol in dict.fromkeys(symbols):
        if sources[symbol]:
            made += _of_symbol(workspace, symbol, sources[symbol], scores[symbol])
    return made


def agree_and_write(workspace: Workspace, symbols: Sequence[str]) -> list[ConsensusRow]:
    """Form the consensus of some symbols and append it to the store.

    Raises
    ------
    DataError
        The store did not take every row that was made.
    """
    made = form(workspace, symbols)
    rows = list(workspace.store.consensus.append(made, workspace.clock.now()))
    if len(rows) != len(made):
        raise DataError(f"the store took {len(rows)} of {len(made)} consensus rows (rule: rows written = rows made)")
    return rows


def quality_of(row: Consensus, workspace: Workspace) -> Quality:
    """Judge a consensus now: its confidence and agreement, aged by the hours the market was open since."""
    calendar = _bars(workspace, row.symbol).calendar
    now = max(workspace.clock.now(), row.made_at)
    return quality(row.confidence, row.agreement, open_minutes(calendar, row.made_at, now) / 60)


def _of_symbol(
    workspace: Workspace, symbol: str, sources: Sequence[Source], scores: Mapping[tuple[str, str], Mapping[date, float]]
) -> list[Consensus]:
    bars = _bars(workspace, symbol)
    minutes = market_calendar(bars.calendar).minutes_per_session
    found = agree(sources, minutes, scores)
    known = {moment: closed(bars, moment).frame.tail(LEVEL_BARS) for moment in {one.data_until for one in found}}
    return [replace(one, ladder=_ladder(one, known[one.data_until])) for one in found]


def _bars(workspace: Workspace, symbol: str) -> Bars:
    """The bars that tell a symbol's calendar and levels: daily ones, or the next best."""
    found = next((frame for frame in _FRAMES if workspace.lake.has(symbol, frame)), Timeframe.D1)
    return bars_of(workspace.lake, symbol, found)


def _ladder(one: Consensus, known: pl.DataFrame) -> Json | None:
    if known.is_empty() or any(known[name].null_count() for name in ("high", "low", "close")):
        return None
    columns = (known[name].to_numpy() for name in ("high", "low", "close"))
    found = ladder(one.label, one.current_price, *columns)
    return None if found is None else found.to_json()


def latest(workspace: Workspace, symbol: str) -> list[ConsensusRow]:
    """Return the newest consensus row of each horizon of a symbol, the shortest horizon first."""
    rows = workspace.store.consensus.latest(symbol)
    if not rows:
        return []
    minutes = market_calendar(_bars(workspace, symbol).calendar).minutes_per_session
    return sorted(rows, key=lambda row: trading_minutes(row.consensus.horizon, minutes))
