"""Training never sees sealed bars: where bars are taken, the guard of their holdout stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from augury.core.bars import Bars
from augury.core.errors import InsufficientHistory
from augury.core.timeframe import Timeframe
from augury.proof.holdout import Guard
from augury.records.store import Store
from augury.runs.proving.trials import dataset_of

UNSEALED: Final = Guard("data without a name")
"""For bars that no store knows: nothing of them is sealed."""


def guard_of(store: Store, symbol: str, timeframe: Timeframe) -> Guard:
    """Return the guard of a symbol's bars: sealed days are sealed in bars of every length.

    A bar that is open while the holdout begins belongs to it: a week's bar begins up to six days
    earlier, an intraday bar its own length.
    """
    own = [timeframe, *(other for other in Timeframe if other is not timeframe)]
    guard = store.holdout.guard(*(dataset_of(symbol, str(one)) for one in own))
    if timeframe is Timeframe.W1:
        return guard.widened(timedelta(days=6))
    return guard.widened(timedelta(minutes=timeframe.minutes, microseconds=-1)) if timeframe.minutes else guard


def guard_of_file(store: Store, path: Path) -> Guard:
    """Return the guard of a file of windows or of a panel, by the names its trials have."""
    return store.holdout.guard(f"windows/{path.name}", f"panel/{path.name}")


def unsealed(bars: Bars, guard: Guard) -> Bars:
    """Return the bars before the holdout: their labels cannot reach into it either.

    Raises
    ------
    InsufficientHistory
        Every bar is sealed.
    """
    if guard.sealed_from is None:
        return bars
    frame = guard.before(bars.frame)
    if frame.is_empty():
        raise InsufficientHistory(
            f"all {bars.frame.height} bars of {guard.dataset} lie in the holdout sealed from"
            f" {guard.sealed_from:%Y-%m-%d}",
            fix="augury holdout status",
        )
    return bars if frame.height == bars.frame.height else replace(bars, frame=frame)
