"""The lake: bars at rest, a few Parquet files for each timeframe and symbol, in any place.

Its files are described in :mod:`augury.data.lake.files`, its places in :mod:`augury.data.lake.root`. The bars of
a symbol are replaced whole or not at all: sealed periods are written first under names of their own, then
the newest file, which names them. A reader sees the old bars or the new ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from augury.core.bars import Bars, check_symbol
from augury.core.errors import NotFound, ValidationError
from augury.core.hashing import sha256_bytes
from augury.core.suggestion import did_you_mean
from augury.core.timeframe import Timeframe
from augury.data.lake.files import (
    DAMAGE,
    Head,
    LakeEntry,
    Part,
    assembled,
    damaged,
    file_of,
    files_of,
    read_frames,
    read_head,
    symbol_of,
)
from augury.data.lake.root import open_root
from augury.data.lake.stitching import extended, together
from augury.data.sources import import_command

_TRIES: Final = 3
"""A sealed file may be replaced between reading its name and reading it; then everything is read again."""


class Lake:
    """Bars at rest in one place.

    Parameters
    ----------
    root : Path or str
        A folder, which is made by the first write, or a URL that fsspec understands
        (``s3://bucket/lake``, ``memory://lake``, ``file:///data/lake``).

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

    def __init__(self, root: Path | str) -> None:
        self._root = open_root(root)
        self.root: Path | str = self._root.place()

    def write(self, bars: Bars) -> str:
        """Replace each symbol of the bars' timeframe, each whole or not at all.

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
        with self._root.writing():
            self._put([(part, (), None) for part in parts])
        return bars.data_version

    def append(self, bars: Bars, *, revise: bool = False) -> int:
        """Add the bars that are new; the same bars again change no byte.

        A new bar rewrites one file of its symbol, the newest. The rest of the symbol is read, because the
        data version is the hash of all its bars.

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
        fresh = {str(part.frame["symbol"][0]): part for part in _by_symbol(bars)}
        with self._root.writing():
            stored = self._get(list(fresh), bars.timeframe, None)
            changed, pending = 0, []
            for symbol, part in fresh.items():
                head, old = stored.get(symbol, (None, None))
                whole, count = (part, part.frame.height) if old is None else extended(old, part, revise=revise)
                changed += count
                if count:
                    pending.append((whole, head.parts if head else (), part.frame["ts"]))
            self._put(pending)
        return changed

    def read(self, symbols: Sequence[str] | None, timeframe: Timeframe, last: int | None = None) -> Bars:
        """Return stored bars, the content hash of every file that is read checked.

        Parameters
        ----------
        symbols : sequence of str, optional
            None means all of the timeframe.
        timeframe : Timeframe
            Which length of bar.
        last : int, optional
            Only the newest so many bars of each symbol, at least 1; older files are then not opened.

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
        found = self._get(wanted, timeframe, last)
        missing = [name for name in wanted if name not in found]
        if missing or not wanted:
            raise self._absent(missing, timeframe)
        parts = [found[name][1] for name in wanted]
        if last is not None:
            parts = [part.with_frame(part.frame.tail(last)) for part in parts]
        return together(parts)

    def has(self, symbol: str, timeframe: Timeframe) -> bool:
        """Say whether bars of a symbol are stored."""
        return self._root.footers([file_of(symbol, timeframe)]) != [None]

    def entries(self) -> list[LakeEntry]:
        """List what is stored, by timeframe and symbol; only the facts are read, not the bars."""
        found = []
        for timeframe in Timeframe:
            names = self._root.names(str(timeframe))
            sources = zip(names, self._root.footers(names), strict=True)
            heads = [self._head(name, source, timeframe) for name, source in sources if source is not None]
            found += sorted((head.entry for head in heads), key=lambda entry: entry.symbol)
        return found

    def _head(self, name: str, source: Path | bytes, timeframe: Timeframe) -> Head:
        return read_head(source, name, timeframe, self._root.place(name))

    def _present(self, timeframe: Timeframe) -> list[str]:
        return sorted(symbol_of(name) for name in self._root.names(str(timeframe)))

    def _absent(self, missing: Sequence[str], timeframe: Timeframe) -> NotFound:
        present = self._present(timeframe)
        listed = ", ".join(present[:12]) + (" …" if len(present) > 12 else "") if present else "none"
        hint = did_you_mean(missing[0], present) if missing else ""
        what = ", ".join(missing[:5]) or "any symbol"
        return NotFound(
            f"no {timeframe} bars stored for {what}{hint} (stored: {listed})",
            fix=import_command(missing[0] if missing else "SYMBOL", timeframe),
            symbols=list(missing),
            timeframe=str(timeframe),
            present=present,
        )

    def _get(self, symbols: Sequence[str], timeframe: Timeframe, last: int | None) -> dict[str, tuple[Head, Bars]]:
        """Read the symbols that are stored, each with its facts."""
        for _ in range(_TRIES):
            names = [file_of(symbol, timeframe) for symbol in symbols]
            newest = {
                symbol: (self._head(name, content, timeframe), content)
                for symbol, name, content in zip(symbols, names, self._root.read(names), strict=True)
                if content is not None
            }
            needed = [part for head, _ in newest.values() for part in head.needed(last)]
            contents = self._root.read([part.file for part in needed])
            if None not in contents:
                sealed = {part.file: content for part, content in zip(needed, contents, strict=True) if content}
                return self._assembled(newest, sealed, last)
        lost = needed[contents.index(None)]
        raise damaged(self._root.place(lost.file), symbol_of(lost.file.rsplit("/", 1)[0]), timeframe, "it is gone")

    def _assembled(
        self, newest: dict[str, tuple[Head, bytes]], sealed: dict[str, bytes], last: int | None
    ) -> dict[str, tuple[Head, Bars]]:
        todo = []
        for symbol, (head, content) in newest.items():
            parts = head.needed(last)
            for part in parts:
                self._verify(part, sealed[part.file], head.entry)
            blobs = [*(sealed[part.file] for part in parts), content]
            todo.append((symbol, head, blobs, [*(part.rows for part in parts), head.newest_rows]))
        frames = _frames(todo)
        return {
            symbol: (head, assembled(head, pieces, symbol, whole=len(blobs) == len(head.parts) + 1))
            for (symbol, head, blobs, _), pieces in zip(todo, frames, strict=True)
        }

    def _verify(self, part: Part, content: bytes, entry: LakeEntry) -> None:
        if sha256_bytes(content) != part.sha256:
            path = self._root.place(part.file)
            raise damaged(path, entry.symbol, entry.timeframe, "its content is not what the facts of its symbol say")

    def _put(self, pending: Sequence[tuple[Bars, Sequence[Part], pl.Series | None]]) -> None:
        """Write symbols, each with the periods that are sealed already and the bars that may differ from them."""
        sealed: dict[str, bytes] = {}
        newest: dict[str, bytes] = {}
        named: dict[str, set[str]] = {}
        for bars, kept, touched in pending:
            parts, files = files_of(bars, kept=kept, touched=touched)
            *fresh, (name, content) = files.items()
            sealed |= dict(fresh)
            newest[name] = content
            if fresh or touched is None:
                named[name.removesuffix(".parquet")] = {part.file for part in parts}
        self._root.put(sealed)
        self._root.put(newest)
        for folder, used in named.items():
            self._root.remove(name for name in self._root.names(folder) if name not in used)


_Todo = tuple[str, Head, list[bytes], list[int]]


def _frames(todo: Sequence[_Todo]) -> list[list[pl.DataFrame]]:
    """Read the files of many symbols at once; when one cannot be read, one after the other to name it."""
    blobs = [blob for _, _, contents, _ in todo for blob in contents]
    rows = [count for _, _, _, counts in todo for count in counts]
    try:
        frames = iter(read_frames(blobs, rows))
        return [[next(frames) for _ in contents] for _, _, contents, _ in todo]
    except DAMAGE:
        return [_frames_of(one) for one in todo]


def _frames_of(one: _Todo) -> list[pl.DataFrame]:
    symbol, head, blobs, rows = one
    try:
        return [frame for blob, count in zip(blobs, rows, strict=True) for frame in read_frames([blob], [count])]
    except DAMAGE as error:
        raise damaged(head.entry.path, symbol, head.entry.timeframe, str(error)) from error


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
