"""What a forecast should have said: features of the whole history at once, every row asked in one batch.

Nothing here is shared with the serving path but the formulas and the members themselves: no view is
cut at a moment, no last row is taken, no single row is predicted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import polars as pl

from augury.core.bars import Bars
from augury.core.forecast import QUANTILES, Forecast
from augury.core.labelspec import LABELS
from augury.core.prediction import Prediction
from augury.core.tables import LabelledTable
from augury.features.engine import build
from augury.labels.attach import attach
from augury.models.adaptation import BandCorrection
from augury.models.conformal import widen_by_horizon
from augury.records.registry.loader import LoadedEnsemble

Ladder = dict[str, float]


@dataclass(frozen=True)
class Recomputed:
    """One row as the batch has it.

    Parameters
    ----------
    said : dict
        Fields of a forecast to their values, without its quantiles.
    ladder : dict
        Quantiles before they are widened over the horizons of one run.
    adapted : bool
        Whether matured outcomes moved them.
    """

    said: dict[str, float | str | None]
    ladder: Ladder
    adapted: bool = False

    def corrected(self, correction: BandCorrection) -> Recomputed:
        """Move the bands by what was known of earlier ones."""
        ladder = correction.ladder(self.ladder)
        return replace(self, ladder=ladder, adapted=ladder != self.ladder)

    def differences(self, forecast: Forecast, shorter: Sequence[Ladder]) -> dict[str, tuple[object, object]]:
        """Compare with what was said: field to (said, recomputed), empty when all are equal.

        Parameters
        ----------
        forecast : Forecast
        shorter : sequence of dict
            Ladders of the shorter horizons that were asked in the same run, the shortest first.
        """
        widened = widen_by_horizon([*shorter, self.ladder])[-1]
        bands: dict[str, object] = {"adapted": self.adapted} | {name: widened[name] + 0.0 for name in QUANTILES}
        here: Mapping[str, object] = {**self.said, **bands}
        said = {name: getattr(forecast, name) for name in self.said} | {"adapted": "adapted" in forecast.flags}
        there: Mapping[str, object] = said | forecast.quantiles
        return {name: (there[name], value) for name, value in here.items() if there[name] != value}


@dataclass
class Recomputing:
    """The offline side of one symbol and timeframe.

    Parameters
    ----------
    bars : Bars
        Whole history, bars after the forecasts included: a causal feature does not change by them.
    """

    bars: Bars
    _tables: dict[tuple[str, str], LabelledTable] = field(default_factory=dict)

    def table(self, loaded: LoadedEnsemble) -> LabelledTable:
        """Features and labels of every bar, exactly the columns of a version."""
        manifest = loaded.manifest
        key = (manifest.features.hash, manifest.label_spec.hash)
        if key not in self._tables:
            self._tables[key] = attach(build(self.bars, manifest.features), self.bars, manifest.label_spec)
        return self._tables[key]

    def answers(self, loaded: LoadedEnsemble, moments: Sequence[datetime]) -> dict[datetime, Recomputed]:
        """Ask a version about several bars in one batch.

        Parameters
        ----------
        loaded : LoadedEnsemble
        moments : sequence of datetime
            ``ts`` of the bars; one whose features are not all known gets no answer.
        """
        whole = self.table(loaded)
        rows = whole.frame.filter(pl.col("ts").is_in(list(moments))).drop_nulls([*whole.manifest.names, "vol"])
        if rows.is_empty():
            return {}
        prediction = loaded.ensemble.predict(whole.with_frame(rows))
        closes = dict(self.bars.frame.select("ts", "close").iter_rows())
        return {ts: _row(prediction, at, loaded, closes[ts]) for at, ts in enumerate(rows["ts"])}


def _row(prediction: Prediction, at: int, loaded: LoadedEnsemble, close: float) -> Recomputed:
    manifest = loaded.manifest
    bearish, neutral, bullish = (float(value) for value in prediction.proba[at])
    label = LABELS[int(prediction.codes[at]) + 1] if manifest.verdict.word == "skill" else "NEUTRAL"
    agreement = prediction.agreement
    said = {
        "p_bearish": bearish + 0.0,
        "p_neutral": neutral + 0.0,
        "p_bullish": bullish + 0.0,
        "confidence": max(bearish, neutral, bullish),
        "agreement": None if agreement is None else float(agreement[at]),
        "expected_return": float(prediction.expected_return[at]) + 0.0,
        "current_price": close,
        "label": label,
        "artifact_hash": manifest.content_hash,
        "feature_hash": manifest.features.hash,
        "label_spec_hash": manifest.label_spec.hash,
    }
    return Recomputed(said, {name: float(prediction.quantiles[name][at]) for name in QUANTILES})
