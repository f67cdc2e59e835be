"""What every ranker answers to, and what the simple ones share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol, Self

import numpy as np

from augury.core.errors import InsufficientHistory, NotTrained, SchemaMismatch
from augury.core.typing import Features, Floats, Ints
from augury.learning.samplers import NAMES_SELECT, NAMES_TRAIN, DayBatchSampler, PanelSamples
from augury.models.panel.slices import check_purge, known_by
from augury.models.panel.target_scale import TargetScale


class Ranker(Protocol):
    """Learns from days and ranks the names of other days."""

    def fit(self, samples: PanelSamples, fit_days: Ints, select_days: Ints) -> Self:
        """Learn from some days, decide what is left on later ones, purged."""
        ...

    def score(self, samples: PanelSamples, days: Ints) -> tuple[Ints, Floats]:
        """Return the rows of the panel that can be ranked on some days, and their scores ``(n, H)``."""
        ...


class LastRowRanker(ABC):
    """A ranker that reads the last row of each sample: one model a horizon, on the rows a network learns from.

    A subclass implements ``_fit`` and ``_score``.
    """

    _manifest_hash: str = ""

    def fit(self, samples: PanelSamples, fit_days: Ints, select_days: Ints) -> Self:
        """Learn from some days; the select slice decides how strongly.

        Targets are standardised within their day. Rows, masks and purge are those of
        :class:`~augury.models.deep.panels.forecaster.PanelForecaster`.

        Raises
        ------
        LeakError
            The purge is too short.
        InsufficientHistory
            A horizon has no known target in a slice.
        """
        fit_days, select_days = np.unique(fit_days), np.unique(select_days)
        check_purge(samples, fit_days, select_days)
        first = int(select_days[0])
        scaled = TargetScale("same_day").apply(samples, known_by(samples, samples.days[first], first))
        slices = []
        for days, least in ((fit_days, NAMES_TRAIN), (select_days, NAMES_SELECT)):
            rows = scaled.rows_of(DayBatchSampler(scaled, days, min_names=least).days)
            slices.append((rows, scaled.last(rows), scaled.targets[rows]))
        (_, x, y), (select_rows, x_select, y_select) = slices
        self._models = []
        for at, h in enumerate(samples.horizons):
            use, watch = np.isfinite(y[:, at]), np.isfinite(y_select[:, at])
            if not use.any() or not watch.any():
                raise InsufficientHistory(f"horizon {h} has no known target in the fit or in the select slice")
            day = scaled.day_of[select_rows[watch]]
            self._models.append(self._fit(x[use], y[use, at], x_select[watch], y_select[watch, at], day))
        self._manifest_hash = samples.manifest_hash
        return self

    def score(self, samples: PanelSamples, days: Ints) -> tuple[Ints, Floats]:
        """Return the rows that can be ranked, and their scores ``(n, H)``.

        Raises
        ------
        NotTrained, SchemaMismatch
            Before :meth:`fit`; features of another manifest.
        """
        if not self._manifest_hash:
            raise NotTrained(f"{type(self).__name__} was asked before it was fitted")
        if samples.manifest_hash != self._manifest_hash:
            raise SchemaMismatch(
                f"{type(self).__name__} reads features of manifest {self._manifest_hash[:12]}, the samples hold "
                f"{samples.manifest_hash[:12]}"
            )
        rows = samples.rows_of(np.unique(days))
        x = samples.last(rows)
        return rows, np.column_stack([self._score(model, x) for model in self._models])

    @abstractmethod
    def _fit(self, x: Features, y: Features, x_select: Features, y_select: Features, day: Ints) -> object:
        """Learn one horizon; inputs hold NaN where a value is not known."""

    @abstractmethod
    def _score(self, model: object, x: Features) -> Floats:
        """Score rows by what :meth:`_fit` returned."""
