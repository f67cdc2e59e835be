"""Files of the lake: the bars of one symbol in a few Parquet files, and what is known about them.

``d1/SPY.parquet`` holds the bars of the newest period and the facts of the whole symbol (provider, calendar,
adjustment, content hash …); the periods before it are sealed in ``d1/SPY/2010-01-<hash>.parquet`` and named, each
with its hash, among the facts. A new bar so touches one file. The facts travel inside the file, so that data
and facts can not disagree; they carry a seal, and every file that is read is checked.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from io import BytesIO
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

import numpy as np
import polars as pl

from augury.core.bars import Bars
from augury.core.clock import iso
from augury.core.errors import AuguryError, CorruptStore
from augury.core.hashing import sha256_bytes, sha256_frame, sha256_json
from augury.core.timeframe import Timeframe
from augury.data.sources import import_command

FORMAT: Final = 2
OLDER: Final = 1
"""The format of one file a symbol: read as it is, brought up to date by the next write of the symbol."""
MONTHS: Final = {Timeframe.M1: 1, Timeframe.M5: 3, Timeframe.M15: 12, Timeframe.H1: 12}
"""Months that one file spans, ten years where not named: some thousand bars, quick to rewrite and few to read."""

_TEN_YEARS: Final = 120
_KEY: Final = "augury"
DAMAGE: Final = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError, KeyError, TypeError)
"""What reading a damaged file may raise."""


@dataclass(frozen=True, slots=True)
class LakeEntry:
    """One stored symbol of one timeframe; ``data_version`` is the content hash of its bars."""

    symbol: str
    timeframe: Timeframe
    rows: int
    first: datetime
    last: datetime
    provider: str
    synthetic: bool
    close_only: bool
    data_version: str
    path: Path | str
    calendar: str = "XNYS"
    adjustment: str = "unknown"


@dataclass(frozen=True, slots=True)
class Part:
    """A sealed period: its file, and the hash of that file's bytes."""

    file: str
    rows: int
    sha256: str

    @classmethod
    def of(cls, folder: str, period: str, content: bytes, rows: int) -> Part:
        """Name a sealed period by its content: a file of that name never changes."""
        digest = sha256_bytes(content)
        return cls(f"{folder}/{period}-{digest[:12]}.parquet", rows, digest)

    @property
    def period(self) -> str:
        """The period it spans, e.g. ``2010-01``."""
        return self.file.rsplit("/", 1)[-1].rpartition("-")[0]


@dataclass(frozen=True, slots=True)
class Head:
    """What the newest file of a symbol says: its entry, the sealed periods, the hash of the bars beside it."""

    entry: LakeEntry
    parts: tuple[Part, ...] = ()
    newest: str | None = None

    @property
    def newest_rows(self) -> int:
        """Bars in the newest file."""
        return self.entry.rows - sum(part.rows for part in self.parts)

    def needed(self, last: int | None) -> tuple[Part, ...]:
        """The sealed periods that hold the newest ``last`` bars, the oldest first; all when None."""
        if last is None:
            return self.parts
        rows, first = self.newest_rows, len(self.parts)
        while rows < last and first:
            first -= 1
            rows += self.parts[first].rows
        return self.parts[first:]


def file_of(symbol: str, timeframe: Timeframe) -> str:
    """Name the newest file of a symbol, percent-encoded so that every symbol is a file name.

    Examples
    --------
    >>> file_of("^GSPC", Timeframe.D1)
    'd1/%5EGSPC.parquet'
    """
    return f"{timeframe}/{quote(symbol, safe='')}.parquet"


def symbol_of(file: str) -> str:
    """Read the symbol back from the name of its newest file.

    Examples
    --------
    >>> symbol_of("d1/%5EGSPC.parquet")
    '^GSPC'
    """
    return unquote(file.rsplit("/", 1)[-1].removesuffix(".parquet"))


def sealed_folder(symbol: str, timeframe: Timeframe) -> str:
    """Name the folder of a symbol's sealed periods."""
    return file_of(symbol, timeframe).removesuffix(".parquet")


def files_of(
    bars: Bars, *, kept: Sequence[Part] = (), touched: pl.Series | None = None
) -> tuple[list[Part], dict[str, bytes]]:
    """Turn the whole history of one symbol into files.

    Parameters
    ----------
    bars : Bars
        Of one symbol.
    kept : sequence of Part
        Periods that are already sealed.
    touched : pl.Series, optional
        Opens of the bars that may differ from what is sealed; None means all of them.

    Returns
    -------
    (list of Part, dict)
        The sealed periods, and the content of every file that is not already there, the newest one last.
    """
    symbol, frame = str(bars.frame["symbol"][0]), bars.frame
    periods = _periods(frame["ts"], bars.timeframe)
    starts = [0, *(np.flatnonzero(periods[1:] != periods[:-1]) + 1).tolist(), frame.height]
    sealed = {} if touched is None else {part.period: part for part in kept}
    for period in () if touched is None else np.unique(_periods(touched, bars.timeframe)).astype(str):
        sealed.pop(period, None)
    parts, files = [], {}
    for start, stop in pairwise(starts[:-1]):
        part = sealed.get(str(periods[start]))
        if part is None:
            content = _parquet(frame.slice(start, stop - start))
            part = Part.of(sealed_folder(symbol, bars.timeframe), str(periods[start]), content, stop - start)
            if part not in kept:
                files[part.file] = content
        parts.append(part)
    newest = frame.slice(starts[-2])
    facts = _facts(bars, symbol, parts, sha256_frame(newest))
    return parts, files | {file_of(symbol, bars.timeframe): _parquet(newest, facts)}


