"""Bands of matured forecasts, scored by symbol, regime and horizon."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import polars as pl

from augury.core.errors import DataError, UsageError
from augury.core.forecast import QUANTILES
from augury.core.metrics.intervals import covered, pinballs, pit, winklers
from augury.core.metrics.uncertainty import wilson
from augury.core.typing import Json
from augury.models.conformal import BANDS

GROUPS: Final = ("symbol", "regime", "horizon")
SCORED_MIN: Final = 50
"""Outcomes that count below which a group is ``insufficient``."""
_PIT_BINS: Final = 10


@dataclass(frozen=True)
class IntervalScore:
    """Scores of one group of matured forecasts.

    Parameters
    ----------
    group : dict
        Column to value, e.g. ``{"horizon": "5d"}``; empty for all.
    n : int
        Matured forecasts.
    n_eff : float
        What they count: overlapping horizons of h bars count ``n / h``.
    coverage : dict
        Nominal to (share, low, high), the ends a 95 % Wilson interval at ``n_eff``.
    winkler : dict
        Nominal coverage to mean interval score.
    pinball : dict
        Quantile name to mean quantile loss.
    crps : float
        Twice the integral of the quantile loss over the levels of the ladder.
    pit : tuple of float
        Share of the outcomes in each tenth of their own forecast; 0.1 each when calibrated.
        Outcomes beyond the ladder count in the outermost tenths.
    """

    group: dict[str, str]
    n: int
    n_eff: float
    coverage: dict[float, tuple[float, float, float]]
    winkler: dict[float, float]
    pinball: dict[str, float]
    crps: float
    pit: tuple[float, ...]

    @property
    def insufficient(self) -> bool:
        """Whether too few outcomes count for the figures to be shown as more than a count."""
        return self.n_eff < SCORED_MIN

    def to_json(self) -> Json:
        """Write as a JSON object."""
        row = asdict(self) | {"insufficient": self.insufficient, "pit": list(self.pit)}
        row["coverage"] = {f"{level:.2f}": list(ends) for level, ends in self.coverage.items()}
        return row | {"winkler": {f"{level:.2f}": value for level, value in self.winkler.items()}}


class IntervalTracker:
    """Collect matured forecasts and score their bands by symbol, regime and horizon.

    Examples
    --------
    >>> ladder = dict(zip(QUANTILES, (-4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0)))
    >>> tracker = IntervalTracker()
    >>> for outcome in (-0.5, 0.5, 2.5, 9.0):
    ...     tracker.add("AAPL", "calm", "5d", 5, outcome, ladder)
    >>> (score,) = tracker.scores(("symbol",))
    >>> score.n, score.n_eff, score.coverage[0.8][0], score.insufficient
    (4, 0.8, 0.5, True)
    """

    def __init__(self) -> None:
        self._rows: list[tuple[str, str, str, int, float, tuple[float, ...]]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(
        self, symbol: str, regime: str, horizon: str, horizon_bars: int, outcome: float, quantiles: dict[str, float]
    ) -> None:
        """Take in one matured forecast.

        Parameters
        ----------
        symbol, regime, horizon : str
            What it is grouped by; the regime is that in which it was made.
        horizon_bars : int
            Bars the horizon has.
        outcome : float
            The return that followed.
        quantiles : dict
            ``core.forecast.QUANTILES`` names to returns, ordered.

        Raises
        ------
        DataError
            A number is missing, or the quantiles cross.
        """
        ladder = tuple(quantiles[name] for name in QUANTILES)
        if not all(math.isfinite(value) for value in (outcome, *ladder)) or list(ladder) != sorted(ladder):
            raise DataError(f"{symbol} {horizon}: an outcome of {outcome} and the quantiles {ladder} cannot be scored")
        self._rows.append((symbol, regime, horizon, horizon_bars, float(outcome), ladder))

    def scores(self, by: Sequence[str] = ()) -> list[IntervalScore]:
        """Score every group, in the order of its values.

        Parameters
        ----------
        by : sequence of str
            Among ``symbol``, ``regime`` and ``horizon``; empty scores all together.
        """
        unknown = [name for name in by if name not in GROUPS]
        if unknown:
            raise UsageError(f"bands are grouped by {', '.join(GROUPS)}, not by {unknown[0]}")
        return [_score(group, rows) for group, rows in self._groups(by)]

    def _groups(self, by: Sequence[str]) -> Iterator[tuple[dict[str, str], pl.DataFrame]]:
        if not self._rows:
            return
        names = [*GROUPS, "bars", "outcome", "ladder"]
        frame = pl.DataFrame(self._rows, schema=names, orient="row")
        if not by:
            yield {}, frame
            return
        for values in frame.select(by).unique().sort(by).iter_rows():
            group = dict(zip(by, values, strict=True))
            yield group, frame.filter(*(pl.col(name) == value for name, value in group.items()))


def _score(group: dict[str, str], rows: pl.DataFrame) -> IntervalScore:
    y = rows["outcome"].to_numpy()
    ladder, levels = np.array(rows["ladder"].to_list()), np.array(list(QUANTILES.values()))
    ends = {name: ladder[:, at] for at, name in enumerate(QUANTILES)}
    n, n_eff = len(y), float((1 / rows["bars"]).sum())
    coverage, winkler = {}, {}
    for level, (low, high) in BANDS.items():
        share = float(covered(y, ends[low], ends[high]).mean())
        coverage[level] = (share, *wilson(share * n_eff, n_eff))
        winkler[level] = float(winklers(y, ends[low], ends[high], level).mean())
    pinball = {name: float(pinballs(y, ends[name], level).mean()) for name, level in QUANTILES.items()}
    tenths = np.minimum((pit(y, ladder, levels) * _PIT_BINS).astype(np.int64), _PIT_BINS - 1)
    shares = np.bincount(tenths, minlength=_PIT_BINS) / n
    crps = 2 * float(np.trapezoid(list(pinball.values()), levels))
    return IntervalScore(group, n, n_eff, coverage, winkler, pinball, crps, tuple(shares.tolist()))
