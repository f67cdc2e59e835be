"""Frames and series of pandas, which is never imported: only what a caller hands over is read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl

from augury.core.errors import UsageError
from augury.data.layouts._table import Table, numbered, refuse_doubled


def is_pandas(x: object) -> bool:
    """Say whether ``x`` is a pandas frame or series, without importing pandas."""
    return type(x).__module__.partition(".")[0] == "pandas" and hasattr(x, "index")


def read_pandas(x: Any) -> Table:
    """Take in a pandas frame or series; a named or dated index becomes columns.

    Parameters
    ----------
    x : pandas.DataFrame or pandas.Series
        A series without a name counts as closes.

    Raises
    ------
    ValidationError
        Two columns have the same name.
    UsageError
        The index is in a zone that has no name.
    """
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
    offset = zone.utcoffset(datetime(2000, 1, 1))
    hours = offset.total_seconds() / 3600 if offset is not None else 0.0
    if hours != int(hours):
        raise UsageError(f"time zone {zone} has no name: convert the index to a named zone first")
    return "UTC" if not hours else f"Etc/GMT{-int(hours):+d}"