def read_head(source: Path | bytes, file: str, timeframe: Timeframe, path: Path | str) -> Head:
    """Read the facts of a symbol's newest file, not its bars.

    Raises
    ------
    CorruptStore
        The facts are missing, changed, or of another version of Augury.
    """
    try:
        facts = json.loads(pl.read_parquet_metadata(BytesIO(source) if isinstance(source, bytes) else source)[_KEY])
        if facts.pop("seal") != sha256_json(facts):
            raise ValueError("its facts were changed")
        if facts.pop("format") not in (FORMAT, OLDER):
            raise ValueError("it was written by another version of Augury")
        moments = {name: datetime.fromisoformat(facts[name]) for name in ("first", "last")}
        parts = tuple(Part(**part) for part in facts.pop("parts", ()))
        newest = facts.pop("newest", None)
        return Head(LakeEntry(**facts | moments, timeframe=timeframe, path=path), parts, newest)
    except DAMAGE as error:
        raise damaged(path, symbol_of(file), timeframe, str(error)) from error


def read_frames(contents: Sequence[bytes], rows: Sequence[int]) -> list[pl.DataFrame]:
    """Read many files at once: for small ones that takes a third of the time of one after the other.

    Raises
    ------
    ValueError, pl.exceptions.PolarsError
        One of them cannot be read, or holds another number of rows than it should.
    """
    whole = pl.read_parquet(list(contents)) if contents else pl.DataFrame()
    if whole.height != sum(rows):
        raise ValueError(f"{whole.height} rows, should be {sum(rows)}")
    offsets = accumulate(rows, initial=0)
    return [whole.slice(offset, count) for offset, count in zip(offsets, rows, strict=False)]


def assembled(head: Head, frames: Sequence[pl.DataFrame], symbol: str, *, whole: bool) -> Bars:
    """Put the frames of a symbol, the newest last, into bars, and check them against the facts.

    Raises
    ------
    CorruptStore
        It is damaged; names the file and the command that imports it again.
    """
    entry = head.entry
    try:
        bars = Bars(
            pl.concat(frames) if len(frames) > 1 else frames[0],
            entry.timeframe,
            calendar=entry.calendar,
            provider=entry.provider,
            adjustment=entry.adjustment,
            synthetic=entry.synthetic,
            close_only=entry.close_only,
        )
        good = sha256_frame(frames[-1]) == head.newest if head.newest else bars.data_version == entry.data_version
    except (*DAMAGE, AuguryError) as error:
        raise damaged(entry.path, symbol, entry.timeframe, str(error)) from error
    if not good or entry.symbol != symbol or (whole and bars.frame.height != entry.rows):
        raise damaged(entry.path, symbol, entry.timeframe, "its content is not what its facts say")
    return bars


def damaged(path: Path | str, symbol: str, timeframe: Timeframe, reason: str) -> CorruptStore:
    """Name a file that cannot be trusted, and the command that imports it again."""
    return CorruptStore(
        f"stored bars {path} cannot be trusted: {reason.splitlines()[0] if reason else 'unreadable'}",
        fix=import_command(symbol, timeframe),
        path=str(path),
        symbol=symbol,
    )


def _parquet(frame: pl.DataFrame, facts: str | None = None) -> bytes:
    stream = BytesIO()
    frame.rechunk().write_parquet(
        stream,
        compression="zstd",
        compression_level=3,
        statistics=False,
        metadata=None if facts is None else {_KEY: facts},
    )
    return stream.getvalue()


def _periods(ts: pl.Series, timeframe: Timeframe) -> np.ndarray[tuple[int, ...], np.dtype[np.datetime64]]:
    """First month of the period of each bar."""
    span = MONTHS.get(timeframe, _TEN_YEARS)
    months = ts.to_numpy().astype("datetime64[M]").astype(np.int64)
    # Counted from the year 0, so that ten years are a decade.
    months += 1970 * 12
    return (months // span * span - 1970 * 12).astype("datetime64[M]")


def _facts(bars: Bars, symbol: str, parts: Sequence[Part], newest: str) -> str:
    ts = bars.frame["ts"]
    facts = {
        "format": FORMAT,
        "symbol": symbol,
        "rows": bars.frame.height,
        "first": iso(ts[0]),
        "last": iso(ts[-1]),
        "provider": bars.provider,
        "calendar": bars.calendar,
        "adjustment": bars.adjustment,
        "synthetic": bars.synthetic,
        "close_only": bars.close_only,
        "data_version": bars.data_version,
        "parts": [asdict(part) for part in parts],
        "newest": newest,
    }
    return json.dumps(facts | {"seal": sha256_json(facts)}, sort_keys=True)
