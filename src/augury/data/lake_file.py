"""One file of the lake: the bars of one symbol, and what is known about them, in one Parquet file.

The facts (provider, calendar, adjustment, content hash …) travel inside the file, so that data and
facts can not disagree; they carry a seal, and the hash of the bars is checked at every read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

import polars as pl

from augury.core.atomic import replacing
from augury.core.bars import Bars
from augury.core.clock import iso
from augury.core.errors import AuguryError, CorruptStore
from augury.core.hashing import sha256_json
from augury.core.timeframe import Timeframe
from augury.data.sources import import_command

FORMAT: Final = 1
_KEY: Final = "augury"
_DAMAGE: Final = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError, KeyError, TypeError)


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
    path: Path
    calendar: str = "XNYS"
    adjustment: str = "unknown"


def file_of(root: Path, symbol: str, timeframe: Timeframe) -> Path:
    """Name the file of a symbol, percent-encoded so that every symbol is a file name.

    Examples
    --------
    >>> file_of(Path("lake"), "^GSPC", Timeframe.D1).as_posix()
    'lake/d1/%5EGSPC.parquet'
    """
    return root / str(timeframe) / f"{quote(symbol, safe='')}.parquet"


def write_file(path: Path, bars: Bars) -> None:
    """Replace a file whole or not at all.

    Parameters
    ----------
    path : Path
    bars : Bars
        Of one symbol.

    Raises
    ------
    StorageFull, StoreBusy
        It can not be written now; the old file stands.
    """
    facts = _facts(bars)
    with replacing(path) as temporary:
        bars.frame.rechunk().write_parquet(
            temporary, compression="zstd", compression_level=3, statistics=False, metadata={_KEY: facts}
        )


def read_entry(path: Path, timeframe: Timeframe) -> LakeEntry:
    """Read the facts of a file, not its bars.

    Raises
    ------
    CorruptStore
        The facts are missing, changed, or of another version of Augury.
    """
    try:
        facts = json.loads(pl.read_parquet_metadata(path)[_KEY])
        if facts.pop("seal") != sha256_json(facts):
            raise ValueError("its facts were changed")
        if facts.pop("format") != FORMAT:
            raise ValueError("it was written by another version of Augury")
        moments = {name: datetime.fromisoformat(facts[name]) for name in ("first", "last")}
        return LakeEntry(**facts | moments, timeframe=timeframe, path=path)
    except _DAMAGE as error:
        raise _damaged(path, unquote(path.stem), timeframe, str(error)) from error


def read_bars(path: Path, symbol: str, timeframe: Timeframe) -> Bars:
    """Read a file, the content hash of its bars checked.

    Parameters
    ----------
    path : Path
        What :func:`file_of` named.
    symbol : str
        Whose bars they must be.
    timeframe : Timeframe
        Length of the bars.

    Raises
    ------
    CorruptStore
        It is damaged; names it and the command that imports it again.
    """
    entry = read_entry(path, timeframe)
    try:
        frame = pl.read_parquet(path, memory_map=False)
        bars = Bars(
            frame,
            timeframe,
            calendar=entry.calendar,
            provider=entry.provider,
            adjustment=entry.adjustment,
            synthetic=entry.synthetic,
            close_only=entry.close_only,
        )
        version = bars.data_version
    except (*_DAMAGE, AuguryError) as error:
        raise _damaged(path, symbol, timeframe, str(error)) from error
    if version != entry.data_version or entry.symbol != symbol:
        raise _damaged(path, symbol, timeframe, "its content is not what its facts say")
    return bars


def _facts(bars: Bars) -> str:
    ts = bars.frame["ts"]
    facts = {
        "format": FORMAT,
        "symbol": bars.symbols[0],
        "rows": bars.frame.height,
        "first": iso(ts[0]),
        "last": iso(ts[-1]),
        "provider": bars.provider,
        "calendar": bars.calendar,
        "adjustment": bars.adjustment,
        "synthetic": bars.synthetic,
        "close_only": bars.close_only,
        "data_version": bars.data_version,
    }
    return json.dumps(facts | {"seal": sha256_json(facts)}, sort_keys=True)


def _damaged(path: Path, symbol: str, timeframe: Timeframe, reason: str) -> CorruptStore:
    return CorruptStore(
        f"stored bars {path} cannot be trusted: {reason.splitlines()[0] if reason else 'unreadable'}",
        fix=import_command(symbol, timeframe),
        path=str(path),
        symbol=symbol,
    )
