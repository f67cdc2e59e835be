"""Reviews of windows: A, B and C keep one, D rejects it and puts its bars on the blacklist for good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from augury.core.bars import TIMESTAMP
from augury.core.errors import DataError
from augury.labels.windows.blacklist import Blacklist, moment
from augury.labels.windows.extraction import Windows
from augury.labels.windows.rules import INNER_FIRST, INNER_LAST

GRADES: Final = ("A", "B", "C", "D")
REJECT: Final = "D"
_SCHEMA: Final[dict[str, pl.DataType]] = {
    "window_id": pl.String(),
    "grade": pl.String(),
    "reason": pl.String(),
    "reviewer": pl.String(),
    "date": TIMESTAMP,
    "label": pl.String(),
    "expansion_start": pl.Int64(),
    "expansion_end": pl.Int64(),
}


@dataclass(frozen=True)
class Reviews:
    """What reviewers said about windows.

    Parameters
    ----------
    frame : pl.DataFrame
        ``window_id, grade, reason, reviewer, date``, and where a reviewer corrected them ``label,
        expansion_start, expansion_end``; null leaves what the window had.
    """

    frame: pl.DataFrame

    @classmethod
    def of(cls, rows: pl.DataFrame | Iterable[Mapping[str, Any]]) -> Reviews:
        """Read reviews; a row without a grade is a window nobody has looked at yet and is left out.

        Raises
        ------
        DataError
            A grade other than A to D, a rejection without a reason, a review without reviewer or date,
            or a corrected span outside the inner zone.

        Examples
        --------
        >>> rows = [{"window_id": "a", "grade": "d", "reason": "bad feed", "reviewer": "kim", "date": "2024-05-01"}]
        >>> Reviews.of(rows).frame.select("grade", "reason").row(0)
        ('D', 'bad feed')
        """
        given = rows.to_dicts() if isinstance(rows, pl.DataFrame) else list(rows)
        graded = [_checked(row) for row in given if str(row.get("grade") or "").strip()]
        return cls(pl.DataFrame(graded, schema=_SCHEMA, orient="row"))

    def __len__(self) -> int:
        return self.frame.height

    def latest(self) -> pl.DataFrame:
        """Return the newest review of each window.

        Raises
        ------
        DataError
            Two grades of one window at one moment: which of them counts can not be said.
        """
        ordered = self.frame.unique(maintain_order=True).sort("window_id", "date", maintain_order=True)
        newest = ordered.filter(pl.col("date") == pl.col("date").max().over("window_id"))
        clash = newest.filter(pl.col("window_id").is_duplicated())
        if clash.height:
            first, second = clash.row(0, named=True), clash.row(1, named=True)
            raise DataError(
                f"window {first['window_id']} was reviewed twice at {first['date']:%Y-%m-%d %H:%M}: "
                f"{first['grade']} by {first['reviewer']}, {second['grade']} by {second['reviewer']}"
            )
        return newest


@dataclass(frozen=True)
class Reviewed:
    """Windows after their review.

    Parameters
    ----------
    kept : Windows
        Graded A, B or C, labels and spans corrected; and those not reviewed yet.
    rejected : Blacklist
        Bars of the windows graded D, with reason, reviewer and date: give it to the next extraction.
    pending : int
        Windows nobody has graded.
    """

    kept: Windows
    rejected: Blacklist
    pending: int


def apply_reviews(windows: Windows, reviews: Reviews) -> Reviewed:
    """Keep and correct what reviewers kept, reject what they rejected.

    Parameters
    ----------
    windows : Windows
        The batch that was reviewed.
    reviews : Reviews
        The newest review of a window counts.

    Raises
    ------
    DataError
        A review of a window that is not in the batch, or a rejected window whose rows are not known.
    """
    latest = reviews.latest()
    strangers = latest.filter(~pl.col("window_id").is_in(windows.frame["window_id"].implode()))
    if strangers.height:
        raise DataError(
            f"{strangers.height} reviews are of windows that are not in this batch, first {strangers['window_id'][0]}"
        )
    said = windows.frame.join(latest, on="window_id", how="left", maintain_order="left", suffix="_said")
    rejected = (said["grade"] == REJECT).fill_null(value=False)
    kept = windows.take(~rejected.to_numpy().astype(np.bool_))
    corrections = [
        pl.coalesce(f"{name}_said", name).alias(name) for name in ("label", "expansion_start", "expansion_end")
    ]
    frame = said.filter(~rejected).with_columns(corrections).select(windows.frame.columns)
    kept = Windows(kept.prices, frame, kept.timeframe, kept.max_offset, kept.notes)
    return Reviewed(kept, _blacklist(said.filter(rejected)), said["grade"].null_count())


def review_sheet(windows: Windows) -> pl.DataFrame:
    """Return one row a window to be filled in: what it is, and empty ``grade, reason, reviewer, date``."""
    known = windows.frame.select(
        "window_id", "symbol", "start_ts", "end_ts", "label", "expansion_start", "expansion_end"
    )
    return known.with_columns(pl.lit(None, pl.String).alias(name) for name in ("grade", "reason", "reviewer", "date"))


def _blacklist(rejected: pl.DataFrame) -> Blacklist:
    if rejected["raw_start_idx"].null_count():
        raise DataError("a rejected window has no raw_start_idx: which bars to leave out can not be said")
    return Blacklist.of(
        rejected.select("symbol", "raw_start_idx", "raw_end_idx", "reason", "date", "start_ts", "end_ts", "reviewer")
    )


def _checked(row: Mapping[str, Any]) -> list[Any]:
    values = {name: str(row.get(name) or "").strip() or None for name in ("window_id", "reason", "reviewer", "label")}
    where = f"review of window {values['window_id'] or '?'}"
    grade = str(row["grade"]).strip().upper()
    if grade not in GRADES:
        raise DataError(f"{where}: grade '{row['grade']}' is unknown (known: {', '.join(GRADES)})")
    date = moment(row.get("date"), f"{where}: date")
    missing = [name for name in ("window_id", "reviewer") if values[name] is None] + ([] if date else ["date"])
    if grade == REJECT and values["reason"] is None:
        missing.append("reason (a rejection needs one)")
    if missing:
        raise DataError(f"{where}: {', '.join(missing)} must be given")
    span = [_bar(row.get(name), f"{where}: {name}") for name in ("expansion_start", "expansion_end")]
    if span != [None, None] and not (None not in span and INNER_FIRST <= span[0] < span[1] <= INNER_LAST):
        raise DataError(f"{where}: span {span[0]}..{span[1]} must lie in {INNER_FIRST}..{INNER_LAST}, start before end")
    return [values["window_id"], grade, values["reason"], values["reviewer"], date, values["label"], *span]


def _bar(value: object, what: str) -> Any:
    if value in (None, ""):
        return None
    try:
        return int(str(value))
    except ValueError as error:
        raise DataError(f"{what} '{value}' is not a bar of the window") from error
