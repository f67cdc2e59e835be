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
        self._fitted = self._fit(series) | {"first": str(series.ts[0])}
        self._restored()
        return self

    def predict_distribution(self, series: PriceSeries, rows: Ints, horizon_bars: int) -> Distribution:
        """Say how the log return over the next ``horizon_bars`` bars is distributed, seen from each row.

        The parameters are those of :meth:`fit`; the state is brought up to each row by the bars up
        to and including it, and by no later one. Bars before the first one of the fit are left out.

        Parameters
        ----------
        series : PriceSeries
            Holds the bar at which the fitted one began; usually longer.
        rows : array (m,)
            Places of the bars to answer for.
        horizon_bars : int
            At least 1.

        Raises
        ------
        InsufficientHistory
            The series begins after the fitted one did, or a row lies before it.
        """
        if horizon_bars < 1:
            raise UsageError(f"horizon_bars={horizon_bars}: a forecast looks at least one bar ahead")
        if self._fitted is None:
            raise NotTrained(f"{type(self).__name__} was asked before it was fitted")
        begins = int(np.searchsorted(series.ts, self.first))
        rows = np.asarray(rows, dtype=np.int64) - begins
        if begins == len(series) or series.ts[begins] != self.first or (rows < 0).any():
            raise InsufficientHistory(
                f"{series.symbol}: {type(self).__name__} was fitted on bars from {self.first} on and is asked about"
                f" bars from {series.ts[0]} on, row {rows.min(initial=0) + begins} among them"
            )
        return self._distribution(series.since(begins), rows, horizon_bars)

    @property
    def first(self) -> np.datetime64:
        """``ts`` of the first bar of the fit."""
        if self._fitted is None:
            raise NotTrained(f"{type(self).__name__} was asked before it was fitted")
        return np.datetime64(self._fitted["first"], "us")

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
            np.datetime64(record["fitted"]["first"], "us")
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
