"""Ranges of bars that a reviewer rejected: no window of a later batch may overlap one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import polars as pl

from augury.core.atomic import write_text
from augury.core.bars import TIMESTAMP
from augury.core.clock import iso
from augury.core.errors import DataError, NotFound
from augury.core.typing import Bools, Ints

_SCHEMA: Final[dict[str, pl.DataType]] = {
    "symbol": pl.String(),
    "raw_start_idx": pl.Int64(),
    "raw_end_idx": pl.Int64(),
    "reason": pl.String(),
    "date": TIMESTAMP,
    "start_ts": TIMESTAMP,
    "end_ts": TIMESTAMP,
    "reviewer": pl.String(),
}
_NEEDED: Final = ("symbol", "raw_start_idx", "raw_end_idx", "reason", "date")
_MOMENTS: Final = ("date", "start_ts", "end_ts")


@dataclass(frozen=True)
class Blacklist:
    """Rejected ranges of bars.

    Parameters
    ----------
    frame : pl.DataFrame
        ``symbol, raw_start_idx, raw_end_idx`` (row numbers among the symbol's bars, both ends
        rejected), ``reason, date``, and where known ``start_ts, end_ts, reviewer``. Where times are
        known they decide: row numbers move when older bars are added in front, times do not.

    Examples
    --------
    >>> rejected = Blacklist.of([("SPY", 100, 204, "bad feed", "2024-05-01")])
    >>> rejected.hits("SPY", np.array([0, 150, 205]), np.array([99, 254, 309])).tolist()
    [False, True, False]
    """

    frame: pl.DataFrame

    @classmethod
    def of(cls, ranges: BlacklistLike) -> Blacklist:
        """Read ranges from another blacklist, a frame, or a sequence of tuples or mappings.

        Raises
        ------
        DataError
            A range without symbol, rows, reason or date, or one that ends before it starts.
        """
        if isinstance(ranges, Blacklist):
            return ranges
        rows = ranges.to_dicts() if isinstance(ranges, pl.DataFrame) else [_mapping(row) for row in ranges or ()]
        return cls(pl.DataFrame([_checked(row, at) for at, row in enumerate(rows)], schema=_SCHEMA, orient="row"))

    def __len__(self) -> int:
        return self.frame.height

    def with_ranges(self, more: BlacklistLike) -> Blacklist:
        """Return these ranges and more; nothing is ever taken off the list."""
        both = pl.concat([self.frame, Blacklist.of(more).frame])
        return Blacklist(both.unique(maintain_order=True))

    def hits(
        self,
        symbol: str,
        first: Ints,
        last: Ints,
        times: tuple[Ints, Ints] | None = None,
    ) -> Bools:
        """Say which windows of a symbol share a bar with a rejected range.

        Parameters
        ----------
        symbol : str
            Whose windows they are.
        first, last : array of int, shape (n,)
            Row numbers of the first and last bar of each window.
        times : pair of array of int, optional
            The same as µs since 1970; used for ranges whose times are known.
        """
        out = np.zeros(len(first), dtype=np.bool_)
        for row in self.frame.filter(pl.col("symbol") == symbol).iter_rows(named=True):
            if times is not None and row["start_ts"] is not None and row["end_ts"] is not None:
                out |= (times[0] <= _micros(row["end_ts"])) & (times[1] >= _micros(row["start_ts"]))
            else:
                out |= (first <= row["raw_end_idx"]) & (last >= row["raw_start_idx"])
        return out

    def write(self, path: Path) -> None:
        """Durably write as a JSON list, one object a range."""
        rows = [
            {name: iso(value) if isinstance(value, datetime) else value for name, value in row.items()}
            for row in self.frame.iter_rows(named=True)
        ]
        write_text(path, json.dumps(rows, indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def read(cls, path: Path) -> Blacklist:
        """Read what :meth:`write` wrote, or a CSV with the same columns.

        Raises
        ------
        NotFound
            No such file.
        DataError
            Not such a list, or a range that is not complete.
        """
        if not path.is_file():
            raise NotFound(f"no blacklist {path}")
        if path.suffix.lower() == ".csv":
            return cls.of(pl.read_csv(path, infer_schema=False))
        try:
            rows = json.loads(path.read_text())
        except ValueError as error:
            raise DataError(f"{path} is not a JSON list of ranges: {error}") from error
        if not isinstance(rows, list):
            raise DataError(f"{path} holds {type(rows).__name__}, not a list of ranges")
        return cls.of(rows)


BlacklistLike: TypeAlias = Blacklist | pl.DataFrame | Sequence[Sequence[Any] | Mapping[str, Any]] | None


def _mapping(row: object) -> Mapping[str, Any]:
    if isinstance(row, Mapping):
        return row
    if isinstance(row, Sequence) and not isinstance(row, str) and len(row) == len(_NEEDED):
        return dict(zip(_NEEDED, row, strict=True))
    raise DataError(f"a blacklisted range is ({', '.join(_NEEDED)}), found {row!r}")


def _checked(row: Mapping[str, Any], at: int) -> list[Any]:
    missing = [name for name in _NEEDED if row.get(name) in (None, "")]
    if missing:
        raise DataError(
            f"blacklisted range {at}: {', '.join(missing)} must be given: a rejection has a reason and a date"
        )
    values: dict[str, Any] = {name: row.get(name) or None for name in ("symbol", "reason", "reviewer")}
    values |= {name: moment(row.get(name), f"blacklisted range {at}: {name}") for name in _MOMENTS}
    try:
        values |= {name: int(row[name]) for name in ("raw_start_idx", "raw_end_idx")}
    except ValueError as error:
        raise DataError(f"blacklisted range {at}: row numbers must be whole numbers ({error})") from error
    first, last = values["raw_start_idx"], values["raw_end_idx"]
    if not 0 <= first <= last:
        raise DataError(f"blacklisted range {at}: rows {first}..{last} are no range: 0 <= start <= end")
    return [values[name] for name in _SCHEMA]


def moment(value: object, what: str) -> datetime | None:
    """Read a moment from a datetime, a date or ISO 8601 text; times without a zone are UTC.

    Raises
    ------
    DataError
        Something else, naming what it was.

    Examples
    --------
    >>> moment("2024-05-01", "date").isoformat()
    '2024-05-01T00:00:00+00:00'
    """
    if value in (None, ""):
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise DataError(f"{what} '{value}' is not an ISO 8601 time") from error
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if not isinstance(value, datetime):
        raise DataError(f"{what} {value!r} is not a time")
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)


def _micros(value: datetime) -> int:
    return (value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
