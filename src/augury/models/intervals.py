"""Bands followed online: widened after misses as outcomes arrive, and scored by symbol, regime and horizon."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final, Self

import numpy as np
import polars as pl

from augury.core.errors import DataError, InsufficientHistory, UsageError
from augury.core.forecast import QUANTILES
from augury.core.metrics.intervals import covered, pinballs, pit, winklers
from augury.core.metrics.uncertainty import wilson
from augury.core.typing import Floats, Json
from augury.models.conformal import AdaptiveConformal, conformal_index

BANDS: Final = {0.50: ("q25", "q75"), 0.80: ("q10", "q90"), 0.90: ("q05", "q95"), 0.95: ("q025", "q975")}
"""Coverage to the quantiles at the ends of the band."""
GROUPS: Final = ("symbol", "regime", "horizon")
SCORED_MIN: Final = 50
"""Outcomes that count below which a group is ``insufficient``."""
_PIT_BINS: Final = 10


@dataclass(frozen=True)
class OnlineBands:
    """Half-widths of one symbol, regime or horizon, corrected each time an outcome arrives.

    A half-width is the conformal rank of the last ``window`` residual sizes at a level that
    :class:`AdaptiveConformal` moves. What a forecast said is scored when its outcome is known: with
    a horizon of h bars the correction runs h bars late, never early.

    Parameters
    ----------
    states : dict
        Nominal coverage to its correction.
    sizes : tuple of float
        Newest residual sizes in units of the scale, oldest first.
    window : int
        Sizes kept, default 500; more is steadier and slower to follow.
    least : int
        Sizes needed before a band is given, default 250.

    Examples
    --------
    >>> bands = OnlineBands.start((0.8,), least=9, window=9)
    >>> for size in range(1, 10):
    ...     bands = bands.after(outcome=float(size), centre=0.0, scale=1.0, said={})
    >>> bands.factors()
    {0.8: 8.0}
    >>> wider = bands.after(outcome=20.0, centre=0.0, scale=1.0, said={0.8: 8.0})
    >>> round(wider.states[0.8].level, 3)
    0.808
    """

    states: dict[float, AdaptiveConformal]
    sizes: tuple[float, ...] = ()
    window: int = 500
    least: int = 250

    @classmethod
    def start(
        cls, levels: Sequence[float] = tuple(BANDS), *, gamma: float = 0.01, window: int = 500, least: int = 250
    ) -> Self:
        """Begin without residuals.

        Parameters
        ----------
        levels : sequence of float
            Coverage wanted, each in (0, 1).
        gamma : float
            Step of the correction; larger follows faster and swings more.
        window, least : int
            See the class.
        """
        return cls({level: AdaptiveConformal(1 - level, gamma) for level in sorted(levels)}, (), window, least)

    @property
    def ready(self) -> bool:
        """Whether there are residuals enough for a band."""
        return len(self.sizes) >= self.least

    def factors(self) -> dict[float, float]:
        """Half-width of each band now, in units of the scale; a wider level is never narrower.

        Raises
        ------
        InsufficientHistory
            Fewer than ``least`` matured outcomes.
        """
        if not self.ready:
            raise InsufficientHistory(f"{len(self.sizes)} matured outcomes carry no band, {self.least} are needed")
        ranked = np.sort(self.sizes)
        found, widest = {}, 0.0
        for level, state in self.states.items():
            rank = min(len(ranked), max(1, conformal_index(len(ranked), state.level)))
            found[level] = widest = max(widest, float(ranked[rank - 1]))
        return found

    def after(self, *, outcome: float, centre: float, scale: float, said: dict[float, float]) -> OnlineBands:
        """Return the state once an outcome is known.

        Parameters
        ----------
        outcome, centre, scale : float
            What happened, and the centre and the positive scale of the forecast that was made.
        said : dict
            The factors that forecast was given; empty where it had no band.
        """
        if not (math.isfinite(outcome) and math.isfinite(centre) and scale > 0):
            raise DataError(f"an outcome of {outcome} about {centre} with scale {scale} says nothing of a band")
        size = abs(outcome - centre) / scale
        states = {
            level: state.after(missed=size > said[level]) if level in said else state
            for level, state in self.states.items()
        }
        return replace(self, states=states, sizes=(*self.sizes, size)[-self.window :])

    def to_json(self) -> Json:
        """Write as a JSON object."""
        states = [[level, asdict(state)] for level, state in self.states.items()]
        return {"states": states, "sizes": list(self.sizes), "window": self.window, "least": self.least}

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote."""
        states = {level: AdaptiveConformal(**state) for level, state in value["states"]}
        return cls(states, tuple(value["sizes"]), value["window"], value["least"])


def rolling_bands(
    centre: Floats, scale: Floats, outcome: Floats, horizon_bars: int, bands: OnlineBands
) -> dict[float, tuple[Floats, Floats]]:
    """Run bands over a history as they would have run live.

    Parameters
    ----------
    centre, scale : array (n,)
        Of the forecast at each row; a row without a positive, finite scale is passed over.
    outcome : array (n,)
        What followed; NaN where it has not yet.
    horizon_bars : int
        Rows until an outcome is known, at least 1.
    bands : OnlineBands
        Where to start from.

    Returns
    -------
    dict
        Nominal coverage to (lower, upper), each ``(n,)``; NaN until there are residuals enough.
    """
    n = len(outcome)
    ends = {level: (np.full(n, np.nan), np.full(n, np.nan)) for level in bands.states}
    said: list[dict[float, float]] = []
    usable = np.isfinite(centre) & np.isfinite(scale) & (scale > 0)
    for row in range(n):
        known = row - horizon_bars
        if known >= 0 and usable[known] and math.isfinite(outcome[known]):
            bands = bands.after(
                outcome=float(outcome[known]), centre=centre[known], scale=scale[known], said=said[known]
            )
        said.append(bands.factors() if usable[row] and bands.ready else {})
        for level, factor in said[row].items():
            ends[level][0][row] = centre[row] - factor * scale[row]
            ends[level][1][row] = centre[row] + factor * scale[row]
    return ends


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
