"""Live scores: what versions reached on the forecasts they really made, once their day had come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from augury.core.errors import DataError
from augury.core.metrics.bootstrap import block_length, bootstrap_mean
from augury.core.outcome import Outcome
from augury.core.score import Score
from augury.runs.workspace import Workspace


@dataclass(frozen=True)
class LiveScore:
    """What one version reached on one cell.

    Parameters
    ----------
    symbol, timeframe, horizon, version : str
    accuracy : Score or None
        Share of the forecasts that named the class that came; the baseline names the class that came most
        often among them. None where every one abstained.
    covered80 : Score
        Share of the outcomes inside the 80 % band; the baseline is 0.8.
    abstained : int
        Forecasts that named no direction: they count for the band only.
    """

    symbol: str
    timeframe: str
    horizon: str
    version: str
    accuracy: Score | None
    covered80: Score
    abstained: int


def live_scores(
    workspace: Workspace, symbol: str | None = None, timeframe: str | None = None, *, replays: bool = False
) -> list[LiveScore]:
    """Score what was served and has matured, one row a cell and version, in that order.

    Parameters
    ----------
    workspace : Workspace
    symbol, timeframe : str, optional
        Only these.
    replays : bool
        Those of bars whose outcome was known already, instead of those that were said before it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from augury.core.settings import Settings
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Workspace.open(Settings.load({"data_dir": Path(folder)}, environ={})) as place:
    ...         live_scores(place)
    []
    """
    rows = workspace.store.evaluations.list(symbol, timeframe, replay=replays)
    return [_scored(key, list(group)) for key, group in groupby(sorted(rows, key=_cell), key=_cell)]


def _cell(row: Outcome) -> tuple[str, str, str, str]:
    return row.symbol, row.timeframe, row.horizon, row.version


def _scored(key: tuple[str, str, str, str], rows: Sequence[Outcome]) -> LiveScore:
    named = [row for row in rows if not row.abstained]
    bars = rows[0].horizon_bars
    accuracy = None
    if named:
        commonest = Counter(row.realised_label for row in named).most_common(1)[0][1]
        accuracy = share_of("accuracy", [row.hit for row in named], commonest / len(named), bars)
    return LiveScore(
        *key, accuracy, share_of("coverage80", [row.covered80 for row in rows], 0.8, bars), len(rows) - len(named)
    )


def share_of(name: str, hits: Sequence[bool], baseline: float, horizon_bars: int) -> Score:
    """Return the share of hits as a score, its interval by blocks; without one where there are too few blocks.

    Parameters
    ----------
    name : str
    hits : sequence of bool
        In time order.
    baseline : float
        Share of a rule without skill on the same rows.
    horizon_bars : int
        h: overlapping rows count n / h.

    Examples
    --------
    >>> share_of("accuracy", [True, False] * 50, 0.5, 1).text(2)
    '0.50 [0.46, 0.54] vs 0.50, n=100'
    """
    values = np.array(hits, np.float64)
    n = len(values)
    try:
        low, high = bootstrap_mean(values, block_length(n, horizon_bars))
    except DataError:  # fewer than three blocks: the share has no interval yet
        return Score(name, float(values.mean()), None, None, baseline, n, n / horizon_bars)
    return Score(name, float(values.mean()), max(0.0, low), min(1.0, high), baseline, n, n / horizon_bars)
