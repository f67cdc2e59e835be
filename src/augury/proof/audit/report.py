"""What an audit found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from augury.core.clock import iso
from augury.core.typing import Json

Value = float | int | str | None


@dataclass(frozen=True, slots=True)
class Leak:
    """One column of one stage that knew what had not happened yet.

    Parameters
    ----------
    stage, column : str
        The culprit.
    kind : str
        What it most likely is, e.g. ``centred rolling``; see ``kinds``.
    probes : tuple of str
        What saw it: ``cut`` (history ends), ``noise`` (the future is other) or ``order`` (train rows
        reach into the scored part).
    symbol : str
    ts : datetime
        The first leaking row.
    cut : datetime
        The last moment that history was left as it was; of a division, the first scored ``ts``.
    value, other : float, int, str or None
        What the row says with the whole history, and with the other one; None where it says nothing.
    rows : int
        How many rows leak at the cut where most do.
    """

    stage: str
    column: str
    kind: str
    probes: tuple[str, ...]
    symbol: str
    ts: datetime
    cut: datetime
    value: Value
    other: Value
    rows: int

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return {
            "stage": self.stage, "column": self.column, "kind": self.kind, "probes": list(self.probes),
            "symbol": self.symbol, "ts": iso(self.ts), "cut": iso(self.cut), "value": self.value,
            "other": self.other, "rows": self.rows,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class StageReport:
    """What was looked at in one stage.

    Parameters
    ----------
    name : str
    columns, cuts, values : int
        Columns compared, moments tried, values compared at all of them together.
    leaks : tuple of Leak
        In the order of the columns.
    seconds : float
        Of this run; not part of the JSON, which is equal for equal input.
    """

    name: str
    columns: int
    cuts: int
    values: int
    leaks: tuple[Leak, ...]
    seconds: float

    @property
    def verdict(self) -> str:
        """``leaks``, ``clean``, or ``not compared`` when no value was known at any cut."""
        if self.leaks:
            return "leaks"
        return "clean" if self.values else "not compared"

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return {
            "stage": self.name, "columns": self.columns, "cuts": self.cuts, "values": self.values,
            "verdict": self.verdict, "leaks": [leak.to_json() for leak in self.leaks],
        }  # fmt: skip


@dataclass(frozen=True)
class AuditReport:
    """What an audit looked at, and what it found.

    Parameters
    ----------
    stages : tuple of StageReport
        In the order they were given.
    cuts : tuple of datetime
        The moments at which history was cut.
    probes : tuple of str
        ``cut``, ``noise`` or both.
    seed : int
        Draws the moments and the noise.
    data_version : str
        Content hash of the bars.
    """

    stages: tuple[StageReport, ...]
    cuts: tuple[datetime, ...]
    probes: tuple[str, ...]
    seed: int
    data_version: str

    @property
    def leaks(self) -> tuple[Leak, ...]:
        """Every leak, stage by stage."""
        return tuple(leak for stage in self.stages for leak in stage.leaks)

    @property
    def clean(self) -> bool:
        """True when something was compared in every stage and nothing leaked."""
        return all(stage.verdict == "clean" for stage in self.stages)

    @property
    def values(self) -> int:
        """How many values were compared."""
        return sum(stage.values for stage in self.stages)

    @property
    def seconds(self) -> float:
        """Time of all stages."""
        return sum(stage.seconds for stage in self.stages)

    def to_json(self) -> Json:
        """Write as a JSON object; equal input gives equal bytes."""
        return {
            "verdict": "leaks" if self.leaks else "clean" if self.clean else "not compared",
            "values": self.values, "cuts": [iso(cut) for cut in self.cuts], "probes": list(self.probes),
            "seed": self.seed, "data_version": self.data_version,
            "stages": [stage.to_json() for stage in self.stages],
        }  # fmt: skip
