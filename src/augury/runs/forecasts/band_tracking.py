"""Are the bands right? Every scored forecast of the ledger, by symbol, by regime and by horizon."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from augury.core.bars import Bars
from augury.core.errors import DataError, NotFound
from augury.core.timeframe import Timeframe
from augury.core.typing import Floats
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


def regimes_of(bars: Bars, moments: Collection[datetime]) -> dict[datetime, str]:
    """Name the regime at some closes from nothing but the bars up to each.

    A bar is ``quiet``, ``usual`` or ``strained`` by where its trailing volatility lies among the thirds of
    those up to and including its own.

    Parameters
    ----------
    bars : Bars
        Of one symbol.
    moments : collection of datetime
        Closes of bars.

    Returns
    -------
    dict
        Moment to regime; ``unknown`` where no bar closed, or before 60 volatilities are known.
    """
    price = "adj_close" if "adj_close" in bars.frame.columns else "close"
    values = bars.frame.select(volatility(price)).to_series().to_numpy()
    places = {close: at for at, close in enumerate(known_at(bars.frame["ts"], bars.timeframe, bars.calendar))}
    return {moment: _regime(values[: places[moment] + 1]) if moment in places else UNKNOWN for moment in moments}


def _regime(so_far: Floats) -> str:
    known = so_far[np.isfinite(so_far)]
    if len(known) < BARS_MIN or not np.isfinite(so_far[-1]):
        return UNKNOWN
    return REGIMES[int((known[-1] > np.quantile(known, THIRDS)).sum())]


def _regimes(workspace: Workspace, rows: Sequence[MaturedBand]) -> list[str]:
    """The regime in which each forecast was made; unknown where the lake has no such bar any more."""
    moments: dict[tuple[str, str], set[datetime]] = {}
    for row in rows:
        moments.setdefault((row.symbol, row.timeframe), set()).add(row.data_until)
    found: dict[tuple[str, str], dict[datetime, str]] = {}
    for (symbol, timeframe), wanted in moments.items():
        try:
            bars = bars_of(workspace.lake, symbol, Timeframe.parse(timeframe))
        except (NotFound, DataError):
            continue
        found[symbol, timeframe] = regimes_of(bars, wanted)
    return [found.get((row.symbol, row.timeframe), {}).get(row.data_until, UNKNOWN) for row in rows]
