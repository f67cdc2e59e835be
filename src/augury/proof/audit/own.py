"""Augury's own path as stages: features, labels and what stands beside them, panel, transforms, what is learned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Final

import numpy as np
import polars as pl

from augury.core.bars import Bars
from augury.core.errors import InsufficientHistory
from augury.core.labelspec import LabelSpec, base_label
from augury.core.recipe import Recipe
from augury.core.tables import VOLATILITY, LabelledTable
from augury.features.engine import build
from augury.features.fitted import TRANSFORMS, Fitted, fit_on
from augury.features.panel.correlation_graph import correlation_graphs
from augury.features.panel.day_grid import NAMES_MIN
from augury.features.panel.graph import ATTRIBUTES, Graphs
from augury.features.panel.market import market_beside
from augury.features.panel.peers import peer_beside
from augury.features.panel.same_day import same_day_zscore
from augury.features.panel.sectors import sector_beside
from augury.labels.attach import attach
from augury.labels.windows.rules import PRICES, WINDOW_BARS, broken_bars
from augury.proof.audit import beside
from augury.proof.audit.learned import Learned, known_after, one_row, path_stages
from augury.proof.audit.once import Once
from augury.proof.audit.stage import Division, Stage

FIT_SHARE: Final = 0.4
"""Share of the dates in the fit slice: enough to learn from, and most cuts lie behind it."""
_PER_SYMBOL: Final = 4
"""Symbols on which transforms are fitted: those that learn symbol by symbol take a tenth of a second each."""
_SAME_DAY: Final = ("past_ret_20", "vol_20")
_PANEL_DATES_MIN: Final = 80
_LEARNED_CUTS: Final = 2
_BESIDE_CUTS: Final = 6
_NOT_CLOSES: Final = ("open", "high", "low", "volume")
_SMALL: Final = Recipe(
    name="audit",
    members={
        "logreg": {},
        "rf": {"n_estimators": 12},
        "gb": {"n_estimators": 12},
        "lgbm": {"n_estimators": 12},
    },
    folds=2,
)
"""Every member of the default recipe, small: what may leak is which rows they see, not how many trees they grow."""

STAGES: Final = (
    "features", "labels", "structure", "windows", "news", "panel", "graphs", "transform fits", "transforms", "splits",
    "weights", "forecasts",
)  # fmt: skip
"""Every stage of the path, in order."""


def own_stages(bars: Bars, feature_set: str = "technical") -> list[Stage | Division]:
    """Return the stages of Augury's own path that these bars allow.

    Parameters
    ----------
    bars : Bars
        The whole history; the fit slice is the first 40 % of its dates, the same in every history.
    feature_set : str
        Set whose features are audited; those of the cross-section are audited beside it when there
        are at least three symbols.

    Returns
    -------
    list of Stage or Division
        Stages that have too little history are left out.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> [stage.name for stage in own_stages(SyntheticMarket(n_symbols=1, n_bars=60).bars())]
    ['features', 'labels', 'structure', 'news', 'transform fits', 'transforms']
    """
    path = _Path.of(bars, feature_set)
    stages: list[Stage | Division] = [Stage("features", path.features), Stage("labels", path.learned.labels)]
    stages += _beside_stages(bars)
    if len(bars.symbols) >= NAMES_MIN and bars.frame["ts"].n_unique() >= _PANEL_DATES_MIN:
        stages += [Stage("panel", path.panel), Stage("graphs", path.graphs)]
    if path.kinds:
        stages += [
            Stage("transform fits", path.parameters, path.border, _LEARNED_CUTS),
            Stage("transforms", path.transformed, path.border, _LEARNED_CUTS),
        ]
    return stages + (path_stages(path.learned) if path.learns else [])


def _beside_stages(bars: Bars) -> list[Stage | Division]:
    """Structure needs whole bars, windows as many of them in a row; headlines need a close."""
    whole = not broken_bars(bars.frame.select(PRICES).to_numpy()).any()
    long = bars.frame.group_by("symbol").len().filter(pl.col("len") >= WINDOW_BARS).height > 0
    stages: list[Stage | Division] = [Stage("structure", beside.structure, cuts_max=_BESIDE_CUTS)] if whole else []
    if whole and long:
        stages.append(Stage("windows", beside.windows, cuts_max=_BESIDE_CUTS))
    return [*stages, Stage("news", beside.news, cuts_max=_BESIDE_CUTS)]


@dataclass
class _Path:
    """The walk from bars to forecasts; what several stages share is made once a history."""

    feature_set: str
    border: datetime
    few: tuple[str, ...]
    learned: Learned
    kinds: tuple[str, ...] = ()
    learns: bool = False
    once: Once = field(default_factory=Once)

    @classmethod
    def of(cls, bars: Bars, feature_set: str) -> _Path:
        dates = bars.frame["ts"].unique().sort()
        longest = bars.frame.group_by("symbol").len().sort("len", "symbol", descending=[True, False])["symbol"]
        border, few = dates[int(len(dates) * FIT_SHARE)], tuple(longest.head(_PER_SYMBOL).to_list())
        path = cls(feature_set, border, few, Learned(_labelled, border, few[0], _SMALL))
        path.kinds = tuple(kind for kind in TRANSFORMS.names() if _enough(partial(path._fit, bars, kind)))
        path.learns = _enough(lambda: path.learned.ensemble(bars))
        return path

    def features(self, bars: Bars) -> pl.DataFrame:
        return build(bars, self.feature_set).frame

    def panel(self, bars: Bars) -> pl.DataFrame:
        """A cross-section with market, sectors and peers beside it, and standardised within its days."""
        graphs = self.once("graphs", bars, correlation_graphs)
        columns = market_beside(bars)
        for more in (peer_beside(bars, graphs), sector_beside(bars, _sectors(bars))):
            columns = columns.hstack(more.drop("symbol", "ts"))
        table = build(bars, "panel32", beside=columns)
        known = self.learned.once("labelled", bars, _labelled).frame.select("past_ret", VOLATILITY)
        frame = table.frame.hstack(known)
        same_day = same_day_zscore(frame, _SAME_DAY, least=NAMES_MIN).frame.select(_SAME_DAY)
        return frame.hstack(same_day.select(pl.all().name.suffix("_same_day")))

    def graphs(self, bars: Bars) -> pl.DataFrame:
        return _edges(self.once("graphs", bars, correlation_graphs))

    def parameters(self, bars: Bars) -> pl.DataFrame:
        """What the transforms learned: one row, known at the end of the fit slice."""
        learned = {kind: self._fit(bars, kind).to_json() for kind in self.kinds}
        return one_row(learned, self.border)

    def transformed(self, bars: Bars) -> pl.DataFrame:
        few = self._few(bars)
        columns = [
            column.alias(f"{kind}.{column.name}")
            for kind in self.kinds
            for column in self._fit(bars, kind).transform(few).drop("symbol", "ts").get_columns()
        ]
        return few.select("symbol", "ts", known_after(self.border)).hstack(columns)

    def _few(self, bars: Bars) -> pl.DataFrame:
        """Bars of some symbols; a column that is never known there, as in closes alone, is nothing to learn from."""

        def some(given: Bars) -> pl.DataFrame:
            rows = given.frame.filter(pl.col("symbol").is_in(list(self.few)))
            return rows.drop(_NOT_CLOSES) if given.close_only else rows

        return self.once("few", bars, some)

    def _fit(self, bars: Bars, kind: str) -> Fitted:
        dates = bars.frame["ts"].unique().filter(bars.frame["ts"].unique() <= self.border)
        return self.once(f"fit {kind}", bars, lambda given: fit_on(kind, self._few(given), dates))


def _labelled(bars: Bars) -> LabelledTable:
    return attach(build(bars, "starter"), bars, _spec(bars))


def _sectors(bars: Bars) -> pl.DataFrame:
    """Two invented sectors, told by the name alone: what is audited is the arithmetic, not the records."""
    names = bars.symbols
    rows = {"symbol": names, "sector": [f"sector {sum(name.encode()) % 2}" for name in names]}
    always = pl.lit(date(1900, 1, 1)).alias("valid_from"), pl.lit(None, dtype=pl.Date).alias("valid_to")
    return pl.DataFrame(rows).with_columns(always)


def _spec(bars: Bars) -> LabelSpec:
    ahead, threshold = base_label(bars.timeframe)
    return LabelSpec(bars.timeframe, "base", ahead, threshold)


def _enough(make: Callable[[], object]) -> bool:
    try:
        make()
    except InsufficientHistory:
        return False
    return True


def _edges(graphs: Graphs) -> pl.DataFrame:
    """Edges as rows: both names stand for the symbol."""
    made = graphs.graphs
    names = [
        f"{graph.symbols[a]} > {graph.symbols[b]}"
        for graph in made
        for a, b in zip(graph.source.tolist(), graph.target.tolist(), strict=True)
    ]
    ts = [graph.ts for graph in made for _ in range(len(graph.source))]
    values = np.concatenate([np.empty((0, len(ATTRIBUTES)), np.float32), *(graph.attributes for graph in made)])
    columns = {name: values[:, at] for at, name in enumerate(ATTRIBUTES)}
    moments = pl.Series("ts", ts, dtype=pl.Datetime("us", "UTC"))
    return pl.DataFrame({"symbol": pl.Series(names, dtype=pl.String), "ts": moments, **columns})
