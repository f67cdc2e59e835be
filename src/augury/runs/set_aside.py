"""Importing what is good of a file, and keeping what is not beside the lake, with its reasons."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from augury.core.atomic import replacing
from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.errors import UsageError
from augury.core.hashing import sha256_file
from augury.core.timeframe import Timeframe
from augury.data.canonical.normalize import is_close_only, take_in
from augury.data.validation.quarantine import Quarantined, split, without_line
from augury.data.validation.validator import DataValidator


@dataclass(frozen=True)
class Parted:
    """The good bars of a file, what was mapped and set aside, and the parted rows."""

    bars: Bars
    mapped: tuple[str, ...]
    parted: Quarantined


def good_bars(
    path: Path,
    *,
    timeframe: Timeframe | None = None,
    tz: str | None = None,
    symbol: str | None = None,
    adjustment: str | None = None,
    calendar: str | None = None,
) -> Parted:
    """Read a file, set its bad bars aside, and return the others.

    Parameters
    ----------
    path : Path
        In any known layout.
    timeframe, tz, symbol, adjustment, calendar
        As for :func:`augury.data.canonical.normalize.normalize`.

    Raises
    ------
    ValidationError
        The file can not be read, or no symbol is left.
    UsageError
        The timeframe has to be given.
    """
    intake = take_in(path, timeframe=timeframe, tz=tz, symbol=symbol, calendar=calendar)
    if intake.timeframe is None:
        raise UsageError(
            f"{path}: the spacing of the bars is of no known timeframe ({', '.join(Timeframe)})",
            fix="augury data import FILE --timeframe d1",
        )
    result = DataValidator(calendar=calendar).judge(intake, str(path))
    parted = split(intake.frame, result)
    if parted.kept.is_empty():
        result.raise_if_invalid(str(path))
    frame = without_line(parted.kept)
    bars = Bars(
        frame.select(name for name in (*BAR_SCHEMA, "adj_close") if name in frame.columns),
        intake.timeframe,
        calendar=result.calendar or "XNYS",
        provider="file",
        adjustment=adjustment or "unknown",
        close_only=is_close_only(frame),
    )
    return Parted(bars, (*intake.mapped, *parted.notes), parted)


def write_set_aside(parted: Quarantined, origin: Path, folder: Path) -> Path | None:
    """Write the rows that were set aside as CSV: ``_line`` of the file, the values, and ``reason``.

    Parameters
    ----------
    parted : Quarantined
    origin : Path
        The imported file; its name and the hash of its bytes name the CSV, so that an import that is
        repeated writes the same file again.
    folder : Path
        Where set-aside rows are kept.

    Returns
    -------
    Path or None
        None when nothing was set aside.
    """
    if parted.set_aside.is_empty():
        return None
    target = folder / f"{origin.stem}.{sha256_file(origin)[:12]}.csv"
    with replacing(target) as temporary:
        parted.set_aside.with_columns(pl.col("ts").dt.strftime("%Y-%m-%dT%H:%M:%SZ")).write_csv(temporary)
    return target
