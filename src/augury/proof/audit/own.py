"""Augury's own path as stages: features, panel, graphs, fitted transforms, labels, splits, weights, forecasts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any, Final, TypeVar

import numpy as np
import polars as pl

from augury.core.bars import Bars
from augury.core.errors import InsufficientHistory
from augury.core.labelspec import LabelSpec, base_label
from augury.core.recipe import Recipe
from augury.core.tables import LABEL_END, VOLATILITY, LabelledTable, Split
from augury.core.typing import Ints, Json
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
from augury.labels.splits import WalkForward, out_of_fold, time_ordered
from augury.models.ensemble.ensemble import Ensemble
from augury.models.training import fit_members
from augury.proof.audit.stage import KNOWN_AT, SCORED, TRAIN, Division, Stage

FIT_SHARE: Final = 0.4
"""Share of the dates in the fit slice: enough to learn from, and most cuts lie behind it."""
_PER_SYMBOL: Final = 4
"""Symbols on which transforms are fitted: those that learn symbol by symbol take a tenth of a second each."""
_SAME_DAY: Final = ("past_ret_20", "vol_20")
_PANEL_DATES_MIN: Final = 80
_LEARNED_CUTS: Final = 2
_FITTED_CUTS: Final = 2
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
    "features", "labels", "panel", "graphs", "transform fits", "transforms", "splits", "weights", "forecasts",
)  # fmt: skip
"""Every stage of the path, in order."""

T = TypeVar("T")


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
    ['features', 'labels', 'transform fits', 'transforms']
    """
    path = _Path.of(bars, feature_set)
    stages: list[Stage | Division] = [Stage("features", path.features), Stage("labels", path.labels)]
    if len(bars.symbols) >= NAMES_MIN and bars.frame["ts"].n_unique() >= _PANEL_DATES_MIN:
        stages += [Stage("panel", path.panel), Stage("graphs", path.graphs)]
    if path.kinds:
        stages += [
            Stage("transform fits", path.parameters, path.border, _LEARNED_CUTS),
            Stage("transforms", path.transformed, path.border, _LEARNED_CUTS),
        ]
    if path.learns:
        stages += [
            Division("splits", path.splits),
            Stage("weights", path.weights, path.border, _FITTED_CUTS),
            Stage("forecasts", path.forecasts, path.border, _FITTED_CUTS),
        ]
    return stages


