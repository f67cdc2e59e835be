"""Rows that train and rows that score must not overlap in time."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from augury.core.bars import Bars
from augury.core.clock import iso
from augury.core.tables import LABEL_END
from augury.proof.audit.kinds import OVERLAP, SHUFFLE
from augury.proof.audit.report import Leak
from augury.proof.audit.stage import KEYS, SCORED, TRAIN, Division, checked

_NEEDED = ("fold", "side", *KEYS, LABEL_END)


def broken_folds(division: Division, bars: Bars) -> tuple[list[Leak], set[str], int]:
    """Divide a history and look at every fold.

    Returns
    -------
    leaks : list of Leak
        One a fold in which the label of a train row ends at or after the first scored row.
    folds : set of str
        Every fold there is.
    rows : int
        How many rows were looked at.
    """
    frame = checked(division.name, division.run(bars), _NEEDED)
    found, folds = [], set()
    for (fold,), rows in frame.group_by("fold", maintain_order=True):
        folds.add(str(fold))
        train, scored = (rows.filter(pl.col("side") == side) for side in (TRAIN, SCORED))
        if scored.is_empty():
            continue
        start: datetime = scored.sort("ts")["ts"][0]
        late = train.filter((pl.col(LABEL_END) >= start).fill_null(value=True)).sort("ts", "symbol")
        if not late.is_empty():
            found.append(_leak(division.name, str(fold), late, start))
    return found, folds, frame.height


def _leak(stage: str, fold: str, late: pl.DataFrame, start: datetime) -> Leak:
    """The first train row whose label ends too late; rows behind the border mean more than a missing purge."""
    first = late.row(0, named=True)
    kind = SHUFFLE if (late["ts"] > start).any() else OVERLAP
    end = None if first[LABEL_END] is None else iso(first[LABEL_END])
    return Leak(stage, fold, kind, ("order",), first["symbol"], first["ts"], start, end, iso(start), late.height)
