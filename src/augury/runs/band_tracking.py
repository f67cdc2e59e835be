"""Are the bands right? Every scored forecast of the ledger, by symbol, by regime and by horizon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
import polars as pl

from augury.core.bars import TIMESTAMP, Bars
from augury.core.errors import DataError, NotFound
from augury.core.timeframe import Timeframe
from augury.data.calendar.availability import known_at
from augury.labels.returns import volatility
from augury.models.adaptation import MaturedBand, one_a_bar
from augury.models.ensemble.regimes import REGIMES, THIRDS
from augury.models.intervals import IntervalScore, IntervalTracker
from augury.runs.intake import bars_of
from augury.runs.workspace import Workspace

BARS_MIN: Final = 60
"""Bars of known volatility below which a bar is neither quiet nor strained."""
UNKNOWN: Final = "unknown"


@dataclass(frozen=True)
class BandReport:
    """What the bands were worth.

    Parameters
    ----------
    scores : tuple of IntervalScore
        One a group, in the order of its values; empty when nothing has matured.
    n : int
        Forecasts behind them: the last of each bar, horizon and label spec.
    repeated : int
        Forecasts left out because a later one was made from the same bar.
    """

    scores: tuple[IntervalScore, ...]
    n: int
    repeated: int


def track_bands(
    workspace: Workspace,
    by: Sequence[str] = (),
    *,
    symbol: str | None = None,
    timeframe: str | None = None,
    replays: bool = False,
) -> BandReport:
    """Score the bands of every forecast that has been scored.

    Parameters
    ----------
    workspace : Workspace
        Nothing is written to it.
    by : sequence of str
        Among ``symbol``, ``regime`` and ``horizon``; empty scores all together. The regime is that of the
        last bar the forecast was made from, see :func:`regimes_of`.
    symbol, timeframe : str, optional
        Only these.
    replays : bool
        Include forecasts that were said of bars whose outcome was known already.

    Raises
    ------
    UsageError
        An unknown group.
    """
    found = workspace.store.matured_bands.list(symbol, timeframe, replays=replays)
    rows = one_a_bar(found)
    named = _regimes(workspace, rows) if "regime" in by else [UNKNOWN] * len(rows)
    tracker = IntervalTracker()
    for row, regime in zip(rows, named, strict=True):
        tracker.add(row.symbol, regime, row.horizon, row.horizon_bars, row.realised_return, row.quantiles)
    return BandReport(tuple(tracker.scores(by)), len(rows), len(found) - len(rows))


def regimes_of(bars: Bars) -> pl.DataFrame:
    """Name the regime of every bar of one symbol from nothing but the bars up to it.

    A bar is ``quiet``, ``usual`` or ``strained`` by where its trailing volatility lies among the thirds of
    those up to and including its own; ``unknown`` until there are 60.

    Parameters
    ----------
    bars : Bars
        Of one symbol.

    Returns
    -------
    pl.DataFrame
        ``closes_at`` (when the bar was known) and ``regime``.
    """
    price = "adj_close" if "adj_close" in bars.frame.columns else "close"
    values = bars.frame.select(volatility(price)).to_series().to_numpy()
    named = [UNKNOWN] * len(values)
    known = np.flatnonzero(np.isfinite(values))
    for count in range(BARS_MIN, len(known) + 1):
        at = known[count - 1]
        low, high = np.quantile(values[known[:count]], THIRDS)
        named[at] = REGIMES[int(values[at] > low) + int(values[at] > high)]
    closes = known_at(bars.frame["ts"], bars.timeframe, bars.calendar)
    return pl.DataFrame({"closes_at": closes, "regime": named}, schema_overrides={"closes_at": TIMESTAMP})


def _regimes(workspace: Workspace, rows: Sequence[MaturedBand]) -> list[str]:
    """The regime in which each forecast was made; unknown where the lake has no such bar any more."""
    found: dict[tuple[str, str], dict[object, str]] = {}
    places = sorted({(row.symbol, row.timeframe) for row in rows})
    for (symbol, timeframe), _ in groupby(places):
        try:
            bars = bars_of(workspace.lake, symbol, Timeframe.parse(timeframe))
        except (NotFound, DataError):
            found[symbol, timeframe] = {}
            continue
        found[symbol, timeframe] = dict(regimes_of(bars).iter_rows())
    return [found[row.symbol, row.timeframe].get(row.data_until, UNKNOWN) for row in rows]
