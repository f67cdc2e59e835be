"""The zip files of QuantConnect LEAN: no header, what the file name does not say stands in no column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

import polars as pl

from augury.core.errors import ValidationError
from augury.data.layouts._table import LINE, Reading, Table

_FIELDS: Final = ("open", "high", "low", "close", "volume")
_WIDTH: Final = 1 + len(_FIELDS)
_SCALE: Final = 10_000
_WITHIN_DAY: Final = re.compile(
    r"(?P<day>\d{8})_(?P<symbol>.+)_(?P<step>tick|second|minute)_(?P<kind>trade|quote|openinterest)\.csv"
)
_DAILY: Final = r"^\d{8} \d{2}:\d{2}$"
_ZONES: Final = {"usa": "America/New_York", "india": "Asia/Kolkata"}
_UNSCALED: Final = ("crypto", "cryptofuture", "forex", "cfd", "future", "index")
_IN_UTC: Final = ("crypto", "cryptofuture", "forex", "cfd")


@dataclass(frozen=True)
class Lean:
    """Recognised by ``YYYYMMDD_symbol_minute_trade.csv``, or ``symbol.csv`` whose times are ``YYYYMMDD HH:MM``.

    Minute files count milliseconds since midnight of the exchange; the date is in the file name. Prices of
    equities are integers, ten thousand times the price.
    """

    name: str = "lean"
    rank: int = 5

    def recognises(self, table: Table) -> bool:
        """Say whether the table has this layout."""
        if not table.headerless:
            return False
        if _WITHIN_DAY.fullmatch(_member(table)):
            return True
        first = table.frame[table.columns[0]]
        zipped = ".zip/" in table.path
        return zipped and len(table.columns) == _WIDTH and first.drop_nulls().str.contains(_DAILY).all()

    def read(self, table: Table) -> Reading:
        """Return the rows in long form.

        Raises
        ------
        ValidationError
            Quotes or ticks, which are no bars.
        """
        within = _WITHIN_DAY.fullmatch(_member(table))
        if within is not None and (
            within["kind"] != "trade" or within["step"] == "tick" or len(table.columns) != _WIDTH
        ):
            raise ValidationError(
                f"{table.origin}: {within['step']} {within['kind']} data of LEAN are no bars of trades (SCHEMA)",
                fix="augury data check FILE",
                code="SCHEMA",
            )
        symbol = (within["symbol"] if within is not None else PurePath(_member(table)).stem).upper()
        scale, zone, notes = _market(table)
        first, *values = table.columns
        when = pl.col(first) if within is None else _since_midnight(first, within["day"])
        fields = dict(zip(_FIELDS, values, strict=True))
        numbers = [
            _scaled(table.frame[column], 1 if name == "volume" else scale).alias(name)
            for name, column in fields.items()
        ]
        frame = table.frame.select(LINE, pl.lit(symbol).alias("symbol"), when.alias("ts"), *numbers)
        dated = f"date {within['day']} and " if within is not None else ""
        return Reading(frame, (f"{dated}symbol {symbol} from the file name", *notes), tz=zone)


def _member(table: Table) -> str:
    return PurePath(table.path).name


def _since_midnight(column: str, day: str) -> pl.Expr:
    midnight = pl.lit(day).str.to_datetime("%Y%m%d", time_unit="us")
    return midnight + pl.duration(milliseconds=pl.col(column).cast(pl.Int64, strict=False))


def _market(table: Table) -> tuple[int, str | None, tuple[str, ...]]:
    """How many times the price is written, and the zone of the clock: from the folders, else from the numbers."""
    folders = [part.lower() for part in PurePath(table.path).parts]
    kind = next((name for name in _UNSCALED if name in folders), None)
    whole = all(not table.frame[name].str.contains(".", literal=True).any() for name in table.columns[1:5])
    if kind is not None or not whole:
        zone = "UTC" if kind in _IN_UTC else None
        return 1, zone, (f"tz {zone} of LEAN {kind}",) if zone is not None else ()
    country = next((name for name in _ZONES if name in folders), "usa")
    notes = (f"prices are 1/{_SCALE} of what is written", f"tz {_ZONES[country]} of LEAN equities ({country})")
    return _SCALE, _ZONES[country], notes


def _scaled(column: pl.Series, scale: int) -> pl.Series:
    numbers = column.cast(pl.Float64, strict=False)
    broken = numbers.null_count() > column.null_count()
    if broken or scale == 1:
        return column
    # By a column, not by a number: polars multiplies by 1/10000 then, and 13.6 comes out as 13.600000000000001.
    return numbers / pl.repeat(float(scale), len(numbers), eager=True)


LAYOUT = Lean()