@dataclass
class _Path:
    """The walk from bars to forecasts; what several stages share is made once a history."""

    feature_set: str
    border: datetime
    few: tuple[str, ...]
    kinds: tuple[str, ...] = ()
    learns: bool = False
    made: dict[str, tuple[Bars, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, bars: Bars, feature_set: str) -> _Path:
        dates = bars.frame["ts"].unique().sort()
        longest = bars.frame.group_by("symbol").len().sort("len", "symbol", descending=[True, False])["symbol"]
        path = cls(feature_set, dates[int(len(dates) * FIT_SHARE)], tuple(longest.head(_PER_SYMBOL).to_list()))
        path.kinds = tuple(kind for kind in TRANSFORMS.names() if _enough(partial(path._fit, bars, kind)))
        path.learns = _enough(lambda: path._ensemble(bars))
        return path

    def features(self, bars: Bars) -> pl.DataFrame:
        return build(bars, self.feature_set).frame

    def labels(self, bars: Bars) -> pl.DataFrame:
        """A label may look ahead to its ``label_end`` and no further; what stands beside it may not look at all."""
        frame = self._labelled(bars).frame.select("symbol", "ts", "fwd_ret", "label", LABEL_END)
        return frame.with_columns(pl.col(LABEL_END).alias(KNOWN_AT))

    def panel(self, bars: Bars) -> pl.DataFrame:
        """A cross-section with market, sectors and peers beside it, and standardised within its days."""
        graphs = self._once("graphs", bars, correlation_graphs)
        beside = market_beside(bars)
        for more in (peer_beside(bars, graphs), sector_beside(bars, _sectors(bars))):
            beside = beside.hstack(more.drop("symbol", "ts"))
        table = build(bars, "panel32", beside=beside)
        known = self._labelled(bars).frame.select("past_ret", VOLATILITY)
        frame = table.frame.hstack(known)
        same_day = same_day_zscore(frame, _SAME_DAY, least=NAMES_MIN).frame.select(_SAME_DAY)
        return frame.hstack(same_day.select(pl.all().name.suffix("_same_day")))

    def graphs(self, bars: Bars) -> pl.DataFrame:
        return _edges(self._once("graphs", bars, correlation_graphs))

    def parameters(self, bars: Bars) -> pl.DataFrame:
        """What the transforms learned: one row, known at the end of the fit slice."""
        learned = {kind: self._fit(bars, kind).to_json() for kind in self.kinds}
        return _one_row(learned, self.border)

    def transformed(self, bars: Bars) -> pl.DataFrame:
        few = self._few(bars)
        columns = [
            column.alias(f"{kind}.{column.name}")
            for kind in self.kinds
            for column in self._fit(bars, kind).transform(few.frame).drop("symbol", "ts").get_columns()
        ]
        return few.frame.select("symbol", "ts", self._known_after_fit()).hstack(columns)

    def splits(self, bars: Bars) -> pl.DataFrame:
        """Every way in which rows are divided on the path of a training."""
        table = self._labelled(bars).known()
        whole = time_ordered(table)
        parts = [_side("time_ordered", TRAIN, whole.train.frame), _side("time_ordered", SCORED, whole.valid.frame)]
        parts += _folds("walk_forward", table, list(WalkForward().split(table)))
        parts += _folds("out_of_fold", whole.train, out_of_fold(whole.train))
        return pl.concat(parts)

    def weights(self, bars: Bars) -> pl.DataFrame:
        """Weights, shrinkage, centre and bands: fitted out of fold on train rows, known when those end."""
        ensemble = self._ensemble(bars)
        rows = self._split(bars).train.frame
        learned = {
            "weights": dict(ensemble.weights),
            "shrinkage": [*ensemble.shrinkage.prior, ensemble.shrinkage.keep],
            "centre": _plain(ensemble.centre),
            "bands": ensemble.bands.to_json(),
            "train_rows": rows.height,
            "train_last": str(rows["ts"].max()),
        }
        return _one_row(learned, self.border)

    def forecasts(self, bars: Bars) -> pl.DataFrame:
        """What the ensemble says about every bar, in the train part and after it."""
        table = self._one_symbol(bars)
        asked = table.with_frame(table.frame.drop_nulls([*table.manifest.names, VOLATILITY]))
        answer = self._ensemble(bars).predict(asked)
        columns = {f"p_{code}": answer.proba[:, code] for code in range(answer.proba.shape[1])}
        columns |= {"expected_return": answer.expected_return, **answer.quantiles}
        columns |= {f"{name}_bullish": proba[:, -1] for name, proba in answer.members.items()}
        return asked.frame.select("symbol", "ts", self._known_after_fit()).with_columns(**columns)

    def _known_after_fit(self) -> pl.Expr:
        """Whatever was learned is known when the fit slice ends, and not before."""
        return pl.max_horizontal(pl.col("ts"), pl.lit(self.border, dtype=pl.Datetime("us", "UTC"))).alias(KNOWN_AT)

    def _few(self, bars: Bars) -> Bars:
        return self._once("few", bars, lambda given: given.with_frame(
            given.frame.filter(pl.col("symbol").is_in(list(self.few)))))  # fmt: skip

    def _fit(self, bars: Bars, kind: str) -> Fitted:
        dates = bars.frame["ts"].unique().filter(bars.frame["ts"].unique() <= self.border)
        return self._once(f"fit {kind}", bars, lambda given: fit_on(kind, self._few(given).frame, dates))

    def _labelled(self, bars: Bars) -> LabelledTable:
        return self._once("labelled", bars, lambda given: attach(build(given, "starter"), given, _spec(given)))

    def _one_symbol(self, bars: Bars) -> LabelledTable:
        table = self._labelled(bars)
        return table.with_frame(table.frame.filter(pl.col("symbol") == self.few[0]))

    def _split(self, bars: Bars) -> Split:
        """The split whose border is the first known date after the fit slice."""
        table = self._one_symbol(bars).known()
        table = table.with_frame(table.frame.drop_nulls(VOLATILITY))
        dates = table.frame["ts"].unique()
        if not 0 < (before := int((dates <= self.border).sum())) < len(dates):
            raise InsufficientHistory(f"{before} of {len(dates)} labelled dates lie in the fit slice")
        return time_ordered(table, before / len(dates))

    def _ensemble(self, bars: Bars) -> Ensemble:
        def fitted(given: Bars) -> Ensemble:
            train = self._split(given).train
            return Ensemble.fit(fit_members(train, _SMALL), _SMALL, train.spec)

        return self._once("ensemble", bars, fitted)

    def _once(self, name: str, bars: Bars, make: Callable[[Bars], T]) -> T:
        """Make something once for a history: stages of the same history ask one after the other."""
        kept = self.made.get(name)
        if kept is None or kept[0] is not bars:
            kept = self.made[name] = (bars, make(bars))
        answer: T = kept[1]
        return answer


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


def _side(fold: str, side: str, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.lit(fold).alias("fold"), pl.lit(side).alias("side"), "symbol", "ts", LABEL_END)


def _folds(name: str, table: LabelledTable, folds: list[tuple[Ints, Ints]]) -> list[pl.DataFrame]:
    return [
        _side(f"{name} {number}", side, table.frame[rows])
        for number, pair in enumerate(folds, start=1)
        for side, rows in zip((TRAIN, SCORED), pair, strict=True)
    ]


def _plain(value: Any) -> Json:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def _one_row(learned: Json, known: datetime) -> pl.DataFrame:
    """Everything that was learned as columns of one row, named by where it stands."""
    columns = {name: [value] for name, value in _flat("", learned)}
    ts = pl.Series("ts", [known], dtype=pl.Datetime("us", "UTC"))
    return pl.DataFrame({"symbol": ["(all)"], "ts": ts, **columns})


def _flat(name: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [pair for key in value for pair in _flat(f"{name}.{key}" if name else str(key), value[key])]
    if isinstance(value, list | tuple):
        return [pair for at, item in enumerate(value) for pair in _flat(f"{name}.{at}", item)]
    return [(name, float(value) if isinstance(value, np.floating) else value)]
