"""Times written as text: dates in many orders, clocks with and without colons, zones as offsets."""

from __future__ import annotations

from typing import Final

import polars as pl

from augury.core.errors import ValidationError
from augury.data.layouts import LINE, Table

_ISO: Final = r"^(?P<y>\d{4})[-/.]?(?P<m>\d{2})[-/.]?(?P<d>\d{2})"
_LOOSE: Final = r"^(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})"
_NAMED: Final = (
    r"^(?P<d>\d{1,2})[- /.](?P<b>[A-Za-z]{3})[a-z]*[- /.,]+(?P<y>\d{4})",
    r"^(?P<b>[A-Za-z]{3})[a-z]*[- .]+(?P<d>\d{1,2}),?[- ]+(?P<y>\d{4})",
    r"^(?P<y>\d{4})[- /.](?P<b>[A-Za-z]{3})[a-z]*[- /.](?P<d>\d{1,2})",
)
_NUMBERED: Final = {
    "dmy": r"^(?P<d>\d{1,2})[-/.](?P<m>\d{1,2})[-/.](?P<y>\d{4})",
    "mdy": r"^(?P<m>\d{1,2})[-/.](?P<d>\d{1,2})[-/.](?P<y>\d{4})",
}
_CLOCK: Final = (
    r"(?:[T ,]+(?P<H>\d{1,2}):?(?P<M>\d{2})(?::?(?P<S>\d{2})(?P<f>\.\d+)?)?\s*(?P<p>[AaPp])?\.?(?:[Mm]\.?)?)?"
    r"\s*(?P<z>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?$"
)
_RUN_TOGETHER: Final = r"^((?:19|20)\d{6})(\d{4}|\d{6})$"
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_QUICK: Final = (("%Y-%m-%d", 10), ("%Y-%m-%d %H:%M:%S", 19), ("%Y-%m-%dT%H:%M:%S", 19))
_SUMMER_TIME_MINUTES: Final = 60


