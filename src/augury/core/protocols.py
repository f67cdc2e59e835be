"""The shapes of replaceable parts. A new part is one file whose public object has one of these shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, Self

from augury.core.bars import Bars
from augury.core.tables import LabelledTable
from augury.core.timeframe import Timeframe
from augury.core.typing import Codes, Features, Floats, Json


class Member(Protocol):
    """A model family: features become class probabilities. Follows scikit-learn.

    Settings are constructor arguments; fitted attributes end in ``_``. ``horizon_bars`` tells a
    member that splits its own rows how many to purge.
    """

    classes_: Any

    def fit(self, X: Features, y: Codes) -> Self:
        """Learn from rows in time order, oldest first."""
        ...

    def predict_proba(self, X: Features) -> Floats:
        """Return ``(n, len(classes_))`` probabilities in the order of ``classes_``."""
        ...

    def facts(self) -> Json:
        """What the fit decided (tree count, ``no_signal`` …), for the member's record."""
        ...

    def save(self, folder: Path) -> None:
        """Write into an existing empty folder, in safe formats only."""
        ...

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote; predictions are equal bit for bit."""
        ...


class Baseline(Protocol):
    """What a score must beat. Sees the same rows and never the future."""

    def fit(self, table: LabelledTable) -> Self:
        """Learn from train rows."""
        ...

    def predict(self, table: LabelledTable) -> Codes:
        """Return label codes, ``(n,)``."""
        ...

    def expected_return(self, table: LabelledTable) -> Floats:
        """Return the expected h-bar return, ``(n,)``."""
        ...


class Source(Protocol):
    """Where bars come from; one vendor a file, nothing fetched before :meth:`load`."""

    @property
    def name(self) -> str:
        """What users write after ``--provider``."""
        ...

    @property
    def title(self) -> str:
        """One line for a list of sources."""
        ...

    @property
    def synthetic(self) -> bool:
        """True when the bars are invented."""
        ...

    @property
    def historical(self) -> bool:
        """True for bundled history: there is no newer bar to wait for."""
        ...

    @property
    def calendar(self) -> str:
        """The calendar its sessions follow, e.g. ``XNYS``."""
        ...

    @property
    def adjustment(self) -> str:
        """What its prices are adjusted for, one of ``core.bars.ADJUSTMENTS``."""
        ...

    @property
    def timeframes(self) -> tuple[Timeframe, ...]:
        """The lengths of bar it gives; empty for a source of news or series, which has no bars."""
        ...

    def symbols(self) -> list[str]:
        """Symbols this source can give; empty when any may be asked for and the vendor answers."""
        ...

    def load(
        self,
        symbols: Sequence[str] | None = None,
        *,
        timeframe: Timeframe = Timeframe.D1,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Bars:
        """Return canonical bars with ``start <= ts <= end``, or raise a named error.

        Never invented unless ``synthetic``; from a vendor, the bar that is still forming may be among them.
        """
        ...


class Executor(Protocol):
    """Runs named tasks whose arguments and results are JSON objects."""

    def run(self, tasks: Sequence[tuple[str, Json]]) -> Iterator[tuple[int, Json]]:
        """Yield (index of the task, result) as each ends."""
        ...
