"""The lake: one Parquet file for each timeframe and symbol, replaced whole or not at all.

A file is named by its percent-encoded symbol: ``d1/%5EGSPC.parquet``.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from augury.core.atomic import storage_errors
from augury.core.bars import Bars, check_symbol
from augury.core.errors import NotFound, StoreBusy, ValidationError
from augury.core.suggestion import did_you_mean
from augury.core.timeframe import Timeframe
from augury.data.lake_file import LakeEntry, file_of, read_bars, read_entry, write_file
from augury.data.sources import import_command
from augury.data.stitching import extended, together


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
        return together(parts)

    def has(self, symbol: str, timeframe: Timeframe) -> bool:
        """Say whether bars of a symbol are stored."""
        return file_of(self.root, symbol, timeframe).is_file()

    def entries(self) -> list[LakeEntry]:
        """List what is stored, by timeframe and symbol; only the facts are read, not the bars."""
        found = [
            read_entry(path, Timeframe(timeframe))
            for timeframe in Timeframe
            for path in (self.root / timeframe).glob("*.parquet")
        ]
        return sorted(found, key=lambda entry: (list(Timeframe).index(entry.timeframe), entry.symbol))

    def _present(self, timeframe: Timeframe) -> list[str]:
        return [entry.symbol for entry in self.entries() if entry.timeframe is timeframe]

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

    def _put(self, bars: Bars) -> None:
        write_file(file_of(self.root, bars.symbols[0], bars.timeframe), bars)

    def _get(self, symbol: str, timeframe: Timeframe) -> Bars:
        return read_bars(file_of(self.root, symbol, timeframe), symbol, timeframe)

    def _merged(self, fresh: Bars, revise: bool) -> tuple[Bars, int]:
        symbol = fresh.symbols[0]
        if not self.has(symbol, fresh.timeframe):
            return fresh, fresh.frame.height
        return extended(self._get(symbol, fresh.timeframe), fresh, revise=revise)

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
                    fix="augury data list",
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
