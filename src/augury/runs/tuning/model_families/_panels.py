"""Networks of a panel: the days before the report slice, the latest of them choose."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from augury.core.metrics.ranking import ic_by_day
from augury.core.typing import Ints, Json
from augury.data.canonical.normalize import normalize
from augury.proof.holdout import Guard
from augury.runs.networks.request import NetworkRequest
from augury.runs.tuning.family import Report, StudySpec
from augury.runs.tuning.metrics import TrialMetrics
from augury.runs.tuning.space import Space

if TYPE_CHECKING:
    from augury.features.panel.graph import Graphs
    from augury.learning.samplers import PanelSamples
    from augury.models.panel.ranker import Ranker

REPORT_SHARE, SELECT_SHARE = 0.25, 0.2
"""Of the days: kept from the sweep; and of the rest, those that choose."""
TRAINING = ("learning_rate", "optimizer", "schedule", "weight_decay")
"""Settings that belong to the training, not to the network."""


@dataclass(frozen=True)
class PanelRows:
    """Samples, graphs, and the days of the sweep."""

    samples: PanelSamples
    graphs: Graphs
    days: int


@dataclass(frozen=True)
class PanelFamily:
    """A network of a panel.

    Parameters
    ----------
    network : str
    searched : Space
    objective : str
    """

    network: str
    searched: Space
    objective: str = "rank_ic"

    def space(self) -> Space:
        """Return what is searched."""
        return self.searched

    def rows(self, spec: StudySpec, lake: str, guard: Guard) -> PanelRows:
        """Return the samples of the panel before the sealed days."""
        from augury.features.panel.correlation_graph import correlation_graphs
        from augury.runs.networks.panel import panel_samples

        bars = normalize(Path(spec.data["file"])).bars
        bars = bars.with_frame(guard.before(bars.frame))
        graphs = correlation_graphs(bars)
        samples = panel_samples(bars, self._request(spec), graphs)
        return PanelRows(samples, graphs, int(len(samples.days) * (1 - REPORT_SHARE)))

    def dataset(self, spec: StudySpec, rows: PanelRows) -> tuple[str, str, int]:
        """Name the file as training does."""
        return f"panel/{Path(spec.data['file']).name}", rows.samples.data_version, rows.samples.horizons[0]

    def score(self, rows: PanelRows, params: Json, spec: StudySpec, report: Report) -> TrialMetrics:
        """Train on the earlier days and measure the later ones; every epoch is reported."""
        from augury.learning.settings import TrainingSettings
        from augury.models.deep.panels.forecaster import TRAINING as USUAL
        from augury.models.deep.panels.forecaster import PanelForecaster
        from augury.runs.networks.panel import WARM_UP_DAYS
        from augury.runs.tuning.model_families._epochs import TellEpochs

        samples = rows.samples
        border = rows.days - int((rows.days - WARM_UP_DAYS) * SELECT_SHARE)
        fit_days, select_days = np.arange(WARM_UP_DAYS, border - samples.reach_rows), np.arange(border, rows.days)
        given = {name: value for name, value in params.items() if name in TRAINING}
        if given.get("schedule") == "cosine_restarts":
            given["schedule_settings"] = {"t0": max(1, spec.epochs // 3), "t_mult": 2}
        own = {
            name: value for name, value in params.items() if name not in (*TRAINING, "days_per_batch", "rank_weight")
        }
        training = TrainingSettings.from_json(USUAL.to_json() | given | {"epochs": spec.epochs, "seed": spec.seed})
        loss = {"mse": 0.7, "huber": 0.3, "ic": 0.2, "pinball": 0.3, "soft_spearman": params.get("rank_weight", 0.1)}
        made = PanelForecaster(
            self.network, samples.horizons, samples.lookback, spec.fixed | own, training=training, graphs=rows.graphs,
            loss={name: weight for name, weight in loss.items() if weight > 0},
            days_per_batch=params.get("days_per_batch", 1),
        )  # fmt: skip
        past = samples.known_before(samples.days[rows.days])
        fitted = made.fit(past, fit_days, select_days, hooks=[TellEpochs(report, "rank_ic")])
        return _measured(past, fitted, select_days)

    def _request(self, spec: StudySpec) -> NetworkRequest:
        horizons = tuple(spec.data.get("horizons", (1, 5, 10, 20)))
        return NetworkRequest(Path(spec.data["file"]), self.network, horizons=horizons, seed=spec.seed)


def _measured(samples: PanelSamples, ranker: Ranker, days: Ints) -> TrialMetrics:
    at, scores = ranker.score(samples, days)
    known = samples.mask[at, 0]
    returns = samples.targets[at, 0][known].astype(np.float64)
    daily = ic_by_day(scores[known, 0], returns, samples.day_of[at][known], ranked=True)
    mean = float(daily.mean()) if len(daily) else None
    return TrialMetrics(n=len(daily), rank_ic=mean, series=tuple(daily.tolist()), horizon_bars=samples.horizons[0])
