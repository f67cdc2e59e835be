"""Frames and series of pandas, which is never imported: only what a caller hands over is read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl

from augury.core.errors import UsageError
from augury.data.layouts._dialect import UNDECLARED, Dialect
from augury.data.layouts._doubled import settle_doubled, unique_names
from augury.data.layouts._names import TIME_NAMES, plain
from augury.data.layouts._table import Table, numbered


def is_pandas(x: object) -> bool:
    """Say whether ``x`` is a pandas frame or series, without importing pandas."""
    return type(x).__module__.partition(".")[0] == "pandas" and hasattr(x, "index")


def read_pandas(x: Any, dialect: Dialect = UNDECLARED) -> Table:
    """Take in a pandas frame or series; a named or dated index becomes columns.

    Parameters
    ----------
    x : pandas.DataFrame or pandas.Series
        A series without a name counts as closes.
    dialect : Dialect
        How text in it is written.

    Raises
    ------
    ValidationError
        Two columns have the same name and differ.
    UsageError
        The index is in a zone that has no name.
    """
    data = x.to_frame(name=x.name if x.name is not None else "close") if x.ndim == 1 else x
    written: list[str] = []
    series: list[pl.Series] = []
    for level in range(data.index.nlevels):
        values = data.index.get_level_values(level)
        if values.dtype.kind in "iu" and data.index.nlevels == 1 and values.name is None:
            continue
        written.append(str(values.name) if values.name is not None else _unnamed(values, level))
        series.append(_series(values))
    n_index = len(written)
    labels = [_parts(column) for column in data.columns]
    written += ["|".join(label) for label in labels]
    series += [_series(data.iloc[:, position]) for position in range(len(labels))]
    names = unique_names(written)
    columns = dict(zip(names, series, strict=True))
    levels = {name: label for name, label in zip(names[n_index:], labels, strict=True) if len(label) > 1}
    # After reset_index the time stands among columns of two levels, with an empty second label.
    times = [name for name in names[n_index:] if levels and name not in levels and plain(name) in TIME_NAMES]
    index = (*names[:n_index], *times)
    return settle_doubled(Table(numbered(pl.DataFrame(columns)), index=index, levels=levels, dialect=dialect), written)


def _parts(column: Any) -> tuple[str, ...]:
    if not isinstance(column, tuple):
        return (str(column),)
    parts = tuple(str(part) for part in column)
    return tuple(part for part in parts if part) or parts[:1]


def _unnamed(values: Any, level: int) -> str:
    return "date" if values.dtype.kind == "M" else f"level_{level}"


def _series(values: Any) -> pl.Series:
    """One pandas column through numpy: no Arrow package is needed; a pandas NaN is a missing value."""
    zone = getattr(values.dtype, "tz", None)
    if zone is not None:
        stamps = values.array.tz_convert("UTC").tz_localize(None)
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