def from_text(frame: pl.DataFrame, table: Table, *, declared_zone: bool) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Read a text column ``ts`` as ``wall`` and ``utc``.

    Parameters
    ----------
    frame : pl.DataFrame
        With ``ts`` as text.
    table : Table
        Gives messages the place of a row; its dialect may declare the order of day and month.
    declared_zone : bool
        True when the user named the zone: then offsets of several zones are no riddle.

    Raises
    ------
    ValidationError
        Dates that are not understood or ambiguous (SCHEMA), or of several zones (MIXED_TZ).
    """
    text = frame["ts"].str.strip_chars()
    if (quick := _quick(text)) is not None:
        return quick, ()
    text = text.str.replace(_RUN_TOGETHER, "$1 $2")
    pattern, notes = _pattern(text, table)
    if pattern is None:
        raise _not_understood(frame, text, table)
    times = _parse(text, pattern + _CLOCK)
    offsets = times["ahead"].drop_nulls()
    low, high = offsets.min(), offsets.max()
    if not declared_zone and isinstance(low, int) and isinstance(high, int) and high - low > _SUMMER_TIME_MINUTES:
        raise _several_zones(frame.with_columns(times["ahead"]), table)
    return times.drop("ahead"), notes


def _quick(text: pl.Series) -> pl.DataFrame | None:
    """The two forms in which most files write times, at the speed of the parser."""
    first = text.drop_nulls().head(1).to_list()
    for form, length in _QUICK:
        if first and len(first[0]) == length:
            wall = text.str.to_datetime(form, time_unit="us", strict=False)
            if not wall.null_count():
                return pl.DataFrame(
                    {
                        "wall": wall,
                        "utc": pl.Series([None], dtype=pl.Datetime("us", "UTC")).new_from_index(0, len(wall)),
                    }
                )
    return None


def _pattern(text: pl.Series, table: Table) -> tuple[str | None, tuple[str, ...]]:
    for pattern in (_ISO, _LOOSE, *_NAMED):
        if text.str.contains(pattern).all():
            return pattern, ()
    if not text.str.contains(_NUMBERED["dmy"]).all() or text.null_count():
        return None, ()
    order = table.dialect.dates or _order(text, table)
    said = "as declared" if table.dialect.dates is not None else "as the days above 12 tell"
    return _NUMBERED[order], (f"dates are {'day/month' if order == 'dmy' else 'month/day'}/year, {said}",)


def _order(text: pl.Series, table: Table) -> str:
    parts = text.str.extract_groups(_NUMBERED["dmy"]).struct
    first, second = (parts.field(name).cast(pl.Int64) for name in ("d", "m"))
    day_first, month_first = bool((first > len(_MONTHS)).any()), bool((second > len(_MONTHS)).any())
    if day_first == month_first:
        found = "both orders are there" if day_first else "day and month cannot be told apart"
        raise ValidationError(
            f"{table.origin}: dates such as '{text[0]}' are ambiguous: {found}; write the dates as 2026-11-20, "
            "or declare Dialect(dates='dmy') or 'mdy' (SCHEMA)",
            fix="augury data check FILE",
            code="SCHEMA",
        )
    return "dmy" if day_first else "mdy"


def _parse(text: pl.Series, pattern: str) -> pl.DataFrame:
    parts = text.str.extract_groups(pattern).struct.unnest()
    absent = [pl.lit(None, pl.String).alias(name) for name in "mbHMSfpz" if name not in parts.columns]
    parts = parts.with_columns(absent)
    month = pl.coalesce("m", pl.col("b").str.to_lowercase().replace_strict(_month_numbers(), default=None))
    hour = pl.col("H").cast(pl.Int64, strict=False)
    noon = pl.col("p").str.to_lowercase()
    hour = pl.when(noon.is_null()).then(hour).otherwise(hour % 12 + pl.when(noon == "p").then(12).otherwise(0))
    padded = [pl.col("y"), month.str.zfill(2), pl.col("d").str.zfill(2), hour.fill_null(0).cast(pl.String).str.zfill(2)]
    padded += [pl.col(name).fill_null("00") for name in "MS"]
    iso = pl.format("{}-{}-{}T{}:{}:{}{}", *padded, pl.col("f").fill_null(".0"))
    zone = pl.col("z").str.replace("Z|UTC|GMT", "+00:00").str.replace(":", "")
    minutes = zone.str.slice(1, 2).cast(pl.Int64) * 60 + zone.str.slice(3, 2).replace("", "0").cast(pl.Int64)
    ahead = pl.when(zone.str.starts_with("-")).then(-minutes).otherwise(minutes)
    wall = iso.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
    utc = (pl.col("wall") - pl.duration(minutes="ahead")).dt.replace_time_zone("UTC").alias("utc")
    return parts.select(wall.alias("wall"), ahead.alias("ahead")).select("wall", utc, "ahead")


def _month_numbers() -> dict[str, str]:
    return {name: f"{at:02}" for at, name in enumerate(_MONTHS, start=1)}


def _not_understood(frame: pl.DataFrame, text: pl.Series, table: Table) -> ValidationError:
    known = (_ISO, _LOOSE, *_NAMED, _NUMBERED["dmy"])
    usual = max(known, key=lambda pattern: int(text.str.contains(pattern).sum() or 0))
    bad = frame.filter(~text.str.contains(usual) | text.is_null())
    value = bad["ts"][0]
    return ValidationError(
        f"{table.origin} {table.place} {bad[LINE][0]}: '{value}' is not a time that is understood; "
        "write the times as 2026-11-20 or 2026-11-20T14:30:00Z (SCHEMA)",
        fix="augury data check FILE",
        code="SCHEMA",
        rows=bad.height,
    )


def _several_zones(frame: pl.DataFrame, table: Table) -> ValidationError:
    first = frame.row(0, named=True)
    other = frame.filter((pl.col("ahead") - first["ahead"]).abs() > _SUMMER_TIME_MINUTES)
    other = other if other.height else frame.filter(pl.col("ahead") != first["ahead"])
    row = other.row(0, named=True)
    return ValidationError(
        f"{table.origin} {table.place} {row[LINE]}: '{row['ts']}' is written in another zone than '{first['ts']}' "
        "(their offsets differ by more than summer time): say which zone the market has (MIXED_TZ)",
        fix="augury data import FILE --tz America/New_York",
        code="MIXED_TZ",
    )
