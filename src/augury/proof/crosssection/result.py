"""What a cross-sectional evaluation found: every figure with its interval, its days and its noise floor."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from augury.core.typing import Json
from augury.proof.crosssection.series import DailyFigure
from augury.proof.selection import Deflated, deflate


@dataclass(frozen=True)
class CrossSection:
    """A score judged on a panel. Turning every score round turns every gross figure round.

    Parameters
    ----------
    horizon_bars : int
        Sessions the returns look ahead.
    slice : str
        Always ``report``: rows that a model was fitted or chosen on are refused.
    names : float
        Mean number of names on the days that count.
    days_thin : int
        Days left out for having fewer names than asked.
    ic, rank_ic, hit_rate, spread : DailyFigure
        Pearson and Spearman of score and return; share of names on the same side of both medians, names
        that did not move left out; mean return of the top bucket less the bottom bucket, gross, a
        horizon's worth.
    bucket_returns : tuple of float
        Mean return of each bucket, lowest scores first.
    monotonicity : float
        Rank correlation of these with their order, in [-1, 1].
    turnover : float
        Share of the long-short book replaced each horizon, 0 … 1.
    break_even_bps : float
        Cost per side that eats the spread.
    cost_bps : float
        Cost per side the next figures are made at.
    net_spread : float
        Spread less its costs, a horizon's worth.
    rank_ic_after_cost : float
        RankIC less the RankIC needed to pay the costs, see ``evaluation``.
    decay : tuple of DailyFigure
        RankIC of the scores of 1, 2 … sessions earlier.
    daily : pl.DataFrame
        ``ts, names, ic, rank_ic, hit_rate, spread, turnover``, the days that count.
    """

    horizon_bars: int
    slice: str
    names: float
    days_thin: int
    ic: DailyFigure
    rank_ic: DailyFigure
    hit_rate: DailyFigure
    spread: DailyFigure
    bucket_returns: tuple[float, ...]
    monotonicity: float
    turnover: float
    break_even_bps: float
    cost_bps: float
    net_spread: float
    rank_ic_after_cost: float
    decay: tuple[DailyFigure, ...]
    daily: pl.DataFrame = field(repr=False, compare=False)

    @property
    def tradable(self) -> bool:
        """True when the spread outlives the costs and its interval excludes 0."""
        return self.net_spread > 0.0 and self.spread.low is not None and self.spread.low > 0.0

    @property
    def figures(self) -> tuple[DailyFigure, ...]:
        """The daily figures, the decay left out."""
        return (self.ic, self.rank_ic, self.hit_rate, self.spread)

    def to_json(self) -> Json:
        """Write as a JSON object, without the daily rows; what is undefined is null."""
        plain = {
            name: _known(getattr(self, name))
            for name in (
                "horizon_bars", "slice", "names", "days_thin", "monotonicity", "turnover", "break_even_bps",
                "cost_bps", "net_spread", "rank_ic_after_cost", "tradable",
            )
        }  # fmt: skip
        return plain | {
            "figures": {figure.name: figure.to_json() for figure in self.figures},
            "bucket_returns": [_known(value) for value in self.bucket_returns],
            "decay": [{"lag": k, "rank_ic": _known(one.mean), "floor": _known(one.floor), "days": one.days}
                      for k, one in enumerate(self.decay, start=1)],
        }  # fmt: skip

    def deflated(self, trials: int) -> Deflated:
        """The RankIC beside the number of configurations scored on the panel, this one included."""
        series = self.daily["rank_ic"].drop_nulls().drop_nans().to_numpy()
        return deflate(series, trials=trials, metric="rank_ic", horizon_bars=self.horizon_bars)

    def text(self, trials: int = 1) -> str:
        """A table for people; ``trials`` configurations were scored on the panel, this one included."""
        lines = [
            f"cross-section, {self.horizon_bars} sessions ahead, {self.rank_ic.days} days x {self.names:.0f} names "
            f"({self.days_thin} thin days left out), slice {self.slice}"
        ]
        lines += [figure.text() for figure in self.figures]
        lines.append(f"luck       {self.deflated(trials).text()}")
        lines.append("buckets    " + " ".join(f"{1e4 * value:+.1f}" for value in self.bucket_returns) + " bps")
        lines.append(f"           monotonicity {self.monotonicity:+.2f} (1 = each bucket above the one before)")
        word = "tradable" if self.tradable else "not tradable"
        lines.append(
            f"costs      turnover {self.turnover:.2f}, break-even {self.break_even_bps:.1f} bps per side; at "
            f"{self.cost_bps:g} bps: net spread {1e4 * self.net_spread:+.1f} bps, "
            f"RankIC {self.rank_ic_after_cost:+.4f}, {word}"
        )
        lines.append("decay      " + " ".join(f"{one.mean:+.4f}" for one in self.decay))
        return "\n".join(lines)


def _known(value: float | str) -> float | str | None:
    return None if value != value else value
