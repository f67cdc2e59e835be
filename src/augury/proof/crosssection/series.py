"""A daily figure summed up: never a mean alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from augury.core.metrics.bootstrap import block_length, block_sums, percentiles
from augury.core.metrics.newey_west import newey_west
from augury.core.metrics.ranking import icir
from augury.core.score import ENOUGH
from augury.core.typing import Floats, Json
from augury.proof.sample import BLOCKS_MIN


@dataclass(frozen=True, slots=True)
class DailyFigure:
    """The mean of a figure measured once a day, and how far it may be off.

    Parameters
    ----------
    name : str
        E.g. ``rank_ic``.
    mean : float
    null : float
        What a score that knows nothing gets: 0, or 0.5 for a share of hits.
    sd : float
        Standard deviation over the days (n - 1).
    ratio : float
        ``(mean - null) / sd``, per day; of coefficients the ICIR. NaN without spread.
    t : float
        Of ``mean - null`` with the Newey-West error, lag horizon - 1.
    low, high : float or None
        95 % interval of the mean by blocks of days; None with too few of them.
    floor : float
        One standard error of a score that knows nothing, if names and holding periods were independent;
        they are not, so the real one is higher.
    days : int
    days_eff : float
        ``days / horizon``: overlapping outcomes count once.
    """

    name: str
    mean: float
    null: float
    sd: float
    ratio: float
    t: float
    low: float | None
    high: float | None
    floor: float
    days: int
    days_eff: float

    @classmethod
    def of(
        cls, name: str, values: Floats, horizon_bars: int, *, floor: float, null: float = 0.0, seed: int
    ) -> DailyFigure:
        """Sum up the known days of a figure.

        Parameters
        ----------
        name : str
            Also names the random stream of the interval.
        values : (days,)
            In order of time; NaN on days without the figure.
        horizon_bars : int
            How many days the outcomes of neighbours overlap, plus one.
        floor, null : float
            See the class.
        seed : int
            Of the run.

        Examples
        --------
        >>> figure = DailyFigure.of("ic", np.tile([0.01, 0.03], 50), 1, floor=0.01, seed=42)
        >>> round(figure.mean, 6), figure.days, round(figure.ratio, 3)
        (0.02, 100, 1.99)
        """
        known = values[~np.isnan(values)]
        mean = float(known.mean()) if len(known) else float("nan")
        ends = _interval(name, known, horizon_bars, seed)
        low, high = (None, None) if ends is None else ends
        sd = float(known.std(ddof=1)) if len(known) > 1 else float("nan")
        excess = known - null
        ratio = icir(excess)
        t = newey_west(excess, horizon_bars).t if len(excess) > 1 else float("nan")
        return cls(name, mean, null, sd, ratio, t, low, high, floor, len(known), len(known) / horizon_bars)

    @property
    def sufficient(self) -> bool:
        """False below 50 days that count."""
        return self.days_eff >= ENOUGH

    def text(self, digits: int = 4) -> str:
        """One line: value, interval, ratio, t, floor, days."""
        if not self.sufficient:
            return f"{self.name:<10} insufficient (n={int(self.days_eff)})"
        ends = "" if self.low is None else f" [{self.low:+.{digits}f}, {self.high:+.{digits}f}]"
        facts = f"vs {self.null:g}, per-day ratio {self.ratio:.3f}, t {self.t:.2f}, noise floor {self.floor:.{digits}f}"
        return f"{self.name:<10} {self.mean:+.{digits}f}{ends} {facts}, n={self.days} days"

    def to_json(self) -> Json:
        """Write as a JSON object; what is undefined is null."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: None if value != value else value for name, value in values.items()}


def _interval(name: str, values: Floats, horizon_bars: int, seed: int) -> tuple[float, float] | None:
    n = len(values)
    block = block_length(n, horizon_bars) if n else 1
    if n < BLOCKS_MIN * block:
        return None
    draws = block_sums(values[:, None], block, seed=seed, purpose=f"crosssection-{name}")[:, 0] / n
    return percentiles(draws, float(values.mean()), n / block)
