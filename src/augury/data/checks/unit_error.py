"""UNIT_ERROR: no price is ten, a hundred or a thousand times too large or too small."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from augury.core.typing import Ints
from augury.data.checks._breaks import breaks_of
from augury.data.checks._view import BarsView, logarithm
from augury.data.validation.findings import ERROR, CheckContext, Finding, by_symbol

FIELDS: Final = ("open", "high", "low", "close")
FAR: Final = float(np.log(5.0))
"""Range of one bar (in logs) that no day has."""
NEAR: Final = 0.2
"""Distance from a power of ten (in logs): prices of one bar differ by themselves."""
TEN: Final = float(np.log(10.0))
LONGEST: Final = 0.5
"""Share of a series; a longer stretch away from the level is the series itself."""


@dataclass(frozen=True)
class UnitError:
    """A slipped decimal point, or pence among pounds: one field, one bar, a block, or all from a date on."""

    code: str = "UNIT_ERROR"
    severity: str = ERROR
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Compare each field with the others of its bar, and each level with the one before and after."""
        moves = breaks_of(view)
        lasting = _named(view, moves.rows[moves.unit], "the price", moves.ten[moves.unit])
        return [
            *by_symbol(self, _off(view), context, _describe, apart=True),
            *by_symbol(self, lasting, context, _from_here),
        ]


def _off(view: BarsView) -> pl.DataFrame:
    """The bars that are off, or of which one field is, with the field and the power of ten."""
    field, power = _fields(view)
    rows = np.array(sorted(field), dtype=np.int64)
    blocks = _blocks(view)
    whole = np.setdiff1d(np.flatnonzero(blocks), rows)
    single = _named(view, rows, "", np.array([power[row] for row in rows.tolist()]))
    single = single.with_columns(pl.Series("_field", [field[row] for row in rows.tolist()], pl.String))
    return pl.concat([single, _named(view, whole, "the bar", blocks[whole])]).sort("symbol", "ts")


def _named(view: BarsView, rows: Ints, field: str, power: np.ndarray[Any, Any]) -> pl.DataFrame:
    powers = pl.Series("_power", power, pl.Int64, strict=False)
    return view.rows(rows).with_columns(pl.lit(field).alias("_field"), powers)


def _fields(view: BarsView) -> tuple[dict[int, str], dict[int, int]]:
    """Row to the field that is off by a power of ten, and to the power."""
    prices = [view.column(name) for name in FIELDS]
    with np.errstate(invalid="ignore"):
        far = np.fmax.reduce(prices) > np.exp(FAR) * np.fmin.reduce(prices)
    rows = np.flatnonzero(far & np.isfinite(prices).all(axis=0))
    logs = np.stack([logarithm(column[rows]) for column in prices])
    field: dict[int, str] = {}
    power: dict[int, int] = {}
    for number, name in enumerate(FIELDS):
        others = np.delete(logs, number, axis=0)
        agree = others.max(axis=0) - others.min(axis=0) < FAR / 2
        off = logs[number] - np.median(others, axis=0)
        tens = np.rint(off / TEN)
        for at in np.flatnonzero(agree & (np.abs(tens) >= 1) & (np.abs(off - tens * TEN) < NEAR)).tolist():
            field[int(rows[at])], power[int(rows[at])] = name, int(tens[at])
    return field, power


def _blocks(view: BarsView) -> Ints:
    """Power of ten by which whole bars are off until the level comes back."""
    moves, power = breaks_of(view), np.zeros(view.frame.height, dtype=np.int64)
    sizes = view.ends - view.starts
    for at in np.flatnonzero(moves.slipped):
        begin, end = int(moves.rows[at]), int(moves.until[at])
        if end - begin <= LONGEST * sizes[view.series[begin]]:
            power[begin:end] = moves.ten[at]
    return power


def _describe(row: dict[str, Any]) -> str:
    times = 10 ** abs(int(row["_power"]))
    return f"{row['_field']} is about {times} times too {'large' if row['_power'] > 0 else 'small'}"


def _from_here(row: dict[str, Any]) -> str:
    times = 10 ** abs(int(row["_power"]))
    way = "larger" if row["_power"] > 0 else "smaller"
    return f"from here on prices are {times} times {way}, the volume is as before"


CHECK = UnitError()
