"""What a simulated quarter is lived on: an invented market that may turn over, and a clock that is moved by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import polars as pl

from augury.core.bars import Bars
from augury.core.errors import UsageError
from augury.core.recipe import Recipe
from augury.core.seeds import DEFAULT_SEED, derive
from augury.core.timeframe import Timeframe
from augury.core.version import VersionManifest
from augury.data.lake import Lake
from augury.data.synthetic import SyntheticMarket
from augury.runs.cells import Cell
from augury.runs.registry.emergency import Train, retrain
from augury.runs.workspace import Workspace

CALENDAR: Final = "24/7"
PER_SESSION: Final = 24
WARM_UP: Final = 45
"""Sessions of history before the first forecast."""
IC: Final = 0.99
"""So strong that a week of bars teaches it: what is tried here is the loop, not the learning."""
START: Final = datetime(2026, 1, 5, tzinfo=UTC)
RECIPE: Final = Recipe(
    name="simulation",
    members={"logreg": {"C": 10.0}},
    horizons=("1h",),
    feature_set="relative",
    folds=3,
    train_fraction=0.6,
    max_bars=WARM_UP * PER_SESSION,
)
"""One quick member and a report slice large enough for the gates after a week of hourly bars."""


@dataclass
class SteppedClock:
    """A clock that is moved by hand."""

    at: datetime

    def now(self) -> datetime:
        """Return the moment this clock was moved to."""
        return self.at


@dataclass(frozen=True, slots=True)
class Plan:
    """What is simulated.

    Parameters
    ----------
    sessions : int
        Days, 5 to 250.
    flip : int or None
        The relation is turned over when this many sessions have passed; None: it never is.
    bad_retrain : bool
        The first retrain reads bars that hold nothing.
    seed : int
    symbols : int
        1 to 8; each costs as much time as the first.
    """

    sessions: int = 63
    flip: int | None = None
    bad_retrain: bool = False
    seed: int = DEFAULT_SEED
    symbols: int = 1

    def __post_init__(self) -> None:
        if not 5 <= self.sessions <= 250 or not 1 <= self.symbols <= 8:
            raise UsageError(f"{self.sessions} sessions of {self.symbols} symbols (rule: 5..250 and 1..8)")
        if self.flip is not None and not 3 <= self.flip < self.sessions:
            raise UsageError(f"a flip after {self.flip} of {self.sessions} sessions (rule: after 3, before the end)")
        if self.bad_retrain and self.flip is None:
            raise UsageError(
                "a bad retrain needs a drift that asks for one", fix="augury simulate --drift label_flip@40"
            )

    @classmethod
    def of(cls, drift: str, **rest: Any) -> Plan:
        """Read ``label_flip@40`` or ``none``.

        Examples
        --------
        >>> Plan.of("label_flip@40").flip, Plan.of("none").flip
        (40, None)
        """
        kind, _, at = drift.partition("@")
        if drift == "none":
            return cls(**rest)
        if kind != "label_flip" or not at.isdigit():
            raise UsageError(f"drift '{drift}' is not understood: write none or label_flip@40")
        return cls(flip=int(at), **rest)


def market_of(plan: Plan) -> Bars:
    """The market; where it flips, the same draws with the other sign carry the prices on."""
    n = (WARM_UP + plan.sessions) * PER_SESSION
    settings = SyntheticMarket(
        n_symbols=plan.symbols, n_bars=n, ic=IC, regimes=False, seed=plan.seed, timeframe=Timeframe.H1,
        start=START - timedelta(days=WARM_UP), calendar=CALENDAR,
    )  # fmt: skip
    bars = settings.bars()
    if plan.flip is None:
        return bars
    moment = bars.frame["ts"].unique().sort()[(WARM_UP + plan.flip) * PER_SESSION]
    return bars.with_frame(_spliced(bars.frame, replace(settings, ic=-IC).bars().frame, moment))


def _spliced(before: pl.DataFrame, after: pl.DataFrame, moment: datetime) -> pl.DataFrame:
    """Rows of one market until a moment, then those of another, scaled so that its prices go on."""
    last = [
        frame.filter(pl.col("ts") < moment).group_by("symbol").agg(pl.col("close").last())
        for frame in (before.sort("symbol", "ts"), after.sort("symbol", "ts"))
    ]
    factors = last[0].join(last[1], on="symbol").select("symbol", factor=pl.col("close") / pl.col("close_right"))
    prices = [pl.col(name) * pl.col("factor") for name in ("open", "high", "low", "close")]
    later = after.filter(pl.col("ts") >= moment).join(factors, on="symbol").with_columns(prices)
    return pl.concat([before.filter(pl.col("ts") < moment), later.select(before.columns)]).sort("symbol", "ts")


def spoiled_once(plan: Plan) -> Train:
    """A retrain whose first bars hold nothing: a feed that went wrong."""
    tried: list[str] = []

    def spoiled(workspace: Workspace, cell: Cell, recipe: Recipe) -> VersionManifest:
        if tried:
            return retrain(workspace, cell, recipe)
        tried.append(str(cell))
        with TemporaryDirectory(prefix="augury-spoiled-") as folder:
            good = workspace.lake.read([cell.symbol], Timeframe.parse(cell.timeframe))
            Lake(Path(folder)).write(_noise(good, plan.seed))
            settings = replace(workspace.settings, lake=folder)
            return retrain(replace(workspace, settings=settings, lake=Lake(Path(folder))), cell, recipe)

    return spoiled


def _noise(bars: Bars, seed: int) -> Bars:
    """Bars at the same moments in which nothing can be found."""
    market = SyntheticMarket(
        n_symbols=1, n_bars=bars.frame.height, ic=0.0, regimes=False, seed=derive(seed, "spoiled") % 2**31,
        timeframe=bars.timeframe, start=bars.frame["ts"][0], calendar=bars.calendar,
    )  # fmt: skip
    return bars.with_frame(market.bars().frame.with_columns(bars.frame["symbol"], bars.frame["ts"]))
