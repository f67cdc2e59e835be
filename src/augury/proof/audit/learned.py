"""What is learned from labelled rows as stages: splits, weights, forecasts; and the stages of one version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import numpy as np
import polars as pl

from augury.core.bars import Bars
from augury.core.errors import InsufficientHistory
from augury.core.recipe import Recipe
from augury.core.tables import LABEL_END, VOLATILITY, LabelledTable, Split
from augury.core.typing import Ints, Json
from augury.labels.splits import WalkForward, out_of_fold, time_ordered
from augury.models.ensemble.ensemble import Ensemble
from augury.models.training import fit_members
from augury.proof.audit.once import Once
from augury.proof.audit.stage import KNOWN_AT, SCORED, TRAIN, Division, Stage

FITTED_CUTS: Final = 2
"""Every cut fits all members twice."""

Labelled = Callable[[Bars], LabelledTable]


@dataclass
class Learned:
    """From labelled rows to forecasts; what several stages share is made once a history.

    Parameters
    ----------
    labelled : callable
        Bars to features and labels of every row.
    border : datetime
        Last moment of the fit slice, the same in every history.
    symbol : str
        Whose rows are learned from.
    recipe : Recipe
        Members, folds and weights.
    """

    labelled: Labelled
    border: datetime
    symbol: str
    recipe: Recipe
    once: Once = field(default_factory=Once)

    def features(self, bars: Bars) -> pl.DataFrame:
        """Every feature of the rows that are learned from."""
        table = self._table(bars)
        return table.frame.select("symbol", "ts", *table.manifest.names)

    def labels(self, bars: Bars) -> pl.DataFrame:
        """A label may look ahead to its ``label_end`` and no further; what stands beside it may not look at all."""
        frame = self._table(bars).frame.select("symbol", "ts", "fwd_ret", "label", LABEL_END)
        return frame.with_columns(pl.col(LABEL_END).alias(KNOWN_AT))

    def splits(self, bars: Bars) -> pl.DataFrame:
        """Every way in which rows are divided on the path of a training."""
        table = self._table(bars).known()
        whole = time_ordered(table)
        parts = [_side("time_ordered", TRAIN, whole.train.frame), _side("time_ordered", SCORED, whole.valid.frame)]
        parts += _folds("walk_forward", table, list(WalkForward().split(table)))
        parts += _folds("out_of_fold", whole.train, out_of_fold(whole.train))
        return pl.concat(parts)

    def weights(self, bars: Bars) -> pl.DataFrame:
        """Weights, shrinkage, centre and bands: fitted out of fold on train rows, known when those end."""
        ensemble = self.ensemble(bars)
        rows = self._split(bars).train.frame
        learned = {
            "weights": dict(ensemble.weights),
            "shrinkage": [*ensemble.shrinkage.prior, ensemble.shrinkage.keep],
            "centre": _plain(ensemble.centre),
            "bands": ensemble.bands.to_json(),
            "train_rows": rows.height,
            "train_last": str(rows["ts"].max()),
        }
        return one_row(learned, self.border)

    def forecasts(self, bars: Bars) -> pl.DataFrame:
        """What the ensemble says about every bar, in the train part and after it."""
        table = self._one_symbol(bars)
        asked = table.with_frame(table.frame.drop_nulls([*table.manifest.names, VOLATILITY]))
        answer = self.ensemble(bars).predict(asked)
        columns = {f"p_{code}": answer.proba[:, code] for code in range(answer.proba.shape[1])}
        columns |= {"expected_return": answer.expected_return, **answer.quantiles}
        columns |= {f"{name}_bullish": proba[:, -1] for name, proba in answer.members.items()}
        return asked.frame.select("symbol", "ts", known_after(self.border)).with_columns(**columns)

    def ensemble(self, bars: Bars) -> Ensemble:
        """The ensemble that the fit slice of a history gives."""

        def fitted(given: Bars) -> Ensemble:
            train = self._split(given).train
            return Ensemble.fit(fit_members(train, self.recipe), self.recipe, train.spec)

        return self.once("ensemble", bars, fitted)

    def _table(self, bars: Bars) -> LabelledTable:
        return self.once("labelled", bars, self.labelled)

    def _one_symbol(self, bars: Bars) -> LabelledTable:
        table = self._table(bars)
        return table.with_frame(table.frame.filter(pl.col("symbol") == self.symbol))

    def _split(self, bars: Bars) -> Split:
        """The split whose border is the first known date after the fit slice."""
        table = self._one_symbol(bars).known()
        table = table.with_frame(table.frame.drop_nulls(VOLATILITY))
        dates = table.frame["ts"].unique()
        if not 0 < (before := int((dates <= self.border).sum())) < len(dates):
            raise InsufficientHistory(f"{before} of {len(dates)} labelled dates lie in the fit slice")
        return time_ordered(table, before / len(dates))


def version_stages(
    labelled: Labelled, *, border: datetime, symbol: str, recipe: Recipe, learns: bool = True
) -> list[Stage | Division]:
    """Return the stages a version went through: its features, its labels, its splits, its weights, its forecasts.

    Parameters
    ----------
    labelled : callable
        Bars to the very table the version was trained and judged on, every row of it.
    border : datetime
        End of its train slice.
    symbol : str
    recipe : Recipe
        The version's own: its members are fitted again, five times.
    learns : bool
        False for a version without members.

    Returns
    -------
    list of Stage or Division
    """
    path = Learned(labelled, border, symbol, recipe)
    stages: list[Stage | Division] = [Stage("features", path.features), Stage("labels", path.labels)]
    if learns:
        stages += path_stages(path)
    return stages


def path_stages(path: Learned) -> list[Stage | Division]:
    """Return splits, weights and forecasts of a path."""
    return [
        Division("splits", path.splits),
        Stage("weights", path.weights, path.border, FITTED_CUTS),
        Stage("forecasts", path.forecasts, path.border, FITTED_CUTS),
    ]


def known_after(border: datetime) -> pl.Expr:
    """Whatever was learned is known when the fit slice ends, and not before."""
    return pl.max_horizontal(pl.col("ts"), pl.lit(border, dtype=pl.Datetime("us", "UTC"))).alias(KNOWN_AT)


def one_row(learned: Json, known: datetime) -> pl.DataFrame:
    """Lay out everything that was learned as columns of one row, named by where it stands."""
    columns = {name: [value] for name, value in _flat("", learned)}
    ts = pl.Series("ts", [known], dtype=pl.Datetime("us", "UTC"))
    return pl.DataFrame({"symbol": ["(all)"], "ts": ts, **columns})


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


def _flat(name: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [pair for key in value for pair in _flat(f"{name}.{key}" if name else str(key), value[key])]
    if isinstance(value, list | tuple):
        return [pair for at, item in enumerate(value) for pair in _flat(f"{name}.{at}", item)]
    return [(name, float(value) if isinstance(value, np.floating) else value)]
