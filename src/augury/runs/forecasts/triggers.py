"""Triggers: when the newest forecast of a symbol no longer fits its market, a fresh one is asked for, once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final, Self

import polars as pl

from augury.core.bars import Bars
from augury.core.clock import iso
from augury.core.forecast import Forecast
from augury.core.timeframe import Timeframe
from augury.core.typing import Json
from augury.data.calendar.availability import closed, known_at
from augury.data.calendar.elapsed import open_minutes
from augury.models.consensus.quality import CRITICAL_H, STALE_H
from augury.records.loop.journal import Entry, Journal
from augury.runs.forecasts.all_cells import ForecastRun, champion_cells, forecast_all
from augury.runs.intake import bars_of
from augury.runs.workspace import Workspace

KIND: Final = "trigger"
ATR_LIMIT: Final = 2.0
MOVE_LIMIT: Final = 0.05
PAUSE: Final = timedelta(hours=1)
_EXACT: Final = 1e-9
"""105 / 100 - 1 is a shade over 0.05 in binary: a boundary is not passed."""
_ATR_BARS: Final = 14
_TREND_BARS: Final = 20
_FINEST_FIRST: Final = (Timeframe.M1, Timeframe.M5, Timeframe.M15, Timeframe.H1, Timeframe.H4, Timeframe.D1)
_FORGETTABLE: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Trigger:
    """One reason to forecast a symbol again.

    Parameters
    ----------
    symbol, kind : str
        ``stale`` (6 hours of open market), ``stale_critical`` (12), ``move_atr`` (2 average true ranges of d1),
        ``move_pct`` (5 %) or ``trend_flip`` (the close crossed its 20-bar mean).
    value, limit : float
        What was measured and what it passed.
    made_at : datetime
        Of the forecast that no longer fits.
    basis : str
        Hash of its row: it is asked once about each kind.
    """

    symbol: str
    kind: str
    value: float
    limit: float
    made_at: datetime
    basis: str

    @property
    def text(self) -> str:
        """One sentence for people.

        Examples
        --------
        >>> from datetime import UTC
        >>> Trigger("SPY", "move_pct", 0.061, 0.05, datetime(2026, 11, 20, 21, tzinfo=UTC), "0" * 64).text
        'SPY: move_pct 0.061 passed 0.05 since the forecast of 2026-11-20 21:00Z'
        """
        since = f"since the forecast of {self.made_at:%Y-%m-%d %H:%MZ}"
        return f"{self.symbol}: {self.kind} {self.value:.3g} passed {self.limit:.3g} {since}"

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return asdict(self) | {"made_at": iso(self.made_at)}

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote."""
        return cls(**value | {"made_at": datetime.fromisoformat(value["made_at"])})


def standing(workspace: Workspace, symbols: Sequence[str] = ()) -> list[Trigger]:
    """List every reason that holds now, whether it was acted on or not; writes nothing.

    Parameters
    ----------
    workspace : Workspace
    symbols : sequence of str
        Empty means every symbol with a champion. One that was never forecast live gives none.
    """
    wanted = list(symbols) or list(dict.fromkeys(cell.symbol for cell in champion_cells(workspace)))
    found: list[Trigger] = []
    for symbol, sources in workspace.store.consensus.sources(wanted).items():
        live = [source for source in sources if "replay" not in source.forecast.flags]
        if live:
            newest = max(live, key=lambda source: source.forecast.made_at)
            found += _reasons(workspace, symbol, newest.forecast, newest.row_hash)
    return found


def due(workspace: Workspace, symbols: Sequence[str] = ()) -> list[Trigger]:
    """List the triggers that would fire now, at most one a symbol; writes nothing.

    Each kind fires once about a forecast, and a symbol at most once an hour; the gravest comes first.
    """
    now = workspace.clock.now()
    past = _remembered(workspace)
    resting = {entry.subject for entry in past if entry.at > now - PAUSE}
    known = {(entry.data["basis"], entry.data["kind"]) for entry in past}
    found: list[Trigger] = []
    for trigger in standing(workspace, symbols):
        if trigger.symbol not in resting and (trigger.basis, trigger.kind) not in known:
            resting.add(trigger.symbol)
            found.append(trigger)
    return found


