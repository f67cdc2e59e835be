"""Transforms that learn from a fold's fit slice, and the one door through which they learn.

    hmm = fit_on("hidden_regimes", bars.frame, split.train.frame["ts"])     # sees rows of the fit slice only
    beside = stand_beside(bars.frame, hmm)                                  # every bar, never looking ahead
    table = build(bars, "regime", beside=beside)

What was learned is frozen and is stored as JSON with the version. A transform of the catalogue is one
file in ``features/transforms``; generated tests hold each to the rules: it is fitted on rows of the fit
slice alone, other rows change nothing it learned, its value at a bar does not change when bars follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol, Self

import polars as pl

from augury.core.catalog import Catalog
from augury.core.clock import iso
from augury.core.errors import InsufficientHistory, UsageError
from augury.core.typing import Json

BAR: Final = "bar"
"""Column of the rows a fit is given: the number of the bar in its symbol's history, to know neighbours by."""
_INDEX: Final = ("symbol", "ts", BAR)


class FittedTransform(Protocol):
    """What one fit learned; frozen.

    ``fit`` may take settings as keyword arguments with defaults.
    """

    @classmethod
    def fit(cls, rows: pl.DataFrame) -> Self:
        """Learn from rows of the fit slice: ``symbol, ts, bar`` and the columns of the frame."""
        ...

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return ``symbol, ts`` and the transformed columns for every row; looks back only, nulls stay null."""
        ...

    def to_json(self) -> Json:
        """Write as a JSON object."""
        ...

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote."""
        ...


TRANSFORMS: Final[Catalog[Any]] = Catalog("transform", ("augury.features.transforms",), "TRANSFORM")


@dataclass(frozen=True)
class Fitted:
    """A transform, and which rows it learned from.

    Parameters
    ----------
    kind : str
        Its name in the catalogue.
    first, last : datetime
        ``ts`` of the first and the last row of the fit slice.
    rows : int
        How many rows it learned from.
    learned : FittedTransform
        What it learned.
    """

    kind: str
    first: datetime
    last: datetime
    rows: int
    learned: FittedTransform

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return ``symbol, ts`` and the transformed columns for every row."""
        return self.learned.transform(frame)

    def to_json(self) -> Json:
        """Write as a JSON object."""
        slice_ = {"first": iso(self.first), "last": iso(self.last), "rows": self.rows}
        return {"kind": self.kind, "fit_slice": slice_, "learned": self.learned.to_json()}

    @classmethod
    def from_json(cls, value: Json) -> Fitted:
        """Read what :meth:`to_json` wrote."""
        first, last = (datetime.fromisoformat(value["fit_slice"][end]) for end in ("first", "last"))
        learned = TRANSFORMS.load(value["kind"]).from_json(value["learned"])
        return cls(value["kind"], first, last, value["fit_slice"]["rows"], learned)


def fit_on(kind: str, frame: pl.DataFrame, dates: pl.Series, **settings: Any) -> Fitted:
    """Fit a transform on the rows of some dates; it is shown no others.

    Parameters
    ----------
    kind : str
        A name of ``TRANSFORMS``.
    frame : pl.DataFrame
        ``symbol, ts`` and what the transform reads; sorted. It may hold every row there is.
    dates : pl.Series
        The ``ts`` of the fit slice, e.g. ``split.train.frame["ts"]``; holes are allowed.
    **settings : object
        Passed to the transform's ``fit``.

    Raises
    ------
    UnknownName
        No such transform.
    InsufficientHistory
        No row of the frame lies in the fit slice, or too few for the transform.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> frame = SyntheticMarket(n_symbols=2, n_bars=100).bars().frame
    >>> scaler = fit_on("scaler", frame, frame["ts"].unique().sort()[:60], columns=("close",))
    >>> scaler.rows, scaler.transform(frame).columns
    (120, ['symbol', 'ts', 'close'])
    """
    transform = TRANSFORMS.load(kind)
    numbered = frame.with_columns(pl.int_range(pl.len()).over("symbol").alias(BAR))
    rows = numbered.filter(pl.col("ts").is_in(dates.unique().to_list()))
    first, last = rows["ts"].min(), rows["ts"].max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        raise InsufficientHistory(f"none of {frame.height} rows lies in the fit slice of {dates.len()} dates")
    return Fitted(kind, first, last, rows.height, transform.fit(rows, **settings))


def stand_beside(frame: pl.DataFrame, *transforms: Fitted) -> pl.DataFrame:
    """Return the columns of some transforms by symbol and ts, as ``build`` takes them beside the bars.

    Parameters
    ----------
    frame : pl.DataFrame
        What the transforms read, every row of it.
    *transforms : Fitted
        Each with columns of its own.
    """
    parts = [one.transform(frame).drop("symbol", "ts") for one in transforms]
    return frame.select("symbol", "ts").hstack([column for part in parts for column in part.get_columns()])


def measured(frame: pl.DataFrame, columns: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the columns to work on: those asked for, else every float column.

    Raises
    ------
    UsageError
        A column that is not there, or none at all.
    """
    found = columns or tuple(name for name, kind in frame.schema.items() if kind.is_float() and name not in _INDEX)
    if not found or (lacking := [name for name in found if name not in frame.columns]):
        raise UsageError(f"columns {lacking if found else 'of numbers'} are not in the frame, found {frame.columns}")
    return tuple(found)


def quantiles_of(column: pl.Series, shares: tuple[float, ...]) -> tuple[float, ...]:
    """Return quantiles of a column's known values, linear between order statistics.

    Raises
    ------
    UsageError
        There is no known value.
    """
    known = column.cast(pl.Float64).fill_nan(None).drop_nulls()
    if known.is_empty():
        raise UsageError(f"'{column.name}' has no value on the fit slice: drop it")
    return tuple(float(known.quantile(share, interpolation="linear")) for share in shares)  # type: ignore[arg-type]
