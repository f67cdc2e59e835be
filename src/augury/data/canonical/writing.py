"""Bars into a file: CSV, Parquet, Arrow or feather, whole or not at all."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Final

import polars as pl

from augury.core.atomic import replacing
from augury.core.bars import Bars
from augury.core.errors import UsageError
from augury.core.suggestion import did_you_mean


def write(bars: Bars | pl.DataFrame, path: str | Path) -> Path:
    """Write bars so that :func:`augury.data.canonical.normalize.normalize` reads the same frame again.

    The suffix chooses the format; the same bars give the same bytes. A crash leaves the old file or the
    new one. Only rows are written: timeframe, calendar and adjustment are the caller's to remember, or the
    lake's.

    Parameters
    ----------
    bars : Bars or canonical pl.DataFrame
        One row a bar.
    path : str or Path
        ``.csv``, ``.csv.gz``, ``.parquet``, ``.arrow``, ``.ipc`` or ``.feather``.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    UsageError
        A suffix that names no format.
    StorageFull
        The disk is full or the folder may not be written.

    Examples
    --------
    >>> import tempfile
    >>> from augury.data.demo import load_demo
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = write(load_demo(), Path(folder) / "bars.parquet")
    ...     written.name, pl.read_parquet(written).equals(load_demo())
    ('bars.parquet', True)
    """
    path = Path(path)
    suffix = "".join(path.suffixes[-2:]).lower()
    suffix = suffix if suffix in _FORMATS else path.suffix.lower()
    if suffix not in _FORMATS:
        hint = did_you_mean(suffix, _FORMATS)
        raise UsageError(f"{path.name}: '{suffix}' names no format{hint} (known: {', '.join(_FORMATS)})")
    with replacing(path) as temporary:
        _FORMATS[suffix](bars.frame if isinstance(bars, Bars) else bars, temporary)
    return path


def _csv(frame: pl.DataFrame, path: Path) -> None:
    path.write_bytes(_as_csv(frame))


def _csv_gz(frame: pl.DataFrame, path: Path) -> None:
    # mtime=0: the same bars give the same bytes.
    path.write_bytes(gzip.compress(_as_csv(frame), mtime=0))


def _as_csv(frame: pl.DataFrame) -> bytes:
    """Days as ``2018-01-02``, moments as ``2018-01-02T14:30:00Z``; numbers in full."""
    daily = "ts" in frame.columns and bool((frame["ts"] == frame["ts"].dt.truncate("1d")).all())
    form = "%Y-%m-%d" if daily else "%Y-%m-%dT%H:%M:%SZ"
    shown = frame.with_columns(pl.col("ts").dt.to_string(form)) if "ts" in frame.columns else frame
    return shown.write_csv().encode()


def _parquet(frame: pl.DataFrame, path: Path) -> None:
    frame.write_parquet(path, compression="zstd")


def _arrow(frame: pl.DataFrame, path: Path) -> None:
    frame.write_ipc(path, compression="zstd")


_FORMATS: Final[dict[str, Callable[[pl.DataFrame, Path], None]]] = {
    ".csv": _csv,
    ".csv.gz": _csv_gz,
    ".parquet": _parquet,
    ".arrow": _arrow,
    ".ipc": _arrow,
    ".feather": _arrow,
}
