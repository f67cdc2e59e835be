"""Bad bars set aside with their reasons, so that the good ones stay usable. Nothing is filled or edited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from augury.core.bars import Bars
from augury.data.checks._view import BarsView, is_copy
from augury.data.layouts import LINE
from augury.data.validation.findings import ERROR, Finding
from augury.data.validation.validator import ValidationResult

LIMIT: Final = 0.05
"""Share of a symbol's rows that may be set aside; above it the symbol is refused."""
EXCLUDED: Final = ("FORMING_BAR", "PARTIAL_BAR", "JUMP")
"""Warnings whose bars are set aside too: not closed yet, not complete, or alone on their level."""


@dataclass(frozen=True)
class Quarantined:
    """What may be used, what may not, and why.

    Parameters
    ----------
    kept : pl.DataFrame
        Sorted on (symbol, ts), identical copies dropped, every value as it was given.
    set_aside : pl.DataFrame
        The other rows, with ``reason``: the codes of the rules they break, or why their symbol is refused.
    refused : dict
        Symbol to why none of its bars may be used.
    """

    kept: pl.DataFrame
    set_aside: pl.DataFrame
    refused: dict[str, str]

    @property
    def reasons(self) -> dict[str, int]:
        """Reason to the number of rows set aside for it, sorted by reason."""
        counts = self.set_aside.group_by("reason").len().sort("reason")
        return dict(counts.iter_rows())

    @property
    def notes(self) -> tuple[str, ...]:
        """One line for each refused symbol and each reason."""
        refused = (f"{symbol} is refused: {reason}" for symbol, reason in sorted(self.refused.items()))
        single = self.set_aside.filter(~pl.col("symbol").is_in(list(self.refused)))
        counts = single.group_by("reason").len().sort("reason").iter_rows()
        return (*refused, *(f"{rows} bars are set aside ({reason})" for reason, rows in counts))


def split(bars: Bars | pl.DataFrame, result: ValidationResult) -> Quarantined:
    """Part bars into those that may be used and those that may not.

    Single bad bars (a broken order, a price of 0, two different bars of one key) are set aside when they
    are at most 5 % of their symbol. Above that, or when the whole series is in question (a split, a level
    break, a shifted clock), the symbol is refused; the other symbols stay usable.

    Parameters
    ----------
    bars : Bars or pl.DataFrame
        The rows the result is about.
    result : ValidationResult
        Of these rows.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> from augury.data.validation.validator import DataValidator
    >>> frame = SyntheticMarket(n_symbols=1, n_bars=100).bars().frame
    >>> frame[7, "high"] = frame[7, "low"] * 0.9
    >>> parted = split(frame, DataValidator().validate_frame(frame))
    >>> parted.kept.height, parted.reasons
    (99, {'OHLC_ORDER': 1})
    """
    frame = bars.frame if isinstance(bars, Bars) else bars
    ordered = frame.sort("symbol", "ts", maintain_order=True, nulls_last=True)
    ordered = ordered.filter(~is_copy(BarsView(ordered)))
    counted = [finding for finding in result.findings if finding.severity == ERROR or finding.code in EXCLUDED]
    marked = _marked(ordered, [finding for finding in counted if finding.bars is not None])
    refused = _refused(marked, [finding for finding in counted if finding.bars is None and finding.severity == ERROR])
    why = pl.col("symbol").replace_strict(refused, default=None, return_dtype=pl.String)
    whole = pl.concat_str(pl.lit("symbol refused: "), why)
    reason = pl.when(pl.col("symbol").is_in(list(refused))).then(whole).otherwise(pl.col("reason"))
    judged = marked.with_columns(reason.alias("reason"))
    kept = judged.filter(pl.col("reason").is_null()).drop("reason")
    return Quarantined(kept, judged.filter(pl.col("reason").is_not_null()), refused)


def _marked(frame: pl.DataFrame, findings: list[Finding]) -> pl.DataFrame:
    """Add ``reason``: the codes that name a bar, null for a good one."""
    keys = [
        pl.DataFrame({"ts": finding.bars}).with_columns(
            pl.lit(finding.symbol).alias("symbol"), pl.lit(finding.code).alias("reason")
        )
        for finding in findings
    ]
    if not keys:
        return frame.with_columns(pl.lit(None, pl.String).alias("reason"))
    codes = pl.concat(keys).group_by("symbol", "ts").agg(pl.col("reason").unique().sort().str.join(" "))
    return frame.join(codes, on=["symbol", "ts"], how="left", maintain_order="left", nulls_equal=True)


def _refused(marked: pl.DataFrame, findings: list[Finding]) -> dict[str, str]:
    """Symbols in question as a whole, and those of which too much would be set aside."""
    reasons: dict[str, set[str]] = {}
    for finding in findings:
        for symbol in [finding.symbol] if finding.symbol else marked["symbol"].unique().drop_nulls().to_list():
            reasons.setdefault(symbol, set()).add(finding.code)
    refused = {symbol: " ".join(sorted(codes)) for symbol, codes in reasons.items()}
    shares = marked.group_by("symbol", maintain_order=True).agg(
        pl.col("reason").is_not_null().mean().alias("share"),
        pl.col("reason").drop_nulls().str.split(" ").explode().unique().sort().str.join(" ").alias("codes"),
    )
    for symbol, share, codes in shares.filter(pl.col("share") > LIMIT).iter_rows():
        told = f"{share:.1%} of its rows break rules, more than {LIMIT:.0%} ({codes})"
        refused[symbol] = f"{refused[symbol]}; {told}" if symbol in refused else told
    return refused


def without_line(frame: pl.DataFrame) -> pl.DataFrame:
    """Drop the column with the places of the rows."""
    return frame.drop(LINE, strict=False)
