"""Are train and validation rows what they claim to be? All findings at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from augury.core.clock import iso
from augury.core.errors import LeakError
from augury.core.tables import FORWARD_RETURN, LABEL, LABEL_END, LabelledTable
from augury.core.timeframe import SESSIONS_PER_WEEK, Timeframe

_CLOSURE: Final = timedelta(days=4)
"""The longest usual closure of a market: a long weekend."""
_STALE_BARS: Final = 3
_DAYS_PER_SESSION: Final = 7 / SESSIONS_PER_WEEK


@dataclass(frozen=True, slots=True)
class IntegrityFinding:
    """One broken rule.

    Parameters
    ----------
    code : str
        ``TRAIN_AFTER_VALID``, ``LABEL_OVERLAP``, ``NAN_FEATURE``, ``NAN_LABEL``, ``DUPLICATE_TS``,
        ``UNSORTED``, ``FUTURE_BAR`` or ``STALE_LAST_BAR``.
    message : str
        What was found and where.
    rows : int
        How many rows break it.
    """

    code: str
    message: str
    rows: int


def validate_data_integrity(
    train: LabelledTable, valid: LabelledTable, *, now: datetime | None = None, raise_on_error: bool = False
) -> list[IntegrityFinding]:
    """Check a division of rows; each violation has its own code, and none hides another.

    Parameters
    ----------
    train, valid : LabelledTable
        The two sides.
    now : datetime, optional
        The present moment in UTC; without it nothing is said about the future or about age.
    raise_on_error : bool
        Raise instead of returning when anything was found.

    Returns
    -------
    list of IntegrityFinding
        Empty when the division is sound.

    Raises
    ------
    LeakError
        With every finding, when ``raise_on_error``.
    """
    findings = [*_order(train, valid), *_side("train", train), *_side("valid", valid)]
    if now is not None:
        findings += _age(train, valid, now)
    if findings and raise_on_error:
        raise LeakError("; ".join(f"{finding.code}: {finding.message}" for finding in findings), findings=findings)
    return findings


def _order(train: LabelledTable, valid: LabelledTable) -> Iterator[IntegrityFinding]:
    start = valid.frame["ts"].min()
    if not isinstance(start, datetime):
        return
    late = pl.col("ts") >= start
    if n := train.frame.filter(late).height:
        yield IntegrityFinding("TRAIN_AFTER_VALID", f"{n} train rows lie at or after {iso(start)}", n)
    if n := train.frame.filter(~late & (pl.col(LABEL_END) >= start)).height:
        yield IntegrityFinding("LABEL_OVERLAP", f"{n} train labels end at or after {iso(start)}", n)


def _side(side: str, table: LabelledTable) -> Iterator[IntegrityFinding]:
    frame = table.frame
    missing = {name: n for name in table.manifest.names if (n := _unknown(frame[name]))}
    if missing:
        worst = max(missing, key=lambda name: missing[name])
        rows = frame.filter(
            pl.any_horizontal(~pl.col(name).is_finite().fill_null(value=False) for name in missing)
        ).height
        yield IntegrityFinding(
            "NAN_FEATURE", f"{side}: {rows} rows lack one of {len(missing)} features, most often '{worst}'", rows
        )
    if n := frame.filter(pl.col(LABEL).is_null() | ~pl.col(FORWARD_RETURN).is_finite().fill_null(value=False)).height:
        yield IntegrityFinding("NAN_LABEL", f"{side}: {n} rows have no label", n)
    if n := frame.height - frame.select("symbol", "ts").n_unique():
        yield IntegrityFinding("DUPLICATE_TS", f"{side}: {n} rows repeat a (symbol, ts)", n)
    before = frame.select(pl.col("symbol", "ts").shift(1).name.prefix("before_"))
    back = (pl.col("symbol") < pl.col("before_symbol")) | (
        (pl.col("symbol") == pl.col("before_symbol")) & (pl.col("ts") < pl.col("before_ts"))
    )
    if n := frame.select("symbol", "ts").hstack(before).filter(back).height:
        yield IntegrityFinding("UNSORTED", f"{side}: {n} rows stand before their predecessor", n)


def _unknown(column: pl.Series) -> int:
    return len(column) - int(column.is_finite().sum())


def _age(train: LabelledTable, valid: LabelledTable, now: datetime) -> Iterator[IntegrityFinding]:
    seen = pl.concat([side.frame.select("ts", LABEL_END) for side in (train, valid)])
    moments = pl.concat([seen["ts"], seen[LABEL_END]]).drop_nulls()
    future = seen.filter((pl.col("ts") > now) | (pl.col(LABEL_END) > now)).height
    last = moments.max()
    if not isinstance(last, datetime):
        return
    if future:
        yield IntegrityFinding("FUTURE_BAR", f"{future} rows reach {iso(last)}, after now = {iso(now)}", future)
    limit = _CLOSURE + _STALE_BARS * _length(valid.spec.timeframe)
    if now - last > limit:
        yield IntegrityFinding("STALE_LAST_BAR", f"the last bar is {iso(last)}, {now - last} before now", 1)


def _length(timeframe: Timeframe) -> timedelta:
    if timeframe is Timeframe.W1:
        return timedelta(days=7)
    return timedelta(minutes=timeframe.minutes) if timeframe.minutes else timedelta(days=_DAYS_PER_SESSION)
