"""What every series member shares: enough history, refusal before a fit, one JSON file."""

from __future__ import annotations

import inspect
import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np

from augury.core.errors import CorruptArtifact, InsufficientHistory, NotTrained, UsageError
from augury.core.hashing import canonical_json
from augury.core.typing import Ints, Json
from augury.models.series import Distribution, PriceSeries

FILE: Final = "member.json"


class SeriesMember(ABC):
    """A model of one symbol's closes: a series becomes distributions of the h-bar return.

    Settings are constructor arguments of the same name; the fitted state is one JSON object. A
    subclass implements ``_fit`` (returns that object), ``_distribution`` and, where the object is
    not all, ``_restored``.
    """

    rows_min: ClassVar[int] = 500
    """Bars below which the member is ``unavailable``."""

    _fitted: Json | None = None

    def fit(self, series: PriceSeries) -> Self:
        """Learn from a series, every bar of which is known.

        Raises
        ------
        InsufficientHistory
            Fewer bars than ``rows_min``.
        ModelError
            The fit did not succeed; nothing answers in its place.
        """
        if len(series) < self.rows_min:
            raise InsufficientHistory(
                f"{series.symbol} has {len(series)} bars, {type(self).__name__} needs {self.rows_min}",
                need=self.rows_min,
                have=len(series),
            )
        self._fitted = self._fit(series)
        self._restored()
        return self

    def predict_distribution(self, series: PriceSeries, rows: Ints, horizon_bars: int) -> Distribution:
        """Say how the log return over the next ``horizon_bars`` bars is distributed, seen from each row.

        The parameters are those of :meth:`fit`; the state is brought up to each row by the bars up
        to and including it, and by no later one.

        Parameters
        ----------
        series : PriceSeries
            Begins where the fitted one began; usually longer.
        rows : array (m,)
            Places of the bars to answer for.
        horizon_bars : int
            At least 1.
        """
        if horizon_bars < 1:
            raise UsageError(f"horizon_bars={horizon_bars}: a forecast looks at least one bar ahead")
        if self._fitted is None:
            raise NotTrained(f"{type(self).__name__} was asked before it was fitted")
        return self._distribution(series, np.asarray(rows, dtype=np.int64), horizon_bars)

    def facts(self) -> Json:
        """What the fit decided and how well its assumptions hold; JSON-ready."""
        return dict((self._fitted or {}).get("facts", {}))

    def settings(self) -> Json:
        """The constructor arguments."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def save(self, folder: Path) -> None:
        """Write ``member.json`` into an existing folder."""
        if self._fitted is None:
            raise NotTrained(f"{type(self).__name__} was to be saved before it was fitted")
        record = {"member": type(self).__name__, "settings": self.settings(), "fitted": self._fitted}
        (folder / FILE).write_text(canonical_json(record) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote; distributions are equal bit for bit.

        Raises
        ------
        CorruptArtifact
            The file is missing, damaged, or of another member.
        """
        try:
            record = json.loads((folder / FILE).read_text(encoding="utf-8"))
            if record["member"] != cls.__name__:
                raise ValueError(f"it is a {record['member']}")
            member = cls(**record["settings"])
            member._fitted = record["fitted"]
            member._restored()
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise CorruptArtifact(
                f"series member {folder.name} cannot be read: {type(error).__name__}: {error}",
                fix="augury doctor",
                path=str(folder),
            ) from error
        return member

    @abstractmethod
    def _fit(self, series: PriceSeries) -> Json:
        """Learn; returns the fitted state, with ``facts`` in it."""

    @abstractmethod
    def _distribution(self, series: PriceSeries, rows: Ints, horizon_bars: int) -> Distribution:
        """Answer for checked rows."""

    def _restored(self) -> None:  # noqa: B027 - most states are used as they are
        """Make of the fitted state what answering needs."""