def remember(workspace: Workspace, trigger: Trigger) -> None:
    """Write a trigger into the journal; one that is there already is left as it is."""
    known = {(entry.data["basis"], entry.data["kind"]) for entry in _remembered(workspace)}
    if (trigger.basis, trigger.kind) not in known:
        level = "info" if trigger.kind == "stale" else "warning"
        _journal(workspace).add(KIND, trigger.symbol, level, trigger.text, trigger.to_json())


def fire(workspace: Workspace, symbols: Sequence[str] = ()) -> list[Trigger]:
    """Return the triggers of :func:`due` and remember them in the journal."""
    fired = due(workspace, symbols)
    for trigger in fired:
        remember(workspace, trigger)
    return fired


def _journal(workspace: Workspace) -> Journal:
    return Journal(workspace.store.engine, workspace.clock)


def _remembered(workspace: Workspace) -> Sequence[Entry]:
    return _journal(workspace).list(KIND, since=workspace.clock.now() - _FORGETTABLE)


def refresh(workspace: Workspace, symbols: Sequence[str] = ()) -> tuple[list[Trigger], ForecastRun | None]:
    """Fire what is due and forecast those symbols again; None when nothing fired."""
    fired = fire(workspace, symbols)
    if not fired:
        return [], None
    cells = champion_cells(workspace, [trigger.symbol for trigger in fired])
    return fired, forecast_all(workspace, cells)


def _reasons(workspace: Workspace, symbol: str, said: Forecast, row_hash: str) -> Iterator[Trigger]:
    """The reasons about one forecast, the gravest first."""
    now = workspace.clock.now()

    def when(kind: str, value: float, limit: float, passed: bool) -> Iterator[Trigger]:
        if passed:
            yield Trigger(symbol, kind, value, limit, said.made_at, row_hash)

    frames = [frame for frame in _FINEST_FIRST if workspace.lake.has(symbol, frame)] or [Timeframe.D1]
    finest = closed(bars_of(workspace.lake, symbol, frames[0]), now)
    daily = finest if frames[0] == frames[-1] else closed(bars_of(workspace.lake, symbol, frames[-1]), now)
    move = float(finest.frame["close"][-1]) / said.current_price - 1
    atr = _average_true_range(_until(daily, said.data_until))
    if atr is not None:
        ranges = abs(move) * said.current_price / atr
        yield from when("move_atr", ranges, ATR_LIMIT, ranges > ATR_LIMIT + _EXACT)
    yield from when("move_pct", abs(move), MOVE_LIMIT, abs(move) > MOVE_LIMIT + _EXACT)
    before, after = _trend(_until(daily, said.data_until)), _trend(daily.frame)
    yield from when("trend_flip", after, 0.0, before * after < 0)
    age = open_minutes(finest.calendar, said.made_at, max(now, said.made_at)) / 60
    yield from when("stale_critical", age, CRITICAL_H, age >= CRITICAL_H)
    yield from when("stale", age, STALE_H, STALE_H <= age < CRITICAL_H)


def _until(bars: Bars, moment: datetime) -> pl.DataFrame:
    closes = known_at(bars.frame["ts"], bars.timeframe, bars.calendar)
    return bars.frame.filter(closes <= moment)


def _average_true_range(frame: pl.DataFrame) -> float | None:
    """Mean true range of the last 14 bars; None for close-only bars or too few of them."""
    before = pl.col("close").shift(1)
    reach = pl.max_horizontal("high", before) - pl.min_horizontal("low", before)
    ranges = frame.tail(_ATR_BARS + 1).select(pl.when(pl.col("high").is_not_null()).then(reach))[1:].to_series()
    known = ranges.drop_nulls()
    return float(known.sum() / _ATR_BARS) if known.len() == _ATR_BARS and known.sum() > 0 else None


def _trend(frame: pl.DataFrame) -> float:
    """Close over its mean of 20 bars, less one; 0 with fewer."""
    closes = frame["close"].tail(_TREND_BARS)
    return float(closes[-1] / (closes.sum() / _TREND_BARS) - 1) if closes.len() == _TREND_BARS else 0.0
