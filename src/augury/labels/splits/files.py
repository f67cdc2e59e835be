"""Split files: which rows train and which are scored, written once and checked at every use."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from augury.core.atomic import write_text
from augury.core.clock import iso
from augury.core.errors import DataError, LeakError, NotFound
from augury.core.hashing import canonical_json, sha256_frame
from augury.core.tables import LABEL_END, LabelledTable
from augury.core.typing import Bools, Ints, Json
from augury.labels.splits.strategies import splitter
from augury.labels.windows import Windows

FORMAT: Final = 1
UNNAMED: Final = "unnamed"
"""Strategy of an old file that does not say how it was made; its rows are checked like any other."""
_BOTH_SIDES: Final = "combinatorial_purged"
_SIDES: Final[dict[str, tuple[str, ...]]] = {
    "train": ("train", "train_idx", "train_indices"),
    "valid": ("valid", "valid_idx", "val_idx", "validation_idx", "val_indices", "valid_indices"),
    "test": ("test", "test_idx", "test_indices"),
}


@dataclass(frozen=True)
class Fold:
    """Row numbers of one division.

    Parameters
    ----------
    train, test : array of int
        What a model learns from, and what scores it.
    valid : array of int
        For early stopping and choices; may be empty.
    """

    train: Ints
    test: Ints
    valid: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))


@dataclass(frozen=True)
class SplitFile:
    """A division of one table, and which table it divides.

    Parameters
    ----------
    strategy : str
        A name :func:`augury.labels.splitter` knows, or ``unnamed`` in an old file.
    folds : tuple of Fold
        One or more divisions.
    data_hash : str
        Hash of keys and outcome times of the table, by :func:`rows_hash`; empty in an old file.
    n_rows : int
        Rows of the table; 0 when an old file does not say.
    settings : mapping
        What the strategy was called with, for the record.
    """

    strategy: str
    folds: tuple[Fold, ...]
    data_hash: str = ""
    n_rows: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)

    def check(self, data: LabelledTable | Windows) -> None:
        """Refuse a split that is not of these rows, or lets a train label reach the scored time.

        Parameters
        ----------
        data : LabelledTable or Windows
            What is divided; the outcome of a window is its last bar.

        Raises
        ------
        DataError
            Other rows than those that were divided, or rows that are not there.
        LeakError
            A row on two sides, or ``label_end(train) < test start`` does not hold.
        """
        keys = _keys(data)
        if self.data_hash and self.data_hash != (found := rows_hash(data)):
            raise DataError(
                f"the split divides data {self.data_hash[:12]} of {self.n_rows} rows, "
                f"this is {found[:12]} of {keys.height}: row numbers mean other rows"
            )
        unknown = keys["ends"].is_null().to_numpy()
        # A scored row whose outcome is not known yet reaches no further than its own start.
        reached = keys.with_columns(pl.coalesce("ends", "begins").alias("ends"))
        starts, ends = (reached[name].to_physical().to_numpy() for name in ("begins", "ends"))
        for at, fold in enumerate(self.folds):
            _check_rows(fold, at, keys.height)
            for name, earlier, later in (("train", fold.train, fold.valid), ("train", fold.train, fold.test),
                                         ("valid", fold.valid, fold.test)):  # fmt: skip
                if unknown[earlier].any():
                    raise LeakError(f"fold {at}: {int(unknown[earlier].sum())} {name} rows have no outcome yet")
                both_sides = self.strategy == _BOTH_SIDES
                if len(earlier) and len(later):
                    _check_apart(f"fold {at} {name}", starts, ends, earlier, later, both_sides)


def split_of(
    data: LabelledTable | Windows,
    strategy: str,
    folds: Iterable[tuple[Ints, Ints]],
    settings: Mapping[str, Any] | None = None,
) -> SplitFile:
    """Describe a division so that it can be written, and check it.

    Parameters
    ----------
    data : LabelledTable or Windows
        What was divided.
    strategy : str
        How; a refused name raises.
    folds : iterable of (train, test)
        Row numbers.
    settings : mapping, optional
        What the strategy was called with, for the record.

    Raises
    ------
    LeakError
        A refused strategy, or a fold that leaks.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> from augury.labels.windows import extract_windows
    >>> from augury.labels.windows.folds import forward_folds
    >>> windows = extract_windows(SyntheticMarket(n_symbols=1, n_bars=1000).bars())
    >>> len(split_of(windows, "forward_windows", forward_folds(windows)).folds)
    5
    """
    splitter(strategy)
    found = SplitFile(
        strategy, tuple(Fold(train, test) for train, test in folds), rows_hash(data), _keys(data).height, settings or {}
    )
    found.check(data)
    return found


def rows_hash(data: LabelledTable | Windows) -> str:
    """Hash of symbol, start and outcome time of every row in order (64 hex): what row numbers refer to."""
    return sha256_frame(_keys(data))


def write_split(split: SplitFile, path: Path) -> None:
    """Durably write a split as JSON; row numbers as half-open ranges ``[first, behind the last]``."""
    value = {
        "format": FORMAT,
        "strategy": split.strategy,
        "data_hash": split.data_hash,
        "n_rows": split.n_rows,
        "settings": dict(split.settings),
        "folds": [{side: _ranges(getattr(fold, side)) for side in _SIDES} for fold in split.folds],
    }
    write_text(path, canonical_json(value) + "\n")


def read_split(path: Path) -> SplitFile:
    """Read a split file, also an old one with ``train_idx``, ``val_idx``, ``test_idx``.

    An old file may hold one division or a list of them, under ``folds`` or ``splits`` or bare. Check it
    against its table before use: an old file does not say which rows it divides.

    Raises
    ------
    NotFound
        No such file.
    LeakError
        The strategy is random, shuffle, stratified or KFold in any spelling, or ``shuffle`` is on.
    DataError
        Not JSON, or row numbers are missing.
    """
    if not path.is_file():
        raise NotFound(f"no split file {path}")
    try:
        value = json.loads(path.read_text())
    except ValueError as error:
        raise DataError(f"{path} is not JSON: {error}") from error
    facts: Json = value if isinstance(value, dict) else {}
    entries = value if isinstance(value, list) else facts.get("folds", facts.get("splits", [facts]))
    strategy = str(next((facts[name] for name in ("strategy", "split_strategy", "method") if facts.get(name)), UNNAMED))
    if strategy != UNNAMED:
        splitter(strategy)
    if facts.get("shuffle"):
        splitter("shuffle")
    if not isinstance(entries, list) or not entries:
        raise DataError(f"{path} holds no fold")
    folds = tuple(_fold(entry, f"{path} fold {at}") for at, entry in enumerate(entries))
    settings = facts.get("settings") or {}
    return SplitFile(strategy, folds, str(facts.get("data_hash") or ""), int(facts.get("n_rows") or 0), settings)


def _keys(data: LabelledTable | Windows) -> pl.DataFrame:
    if isinstance(data, Windows):
        return data.frame.select("symbol", pl.col("start_ts").alias("begins"), pl.col("end_ts").alias("ends"))
    return data.frame.select("symbol", pl.col("ts").alias("begins"), pl.col(LABEL_END).alias("ends"))


def _fold(entry: object, where: str) -> Fold:
    if not isinstance(entry, dict):
        raise DataError(f"{where} is {type(entry).__name__}, not an object with train and test rows")
    found = {
        side: _rows(next((entry[name] for name in names if name in entry), []), f"{where} {side}")
        for side, names in _SIDES.items()
    }
    if not len(found["test"]) and len(found["valid"]):
        # Of two sides the second scores, whatever it was called.
        found = {"train": found["train"], "test": found["valid"], "valid": found["test"]}
    if not len(found["train"]) or not len(found["test"]):
        raise DataError(f"{where} needs train and test rows (found {sorted(entry)})")
    return Fold(found["train"], found["test"], found["valid"])


def _rows(value: object, where: str) -> Ints:
    if not isinstance(value, list):
        raise DataError(f"{where} is {type(value).__name__}, not a list of row numbers")
    pairs = [item if isinstance(item, list) and len(item) == 2 else [item] for item in value]
    if any(isinstance(end, bool) or not isinstance(end, int) or end < 0 for pair in pairs for end in pair):
        raise DataError(f"{where} holds something that is no row number")
    parts = [np.arange(*item) if isinstance(item, list) else np.array([item]) for item in value]
    return np.concatenate([np.empty(0, dtype=np.int64), *parts]).astype(np.int64)


def _ranges(rows: Ints) -> list[list[int]]:
    ordered = np.sort(rows)
    breaks = np.flatnonzero(np.diff(ordered) != 1) + 1
    return [[int(part[0]), int(part[-1]) + 1] for part in np.split(ordered, breaks) if len(part)]


def _check_rows(fold: Fold, at: int, height: int) -> None:
    everything = np.concatenate([fold.train, fold.valid, fold.test])
    if len(everything) and (everything.min() < 0 or everything.max() >= height):
        raise DataError(f"fold {at} names row {int(everything.max())}, the table has {height} rows")
    if n := len(everything) - len(np.unique(everything)):
        raise LeakError(f"fold {at} names {n} rows twice: a row stands on one side only")


def _check_apart(what: str, starts: Ints, ends: Ints, earlier: Ints, later: Ints, both_sides: bool) -> None:
    first = int(starts[later].min())
    bad = ends[earlier] >= first
    if both_sides:
        bad &= _touches(starts[earlier], ends[earlier], starts[later], ends[later])
    if bad.any():
        row = int(earlier[int(np.argmax(bad))])
        raise LeakError(
            f"{what}: {int(bad.sum())} labels reach the scored time, first row {row} that ends "
            f"{_moment(int(ends[row]))} while scoring starts {_moment(first)}: label_end(train) < test start",
            rows=int(bad.sum()),
        )


def _touches(starts: Ints, ends: Ints, test_starts: Ints, test_ends: Ints) -> Bools:
    """Does a row's time from start to outcome share a moment with that of any scored row?"""
    order = np.argsort(test_starts, kind="stable")
    begins, reach = test_starts[order], np.maximum.accumulate(test_ends[order])
    before = np.searchsorted(begins, ends, side="right") - 1
    touching: Bools = (before >= 0) & (reach[np.maximum(before, 0)] >= starts)
    return touching


def _moment(micros: int) -> str:
    value = pl.Series([micros]).cast(pl.Datetime("us", "UTC"))[0]
    return iso(value) if isinstance(value, datetime) else str(micros)
