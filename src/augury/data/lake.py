"""The lake: one Parquet file for each timeframe and symbol, replaced whole or not at all.

What is known about the bars (provider, calendar, adjustment, content hash …) travels inside the
file, so that data and facts can not disagree, and the hash is checked at every read. A file is
named by its percent-encoded symbol: ``d1/%5EGSPC.parquet``.
"""

from __future__ import annotations

import difflib
import fcntl
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

import polars as pl

from augury.core.atomic import replacing, storage_errors
from augury.core.bars import Bars, check_symbol
from augury.core.clock import iso
from augury.core.errors import AuguryError, CorruptStore, DataError, NotFound, StoreBusy, ValidationError
from augury.core.hashing import sha256_json
from augury.core.timeframe import Timeframe
from augury.data.sources import source_of

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


class Lake:
    """Bars at rest under one folder.

    Parameters
    ----------
    root : Path
        The folder; it is made by the first write.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from augury.data.synthetic import SyntheticMarket
    >>> lake, bars = Lake(Path(mkdtemp())), SyntheticMarket(n_symbols=2, n_bars=30).bars()
    >>> lake.write(bars) == lake.read(None, Timeframe.D1).data_version
    True
    >>> lake.append(bars), [entry.rows for entry in lake.entries()]
    (0, [30, 30])
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def write(self, bars: Bars) -> str:
        """Replace each symbol of the bars' timeframe, one file at a time.

        Returns
        -------
        str
            The data version: what :meth:`read` of the same symbols gives back.

        Raises
        ------
        ValidationError
            The bars are not sorted and unique on (symbol, ts).
        StorageFull, StoreBusy
            Nothing can be written now.
        """
        parts = _by_symbol(bars)
        with self._writing():
            for part in parts:
                self._put(part)
        return bars.data_version

    def append(self, bars: Bars, *, revise: bool = False) -> int:
        """Add the bars that are new; the same bars again change no byte.

        Parameters
        ----------
        bars : Bars
            Of the same provider, calendar and adjustment as what is stored.
        revise : bool
            Accept other values for bars that are already stored. Default False: refuse.

        Returns
        -------
        int
            Bars added or revised.

        Raises
        ------
        ValidationError
            A stored bar differs (CONFLICT) and ``revise`` is False; nothing is written.
        DataError
            The bars are of another kind than those stored.
        """
        parts = _by_symbol(bars)
        with self._writing():
            merged = [self._merged(part, revise) for part in parts]
            for part, changed in merged:
                if changed:
                    self._put(part)
        return sum(changed for _, changed in merged)

    def read(self, symbols: Sequence[str] | None, timeframe: Timeframe, last: int | None = None) -> Bars:
        """Return stored bars, their content hash checked.

        Parameters
        ----------
        symbols : sequence of str, optional
            None means all of the timeframe.
        timeframe : Timeframe
            Which length of bar.
        last : int, optional
            Only the newest so many bars of each symbol, at least 1.

        Raises
        ------
        NotFound
            Nothing is stored for a symbol; says what is, and the command that imports it.
        CorruptStore
            A file is damaged; names it and the command that imports it again.
        DataError
            The symbols are of different kinds and can not stand in one frame.
        """
        wanted = self._present(timeframe) if symbols is None else sorted({check_symbol(name) for name in symbols})
        missing = [name for name in wanted if not self.has(name, timeframe)]
        if missing or not wanted:
            raise self._absent(missing, timeframe)
        parts = [self._get(name, timeframe) for name in wanted]
        if last is not None:
            parts = [part.with_frame(part.frame.tail(last)) for part in parts]
        return _together(parts)

    def has(self, symbol: str, timeframe: Timeframe) -> bool:
        """Say whether bars of a symbol are stored."""
        return self._path(symbol, timeframe).is_file()

    def entries(self) -> list[LakeEntry]:
        """List what is stored, by timeframe and symbol; only the facts are read, not the bars."""
        found = [
            _entry(path, Timeframe(timeframe))
            for timeframe in Timeframe
            for path in (self.root / timeframe).glob("*.parquet")
        ]
        return sorted(found, key=lambda entry: (list(Timeframe).index(entry.timeframe), entry.symbol))

    def _path(self, symbol: str, timeframe: Timeframe) -> Path:
        return self.root / str(timeframe) / f"{quote(symbol, safe='')}.parquet"

    def _present(self, timeframe: Timeframe) -> list[str]:
        return [entry.symbol for entry in self.entries() if entry.timeframe is timeframe]

    def _absent(self, missing: Sequence[str], timeframe: Timeframe) -> NotFound:
        present = self._present(timeframe)
        listed = ", ".join(present[:12]) + (" …" if len(present) > 12 else "") if present else "none"
        near = difflib.get_close_matches(missing[0], present, n=1) if missing else []
        hint = f", did you mean '{near[0]}'?" if near else ""
        what = ", ".join(missing[:5]) or "any symbol"
        return NotFound(
            f"no {timeframe} bars stored for {what}{hint} (stored: {listed})",
            fix=_import(missing[0] if missing else "SYMBOL", timeframe),
            symbols=list(missing),
            timeframe=str(timeframe),
            present=present,
        )

    def _put(self, bars: Bars) -> None:
        symbol = bars.symbols[0]
        facts = _facts(bars)
        with replacing(self._path(symbol, bars.timeframe)) as temporary:
            bars.frame.rechunk().write_parquet(
                temporary, compression="zstd", compression_level=3, statistics=False, metadata={_KEY: facts}
            )

    def _get(self, symbol: str, timeframe: Timeframe) -> Bars:
        path = self._path(symbol, timeframe)
        entry = _entry(path, timeframe)
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

    def _merged(self, fresh: Bars, revise: bool) -> tuple[Bars, int]:
        symbol = fresh.symbols[0]
        if not self.has(symbol, fresh.timeframe):
            return fresh, fresh.frame.height
        stored = self._get(symbol, fresh.timeframe)
        _same_kind(stored, fresh)
        added = fresh.frame.join(stored.frame.select("ts"), on="ts", how="anti")
        known = fresh.frame.join(stored.frame.select("ts"), on="ts", how="semi").sort("ts")
        before = stored.frame.join(known.select("ts"), on="ts", how="semi").sort("ts")
        changed = known.filter(_differs(known, before))
        if changed.height and not revise:
            raise _conflict(symbol, fresh.timeframe, changed, before)
        if not added.height + changed.height:
            return stored, 0
        kept = stored.frame.join(changed.select("ts"), on="ts", how="anti")
        frame = pl.concat([kept, changed, added]).sort("ts")
        return stored.with_frame(frame), added.height + changed.height

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One writer at a time; a killed one leaves no lock behind."""
        with storage_errors(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            handle = (self.root / ".writing").open("w")
        with handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StoreBusy(
                    f"another process is writing the lake {self.root}; nothing was changed",
                    fix="the same command again in a moment",
                    path=str(self.root),
                ) from error
            yield


def _by_symbol(bars: Bars) -> list[Bars]:
    keys = bars.frame.select("symbol", "ts")
    if keys.is_empty() or sum(keys.null_count().row(0)):
        raise ValidationError("bars to store need at least one row, each with symbol and ts", code="EMPTY")
    if not keys.equals(keys.unique().sort("symbol", "ts")):
        raise ValidationError(
            "bars to store must be sorted and unique on (symbol, ts)", fix="augury data check FILE", code="UNSORTED"
        )
    parts = bars.frame.partition_by("symbol", maintain_order=True)
    for part in parts:
        check_symbol(str(part["symbol"][0]))
    return [bars.with_frame(part) for part in parts]


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


def _entry(path: Path, timeframe: Timeframe) -> LakeEntry:
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


def _damaged(path: Path, symbol: str, timeframe: Timeframe, reason: str) -> CorruptStore:
    return CorruptStore(
        f"stored bars {path} cannot be trusted: {reason.splitlines()[0] if reason else 'unreadable'}",
        fix=_import(symbol, timeframe),
        path=str(path),
        symbol=symbol,
    )


def _import(symbol: str, timeframe: Timeframe) -> str:
    source = source_of(symbol)
    if source is not None and timeframe is Timeframe.D1:
        return f"augury data import --provider {source.name} --symbols {symbol}"
    return f"augury data import FILE --symbol {symbol} --timeframe {timeframe}"


def _same_kind(stored: Bars, fresh: Bars) -> None:
    names = ("provider", "calendar", "adjustment", "synthetic", "close_only")
    pairs = {name: (getattr(stored, name), getattr(fresh, name)) for name in names}
    pairs["columns"] = (stored.frame.columns, fresh.frame.columns)
    for name, (was, now) in pairs.items():
        if was != now:
            raise DataError(
                f"{stored.symbols[0]} {stored.timeframe}: stored {name} is {was}, new is {now}; "
                "bars of two kinds are not stitched together, import the whole history instead",
                fix=_import(stored.symbols[0], stored.timeframe),
                differs=name,
            )


def _differs(left: pl.DataFrame, right: pl.DataFrame) -> pl.Series:
    different = pl.Series([False]).new_from_index(0, left.height)
    for name in left.columns[2:]:
        different = different | left[name].ne_missing(right[name])
    return different


def _conflict(symbol: str, timeframe: Timeframe, changed: pl.DataFrame, before: pl.DataFrame) -> ValidationError:
    moment = changed["ts"][0]
    was, now = before.filter(pl.col("ts") == moment)["close"][0], changed["close"][0]
    return ValidationError(
        f"{symbol} {timeframe}: {changed.height} stored bars differ from the new ones, first {iso(moment)} "
        f"(close {was} stored, {now} new) (CONFLICT); nothing was changed, "
        "an import of the whole history replaces them",
        fix=_import(symbol, timeframe),
        code="CONFLICT",
        symbol=symbol,
        first_ts=iso(moment),
        rows=changed.height,
    )


def _together(parts: Sequence[Bars]) -> Bars:
    first = parts[0]
    for name in ("calendar", "synthetic", "close_only"):
        other = next((part for part in parts if getattr(part, name) != getattr(first, name)), None)
        if other is not None:
            raise DataError(
                f"{first.symbols[0]} has {name} {getattr(first, name)}, {other.symbols[0]} has "
                f"{getattr(other, name)}: read them one after the other",
                differs=name,
            )
    adjustments = {part.adjustment for part in parts}
    frame = pl.concat([part.frame for part in parts], how="diagonal")
    return replace(
        first.with_frame(frame),
        provider="+".join(sorted({part.provider for part in parts})),
        adjustment=adjustments.pop() if len(adjustments) == 1 else "unknown",
    )
