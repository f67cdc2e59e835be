"""Evaluation at maturity: every forecast whose day has come is scored once, by its own label spec."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final, TypeAlias

import numpy as np
import polars as pl

from augury.core.bars import TIMESTAMP, Bars
from augury.core.errors import DataError, NotFound, UsageError
from augury.core.forecast import QUANTILES
from augury.core.outcome import Outcome
from augury.core.timeframe import Horizon, Timeframe
from augury.core.typing import Ints
from augury.data.calendar import market_calendar
from augury.data.calendar.availability import known_at
from augury.proof.outcomes import losses, outcome_of, realised_label, tolerance
from augury.records.ledger.evaluations import Due
from augury.runs.intake import bars_of
from augury.runs.workspace import Workspace

_Realised: TypeAlias = tuple[float, float]
_NO_SUCH_BAR: Final = "no bar in the lake closes at"


@dataclass(frozen=True, slots=True)
class Pending:
    """A forecast that is due and could not be scored: its outcome is missing, which is not NEUTRAL.

    Parameters
    ----------
    forecast_id : int
    cell : str
        Symbol, timeframe and horizon.
    matures_at : datetime
    reason : str
    """

    forecast_id: int
    cell: str
    matures_at: datetime
    reason: str


@dataclass(frozen=True)
class Evaluated:
    """What one evaluation did.

    Parameters
    ----------
    until : datetime
        Forecasts that matured up to here were looked at.
    outcomes : tuple of Outcome
        Scored now, in order of maturity.
    pending : tuple of Pending
        Due, without an actual yet.
    replays : frozenset of int
        Ids of the outcomes that are replays: they count, and are marked wherever they are shown.
    """

    until: datetime
    outcomes: tuple[Outcome, ...]
    pending: tuple[Pending, ...] = ()
    replays: frozenset[int] = frozenset()


def mature(
    workspace: Workspace, until: datetime | None = None, *, grace_minutes: int = 0, dry_run: bool = False
) -> Evaluated:
    """Score every forecast of the ledger whose moment has passed and whose bar is final.

    The bar that closes at ``matures_at`` (on another grid: the one open then) decides. Its return counts from
    the bar that closes at ``data_until``, as the lake has both **today**: a split in between changes both
    alike. A forecast whose bar is missing stays pending and is looked at again the next time.

    Parameters
    ----------
    workspace : Workspace
    until : datetime, optional
        Only forecasts that matured at or before this; default now.
    grace_minutes : int
        How long after its close a bar may still be corrected; it is final only after that. Larger is later.
    dry_run : bool
        Score, and write nothing.

    Returns
    -------
    Evaluated

    Raises
    ------
    UsageError
        ``until`` lies ahead of the clock, or the grace is negative.
    """
    now = workspace.clock.now()
    if grace_minutes < 0 or (until is not None and until > now):
        raise UsageError(f"until={until} and grace_minutes={grace_minutes} ask for outcomes that {now} does not know")
    last = min(until or now, now - timedelta(minutes=grace_minutes))
    due = sorted(workspace.store.evaluations.due(last), key=lambda row: (row.symbol, row.timeframe))
    outcomes: list[Outcome] = []
    pending: list[Pending] = []
    for (symbol, timeframe), group in groupby(due, key=lambda row: (row.symbol, row.timeframe)):
        scored, missing = _score_symbol(workspace, symbol, Timeframe.parse(timeframe), list(group), now)
        outcomes += scored
        pending += missing
    outcomes.sort(key=lambda outcome: (outcome.matures_at, outcome.forecast_id))
    pending.sort(key=lambda row: (row.matures_at, row.forecast_id))
    if not dry_run:
        workspace.store.evaluations.record(outcomes)
    scored_ids = {outcome.forecast_id for outcome in outcomes}
    replays = frozenset(row.forecast_id for row in due if row.replay and row.forecast_id in scored_ids)
    return Evaluated(last, tuple(outcomes), tuple(pending), replays)


def _score_symbol(
    workspace: Workspace, symbol: str, timeframe: Timeframe, due: Sequence[Due], now: datetime
) -> tuple[list[Outcome], list[Pending]]:
    try:
        bars = bars_of(workspace.lake, symbol, timeframe)
    except (NotFound, DataError) as error:
        return [], [_pending(row, error.message) for row in due]
    known: list[Due] = []
    actuals: list[_Realised] = []
    pending: list[Pending] = []
    for row, found in zip(due, _actuals(bars, due, now), strict=True):
        if isinstance(found, str):
            pending.append(_pending(row, found))
        else:
            known.append(row)
            actuals.append(found)
    return list(_outcomes(known, actuals, bars.calendar, now)), pending


def _actuals(bars: Bars, due: Sequence[Due], now: datetime) -> Iterator[_Realised | str]:
    """The realised price and return of each forecast, or why there is none yet."""
    closes = known_at(bars.frame["ts"], bars.timeframe, bars.calendar)
    final = bars.frame.with_columns(closes_at=closes).filter(pl.col("closes_at") <= now)
    starts, ends = (final[name].to_physical().to_numpy() for name in ("ts", "closes_at"))
    spans = {
        name: _spanning(starts, ends, [getattr(row, name) for row in due]) for name in ("data_until", "matures_at")
    }
    for row, base, last in zip(due, spans["data_until"], spans["matures_at"], strict=True):
        if row.price_field not in final.columns:
            yield f"the bars have no {row.price_field}, which the label reads"
            continue
        price = final[row.price_field]
        if min(base, last) < 0 or None in (price[base], price[last], final["close"][last]):
            yield f"{_NO_SUCH_BAR} {row.matures_at if base >= 0 else row.data_until:%Y-%m-%d %H:%MZ}"
        else:
            yield final["close"][last], price[last] / price[base] - 1.0


def _spanning(starts: Ints, ends: Ints, moments: Sequence[datetime]) -> list[int]:
    """Place of the bar that is open just before each moment and has closed since; -1 when it is not there."""
    wanted = pl.Series(moments, dtype=TIMESTAMP).to_physical().to_numpy()
    if not len(ends):
        return [-1] * len(wanted)
    at = np.minimum(np.searchsorted(ends, wanted), len(ends) - 1)
    places: list[int] = np.where((starts[at] < wanted) & (wanted <= ends[at]), at, -1).tolist()
    return places


def _outcomes(due: Sequence[Due], actuals: Sequence[_Realised], calendar: str, now: datetime) -> Iterator[Outcome]:
    if not due:
        return
    returned = np.array([value for _, value in actuals])
    quantiles = np.array([row.quantiles for row in due])
    realised = [realised_label(value, row.threshold) for row, (_, value) in zip(due, actuals, strict=True)]
    proba = np.array([row.probabilities for row in due])
    scored = losses(returned, {name: quantiles[:, at] for at, name in enumerate(QUANTILES)}, proba, realised)
    minutes = market_calendar(calendar).minutes_per_session
    within = {name: tolerance(Horizon.parse(name).sessions(minutes)) for name in {row.horizon for row in due}}
    for at, row in enumerate(due):
        price, value = actuals[at]
        error = value - row.expected_return
        yield Outcome(
            forecast_id=row.forecast_id,
            symbol=row.symbol,
            timeframe=row.timeframe,
            horizon=row.horizon,
            version=row.version,
            horizon_bars=row.horizon_bars,
            made_at=row.made_at,
            data_until=row.data_until,
            matures_at=row.matures_at,
            evaluated_at=now,
            label=row.label,
            realised_label=realised[at],
            confidence=row.confidence,
            abstained=row.abstained,
            realised_price=price,
            realised_return=value,
            expected_return=row.expected_return,
            direction_correct=_same_sign(row.expected_return, value),
            error_pct=error,
            covered50=bool(scored.covered[50][at]),
            covered80=bool(scored.covered[80][at]),
            covered95=bool(scored.covered[95][at]),
            pinball=float(scored.pinball[at]),
            brier=float(scored.brier[at]),
            outcome=outcome_of(row.label, realised[at], value, error, within[row.horizon]),
        )


def _same_sign(expected: float, returned: float) -> bool | None:
    return None if expected == 0 or returned == 0 else (expected > 0) == (returned > 0)


def _pending(row: Due, reason: str) -> Pending:
    return Pending(row.forecast_id, f"{row.symbol} {row.timeframe} {row.horizon}", row.matures_at, reason)
