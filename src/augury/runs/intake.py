"""Bars into the lake: from a file or a source, checked before they are kept."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl

from augury.core.bars import Bars
from augury.core.clock import Clock, SystemClock
from augury.core.errors import AuguryError, NotFound, UnknownName
from augury.core.suggestion import did_you_mean
from augury.core.timeframe import Timeframe
from augury.data.calendar.availability import closed
from augury.data.calendar.resample import to_weekly
from augury.data.canonical.normalize import is_close_only, normalize
from augury.data.lake import Lake
from augury.data.sources import SOURCES, source_of
from augury.data.validation.validator import DataValidator, ValidationResult
from augury.records.lineage import Lineage
from augury.runs.provenance import from_file, from_source, remembered
from augury.runs.set_aside import good_bars, write_set_aside


@dataclass(frozen=True)
class Intake:
    """What an import did: the bars kept, what was mapped, what the checks found."""

    bars: Bars
    mapped: tuple[str, ...]
    checked: ValidationResult
    set_aside: Path | None = None
    """CSV of the rows that were set aside."""


def import_file(
    lake: Lake,
    path: Path,
    *,
    timeframe: str | None = None,
    symbol: str | None = None,
    tz: str | None = None,
    adjustment: str | None = None,
    calendar: str | None = None,
    symbols: Sequence[str] = (),
    dry_run: bool = False,
    quarantine: Path | None = None,
    lineage: Lineage | None = None,
) -> Intake:
    """Read a file in any known layout, check it, and replace its symbols in the lake.

    Parameters
    ----------
    lake : Lake
    path : Path
        CSV, Parquet, Arrow or feather.
    timeframe : str, optional
        Inferred from the spacing of bars when not given.
    symbol : str, optional
        Needed when the file names none.
    tz : str, optional
        Zone of naive intraday times.
    adjustment, calendar : str
    symbols : sequence of str
        Keep only these; empty keeps all.
    dry_run : bool
        Check and report, write nothing.
    quarantine : Path, optional
        Folder for bad bars: with it the good ones are kept. Without it one error refuses the file.
    lineage : Lineage, optional
        Where the import is written down.

    Raises
    ------
    NotFound
        No such file.
    UnknownName
        The file lacks one of ``symbols``.
    ValidationError
        The checks found errors; nothing was written.
    """
    if not path.is_file():
        raise NotFound(f"no such file: {path}", fix="augury data import FILE --timeframe d1")
    frame = Timeframe.parse(timeframe) if timeframe else None
    with _naming(path):
        if quarantine is None:
            normal = normalize(path, timeframe=frame, tz=tz, symbol=symbol, adjustment=adjustment, calendar=calendar)
            bars, mapped, parted = normal.bars, normal.mapped, None
        else:
            good = good_bars(path, timeframe=frame, tz=tz, symbol=symbol, adjustment=adjustment, calendar=calendar)
            bars, mapped, parted = good.bars, good.mapped, good.parted
        bars = _only(bars, symbols, path)
        checked = check(bars)
        checked.raise_if_invalid(str(path))
    apart = None
    if not dry_run:
        if parted is not None and quarantine is not None:
            apart = write_set_aside(parted, path, quarantine)
        with remembered(lineage, lake, bars, from_file(path), {"mapped": list(mapped)}):
            lake.write(bars)
    return Intake(bars, mapped, checked, apart)


def import_source(
    lake: Lake,
    provider: str,
    *,
    symbols: Sequence[str] = (),
    timeframe: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    dry_run: bool = False,
    clock: Clock | None = None,
    lineage: Lineage | None = None,
) -> Intake:
    """Take bars from a source, check them, and keep them in the lake.

    A whole history replaces what is stored; with ``start`` or ``end`` the bars are added to it, and a
    stored bar that differs is a conflict. A vendor's bar that is still forming is left out.

    Parameters
    ----------
    lake : Lake
    provider : str
        Name of a source, e.g. ``arch`` or ``yahoo``.
    symbols : sequence of str
        Empty is all of a bundled source; a vendor's must be named.
    timeframe : str, optional
        ``d1`` when not given.
    start, end : datetime, optional
        First and last ``ts``.
    dry_run : bool
        Check and report, write nothing.
    clock : Clock, optional
        Says which bars have closed.
    lineage : Lineage, optional
        Where the import is written down.

    Raises
    ------
    UnknownName, UsageError
        No such source, symbol or timeframe there.
    TemporaryError, NotFound
        The vendor does not answer, or has no such bars.
    ValidationError
        The checks found errors, or stored bars differ; nothing was written.
    """
    source = SOURCES.load(provider)
    frame = Timeframe.parse(timeframe) if timeframe else Timeframe.D1
    bars = source.load(list(symbols) or None, timeframe=frame, start=start, end=end)
    mapped: tuple[str, ...] = ()
    if not source.historical:
        known = closed(bars, (clock or SystemClock()).now())
        if forming := bars.frame.height - known.frame.height:
            mapped = (f"{forming} bars that are still forming were left out",)
        bars = known
    checked = check(bars)
    checked.raise_if_invalid(provider)
    if not dry_run:
        with remembered(lineage, lake, bars, from_source(bars, provider)):
            _ = lake.append(bars) if start or end else lake.write(bars)
    return Intake(bars, mapped, checked)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Write the file into the next command, so that it runs as pasted."""
    try:
        yield
    except AuguryError as error:
        error.fix = re.sub(r"\bFILE(?!\.)\b", lambda _: shlex.quote(str(path)), error.fix)
        raise


