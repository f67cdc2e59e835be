"""A table before its layout is known, and what a layout makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import polars as pl

from augury.core.errors import UsageError, ValidationError
from augury.data.layouts._names import plain

LINE: Final = "_line"
"""Column with the place of a row in what was given: a line of a CSV file, else a row number."""


@dataclass(frozen=True)
class Table:
    """Columns as they came, the index of a pandas frame among them.

    Parameters
    ----------
    frame : pl.DataFrame
        Raw columns and ``_line``.
    origin : str
        Name of the file, or ``frame``; used in messages.
    place : str
        ``line`` or ``row``: what ``_line`` counts.
    index : tuple of str
        The columns that were the index, outermost first.
    levels : dict
        Column to its labels, for frames whose columns have several levels.
    """

    frame: pl.DataFrame
    origin: str = "frame"
    place: str = "row"
    index: tuple[str, ...] = ()
    levels: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """The columns without the place of the row."""
        return [name for name in self.frame.columns if name != LINE]

    @property
    def values(self) -> list[str]:
        """The columns that were not the index."""
        return [name for name in self.columns if name not in self.index]


@dataclass(frozen=True)
class Reading:
    """What a layout understood: ``_line, symbol, ts`` and the fields present, in raw types.

    ``symbol`` is absent when the layout names none; ``rest`` names columns that were not used.
    """

    frame: pl.DataFrame
    mapped: tuple[str, ...]
    rest: tuple[str, ...] = ()


class Layout(Protocol):
    """One way to lay out bars."""

    name: str
    rank: int
    """Lower is asked first."""

    def recognises(self, table: Table) -> bool:
        """Say whether the table has this layout."""
        ...

    def read(self, table: Table) -> Reading:
        """Return the rows in long form."""
        ...


def table_of(x: object) -> Table:
    """Take in a polars or pandas frame or series, or a file.

    Raises
    ------
    UsageError
        Something else was given.
    ValidationError
        Two columns have the same name.
    """
    if isinstance(x, str | Path):
        from augury.data.layouts._files import read_file

        return read_file(Path(x))
    if isinstance(x, pl.DataFrame):
        return Table(numbered(x))
    if type(x).__module__.partition(".")[0] == "pandas" and hasattr(x, "index"):
        return _from_pandas(x)
    raise UsageError(f"bars come as a polars or pandas frame or as a path, not as {type(x).__name__}")


def numbered(frame: pl.DataFrame, offset: int = 1) -> pl.DataFrame:
    """Add the place of each row; the first one is ``offset``."""
    return frame.with_row_index(LINE, offset)


def refuse_doubled(names: list[str], origin: str) -> None:
    """Refuse columns of which two mean the same thing.

    Raises
    ------
    ValidationError
        Names them: which one is right cannot be guessed.
    """
    seen = [plain(name) for name in names]
    doubled = sorted({name for name in seen if name and seen.count(name) > 1})
    if doubled:
        raise ValidationError(
            f"{origin}: columns appear twice: {', '.join(doubled)}; which is right cannot be guessed (SCHEMA)",
            fix="keep one column of each name",
            code="SCHEMA",
        )


def _from_pandas(x: Any) -> Table:
    data = x.to_frame(name=x.name if x.name is not None else "close") if x.ndim == 1 else x
    columns: dict[str, pl.Series] = {}
    index: list[str] = []
    for level in range(data.index.nlevels):
        values = data.index.get_level_values(level)
        if values.dtype.kind in "iu" and data.index.nlevels == 1 and values.name is None:
            continue
        name = str(values.name) if values.name is not None else _unnamed(values, level)
        index.append(name)
        columns[name] = _series(values)
    labels = [column if isinstance(column, tuple) else (column,) for column in data.columns]
    names = ["|".join(str(part) for part in label) for label in labels]
    refuse_doubled([*index, *names], "frame")
    for position, name in enumerate(names):
        columns[name] = _series(data.iloc[:, position])
    levels = {
        name: tuple(str(part) for part in label) for name, label in zip(names, labels, strict=True) if len(label) > 1
    }
    return Table(numbered(pl.DataFrame(columns)), index=tuple(index), levels=levels)


def _unnamed(values: Any, level: int) -> str:
    return "date" if values.dtype.kind == "M" else f"level_{level}"


def _series(values: Any) -> pl.Series:
    """One pandas column through numpy: no Arrow package is needed; a pandas NaN is a missing value."""
    zone = getattr(values.dtype, "tz", None)
    if zone is not None:
        stamps = (values.dt if hasattr(values, "dt") else values).tz_convert("UTC").tz_localize(None)
        utc = pl.Series(stamps.to_numpy().astype("datetime64[us]")).dt.replace_time_zone("UTC")
        return utc.dt.convert_time_zone(_zone_name(zone))
    array = values.to_numpy()
    if array.dtype.kind == "M":
        return pl.Series(array.astype("datetime64[us]"))
    if array.dtype.kind == "f":
        return pl.Series(array).cast(pl.Float64).fill_nan(None)
    if array.dtype.kind in "iub":
        return pl.Series(array)
    return pl.Series([None if item is None or item != item else item for item in array.tolist()], strict=False)


def _zone_name(zone: Any) -> str:
    """The name polars knows a zone by; a fixed whole-hour offset is written the Etc/GMT way."""
    name = getattr(zone, "key", None) or getattr(zone, "zone", None)
    if isinstance(name, str):
        return name
    from datetime import datetime

    offset = zone.utcoffset(datetime(2000, 1, 1))
    hours = offset.total_seconds() / 3600 if offset is not None else 0.0
    if hours != int(hours):
        raise UsageError(f"time zone {zone} has no name: convert the index to a named zone first")
    return "UTC" if not hours else f"Etc/GMT{-int(hours):+d}"
