"""Window files: one row a window, checked whole when it is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from augury.core.atomic import replacing
from augury.core.bars import TIMESTAMP
from augury.core.errors import NotFound, UsageError, ValidationError
from augury.core.timeframe import Timeframe
from augury.core.typing import Floats
from augury.labels.windows.check import check_windows
from augury.labels.windows.extraction import WINDOW_SCHEMA, Windows
from augury.labels.windows.rules import PRICES, WINDOW_BARS, check_prices, short_history

FEATURES: Final = "features"
"""Column of the bars: a list of 105 lists ``[open, high, low, close]``."""
_REQUIRED: Final = ("window_id", "symbol", "start_ts", "end_ts", FEATURES)
_ARROW: Final = (".arrow", ".feather", ".ipc")


@dataclass(frozen=True)
class _Origin:
    """Facts of a whole file that travel as constant columns, in Parquet and Arrow alike."""

    timeframe: Timeframe | None
    max_offset: int


def write_windows(windows: Windows, path: Path) -> None:
    """Durably write windows as Parquet, or Arrow when the name ends in .arrow, .feather or .ipc.

    Parameters
    ----------
    windows : Windows
        Of 105 bars each.
    path : Path
        Replaced whole or not at all.

    Raises
    ------
    InsufficientHistory, ValidationError
        Windows of another length, or a bar that breaks a rule of prices.
    """
    if windows.prices.shape[1] != WINDOW_BARS:
        raise short_history(windows.prices.shape[1], who="window 0")
    check_prices(windows.prices)
    bars = pl.Series(FEATURES, windows.prices, dtype=pl.Array(pl.Float64, (WINDOW_BARS, len(PRICES))))
    table = windows.frame.with_columns(
        bars.cast(pl.List(pl.List(pl.Float64))),
        pl.lit(str(windows.timeframe) if windows.timeframe else None, pl.String).alias("timeframe"),
        pl.lit(windows.max_offset, pl.Int64).alias("max_offset"),
    )
    with replacing(path) as temporary:
        if path.suffix.lower() in _ARROW:
            table.write_ipc(temporary)
        else:
            table.write_parquet(temporary, compression="zstd", statistics=False)


def read_windows(path: Path) -> Windows:
    """Read a window file and refuse one that breaks a rule.

    Rows of more than 105 bars keep their last 105, and ``notes`` says so. Columns that may be absent
    are null; without ``max_offset`` the windows count as cut at fixed places.

    Parameters
    ----------
    path : Path
        Parquet or Arrow with ``window_id, symbol, start_ts, end_ts, features`` and any other column
        of ``WINDOW_SCHEMA``.

    Raises
    ------
    NotFound
        No such file.
    InsufficientHistory
        ``window 17 has 104 bars, needs 105 (insufficient_history need=105 have=104)``.
    ValidationError
        Every rule that is broken, each with the first window and how many there are.
    """
    table = _table(path)
    prices, notes = _prices(table, path)
    origin = _origin(table)
    present = [
        pl.col(name).cast(dtype) if name in table.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in WINDOW_SCHEMA.items()
    ]
    try:
        frame = _in_utc(table).select(present)
    except pl.exceptions.PolarsError as error:
        raise ValidationError(f"{path}: a column has the wrong type: {error} (SCHEMA)", code="SCHEMA") from error
    windows = Windows(prices, frame, origin.timeframe, origin.max_offset, notes)
    if findings := check_windows(windows):
        raise ValidationError(
            f"{path}: " + "; ".join(f"{finding.message} ({finding.code})" for finding in findings),
            findings=[finding.code for finding in findings],
        )
    return windows


def _table(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise NotFound(f"no window file {path}", fix="augury windows extract --bars FILE --out FILE")
    try:
        table = pl.read_ipc(path) if path.suffix.lower() in _ARROW else pl.read_parquet(path)
    except pl.exceptions.PolarsError as error:
        raise ValidationError(f"{path} is not a Parquet or Arrow file of windows: {error}") from error
    if missing := [name for name in _REQUIRED if name not in table.columns]:
        raise ValidationError(f"{path}: a window needs {', '.join(missing)} (found {table.columns}) (SCHEMA)")
    if table.is_empty():
        raise ValidationError(f"{path} holds no window (EMPTY)", code="EMPTY")
    return table


def _prices(table: pl.DataFrame, path: Path) -> tuple[Floats, tuple[str, ...]]:
    column = table[FEATURES]
    try:
        bars = column.cast(pl.List(pl.List(pl.Float64)))
    except pl.exceptions.PolarsError as error:
        raise ValidationError(f"{path}: {FEATURES} is {column.dtype}, needs lists of 105 lists of 4 numbers") from error
    lengths = bars.list.len()
    short = lengths.fill_null(0) < WINDOW_BARS
    if short.any():
        at = int(short.arg_max() or 0)
        raise short_history(int(lengths[at] or 0), who=f"window {at}")
    longer = int((lengths > WINDOW_BARS).sum())
    flat = bars.list.tail(WINDOW_BARS).explode()
    if not (flat.list.len() == len(PRICES)).all():
        at = int((flat.list.len() == len(PRICES)).fill_null(value=False).arg_min() or 0)
        raise ValidationError(f"{path}: window {at // WINDOW_BARS} bar {at % WINDOW_BARS} has not four prices (SHAPE)")
    # A null price becomes NaN here and is refused as not finite with its window and bar.
    prices = flat.explode().to_numpy().reshape(table.height, WINDOW_BARS, len(PRICES))
    notes = (f"{longer} windows have more than {WINDOW_BARS} bars: the last {WINDOW_BARS} are used",) if longer else ()
    return np.ascontiguousarray(prices, dtype=np.float64), notes


def _origin(table: pl.DataFrame) -> _Origin:
    def constant(name: str) -> Any:
        values = table[name].drop_nulls().unique().to_list() if name in table.columns else []
        if len(values) > 1:
            raise UsageError(f"{name} differs between the windows of one file (found {sorted(values)})")
        return values[0] if values else None

    timeframe = constant("timeframe")
    return _Origin(Timeframe.parse(timeframe) if timeframe else None, int(constant("max_offset") or 0))


def _in_utc(table: pl.DataFrame) -> pl.DataFrame:
    def placed(name: str) -> pl.Expr:
        dtype = table.schema[name]
        if dtype == pl.String:
            return pl.col(name).str.to_datetime(time_unit="us", time_zone="UTC")
        if isinstance(dtype, pl.Datetime) and dtype.time_zone is None:
            return pl.col(name).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        return pl.col(name).cast(TIMESTAMP)

    return table.with_columns(placed(name) for name in ("start_ts", "end_ts"))
