"""A trend that may bend and a season of the week, fitted by ridge regression."""

from __future__ import annotations

from typing import Final

import numpy as np

from augury.core.errors import UsageError
from augury.core.typing import Floats, Json
from augury.models.series import Moments, PriceSeries
from augury.models.statistical._level import LevelMember
from augury.models.statistical._weeks import WEEK_SECONDS, fourier, since_monday

_BENDS_WITHIN: Final = 0.8
"""Share of the history, the earlier, that may hold bends: the last slope has rows of its own."""


class TrendSeason(LevelMember):
    """Piecewise linear trend and weekly Fourier season of the log price.

    ``curve(t) = a + b t + sum_k d_k max(0, t - s_k) + season(t)``, time and price in units of the
    fit slice. The slope changes ``d_k`` have a normal prior of width ``changepoint_prior``, which
    is a ridge of strength ``noise / prior^2``; everything else is free. The 95 % interval is 1.96
    times the spread of the one-bar residual changes times ``sqrt(h)``.

    Parameters
    ----------
    changepoints : int
        Places at which the slope may change, evenly over the first 80 % of the bars, default 25.
    changepoint_prior : float
        Above 0, default 0.05; larger bends more readily and follows noise.
    season_order : int
        Waves a week, 0 to 10, default 3.

    Examples
    --------
    >>> series = PriceSeries.of_returns(0.001 + 0.01 * np.random.default_rng(0).normal(size=600))
    >>> said = TrendSeason().fit(series).predict_distribution(series, np.array([600]), 20)
    >>> bool(said.mean[0] > 0), round(float(said.sd[0]), 3)
    (True, 0.045)

    Notes
    -----
    Taylor and Letham (2018), *Forecasting at scale*. Ours differs: a normal prior in place of a
    Laplace one, which has a closed form, and the answer is the change of the curve, not its distance
    from the last close.
    """

    def __init__(self, changepoints: int = 25, changepoint_prior: float = 0.05, season_order: int = 3) -> None:
        if changepoints < 0 or changepoint_prior <= 0 or season_order not in range(11):
            raise UsageError(
                f"changepoints={changepoints}, changepoint_prior={changepoint_prior}, season_order={season_order}:"
                " at least 0, above 0, and 0 to 10"
            )
        self.changepoints = changepoints
        self.changepoint_prior = changepoint_prior
        self.season_order = season_order

    def _fit_curve(self, series: PriceSeries) -> Json:
        seconds = since_monday(series.ts)
        start, span = int(seconds[0]), int(seconds[-1] - seconds[0])
        last = int(_BENDS_WITHIN * (len(series) - 1))
        places = np.linspace(0, last, self.changepoints + 1).round().astype(np.int64)[1:]
        bends = np.unique((seconds[places] - start) / span)
        low, high = float(series.log_close.min()), float(series.log_close.max())
        size = high - low or 1.0
        curve: Json = {"start": start, "span": span, "bends": bends.tolist(), "low": low, "size": size}
        free, bending = self._columns(curve, series.ts)
        target = (series.log_close - low) / size
        weights = _ridge(free, bending, target, self.changepoint_prior)
        return curve | {"weights": weights.tolist()}

    def _curve(self, curve: Json, ts: Moments) -> Floats:
        # Row by row: a matrix product would round by how many rows stand beside it.
        said = np.einsum("ij,j->i", np.column_stack(self._columns(curve, ts)), np.array(curve["weights"]))
        moved: Floats = curve["low"] + curve["size"] * said
        return moved

    def _columns(self, curve: Json, ts: Moments) -> tuple[Floats, Floats]:
        """Columns that are free (level, slope, season) and those held by the prior (bends)."""
        seconds = since_monday(ts)
        t = (seconds - curve["start"]) / curve["span"]
        season = fourier(seconds, WEEK_SECONDS, self.season_order)
        bends = np.maximum(0.0, t[:, None] - np.array(curve["bends"])[None, :])
        return np.column_stack([np.ones(len(t)), t, season]), bends


def _ridge(free: Floats, held: Floats, target: Floats, prior: float) -> Floats:
    """Least squares with a normal prior on the held weights, whose strength follows the noise left by the free ones."""
    alone = free @ np.linalg.lstsq(free, target, rcond=None)[0]
    noise = float(np.mean((target - alone) ** 2))
    columns = np.column_stack([free, held])
    # The prior as rows of its own: squares of the columns would lose half of the digits.
    rows = np.zeros((held.shape[1], columns.shape[1]))
    rows[:, free.shape[1] :] = np.eye(held.shape[1]) * np.sqrt(noise) / prior
    padded = np.concatenate([target, np.zeros(held.shape[1])])
    weights: Floats = np.linalg.lstsq(np.vstack([columns, rows]), padded, rcond=None)[0]
    return weights


MEMBER = TrendSeason