def _only(bars: Bars, symbols: Sequence[str], path: Path) -> Bars:
    for symbol in symbols:
        if symbol not in bars.symbols:
            hint = did_you_mean(symbol, bars.symbols)
            raise UnknownName(
                f"{path} has no '{symbol}'{hint} (it has: {', '.join(bars.symbols[:24])})",
                fix=f"augury data import FILE --symbols {bars.symbols[0]}",
                name=symbol,
            )
    return bars.with_frame(bars.frame.filter(bars.frame["symbol"].is_in(list(symbols)))) if symbols else bars


def check(bars: Bars) -> ValidationResult:
    """Run every check on bars, with their own calendar."""
    return DataValidator(calendar=bars.calendar).validate_frame(bars.frame)


def check_each(several: Sequence[Bars]) -> list[ValidationResult]:
    """Run every check on many series and return a result each, with the errors that :func:`check` finds in it alone.

    Most series are sound, and a check costs much the same for one as for a dozen: series that are alike are checked
    together, and one by one only where that finds an error.
    """
    found: dict[int, ValidationResult] = {}
    for places in _alike(several).values():
        frames = {several[at].frame["symbol"][0]: several[at].frame for at in places}
        if len(frames) == len(places) > 1:
            one = several[places[0]]
            together = check(one.with_frame(pl.concat([frames[name] for name in sorted(frames)])))
            if together.is_valid:
                found |= {at: _part(together, several[at]) for at in places}
                continue
        found |= {at: check(several[at]) for at in places}
    return [found[at] for at in range(len(several))]


def _alike(several: Sequence[Bars]) -> dict[tuple[object, ...], list[int]]:
    """Places of the series that the same rules hold for; an empty one stands alone."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for at, bars in enumerate(several):
        key = (bars.timeframe, bars.calendar, is_close_only(bars.frame), tuple(bars.frame.schema.items()))
        groups.setdefault(key if bars.frame.height else (at,), []).append(at)
    return groups


def _part(together: ValidationResult, bars: Bars) -> ValidationResult:
    """What a result of several sound series says of one of them."""
    symbol = bars.frame["symbol"][0]
    findings = tuple(one for one in together.findings if one.symbol == symbol)
    return replace(together, findings=findings, rows=bars.frame.height)


def bars_of(lake: Lake, symbol: str, timeframe: Timeframe) -> Bars:
    """Return a symbol's whole history, taking it from a bundled source or from daily bars when the lake lacks it.

    Parameters
    ----------
    lake : Lake
    symbol : str
    timeframe : Timeframe
        Weekly bars are made from daily ones when they were not imported themselves.

    Raises
    ------
    NotFound
        Neither the lake nor a bundled source has the symbol; the message names the import command.
    """
    if lake.has(symbol, timeframe):
        return lake.read([symbol], timeframe)
    if timeframe is Timeframe.W1 and (lake.has(symbol, Timeframe.D1) or source_of(symbol) is not None):
        return to_weekly(bars_of(lake, symbol, Timeframe.D1))
    source = source_of(symbol)
    if source is None or timeframe is not Timeframe.D1:
        raise NotFound(
            f"no {timeframe} bars for {symbol}: not in the lake {lake.root} and in no bundled source",
            fix=f"augury data import FILE --symbol {symbol} --timeframe {timeframe}",
            symbol=symbol,
            timeframe=str(timeframe),
        )
    bars = source.load([symbol])
    check(bars).raise_if_invalid(f"{symbol} {timeframe} from {source.name}")
    lake.write(bars)
    return lake.read([symbol], timeframe)
